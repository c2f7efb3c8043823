//! Forming a stage's recipe from the outputs that are known.

use crate::pipeline::Pipeline;
use crate::pipeline::model::{Input, Shape, Source, Stage, StageId};
use crate::session::Session;
use hilum_cache::receipt::Artifact;
use hilum_cache::recipe::{self, Gathered};
use hilum_cache::{Digest, Recipe, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::stage::Needs;
use std::collections::{BTreeMap, BTreeSet};

/// What a stage is given: artifacts with their cells, by port.
#[derive(Debug, Clone, Default)]
pub struct StageInputs {
    /// Artifacts by port, in order.
    pub artifacts: BTreeMap<String, Vec<(String, Artifact)>>,
    /// Lists that lookups were made of: stored when the stage runs, for later explanations.
    pub lookups: Vec<Vec<u8>>,
}

/// A recipe, or why there is none yet.
pub enum Formed {
    /// The recipe, and what the stage is given.
    Whole(Recipe, StageInputs),
    /// Inputs are missing.
    Waits {
        /// Stages whose outputs are missing.
        waits: Vec<StageId>,
        /// The recipe without those inputs.
        partial: Recipe,
    },
}

/// True if the engine is part of the recipe.
pub fn has_engine(stage: &Stage) -> bool {
    stage.kind.needs == Needs::Tensor
}

/// Forms the recipe of a stage.
pub fn form(p: &Pipeline, id: StageId, known: &dyn Fn(StageId, &str) -> Option<Artifact>, session: &Session, engine: Option<&str>) -> Result<Formed> {
    let stage = &p.stages[id];
    let mut parameters = stage.parameters.clone();
    let mut sources = BTreeMap::new();
    for source in stage.stage.sources() {
        // The file's digest stands for its place: the same file elsewhere is the same study.
        let (above, name) = source.parameter.rsplit_once('.').unwrap_or(("", &source.parameter));
        let holder = above.split('.').filter(|s| !s.is_empty()).try_fold(&mut parameters, |node, key| node.get_mut(key));
        if let Some(map) = holder.and_then(|h| h.as_object_mut()) {
            map.remove(name);
        }
        if let Some(listing) = session.listings.get(&id).and_then(|l| l.get(&source.parameter)) {
            sources.insert(source.parameter, listing.digest);
        }
    }
    let mut recipe = Recipe {
        v: 1,
        kind: stage.kind.name.into(),
        version: stage.kind.version,
        parameters,
        seed: stage.seed.map(|s| s.0.to_string()),
        inputs: BTreeMap::new(),
        sources,
        engine: engine.map(str::to_owned),
        pseudonyms: stage.kind.pseudonyms.then(|| session.pseudonyms.to_owned()),
    };
    let mut stage_inputs = StageInputs::default();
    let mut waits = vec![];
    // Looked-up ports come last: they need the tables.
    let (looked_up, plain): (Vec<&Input>, Vec<&Input>) = stage.inputs.iter().partition(|i| !i.port.by.is_empty());
    for input in plain {
        let mut arrived = vec![];
        for source in &input.from {
            match known(source.stage, source.port) {
                Some(artifact) => arrived.push((source.cell.clone(), artifact)),
                None => waits.push(source.stage),
            }
        }
        if arrived.len() == input.from.len() && input.port.images_only {
            let mut images = BTreeSet::new();
            for (_, table) in &arrived {
                images.extend(session.tables.samples(&session.store, table)?.iter().map(|r| r.image));
            }
            let list = list_of(&images, |_| None);
            recipe.inputs.insert(input.port.name.into(), recipe::Input::Lookup { lookup: Digest::of(&list), images: images.len() as u64 });
            stage_inputs.lookups.push(list);
            stage_inputs.artifacts.insert(input.port.name.into(), arrived);
        } else if arrived.len() == input.from.len() {
            let digests = || arrived.iter().map(|(_, a)| a.digest);
            let value = match input.shape {
                Shape::One => recipe::Input::One(arrived[0].1.digest),
                Shape::List => recipe::Input::List(digests().collect()),
                Shape::Gathered => recipe::Input::Gathered(arrived.iter().map(|(cell, a)| Gathered { cell: cell.clone(), digest: a.digest }).collect()),
            };
            recipe.inputs.insert(input.port.name.into(), value);
            stage_inputs.artifacts.insert(input.port.name.into(), arrived);
        }
    }
    for input in looked_up {
        match look_up(p, input, &stage_inputs, known, session, stage)? {
            LookedUp::Whole(list, artifacts) => {
                recipe.inputs.insert(
                    input.port.name.into(),
                    recipe::Input::Lookup { lookup: Digest::of(&list), images: list.iter().filter(|b| **b == b'\n').count() as u64 },
                );
                stage_inputs.artifacts.insert(input.port.name.into(), artifacts);
                stage_inputs.lookups.push(list);
            }
            LookedUp::Waits(more) => waits.extend(more),
        }
    }
    waits.sort_unstable();
    waits.dedup();
    Ok(if waits.is_empty() { Formed::Whole(recipe, stage_inputs) } else { Formed::Waits { waits, partial: recipe } })
}

enum LookedUp {
    Whole(Vec<u8>, Vec<(String, Artifact)>),
    Waits(Vec<StageId>),
}

/// Finds the images of the tables in the packs that are known. Packs that contain none of them are not waited for, not
/// part of the recipe and not given to the stage. One that may contain them with other pixels is waited for, so that what is
/// found does not depend on which pack is done first: a check then refuses the study.
fn look_up(
    p: &Pipeline,
    input: &Input,
    stage_inputs: &StageInputs,
    known: &dyn Fn(StageId, &str) -> Option<Artifact>,
    session: &Session,
    stage: &Stage,
) -> Result<LookedUp> {
    let bound = |port: &str| stage.inputs.iter().any(|i| i.port.name == port);
    let mut images = BTreeSet::new();
    for by in input.port.by.iter().filter(|by| bound(by)) {
        // The table's own stage is waited for already.
        let Some(tables) = stage_inputs.artifacts.get(*by) else { return Ok(LookedUp::Waits(vec![])) };
        for (_, table) in tables {
            images.extend(session.tables.samples(&session.store, table)?.iter().map(|r| r.image));
        }
    }
    let mut used = vec![];
    let mut unknown = vec![];
    let mut pixels: BTreeMap<Digest, Digest> = BTreeMap::new();
    for source in &input.from {
        let Some(artifact) = known(source.stage, source.port) else {
            unknown.push(source);
            continue;
        };
        let pack = session.tables.pack(&session.store, &artifact)?;
        let before = pixels.len();
        for image in &images {
            if let Some(found) = pack.get(image) {
                pixels.entry(*image).or_insert(*found);
            }
        }
        if pixels.len() > before {
            used.push((source.cell.clone(), artifact));
        }
    }
    if pixels.len() == images.len() {
        unknown.retain(|s| may_differ(p, s, input, known));
        let mut rivals = vec![];
        for source in unknown {
            if will_hold_any(p, source, &images, known, session)? {
                rivals.push(source);
            }
        }
        unknown = rivals;
    }
    if !unknown.is_empty() {
        return Ok(LookedUp::Waits(unknown.into_iter().map(|s| s.stage).collect()));
    }
    // An image that no pack contains is in the list without pixels: the stage will say so.
    Ok(LookedUp::Whole(list_of(&images, |image| pixels.get(image)), used))
}

/// The list of a lookup: a line for each image, with the digest of its pixels where it is known.
pub fn list_of<'a>(images: &BTreeSet<Digest>, pixels: impl Fn(&Digest) -> Option<&'a Digest>) -> Vec<u8> {
    let mut out = Vec::with_capacity(images.len() * 130);
    for image in images {
        image.push_hex(&mut out);
        out.push(b' ');
        match pixels(image) {
            Some(pixels) => pixels.push_hex(&mut out),
            None => out.push(b'-'),
        }
        out.push(b'\n');
    }
    out
}

