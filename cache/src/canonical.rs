//! Canonical JSON (RFC 8785): one value, one spelling, so that a digest of the spelling is a digest of the value.

use serde::Serialize;
use serde_json::{Number, Value};

/// The canonical spelling of a value.
///
/// # Panics
/// Where a value cannot be JSON at all (a map with keys that are not text): a fault of the caller, never of data.
pub fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("BUG: records are plain JSON")
}

/// As [`to_bytes`], as text.
pub fn to_string<T: Serialize>(value: &T) -> String {
    String::from_utf8(to_bytes(value)).expect("BUG: JSON is UTF-8")
}

/// Appends the canonical spelling of a JSON value; [`to_bytes`] for values that are JSON already, and much faster.
pub fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Value::Number(n) => write_number(n, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => write_all(items, *b"[]", out, write_value),
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            // The standard sorts by UTF-16 code units, a map by bytes: they differ beyond the basic plane.
            entries.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            write_all(entries, *b"{}", out, |(key, value), out| {
                write_text(key, out);
                out.push(b':');
                write_value(value, out);
            });
        }
    }
}

/// Appends items between brackets, with commas.
pub(crate) fn write_all<T>(items: impl IntoIterator<Item = T>, [open, close]: [u8; 2], out: &mut Vec<u8>, write: impl Fn(T, &mut Vec<u8>)) {
    out.push(open);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(close);
}

/// Appends a text with its quotes.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("BUG: text is JSON");
}

fn write_number(n: &Number, out: &mut Vec<u8>) {
    // Whole numbers that a double contains exactly are spelled as they are; all others by the standard's own rules.
    match n.as_i64().filter(|i| i.unsigned_abs() <= 1 << 53) {
        Some(i) => serde_json::to_writer(out, &i).expect("BUG: numbers are JSON"),
        None => out.extend_from_slice(&to_bytes(n)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c\u{e000}-\u{e002}\u{10000}-\u{10002}]{1,2}", inner, 0..4).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_ways_of_writing_agree(a in any_json()) {
            let mut fast = vec![];
            super::write_value(&a, &mut fast);
            prop_assert_eq!(String::from_utf8(fast).unwrap(), super::to_string(&a));
        }

        #[test]
        fn two_values_have_one_spelling_only_if_they_are_equal(a in any_json(), b in any_json()) {
            // Numbers are compared as JSON does: 1 and 1.0 are one number.
            let same = serde_json::from_slice::<Value>(&super::to_bytes(&a)).unwrap() == serde_json::from_slice::<Value>(&super::to_bytes(&b)).unwrap();
            prop_assert_eq!(super::to_bytes(&a) == super::to_bytes(&b), same);
        }
    }

    #[test]
    fn keys_are_sorted_and_numbers_have_one_form() {
        assert_eq!(super::to_string(&json!({"b": 1.0, "a": [0.0002, 1e21]})), r#"{"a":[0.0002,1e+21],"b":1}"#);
    }
}
