//! Merging one change that happened at many stages. Knows nothing of what changed.

use super::Change;
use serde_json::Value;
use std::collections::BTreeSet;

/// A stage's name without its cell.
fn base(stage: &str) -> &str {
    stage.split('/').next().unwrap_or(stage)
}

/// Puts together what changed in the same way at cells of one stage, or (`across`) at any stages. `all` are the stages that were
/// compared: where all cells of one changed, its name stands for them.
pub(super) fn group(found: Vec<(String, String, Value, Value)>, all: &BTreeSet<&str>, across: bool) -> Vec<Change> {
    let mut groups: Vec<(String, Change)> = vec![];
    for (stage, path, old, new) in found {
        let of = if across { "" } else { base(&stage) };
        match groups.iter_mut().find(|(o, c)| o == of && c.path == path && c.old == old && c.new == new) {
            Some((_, change)) => change.stages.push(stage),
            None => groups.push((of.to_owned(), Change { stages: vec![stage], path, old, new })),
        }
    }
    groups.into_iter().map(|(_, c)| Change { stages: collapsed(&c.stages, all), ..c }).collect()
}

/// Names of stages, those of all cells of one as its own.
pub(super) fn collapsed(names: &[String], all: &BTreeSet<&str>) -> Vec<String> {
    let mut out: Vec<String> = vec![];
    for name in names {
        let of = base(name);
        let cells = |names: &mut dyn Iterator<Item = &str>| names.filter(|n| base(n) == of).count();
        let is_whole = cells(&mut names.iter().map(String::as_str)) == cells(&mut all.iter().copied());
        let shown = if is_whole { of } else { name };
        if !out.iter().any(|n| n == shown) {
            out.push(shown.to_owned());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_that_changed_alike_are_one() {
        let all = BTreeSet::from(["c/a=1", "c/a=2", "d/a=1", "d/a=2", "e"]);
        let at = |stage: &str, new: i64| (stage.to_owned(), "epochs".to_owned(), json!(1), json!(new));
        let found = vec![at("c/a=1", 2), at("c/a=2", 2), at("d/a=1", 2), at("d/a=2", 3), at("e", 2)];
        let told = |across| group(found.clone(), &all, across).into_iter().map(|c| (c.stages.join(" "), c.new)).collect::<Vec<_>>();
        assert_eq!(told(false), vec![("c".into(), json!(2)), ("d/a=1".into(), json!(2)), ("d/a=2".into(), json!(3)), ("e".into(), json!(2))]);
        assert_eq!(told(true), vec![("c d/a=1 e".into(), json!(2)), ("d/a=2".into(), json!(3))]);
    }
}
