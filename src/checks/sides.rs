//! Models and what they are tested on, pair by pair, with what reached either side. Independent of what is wrong with that.

use super::CheckResult;
use crate::lineage::{Evidence, Flow, KnownOutput, Lineage, PatientsAndImages, TableContents};
use crate::pipeline::Pipeline;
use crate::pipeline::model::{Input, StageId};
use hilum_cache::Result;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A model and what it is tested on.
pub(super) struct Side<'a> {
    pub(super) stage: StageId,
    pub(super) trainer: StageId,
    pub(super) test: &'a Input,
    /// Images used for training or normalisation.
    pub(super) direct: PatientsAndImages,
    /// Images that a training watched, to stop early or to keep the best weights.
    pub(super) watched: PatientsAndImages,
    /// Sets of patients, of each of which at least one will be among those.
    pub(super) some: Vec<RoaringBitmap>,
    /// What reached those images, or the initial weights.
    pub(super) generated: PatientsAndImages,
    pub(super) tested: Flow,
    /// The rows of the test set, if known.
    pub(super) rows: Option<Arc<TableContents>>,
    /// A note for each finding.
    pub(super) note: Option<&'static str>,
}

impl Side<'_> {
    /// Patients of whom real images are tested: those of synthetic ones are another check's.
    pub(super) fn tested_patients(&self) -> RoaringBitmap {
        self.rows.as_ref().map_or_else(|| self.tested.contains.patients.clone(), |rows| rows.real.patients.clone())
    }
    /// Images on the training side.
    pub(super) fn trained(&self) -> RoaringBitmap {
        &self.direct.images | &self.watched.images | &self.generated.images
    }
    /// Patients on the training side.
    pub(super) fn patients(&self) -> RoaringBitmap {
        &self.direct.patients | &self.watched.patients | &self.generated.patients
    }
    /// A finding at its test set, if `count` is not 0; `label` has a singular and a plural form.
    pub(super) fn found(
        &self,
        (count, unit): (u64, &'static str),
        label: [&str; 2],
        message: String,
        help: &'static str,
        path: Vec<StageId>,
    ) -> Option<CheckResult> {
        let label = format!("{count} of these {unit} {}", label[usize::from(count != 1)]);
        let notes = self.note.iter().map(|n| (*n).to_owned()).collect();
        (count > 0).then_some(CheckResult { stage: self.stage, at: self.test.span, label, message, notes, help, count, unit, path })
    }
}

/// Every model with each of its test sets.
///
/// # Errors
/// If a table in the store cannot be read.
pub(super) fn sides<'a>(p: &'a Pipeline, lineage: &mut Lineage, known: KnownOutput, evidence: &Evidence) -> Result<Vec<Side<'a>>> {
    let mut out = vec![];
    for (id, stage) in p.stages.pairs().filter(|(_, s)| s.stage.is_test()) {
        let (Some(model), Some(test)) = (stage.input("weights"), stage.input("samples")) else { continue };
        let mut tested = Flow::default();
        for source in &test.from {
            let flow = lineage.flow(source.stage, source.port);
            tested.contains.add(&flow.contains);
            tested.influenced.add(&flow.influenced);
        }
        let rows = match test.from.as_slice() {
            [only] => lineage.table(only, known, evidence)?,
            _ => None,
        };
        for source in &model.from {
            let quality = stage.stage.judges_images();
            if quality && !shows_real(source.stage, test, p, lineage, known, evidence)? {
                continue;
            }
            let mut some = vec![];
            let (mut direct, mut generated) = (PatientsAndImages::default(), lineage.outside.get(&source.stage).cloned().unwrap_or_default());
            let mut watched = PatientsAndImages::default();
            for (port, from) in p.stages[source.stage].inputs.iter().filter(|i| i.port.by.is_empty()).flat_map(|i| i.from.iter().map(|f| (i.port.name, f))) {
                let flow = lineage.flow(from.stage, from.port);
                generated.add(&flow.influenced);
                if port == "validation" {
                    watched.add(&flow.contains);
                    continue;
                }
                direct.add(&flow.contains);
                some.extend(flow.some.into_iter().chain(flow.within).filter(|s| !s.is_empty()));
            }
            out.push(Side {
                stage: id,
                trainer: source.stage,
                test,
                direct,
                watched,
                generated,
                some,
                tested: tested.clone(),
                rows: rows.clone(),
                note: quality.then_some(NO_QUALITY),
            });
        }
    }
    Ok(out)
}

/// Why `purpose: synthetic-quality` does not apply.
const NO_QUALITY: &str = "`purpose: synthetic-quality` is for a model that is trained or tested on synthetic images in place of the real images of a class; here both sides have real images of every class";

/// True if both sides certainly contain real images of every class: then the model is what is tested, whatever the study says.
fn shows_real(trainer: StageId, test: &Input, p: &Pipeline, lineage: &mut Lineage, known: KnownOutput, evidence: &Evidence) -> Result<bool> {
    let trained = p.stages[trainer].input("samples");
    let mut sides = [BTreeMap::new(), BTreeMap::new()];
    for (labels, input) in sides.iter_mut().zip([trained, Some(test)]) {
        for source in input.iter().flat_map(|i| &i.from) {
            let Some(held) = lineage.table(source, known, evidence)? else { return Ok(false) };
            held.by_label.iter().for_each(|(label, of)| *labels.entry(label.clone()).or_insert(false) |= of.has_real);
        }
    }
    // A class on one side only tests nothing.
    let [trained, tested] = &sides;
    let mut both = trained.iter().filter_map(|(label, real)| Some((real, tested.get(label)?))).peekable();
    Ok(both.peek().is_some() && both.all(|(a, b)| *a && *b))
}
