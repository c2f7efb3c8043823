//! Composes the index from a store: reads its tables, joins names, follows the graphs, and numbers images patient by patient.

use super::compose::Composer;
use super::erased::Erasures;
use super::flow::Flow;
use super::gaps::{Gap, Gaps};
use super::index::{Evidence, Head, Name, Parts, Person, Reach, Recorded, Tombstone};
use super::people::{NO_PERSON, NameOf, People};
use super::resolve::Resolver;
use super::rows::AllRows;
use super::sets::Sets;
use super::spaces::{Spaces, SpacesOf};
use crate::provenance::{History, RunId};
use crate::tables::Tables;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Receipt, Result, StageKey};
use hilum_stages::contract::artifact::ArtifactType;
use roaring::RoaringBitmap;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// A result of a run.
struct Ended<'h> {
    run: RunId,
    stage: &'h str,
    /// Its receipt; none if that is gone.
    at: Option<usize>,
}

/// Composes the index of everything that a store recorded.
///
/// # Errors
/// If the store cannot be read.
pub(super) fn build(history: &History, evidence: Evidence) -> Result<Parts> {
    let ended = ended(history);
    let (tables, mut rows, mut spaces) = (Tables::default(), AllRows::default(), SpacesOf::new(history));
    for (receipt, _) in history.receipts() {
        for table in receipt.outputs.values().filter(|a| ArtifactType::Samples.is(a)) {
            rows.read(table, &tables, history.store())?;
        }
    }
    rows.settle();
    let mut results: Vec<(&Receipt, Spaces)> = vec![];
    let mut seen = HashSet::new();
    for (at, Ended { run, stage, .. }) in ended.iter().filter_map(|e| Some((e.at?, e))) {
        let of = spaces.of(*run, stage);
        if seen.insert((at, of.clone())) {
            results.push((&history.receipts()[at].0, of));
        }
    }
    let erasures = Erasures::read(history.store())?;
    let people = People::of(&results, &|receipt| tokens(receipt, &rows), &tables, history.store(), &erasures)?;
    let mut composer = Composer::new(history, spaces, Resolver::new(rows, people));
    let mut found = Found::default();
    let current: HashSet<(RunId, &str)> = history.current(|_, _| true).into_iter().collect();
    for Ended { run, stage, at } in &ended {
        let is_current = current.contains(&(*run, *stage));
        match at {
            None => found.add(history, *run, stage, is_current, None, None),
            Some(at) => {
                for (port, flow) in composer.of(*run, stage, *at)?.iter() {
                    found.add(history, *run, stage, is_current, Some((&history.receipts()[*at].0, port)), Some(flow));
                }
            }
        }
    }
    found.mark_erased(history, &erasures);
    Ok(found.numbered(composer.resolver, evidence))
}

/// Results of all runs, newest runs first, and of a run in the order of its study.
fn ended<'h>(history: &'h History<'h>) -> Vec<Ended<'h>> {
    let mut out = vec![];
    for run in (0..history.runs()).rev() {
        let ended: BTreeSet<&str> = history.ended(run).collect();
        let ordered: Vec<&str> = history.stages(run).filter(|stage| ended.contains(stage)).collect();
        let known: HashSet<&str> = ordered.iter().copied().collect();
        let others = ended.iter().copied().filter(|stage| !known.contains(stage)).collect::<Vec<_>>();
        out.extend(ordered.into_iter().chain(others).map(|stage| Ended { run, stage, at: history.result(run, stage) }));
    }
    out
}

/// The tokens in the tables that a stage made.
fn tokens(receipt: &Receipt, rows: &AllRows) -> Vec<String> {
    let tables = receipt.outputs.values().filter(|a| ArtifactType::Samples.is(a)).filter_map(|a| rows.get(&a.digest));
    let numbers: BTreeSet<u32> =
        tables.flat_map(|rows| rows.values().flat_map(|of| of.pairs.iter()).collect::<Vec<_>>()).map(|p| rows.pairs[p as usize].0).collect();
    numbers.into_iter().filter(|token| *token != super::rows::NOBODY).map(|token| rows.token(token).to_owned()).collect()
}

/// What the recipe of a receipt names: artifacts, and lists of images.
fn inputs(receipt: &Receipt) -> Vec<Digest> {
    let of = |input: &Input| match input {
        Input::One(digest) | Input::Lookup { lookup: digest, .. } => vec![*digest],
        Input::List(all) => all.clone(),
        Input::Gathered(cells) => cells.iter().map(|cell| cell.digest).collect(),
    };
    receipt.recipe.inputs.values().flat_map(of).collect()
}

