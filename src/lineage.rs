//! Lineage: which patients and which images reached which artifact. Composed over the graph of a study from the flow that
//! kinds declare and the tables that are known; it belongs to (study, stage, port), never to a digest, so that equal bytes
//! of different origin can neither hide nor invent a leak.
//!
//! Before a table is there, its flow is what surely will be in it: a leak that is found is one. Once it is there, its flow
//! is what it holds.

mod alike;
mod history;
mod roster;

pub use roster::{Held, Reach, Roster};

use crate::pipeline::Pipeline;
use crate::pipeline::model::{Input, Source, Stage, StageId};
use crate::plan::tables::Tables;
use crate::workspace::Listings;
use hilum_cache::receipt::{Artifact, LocalFlow};
use hilum_cache::{Ledger, Result, Store};
use hilum_stages::contract::port::Port;
use hilum_stages::contract::source::SourceKind;
use hilum_stages::contract::stage::{Needs, Takes};
use hilum_stages::data::contents::Likeness;
use history::History;
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What lineage is composed from, besides the study.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// The store.
    pub store: &'a Store,
    /// Tables that were read.
    pub tables: &'a Tables,
    /// What was recorded.
    pub ledger: &'a Ledger,
    /// What path parameters name.
    pub listings: &'a Listings,
}

/// Outputs that are known, by stage and port.
pub type KnownOutput<'a> = &'a dyn Fn(StageId, &str) -> Option<Artifact>;

/// What reached an output.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// Pixels or labels of these stand in it.
    pub contains: Reach,
    /// It was trained, tuned, normalised or evaluated on these.
    pub influenced: Reach,
    /// True where each of its rows is surely synthetic.
    pub is_synthetic: bool,
    /// Patients of whom all its rows are, where it is known to have rows and that is known of them.
    pub within: Option<RoaringBitmap>,
    /// Sets of patients, of each of which somebody stands in it, nobody knows yet who.
    pub some: Vec<RoaringBitmap>,
}

/// People and images by number, and the flow of every output.
#[derive(Default)]
pub struct Lineage {
    roster: Roster,
    history: History,
    flows: HashMap<(StageId, &'static str), Flow>,
    /// The namespaces of patient identifiers that a stage's tables come from.
    spaces: Vec<BTreeSet<String>>,
    /// What reached the files that a training begins with.
    pub outside: HashMap<StageId, Reach>,
    /// Pairs of images that look alike, by number.
    pub near: Vec<(u32, u32)>,
    /// Synthetic images of generators that this store does not know, by stage.
    pub unknown_generators: BTreeMap<StageId, usize>,
}

/// What an output takes from which input with these parameters, for the receipt.
pub fn local_flow(stage: &Stage, port: &Port) -> LocalFlow {
    let read = |ports: &[&str]| ports.iter().filter(|p| stage.inputs.iter().any(|i| i.port.name == **p)).map(|p| (*p).to_owned()).collect();
    LocalFlow { contains: read(port.contains), influenced: read(port.influenced) }
}

impl Lineage {
    /// Composes the lineage of a study from the outputs that are known.
    ///
    /// # Errors
    /// Where a table in the store does not read.
    pub fn of(p: &Pipeline, known: KnownOutput, evidence: &Evidence) -> Result<Lineage> {
        let mut lineage = Lineage::default();
        lineage.identify(p, known, evidence)?;
        for (id, stage) in p.stages.iter().enumerate() {
            let outside = lineage.reach_of_files(id, stage, evidence)?;
            for port in stage.kind.outputs.iter().filter(|o| stage.stage.fills(o.name)) {
                let mut flow = lineage.flow_of(id, stage, port, known, evidence)?;
                flow.influenced.add(&outside);
                lineage.flows.insert((id, port.name), flow);
            }
            if !outside.is_empty() {
                lineage.outside.insert(id, outside);
            }
        }
        Ok(lineage)
    }

    /// The flow of an output.
    pub fn flow(&self, stage: StageId, port: &'static str) -> Flow {
        self.flows.get(&(stage, port)).cloned().unwrap_or_default()
    }

    /// What a table of samples holds, where it is known.
    pub fn table(&mut self, source: &Source, known: KnownOutput, evidence: &Evidence) -> Result<Option<Arc<Held>>> {
        let table = known(source.stage, source.port).filter(|a| a.kind == "samples");
        table.map(|a| self.roster.table(&a, self.spaces.get(source.stage), evidence)).transpose()
    }

    /// Joins the names of one person and the files with one picture, before anybody is counted.
    fn identify(&mut self, p: &Pipeline, known: KnownOutput, evidence: &Evidence) -> Result<()> {
        let mut packs: Vec<Artifact> = vec![];
        let importing: Vec<String> = p.stages.iter().filter_map(|s| s.stage.namespace()).map(|n| n.name).collect();
        if let [only] = importing.as_slice() {
            // Its tokens are its patients: there is no other import in which somebody could have another one.
            self.roster.only(only);
        }
        for (id, stage) in p.stages.iter().enumerate() {
            let own = stage.stage.namespace().map_or_else(|| stage.name.clone(), |n| n.name);
            let inputs = stage.inputs.iter().filter(|i| i.port.by.is_empty()).flat_map(|i| &i.from);
            let mut spaces: BTreeSet<String> = inputs.flat_map(|s| self.spaces[s.stage].iter().cloned()).collect();
            if spaces.is_empty() {
                spaces.insert(own);
            }
            self.spaces.push(spaces);
            for port in stage.kind.outputs {
                let Some(artifact) = known(id, port.name) else { continue };
                match (port.kind, stage.stage.namespace()) {
                    ("patients", Some(namespace)) if importing.len() > 1 => {
                        for row in evidence.tables.patients(evidence.store, &artifact)? {
                            self.roster.identify(&namespace.name, &row.patient, &row.pseudonym);
                        }
                    }
                    ("images", _) if !packs.iter().any(|p| p.digest == artifact.digest) => packs.push(artifact),
                    _ => {}
                }
            }
        }
        let mut near = vec![];
        for pair in alike::pairs(&packs, evidence)? {
            match pair.likeness {
                Likeness::Equal => self.roster.same_image(pair.first, pair.second),
                Likeness::Near => near.push((pair.first, pair.second)),
            }
        }
        self.near = near.into_iter().map(|(a, b)| (self.roster.image(a), self.roster.image(b))).collect();
        Ok(())
    }

