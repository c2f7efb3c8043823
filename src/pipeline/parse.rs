//! From the events of a YAML parser to a tree with locations. What a study may not have (tags, several documents, too many nodes) is
//! refused here.

use super::node::{Key, Node, Yaml};
use crate::diagnostic::{Diagnostic, Span};
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;

/// More nodes than any study has; anchors may not multiply into more.
const MAX_NODES: usize = 1_000_000;
const MAX_LEVELS: usize = 64;
/// Keys of a mapping that are compared one by one.
const FEW_KEYS: usize = 16;

/// Parses one document; every fault is added to `diagnostics`.
pub fn parse(text: &str, number: u16, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut builder = Builder { places: Places::of(text), number, anchors: HashMap::new(), nodes: 0, stack: vec![], root: None, diagnostics };
    builder.run(text)?;
    builder.root
}

/// The key that merges another map into the one it is in.
pub(super) const MERGE: &str = "<<";

/// Adds the keys that are not there.
pub(super) fn add_missing(entries: &mut Vec<(Key, Node)>, others: Vec<(Key, Node)>) {
    for (key, node) in others {
        if !entries.iter().any(|e| e.0.text == key.text) {
            entries.push((key, node));
        }
    }
}

enum Open {
    List(Vec<Node>),
    /// Entries, the key whose value is due, and the places of all keys once there are many: a study may have thousands
    /// of stages.
    Map(Vec<(Key, Node)>, Option<Key>, HashMap<String, Span>),
}