/// What was found of all results.
#[derive(Default)]
struct Found {
    results: Vec<Recorded>,
    /// By study, stage, port and flow.
    known: HashMap<(String, String, String, u32), usize>,
    flows: Vec<Option<Rc<Flow>>>,
    flow_numbers: HashMap<*const Flow, u32>,
}

impl Found {
    fn add(&mut self, history: &History, run: RunId, stage: &str, is_current: bool, made: Option<(&Receipt, &String)>, flow: Option<&Rc<Flow>>) {
        let fresh = self.flows.len() as u32;
        let number = *self.flow_numbers.entry(flow.map_or(std::ptr::null(), Rc::as_ptr)).or_insert(fresh);
        if number == fresh {
            self.flows.push(flow.cloned());
        }
        let port = made.map_or("", |(_, port)| port);
        let place = (history.study(run).to_owned(), stage.to_owned(), port.to_owned(), number);
        if let Some(at) = self.known.get(&place) {
            self.results[*at].runs += 1;
            self.results[*at].is_current |= is_current;
            return;
        }
        let artifact = made.and_then(|(receipt, port)| receipt.outputs.get(port));
        self.known.insert(place, self.results.len());
        self.results.push(Recorded {
            study: history.study(run).to_owned(),
            stage: stage.to_owned(),
            port: port.to_owned(),
            kind: made.map_or_else(String::new, |(receipt, _)| receipt.recipe.kind.clone()),
            artifact: artifact.map_or_else(String::new, |a| a.kind.clone()),
            digest: artifact.map(|a| a.digest),
            bytes: artifact.map_or(0, |a| a.bytes),
            key: made.map(|(receipt, _)| receipt.key),
            millis: made.map_or(0, |(receipt, _)| receipt.millis),
            run: history.name(run).to_owned(),
            runs: 1,
            is_current,
            erased: None,
            flow: number,
        });
    }

    /// Says of results that they were erased. Of an older one whose inputs were, nobody knows any more whom it has seen; where a result of
    /// which that is known has its bytes, it is that one alone which is still there.
    fn mark_erased(&mut self, history: &History, erasures: &Erasures) {
        if erasures.is_empty() {
            return;
        }
        let store = history.store();
        let is_known = |result: &Recorded, flows: &[Option<Rc<Flow>>]| flows[result.flow as usize].as_ref().is_some_and(|flow| !flow.gaps.is_missing());
        let known: HashSet<Digest> = self.results.iter().filter(|result| is_known(result, &self.flows)).filter_map(|result| result.digest).collect();
        let inputs: HashMap<StageKey, Vec<Digest>> = history.receipts().iter().map(|(receipt, _)| (receipt.key, inputs(receipt))).collect();
        // Inputs stand before what was made of them.
        let mut gone: HashMap<Digest, Tombstone> = HashMap::new();
        for result in &mut self.results {
            let Some(digest) = result.digest else { continue };
            result.erased = erasures.of(store, &digest).cloned();
            if result.erased.is_none() && !result.is_current && !is_known(result, &self.flows) && known.contains(&digest) {
                let inputs = result.key.as_ref().and_then(|key| inputs.get(key)).into_iter().flatten();
                result.erased = inputs.filter_map(|input| erasures.of(store, input).or_else(|| gone.get(input))).next().cloned();
            }
            if let Some(by) = &result.erased {
                gone.insert(digest, by.clone());
            }
        }
    }

    /// Numbers images patient by patient, and adds to each set the other names of its images.
    fn numbered(self, mut resolver: Resolver, evidence: Evidence) -> Parts {
        let names = resolver.people.names();
        let order = Order::of(names, &resolver.pairs);
        let mut sets = Sets::new();
        let (mut images, mut renamed) = (vec![0u64], HashMap::new());
        let mut put = |set: RoaringBitmap, sets: &mut Sets| {
            let count = order.images(&set);
            let id = sets.put(set);
            if id.0 as usize == images.len() {
                images.push(count);
            }
            id.0
        };
        let mut flows = vec![];
        for flow in &self.flows {
            let Some(flow) = flow else {
                flows.push(Reach { contains: 0, influenced: 0, gaps: Gaps::from(Gap::Record) });
                continue;
            };
            let [contains, influenced] =
                [flow.contains, flow.influenced].map(|set| *renamed.entry(set).or_insert_with(|| put(order.renumbered(resolver.sets.get(set)), &mut sets)));
            flows.push(Reach { contains, influenced, gaps: flow.gaps });
        }
        let shared = put(order.shared.keys().copied().collect(), &mut sets);
        let Order { people, namespaces, nobody, .. } = order;
        let mut imports = resolver.people.imports;
        imports.sort();
        let count = people.len() as u32;
        let head = Head { evidence, namespaces, imports, results: self.results, flows, nobody, shared, sets: vec![], people: count };
        Parts { head, people, sets: (0..images.len() as u32).map(|id| (images[id as usize], sets.get(super::sets::SetId(id)).clone())).collect() }
    }
}

