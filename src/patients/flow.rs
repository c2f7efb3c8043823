//! What each output of a stage takes from its inputs, as its receipt says: the sets of whom it contains and who influenced it.
//! Independent of runs and graphs.

use super::gaps::{Gap, Gaps};
use super::resolve::Resolver;
use super::sets::{SetId, Sets};
use super::spaces::Spaces;
use crate::lineage;
use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Receipt, Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::stage::Takes;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Who reached something, and what is not known of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReachOf {
    pub(super) set: SetId,
    pub(super) gaps: Gaps,
}

/// Who reached each generator, by the file of its weights.
pub(super) type Generators = BTreeMap<Digest, ReachOf>;

/// What reached an output.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) artifact: Digest,
    pub(super) contains: SetId,
    pub(super) influenced: SetId,
    pub(super) gaps: Gaps,
    /// Generators of images that may be in it, or the one that it is.
    pub(super) generators: Rc<Generators>,
    pub(super) spaces: Spaces,
    is_table: bool,
}

/// What a stage was given at a port.
pub(super) struct Given {
    pub(super) port: String,
    pub(super) flows: Vec<Rc<Flow>>,
    /// True if a part of it was not recorded.
    pub(super) is_missing: bool,
}

/// Everything that decides the flows of a stage.
pub(super) struct Stage<'a> {
    pub(super) receipt: &'a Receipt,
    pub(super) spaces: Spaces,
    pub(super) inputs: Vec<Given>,
    /// Who reached files that it read, such as initial weights.
    pub(super) files: ReachOf,
    /// Who reached generators that rows name and of which the inputs say nothing.
    pub(super) elsewhere: Generators,
    /// What is not known of any output.
    pub(super) gaps: Gaps,
}

/// What an output takes from one input, or from all.
#[derive(Default)]
struct Parts {
    contains: Vec<SetId>,
    influenced: Vec<SetId>,
    gaps: Gaps,
    generators: Generators,
}

/// The flows of the outputs of a stage, by port.
///
/// # Errors
/// If the store cannot be read.
pub(super) fn flows(stage: &Stage, resolver: &mut Resolver, store: &Store) -> Result<Vec<(String, Rc<Flow>)>> {
    let mut out: Vec<(String, Rc<Flow>)> = vec![];
    // What a table of patients says is who is in the tables of samples beside it.
    let (last, first): (Vec<_>, Vec<_>) = stage.receipt.outputs.iter().partition(|(_, a)| ArtifactType::Patients.is(a));
    for (port, artifact) in first.into_iter().chain(last) {
        let flow = match ArtifactType::of(artifact) {
            Some(ArtifactType::Samples) => table(stage, artifact, resolver),
            Some(ArtifactType::Patients) => patients(stage, artifact, &out, resolver),
            Some(ArtifactType::Generator) => {
                let flow = other(stage, port, artifact, resolver);
                let reach = ReachOf { set: resolver.sets.union([flow.contains, flow.influenced]), gaps: flow.gaps.and(stage.gaps) };
                // Rows name a generator by the file of its weights.
                let files = store.files(artifact).unwrap_or_default();
                Flow { generators: Rc::new(files.iter().map(|f| (f.digest, reach)).collect()), ..flow }
            }
            _ => other(stage, port, artifact, resolver),
        };
        out.push((port.clone(), Rc::new(Flow { gaps: flow.gaps.and(stage.gaps), ..flow })));
    }
    Ok(out)
}

fn other(stage: &Stage, port: &str, artifact: &Artifact, resolver: &mut Resolver) -> Flow {
    let parts = parts(stage, port, resolver);
    Flow {
        artifact: artifact.digest,
        contains: resolver.sets.union(parts.contains),
        influenced: resolver.sets.union(parts.influenced.into_iter().chain([stage.files.set])),
        gaps: parts.gaps.and(stage.files.gaps),
        generators: Rc::new(parts.generators),
        spaces: stage.spaces.clone(),
        is_table: false,
    }
}