/// False for a pack that is made just as one that is known: equal images have equal pixels in both.
fn may_differ(p: &Pipeline, source: &Source, input: &Input, known: &dyn Fn(StageId, &str) -> Option<Artifact>) -> bool {
    let same = |a: &Stage, b: &Stage| a.kind.name == b.kind.name && a.parameters == b.parameters;
    let done = input.from.iter().filter(|s| known(s.stage, s.port).is_some());
    !done.into_iter().all(|other| same(&p.stages[source.stage], &p.stages[other.stage]))
}

/// True if a pack that is not there yet will contain one of these images: it is made of a table that is known.
fn will_hold_any(
    p: &Pipeline,
    source: &Source,
    images: &BTreeSet<Digest>,
    known: &dyn Fn(StageId, &str) -> Option<Artifact>,
    session: &Session,
) -> Result<bool> {
    let stage = &p.stages[source.stage];
    // A kind that makes images of its own packs those.
    if stage.kind.outputs.iter().any(|o| o.artifact == ArtifactType::Samples) {
        return Ok(false);
    }
    let made_of = stage.inputs.iter().filter(|i| i.port.artifact == ArtifactType::Samples && i.port.by.is_empty()).flat_map(|i| &i.from);
    for table in made_of {
        match known(table.stage, table.port) {
            Some(artifact) if !session.tables.samples(&session.store, &artifact)?.iter().any(|r| images.contains(&r.image)) => {}
            None if p.stages[table.stage].kind.synthetic => {}
            // A table that is not there yet may name any of them.
            _ => return Ok(true),
        }
    }
    Ok(false)
}
