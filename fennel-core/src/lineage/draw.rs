//! A lineage as text that other programs draw.

use std::collections::BTreeMap;

use super::{Graph, Node, NodeKind};

/// A language of drawings.
struct Language {
    head: &'static str,
    foot: &'static str,
    /// What stands before and behind a node's text.
    node: fn(NodeKind) -> [&'static str; 2],
    /// What stands before a group's number, behind that, and behind its text.
    group: [&'static str; 3],
    group_end: &'static str,
    edge: &'static str,
    /// What stands between lines of a text.
    line: &'static str,
    /// A text that the language takes for nothing but text.
    escape: fn(&str) -> String,
}

/// As Mermaid's flowcharts have them.
const MERMAID: Language = Language {
    head: "flowchart LR\n",
    foot: "",
    node: |kind| match kind {
        NodeKind::Source | NodeKind::Sink => ["([\"", "\"])"],
        NodeKind::Dataset => ["[(\"", "\")]"],
        NodeKind::Pipeline | NodeKind::Extractor => ["[[\"", "\"]]"],
        NodeKind::Featureset | NodeKind::Feature => ["(\"", "\")"],
    },
    group: ["", " [\"", "\"]\n"],
    group_end: "  end\n",
    edge: "-->",
    line: "<br/>",
    escape: mermaid_text,
};

/// As Graphviz has them.
const DOT: Language = Language {
    head: "digraph lineage {\n  rankdir = LR\n",
    foot: "}\n",
    node: |kind| match kind {
        NodeKind::Source | NodeKind::Sink => [" [shape = ellipse, label = \"", "\"]"],
        NodeKind::Dataset => [" [shape = cylinder, label = \"", "\"]"],
        NodeKind::Pipeline | NodeKind::Extractor => [" [shape = component, label = \"", "\"]"],
        NodeKind::Featureset | NodeKind::Feature => {
            [" [shape = box, style = rounded, label = \"", "\"]"]
        }
    },
    group: ["cluster_", " {\n    label = \"", "\"\n"],
    group_end: "  }\n",
    edge: "->",
    line: "\\n",
    escape: dot_text,
};

impl Graph {
    /// As a flowchart of Mermaid, left to right: features in a box for each featureset.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        self.draw(&MERMAID)
    }

    /// As a digraph of Graphviz' language DOT, left to right: features in a box for each featureset.
    #[must_use]
    pub fn to_dot(&self) -> String {
        self.draw(&DOT)
    }

    /// Nodes are numbered, since names may be words of the language.
    fn draw(&self, language: &Language) -> String {
        let mut text = String::from(language.head);
        let numbered = || self.nodes.iter().enumerate();
        let mut parts: BTreeMap<&str, Vec<(usize, &Node)>> = BTreeMap::new();
        for (i, node) in numbered() {
            if matches!(node.kind, NodeKind::Extractor | NodeKind::Feature) {
                parts.entry(&node.of).or_default().push((i, node));
            }
        }
        for (i, node) in numbered() {
            match node.kind {
                NodeKind::Featureset => {
                    let parts = parts.get(&*node.name).map_or(&[][..], Vec::as_slice);
                    draw_group(language, (i, node), parts, &mut text);
                }
                NodeKind::Extractor | NodeKind::Feature => {}
                _ => draw_node(language, "  ", (i, node), &mut text),
            }
        }
        let numbers: BTreeMap<&str, usize> = numbered().map(|(i, node)| (&*node.id, i)).collect();
        for edge in &self.edges {
            let ends = (numbers.get(&*edge.from), numbers.get(&*edge.to));
            if let (Some(from), Some(to)) = ends {
                text += &format!("  n{from} {} n{to}\n", language.edge);
            }
        }
        text + language.foot
    }
}

/// A featureset with what is part of it.
fn draw_group(
    language: &Language,
    (i, whole): (usize, &Node),
    parts: &[(usize, &Node)],
    text: &mut String,
) {
    let [id, before, behind] = language.group;
    *text += &format!(
        "  subgraph {id}n{i}{before}{}{behind}",
        label(language, whole)
    );
    for part in parts {
        draw_node(language, "    ", *part, text);
    }
    *text += language.group_end;
}

fn draw_node(language: &Language, indent: &str, (i, node): (usize, &Node), text: &mut String) {
    let [before, behind] = (language.node)(node.kind);
    *text += &format!("{indent}n{i}{before}{}{behind}\n", label(language, node));
}

/// Its name and what there is to know of it, in lines. What is part of something doesn't repeat that one's owner.
fn label(language: &Language, node: &Node) -> String {
    let version = node.version.map(|version| format!(", version {version}"));
    let mut lines = vec![format!("{}{}", node.name, version.unwrap_or_default())];
    let is_whole = matches!(node.kind, NodeKind::Dataset | NodeKind::Featureset);
    if is_whole && !node.owner.is_empty() {
        lines.push(node.owner.clone());
    }
    if node.kind != NodeKind::Featureset && !node.tags.is_empty() {
        lines.push(format!("tags {}", node.tags.join(", ")));
    }
    if node.deprecated {
        lines.push("deprecated".into());
    }
    let lines: Vec<_> = lines.iter().map(|line| (language.escape)(line)).collect();
    lines.join(language.line)
}

/// Text between double quotes in Mermaid: of ASCII, only what can't mean anything there stays, and the rest is written
/// by number. Among what would are quotes, `#` before a number, backticks, tags of HTML, `%%{` and colons.
fn mermaid_text(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => written.push(' '),
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '_' | '.' | ',' | '-' | '/' | '@' => {
                written.push(c);
            }
            c if c.is_ascii() => written += &format!("#{};", c as u32),
            c => written.push(c),
        }
    }
    // Even in a text this would be read as a statement.
    written.replace("direction ", "direction#32;")
}

