//! Canonical JSON (RFC 8785): one value, one spelling, so that a digest of the spelling is a digest of the value.

use serde::Serialize;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]{1,2}", inner, 0..4).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
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
