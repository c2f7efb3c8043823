//! Parameters held against the schema of their kind: every fault at once, each with its path, and what people may write
//! in more than one way brought into the form that is decoded. Independent of YAML and of what parameters mean.
//!
//! A value that decodes as it is never comes here: what is accepted is decided by the types, and the schema, which is
//! made of the same types, explains what is not.

mod numbers;

use super::bad_parameter::{BadParameter, Fault};
use crate::words;
use numbers::{NumberRange, whole};
use serde_json::{Map, Value};

/// How values looked where a person wrote them.
pub trait Written {
    /// The text of a single value: `0012`, `no` and `1e5` are numbers and truth values only where text is not expected.
    fn text(&self, path: &[String]) -> Option<String>;
    /// The keys of a mapping that the last of several layers (files that extend others, arguments) names.
    fn last_layer(&self, path: &[String]) -> Option<Vec<String>>;
}

/// Values that nobody wrote, such as those of a recipe.
pub struct NotWritten;

impl Written for NotWritten {
    fn text(&self, _: &[String]) -> Option<String> {
        None
    }
    fn last_layer(&self, _: &[String]) -> Option<Vec<String>> {
        None
    }
}

/// What does not fit a schema.
pub struct Misfits {
    /// Every fault, in the order of the value.
    pub faults: Vec<BadParameter>,
    /// How many of them are numbers out of range. In the value, the nearest number within it stands in their place.
    pub out_of_range: usize,
}

/// Brings a value into the form of a schema, or says everything that does not fit.
pub fn fit(schema: &Value, value: &mut Value, written: &dyn Written) -> Misfits {
    let mut fitting = Fitting { root: schema, written, path: vec![], faults: vec![], out_of_range: 0 };
    fitting.at(schema, value);
    Misfits { faults: fitting.faults, out_of_range: fitting.out_of_range }
}

struct Fitting<'a> {
    root: &'a Value,
    written: &'a dyn Written,
    path: Vec<String>,
    faults: Vec<BadParameter>,
    out_of_range: usize,
}

impl<'a> Fitting<'a> {
    fn fault(&mut self, what: Fault) {
        self.faults.push(BadParameter { path: self.path.clone(), what });
    }

    fn unexpected(&mut self, expected: &str, value: &Value) {
        self.fault(Fault::Value(format!("expected {expected}, found {}", shown(value))));
    }

    fn below(&mut self, name: &str, schema: &'a Value, value: &mut Value) {
        self.path.push(name.to_owned());
        self.at(schema, value);
        self.path.pop();
    }

    /// A schema without references.
    fn resolved(&self, mut schema: &'a Value) -> &'a Value {
        while let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
            schema = &self.root["$defs"][name];
        }
        schema
    }

    fn at(&mut self, schema: &'a Value, value: &mut Value) {
        let schema = self.resolved(schema);
        if let Some(choice) = Choice::of(schema) {
            return self.choose(&choice, value);
        }
        if let Some(alternatives) = schema["anyOf"].as_array() {
            return self.alternative(schema, alternatives, value);
        }
        let types = types(schema);
        if value.is_null() && types.contains(&"null") {
            return;
        }
        match types.iter().find(|t| **t != "null") {
            Some(&"object") => self.object(schema, value),
            Some(&"array") => self.array(schema, value),
            Some(&"string") => self.string(value),
            Some(&"boolean") if !value.is_boolean() => self.unexpected("true or false", value),
            Some(&kind @ ("integer" | "number")) => self.number(schema, kind == "integer", value),
            _ => {}
        }
    }

