//! A study as it would be if it had run, from made-up tables with the right counts: so checks can speak before anything has, and without
//! the data. Independent of which check says what.

use crate::checks::{self, DecidedBy, Finding, expected};
use crate::lineage::Evidence;
use crate::pipeline::Pipeline;
use crate::pipeline::model::{Stage, StageId};
use crate::plan::counts;
use crate::tables::Tables;
use crate::workspace::Listings;
use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Ledger, Result, Sha256, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::source::Listing;
use hilum_stages::counted::{imported, tears_apart};
use hilum_stages::data::sample::Samples;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// Files that a rehearsal looks at: with more, its tables would take the patience of whoever waits for them.
const MOST_FILES: usize = 100_000;

/// Made-up outputs of a study.
pub struct Rehearsal {
    /// Where nothing is known of how many images have a label, one for each that may be the rare one.
    variants: Vec<Variant>,
    /// Stages whose tables are not known, so that nothing is said of what they lead to, with the reason.
    pub unmade: Vec<(StageId, String)>,
}

/// Outputs that a study may have.
struct Variant {
    tables: Tables,
    artifacts: HashMap<(StageId, &'static str), Artifact>,
    /// Stages whose counts the study does not decide.
    approximate: BTreeSet<StageId>,
}

impl Rehearsal {
    /// The outputs that a study would have. Imports that do not say what to `expect` get made-up images, too.
    pub fn of(p: &Pipeline) -> Rehearsal {
        Rehearsal::with(p, &HashMap::new())
    }

    /// The same with these tables of imports, which [`tables_of_files`] gives.
    pub fn with(p: &Pipeline, read: &HashMap<StageId, Samples>) -> Rehearsal {
        let mut unmade = None;
        let of = |rehearsed: counts::Rehearsed| {
            unmade.get_or_insert(rehearsed.unmade);
            Variant::of(p, rehearsed.tables, rehearsed.approximate)
        };
        let variants = counts::rehearsed(p, read).into_iter().map(of).collect();
        Rehearsal { variants, unmade: unmade.unwrap_or_default() }
    }

