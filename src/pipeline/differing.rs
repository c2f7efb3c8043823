//! Two values as a study would write them, and where in them they differ: what is shown is whole, or said in words. Independent
//! of what the values are of.

use super::node::scalar;
use serde_json::{Map, Value};

/// Characters of a value that is shown as it is; more is said in words.
const WHOLE: usize = 60;
/// Characters of a long text before the first that differs.
const BEFORE: usize = 12;
/// Differences within one value that are shown; more are counted.
const SHOWN: usize = 3;

/// A place in a value, with what stood there and what stands there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// The path with dots, positions in lists in brackets from 0: `a.b[3]`.
    pub path: String,
    /// What stood there.
    pub old: String,
    /// What stands there.
    pub new: String,
}

/// Where two values at `path` differ. `written` is how a file spells a value at keys and positions below that path.
pub fn differing(path: &str, old: &Value, new: &Value, written: &dyn Fn(&[String], &Value) -> Option<String>) -> Vec<Differing> {
    let mut walk = Walk { written, below: vec![], out: vec![] };
    walk.at(path.to_owned(), &plain(old), &plain(new));
    walk.out
}

/// All of them on a line: `epochs 40 → 60`, `rates[3] 5 → 7, rates[9] 1 → 2`.
pub fn line(all: &[Differing], after_path: &str) -> String {
    let (shown, more) = all.split_at(if all.len() > SHOWN { SHOWN } else { all.len() });
    let shown: Vec<String> = shown.iter().map(|d| format!("{}{after_path}{} → {}", d.path, d.old, d.new)).collect();
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    shown.join(", ") + &more
}

struct Walk<'a> {
    written: &'a dyn Fn(&[String], &Value) -> Option<String>,
    below: Vec<String>,
    out: Vec<Differing>,
}

impl Walk<'_> {
    fn at(&mut self, path: String, old: &Value, new: &Value) {
        if old == new && !self.below.is_empty() {
            return;
        }
        let is_whole = [old, new].iter().all(|v| text(v).chars().count() <= WHOLE);
        match (old, new) {
            (Value::Array(a), Value::Array(b)) if !is_whole => {
                let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
                let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(a, b)| a == b).count();
                let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
                for at in start..a.len().max(b.len()) {
                    self.step(format!("{path}[{at}]"), at.to_string(), a.get(at), b.get(at));
                }
            }
            (Value::Object(a), Value::Object(b)) if !is_whole => {
                let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
                for name in names {
                    self.step(format!("{path}.{name}"), name.clone(), a.get(name), b.get(name));
                }
            }
            _ => {
                let (mut before, mut after) = both(old, new);
                if before == after {
                    (before, after) = (flow(old), flow(new));
                }
                let new = (self.written)(&self.below, new).unwrap_or(after);
                self.out.push(Differing { path, old: before, new });
            }
        }
    }

    fn step(&mut self, path: String, part: String, old: Option<&Value>, new: Option<&Value>) {
        self.below.push(part);
        self.at(path, old.unwrap_or(&Value::Null), new.unwrap_or(&Value::Null));
        self.below.pop();
    }
}

/// A value as it is, text without quotes; none as `nothing`.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) if !text.is_empty() => text.clone(),
        other => flow(&plain(other)),
    }
}

/// Both values as they are, or in words where they are long; of long texts, what differs.
fn both(old: &Value, new: &Value) -> (String, String) {
    if let (Value::String(old), Value::String(new)) = (old, new) {
        let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
        let part = |text: &str| if text.is_empty() { flow(&text.into()) } else { excerpt(text, same) };
        return (part(old), part(new));
    }
    (brief(old), brief(new))
}

fn brief(value: &Value) -> String {
    let whole = text(value);
    match value {
        _ if whole.chars().count() <= WHOLE => whole,
        Value::Array(items) => format!("a list of {} values", items.len()),
        Value::Object(entries) => format!("a mapping of {} keys", entries.len()),
        _ => excerpt(&whole, 0),
    }
}

/// A long text from shortly before a character on.
fn excerpt(text: &str, from: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= WHOLE {
        return text.to_owned();
    }
    let most = WHOLE - 2;
    let start = from.saturating_sub(BEFORE).min(letters.len() - most);
    let end = start + most;
    let (before, after) = (if start > 0 { "…" } else { "" }, if end < letters.len() { "…" } else { "" });
    format!("{before}{}{after}", letters[start..end].iter().collect::<String>())
}

