//! From resolved parameters (JSON) to a stage, with the place of every fault as a path of names.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A parameter that does not fit, by its path below `with:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadParameter {
    /// Names from the outermost, such as `["network", "dcgan", "size"]`; empty for the whole of `with:`.
    pub path: Vec<String>,
    /// What is wrong, in the user's words.
    pub what: Fault,
}

/// Sorts of faults, so that the right place is pointed at and the right help given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No parameter of this name; with the names that exist.
    Unknown(Vec<String>),
    /// A parameter without a default is not there.
    Missing(String),
    /// A word that is none of these.
    Choice(Vec<String>),
    /// Anything else: the value is wrong for the stated reason.
    Value(String),
}

impl BadParameter {
    /// A fault found by a kind's own check, empty where `fine`.
    pub fn unless(fine: bool, path: &str, why: &str) -> Vec<BadParameter> {
        if fine { vec![] } else { vec![BadParameter { path: split(path), what: Fault::Value(why.into()) }] }
    }
}

fn split(path: &str) -> Vec<String> {
    path.split('.').filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

/// Reads parameters, or says where and why they do not fit.
pub fn decode<T: DeserializeOwned>(value: Value) -> Result<T, BadParameter> {
    serde_path_to_error::deserialize(value).map_err(|e| {
        let mut path: Vec<String> = e
            .path()
            .iter()
            .filter_map(|s| match s {
                serde_path_to_error::Segment::Map { key } => Some(key.clone()),
                serde_path_to_error::Segment::Enum { variant } => Some(variant.clone()),
                serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
                serde_path_to_error::Segment::Unknown => None,
            })
            .collect();
        let text = e.into_inner().to_string();
        let what = classify(&text);
        // serde reports an unknown field or variant at its parent; the name itself is the better place.
        if let (Fault::Unknown(_) | Fault::Choice(_), Some(name)) = (&what, quoted(&text).first())
            && path.last() != Some(name)
            && matches!(what, Fault::Unknown(_))
        {
            path.push(name.clone());
        }
        BadParameter { path, what }
    })
}

fn classify(text: &str) -> Fault {
    let names = || quoted(text).into_iter().skip(1).collect::<Vec<_>>();
    if text.starts_with("unknown field") {
        Fault::Unknown(names())
    } else if text.starts_with("unknown variant") {
        Fault::Choice(names())
    } else if text.starts_with("missing field") {
        Fault::Missing(quoted(text).into_iter().next().unwrap_or_default())
    } else {
        Fault::Value(plain(text))
    }
}

/// serde's wording in the words of someone who writes YAML.
fn plain(text: &str) -> String {
    let mut out = text.replace("invalid type: ", "").replace("invalid value: ", "");
    for (rust, plain) in [
        ("floating point `", "the number `"),
        ("integer `", "the number `"),
        ("string \"", "the text \""),
        ("boolean `", "`"),
        (", expected u64", ", expected a whole number of at least 0"),
        (", expected u32", ", expected a whole number of at least 0"),
        (", expected usize", ", expected a whole number of at least 0"),
        (", expected f64", ", expected a number"),
        (", expected a string", ", expected text"),
        (", expected a sequence", ", expected a list"),
        (", expected a boolean", ", expected true or false"),
    ] {
        out = out.replace(rust, plain);
    }
    if let Some((found, expected)) = out.split_once(", expected ") {
        let expected = if let Some(kind) = expected.strip_prefix("struct ") { format!("parameters of `{}`", kind.to_lowercase()) } else { expected.to_owned() };
        let found = if found == "null" || found == "unit value" { "nothing" } else { found };
        return format!("expected {expected}, found {found}");
    }
    out
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Toy {
        epochs: u32,
        #[serde(default)]
        inner: Inner,
    }
    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    enum Inner {
        #[default]
        A,
        B {
            #[allow(dead_code)]
            rate: f64,
        },
    }

    #[test]
    fn faults_carry_their_path() {
        let fault = |v: Value| decode::<Toy>(v).unwrap_err();
        assert_eq!(
            fault(json!({"epochs": 1, "epoch": 2})),
            BadParameter { path: vec!["epoch".into()], what: Fault::Unknown(vec!["epochs".into(), "inner".into()]) }
        );
        assert_eq!(fault(json!({})).what, Fault::Missing("epochs".into()));
        let wrong = fault(json!({"epochs": -1}));
        assert_eq!((wrong.path, wrong.what), (vec!["epochs".to_string()], Fault::Value("expected a whole number of at least 0, found the number `-1`".into())));
        assert_eq!(fault(json!({"epochs": 1, "inner": {"b": {"rate": "x"}}})).path, ["inner", "b", "rate"]);
        assert!(matches!(fault(json!({"epochs": 1, "inner": "c"})).what, Fault::Choice(c) if c == ["a", "b"]));
    }
}
