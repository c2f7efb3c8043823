//! Translations of test images: a synthetic image shows the anatomy of the image that it was translated from.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::StageId;
use hilum_cache::Digest;
use std::collections::BTreeSet;

/// Test images that were translated into images that the model is trained on.
pub(super) fn tested(look: &CheckInput) -> Vec<CheckResult> {
    let mut out = vec![];
    for side in &look.sides {
        for translator in translators(look, side.trainer) {
            let stage = &look.p.stages[translator];
            // Which images are translated, only the table of the translations says.
            let Some(translations) = look.rows(translator, "samples") else { continue };
            let tested: BTreeSet<Digest> =
                side.test.from.iter().filter_map(|s| look.rows(s.stage, s.port)).flat_map(|rows| rows.iter().map(|r| r.image).collect::<Vec<_>>()).collect();
            let shared = translations.iter().filter_map(|r| r.parent).filter(|p| tested.contains(p)).collect::<BTreeSet<_>>().len() as u64;
            let message = format!("`{}` would be tested on images that `{}` translated into training images", look.p.stages[side.trainer].base, stage.base);
            let help = "translate images of the training part only";
            out.extend(side.found((shared, "images"), ["was translated", "were translated"], message, help, vec![side.trainer, translator]));
        }
    }
    out
}

/// Stages that translate images into the training set of a model.
fn translators(look: &CheckInput, trainer: StageId) -> BTreeSet<StageId> {
    let (mut out, mut seen, mut rest) = (BTreeSet::new(), BTreeSet::new(), vec![trainer]);
    while let Some(id) = rest.pop() {
        if look.p.stages[id].kind.synthetic {
            out.insert(id);
            continue;
        }
        let samples = look.p.stages[id].inputs.iter().filter(|i| ["samples", "real", "synthetic"].contains(&i.port.name));
        rest.extend(samples.flat_map(|i| &i.from).map(|s| s.stage).filter(|s| seen.insert(*s)));
    }
    out
}
