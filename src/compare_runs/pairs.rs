//! Which stage of one run is compared with which of the other: those of one name, and cells of one stage under other axes, so that a
//! parameter is compared by its value wherever the study sets it. Knows nothing of results.

use super::{Found, as_recipe, word};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The resolved stages of a run, by name.
type Stages = BTreeMap<String, Value>;

/// A stage of the first run and one of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair<'a> {
    pub(super) old: &'a str,
    pub(super) new: &'a str,
}

impl Pair<'_> {
    /// What it is called: the name with more coordinates, which is that of no other pair.
    pub(super) fn name(&self) -> String {
        let of = |name: &str| name.matches('/').count();
        match of(self.old).cmp(&of(self.new)) {
            _ if self.old == self.new => self.old.to_owned(),
            std::cmp::Ordering::Greater => self.old.to_owned(),
            std::cmp::Ordering::Less => self.new.to_owned(),
            std::cmp::Ordering::Equal => format!("{} → {}", self.old, self.new),
        }
    }
    /// True if the two have other axes.
    pub(super) fn is_moved(&self) -> bool {
        self.old != self.new
    }
}

/// All pairs. Of cells under other axes, each goes with the one whose parameters differ least; where an axis was added or removed,
/// several go with one.
pub(super) fn pairs<'a>(old: &'a Stages, new: &'a Stages) -> Vec<Pair<'a>> {
    let mut out: Vec<Pair> = old.keys().filter(|name| new.contains_key(*name)).map(|name| Pair { old: name, new: name }).collect();
    let only = |of: &'a Stages, other: &Stages| of.keys().filter(|name| !other.contains_key(*name)).map(String::as_str).collect::<Vec<&str>>();
    let (removed, added) = (only(old, new), only(new, old));
    let mut found: BTreeSet<Pair> = BTreeSet::new();
    for name in &added {
        let like = removed.iter().filter(|other| may_be_compared((other, &old[**other]), (name, &new[*name])));
        found.extend(like.min_by_key(|other| distance(&old[**other], &new[*name])).map(|other| Pair { old: other, new: name }));
    }
    for name in &removed {
        if found.iter().any(|pair| pair.old == *name) {
            continue;
        }
        let like = added.iter().filter(|other| may_be_compared((name, &old[*name]), (other, &new[**other])));
        found.extend(like.min_by_key(|other| distance(&old[*name], &new[**other])).map(|other| Pair { old: name, new: other }));
    }
    out.extend(found);
    out
}

/// What the study says differently of the stages of these pairs: parameters, seeds and bindings. A binding to a cell that is compared
/// with the other's is the same.
pub(super) fn differences(old: &Stages, new: &Stages, pairs: &[Pair]) -> Vec<Found> {
    let known: BTreeSet<Pair> = pairs.iter().copied().collect();
    let of_pair = |pair: &Pair| {
        let (before, mut after) = (&old[pair.old], new[pair.new].clone());
        for (port, bound) in after.get_mut("in").and_then(Value::as_object_mut).into_iter().flatten() {
            same(&before["in"][port.as_str()], bound, &known);
        }
        let changes = as_recipe(&after).differences(&as_recipe(before));
        let path = |d: &hilum_cache::recipe::Difference| if d.path.is_empty() { word(d.part).to_owned() } else { d.path.clone() };
        changes.into_iter().map(|d| (pair.name(), path(&d), d.old, d.new)).collect::<Vec<Found>>()
    };
    pairs.iter().flat_map(of_pair).collect()
}

/// Writes the binding of the first run in place of that of the second where both are of stages that are compared.
fn same(old: &Value, new: &mut Value, known: &BTreeSet<Pair>) {
    match (old, new) {
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => old.iter().zip(new).for_each(|(old, new)| same(old, new, known)),
        (Value::String(old), Value::String(new)) => {
            let ([before, from], [after, to]) = (output(old), output(new));
            if from == to && known.contains(&Pair { old: &before, new: &after }) {
                new.clone_from(old);
            }
        }
        _ => {}
    }
}

