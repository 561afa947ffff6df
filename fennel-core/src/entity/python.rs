//! Python functions, which travel with their code.

/// A Python function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Python<'a> {
    /// The name by which `code` defines what is called.
    pub entry_point: &'a str,
    /// What somebody wrote: the function, behind the ones that it includes. Another source is another function.
    pub source: &'a str,
    /// What is run to have the function: imports, and all that it needs.
    pub code: &'a str,
}

/// How many characters of a lambda a name shows.
const SHOWN: usize = 60;

impl Python<'_> {
    /// What to call the function in a message: the name after its `def`, or a lambda as it was written.
    #[must_use]
    pub fn name(&self) -> String {
        let written = self.source.lines().rev().find_map(|line| {
            // What it includes stands before it, and what is inside of it is indented.
            let (name, _) = line.strip_prefix("def ")?.split_once('(')?;
            Some(name.to_owned())
        });
        written.unwrap_or_else(|| {
            let line = self.source.lines().next().unwrap_or(self.entry_point);
            match line.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
                None => line.into(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(source: &str) -> String {
        let python = Python {
            entry_point: "Out_wrapper_12_filter",
            source,
            code: "",
        };
        python.name()
    }

    #[test]
    fn a_function_is_called_what_it_was_written_as() {
        assert_eq!(named("def keep(df):\n    return df.x > 0"), "keep");
        assert_eq!(
            named(
                "def twice(x):\n    return 2 * x\n@includes(twice)\ndef made(df):\n    def inner(y):\n        return y\n    return df.x"
            ),
            "made"
        );
        assert_eq!(named("lambda df: df.x > 0"), "lambda df: df.x > 0");
        let long = format!("lambda df: df.x > {}", "1".repeat(80));
        assert_eq!(named(&long).chars().count(), SHOWN + 1);
        assert_eq!(named(""), "Out_wrapper_12_filter");
    }
}
