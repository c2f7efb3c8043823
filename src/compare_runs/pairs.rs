//! Which stage of one run is compared with which of the other: those of one name, and cells of one stage under other axes, so that a
//! parameter is compared by its value wherever the study sets it. Knows nothing of results.

use super::{Found, Record, as_recipe, word};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// All pairs. Cells of one stage under other axes are compared if they agree in the axes that both have: first one with one, those that
/// differ least; and if an axis was added, so that there are more of them, each of the others with the one of the first run that it
/// differs least from. If an axis was removed, cells that are left have no counterpart: what continues them is compared with another.
pub(super) fn pairs<'a>(old: &'a Record, new: &'a Record) -> Vec<Pair<'a>> {
    let mut out: Vec<Pair> = old.stages.keys().filter(|name| new.stages.contains_key(*name)).map(|name| Pair { old: name, new: name }).collect();
    let unmoved = out.len();
    let mut known: BTreeSet<Pair> = out.iter().copied().collect();
    let removed = by_base(old, new);
    let added = by_base(new, old);
    // Those above come first, so that what is bound to a stage is compared already.
    let mut bases: Vec<&str> = added.keys().copied().filter(|base| removed.contains_key(base)).collect();
    let places: HashMap<&str, usize> = new.order.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    bases.sort_by_cached_key(|base| (added[base].iter().filter_map(|cell| places.get(cell.name)).min().copied(), (*base).to_owned()));
    for base in bases {
        let mut found = vec![];
        for (removed, added) in groups(&removed[base], &added[base]) {
            found.extend(matched(&removed, &added, &known));
        }
        known.extend(&found);
        out.extend(found);
    }
    out[unmoved..].sort();
    out
}

/// A cell that only one of the runs has.
#[derive(Clone)]
struct Cell<'a> {
    name: &'a str,
    stage: &'a Value,
    axes: BTreeMap<&'a str, &'a str>,
}

/// Cells of the first run and of the second.
type Group<'a> = (Vec<Cell<'a>>, Vec<Cell<'a>>);

/// The stages that another run does not have, by their names without cells.
fn by_base<'a>(of: &'a Record, other: &Record) -> BTreeMap<&'a str, Vec<Cell<'a>>> {
    let mut out: BTreeMap<&str, Vec<Cell>> = BTreeMap::new();
    for (name, stage) in of.stages.iter().filter(|(name, _)| !other.stages.contains_key(*name)) {
        let axes = name.split('/').skip(1).filter_map(|axis| axis.split_once('=')).collect();
        out.entry(name.split('/').next().unwrap_or_default()).or_default().push(Cell { name, stage, axes });
    }
    out
}

