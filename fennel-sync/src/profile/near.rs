//! What was probably meant by a name that there is not.

/// The one of `names` that is spelt most like `name`, if any is like it.
pub(super) fn near<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let close = |other: &str| distance(name, other);
    let (distance, nearest) = names.into_iter().map(|other| (close(other), other)).min()?;
    let longer = name.chars().count().max(nearest.chars().count());
    (distance * 2 <= longer).then_some(nearest)
}

/// How many letters have to be put in, taken out or changed, letters in upper and lower case being the same.
fn distance(one: &str, other: &str) -> usize {
    strsim::levenshtein(&one.to_lowercase(), &other.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_differ_are_counted() {
        for (one, other, expected) in [
            ("prod", "prod", 0),
            ("Prod", "prod", 0),
            ("prd", "prod", 1),
            ("production", "prod", 6),
            ("", "dev", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn only_what_is_spelt_alike_was_meant() {
        let names = ["dev", "staging", "prod"];
        assert_eq!(near("stagng", names), Some("staging"));
        assert_eq!(near("PROD", names), Some("prod"));
        assert_eq!(near("prdo", names), Some("prod"));
        assert_eq!(near("canary", names), None);
        assert_eq!(near("x", ["y"]), None);
        assert_eq!(near("x", []), None);
    }
}