    /// What the checks find in it that is true whatever the data are.
    ///
    /// # Errors
    /// If a table cannot be read.
    pub fn findings(&self, p: &Pipeline) -> Result<Vec<Finding>> {
        let mut all: Vec<Finding> = vec![];
        for variant in &self.variants {
            let found = variant.findings(p)?;
            // Other made-up counts are no other finding.
            let new: Vec<Finding> = found.into_iter().filter(|f| !all.iter().any(|known| known.check.id == f.check.id && known.stage == f.stage)).collect();
            all.extend(new);
        }
        Ok(all)
    }
}

/// The tables of a study's imports from what is known of their files, where a split may tear the images of a patient apart: whether it
/// does follows from who the patients are, which made-up tables do not say. None where there are more than 100,000 files.
pub fn tables_of_files(p: &Pipeline, listings: impl FnOnce() -> Listings) -> HashMap<StageId, Samples> {
    let may_tear = p.stages.iter().any(|s| tears_apart(s.kind.name, &s.parameters));
    let listings = if may_tear { listings() } else { Listings::new() };
    if listings.values().flat_map(BTreeMap::values).map(|listing| listing.files.len()).sum::<usize>() > MOST_FILES {
        return HashMap::new();
    }
    let table = |(id, sources): (&StageId, &BTreeMap<String, Arc<Listing>>)| {
        let sources = sources.iter().map(|(parameter, listing)| (parameter.clone(), Listing::clone(listing))).collect();
        Some((*id, imported(p.stages[*id].kind.name, &p.stages[*id].parameters, sources)?))
    };
    listings.iter().filter_map(table).collect()
}

impl Variant {
    fn of(p: &Pipeline, made: Vec<(StageId, &'static str, Samples)>, approximate: BTreeSet<StageId>) -> Variant {
        let tables = Tables::default();
        let mut artifacts = HashMap::new();
        for (id, port, samples) in made {
            // Equal tables are one artifact, whoever made them.
            let mut content = vec![];
            samples.rows.iter().for_each(|r| {
                content.extend_from_slice(r.image.bytes());
                content.extend_from_slice(r.label.as_bytes());
            });
            let artifact = artifact(ArtifactType::Samples, &content);
            tables.put(artifact.digest, samples.rows);
            artifacts.insert((id, port), artifact);
        }
        for (id, stage) in p.stages.pairs() {
            for port in stage.kind.outputs.iter().filter(|port| port.artifact == ArtifactType::Generator) {
                // Rows of synthetic images name their generator by its stage.
                artifacts.insert((id, port.name), artifact(ArtifactType::Generator, stage.name.as_bytes()));
            }
        }
        Variant { tables, artifacts, approximate }
    }

    fn findings(&self, p: &Pipeline) -> Result<Vec<Finding>> {
        // A directory that does not exist is an empty store.
        let store = Store::open(Path::new("/nonexistent"))?;
        let ledger = Ledger::load(&store)?;
        let evidence = Evidence { store: &store, tables: &self.tables, ledger: &ledger, made: &[], listings: &HashMap::new(), pseudonyms: "" };
        let known = |id: StageId, port: &str| {
            let artifacts: &HashMap<(StageId, &str), Artifact> = &self.artifacts;
            artifacts.get(&(id, port)).cloned()
        };
        let is_certain = |finding: &Finding| match finding.check.decided_by {
            DecidedBy::Design => true,
            DecidedBy::Counts => !self.approximate.contains(&finding.stage) || expected::impossible(&p.stages[finding.stage]).is_some(),
            DecidedBy::Labels => above(p, finding.stage).iter().all(|id| knows_labels(&p.stages[*id])),
            // Of two imports, nobody knows whether they are of the same images.
            DecidedBy::Images => above(p, finding.stage).iter().filter(|id| p.stages[**id].kind.pseudonyms).count() < 2,
            DecidedBy::Tables | DecidedBy::Results => false,
        };
        Ok(checks::findings(p, &known, &evidence)?.into_iter().filter(is_certain).collect())
    }
}

/// A stage and all that its inputs come from.
fn above(p: &Pipeline, of: StageId) -> BTreeSet<StageId> {
    let (mut found, mut open) = (BTreeSet::from([of]), vec![of]);
    while let Some(id) = open.pop() {
        open.extend(p.stages[id].inputs.iter().flat_map(|i| &i.from).map(|s| s.stage).filter(|id| found.insert(*id)));
    }
    found
}

/// True unless it takes in images of which the study does not say what labels they have, all of which the made-up table has.
fn knows_labels(stage: &Stage) -> bool {
    let draws = || stage.stage.images(&|_| None).is_some();
    let says = || expected::possible_labels(stage).is_some_and(|all| stage.expect.is_empty() || all.iter().all(|label| stage.expect.contains_key(label)));
    !stage.inputs.is_empty() || !stage.kind.pseudonyms || draws() || says()
}

fn artifact(of: ArtifactType, content: &[u8]) -> Artifact {
    let digest = Digest::of(content);
    Artifact { kind: of.name().to_owned(), digest, sha256: Sha256::of(content), bytes: 1, file: Some("made-up".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::study;

    const PHANTOMS: &str = "{ stage: phantoms, with: { size: 32, classes: { normal: { images: 40 }, covid: { images: 40 } } } }";
    const IMPORT: &str = "{ stage: import, with: { images: data, LABELS } }";

    /// The errors without data in a study of these images.
    fn errors(images: &str, others: &str) -> (Pipeline, Vec<Finding>) {
        let text = format!(
            "study: s\nseed: 1\nstages:\n  images: {images}\n  pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: 32 }} }}\n  \
             parts: {{ stage: split, in: {{ samples: images }}, with: {{ train: 0.5, test: 0.5 }} }}\n  classifier: {{ stage: train-classifier, in: \
             {{ samples: parts.train, images: pixels }}, with: {{ network: {{ smallcnn64: {{ width: 2 }} }}, steps: 1 }} }}\n{others}"
        );
        let p = study(&text);
        let errors = Rehearsal::of(&p).findings(&p).unwrap().into_iter().filter(Finding::refuses).collect();
        (p, errors)
    }

    /// Of each: id, stage, and the label of the place.
    fn found(images: &str, others: &str) -> Vec<(String, String, String)> {
        let (p, errors) = errors(images, others);
        errors.iter().map(|f| (f.check.id.to_owned(), p.stages[f.stage].name.clone(), f.diagnostic(&p, &Default::default()).at.unwrap().1)).collect()
    }

    const BOUND: &str = "in: { weights: classifier, samples: parts.test, images: pixels }";

    #[test]
    fn a_class_that_no_image_can_have_is_found_without_data() {
        for (stage, parameter) in [("grad-cam", "class"), ("shortcuts", "positive"), ("evaluate", "positive")] {
            let asks = |class: &str| format!("  asks: {{ stage: {stage}, {BOUND}, with: {{ {parameter}: {class} }} }}\n");
            let unknown = vec![("metric.unknown_class".to_owned(), "asks".to_owned(), "no class `zzz`".to_owned())];
            assert_eq!((found(PHANTOMS, &asks("zzz")), found(PHANTOMS, &asks("covid"))), (unknown.clone(), vec![]), "{stage}");
            // An import says it by `labels`, or not at all.
            let mapped = IMPORT.replace("LABELS", "labels: { '0': normal, '1': covid }");
            assert_eq!((found(&mapped, &asks("zzz")), found(&mapped, &asks("normal"))), (unknown, vec![]), "{stage}");
            assert_eq!(found(&IMPORT.replace("LABELS", "exclude: [x]"), &asks("zzz")), []);
            // What is expected of some labels only tells nothing of the others.
            let expected = mapped.replacen(" } }", " } }, expect: { covid: 40 }", 1);
            assert_eq!(found(&expected, &asks("normal")), []);
        }
    }

    /// Where images of each class are generated, each may be the one that lacks images.
    #[test]
    fn a_generator_of_every_class_is_followed_without_data() {
        let generated = |trained: &str, arm: &str| {
            format!(
                "  gan: {{ stage: train-gan, matrix: {{ of: [covid, normal] }}, in: {{ samples: {trained}, images: pixels }}, with: {{ network: {{ dcgan: {{ size: 32 }} }}, label: $of, steps: 1 }} }}\n  \
                 made: {{ stage: synthesize, in: {{ generator: gan }}, with: {{ count: 300 }} }}\n  \
                 more: {{ stage: oversample, matrix: {{ arm: [{arm}] }}, in: {{ real: parts.train, synthetic: made/of=covid }}, with: {{ arm: $arm }} }}\n  \
                 again: {{ stage: train-classifier, in: {{ samples: more, images: [pixels, made.images/of=covid] }}, with: {{ network: {{ smallcnn64: {{ width: 2 }} }}, steps: 1 }} }}\n  \
                 scores: {{ stage: evaluate, in: {{ weights: again, samples: parts.test, images: pixels }} }}\n"
            )
        };
        let import = IMPORT.replace("LABELS", "labels: { '0': normal, '1': covid }");
        let ids = |images: &str, trained: &str| -> Vec<(String, String)> {
            let (p, errors) = errors(images, &generated(trained, "real, real+synthetic"));
            errors.iter().map(|f| (f.check.id.to_owned(), p.stages[f.stage].name.clone())).collect()
        };
        let leak = vec![("leakage.generator_trained_on_eval".to_owned(), "scores/arm=real+synthetic".to_owned())];
        assert_eq!((ids(&import, "images"), ids(&import, "parts.train")), (leak, vec![]));
    }

    #[test]
    fn features_of_every_table_that_is_compared_are_bound() {
        let compared = |bound: &str, list: &str| {
            format!(
                "  gan: {{ stage: train-gan, in: {{ samples: parts.train, images: pixels }}, with: {{ network: {{ dcgan: {{ size: 32 }} }}, label: covid, steps: 1 }} }}\n  \
                 made: {{ stage: synthesize, in: {{ generator: gan }}, with: {{ count: 8 }} }}\n  \
                 of-real: {{ stage: features, in: {{ samples: {bound}, images: pixels, weights: classifier }} }}\n  \
                 of-made: {{ stage: features, in: {{ samples: made, images: made.images, weights: classifier }} }}\n  \
                 quality: {{ stage: generative-quality, in: {{ real: parts.test, synthetic: made, features: {list} }} }}\n"
            )
        };
        let missing = |port: &str| vec![("features.missing".to_owned(), "quality".to_owned(), format!("none of images of `{port}`"))];
        assert_eq!(found(PHANTOMS, &compared("parts.test", "[of-real, of-made]")), []);
        assert_eq!(found(PHANTOMS, &compared("images", "[of-real, of-made]")), [], "features of more images");
        assert_eq!(found(PHANTOMS, &compared("parts.test", "of-real")), missing("synthetic"));
        assert_eq!(found(PHANTOMS, &compared("parts.train", "[of-real, of-made]")), missing("real"));
    }

    /// A table that lies there says who the patients are.
    #[test]
    fn a_split_by_image_of_patients_with_several_is_found_in_their_table() {
        let dir = tempfile::tempdir().unwrap();
        let directory = dir.path().join("data");
        std::fs::create_dir(&directory).unwrap();
        let found = |images_per_patient: usize, by: &str| {
            let text = format!(
                "study: s\nseed: 1\nstages:\n  images: {{ stage: import, with: {{ images: data, table: data/t.csv, columns: {{ patient: who, file: file, label: \
                 finding }} }} }}\n  pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: 32 }} }}\n  parts: {{ stage: split, in: {{ samples: \
                 images }}, with: {{ train: 0.5, test: 0.5, by: {by} }} }}\n  classifier: {{ stage: train-classifier, in: {{ samples: parts.train, images: pixels \
                 }}, with: {{ network: {{ smallcnn64: {{ width: 2 }} }}, steps: 1 }} }}\n  scores: {{ stage: evaluate, in: {{ weights: classifier, samples: \
                 parts.test, images: pixels }} }}\n"
            );
            let mut table = "who,file,finding\n".to_owned();
            for n in 0..40 {
                std::fs::write(directory.join(format!("{n}.png")), "never read").unwrap();
                table += &format!("P{},{n}.png,{}\n", n / images_per_patient, if n < 20 { "covid" } else { "normal" });
            }
            std::fs::write(directory.join("t.csv"), table).unwrap();
            let p = study(&text);
            let workspace = crate::workspace::Workspace::of(&dir.path().join("study.yaml"), None, None, BTreeMap::new());
            let read = tables_of_files(&p, || workspace.unread(&p));
            let errors = Rehearsal::with(&p, &read).findings(&p).unwrap().into_iter().filter(Finding::refuses);
            (read.len(), errors.map(|f| f.check.id).collect::<Vec<_>>())
        };
        assert_eq!(found(2, "image"), (1, vec!["leakage.patient_overlap"]));
        assert_eq!(found(1, "image"), (1, vec![]));
        assert_eq!(found(2, "patient"), (0, vec![]), "nobody asks");
    }

    /// Of the findings of one check: the stage and the message.
    fn of_check(id: &str, images: &str, others: &str) -> Vec<(String, String)> {
        let (p, _) = errors(images, others);
        let found = Rehearsal::of(&p).findings(&p).unwrap().into_iter().filter(|f| f.check.id == id);
        found.map(|f| f.record(&p)).map(|f| (f.stage, f.message.unwrap_or_default())).collect()
    }

    #[test]
    fn copies_are_looked_for_among_the_images_that_the_generator_was_trained_on() {
        let compared = |trained: &str, training: &str| {
            format!(
                "  few: {{ stage: undersample, in: {{ samples: parts.train }} }}\n  \
                 more: {{ stage: augment, in: {{ samples: parts.train, images: pixels }}, with: {{ images: 60, augment: {{ rotation: 5 }} }} }}\n  \
                 gan: {{ stage: train-gan, in: {{ samples: {trained}, images: [pixels, more.images] }}, with: {{ network: {{ dcgan: {{ size: 32 }} }}, label: covid, steps: 1 }} }}\n  \
                 made: {{ stage: synthesize, in: {{ generator: gan }}, with: {{ count: 8 }} }}\n  \
                 all: {{ stage: combine, in: {{ samples: [made] }} }}\n  \
                 vectors: {{ stage: features, in: {{ samples: [images, made], images: [pixels, made.images], weights: classifier }} }}\n  \
                 memory: {{ stage: memorisation, in: {{ training: {training}, held_out: parts.test, synthetic: all, features: vectors, images: [pixels, made.images] }} }}\n"
            )
        };
        let of = |trained: &str, training: &str| of_check("synthetic.other_training", PHANTOMS, &compared(trained, training));
        for (trained, training) in [("parts.train", "parts.train"), ("few", "parts.train"), ("more", "parts.train")] {
            assert_eq!(of(trained, training), [], "{trained}, {training}");
        }
        let message = "`memory` looks for copies of other images than those that `gan` was trained on: it misses 19 images of 19";
        assert_eq!(of("parts.test", "parts.train"), [("memory".to_owned(), message.to_owned())]);
        assert_eq!(of("images", "parts.train").len(), 1, "half of them");
    }

    #[test]
    fn what_is_compared_is_prepared_alike() {
        let compared = |real: &str, stretched: bool, figures: &str| {
            format!(
                "  others: {{ stage: prepare, in: {{ samples: parts.test }}, with: {{ size: 32, {real} }} }}\n  \
                 gan: {{ stage: train-gan, in: {{ samples: parts.train, images: pixels }}, with: {{ network: {{ dcgan: {{ size: 32 }} }}, label: covid, steps: 1 }} }}\n  \
                 made: {{ stage: synthesize, in: {{ generator: gan }}, with: {{ count: 8, contrast_stretch: {stretched} }} }}\n  \
                 of-real: {{ stage: features, in: {{ samples: parts.test, images: others, weights: classifier }} }}\n  \
                 of-made: {{ stage: features, in: {{ samples: made, images: made.images, weights: classifier }} }}\n  {figures}\n"
            )
        };
        let of = |real: &str, stretched: bool, figures: &str| -> Vec<String> {
            of_check("features.other_pixels", PHANTOMS, &compared(real, stretched, figures)).into_iter().map(|(stage, _)| stage).collect()
        };
        let quality = "quality: { stage: generative-quality, in: { real: parts.test, synthetic: made, features: [of-real, of-made] } }";
        assert_eq!(of("contrast_stretch: false", false, quality), [] as [&str; 0]);
        assert_eq!(of("contrast_stretch: true", true, quality), [] as [&str; 0], "both are stretched");
        assert_eq!(of("contrast_stretch: true", false, quality), ["quality"]);
        assert_eq!(of("contrast_stretch: false", true, quality), ["quality"]);
        assert_eq!(of("fit: crop", false, quality), ["quality"]);
        assert_eq!(of("bits: 12", false, quality), [] as [&str; 0], "a matter of the scanner");
        // A map of pixels compares them as well; packs of images that are not looked at do not matter.
        let map = |samples: &str, images: &str| format!("map: {{ stage: umap, in: {{ samples: {samples}, images: {images} }} }}");
        assert_eq!(of("contrast_stretch: true", false, &map("[parts.test, made]", "[others, made.images]")), ["map"]);
        assert_eq!(of("contrast_stretch: true", false, &map("[parts.test]", "[others, made.images]")), [] as [&str; 0]);
    }

    /// The way of a leak goes on through tables that say themselves what they contain.
    #[test]
    fn the_way_of_a_leak_ends_where_its_images_came_in() {
        let others = "  few: { stage: undersample, in: { samples: parts.test } }\n  \
                      again: { stage: train-classifier, in: { samples: few, images: pixels }, with: { network: { smallcnn64: { width: 2 } }, steps: 1 } }\n  \
                      scores: { stage: evaluate, in: { weights: again, samples: parts.test, images: pixels } }\n";
        let (p, errors) = errors(PHANTOMS, others);
        let ways: Vec<(String, Vec<String>)> = errors.iter().map(|f| f.record(&p)).map(|f| (f.id, f.path)).collect();
        assert_eq!(ways, [("leakage.patient_overlap".to_owned(), ["again", "few", "parts", "images"].map(String::from).to_vec())]);
    }

    #[test]
    fn settings_are_compared_on_patients_whom_the_outer_fold_does_not_test() {
        let nested = |inner: &str, tested: &str| {
            format!(
                "  outer: {{ stage: split, in: {{ samples: images }}, matrix: {{ fold: [0, 1, 2] }}, with: {{ folds: 3, fold: $fold, validation: 0.2 }} }}\n  \
                 inner: {{ stage: split, in: {{ samples: {inner} }}, matrix: {{ inner-fold: [0, 1] }}, with: {{ folds: 2, fold: $inner-fold }} }}\n  \
                 candidate: {{ stage: train-classifier, in: {{ samples: inner.train, validation: outer.validation, images: pixels }}, matrix: {{ width: [1, 2] }}, with: {{ network: {{ smallcnn64: {{ width: $width }} }}, steps: 4, batch: 8, keep: best }} }}\n  \
                 inner-scores: {{ stage: evaluate, in: {{ weights: candidate, samples: {tested}, images: pixels }} }}\n  \
                 chosen: {{ stage: train-classifier, in: {{ samples: outer.train, images: pixels }}, with: {{ network: {{ smallcnn64: {{ width: 2 }} }}, steps: 4, batch: 8 }} }}\n  \
                 tested: {{ stage: evaluate, in: {{ weights: chosen, samples: outer.test, images: pixels }} }}\n"
            )
        };
        let of = |inner: &str, tested: &str| -> BTreeSet<String> {
            let found = of_check("selection.on_test", PHANTOMS, &nested(inner, tested));
            found.into_iter().map(|(_, message)| message).collect()
        };
        let message = "`inner-scores` compares settings on patients that `tested` is tested on".to_owned();
        assert_eq!(of("outer.train", "inner.test"), BTreeSet::new());
        assert_eq!(of("outer.train", "outer.test"), BTreeSet::from([message.clone()]), "candidates on the outer test part");
        assert!(of("images", "inner.test").contains(&message), "inner folds of all images");
    }
}