/// A table is what its rows say. Patients come in by them and by the generators that they name, and by nothing else.
fn table(stage: &Stage, artifact: &Artifact, resolver: &mut Resolver) -> Flow {
    let mut providers = stage.elsewhere.clone();
    for flow in stage.inputs.iter().flat_map(|input| &input.flows) {
        join(&mut providers, &flow.generators, &mut resolver.sets);
    }
    let flow = Flow {
        artifact: artifact.digest,
        contains: Sets::EMPTY,
        influenced: Sets::EMPTY,
        gaps: Gap::Table.into(),
        generators: Rc::default(),
        spaces: stage.spaces.clone(),
        is_table: true,
    };
    match rows(&artifact.digest, &stage.spaces, None, &providers, resolver) {
        None => Flow { is_table: false, ..flow },
        Some(parts) => Flow {
            contains: resolver.sets.union(parts.contains),
            influenced: resolver.sets.union(parts.influenced),
            gaps: parts.gaps,
            generators: Rc::new(parts.generators),
            ..flow
        },
    }
}

/// What rows of a table say; none if it is gone.
fn rows(table: &Digest, spaces: &Spaces, labels: Option<&[String]>, providers: &Generators, resolver: &mut Resolver) -> Option<Parts> {
    let held = resolver.table(table, spaces, labels)?;
    let mut parts = Parts { contains: vec![held.contains], gaps: held.gaps, ..Parts::default() };
    for generator in held.generators {
        match providers.get(&generator) {
            Some(reach) => {
                parts.influenced.push(reach.set);
                parts.gaps = parts.gaps.and(reach.gaps);
                parts.generators.insert(generator, *reach);
            }
            None => parts.gaps = parts.gaps.with(Gap::Generator),
        }
    }
    Some(parts)
}

fn patients(stage: &Stage, artifact: &Artifact, beside: &[(String, Rc<Flow>)], resolver: &mut Resolver) -> Flow {
    let tables = || beside.iter().map(|(_, flow)| flow).filter(|flow| flow.is_table || flow.gaps.has(Gap::Table));
    Flow {
        artifact: artifact.digest,
        contains: resolver.sets.union(tables().map(|flow| flow.contains)),
        influenced: Sets::EMPTY,
        gaps: tables().fold(Gaps::NONE, |all, flow| all.and(flow.gaps)),
        generators: Rc::default(),
        spaces: stage.spaces.clone(),
        is_table: false,
    }
}

/// What an output takes from the inputs. One of which its receipt says nothing takes everything.
fn parts(stage: &Stage, port: &str, resolver: &mut Resolver) -> Parts {
    let all: Vec<String> = stage.inputs.iter().map(|input| input.port.clone()).collect();
    let said = stage.receipt.flow.get(port);
    let mut out = Parts::default();
    for (names, stands_in_it) in [(said.map_or(&all, |flow| &flow.contains), true), (said.map_or(&all, |flow| &flow.influenced), false)] {
        for input in stage.inputs.iter().filter(|input| names.contains(&input.port)) {
            if input.is_missing {
                out.gaps = out.gaps.with(Gap::Record);
            }
            let takes = lineage::taken(&stage.receipt.recipe, &input.port);
            for flow in &input.flows {
                let part = part(flow, &takes, resolver);
                out.influenced.extend(part.influenced);
                if stands_in_it { &mut out.contains } else { &mut out.influenced }.extend(part.contains);
                out.gaps = out.gaps.and(part.gaps);
                join(&mut out.generators, &part.generators, &mut resolver.sets);
            }
        }
    }
    out
}

/// What is taken of one input: all of it, or the rows of some labels.
fn part(flow: &Flow, takes: &Takes, resolver: &mut Resolver) -> Parts {
    if let (Takes::Labels(labels), true) = (takes, flow.is_table) {
        return rows(&flow.artifact, &flow.spaces, Some(labels), &flow.generators, resolver).unwrap_or_default();
    }
    Parts { contains: vec![flow.contains], influenced: vec![flow.influenced], gaps: flow.gaps, generators: (*flow.generators).clone() }
}

/// Adds generators; two of equal bytes may have been made of different patients.
pub(super) fn join(all: &mut Generators, more: &Generators, sets: &mut Sets) {
    for (generator, reach) in more {
        let known = all.entry(*generator).or_insert(*reach);
        *known = ReachOf { set: sets.union([known.set, reach.set]), gaps: known.gaps.and(reach.gaps) };
    }
}
