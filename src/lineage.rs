//! Lineage: which patients and which images reached which artifact. Composed over the graph of a study from the flow that
//! kinds declare and the tables that are known; it belongs to (study, stage, port), never to a digest, so that equal bytes
//! of different origin can neither hide nor invent a leak.
//!
//! Before a table exists, its flow is what will certainly be in it, so that every leak found is real. Once it exists, its flow
//! is what it contains.

mod alike;
mod flow;
mod history;
mod identity;
mod roster;

pub use history::taken;
pub use identity::namespace;
pub use roster::{PatientsAndImages, Roster, TableContents};

use crate::pipeline::Pipeline;
use crate::pipeline::model::{PerStage, Source, Stage, StageId};
use crate::tables::Tables;
use crate::workspace::Listings;
use hilum_cache::receipt::{Artifact, LocalFlow};
use hilum_cache::{Digest, Ledger, Receipt, Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::port::Port;
use hilum_stages::contract::source::SourceKind;
use hilum_stages::contract::stage::Needs;
use history::History;
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// What lineage is composed from, besides the study.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// The store.
    pub store: &'a Store,
    /// Cached tables.
    pub tables: &'a Tables,
    /// What earlier runs recorded.
    pub ledger: &'a Ledger,
    /// What this run has recorded so far.
    pub made: &'a [Receipt],
    /// What path parameters name.
    pub listings: &'a Listings,
    /// Fingerprint of the pseudonym key.
    pub pseudonyms: &'a str,
}

/// Outputs that are known, by stage and port.
pub type KnownOutput<'a> = &'a dyn Fn(StageId, &str) -> Option<Artifact>;

/// What reached an output.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// Pixels or labels of these are in it.
    pub contains: PatientsAndImages,
    /// It was trained, tuned, normalised or evaluated on these.
    pub influenced: PatientsAndImages,
    /// What reached each generator whose images may be in it, or which it is.
    generators: BTreeMap<Digest, Arc<PatientsAndImages>>,
    /// True if each of its rows is certainly synthetic.
    pub is_synthetic: bool,
    /// Patients of whom all its rows are, if it is known to have rows and that is known of them.
    pub within: Option<RoaringBitmap>,
    /// Sets of patients of which at least one each is in it; which one is not yet known.
    pub some: Vec<RoaringBitmap>,
}

/// People and images by number, and the flow of every output.
#[derive(Default)]
pub struct Lineage {
    roster: Roster,
    history: History,
    flows: HashMap<(StageId, &'static str), Flow>,
    /// The namespaces of patient identifiers that a stage's tables come from.
    spaces: PerStage<BTreeSet<String>>,
    /// What reached the initial weights of a training.
    pub outside: HashMap<StageId, PatientsAndImages>,
    /// Pairs of images that look alike, by number.
    pub near: Vec<(u32, u32)>,
    /// Pairs with similar hashes between packs that were too many to compare.
    pub not_compared: u64,
    /// Pairs of patients of imports of whom one image is equal.
    sharing: BTreeSet<(u32, u32)>,
    /// Synthetic images of generators of whose patients this store does not know all, by stage.
    pub unknown_generators: BTreeMap<StageId, usize>,
    /// Trainings from weights whose training patients are no longer all known to this store.
    pub unknown_weights: BTreeSet<StageId>,
}

/// What an output takes from which input with these parameters, for the receipt.
pub fn local_flow(stage: &Stage, port: &Port) -> LocalFlow {
    let read = |ports: &[&str]| ports.iter().filter(|p| stage.inputs.iter().any(|i| i.port.name == **p)).map(|p| (*p).to_owned()).collect();
    LocalFlow { contains: read(port.contains), influenced: read(port.influenced) }
}

impl Lineage {
    /// Composes the lineage of a study from the outputs that are known, as far as it says what reached a test: a table that is known says
    /// itself what it contains, and nothing above it needs to be read.
    ///
    /// # Errors
    /// If a table in the store cannot be read.
    pub fn of(p: &Pipeline, known: KnownOutput, evidence: &Evidence) -> Result<Lineage> {
        let mut lineage = Lineage::default();
        lineage.identify(p, known, evidence)?;
        let needed = lineage.needed(p, known, evidence)?;
        lineage.compose(p, &|output| needed.contains(output), known, evidence)?;
        lineage.find_sharing(p, known, evidence)?;
        Ok(lineage)
    }

    /// Composes the rest of it, too: by which way something reached a test.
    ///
    /// # Errors
    /// If a table in the store cannot be read.
    pub fn complete(&mut self, p: &Pipeline, known: KnownOutput, evidence: &Evidence) -> Result<()> {
        self.compose(p, &|_| true, known, evidence)
    }

