//! Whether a path of `--set` names a known key: a misspelt key would change nothing, or be reported elsewhere. Looks at the study as it is before that argument; knows no kinds, whose parameters are checked with those of the file.

use super::node::{Node, Yaml};
use super::raw::{FILE_KEYS, STAGE_KEYS};
use super::substitute::used;
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use std::collections::BTreeSet;

/// Checks the path of one argument against the study before it, and against the values of all arguments.
///
/// # Errors
/// If the path names a key that neither a study nor a stage can have.
pub(super) fn check(root: &Node, values: &[Node], path: &str, value: &Node, span: Span) -> Result<(), Box<Diagnostic>> {
    wrong_key(root, values, path, value, span).map_or(Ok(()), |fault| Err(Box::new(fault)))
}

/// Whether a word stands among the values of an axis, which may name variables: in a `matrix` of a study, or in a value for one.
fn is_on_an_axis(root: &Node, values: &[Node], word: &str) -> bool {
    fn has(node: &Node, word: &str) -> bool {
        match &node.value {
            Yaml::Scalar(text, _) => text == word,
            Yaml::List(items) => items.iter().any(|item| has(item, word)),
            Yaml::Map(entries) => entries.iter().any(|(_, below)| has(below, word)),
        }
    }
    let Some(Yaml::Map(stages)) = root.get("stages").map(|stages| &stages.value) else { return false };
    let mut axes = stages.iter().filter_map(|(_, stage)| stage.get("matrix"));
    axes.any(|axes| has(axes, word)) || values.iter().any(|value| matches!(value.value, Yaml::List(_)) && has(value, word))
}

fn wrong_key(root: &Node, values: &[Node], path: &str, value: &Node, span: Span) -> Option<Diagnostic> {
    let parts: Vec<&str> = path.split('.').collect();
    let fault = |depth: usize, known: &mut dyn Iterator<Item = &str>, what: &str| {
        let (above, name) = (parts[..depth].join("."), parts[depth]);
        let whole = |name: &str| if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        let start: usize = parts[..depth].iter().map(|p| p.len() + 1).sum();
        let at = Span { start: span.start + start as u32, end: span.start + (start + name.len()) as u32, ..span };
        let known: Vec<&str> = known.collect();
        let similar = did_you_mean(name, known.iter().copied(), what);
        let help = similar.or_else(|| (!known.is_empty()).then(|| format!("there are: {}", known.join(", "))));
        Diagnostic::new("E0010", format!("`--set`: there is no key `{}`", whole(name))).at(at, format!("no such {what}")).maybe_help(help)
    };
    if !FILE_KEYS.contains(&parts[0]) {
        return Some(fault(0, &mut FILE_KEYS.into_iter(), "key"));
    }
    let entries = |key: &str| root.get(key).map_or(&[][..], |n| if let Yaml::Map(entries) = &n.value { entries } else { &[] });
    let name = parts.get(1)?;
    if parts[0] == "vars" {
        // A variable that nothing names would change nothing. One that is named but has no value is given it here.
        let mut names = BTreeSet::new();
        used(root, &|text| text == *name, &mut names);
        let mut known = entries("vars").iter().map(|(key, _)| key.text.as_str());
        let is_named = names.contains(name) || is_on_an_axis(root, values, name);
        return (!known.clone().any(|key| key == *name) && !is_named).then(|| fault(1, &mut known, "variable"));
    }
    if parts[0] != "stages" {
        return None;
    }
    let stages = entries("stages");
    // A whole stage may be added, by saying what it does.
    let adds = parts.len() == 2 && value.get("stage").is_some() || parts[2..] == ["stage"];
    if !adds && !stages.iter().any(|(key, _)| key.text == *name) {
        return Some(fault(1, &mut stages.iter().map(|(key, _)| key.text.as_str()), "stage"));
    }
    let key = parts.get(2)?;
    (!STAGE_KEYS.contains(key)).then(|| fault(2, &mut STAGE_KEYS.into_iter(), "key"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::parse;

    fn said(set: &str) -> Option<(String, String)> {
        let parse = |text: &str| parse::parse(text, 0, &mut vec![]).unwrap();
        let root = parse(
            "{study: s, seed: 1, vars: {epochs: 2}, stages: {classifier: {stage: train-classifier, with: {epochs: $epochs, steps: $steps}, matrix: {of: [dcgan]}}, split: {stage: split}}}",
        );
        let (path, value) = set.split_once('=').unwrap();
        let axis = [parse("[res, vgg]")];
        let d = wrong_key(&root, &axis, path, &parse(value), Span { text: 0, start: 0, end: path.len() as u32 })?;
        let at = d.at.unwrap().0;
        Some((format!("{} at {}", d.message, &path[at.range()]), d.help.unwrap_or_default()))
    }

    #[test]
    fn an_unknown_path_is_reported_at_its_unknown_part() {
        let cases = [
            ("stages.clasifier.with.steps=5", "`--set`: there is no key `stages.clasifier` at clasifier", "`classifier`"),
            ("stags.classifier.with.steps=5", "`--set`: there is no key `stags` at stags", "`stages`"),
            ("stages.classifier.wth.steps=5", "`--set`: there is no key `stages.classifier.wth` at wth", "`with`"),
            ("vars.epoch=5", "`--set`: there is no key `vars.epoch` at epoch", "`epochs`"),
            ("stages.other=null", "`--set`: there is no key `stages.other` at other", "there are: classifier, split"),
        ];
        for (set, message, help) in cases {
            let (said, advice) = said(set).unwrap();
            assert_eq!(said, message);
            assert!(advice.contains(help), "{set}: {advice}");
        }
    }

    #[test]
    fn what_a_study_can_have_may_be_set() {
        let fine = [
            "seed=2",
            "vars.steps=5",
            "vars.epochs=5",
            "vars.vgg=vgg16",
            "vars.dcgan={steps: 5}",
            "vars={other: 5}",
            "description=d",
            "stages.classifier.with.steps=5",
            "stages.split.seed=3",
            "stages.new={stage: split}",
            "stages.new.stage=split",
            "stages.split=null",
        ];
        fine.iter().for_each(|set| assert_eq!(said(set), None, "{set}"));
    }
}