/// The stage of `stage.port/axis=value`, and the port.
fn output(text: &str) -> [String; 2] {
    let (head, cell) = text.split_once('/').map_or((text, String::new()), |(head, cell)| (head, format!("/{cell}")));
    let (stage, port) = head.split_once('.').unwrap_or((head, ""));
    [format!("{stage}{cell}"), port.to_owned()]
}

/// True for cells of one stage under other axes that agree in those which both have.
fn may_be_compared((old, before): (&str, &Value), (new, after): (&str, &Value)) -> bool {
    let axes =
        |name: &str| name.split('/').skip(1).filter_map(|axis| axis.split_once('=')).map(|(a, v)| (a.to_owned(), v.to_owned())).collect::<BTreeMap<_, _>>();
    let (a, b) = (axes(old), axes(new));
    let is_one = old.split('/').next() == new.split('/').next() && before["stage"] == after["stage"];
    is_one && !a.keys().eq(b.keys()) && a.iter().all(|(axis, value)| b.get(axis).is_none_or(|other| other == value))
}

/// How many parameters differ.
fn distance(old: &Value, new: &Value) -> usize {
    let parameters = |stage: &Value| as_recipe(&serde_json::json!({ "stage": stage["stage"], "with": stage["with"] }));
    parameters(new).differences(&parameters(old)).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stages(all: &[(&str, Value)]) -> Stages {
        all.iter().map(|(name, stage)| ((*name).to_owned(), stage.clone())).collect()
    }

    fn trained(rate: f64) -> Value {
        json!({ "stage": "train-classifier", "with": { "rate": rate, "epochs": 2 } })
    }

    fn found(old: &Stages, new: &Stages) -> Vec<(String, String, Value, Value)> {
        differences(old, new, &pairs(old, new))
    }

    #[test]
    fn a_parameter_that_moved_to_an_axis_is_compared_by_its_value() {
        let one = stages(&[("c", trained(0.1)), ("s", json!({ "stage": "evaluate", "in": { "weights": "c.weights" }, "with": {} }))]);
        let tested = |cell: &str| json!({ "stage": "evaluate", "in": { "weights": format!("c.weights/rate={cell}") }, "with": {} });
        let several = stages(&[("c/rate=a", trained(0.1)), ("c/rate=b", trained(0.2)), ("s/rate=a", tested("a")), ("s/rate=b", tested("b"))]);
        assert_eq!(found(&one, &several), [("c/rate=b".to_owned(), "rate".to_owned(), json!(0.1), json!(0.2))], "added");
        assert_eq!(found(&several, &one), [("c/rate=b".to_owned(), "rate".to_owned(), json!(0.2), json!(0.1))], "removed");
        let other = stages(&[("c/rate=a", trained(0.3)), ("s/rate=a", tested("a"))]);
        assert_eq!(found(&one, &other), [("c/rate=a".to_owned(), "rate".to_owned(), json!(0.1), json!(0.3))], "moved and changed");
    }

    #[test]
    fn cells_agree_in_the_axes_that_both_have_and_another_value_of_an_axis_is_another_cell() {
        let names = |old: &[&str], new: &[&str]| {
            let of = |names: &[&str]| stages(&names.iter().map(|name| (*name, trained(0.1))).collect::<Vec<_>>());
            let (old, new) = (of(old), of(new));
            pairs(&old, &new).iter().map(|pair| (pair.old.to_owned(), pair.new.to_owned())).collect::<Vec<_>>()
        };
        let pair = |old: &str, new: &str| (old.to_owned(), new.to_owned());
        let both = names(&["c/arm=a", "c/arm=b"], &["c/arm=a/fold=0", "c/arm=b/fold=0"]);
        assert_eq!(both, [pair("c/arm=a", "c/arm=a/fold=0"), pair("c/arm=b", "c/arm=b/fold=0")]);
        assert_eq!(names(&["c/arm=a", "c/arm=b"], &["c/arm=a", "c/arm=c"]), [pair("c/arm=a", "c/arm=a")]);
        assert_eq!(names(&["c"], &["d/arm=a"]), []);
        assert_eq!(Pair { old: "c/x=1", new: "c/y=1" }.name(), "c/x=1 → c/y=1");
    }
}