struct Builder<'a> {
    places: Places,
    number: u16,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    stack: Vec<(Open, Span, usize, usize)>,
    root: Option<Node>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Builder<'_> {
    fn run(&mut self, text: &str) -> Option<()> {
        let mut documents = 0;
        for event in Parser::new_from_str(text) {
            let (event, span) = match event {
                Ok(e) => e,
                Err(e) => {
                    let at = self.places.byte(e.marker().index());
                    let deep = e.info().contains("recursion");
                    let (code, message) =
                        if deep { ("E0004", "the file is nested too deeply".to_owned()) } else { ("E0002", format!("this is not YAML: {}", e.info())) };
                    let help = text.as_bytes().get(at).is_some_and(|b| *b == b'\t').then(|| "indent with spaces, not tabs".to_owned());
                    self.fault(code, message, Span { text: self.number, start: at as u32, end: at as u32 + 1 }, "here", help);
                    return None;
                }
            };
            let span = Span { text: self.number, start: self.places.byte(span.start.index()) as u32, end: self.places.byte(span.end.index()) as u32 };
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        self.fault("E0005", "a study is one document", span, "a second document begins here", say("write it to a file of its own"));
                        return None;
                    }
                }
                Event::Scalar(value, style, anchor, tag) => {
                    self.tag(tag.is_some(), span);
                    let quoted = style != ScalarStyle::Plain;
                    if !quoted && [".nan", ".inf", "-.inf", "+.inf"].iter().any(|n| value.eq_ignore_ascii_case(n)) {
                        self.fault(
                            "E0006",
                            format!("`{value}` is not a finite number"),
                            span,
                            "expected a number",
                            say("write a number, or quote it to make it text"),
                        );
                    }
                    let text = self.without_controls(value.into_owned(), span);
                    self.add(Node::new(span, Yaml::Scalar(text, quoted)), anchor, 1)?;
                }
                Event::SequenceStart(anchor, tag) => {
                    self.tag(tag.is_some(), span);
                    self.open(Open::List(vec![]), span, anchor)?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.tag(tag.is_some(), span);
                    self.open(Open::Map(vec![], None, HashMap::new()), span, anchor)?;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let (open, start, anchor, before) = self.stack.pop().expect("BUG: ends follow starts");
                    let value = match open {
                        Open::List(items) => Yaml::List(items),
                        Open::Map(entries, ..) => {
                            let mut entries = self.merge_keys(entries);
                            // Most maps are small, and there may be thousands: room that is not needed is given back.
                            entries.shrink_to_fit();
                            Yaml::Map(entries)
                        }
                    };
                    let node = Node::new(Span { end: span.end.max(start.end), ..start }, value);
                    let size = self.nodes - before;
                    self.nodes = before;
                    self.add(node, anchor, size + 1)?;
                }
                Event::Alias(anchor) => {
                    let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                        self.fault("E0002", "alias refers to a value that contains it", span, "here", say("write the value itself in its place"));
                        return None;
                    };
                    self.add(node, 0, size)?;
                }
                _ => {}
            }
        }
        Some(())
    }

    fn fault(&mut self, code: &'static str, message: impl Into<String>, span: Span, label: &str, help: Option<String>) {
        self.diagnostics.push(Diagnostic::new(code, message).at(span, label).maybe_help(help));
    }

    /// Refuses what can only be written as an escape in quotes, such as `"\u001b"`: it would reach terminals, file names, tables and pages.
    /// Everything else about the text is checked as if it were a blank.
    fn without_controls(&mut self, text: String, span: Span) -> String {
        let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        if !text.contains(is_odd) {
            return text;
        }
        self.fault("E0011", "a text has a control character", span, "in this text", Some("remove it; a text may have several lines".into()));
        text.replace(is_odd, " ")
    }

    /// `<<: *anchor`: keys of another map, or of several, that this one does not have itself.
    fn merge_keys(&mut self, entries: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
        if !entries.iter().any(|e| e.0.text == MERGE) {
            return entries;
        }
        let (merges, mut out): (Vec<_>, Vec<_>) = entries.into_iter().partition(|e| e.0.text == MERGE);
        for (key, node) in merges {
            let maps = match node.value {
                Yaml::List(items) => items,
                _ => vec![node],
            };
            for map in maps {
                match map.value {
                    Yaml::Map(entries) => add_missing(&mut out, entries),
                    // A name stands for a mapping once names are replaced.
                    Yaml::Scalar(ref text, _) if text.starts_with('$') && !out.iter().any(|e| e.0.text == MERGE) => out.push((key.clone(), map)),
                    _ => {
                        let found = map.what();
                        self.fault(
                            "E0007",
                            format!("`<<` merges a mapping, or a list of mappings, found {found}"),
                            map.span,
                            "expected a mapping",
                            say("name the anchor of a mapping: `<<: *name`"),
                        );
                    }
                }
            }
        }
        out
    }

    fn tag(&mut self, tagged: bool, span: Span) {
        if tagged {
            self.fault("E0005", "tags have no meaning in a study", span, "this value has a tag", say("remove the tag"));
        }
    }

    fn open(&mut self, open: Open, span: Span, anchor: usize) -> Option<()> {
        if self.stack.len() >= MAX_LEVELS {
            self.fault("E0004", format!("the file is nested more than {MAX_LEVELS} levels deep"), span, "too deep", say("write it with fewer levels"));
            return None;
        }
        self.stack.push((open, span, anchor, self.nodes));
        Some(())
    }

    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Option<()> {
        self.nodes += size;
        if self.nodes > MAX_NODES {
            self.fault(
                "E0004",
                format!("the file has more than {MAX_NODES} nodes"),
                node.span,
                "anchors multiply here",
                say("write fewer aliases of large values"),
            );
            return None;
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(top) = self.stack.last_mut() else {
            self.root = Some(node);
            return Some(());
        };
        match &mut top.0 {
            Open::List(items) => items.push(node),
            Open::Map(entries, key @ None, seen) => {
                let span = node.span;
                match node.value {
                    Yaml::Scalar(text, _) => {
                        let first = match entries.len() {
                            ..FEW_KEYS => entries.iter().find(|e| e.0.text == text).map(|e| e.0.span),
                            more => {
                                if more == FEW_KEYS {
                                    seen.extend(entries.iter().map(|e| (e.0.text.clone(), e.0.span)));
                                }
                                seen.insert(text.clone(), span)
                            }
                        };
                        if let Some(first) = first {
                            self.diagnostics.push(
                                Diagnostic::new("E0003", format!("duplicate key `{text}`"))
                                    .at(span, "defined again here")
                                    .context(first, "first defined here")
                                    .help("keep one of them"),
                            );
                        }
                        *key = Some(Key { span, text });
                    }
                    _ => {
                        self.fault(
                            "E0007",
                            "a key must be a single word",
                            span,
                            "not a word",
                            say("write a word before the colon; quote one that has odd characters"),
                        );
                        return None;
                    }
                }
            }
            Open::Map(entries, key, _) => entries.push((key.take().expect("BUG: values follow keys"), node)),
        }
        Some(())
    }
}

