//! Stages that compare images whose pixels were prepared in different ways: then they differ in that, whatever they show. Independent of
//! features and of figures.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Input, Stage, StageId};
use hilum_stages::contract::artifact::ArtifactType;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What was done to the pixels of a pack, as far as it shows in every image. Their size is compared elsewhere, and how many bits an image
/// uses is a matter of its scanner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Prepared {
    /// How images were made square, in the words of the study.
    fit: String,
    /// True if grey values were stretched.
    is_stretched: bool,
    /// True if they were augmented.
    is_augmented: bool,
}

impl Prepared {
    fn in_words(&self) -> String {
        let stretched = if self.is_stretched { "grey values stretched" } else { "grey values as they are" };
        let augmented = if self.is_augmented { ", augmented" } else { "" };
        format!("`fit: {}`, {stretched}{augmented}", self.fit)
    }
}

/// Stages that compare features or pixels of images that were not prepared alike.
pub(super) fn differently(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        stage.kind.inputs.iter().find(|port| ArtifactType::Embedding == port.artifact)?;
        // Copies that a generator was trained on are what it may repeat.
        let has_copies = stage.input("training").is_none();
        let (at, [one, other]) = spaces(look, stage).into_iter().find_map(|(at, makers)| Some((at, apart(look, &makers, has_copies)?)))?;
        let said = |(pack, prepared): &(StageId, Prepared)| format!("`{}`: {}", look.p.stages[*pack].base, prepared.in_words());
        Some(CheckResult {
            stage: id,
            at: at.span,
            label: "pixels prepared in different ways".into(),
            message: format!("`{}` compares images whose pixels were prepared in different ways: they differ in that, whatever they show", stage.base),
            notes: vec![said(&one), said(&other)],
            help: "prepare all of them alike (`fit` and `contrast_stretch` of `prepare`, `contrast_stretch` of `synthesize`); if this is what is studied, allow it with a reason",
            count: 1,
            unit: "comparisons",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}

/// Packs that are compared with each other: of the features by one extractor, and of the pixels that the stage itself looks at.
fn spaces<'a>(look: &CheckInput<'a>, stage: &'a Stage) -> Vec<(&'a Input, BTreeSet<StageId>)> {
    let mut spaces: BTreeMap<String, (&'a Input, BTreeSet<StageId>)> = BTreeMap::new();
    for input in stage.inputs.iter().filter(|i| ArtifactType::Embedding == i.port.artifact) {
        for source in &input.from {
            let features = &look.p.stages[source.stage];
            let weights: Vec<StageId> = features.input("weights").into_iter().flat_map(|i| &i.from).map(|s| s.stage).collect();
            let space = format!("{} {weights:?}", features.parameters["extractor"]);
            spaces.entry(space).or_insert_with(|| (input, BTreeSet::new())).1.extend(packs(look, features));
        }
    }
    let own = stage.input("images").map(|input| (input, packs(look, stage)));
    spaces.into_values().chain(own).collect()
}

/// The stages that make the packs of a stage, as far as images of its tables are surely in them: a list may have packs of other images.
fn packs(look: &CheckInput, stage: &Stage) -> BTreeSet<StageId> {
    let (mut tables, mut rest) = (BTreeSet::new(), tables_of(stage));
    while let Some(table) = rest.pop() {
        if tables.insert(table) {
            rest.extend(tables_of(&look.p.stages[table.0]));
        }
    }
    let is_meant = |pack: &StageId| {
        let maker = &look.p.stages[*pack];
        // What makes images makes their table, too.
        let own: Vec<(StageId, &str)> = maker.kind.outputs.iter().filter(|o| o.artifact == ArtifactType::Samples).map(|o| (*pack, o.name)).collect();
        let of = if own.is_empty() { tables_of(maker) } else { own };
        of.iter().any(|table| tables.contains(table))
    };
    stage.input("images").into_iter().flat_map(|i| &i.from).map(|s| s.stage).filter(is_meant).collect()
}

/// The tables that a stage is given.
fn tables_of(stage: &Stage) -> Vec<(StageId, &'static str)> {
    let tables = stage.inputs.iter().filter(|i| i.port.artifact == ArtifactType::Samples);
    tables.flat_map(|i| &i.from).map(|s| (s.stage, s.port)).collect()
}

/// Two packs that were not prepared alike; that some are of augmented copies counts where `with_copies` says so.
fn apart(look: &CheckInput, packs: &BTreeSet<StageId>, with_copies: bool) -> Option<[(StageId, Prepared); 2]> {
    let mut first: Option<(StageId, Prepared)> = None;
    for pack in packs {
        for of in prepared(look, *pack)? {
            let prepared = Prepared { is_augmented: of.is_augmented && with_copies, ..of };
            match &first {
                None => first = Some((*pack, prepared)),
                Some(one) if one.1 != prepared => return Some([one.clone(), (*pack, prepared)]),
                Some(_) => {}
            }
        }
    }
    None
}

/// How the pixels were prepared that a stage makes; generated ones are as those that their generator was trained on. None where the study
/// does not say it.
fn prepared(look: &CheckInput, pack: StageId) -> Option<BTreeSet<Prepared>> {
    let stage = &look.p.stages[pack];
    let is_stretched = stage.parameters["contrast_stretch"] == true;
    if let Value::String(fit) = &stage.parameters["fit"] {
        return Some([Prepared { fit: fit.clone(), is_stretched, is_augmented: false }].into());
    }
    let makers = match stage.input("generator") {
        Some(generator) => generator.from.iter().map(|s| look.p.stages[s.stage].input("images")).collect::<Option<Vec<_>>>()?,
        None => vec![stage.input("images")?],
    };
    let mut out = BTreeSet::new();
    for source in makers.into_iter().flat_map(|i| &i.from) {
        // A generator makes no copies, whether or not it was trained on some.
        let is_augmented = |of: &Prepared| (of.is_augmented || stage.kind.copies) && !stage.kind.synthetic;
        let add = |of: Prepared| Prepared { is_stretched: of.is_stretched || is_stretched, is_augmented: is_augmented(&of), ..of };
        out.extend(prepared(look, source.stage)?.into_iter().map(add));
    }
    Some(out)
}
