//! A YAML document as a tree in which every key and value knows its location.

use crate::diagnostic::Span;
use serde_json::Value;
use std::ops::Range;

/// A value with its location.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: Yaml,
    /// Other locations that contributed to its value.
    pub origins: Vec<Origin>,
}

/// Another location that contributed to a node's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// These bytes of a text, or all of another value, stand for a name that gets its value there.
    Name(Range<usize>, Span),
    /// This key of a mapping was a name that gets its value there.
    Key(String, Span),
    /// This key of a mapping was removed there.
    Removed(String, Span),
    /// These keys of a mapping are those that the last of several layers names.
    Layer(Vec<String>),
}

/// A key with its location.
#[derive(Debug, Clone)]
pub struct Key {
    /// Where it stands.
    pub span: Span,
    /// Its text.
    pub text: String,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Yaml {
    /// A scalar: its text, and whether it was quoted (then it is text whatever it looks like).
    Scalar(String, bool),
    /// A list.
    List(Vec<Node>),
    /// A mapping in written order.
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// A value at its own location.
    pub fn new(span: Span, value: Yaml) -> Node {
        Node { span, value, origins: vec![] }
    }
    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|e| &e.1)
    }
    /// A key of a mapping with its value.
    pub fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        match &self.value {
            Yaml::Map(entries) => entries.iter().find(|(k, _)| k.text == key),
            _ => None,
        }
    }
    /// What this node is, for messages.
    pub fn what(&self) -> &'static str {
        match &self.value {
            Yaml::Scalar(text, false) if is_null(text) => "nothing",
            Yaml::Scalar(_, quoted) if *quoted => "text",
            Yaml::Scalar(..) => "a single value",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a mapping",
        }
    }
    /// True for an empty value.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Yaml::Scalar(text, false) if is_null(text))
    }
    /// The source text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Yaml::Scalar(text, _) => Some(text),
            _ => None,
        }
    }
    /// The node at a path of keys and list indices.
    pub fn at(&self, path: &[String]) -> Option<&Node> {
        path.iter().try_fold(self, |node, part| match &node.value {
            Yaml::List(items) => items.get(part.parse::<usize>().ok()?),
            _ => node.get(part),
        })
    }
    /// The best location for a path: the key of its last part that exists.
    pub fn place_of(&self, path: &[String], on_value: bool) -> Span {
        let mut span = self.span;
        let mut node = self;
        for part in path {
            let (key, below) = match &node.value {
                Yaml::Map(entries) => match entries.iter().find(|(k, _)| k.text == *part) {
                    Some((k, below)) => (k.span, below),
                    None => break,
                },
                Yaml::List(items) => match part.parse::<usize>().ok().and_then(|i| items.get(i)) {
                    Some(below) => (below.span, below),
                    None => break,
                },
                // `network: dcgan` has no keys below: the word itself is the location.
                Yaml::Scalar(..) => break,
            };
            span = if on_value && !matches!(below.value, Yaml::Map(_)) { below.span } else { key };
            node = below;
        }
        span
    }

    /// The best location for the value of a parameter, whose dots lead into maps.
    pub fn place_of_parameter(&self, parameter: &str) -> Span {
        self.place_of(&parameter.split('.').map(str::to_owned).collect::<Vec<_>>(), true)
    }

    /// The value as JSON, by YAML 1.2's core schema, except that numbers with leading zeros stay text.
    pub fn to_json(&self) -> Value {
        match &self.value {
            Yaml::Scalar(text, true) => Value::from(text.as_str()),
            Yaml::Scalar(text, false) => scalar(text),
            Yaml::List(items) => items.iter().map(Node::to_json).collect(),
            Yaml::Map(entries) => entries.iter().map(|(k, n)| (k.text.clone(), n.to_json())).collect::<serde_json::Map<_, _>>().into(),
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// A plain scalar as JSON.
pub fn scalar(text: &str) -> Value {
    match text {
        _ if is_null(text) => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => number(text).unwrap_or_else(|| text.into()),
    }
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
    {
        return None;
    }
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    if leading_zero {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if let Ok(n) = text.parse::<i64>() {
        return Some(n.into());
    }
    if let Ok(n) = text.parse::<u64>() {
        return Some(n.into());
    }
    text.parse::<f64>().ok().filter(|f| f.is_finite()).map(Value::from)
}
