//! Leaks planted into a study, one at a time, to see whether the checks find them. Independent of how a check finds something.

use crate::pipeline::Pipeline;
use crate::pipeline::model::{Input, Source, Stage, StageId};
use hilum_stages::contract::artifact::ArtifactType;
use std::collections::BTreeSet;

/// A study with a leak: what is set in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mutant {
    /// The check that must find it.
    pub id: &'static str,
    /// What was planted, in words.
    pub what: String,
    /// As `--set` takes them.
    pub sets: Vec<String>,
}

/// Every leak that can be planted into a study: for each evaluation, and each stage on the way to it.
pub fn mutants(p: &Pipeline) -> Vec<Mutant> {
    let mut out = BTreeSet::new();
    for test in p.stages.iter().filter(|s| s.stage.is_test() && !s.stage.judges_images()) {
        let Some(tested) = binding(p, test, "samples") else { continue };
        let mut add = |id: &'static str, what: String, sets: Vec<String>| {
            out.insert(Mutant { id, what, sets });
        };
        let of = &test.base;
        // Outputs that lead to the test set: other outputs of the same stages are other parts.
        let parts = ways(p, test);
        for trainer in makers(p, test, "weights") {
            let name = &trainer.base;
            if trainer.kind.input("validation").is_some() {
                let sets = vec![format!("stages.{name}.in.validation={tested}"), format!("stages.{name}.with.early_stop={{}}")];
                add("selection.on_test", format!("`{name}` stops early on the test set of `{of}`"), sets);
            }
            for maker in std::iter::once(trainer).chain(above(p, trainer)) {
                let base = &maker.base;
                // Where a training part comes in, the test part does instead.
                let is_other_part = |s: &Source| parts.iter().any(|(stage, port)| *stage == s.stage && *port != s.port);
                let is_trained_on = |i: &&Input| i.port.artifact == ArtifactType::Samples && i.port.name != "validation" && i.from.iter().any(is_other_part);
                let trained = maker.inputs.iter().find(is_trained_on);
                if let Some(input) = trained {
                    let sets = vec![format!("stages.{base}.in.{}={tested}", input.port.name)];
                    let (id, what) = match () {
                        () if maker.kind.output("generator").is_some() => ("leakage.generator_trained_on_eval", "is trained on"),
                        () if maker.kind.synthetic => ("leakage.parent_in_eval", "translates"),
                        () if reaches_only_generators(p, trainer, maker) => ("leakage.generator_trained_on_eval", "passes to a generator"),
                        () => ("leakage.patient_overlap", "passes to the training"),
                    };
                    add(id, format!("`{base}` {what} the test set of `{of}`"), sets);
                }
                if maker.kind.synthetic {
                    let sets = vec![format!("stages.{of}.in.samples={base}")];
                    add("leakage.synthetic_in_eval", format!("`{of}` tests on the images of `{base}`"), sets);
                }
            }
        }
        let splits: BTreeSet<StageId> = parts.iter().map(|(stage, _)| *stage).collect();
        for split in splits.into_iter().map(|id| &p.stages[id]).filter(|s| s.kind.output("test").is_some()) {
            let (Some(samples), Some(images)) = (binding(p, split, "samples"), binding(p, test, "images")) else { continue };
            let name = &split.base;
            let copies = format!(
                "stages.planted-copies={{stage: augment, in: {{samples: {samples}, images: {images}}}, with: {{images: 1000, augment: {{rotation: 5}}}}}}"
            );
            let sets = vec![copies, format!("stages.{name}.in.samples=planted-copies"), format!("stages.{name}.with.by=image")];
            add("leakage.augmented_before_split", format!("`{name}` deals out images one by one, after copies were made"), sets);
        }
        let is_compared = p.stages.iter().any(|s| makers(p, s, "scores").iter().any(|m| m.base == *of));
        if let Some(trained) = makers(p, test, "weights").first().and_then(|t| binding(p, t, "samples")).filter(|_| is_compared) {
            let sets = vec![format!("stages.{of}.matrix.planted=[{tested}, {trained}]"), format!("stages.{of}.in.samples=$planted")];
            add("eval.unequal_test_sets", format!("`{of}` tests arms on different images"), sets);
        }
    }
    out.into_iter().collect()
}