/// Cells of both runs that agree in the axes that both have: one group for each kind of stage and for each of their values. The axes are
/// those of most cells; what has others is compared with nothing.
fn groups<'a>(removed: &[Cell<'a>], added: &[Cell<'a>]) -> Vec<Group<'a>> {
    let axes = |cells: &[Cell<'a>]| cells.first().map(|cell| cell.axes.keys().copied().collect::<BTreeSet<&str>>()).unwrap_or_default();
    let common: BTreeSet<&str> = axes(removed).intersection(&axes(added)).copied().collect();
    let place = |cell: &Cell<'a>| {
        let values: Option<Vec<&str>> = common.iter().map(|axis| cell.axes.get(axis).copied()).collect();
        values.map(|values| (cell.stage["stage"].as_str().unwrap_or_default(), values))
    };
    let mut out: BTreeMap<_, Group> = BTreeMap::new();
    for cell in removed {
        if let Some(place) = place(cell) {
            out.entry(place).or_default().0.push(cell.clone());
        }
    }
    for cell in added {
        if let Some(place) = place(cell) {
            out.entry(place).or_default().1.push(cell.clone());
        }
    }
    // Cells with the same axes have another value in one of them, or are written in another order: then they are one.
    out.into_values().filter(|(removed, added)| !removed.is_empty() && !added.is_empty()).collect()
}

/// Pairs of a group that are looked at; of more, cells are compared in the order of their names.
const RANKED: usize = 250_000;

/// The pairs of a group.
fn matched<'a>(removed: &[Cell<'a>], added: &[Cell<'a>], known: &BTreeSet<Pair>) -> Vec<Pair<'a>> {
    if removed.len().saturating_mul(added.len()) > RANKED {
        let olds = removed.iter().chain(removed.last().into_iter().cycle());
        return added.iter().zip(olds).map(|(new, old)| Pair { old: old.name, new: new.name }).collect();
    }
    let mut all: Vec<(Rank, &Cell, &Cell)> = vec![];
    for new in added {
        all.extend(removed.iter().filter(|old| old.axes == new.axes || !old.axes.keys().eq(new.axes.keys())).map(|old| (rank(old, new, known), old, new)));
    }
    all.sort_by(|a, b| (&a.0, a.1.name, a.2.name).cmp(&(&b.0, b.1.name, b.2.name)));
    let (mut out, mut olds, mut news) = (vec![], BTreeSet::new(), BTreeSet::new());
    for (_, old, new) in &all {
        if !olds.contains(old.name) && !news.contains(new.name) {
            olds.insert(old.name);
            news.insert(new.name);
            out.push(Pair { old: old.name, new: new.name });
        }
    }
    for (_, old, new) in &all {
        if news.insert(new.name) {
            out.push(Pair { old: old.name, new: new.name });
        }
    }
    out
}

/// How much two cells differ: in parameters, then in what is bound to them, then in the seed.
type Rank = (usize, usize, bool);

fn rank(old: &Cell, new: &Cell, known: &BTreeSet<Pair>) -> Rank {
    let ports = |stage: &Value| stage["in"].as_object().into_iter().flatten().map(|(port, _)| port.clone()).collect::<BTreeSet<String>>();
    let mut unlike = 0;
    for port in ports(old.stage).union(&ports(new.stage)) {
        let (before, after) = (bound(old.stage, port), bound(new.stage, port));
        let is_known = |a: &[String; 2], b: &[String; 2]| a[1] == b[1] && (a[0] == b[0] || known.contains(&Pair { old: &a[0], new: &b[0] }));
        unlike += after.iter().filter(|b| !before.iter().any(|a| is_known(a, b))).count();
    }
    (distance(old.stage, new.stage), unlike, old.stage["seed"] != new.stage["seed"])
}

/// The outputs that are bound to a port, each as its stage and its port.
pub(super) fn bound(stage: &Value, port: &str) -> Vec<[String; 2]> {
    match &stage["in"][port] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(output).collect(),
        Value::String(one) => vec![output(one)],
        _ => vec![],
    }
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

/// How many parameters differ.
fn distance(old: &Value, new: &Value) -> usize {
    let parameters = |stage: &Value| as_recipe(&serde_json::json!({ "stage": stage["stage"], "with": stage["with"] }));
    parameters(new).differences(&parameters(old)).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A run with these stages, in this order.
    fn stages(all: &[(&str, Value)]) -> Record {
        let stages = all.iter().map(|(name, stage)| ((*name).to_owned(), stage.clone())).collect();
        Record { stages, order: all.iter().map(|(name, _)| (*name).to_owned()).collect(), ..Record::default() }
    }

    fn trained(rate: f64) -> Value {
        json!({ "stage": "train-classifier", "with": { "rate": rate, "epochs": 2 } })
    }

    fn found(old: &Record, new: &Record) -> Vec<(String, String, Value, Value)> {
        differences(&old.stages, &new.stages, &pairs(old, new))
    }

    fn paired(old: &Record, new: &Record) -> Vec<(String, String)> {
        pairs(old, new).iter().map(|pair| (pair.old.to_owned(), pair.new.to_owned())).collect()
    }

    fn pair(old: &str, new: &str) -> (String, String) {
        (old.to_owned(), new.to_owned())
    }

    #[test]
    fn a_parameter_that_moved_to_an_axis_is_compared_by_its_value() {
        let one = stages(&[("c", trained(0.1)), ("s", json!({ "stage": "evaluate", "in": { "weights": "c.weights" }, "with": {} }))]);
        let tested = |cell: &str| json!({ "stage": "evaluate", "in": { "weights": format!("c.weights/rate={cell}") }, "with": {} });
        let several = stages(&[("c/rate=a", trained(0.1)), ("c/rate=b", trained(0.2)), ("s/rate=a", tested("a")), ("s/rate=b", tested("b"))]);
        assert_eq!(found(&one, &several), [("c/rate=b".to_owned(), "rate".to_owned(), json!(0.1), json!(0.2))], "added");
        assert_eq!(found(&several, &one), [], "removed: what is left is what it was");
        assert_eq!(paired(&several, &one), [pair("c/rate=a", "c"), pair("s/rate=a", "s")], "the other cell has no counterpart");
        let other = stages(&[("c/rate=a", trained(0.3)), ("s/rate=a", tested("a"))]);
        assert_eq!(found(&one, &other), [("c/rate=a".to_owned(), "rate".to_owned(), json!(0.1), json!(0.3))], "moved and changed");
    }

    #[test]
    fn cells_agree_in_the_axes_that_both_have_and_another_value_of_an_axis_is_another_cell() {
        let names = |old: &[&str], new: &[&str]| {
            let of = |names: &[&str]| stages(&names.iter().map(|name| (*name, trained(0.1))).collect::<Vec<_>>());
            paired(&of(old), &of(new))
        };
        let both = names(&["c/arm=a", "c/arm=b"], &["c/arm=a/fold=0", "c/arm=b/fold=0"]);
        assert_eq!(both, [pair("c/arm=a", "c/arm=a/fold=0"), pair("c/arm=b", "c/arm=b/fold=0")]);
        assert_eq!(names(&["c/arm=a", "c/arm=b"], &["c/arm=a", "c/arm=c"]), [pair("c/arm=a", "c/arm=a")]);
        assert_eq!(names(&["c"], &["d/arm=a"]), []);
        assert_eq!(names(&["c/arm=a/fold=0"], &["c/fold=0/arm=a"]), [pair("c/arm=a/fold=0", "c/fold=0/arm=a")], "one cell, written otherwise");
        let others = names(&["c/repeat=0", "c/repeat=1"], &["c/fold=0", "c/fold=1", "c/fold=2"]);
        assert_eq!(others, [pair("c/repeat=0", "c/fold=0"), pair("c/repeat=0", "c/fold=2"), pair("c/repeat=1", "c/fold=1")], "one with one, first");
        assert_eq!(Pair { old: "c/x=1", new: "c/y=1" }.name(), "c/x=1 → c/y=1");
    }

    /// Cells of an evaluation have the same parameters: which of them goes on is said by what is bound to them.
    #[test]
    fn when_an_axis_is_removed_everything_continues_the_same_cell() {
        let tested = |of: &str| json!({ "stage": "evaluate", "in": { "weights": of }, "with": {} });
        let several = stages(&[
            ("c/rate=a", trained(0.1)),
            ("c/rate=b", trained(0.2)),
            ("a/rate=a", tested("c.weights/rate=a")),
            ("a/rate=b", tested("c.weights/rate=b")),
        ]);
        let one = stages(&[("c", trained(0.2)), ("a", tested("c.weights"))]);
        assert_eq!(paired(&several, &one), [pair("a/rate=b", "a"), pair("c/rate=b", "c")]);
        assert_eq!(found(&several, &one), []);
    }

    #[test]
    fn thousands_of_cells_are_paired_at_once() {
        let cells = |name: fn(usize) -> String| {
            let all: Vec<(String, Value)> = (0..6000).map(|n| (name(n), trained(n as f64))).collect();
            stages(&all.iter().map(|(name, stage)| (name.as_str(), stage.clone())).collect::<Vec<_>>())
        };
        let began = std::time::Instant::now();
        let (old, new) = (cells(|n| format!("c/rate={n}")), cells(|n| format!("c/rate={n}/fold=0")));
        assert_eq!(pairs(&old, &new).len(), 6000);
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }
}