    /// What reached the files that a training begins with: weights that this store made bring their lineage along.
    fn reach_of_files(&mut self, id: StageId, stage: &Stage, evidence: &Evidence) -> Result<Reach> {
        let mut reach = Reach::default();
        if stage.kind.needs != Needs::Tensor {
            return Ok(reach);
        }
        for source in stage.stage.sources().iter().filter(|s| s.what == SourceKind::File) {
            let Some(listing) = evidence.listings.get(&id).and_then(|l| l.get(source.parameter)) else { continue };
            if let Some(found) = self.history.reach(&listing.digest, &mut self.roster, evidence)? {
                reach.add(&found);
            }
        }
        Ok(reach)
    }

    fn flow_of(&mut self, id: StageId, stage: &Stage, port: &'static Port, known: KnownOutput, evidence: &Evidence) -> Result<Flow> {
        // What surely reaches it, and all that may have influenced it.
        let (mut flow, mut possible, mut inputs) = (Flow { is_synthetic: true, ..Flow::default() }, Reach::default(), 0);
        for (names, stands_in_it) in [(port.contains, true), (port.influenced, false)] {
            for (input, source) in bound(stage, names) {
                let part = self.part(stage, input, source, known, evidence)?;
                flow.influenced.add(&part.influenced);
                if stands_in_it {
                    flow.contains.add(&part.contains);
                    flow.is_synthetic &= part.is_synthetic;
                    inputs += 1;
                    flow.within = part.within.clone().filter(|_| inputs == 1);
                    flow.some.extend(part.some);
                } else {
                    flow.influenced.add(&part.contains);
                }
                let whole = self.flow(source.stage, source.port);
                possible.add(&whole.influenced);
                if !stands_in_it {
                    possible.add(&whole.contains);
                }
            }
        }
        flow.is_synthetic = stage.kind.synthetic || flow.is_synthetic && bound(stage, port.contains).next().is_some();
        let Some(artifact) = known(id, port.name).filter(|_| port.kind == "samples") else { return Ok(flow) };
        let held = self.roster.table(&artifact, self.spaces.get(id), evidence)?;
        flow.contains = held.all.clone();
        flow.within = (!held.owners.is_empty() && held.owners.iter().all(|o| o.1.is_some())).then(|| held.all.people.clone());
        flow.some.clear();
        flow.is_synthetic = held.is_synthetic;
        // Without a synthetic image in it, no generator's patients are behind it.
        flow.influenced = if held.generators.is_empty() { Reach::default() } else { possible };
        if stage.inputs.is_empty() {
            for (generator, rows) in &held.generators {
                match generator.map(|g| self.history.reach(&g, &mut self.roster, evidence)).transpose()?.flatten() {
                    Some(reach) => flow.influenced.add(&reach),
                    None => *self.unknown_generators.entry(id).or_default() += rows,
                }
            }
        }
        Ok(flow)
    }

    /// What a stage surely takes from one of its inputs.
    fn part(&mut self, stage: &Stage, input: &Input, source: &Source, known: KnownOutput, evidence: &Evidence) -> Result<Flow> {
        let whole = self.flow(source.stage, source.port);
        // Whoever is chosen from images of one generator was made by it, and from images of some patients is one of them.
        let choice = |whole: Flow| Flow {
            contains: Reach::default(),
            influenced: if whole.is_synthetic { whole.influenced } else { Reach::default() },
            is_synthetic: whole.is_synthetic,
            some: whole.within.iter().cloned().collect(),
            within: whole.within,
        };
        Ok(match stage.stage.takes(input.port.name) {
            Takes::All => whole,
            Takes::Some => choice(whole),
            Takes::Any => Flow { some: vec![], within: None, ..choice(whole) },
            Takes::Labels(labels) => match self.table(source, known, evidence)? {
                None => choice(whole),
                Some(held) => {
                    let mut contains = Reach::default();
                    labels.iter().filter_map(|l| held.by_label.get(l)).for_each(|r| contains.add(r));
                    Flow { contains, influenced: whole.influenced, is_synthetic: held.is_synthetic, ..Flow::default() }
                }
            },
        })
    }
}

/// The sources that are bound to these inputs. Looked-up images add nobody whom the table they are looked up by does not name.
fn bound<'a>(stage: &'a Stage, names: &'static [&'static str]) -> impl Iterator<Item = (&'a Input, &'a Source)> {
    let inputs = stage.inputs.iter().filter(move |i| names.contains(&i.port.name) && i.port.by.is_empty());
    inputs.flat_map(|i| i.from.iter().map(move |s| (i, s)))
}
