//! Who reached what, in the plainest way: for the images of one patient, from each result back along its receipts, with sets of digests.
//! Nothing of the index is used, and nothing is shared between questions.

mod walk;

use super::drawn::{Content, Row, Store};
use hilum::patients::Gap;
use hilum_cache::Digest;
use hilum_cache::recipe::Input;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

type Images = BTreeSet<Digest>;
type Spaces = Option<BTreeSet<String>>;
type Name = (String, bool, String);

/// What was found of an output.
#[derive(Debug, Clone, Default)]
pub struct Walked {
    pub contains: Images,
    pub influenced: Images,
    pub gaps: BTreeSet<Gap>,
    generators: BTreeMap<Digest, (Images, BTreeSet<Gap>)>,
}

pub struct Plain<'a> {
    store: &'a Store,
    /// Namespaces that know a token.
    known: BTreeMap<String, BTreeSet<String>>,
    names: BTreeSet<Name>,
    /// Names of one patient.
    same: Vec<((String, String), (String, String))>,
    unclear: BTreeSet<String>,
    all_unclear: bool,
    /// Generators that any row names of an image.
    of_image: BTreeMap<Digest, BTreeSet<Digest>>,
}

/// One question.
struct Walk<'a> {
    plain: &'a Plain<'a>,
    mine: &'a Images,
    known: RefCell<HashMap<(usize, String, usize), Rc<BTreeMap<String, Walked>>>>,
    /// Where it is, and whether it came back to where it was.
    above: RefCell<BTreeSet<(usize, String, usize)>>,
    is_cyclic: Cell<bool>,
}

impl<'a> Plain<'a> {
    pub fn of(store: &'a Store) -> Plain<'a> {
        let (known, names, same) = (BTreeMap::new(), BTreeSet::new(), vec![]);
        let mut plain = Plain { store, known, names, same, unclear: BTreeSet::new(), all_unclear: false, of_image: BTreeMap::new() };
        for (run, stage, at) in plain.results() {
            let receipt = &store.receipts[at];
            let Some(space) = plain.spaces(run, &stage).and_then(|s| s.first().cloned()).filter(|_| receipt.inputs.is_empty()) else { continue };
            for output in receipt.outputs.values() {
                if let Some(rows) = plain.rows(&output.digest).filter(|_| output.kind == "samples") {
                    for row in rows.iter().filter(|row| !row.token.is_empty()) {
                        plain.known.entry(row.token.clone()).or_default().insert(space.clone());
                        plain.names.insert((space.clone(), false, row.token.clone()));
                    }
                }
                if output.kind == "patients" && store.gone.contains(&output.digest) {
                    plain.unclear.insert(space.clone());
                }
                if let Some(Content::Patients(rows)) = plain.content(&output.digest) {
                    for (token, pseudonym) in rows {
                        plain.known.entry(token.clone()).or_default().insert(space.clone());
                        plain.names.insert((space.clone(), false, token.clone()));
                        plain.names.insert((space.clone(), true, pseudonym.clone()));
                        plain.same.push(((space.clone(), token.clone()), (space.clone(), pseudonym.clone())));
                    }
                }
            }
        }
        for (run, stage, at) in plain.results() {
            let spaces = plain.spaces(run, &stage);
            for output in store.receipts[at].outputs.values() {
                if let Some(Content::Joined(pairs)) = store.contents.get(&output.digest) {
                    if store.gone.contains(&output.digest) {
                        plain.all_unclear |= spaces.is_none();
                        plain.unclear.extend(spaces.clone().unwrap_or_default());
                        continue;
                    }
                    for (a, b) in pairs {
                        let names = [plain.meant(a, &spaces), plain.meant(b, &spaces)].concat();
                        plain.same.extend(names.iter().map(|name| (name.clone(), names[0].clone())));
                    }
                }
            }
        }
        for receipt in &store.receipts {
            let rows: Vec<&Row> = receipt.outputs.values().filter_map(|o| plain.rows(&o.digest)).flatten().collect();
            for row in rows {
                plain.of_image.entry(row.image).or_default().extend(row.generator);
            }
        }
        plain
    }

    fn content(&self, digest: &Digest) -> Option<&'a Content> {
        self.store.contents.get(digest).filter(|_| !self.store.gone.contains(digest))
    }