/// A value on one line of YAML.
fn flow(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if is_plain(text) => text.clone(),
        Value::String(_) => value.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{}: {}", flow(&key.as_str().into()), flow(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// True for a text that YAML reads as this text without quotes, also within a list.
fn is_plain(text: &str) -> bool {
    let begins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '(' | '$');
    scalar(text) == text
        && text.starts_with(begins)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(|c: char| c.is_control() || matches!(c, ',' | '[' | ']' | '{' | '}'))
}

/// The value with integers as such: recipes hold `75.0` where a parameter may have a fraction.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(n) => match n.as_f64() {
            Some(f) if n.is_f64() && f.fract() == 0.0 && f.abs() < 1e15 => Value::from(f as i64),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(entries) => entries.iter().map(|(k, v)| (k.clone(), plain(v))).collect::<Map<_, _>>().into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;
    use serde_json::json;

    fn said(old: &Value, new: &Value) -> String {
        line(&differing("a.b", old, new, &|_, _| None), " ")
    }

    #[test]
    fn short_values_are_shown_whole_as_a_study_writes_them() {
        for (old, new, expected) in [
            (json!(170.0), json!(65), "a.b 170 → 65"),
            (json!([1.0, 0.25]), json!({ "a": 2.0 }), "a.b [1, 0.25] → { a: 2 }"),
            (Value::Null, json!("covid"), "a.b nothing → covid"),
            (json!("40"), json!(40), "a.b \"40\" → 40"),
            (json!(""), json!({}), "a.b \"\" → {}"),
            (json!(""), json!("x"), "a.b \"\" → x"),
            (json!(["x, y", "true", "b3:ab", null]), json!([false]), "a.b [\"x, y\", \"true\", b3:ab, null] → [false]"),
        ] {
            assert_eq!(said(&old, &new), expected);
        }
    }

    #[test]
    fn of_long_values_only_what_differs_is_shown() {
        let list = |change: &[(usize, i64)]| {
            let mut all: Vec<Value> = (0..40).map(|n| json!({ "name": format!("image {n}"), "weight": 5 })).collect();
            change.iter().for_each(|(at, weight)| all[*at]["weight"] = (*weight).into());
            Value::from(all)
        };
        assert_eq!(said(&list(&[]), &list(&[(3, 7)])), "a.b[3] { name: image 3, weight: 5 } → { name: image 3, weight: 7 }");
        let long = |weight: i64| json!([{ "name": "n".repeat(70), "weights": [[1, weight]] }]);
        assert_eq!(said(&long(5), &long(7)), "a.b[0].weights [[1, 5]] → [[1, 7]]");
        // What was put in or taken out is one element, and all after it are the same.
        let numbers = |all: std::ops::Range<u32>| all.map(|n| json!(n + 1000)).collect::<Vec<Value>>();
        assert_eq!(said(&numbers(0..40).into(), &[numbers(0..7), numbers(8..40)].concat().into()), "a.b[7] 1007 → nothing");
        let many = said(&numbers(0..40).into(), &numbers(1..41).into());
        assert_eq!(many, "a.b[0] 1000 → 1001, a.b[1] 1001 → 1002, a.b[2] 1002 → 1003 and 37 more");
        assert_eq!(said(&numbers(0..40).into(), &Value::Null), "a.b a list of 40 values → nothing");
        let keys: Map<String, Value> = (0..40).map(|n| (format!("key-{n}"), n.into())).collect();
        assert_eq!(said(&Value::Null, &keys.into()), "a.b nothing → a mapping of 40 keys");
    }

    #[test]
    fn of_long_texts_the_part_that_differs_is_shown() {
        let path = |end: &str| json!(format!("{}/{end}", "é/long/way".repeat(9)));
        let said = said(&path("old"), &path("new"));
        assert!(said.starts_with("a.b …") && said.contains("way/old → …") && said.ends_with("way/new"), "{said}");
        assert_eq!(excerpt(&"é".repeat(61), 0), "é".repeat(58) + "…");
        assert_eq!(excerpt(&"é".repeat(60), 0), "é".repeat(60));
    }

    /// Whatever is shown without an ellipsis can be pasted into a study.
    #[test]
    fn what_is_shown_reads_back() {
        let value = json!({ "a b": ["x: y", "- z", "#", "0x1", "1e3", "~", "é", "a #b", "c:", " d", "{e}", "*f", "0012", "", "\n"], "g": { "h": [1, 2.5, true, null] }, "i": [] });
        let mut faults = vec![];
        let read = parse(&flow(&value), 0, &mut faults).expect("it parses").to_json();
        assert_eq!((read, faults.len()), (value, 0));
    }
}