/// Text between double quotes in DOT, where labels have escapes of their own and HTML's entities.
fn dot_text(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => written.push(' '),
            '\\' | '"' => written.extend(['\\', c]),
            '&' => written += "&amp;",
            c => written.push(c),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_quotes_or_is_a_statement() {
        let text = "a\"b #35; `c` <b>&amp;</b> %%{init}%% style:x direction TB\n\\";
        let written = mermaid_text(text);
        assert!(
            !written.contains(['"', '`', '<', '&', '%', ':', '\\', '\n', '{']),
            "{written}"
        );
        assert!(written.starts_with("a#34;b #35;35#59; #96;c#96; #60;b#62;#38;amp#59;"));
        assert!(!written.contains("direction TB"), "{written}");
        assert_eq!(
            dot_text(text),
            "a\\\"b #35; `c` <b>&amp;amp;</b> %%{init}%% style:x direction TB \\\\"
        );
    }

    /// The parsers of Mermaid 11 and of Graphviz take both texts.
    #[test]
    fn names_that_mean_something_are_only_names() {
        let node = |kind, of: &str, name: &str| Node {
            id: format!("{kind}:{of}.{name}"),
            kind,
            name: name.into(),
            of: of.into(),
            version: None,
            owner: String::new(),
            description: String::new(),
            tags: Vec::new(),
            deprecated: false,
        };
        let source = node(NodeKind::Source, "", "a \"b\" direction TB; <i>&lt;#35;");
        let whole = node(NodeKind::Featureset, "", "end");
        let feature = Node {
            tags: vec!["`x`".into(), "%%{y}%%".into()],
            deprecated: true,
            ..node(NodeKind::Feature, "end", "o\\")
        };
        let edge = crate::lineage::Edge {
            from: source.id.clone(),
            to: feature.id.clone(),
        };
        let graph = Graph {
            schema: crate::lineage::SCHEMA,
            nodes: vec![source, whole, feature],
            edges: vec![edge],
        };
        assert_eq!(
            graph.to_mermaid(),
            r##"flowchart LR
  n0(["a #34;b#34; direction#32;TB#59; #60;i#62;#38;lt#59;#35;35#59;"])
  subgraph n1 ["end"]
    n2("o#92;<br/>tags #96;x#96;, #37;#37;#123;y#125;#37;#37;<br/>deprecated")
  end
  n0 --> n2
"##
        );
        assert_eq!(
            graph.to_dot(),
            r##"digraph lineage {
  rankdir = LR
  n0 [shape = ellipse, label = "a \"b\" direction TB; <i>&amp;lt;#35;"]
  subgraph cluster_n1 {
    label = "end"
    n2 [shape = box, style = rounded, label = "o\\\ntags `x`, %%{y}%%\ndeprecated"]
  }
  n0 -> n2
}
"##
        );
    }
}