    fn rows(&self, digest: &Digest) -> Option<&'a Vec<Row>> {
        if let Some(Content::Samples(rows)) = self.content(digest) { Some(rows) } else { None }
    }

    /// Every stage of every run that has a receipt.
    fn results(&self) -> Vec<(usize, String, usize)> {
        let of = |run: usize| self.store.runs[run].keys.keys().filter_map(move |stage| Some((run, stage.clone(), self.store.result(run, stage)?)));
        (0..self.store.runs.len()).flat_map(of).collect()
    }

    fn bound(&self, run: usize, stage: &str) -> Vec<(String, Vec<(String, String)>)> {
        let bound = self.store.runs[run].graph.as_ref().and_then(|graph| graph.get(stage));
        bound.cloned().unwrap_or_default().into_iter().collect()
    }

    fn spaces(&self, run: usize, stage: &str) -> Spaces {
        let receipt = self.store.result(run, stage).map(|at| &self.store.receipts[at]);
        let is_lookup = |port: &str| receipt.is_some_and(|r| matches!(r.inputs.get(port), Some(Input::Lookup { .. })));
        let all = self.bound(run, stage).into_iter().flat_map(|(port, from)| from.into_iter().map(move |from| (port.clone(), from)));
        let from: Vec<(String, String)> = all.filter(|(port, from)| !is_lookup(port) || self.is_table(run, from)).map(|(_, from)| from).collect();
        if !from.is_empty() {
            let all: Option<Vec<BTreeSet<String>>> = from.iter().map(|(stage, _)| self.spaces(run, stage)).collect();
            return Some(all?.into_iter().flatten().collect());
        }
        let receipt = receipt.filter(|r| r.inputs.is_empty())?;
        if receipt.kind != "import" {
            return Some(["drawn".to_owned()].into());
        }
        let recorded = self.store.runs[run].graph.as_ref().and_then(|graph| graph.get(stage)).and_then(|_| self.store.runs[run].with.get(stage));
        let directory = recorded.filter(|with| with["patients"].is_null()).map(|with| format!("directory:{}", with["images"].as_str().unwrap()));
        let declared = receipt.parameters["patients"].as_str().map(|name| format!("name:{name}"));
        Some([directory.or(declared).unwrap_or_default()].into())
    }

    /// True if an output of a run is a table of samples.
    fn is_table(&self, run: usize, (stage, port): &(String, String)) -> bool {
        let made = self.store.result(run, stage).and_then(|at| self.store.receipts[at].outputs.get(port));
        made.is_some_and(|output| output.kind == "samples")
    }

    /// Whom a token means.
    fn meant(&self, token: &str, spaces: &Spaces) -> Vec<(String, String)> {
        let known = self.known.get(token).cloned().unwrap_or_default();
        let mut within: Vec<String> = match spaces {
            None => known.into_iter().collect(),
            Some(spaces) => known.intersection(spaces).cloned().collect(),
        };
        if within.is_empty() {
            within.push(spaces.as_ref().and_then(|s| s.first().cloned()).unwrap_or_default());
        }
        within.into_iter().map(|space| (space, token.to_owned())).collect()
    }

    /// All names of one patient, those that no table has, too.
    fn closure(&self, of: &BTreeSet<(String, String)>) -> BTreeSet<(String, String)> {
        let mut all = of.clone();
        loop {
            let before = all.len();
            for (a, b) in &self.same {
                if all.contains(a) || all.contains(b) {
                    all.extend([a.clone(), b.clone()]);
                }
            }
            if all.len() == before {
                return all;
            }
        }
    }

    /// Patients who have a name, by all of their names.
    pub fn people(&self) -> BTreeSet<BTreeSet<Name>> {
        let group = |name: &Name| {
            let all = self.closure(&[(name.0.clone(), name.2.clone())].into());
            self.names.iter().filter(|n| all.contains(&(n.0.clone(), n.2.clone()))).cloned().collect()
        };
        self.names.iter().map(group).collect()
    }

    pub fn pseudonyms(&self) -> BTreeSet<String> {
        self.names.iter().filter(|name| name.1).map(|name| name.2.clone()).collect()
    }

    /// Images that some row of some table files under one of these names.
    pub fn images_of(&self, names: &BTreeSet<Name>) -> Images {
        let all = self.closure(&names.iter().map(|name| (name.0.clone(), name.2.clone())).collect());
        self.images(&|row, spaces| !row.token.is_empty() && self.meant(&row.token, spaces).iter().any(|name| all.contains(name)))
    }

    pub fn images_of_nobody(&self) -> Images {
        self.images(&|row, _| row.token.is_empty())
    }

    pub fn all_images(&self) -> Images {
        self.images(&|_, _| true)
    }

    fn images(&self, is_it: &dyn Fn(&Row, &Spaces) -> bool) -> Images {
        let mut out = Images::new();
        for (run, stage, at) in self.results() {
            let spaces = self.spaces(run, &stage);
            for output in self.store.receipts[at].outputs.values().filter(|o| o.kind == "samples") {
                out.extend(self.rows(&output.digest).into_iter().flatten().filter(|row| is_it(row, &spaces)).map(|row| row.image));
            }
        }
        out
    }

    /// True for a result of the newest graph of its study.
    pub fn is_current(&self, run: usize, stage: &str) -> bool {
        let study = &self.store.runs[run].study;
        let of_study: Vec<usize> = (0..self.store.runs.len()).filter(|r| self.store.runs[*r].study == *study).collect();
        let newest = &self.store.runs[*of_study.last().unwrap()];
        let stages: BTreeSet<&String> = newest.graph.as_ref().map_or(newest.keys.keys().collect(), |graph| graph.keys().collect());
        let last = of_study.iter().rev().find(|r| self.store.runs[**r].keys.contains_key(stage));
        stages.iter().any(|s| *s == stage) && last == Some(&run)
    }

    /// What these images have to do with every output of every run.
    pub fn walk(&self, mine: &Images) -> Vec<(usize, String, String, Option<Digest>, Walked)> {
        self.walked(mine).expect("no stage is above itself")
    }

    /// True if a stage is above itself, by stages that gave equal bytes.
    pub fn is_cyclic(&self) -> bool {
        self.walked(&Images::new()).is_none()
    }

    fn walked(&self, mine: &Images) -> Option<Vec<(usize, String, String, Option<Digest>, Walked)>> {
        let walk = Walk { plain: self, mine, known: RefCell::default(), above: RefCell::default(), is_cyclic: Cell::default() };
        let mut out = vec![];
        for (run, record) in self.store.runs.iter().enumerate() {
            for stage in record.keys.keys() {
                let Some(at) = self.store.result(run, stage) else {
                    out.push((run, stage.clone(), String::new(), None, Walked { gaps: [Gap::Record].into(), ..Walked::default() }));
                    continue;
                };
                for (port, walked) in walk.stage(run, stage, at).iter() {
                    out.push((run, stage.clone(), port.clone(), Some(self.store.receipts[at].outputs[port].digest), walked.clone()));
                }
            }
        }
        (!walk.is_cyclic.get()).then_some(out)
    }
}
