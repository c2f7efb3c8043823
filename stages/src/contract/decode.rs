//! From resolved parameters (JSON) to a stage, with the place of every fault as a path of names.

use super::bad_parameter::{BadParameter, Fault};
use super::fit::{Misfits, Written, fit};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Reads parameters as they are; where they do not decode, in the form that the schema of the type gives them.
///
/// # Errors
/// Everything that does not fit.
pub fn decode<T: DeserializeOwned + JsonSchema>(value: Value, written: &dyn Written) -> Result<T, Vec<BadParameter>> {
    match nearest(value, written) {
        (Some(fine), faults) if faults.is_empty() => Ok(fine),
        (_, faults) => Err(faults),
    }
}

/// Reads parameters as [`decode`] does, with everything that does not fit. Where that is only numbers out of range, the
/// parameters have the nearest numbers within it in their place, so that everything else about them can be checked in
/// the same go.
pub fn nearest<T: DeserializeOwned + JsonSchema>(mut value: Value, written: &dyn Written) -> (Option<T>, Vec<BadParameter>) {
    if let Ok(fine) = T::deserialize(&value) {
        return (Some(fine), vec![]);
    }
    let Misfits { mut faults, out_of_range } = fit(schema::<T>(), &mut value, written);
    if faults.len() > out_of_range {
        return (None, faults);
    }
    match serde_path_to_error::deserialize(value) {
        Ok(read) => (Some(read), faults),
        Err(e) => {
            // Nothing that the schema says: a type that reads itself by hand has reasons of its own.
            let path = e.path().iter().filter_map(segment).collect();
            faults.push(BadParameter { path, what: Fault::Value(e.into_inner().to_string()) });
            (None, faults)
        }
    }
}

/// The schema of a type, which is made once: a study may have thousands of cells.
fn schema<T: JsonSchema>() -> &'static Value {
    static KNOWN: Mutex<BTreeMap<&str, &Value>> = Mutex::new(BTreeMap::new());
    let make = || Box::leak(Box::new(serde_json::to_value(schemars::schema_for!(T)).expect("BUG: a schema is plain JSON")));
    KNOWN.lock().expect("BUG: poisoned").entry(std::any::type_name::<T>()).or_insert_with(|| make())
}

