//! `scales`: layers by name, of which `scale` lays one over the study, such as its sizes for a small machine. Independent of what
//! they change.

use super::merge::merge;
use super::node::{Node, Yaml};
use crate::diagnostic::{Diagnostic, did_you_mean};

/// Keys that decide what a study is before a scale is laid over it.
const NOT_IN_A_SCALE: [&str; 3] = ["extends", "scale", "scales"];

/// Lays the scale that the study names over it; `named` is that of the command line.
pub(super) fn scaled(root: Node, named: Option<&Node>, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    if let Some(empty) = named.filter(|n| n.text() == Some("")) {
        diagnostics.push(Diagnostic::new("E0111", "the name of the scale is empty").at(empty.span, "named here").help("`null` takes the study as it is"));
        return None;
    }
    let Some(name) = named.or_else(|| root.get("scale")).filter(|n| !n.is_null()).cloned() else { return Some(root) };
    let mut fault = |d: Diagnostic| {
        diagnostics.push(d);
        None
    };
    let Some(text) = name.text() else {
        return fault(Diagnostic::new("E0007", format!("`scale` must be a name, found {}", name.what())).at(name.span, "expected the name of a scale"));
    };
    let known = match root.get("scales").map(|n| &n.value) {
        Some(Yaml::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    let Some((_, layer)) = known.iter().find(|(key, _)| key.text == text) else {
        let names: Vec<&str> = known.iter().map(|(key, _)| key.text.as_str()).collect();
        let all = if names.is_empty() { "the study has no `scales`".to_owned() } else { format!("the scales are: {}", names.join(", ")) };
        let help = did_you_mean(text, names.iter().copied(), "scale").unwrap_or(all);
        return fault(Diagnostic::new("E0111", format!("there is no scale `{text}`")).at(name.span, "named here").help(help));
    };
    let Yaml::Map(entries) = &layer.value else {
        return if layer.is_null() {
            Some(root)
        } else {
            fault(Diagnostic::new("E0007", format!("a scale must be a mapping, found {}", layer.what())).at(layer.span, "expected a mapping"))
        };
    };
    if let Some((key, _)) = entries.iter().find(|(key, _)| NOT_IN_A_SCALE.contains(&key.text.as_str())) {
        return fault(Diagnostic::new("E0101", format!("a scale cannot change `{}`", key.text)).at(key.span, "not allowed here"));
    }
    let layer = layer.clone();
    Some(merge(root, layer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::parse::parse;
    use serde_json::json;

    fn of(text: &str, named: Option<&str>) -> Result<serde_json::Value, String> {
        let mut faults = vec![];
        let read = |t: &str| parse(t, 0, &mut vec![]).unwrap();
        let found = scaled(read(text), named.map(read).as_ref(), &mut faults);
        found.map(|n| n.to_json()).ok_or_else(|| faults.iter().map(|f| format!("{} {} {:?}", f.code, f.message, f.help)).collect())
    }

    #[test]
    fn a_scale_changes_what_it_names() {
        let study = "{scale: ci, scales: {ci: {vars: {size: 32}, stages: {big: null}}, full: {}, none: }, vars: {size: 256, x: 1}, stages: {big: {}, a: {}}}";
        let small = of(study, None).unwrap();
        assert_eq!((&small["vars"], &small["stages"]), (&json!({"size": 32, "x": 1}), &json!({"a": {}})));
        for name in ["full", "none"] {
            assert_eq!(of(study, Some(name)).unwrap()["vars"]["size"], 256, "that of the command line wins: {name}");
        }
        assert_eq!(of("{a: 1}", None).unwrap(), json!({"a": 1}));
    }

    #[test]
    fn what_is_no_scale_is_said() {
        let study = "{scales: {small: {}, full: {}, bad: 1, worse: {extends: a.yaml}}}";
        assert!(of(study, Some("smal")).unwrap_err().starts_with("E0111 there is no scale `smal` Some(\"a scale with a similar name exists: `small`"));
        assert!(of(study, Some("x")).unwrap_err().contains("the scales are: small, full, bad, worse"));
        assert!(of("{}", Some("x")).unwrap_err().contains("the study has no `scales`"));
        assert!(of(study, Some("bad")).unwrap_err().starts_with("E0007 a scale must be a mapping"));
        assert!(of(study, Some("worse")).unwrap_err().starts_with("E0101 a scale cannot change `extends`"));
        assert!(of(study, Some("[a]")).unwrap_err().starts_with("E0007 `scale` must be a name"));
    }
}