/// What is bound to a port, if it is one output, as a stage with the same axes would bind it; of several, the first.
fn binding(p: &Pipeline, stage: &Stage, port: &str) -> Option<String> {
    let source = stage.input(port)?.from.first()?;
    let maker = &p.stages[source.stage];
    // What the stage itself has as an axis is inherited, everything else was selected.
    let selected = maker.coordinates().filter(|(axis, _)| !stage.coordinates().any(|(own, _)| own == *axis));
    Some(selected.fold(format!("{}.{}", maker.base, source.port), |text, (axis, value)| format!("{text}/{axis}={value}")))
}

/// The outputs by which tables reach the test set of an evaluation.
fn ways(p: &Pipeline, test: &Stage) -> BTreeSet<(StageId, &'static str)> {
    let (mut out, mut rest) = (BTreeSet::new(), test.input("samples").into_iter().flat_map(|i| &i.from).collect::<Vec<&Source>>());
    while let Some(source) = rest.pop() {
        if out.insert((source.stage, source.port)) {
            let inputs = p.stages[source.stage].inputs.iter().filter(|i| i.port.artifact == ArtifactType::Samples);
            rest.extend(inputs.flat_map(|i| &i.from));
        }
    }
    out
}

/// True if a table reaches a training by generators alone.
fn reaches_only_generators(p: &Pipeline, trainer: &Stage, table: &Stage) -> bool {
    let (mut seen, mut rest) = (BTreeSet::new(), vec![trainer]);
    while let Some(stage) = rest.pop() {
        if stage.name == table.name {
            return false;
        }
        let tables = stage.inputs.iter().filter(|i| i.port.artifact == ArtifactType::Samples);
        rest.extend(tables.flat_map(|i| &i.from).filter(|s| seen.insert(s.stage)).map(|s| &p.stages[s.stage]));
    }
    true
}

fn makers<'a>(p: &'a Pipeline, stage: &Stage, port: &str) -> Vec<&'a Stage> {
    stage.input(port).into_iter().flat_map(|i| &i.from).map(|s| &p.stages[s.stage]).collect()
}

/// All stages whose tables or generators reach a stage's tables.
fn above<'a>(p: &'a Pipeline, of: &Stage) -> Vec<&'a Stage> {
    let (mut out, mut seen, mut rest) = (vec![], BTreeSet::new(), vec![of]);
    while let Some(stage) = rest.pop() {
        let inputs = stage.inputs.iter().filter(|i| matches!(i.port.artifact, ArtifactType::Samples | ArtifactType::Generator));
        for source in inputs.flat_map(|i| &i.from) {
            if seen.insert(source.stage) {
                let maker = &p.stages[source.stage];
                out.push(maker);
                rest.push(maker);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::study;

    #[test]
    fn every_stage_on_the_way_to_a_test_gets_its_leak() {
        let p = study(
            "study: s\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 32, classes: { a: { images: 40 }, b: { images: 40 } } } }\n  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }\n  parts: { stage: split, matrix: { fold: [0, 1] }, in: { samples: images }, with: { folds: 2, fold: $fold } }\n  gan: { stage: train-gan, in: { samples: parts.train, images: pixels }, with: { network: { cyclegan: { from: a, to: b } }, steps: 1 } }\n  made: { stage: synthesize, in: { generator: gan, source: parts.train, images: pixels } }\n  set: { stage: oversample, in: { real: parts.train, synthetic: made }, with: { arm: real+synthetic } }\n  net: { stage: train-classifier, in: { samples: set, images: [pixels, made.images] }, with: { network: smallcnn64, steps: 1 } }\n  scores: { stage: evaluate, in: { weights: net, samples: parts.test, images: pixels } }\n  all: { stage: compare, in: { scores: scores/* } }\n",
        );
        let found = mutants(&p);
        let ids: BTreeSet<&str> = found.iter().map(|m| m.id).collect();
        let expected = [
            "eval.unequal_test_sets",
            "leakage.augmented_before_split",
            "leakage.generator_trained_on_eval",
            "leakage.parent_in_eval",
            "leakage.patient_overlap",
            "leakage.synthetic_in_eval",
            "selection.on_test",
        ];
        assert_eq!(ids, BTreeSet::from(expected));
        let of_set = found.iter().find(|m| m.id == "leakage.patient_overlap").unwrap();
        assert_eq!(of_set.sets, ["stages.set.in.real=parts.test"]);
        let gan = found.iter().find(|m| m.id == "leakage.generator_trained_on_eval").unwrap();
        assert_eq!(gan.sets, ["stages.gan.in.samples=parts.test"], "the fold is inherited");
        assert!(found.iter().all(|m| m.sets.iter().all(|s| s.starts_with("stages."))));
    }
}
