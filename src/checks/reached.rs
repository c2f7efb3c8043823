//! The main rule: no test patient may have reached the model, be it by images of the training set, by a generator or initial
//! weights that were trained on them, or the other way round, by test images generated from training patients.

use super::{CheckInput, CheckResult, Side};
use crate::lineage::PatientsAndImages;
use crate::pipeline::model::{Source, StageId};
use roaring::RoaringBitmap;

/// Test patients behind a generator, or behind the initial weights.
pub(super) fn through_others(look: &CheckInput) -> Vec<CheckResult> {
    let of = |side: &Side| {
        let shared = &side.generated.patients & &side.tested_patients();
        let model = &look.p.stages[side.trainer].base;
        let by_weights = look.lineage.outside.get(&side.trainer).is_some_and(|r| !r.patients.is_disjoint(&shared));
        let (whom, help) = match by_weights {
            true => ("that its initial weights were trained on", "start from weights of other patients"),
            false => ("that the generator of its training data was trained on", "train the generator on other patients"),
        };
        found(side, &shared, format!("`{model}` would be tested on patients {whom}"), help, way(look, side.trainer, &shared))
    };
    look.sides.iter().filter_map(of).collect()
}

/// Test patients in the training set.
pub(super) fn directly(look: &CheckInput) -> Vec<CheckResult> {
    let of = |side: &Side| {
        let tested = side.tested_patients();
        let mut shared = &side.direct.patients & &tested;
        // It is not yet known which of them is drawn, but all of them are tested on: at least one is shared.
        let some = side.some.iter().filter(|s| s.is_disjoint(&shared) && s.is_subset(&tested)).filter_map(RoaringBitmap::min);
        shared.extend(some.collect::<Vec<_>>());
        let model = &look.p.stages[side.trainer].base;
        let message = format!("`{model}` would be tested on patients whose images it was trained on");
        found(
            side,
            &shared,
            message,
            "split by patient; if imports number different people, give each its own `patients: NAME`",
            way(look, side.trainer, &shared),
        )
    };
    look.sides.iter().filter_map(of).collect()
}

/// Test images from a generator that was trained on patients of the model.
pub(super) fn into_the_test(look: &CheckInput) -> Vec<CheckResult> {
    let of = |side: &Side| {
        // Behind synthetic test images: whom their generator was trained on, and whom they were translated from.
        let behind = &side.tested.influenced.patients | &(&side.tested.contains.patients - &side.tested_patients());
        let shared = &behind & &look.lineage.with_sharing(&side.patients());
        let images = &side.tested.influenced.images & &side.trained();
        let model = &look.p.stages[side.trainer].base;
        let message = format!("`{model}` would be tested on synthetic images derived from patients it was trained on");
        let help = "test on real images, or set `purpose: synthetic-quality` to assess the images";
        let path = way(look, side.test.from[0].stage, &shared);
        // Copies of the model's images under other names are the same images.
        let by_images = || side.found((images.len(), "images"), ["reached the generator and the model"; 2], message.clone(), help, path.clone());
        found(side, &shared, message.clone(), help, path.clone()).or_else(by_images)
    };
    look.sides.iter().filter_map(of).collect()
}

fn found(side: &Side, shared: &RoaringBitmap, message: String, help: &'static str, path: Vec<StageId>) -> Option<CheckResult> {
    side.found((shared.len(), "patients"), ["reached the model"; 2], message, help, path)
}

/// From a stage back to where these patients came in, through generators first: that path is the less obvious one.
fn way(look: &CheckInput, from: StageId, shared: &RoaringBitmap) -> Vec<StageId> {
    let mut path = vec![from];
    loop {
        let sources: Vec<&Source> = look.p.stages[path[path.len() - 1]].inputs.iter().filter(|i| i.port.by.is_empty()).flat_map(|i| &i.from).collect();
        let meets = |s: &&&Source, of: fn(&crate::lineage::Flow) -> &PatientsAndImages| !of(&look.lineage.flow(s.stage, s.port)).patients.is_disjoint(shared);
        match sources.iter().find(|s| meets(s, |f| &f.influenced)).or_else(|| sources.iter().find(|s| meets(s, |f| &f.contains))) {
            Some(next) => path.push(next.stage),
            None => return path,
        }
    }
}
