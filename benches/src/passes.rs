//! What rustc tells of its passes with `-Ztime-passes`.

/// The passes of one call of rustc.
#[derive(Clone, Debug)]
pub struct Passes {
    /// Names and seconds.
    passes: Vec<(String, f64)>,
    /// The most memory at the end of a pass, in MB.
    pub memory: u64,
}

impl Passes {
    /// Reads lines such as `time:   0.674; rss:   43MB ->  129MB (  +86MB) expand_crate`; `None` where
    /// the whole is not among them.
    #[must_use]
    pub fn read(told: &str) -> Option<Passes> {
        let mut passes = Passes {
            passes: Vec::new(),
            memory: 0,
        };
        for line in told.lines() {
            let Some((time, rest)) = line.strip_prefix("time:").and_then(|l| l.split_once(';'))
            else {
                continue;
            };
            let Some((memory, name)) = rest.rsplit_once('\t') else {
                continue;
            };
            passes
                .passes
                .push((name.to_owned(), time.trim().parse().ok()?));
            let after = memory
                .split("->")
                .nth(1)
                .and_then(|after| after.split("MB").next());
            if let Some(after) = after.and_then(|after| after.trim().parse().ok()) {
                passes.memory = passes.memory.max(after);
            }
        }
        passes.seconds("total").map(|_| passes)
    }

    fn seconds(&self, pass: &str) -> Option<f64> {
        let found = self.passes.iter().find(|(name, _)| name == pass);
        found.map(|(_, seconds)| *seconds)
    }

    /// The part of the whole that a pass took.
    #[must_use]
    pub fn share(&self, pass: &str) -> f64 {
        let seconds = |name| self.seconds(name).unwrap_or_default();
        seconds(pass) / seconds("total").max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_have_their_share_and_the_most_memory() {
        let told = "    Checking shop v0.1.0\n\
            time:   0.500; rss:   43MB ->  129MB (  +86MB)\texpand_crate\n\
            time:   1.250; rss:  129MB ->  475MB ( +346MB)\ttype_check_crate\n\
            time:   2.000; rss:   28MB ->   73MB (  +45MB)\ttotal\n";
        let passes = Passes::read(told).expect("the whole is told");
        assert_eq!(passes.share("expand_crate"), 0.25);
        assert_eq!(passes.share("type_check_crate"), 0.625);
        assert_eq!(passes.share("a_pass_of_another_release"), 0.0);
        assert_eq!(passes.memory, 475);
        assert!(Passes::read("    Checking shop v0.1.0\n").is_none());
    }
}
