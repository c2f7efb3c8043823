//! Why a metric is another one: the walk from its table upwards, by what differs. A stage is looked at if its outputs differ, and left by
//! the inputs that differ in its recipe; what else differs of it is a cause. So nothing is named that had no way to the metric, and a
//! metric at the end of no way is said to be unexpected.

use super::pairs::{Pair, bound, pairs};
use super::{Comparison, word};
use hilum_cache::Receipt;
use hilum_cache::recipe::{Input, Part};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// What sort of change a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// A parameter, a binding or the kind of a stage.
    Parameters,
    /// A seed.
    Seeds,
    /// What was imported.
    Data,
    /// The program, or the version of a kind.
    Code,
    /// The machine, or how it was used.
    Environment,
}

impl Sort {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Sort::Parameters => "parameters",
            Sort::Seeds => "seeds",
            Sort::Data => "data",
            Sort::Code => "code",
            Sort::Environment => "environment",
        }
    }
}

/// Something that differs, at a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// What sort of change it is.
    pub sort: Sort,
    /// The stage, by the name of its pair.
    pub stage: String,
    /// What differs.
    pub path: String,
    /// Before.
    pub old: Value,
    /// After.
    pub new: Value,
}

/// What a metric can have changed by.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Explanation {
    /// Places in [`Causes::all`].
    pub causes: BTreeSet<usize>,
    /// Stages above it of which one of the runs records no result or no binding.
    pub unknown: BTreeSet<String>,
}

impl Explanation {
    /// True if nothing is recorded that it could follow from.
    pub fn is_unexpected(&self) -> bool {
        self.causes.is_empty() && self.unknown.is_empty()
    }
}

/// The causes of all metrics that differ.
#[derive(Debug, Default)]
pub struct Causes {
    /// Each once, in the order in which they are met.
    pub all: Vec<Cause>,
    /// One for each of [`Comparison::metrics`].
    pub of_metrics: Vec<Explanation>,
}

/// Finds what each metric that differs could follow from.
pub fn causes(c: &Comparison) -> Causes {
    let compared = pairs(&c.old, &c.new);
    let mut walk = Walk { c, at: HashMap::new(), of_old: HashMap::new(), places: HashMap::new(), all: vec![] };
    for pair in &compared {
        walk.at.insert(pair.name(), *pair);
        walk.of_old.entry(pair.old).or_default().push(*pair);
    }
    let mut known: HashMap<&str, Explanation> = HashMap::new();
    let of = |stage| known.entry(stage).or_insert_with(|| walk.explain(stage)).clone();
    let of_metrics = c.metrics.iter().map(|metric| metric.stage.as_str()).map(of).collect();
    Causes { all: walk.all, of_metrics }
}

struct Walk<'a> {
    c: &'a Comparison,
    at: HashMap<String, Pair<'a>>,
    of_old: HashMap<&'a str, Vec<Pair<'a>>>,
    /// Where a cause stands in `all`: by its sort, its stage and its path.
    places: HashMap<(Sort, String, String), usize>,
    all: Vec<Cause>,
}

impl<'a> Walk<'a> {
    fn explain(&mut self, stage: &str) -> Explanation {
        let mut out = Explanation::default();
        let Some(first) = self.at.get(stage).copied() else { return Explanation { unknown: [stage.to_owned()].into(), ..out } };
        let (mut next, mut seen) = (vec![first], BTreeSet::from([first]));
        while let Some(pair) = next.pop() {
            let both = (self.c.old.receipts.get(pair.old), self.c.new.receipts.get(pair.new));
            let (Some(before), Some(after)) = both else {
                out.unknown.insert(pair.name());
                continue;
            };
            if before.outputs == after.outputs {
                continue;
            }
            for port in self.own(pair, before, after, &mut out) {
                let is_looked_up = |receipt: &Receipt| matches!(receipt.recipe.inputs.get(&port), Some(Input::Lookup { .. }));
                let is_list = is_looked_up(before) && is_looked_up(after);
                next.extend(self.above(pair, &port, is_list, &mut out).into_iter().filter(|above| seen.insert(*above)));
            }
        }
        out
    }