/// Byte offsets of characters: the parser counts characters.
struct Places(Option<Vec<u32>>, usize);

impl Places {
    fn of(text: &str) -> Places {
        Places((!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at as u32).collect()), text.len())
    }
    fn byte(&self, character: usize) -> usize {
        self.0.as_ref().map_or(character, |bytes| bytes.get(character).map_or(self.1, |b| *b as usize)).min(self.1)
    }
}

/// Advice.
fn say(help: &str) -> Option<String> {
    Some(help.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use serde_json::json;

    fn json_of(text: &str) -> Value {
        let mut faults = vec![];
        let node = parse(text, 0, &mut faults).unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        node.to_json()
    }
    fn codes(text: &str) -> Vec<&'static str> {
        let mut faults = vec![];
        parse(text, 0, &mut faults);
        faults.iter().map(|f| f.code).collect()
    }

    #[test]
    fn identifiers_stay_text_and_numbers_are_numbers() {
        assert_eq!(
            json_of("[0012, no, 1_000, 0x10, 1e5, 3, -2.5, '7', true, ~, 1.2.3]"),
            json!(["0012", "no", "1_000", "0x10", 100_000.0, 3, -2.5, "7", true, null, "1.2.3"])
        );
    }

    #[test]
    fn positions_after_accents_are_byte_offsets() {
        let mut faults = vec![];
        let text = "é: [ü, x]\n";
        let node = parse(text, 0, &mut faults).unwrap();
        let Yaml::List(items) = &node.get("é").unwrap().value else { panic!() };
        assert_eq!(&text[items[1].span.range()], "x");
    }

    #[test]
    fn maps_merge_into_others() {
        let text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\none: {<<: *b, y: 5}\nboth: {<<: [*b, *m], w: 0}\nblock:\n  <<: *m\n  z: 9\n";
        let json = json_of(text);
        assert_eq!(json["one"], json!({"x": 1, "y": 5}));
        assert_eq!(json["both"], json!({"w": 0, "x": 1, "y": 2, "z": 4}));
        assert_eq!(json["block"], json!({"y": 3, "z": 9}));
        assert_eq!(codes("a: {<<: 3}"), ["E0007"]);
        assert_eq!(codes("a: {<<: [{b: 1}, 2]}"), ["E0007"]);
    }

    #[test]
    fn hostile_files_are_refused() {
        assert_eq!(codes("a: 1\na: 2\n"), ["E0003"]);
        assert_eq!(codes("a: .nan\n"), ["E0006"]);
        for odd in ["a: \"\\0\"", "\"a\\u001bb\": 1", "a: [\"x\\r\"]", "a: \"\\u0085\"", "a: \"\\x7f\""] {
            assert_eq!(codes(odd), ["E0011"], "{odd}");
        }
        for fine in ["a: \"x\\ty\\nz\"", "a: |\r\n  x\r\n  y\r\n", "a: >\n  x\n\n  y\n", "a: x\r\nb: 'é\t'\r\n"] {
            assert_eq!(codes(fine), [""; 0], "{fine:?}");
        }
        assert_eq!(codes("a: !x 1\n"), ["E0005"]);
        assert_eq!(codes("a: 1\n---\nb: 2\n"), ["E0005"]);
        assert_eq!(codes("a: [1\n"), ["E0002"]);
        assert_eq!(codes(&format!("a: {}", "[".repeat(10_000))), ["E0004"]);
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for i in 1..12 {
            bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(","));
        }
        assert_eq!(codes(&bomb), ["E0004"]);
    }
}