    /// One of several words, or of several maps with one key.
    fn choose(&mut self, choice: &Choice<'a>, value: &mut Value) {
        if let Value::Bool(_) | Value::Number(_) = value
            && let Some(text) = self.written.text(&self.path)
        {
            *value = Value::from(text);
        }
        let names = || choice.words.iter().chain(choice.tags.iter().map(|t| &t.0)).map(|n| (*n).to_owned()).collect::<Vec<_>>();
        match value {
            Value::String(word) => {
                if choice.words.contains(&word.as_str()) {
                } else if let Some((tag, _)) = choice.tags.iter().find(|t| t.0 == word) {
                    *value = Value::Object(Map::from_iter([((*tag).to_owned(), Value::Object(Map::new()))]));
                    self.choose(choice, value);
                } else {
                    self.fault(Fault::Choice { found: word.clone(), known: names() });
                }
            }
            Value::Object(entries) if entries.len() == 1 => {
                let (name, content) = entries.iter_mut().next().expect("BUG: it has one entry");
                let name = name.clone();
                if let Some((_, schema)) = choice.tags.iter().find(|t| t.0 == name) {
                    if content.is_null() {
                        *content = Value::Object(Map::new());
                    }
                    self.below(&name, schema, content);
                } else if choice.words.contains(&name.as_str()) {
                    let is_empty = content.is_null() || content.as_object().is_some_and(Map::is_empty);
                    if is_empty { *value = Value::from(name) } else { self.fault(Fault::Value(format!("`{name}` takes no parameters"))) }
                } else {
                    self.fault(Fault::Choice { found: name, known: names() });
                }
            }
            Value::Object(entries) if entries.len() > 1 => {
                // A file that extends another, or an argument, replaces the choice that was made below it.
                let last = self.written.last_layer(&self.path).filter(|keys| keys.len() == 1 && entries.contains_key(&keys[0]));
                match last {
                    Some(keys) => {
                        entries.retain(|k, _| *k == keys[0]);
                        self.choose(choice, value);
                    }
                    None => {
                        let found = entries.keys().cloned().collect();
                        self.fault(Fault::Several(found));
                    }
                }
            }
            other => {
                let found = if let Value::Object(_) = other { "an empty map".to_owned() } else { shown(other) };
                self.fault(Fault::Value(format!("expected one of {}; found {found}", names().join(", "))));
            }
        }
    }