    /// Takes what differs of a stage itself; gives the inputs that differ.
    fn own(&mut self, pair: Pair, before: &Receipt, after: &Receipt, out: &mut Explanation) -> Vec<String> {
        let mut ports = vec![];
        for d in after.recipe.differences(&before.recipe) {
            let sort = match d.part {
                Part::Input => {
                    ports.push(d.path);
                    continue;
                }
                Part::Kind | Part::Parameter => Sort::Parameters,
                Part::Seed => Sort::Seeds,
                Part::Source | Part::Pseudonyms => Sort::Data,
                Part::Version => Sort::Code,
                Part::Engine => Sort::Environment,
            };
            let path = if d.path.is_empty() { word(d.part).to_owned() } else { d.path };
            self.take(sort, pair, &path, d.old, d.new, out);
        }
        let (a, b) = (&before.environment, &after.environment);
        let mut others = vec![
            (Sort::Code, "program", json!(a.program), json!(b.program)),
            (Sort::Code, "commit", json!(a.commit), json!(b.commit)),
            (Sort::Code, "dirty", json!(a.dirty), json!(b.dirty)),
            (Sort::Code, "lockfile", json!(a.lockfile), json!(b.lockfile)),
            (Sort::Environment, "toolchain", json!(a.toolchain), json!(b.toolchain)),
            (Sort::Environment, "fingerprint", json!(a.fingerprint), json!(b.fingerprint)),
        ];
        // Results do not depend on them, unless something is wrong: they are named where one recipe has two results.
        if before.key == after.key {
            others.push((Sort::Environment, "threads", json!(a.threads), json!(b.threads)));
        }
        for (sort, path, old, new) in others.into_iter().filter(|(_, _, old, new)| old != new) {
            self.take(sort, pair, path, old, new, out);
        }
        ports
    }

    /// The stages from which an input that differs came, as far as their outputs differ. Where none of them explains it, what is bound
    /// there differs; but for a list of images, which may be another one since the tables at other inputs are.
    fn above(&mut self, pair: Pair<'a>, port: &str, is_list: bool, out: &mut Explanation) -> Vec<Pair<'a>> {
        let (old, new) = (&self.c.old.stages[pair.old], &self.c.new.stages[pair.new]);
        let (before, after) = (bound(old, port), bound(new, port));
        if before.is_empty() && after.is_empty() {
            out.unknown.insert(pair.name());
            return vec![];
        }
        let (mut found, mut taken, mut is_bound_alike) = (vec![], BTreeSet::new(), true);
        for [stage, output] in &before {
            let others = self.of_old.get(stage.as_str()).into_iter().flatten();
            let mut others = others.filter(|other| after.iter().any(|[new, of]| *new == other.new && of == output)).copied().peekable();
            is_bound_alike &= others.peek().is_some();
            for other in others {
                taken.insert((other.new, output.clone()));
                found.push(other);
            }
        }
        is_bound_alike &= after.iter().all(|[stage, output]| taken.contains(&(stage.as_str(), output.clone())));
        let outputs = |pair: &Pair| (self.c.old.receipts.get(pair.old).map(|r| &r.outputs), self.c.new.receipts.get(pair.new).map(|r| &r.outputs));
        let is_explained = found.iter().any(|pair| matches!(outputs(pair), (None, _) | (_, None)) || outputs(pair).0 != outputs(pair).1);
        if !is_bound_alike || !is_explained && !is_list {
            let [old, new] = [old, new].map(|stage| stage["in"][port].clone());
            self.take(Sort::Parameters, pair, &format!("in.{port}"), old, new, out);
        }
        found
    }

    fn take(&mut self, sort: Sort, pair: Pair, path: &str, old: Value, new: Value, out: &mut Explanation) {
        let place = (sort, pair.name(), path.to_owned());
        let at = *self.places.entry(place).or_insert_with(|| {
            self.all.push(Cause { sort, stage: pair.name(), path: path.to_owned(), old, new });
            self.all.len() - 1
        });
        out.causes.insert(at);
    }
}
