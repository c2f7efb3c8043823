//! Merging one change that happened at many stages. Knows nothing of what changed.

use super::Change;
use serde_json::Value;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

/// A stage's name without its cell.
fn base(stage: &str) -> &str {
    stage.split('/').next().unwrap_or(stage)
}

/// Puts together what changed in the same way at cells of one stage, or (`across`) at any stages. `all` are the stages that were
/// compared: where all cells of one changed, its name stands for them.
pub(super) fn group(found: Vec<(String, String, Value, Value)>, all: &BTreeSet<&str>, across: bool) -> Vec<Change> {
    let (mut groups, mut places): (Vec<Change>, HashMap<String, usize>) = (vec![], HashMap::new());
    for (stage, path, old, new) in found {
        let of = if across { "" } else { base(&stage) };
        match places.entry(serde_json::json!([of, path, old, new]).to_string()) {
            Entry::Occupied(at) => groups[*at.get()].stages.push(stage),
            Entry::Vacant(place) => {
                place.insert(groups.len());
                groups.push(Change { stages: vec![stage], path, old, new });
            }
        }
    }
    groups.into_iter().map(|c| Change { stages: collapsed(&c.stages, all), ..c }).collect()
}

/// Names of stages, those of all cells of one as its own.
pub fn collapsed(names: &[String], all: &BTreeSet<&str>) -> Vec<String> {
    let mut cells: HashMap<&str, [usize; 2]> = HashMap::new();
    names.iter().for_each(|name| cells.entry(base(name)).or_default()[0] += 1);
    all.iter().for_each(|name| cells.entry(base(name)).or_default()[1] += 1);
    let (mut out, mut seen) = (vec![], HashSet::new());
    for name in names {
        let [named, there] = cells[base(name)];
        let shown = if named == there { base(name) } else { name };
        if seen.insert(shown) {
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