    /// One of several shapes, told apart by what stands there.
    fn alternative(&mut self, schema: &'a Value, all: &'a [Value], value: &mut Value) {
        let all: Vec<&'a Value> = all.iter().map(|s| self.resolved(s)).collect();
        let takes = |schema: &Value, kind: &str| {
            let choice = Choice::of(schema).is_some() && ["string", "object"].contains(&kind);
            choice || types(schema).iter().any(|t| *t == kind || (*t == "number" && kind == "integer"))
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let fitting = all.iter().find(|s| takes(s, kind)).or_else(|| all.iter().find(|s| kind == "integer" && takes(s, "number")));
        // A number or a truth value is text where only text is expected.
        let is_written = matches!(value, Value::Bool(_) | Value::Number(_)) && self.written.text(&self.path).is_some();
        let as_text = || all.iter().find(|s| is_written && takes(s, "string"));
        let only: Vec<&&Value> = all.iter().filter(|s| types(s) != ["null"]).collect();
        match fitting.or_else(as_text) {
            Some(_) if value.is_null() => {}
            Some(schema) => self.at(schema, value),
            None => match (schema["expected"].as_str(), only.as_slice()) {
                (Some(expected), _) => self.unexpected(expected, value),
                (None, [one]) => self.at(one, value),
                (None, several) => {
                    let expected: Vec<&str> = several.iter().map(|s| in_words(s)).collect();
                    self.unexpected(&expected.join(" or "), value);
                }
            },
        }
    }

    fn object(&mut self, schema: &'a Value, value: &mut Value) {
        let Value::Object(entries) = value else { return self.unexpected("a mapping", value) };
        let known = schema["properties"].as_object();
        for (name, content) in entries.iter_mut() {
            match (known.and_then(|k| k.get(name)), &schema["additionalProperties"]) {
                (Some(schema), _) => self.below(name, schema, content),
                (None, Value::Bool(false)) => {
                    self.path.push(name.clone());
                    self.fault(Fault::Unknown(known.into_iter().flat_map(Map::keys).cloned().collect()));
                    self.path.pop();
                }
                (None, schema @ Value::Object(_)) => self.below(name, schema, content),
                (None, _) => {}
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !entries.contains_key(name) {
                self.fault(Fault::Missing(name.to_owned()));
            }
        }
    }

    fn array(&mut self, schema: &'a Value, value: &mut Value) {
        let Value::Array(items) = value else { return self.unexpected("a list", value) };
        let (least, most) = (schema["minItems"].as_u64(), schema["maxItems"].as_u64());
        let n = items.len() as u64;
        if least.is_some_and(|l| n < l) || most.is_some_and(|m| n > m) {
            let expected = if least == most { least.unwrap_or(0).to_string() } else { range(least.map(|l| l as f64), most.map(|m| m as f64), false) };
            return self.fault(Fault::Value(format!("expected a list of {expected} values, found {n}")));
        }
        for (at, item) in items.iter_mut().enumerate() {
            let of_place = schema["prefixItems"].get(at);
            if let Some(schema) = of_place.or_else(|| schema.get("items").filter(|s| s.is_object())) {
                self.below(&at.to_string(), schema, item);
            }
        }
    }

    fn string(&mut self, value: &mut Value) {
        if let Value::Bool(_) | Value::Number(_) = value
            && let Some(text) = self.written.text(&self.path)
        {
            *value = Value::from(text);
        }
        if !value.is_string() {
            self.unexpected("text", value);
        }
    }

    fn number(&mut self, schema: &Value, is_whole: bool, value: &mut Value) {
        let range = NumberRange::of(schema, is_whole);
        match value.as_f64() {
            Some(v) if range.contains(v) => {
                // `1e5` steps are a whole number of steps.
                if is_whole && value.is_f64() {
                    *value = whole(v);
                }
            }
            found => {
                let expected = range.in_words(found);
                self.unexpected(&expected, value);
                if let Some(near) = found.map(|v| range.nearest(v)).filter(|near| range.contains(*near)) {
                    *value = if is_whole { whole(near) } else { Value::from(near) };
                    self.out_of_range += 1;
                }
            }
        }
    }
}

/// Words, and maps of one key, of which one is chosen.
struct Choice<'a> {
    words: Vec<&'a str>,
    tags: Vec<(&'a str, &'a Value)>,
}

impl<'a> Choice<'a> {
    fn of(schema: &'a Value) -> Option<Self> {
        let mut choice = Choice { words: vec![], tags: vec![] };
        let branches = schema["oneOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice);
        for branch in branches {
            if let Some(word) = branch["const"].as_str() {
                choice.words.push(word);
            } else if let Some(words) = branch["enum"].as_array().filter(|words| words.iter().all(Value::is_string)) {
                choice.words.extend(words.iter().filter_map(Value::as_str));
            } else {
                let tag = branch["required"].as_array().filter(|r| r.len() == 1)?[0].as_str()?;
                let properties =
                    branch["properties"].as_object().filter(|p| p.len() == 1 && branch["additionalProperties"] == false && schema.get("oneOf").is_some())?;
                choice.tags.push((tag, properties.get(tag)?));
            }
        }
        Some(choice)
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    }
}

fn in_words(schema: &Value) -> &'static str {
    match types(schema).iter().find(|t| **t != "null") {
        Some(&"object") => "a mapping",
        Some(&"array") => "a list",
        Some(&"string") => "text",
        Some(&"boolean") => "true or false",
        Some(&"integer") => "a whole number",
        Some(&"number") => "a number",
        _ => "one of the values in the manual",
    }
}

/// ` from 1 to 9`, ` of at least 2`, or nothing; without the blank and the preposition where asked for.
fn range(least: Option<f64>, most: Option<f64>, is_phrase: bool) -> String {
    let text = match (least, most) {
        (Some(l), Some(m)) => format!("from {l} to {m}"),
        (Some(l), None) => format!("of at least {l}"),
        (None, Some(m)) => format!("of at most {m}"),
        (None, None) => return String::new(),
    };
    if is_phrase { format!(" {text}") } else { text.trim_start_matches("of ").trim_start_matches("from ").to_owned() }
}

/// A value in words.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(b) => format!("`{b}`"),
        Value::Number(n) => format!("the number `{n}`"),
        Value::String(s) => format!("the text \"{}\"", words::cut(s, 60)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a mapping".into(),
    }
}
