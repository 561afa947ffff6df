//! Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write};

use super::histogram::Counted;

/// The media type of the format.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Labels of a sample: names, which are ours, and values.
pub(super) type Labels<'l> = &'l [(&'static str, &'l str)];

/// Metrics as text, one family behind the other.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a family; its samples follow.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    /// Adds a sample.
    pub(super) fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.0.push_str(name);
        self.labels(labels);
        self.line(format_args!(" {value}"));
    }

    /// Adds the samples of a histogram.
    pub(super) fn histogram(&mut self, name: &str, labels: Labels<'_>, counted: &Counted) {
        for (bound, count) in &counted.buckets {
            let labels = [labels, &[("le", *bound)]].concat();
            self.sample(&format!("{name}_bucket"), &labels, count);
        }
        self.sample(&format!("{name}_sum"), labels, counted.seconds);
        self.sample(&format!("{name}_count"), labels, counted.count);
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn labels(&mut self, labels: Labels<'_>) {
        let mut before = '{';
        for (name, value) in labels {
            self.0.push(before);
            self.0.push_str(name);
            self.0.push_str("=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    c => self.0.push(c),
                }
            }
            self.0.push('"');
            before = ',';
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // A string takes whatever it is given.
        let _ = self.0.write_fmt(text);
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut text = Text::default();
        text.family("m", "gauge", "It is.");
        text.sample("m", &[("a", "x\"\\\ny"), ("b", "")], 1.5);
        text.sample("m", &[], 2);
        let expected = "# HELP m It is.\n# TYPE m gauge\nm{a=\"x\\\"\\\\\\ny\",b=\"\"} 1.5\nm 2\n";
        assert_eq!(text.finish(), expected);
    }
}