fn segment(segment: &serde_path_to_error::Segment) -> Option<String> {
    use serde_path_to_error::Segment;
    match segment {
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::bounds::Share;
    use super::super::fit::NotWritten;
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Toy {
        epochs: u32,
        #[serde(default)]
        inner: Inner,
        #[serde(default)]
        label: Option<String>,
        #[serde(default)]
        share: Option<Share>,
    }
    #[derive(Debug, Default, PartialEq, serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    enum Inner {
        #[default]
        A,
        B(Rate),
        C(Filled),
    }
    #[derive(Debug, PartialEq, serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Rate {
        rate: f64,
    }
    #[derive(Debug, Default, PartialEq, serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, default)]
    struct Filled {
        width: u32,
    }

    /// A user's file: the text of single values, and a layer.
    struct File(Vec<(&'static str, &'static str)>, Vec<String>);
    impl Written for File {
        fn text(&self, path: &[String]) -> Option<String> {
            self.0.iter().find(|t| t.0 == path.join(".")).map(|t| t.1.to_owned())
        }
        fn last_layer(&self, path: &[String]) -> Option<Vec<String>> {
            (path == ["inner"] && !self.1.is_empty()).then(|| self.1.clone())
        }
    }

    fn faults(v: Value) -> Vec<(String, Fault)> {
        decode::<Toy>(v, &NotWritten).unwrap_err().into_iter().map(|b| (b.path.join("."), b.what)).collect()
    }

    fn why(v: Value) -> String {
        let all = faults(v);
        let (path, Fault::Value(why)) = &all[0] else { panic!("{all:?}") };
        format!("{path}: {why}")
    }

    #[test]
    fn every_fault_is_found_with_its_path() {
        let known = || ["epochs", "inner", "label", "share"].map(String::from).to_vec();
        let due = [
            ("epoch", Fault::Unknown(known())),
            ("inner.b.rat", Fault::Unknown(vec!["rate".into()])),
            ("inner.b", Fault::Missing("rate".into())),
            ("labl", Fault::Unknown(known())),
            ("share", Fault::Value("expected a number from 0 to 1, found the text \"x\"".into())),
            ("", Fault::Missing("epochs".into())),
        ];
        let found = faults(json!({"epoch": 2, "labl": 1, "share": "x", "inner": {"b": {"rat": 1}}}));
        assert_eq!(found, due.map(|(path, what)| (path.to_owned(), what)));
    }

    #[test]
    fn what_is_expected_is_said_in_plain_words() {
        assert_eq!(why(json!({"epochs": -1})), "epochs: expected a whole number of at least 0, found the number `-1`");
        assert_eq!(why(json!({"epochs": 1.5})), "epochs: expected a whole number of at least 0, found the number `1.5`");
        assert_eq!(why(json!({"epochs": "x"})), "epochs: expected a whole number of at least 0, found the text \"x\"");
        assert_eq!(why(json!({"epochs": 5_000_000_000u64})), "epochs: expected a whole number from 0 to 4294967295, found the number `5000000000`");
        assert_eq!(why(json!({"epochs": 1e16})), "epochs: expected a whole number from 0 to 4294967295, found the number `1e+16`");
        assert_eq!(why(json!({"epochs": 1, "inner": {"b": {"rate": "x"}}})), "inner.b.rate: expected a number, found the text \"x\"");
        assert_eq!(why(json!({"epochs": 1, "inner": []})), "inner: expected one of a, b, c; found a list");
        assert_eq!(why(json!({"epochs": 1, "inner": {}})), "inner: expected one of a, b, c; found an empty map");
        assert_eq!(why(json!({"epochs": 1, "inner": {"a": {"x": 1}}})), "inner: `a` takes no parameters");
        assert_eq!(why(json!({"epochs": 1, "label": ["x"]})), "label: expected text, found a list");
        let known = ["a", "b", "c"].map(String::from).to_vec();
        assert_eq!(faults(json!({"epochs": 1, "inner": "d"})), [("inner".to_owned(), Fault::Choice { found: "d".into(), known: known.clone() })]);
        assert_eq!(faults(json!({"epochs": 1, "inner": {"d": {}}})), [("inner".to_owned(), Fault::Choice { found: "d".into(), known })]);
        let two = faults(json!({"epochs": 1, "inner": {"b": {"rate": 1}, "c": {}}}));
        assert_eq!(two, [("inner".to_owned(), Fault::Several(vec!["b".into(), "c".into()]))]);
        assert_eq!(faults(json!({"epochs": 1, "inner": "b"})), [("inner.b".to_owned(), Fault::Missing("rate".into()))]);
    }

    #[test]
    fn what_can_be_written_in_several_ways_is_one_thing() {
        let read = |v: Value| decode::<Toy>(v, &NotWritten).unwrap().inner;
        for v in [json!("c"), json!({"c": null}), json!({"c": {}}), json!({"c": {"width": 0}})] {
            assert_eq!(read(json!({"epochs": 1, "inner": v})), Inner::C(Filled { width: 0 }), "{v}");
        }
        for v in [json!("a"), json!({"a": null}), json!({"a": {}})] {
            assert_eq!(read(json!({"epochs": 1, "inner": v})), Inner::A, "{v}");
        }
        assert_eq!(decode::<Toy>(json!({"epochs": 1e5}), &NotWritten).unwrap().epochs, 100_000);
        assert_eq!(decode::<usize>(json!(1e19), &NotWritten).unwrap(), 10_000_000_000_000_000_000);
        let file = File(vec![("label", "0012")], vec![]);
        assert_eq!(decode::<Toy>(json!({"epochs": 1, "label": 12}), &file).unwrap().label.as_deref(), Some("0012"));
    }

    #[test]
    fn numbers_out_of_range_are_faults_and_the_rest_is_read() {
        let (read, faults) = nearest::<Toy>(json!({"epochs": -3, "share": 7, "label": "x"}), &NotWritten);
        assert_eq!(faults.iter().map(|b| b.path.join(".")).collect::<Vec<_>>(), ["epochs", "share"]);
        assert_eq!(read, Some(Toy { epochs: 0, inner: Inner::A, label: Some("x".into()), share: Share::new(1.0) }));
        let (read, faults) = nearest::<Toy>(json!({"epochs": "x", "share": 7}), &NotWritten);
        assert!(read.is_none() && faults.len() == 2);
    }

    #[test]
    fn the_last_layer_decides_a_choice() {
        let file = File(vec![], vec!["c".into()]);
        let both = json!({"epochs": 1, "inner": {"b": {"rate": 1}, "c": {"width": 3}}});
        assert_eq!(decode::<Toy>(both, &file).unwrap().inner, Inner::C(Filled { width: 3 }));
    }
}