    /// Composes the flows of these outputs that are not there yet.
    fn compose(&mut self, p: &Pipeline, is_wanted: &dyn Fn(&(StageId, &'static str)) -> bool, known: KnownOutput, evidence: &Evidence) -> Result<()> {
        for (id, stage) in p.stages.pairs() {
            let outside = self.reach_of_files(id, stage, evidence)?;
            let wanted: Vec<&'static Port> = stage.kind.outputs.iter().filter(|o| stage.stage.fills(o.name) && is_wanted(&(id, o.name))).collect();
            for port in wanted {
                if self.flows.contains_key(&(id, port.name)) {
                    continue;
                }
                let mut flow = self.flow_of(id, stage, port, known, evidence)?;
                flow.influenced.add(&outside);
                if let Some(generator) = known(id, port.name).filter(|a| ArtifactType::Generator.is(a)) {
                    let mut reach = flow.influenced.clone();
                    reach.add(&flow.contains);
                    // Rows name a generator by the file of its weights.
                    let (reach, files) = (Arc::new(reach), evidence.store.files(&generator)?);
                    flow.generators = files.iter().map(|f| (f.digest, reach.clone())).collect();
                }
                self.flows.insert((id, port.name), flow);
            }
            if !outside.is_empty() {
                self.outside.insert(id, outside);
            }
        }
        Ok(())
    }

    /// True for stages of which checks ask what reached their inputs: tests, and comparisons of synthetic images with real ones.
    pub fn is_asked(stage: &Stage) -> bool {
        stage.stage.is_test() || stage.compares_synthetic()
    }

    /// The outputs whose flow says what reached such a stage, or what came from outside.
    fn needed(&mut self, p: &Pipeline, known: KnownOutput, evidence: &Evidence) -> Result<HashSet<(StageId, &'static str)>> {
        let into = |id: StageId| p.stages[id].inputs.iter().filter(|i| i.port.by.is_empty()).flat_map(|i| &i.from).map(|s| (s.stage, s.port));
        let (mut needed, mut rest) = (HashSet::new(), vec![]);
        for (id, stage) in p.stages.pairs() {
            if Self::is_asked(stage) {
                rest.extend(into(id));
            } else if stage.inputs.is_empty() {
                rest.extend(stage.kind.outputs.iter().map(|o| (id, o.name)));
            }
        }
        while let Some((id, port)) = rest.pop() {
            if !needed.insert((id, port)) {
                continue;
            }
            // Only of what its synthetic rows come from, a known table does not say whom it was trained on.
            let table = known(id, port).filter(|a| ArtifactType::Samples.is(a));
            let held = table.map(|a| self.roster.table(&a, self.spaces.get(id), evidence)).transpose()?;
            if held.is_none_or(|held| !held.generators.is_empty()) {
                rest.extend(into(id));
            }
        }
        Ok(needed)
    }

    /// These patients with all who have an image of one of them, or of one who has.
    pub fn with_sharing(&self, patients: &RoaringBitmap) -> RoaringBitmap {
        let mut all = patients.clone();
        loop {
            let before = all.len();
            for (a, b) in &self.sharing {
                if all.contains(*a) || all.contains(*b) {
                    all.extend([*a, *b]);
                }
            }
            if all.len() == before {
                return all;
            }
        }
    }

    /// The flow of an output.
    pub fn flow(&self, stage: StageId, port: &'static str) -> Flow {
        self.flows.get(&(stage, port)).cloned().unwrap_or_default()
    }

    /// What a table of samples contains, if it is known.
    pub fn table(&mut self, source: &Source, known: KnownOutput, evidence: &Evidence) -> Result<Option<Arc<TableContents>>> {
        let table = known(source.stage, source.port).filter(|a| ArtifactType::Samples.is(a));
        table.map(|a| self.roster.table(&a, self.spaces.get(source.stage), evidence)).transpose()
    }

    /// What reached the files that a training begins with: weights that this store made bring their lineage along.
    fn reach_of_files(&mut self, id: StageId, stage: &Stage, evidence: &Evidence) -> Result<PatientsAndImages> {
        let mut reach = PatientsAndImages::default();
        if stage.kind.needs != Needs::Tensor {
            return Ok(reach);
        }
        for source in stage.stage.sources().iter().filter(|s| s.what == SourceKind::File) {
            let Some(listing) = evidence.listings.get(&id).and_then(|l| l.get(&source.parameter)) else { continue };
            if let Some(origins) = self.history.origins(&listing.digest, &mut self.roster, evidence)? {
                reach.add(&origins.reach);
                if !origins.is_whole {
                    self.unknown_weights.insert(id);
                }
            }
        }
        Ok(reach)
    }
}