/// The final numbers of pairs of a person and an image.
struct Order {
    people: Vec<Person>,
    namespaces: Vec<String>,
    nobody: u32,
    /// By the old number.
    new: Vec<u32>,
    /// Numbers of images with several names, by each of them.
    shared: HashMap<u32, Rc<Vec<u32>>>,
}

impl Order {
    fn of(names: HashMap<u32, Vec<NameOf>>, pairs: &[(u32, u32)]) -> Order {
        let namespaces: BTreeSet<String> = names.values().flatten().map(|name| name.0.clone()).collect();
        let namespaces: Vec<String> = namespaces.into_iter().collect();
        let mut people: Vec<(u32, Vec<NameOf>)> = names.into_iter().collect();
        for (_, names) in &mut people {
            names.sort_by(|a, b| (!a.1, &a.2, &a.0).cmp(&(!b.1, &b.2, &b.0)));
            names.dedup();
        }
        people.sort_by(|(_, a), (_, b)| a.iter().map(|n| (!n.1, &n.2, &n.0)).cmp(b.iter().map(|n| (!n.1, &n.2, &n.0))));
        let place: HashMap<u32, usize> = people.iter().enumerate().map(|(at, (person, _))| (*person, at)).collect();
        let place = |person: u32| if person == NO_PERSON { usize::MAX } else { place[&person] };
        let mut sorted: Vec<(usize, u32, u32)> = pairs.iter().enumerate().map(|(old, (person, image))| (place(*person), *image, old as u32)).collect();
        sorted.sort_unstable();
        let mut new = vec![0; pairs.len()];
        let mut by_image: Vec<(u32, u32)> = Vec::with_capacity(pairs.len());
        for (number, (_, image, old)) in sorted.iter().enumerate() {
            new[*old as usize] = number as u32;
            by_image.push((*image, number as u32));
        }
        by_image.sort_unstable();
        let mut shared = HashMap::new();
        for group in by_image.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            let group = Rc::new(group.iter().map(|(_, number)| *number).collect::<Vec<u32>>());
            group.iter().for_each(|number| drop(shared.insert(*number, group.clone())));
        }
        let mut at = 0;
        let mut out = vec![];
        for (place, (_, names)) in people.into_iter().enumerate() {
            let first = at;
            while sorted.get(at).is_some_and(|pair| pair.0 == place) {
                at += 1;
            }
            let number = |space: &String| namespaces.binary_search(space).expect("BUG: all are there") as u32;
            let names = names.into_iter().map(|(space, is_pseudonym, text)| Name { namespace: number(&space), is_pseudonym, text }).collect();
            out.push(Person { names, images: first as u32..at as u32 });
        }
        Order { people: out, namespaces, nobody: at as u32, new, shared }
    }

    /// The set with its new numbers, and with all names of its images.
    fn renumbered(&self, set: &RoaringBitmap) -> RoaringBitmap {
        // Marks in a row of bits, which need not be sorted.
        let mut bits = vec![false; self.new.len()];
        set.iter().for_each(|old| bits[self.new[old as usize] as usize] = true);
        let mut out = RoaringBitmap::from_sorted_iter((0..bits.len() as u32).filter(|n| bits[*n as usize])).expect("BUG: in order");
        if !self.shared.is_empty() {
            let others: Vec<u32> = out.iter().filter_map(|number| self.shared.get(&number)).flat_map(|group| group.iter().copied()).collect();
            out.extend(others);
        }
        out
    }

    /// How many different images are in a set.
    fn images(&self, set: &RoaringBitmap) -> u64 {
        if self.shared.is_empty() {
            return set.len();
        }
        // Of an image with several names, the first counts.
        set.iter().filter(|number| self.shared.get(number).is_none_or(|group| group.iter().find(|n| set.contains(**n)) == Some(number))).count() as u64
    }
}
