//! The tables that stages would make, from the tables of their inputs alone: so a study is counted before anything has run, without its
//! images. Kinds whose tables follow from pixels or files are not in the table below; `imported` makes that
//! of an import from what is known of its files.

mod imported;

pub use imported::{Imported, imported, imported_with, tears_apart};

use crate::contract::prelude::*;
use crate::data::patients::tokens;
use crate::data::sample::{Origin, Sample, Samples};
use crate::kinds::augment::AugmentStage;
use crate::kinds::combine::{self, Combine};
use crate::kinds::deduplicate::Deduplicate;
use crate::kinds::oversample::{self, Oversample};
use crate::kinds::phantoms::{self, Phantoms};
use crate::kinds::split::{self, Split};
use crate::kinds::synthesize::{Amount, Synthesize};
use crate::kinds::undersample::{self, Undersample};
use crate::models::GanNetwork;
use hilum_cache::Digest;
use serde_json::Value;
use std::collections::BTreeSet;

/// Larger tables are not counted: they would take the memory of the machine.
const MOST_ROWS: usize = 3_000_000;
/// Phantoms of so many pixels in all are drawn to be counted, which takes a second or two. Into which part of a split a patient comes
/// follows from the bytes of the images, so that with patients of several images each, only the images themselves give the counts.
const MOST_PIXELS: u64 = 4_000_000;

/// What a stage is given.
pub struct Given<'a> {
    /// The tables of an input; empty where nothing is bound or nothing is known.
    pub samples: &'a dyn Fn(&str) -> Vec<Samples>,
    /// The stages that make what is given at a port.
    pub makers: &'a dyn Fn(&str) -> Vec<usize>,
    /// The stages above.
    pub upstream: &'a dyn Upstream,
    /// True where the tables are made up, so that no image of theirs is in files.
    pub is_rehearsal: bool,
}

impl Given<'_> {
    fn one(&self, port: &str) -> Option<Samples> {
        (self.samples)(port).into_iter().next()
    }
}

/// Tables by output.
pub type Counted = Vec<(&'static str, Samples)>;

type Count = fn(Value, &Given, &Context) -> Option<Result<Counted>>;

/// The kinds whose tables can be counted.
static COUNTED: &[(&str, Count)] = &[
    ("augment", augmented),
    ("combine", combined),
    ("deduplicate", deduplicated),
    ("oversample", oversampled),
    ("phantoms", drawn_phantoms),
    ("split", parts),
    ("synthesize", synthesized),
    ("undersample", undersampled),
];

/// The tables that a stage of a kind would make with these parameters. None where they follow from more than tables, or an input is not
/// known.
///
/// # Errors
/// As the stage's own: the data do not allow it.
pub fn tables(kind: &str, parameters: Value, given: &Given, cx: &Context) -> Option<Result<Counted>> {
    COUNTED.iter().find(|(name, _)| *name == kind).and_then(|(_, count)| count(parameters, given, cx))
}

/// True if tables that a stage makes of those that a run will make are those that the run will make, image by image.
pub fn is_true(kind: &str, parameters: &Value, given: &Given) -> bool {
    match kind {
        Phantoms::NAME => read::<Phantoms>(parameters.clone()).is_some_and(|stage| are_drawn(&stage, given)),
        Split::NAME | Undersample::NAME | Oversample::NAME | Combine::NAME => true,
        _ => false,
    }
}

/// True if what a stage makes has as many images of each label whichever images it is given. The parts of a split do not, where patients
/// have several images each, or are assigned one by one, or without regard to labels, or as in an earlier split. Nor does a table without
/// duplicates: how many there are is seen by pixels.
pub fn is_exact(kind: &str, parameters: &Value, given: &Given) -> bool {
    if kind == Deduplicate::NAME {
        return false;
    }
    if kind != Split::NAME {
        return true;
    }
    let is_plain = parameters["keep"].is_null() && parameters["assign"] == "counts" && parameters["stratify"] == "label";
    is_plain && (parameters["by"] == "image" || (given.samples)("samples").iter().all(Samples::has_one_image_a_patient))
}

/// Made-up images of a label, of so many patients each of whom has as many as any other, to within one.
pub fn roster(of: &str, label: &str, images: u64, patients: u64) -> Vec<Sample> {
    let row = |n: u64| {
        let patient = n % patients.max(1);
        sample(&format!("{of}/{label}/{n}"), label, format!("{of}/{label}/{patient}"), (n / patients.max(1)) as u32)
    };
    (0..images).map(row).collect()
}

fn sample(name: &str, label: &str, patient: String, number: u32) -> Sample {
    Sample {
        image: Digest::of(name.as_bytes()),
        patient,
        number,
        label: label.to_owned(),
        source: String::new(),
        origin: Origin::Real,
        generator: None,
        parent: None,
        age: None,
        sex: String::new(),
        view: String::new(),
        width: 1,
        height: 1,
    }
}

fn read<S: Stage>(parameters: Value) -> Option<S> {
    serde_json::from_value(parameters).ok()
}

fn parts(parameters: Value, given: &Given, cx: &Context) -> Option<Result<Counted>> {
    let (mut stage, samples) = (read::<Split>(parameters)?, given.one("samples")?);
    // Patients of an earlier split stay in its parts; made-up ones were in none.
    if stage.keep.take().is_some() && !given.is_rehearsal {
        return None;
    }
    let of = |out: split::Outputs| {
        let others = [("validation", out.validation), ("test", out.test)];
        std::iter::once(("train", out.train)).chain(others.into_iter().filter_map(|(port, table)| Some((port, table?)))).collect()
    };
    Some(stage.run(split::Inputs { samples }, cx).map(of))
}

fn undersampled(parameters: Value, given: &Given, cx: &Context) -> Option<Result<Counted>> {
    let (stage, samples) = (read::<Undersample>(parameters)?, given.one("samples")?);
    Some(stage.run(undersample::Inputs { samples }, cx).map(|out| vec![("samples", out.samples)]))
}

fn oversampled(parameters: Value, given: &Given, cx: &Context) -> Option<Result<Counted>> {
    let (stage, real) = (read::<Oversample>(parameters)?, given.one("real")?);
    let synthetic = given.one("synthetic");
    if stage.reads("synthetic") && synthetic.is_none() {
        return None;
    }
    Some(stage.run(oversample::Inputs { real, synthetic }, cx).map(|out| vec![("samples", out.samples)]))
}

fn combined(parameters: Value, given: &Given, cx: &Context) -> Option<Result<Counted>> {
    let (stage, samples) = (read::<Combine>(parameters)?, (given.samples)("samples"));
    // A table that is not known is missing from the list.
    let most = stage.times.values().map(|n| **n as usize).max().unwrap_or(1);
    let rows: usize = samples.iter().map(|s| s.rows.len()).sum();
    if samples.is_empty() || samples.len() < (given.makers)("samples").len() || rows.saturating_mul(most) > MOST_ROWS {
        return None;
    }
    Some(stage.run(combine::Inputs { samples }, cx).map(|out| vec![("samples", out.samples), ("rest", out.rest)]))
}

/// At most as many: each file once.
fn deduplicated(parameters: Value, given: &Given, _: &Context) -> Option<Result<Counted>> {
    let (stage, samples) = (read::<Deduplicate>(parameters)?, (given.samples)("samples"));
    if samples.is_empty() || samples.len() < (given.makers)("samples").len() {
        return None;
    }
    Some(stage.by_files(samples).map(|samples| vec![("samples", samples)]))
}

fn augmented(parameters: Value, given: &Given, _: &Context) -> Option<Result<Counted>> {
    let (stage, samples) = (read::<AugmentStage>(parameters)?, given.one("samples")?);
    if (*stage.images as usize).saturating_mul(samples.labels().len()) > MOST_ROWS {
        return None;
    }
    let mut rows = samples.rows.clone();
    for (_, originals) in samples.by_label() {
        let wanted = (*stage.images as usize).saturating_sub(originals.len());
        let copy = |(n, original): (usize, &&Sample)| {
            let image = Digest::of(format!("{}/{n}", original.image).as_bytes());
            Sample { image, parent: Some(original.image), ..(*original).clone() }
        };
        rows.extend(originals.iter().cycle().take(wanted).enumerate().map(copy));
    }
    Some(Ok(vec![("samples", Samples::of(rows))]))
}

fn are_drawn(stage: &Phantoms, given: &Given) -> bool {
    !given.is_rehearsal && stage.pixels() <= MOST_PIXELS
}

fn drawn_phantoms(parameters: Value, given: &Given, cx: &Context) -> Option<Result<Counted>> {
    let stage = read::<Phantoms>(parameters)?;
    if are_drawn(&stage, given) {
        return Some(stage.run(phantoms::Inputs {}, cx).map(|out| vec![("samples", Samples { images: vec![], ..out.samples })]));
    }
    // Images that two stages draw alike are the same ones, and so are their patients.
    let foreseen: Vec<_> = stage.foreseen(cx).map(|(planned, content)| (planned, Digest::of(content.as_bytes()))).collect();
    let tokens = tokens(foreseen.iter().map(|(planned, image)| (planned.patient, *image)));
    let row = |(planned, image): &(phantoms::Planned, Digest)| Sample {
        image: *image,
        source: planned.source(),
        ..sample("", planned.label, tokens[&planned.patient].clone(), 0)
    };
    let mut rows: Vec<Sample> = foreseen.iter().map(row).collect();
    Samples::number(&mut rows);
    Some(Ok(vec![("samples", Samples::of(rows))]))
}

fn synthesized(parameters: Value, given: &Given, _: &Context) -> Option<Result<Counted>> {
    let stage = read::<Synthesize>(parameters)?;
    if matches!(stage.count, Some(Amount::Of(n)) if *n as usize > MOST_ROWS) {
        return None;
    }
    let maker = (given.makers)("generator").first().copied()?;
    let network = GanNetwork::trained_by(maker, given.upstream)?;
    let trained_on = given.upstream.parameters(maker)["label"].as_str().map(str::to_owned);
    let name = given.upstream.name(maker);
    let of = format!("{name}/{}", parameters_of(&stage));
    // Rows name their generator; one that is not trained yet goes by its name.
    let generator = Some(Digest::of(name.as_bytes()));
    let rows: Vec<Sample> = match network.config().translates() {
        Some((from, to)) => {
            let label = stage.label.clone().unwrap_or_else(|| if stage.reconstruct { from } else { to }.to_owned());
            let source = given.one("source")?;
            let mut seen = BTreeSet::new();
            // Each image is translated once, however often it is in the table.
            let parents: Vec<Sample> = source.rows.into_iter().filter(|r| r.label == from && seen.insert(r.image)).collect();
            let wanted = match stage.count {
                Some(Amount::Of(n)) => *n as usize,
                Some(Amount::Needed(_)) => needed(&given.one("real")?, &label),
                None => parents.len(),
            };
            let translated = |(n, parent): (usize, Sample)| Sample {
                origin: Origin::Synthetic,
                generator,
                parent: Some(parent.image),
                patient: parent.patient,
                ..sample(&format!("{of}/{n}"), &label, String::new(), n as u32)
            };
            parents.into_iter().take(wanted).enumerate().map(translated).collect()
        }
        None => {
            let label = stage.label.clone().or(trained_on)?;
            let wanted = match stage.count? {
                Amount::Of(n) => *n as usize,
                Amount::Needed(_) => needed(&given.one("real")?, &label),
            };
            let generated = |n: usize| Sample { origin: Origin::Synthetic, generator, ..sample(&format!("{of}/{n}"), &label, String::new(), n as u32) };
            (0..wanted).map(generated).collect()
        }
    };
    Some(Ok(vec![("samples", Samples::of(rows))]))
}

fn parameters_of(stage: &Synthesize) -> String {
    serde_json::to_string(stage).expect("BUG: parameters are plain JSON")
}

/// How many images a class lacks to be as large as the largest.
fn needed(real: &Samples, label: &str) -> usize {
    let groups = real.by_label();
    let largest = groups.values().map(Vec::len).max().unwrap_or(0);
    largest - groups.get(label).map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::counts;
    use serde_json::json;
    use std::collections::BTreeMap;

    struct Above(Value);

    impl Upstream for Above {
        fn kind(&self, _: usize) -> &'static str {
            "train-gan"
        }
        fn name(&self, _: usize) -> &str {
            "gan"
        }
        fn parameters(&self, _: usize) -> &Value {
            &self.0
        }
        fn makers(&self, _: usize, _: &str) -> Vec<usize> {
            vec![]
        }
        fn gathering_all_but(&self, _: &str, _: &str) -> Option<String> {
            None
        }
    }

    fn counted(kind: &'static str, parameters: Value, given: &[(&str, Samples)], generator: Value) -> Option<BTreeMap<String, BTreeMap<String, usize>>> {
        let samples = |port: &str| given.iter().filter(|g| g.0 == port).map(|g| g.1.clone()).collect::<Vec<_>>();
        let makers = |port: &str| if port == "generator" { vec![0] } else { given.iter().filter(|g| g.0 == port).map(|_| 1).collect() };
        let above = Above(generator);
        let found = tables(
            kind,
            parameters,
            &Given { samples: &samples, makers: &makers, upstream: &above, is_rehearsal: false },
            &Context::for_tests(kind).seeded(2),
        )?;
        Some(found.unwrap().into_iter().map(|(port, table)| (port.to_owned(), counts(&table.rows))).collect())
    }

    fn of(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
        pairs.iter().map(|(label, n)| ((*label).to_owned(), *n)).collect()
    }

    /// The counts of Zunair & Hamza 2020, without an image.
    #[test]
    fn the_counts_of_a_published_study_need_no_images() {
        let rows = [roster("rsna", "normal", 20_672, 20_672), roster("rsna", "pneumonia", 6012, 6012), roster("cohen", "covid", 226, 130)].concat();
        let all = Samples::of(rows);
        let parts = counted("split", json!({ "train": 0.8, "test": 0.2 }), &[("samples", all.clone())], Value::Null).unwrap();
        assert_eq!(parts["train"]["normal"] + parts["test"]["normal"], 20_672);
        assert!(parts["train"]["normal"].abs_diff(16_537) <= 1 && parts["train"]["covid"].abs_diff(180) <= 2, "{parts:?}");
        let gan = json!({ "network": { "cyclegan": { "from": "normal", "to": "covid" } } });
        let made = counted("synthesize", json!({}), &[("source", all.clone())], gan).unwrap();
        assert_eq!(made["samples"], of(&[("covid", 20_672)]));
        let from_noise = json!({ "network": { "dcgan": {} }, "label": "covid" });
        let made = counted("synthesize", json!({ "count": "as-needed" }), &[("real", all.clone())], from_noise).unwrap();
        assert_eq!(made["samples"], of(&[("covid", 20_672 - 226)]));
        let fixed = counted("augment", json!({ "images": 1080, "augment": { "flip": true } }), &[("samples", all.clone())], Value::Null).unwrap();
        assert_eq!(fixed["samples"], of(&[("covid", 1080), ("normal", 20_672), ("pneumonia", 6012)]));
        let drawn = counted("combine", json!({ "take": { "covid": 30 }, "labels": ["covid", "normal"] }), &[("samples", all)], Value::Null).unwrap();
        assert_eq!((&drawn["samples"], &drawn["rest"]), (&of(&[("covid", 30), ("normal", 20_672)]), &of(&[("covid", 196)])));
        let (ours, theirs) = (roster("x", "covid", 30, 20), roster("y", "covid", 10, 10));
        let given = [("samples", Samples::of([ours.clone(), theirs].concat())), ("samples", Samples::of(ours))];
        let once = counted("deduplicate", json!({ "keep": { "first-source": ["x"] } }), &given, Value::Null).unwrap();
        assert_eq!(once, BTreeMap::from([("samples".to_owned(), of(&[("covid", 40)]))]), "files that are in both tables count once");
        let phantoms = counted("phantoms", json!({ "classes": { "a": { "images": 7 } } }), &[], Value::Null).unwrap();
        assert_eq!(phantoms["samples"], of(&[("a", 7)]));
    }

    /// Of every shape: classes, sources, patients with one or more images; and two stages that share images and patients.
    #[test]
    fn counts_of_phantoms_and_of_what_is_made_of_them_are_those_of_a_run() {
        let classes = |more: u32| json!({ "a": { "images": 61, "finding": "focal" }, "b": { "images": more, "mark": 0.3 } });
        for (per_patient, more, sources) in [(1.0, 40, 1), (1.4, 40, 2), (2.6, 41, 1), (3.0, 7, 3)] {
            let of = |more: u32| json!({ "size": 16, "classes": classes(more), "images_per_patient": per_patient, "sources": sources });
            let run = |more: u32| {
                let stage: Phantoms = serde_json::from_value(of(more)).unwrap();
                stage.run(phantoms::Inputs {}, &Context::for_tests(Phantoms::NAME).seeded(2)).unwrap().samples
            };
            let tables = |kind: &'static str, parameters: Value, given: &[Samples], is_rehearsal: bool| {
                let samples = |_: &str| given.to_vec();
                let makers = |_: &str| vec![0; given.len()];
                let given = Given { samples: &samples, makers: &makers, upstream: &Above(Value::Null), is_rehearsal };
                assert_eq!(is_true(kind, &parameters, &given), !(is_rehearsal && kind == "phantoms"));
                tables(kind, parameters, &given, &Context::for_tests(kind).seeded(2)).unwrap().unwrap()
            };
            let shape = |rows: &[Sample]| {
                let patients: BTreeMap<&str, BTreeSet<&str>> = rows.iter().fold(BTreeMap::new(), |mut all, row| {
                    all.entry(row.label.as_str()).or_insert_with(BTreeSet::new).insert(row.patient.as_str());
                    all
                });
                (counts(rows), patients.into_iter().map(|(label, all)| (label.to_owned(), all.len())).collect::<Vec<_>>())
            };
            let foreseen = |more: u32, is_rehearsal: bool| tables("phantoms", of(more), &[], is_rehearsal).remove(0).1;
            let (drawn, less) = (run(more), run(more - 5));
            let split = json!({ "train": 0.7, "test": 0.3 });
            let parts = tables("split", split.clone(), &[foreseen(more, false)], false);
            for ((port, part), expected) in parts.iter().zip(tables("split", split, std::slice::from_ref(&drawn), false)) {
                assert_eq!((*port, &part.rows), (expected.0, &expected.1.rows), "{per_patient}");
            }
            // Without drawing, the table itself and what two of them share have the same numbers.
            let shared = |a: &Samples, b: &Samples| a.rows.iter().filter(|row| b.rows.iter().any(|other| other.image == row.image)).count();
            assert_eq!(shape(&foreseen(more, true).rows), shape(&drawn.rows));
            assert_eq!(shared(&foreseen(more, true), &foreseen(more - 5, true)), shared(&drawn, &less));
            let both = |tables: Vec<Samples>| tables.into_iter().flat_map(|t| t.rows).collect::<Vec<_>>();
            assert_eq!(counts(&both(vec![foreseen(more, true), foreseen(more - 5, true)])), counts(&both(vec![drawn, less])));
        }
    }

    #[test]
    fn what_follows_from_pixels_or_from_what_is_not_known_is_not_counted() {
        assert_eq!(counted("prepare", json!({ "size": 8 }), &[], Value::Null), None);
        assert_eq!(counted("split", json!({ "train": 0.8, "test": 0.2 }), &[], Value::Null), None);
        let real = Samples::of(roster("a", "covid", 3, 2));
        assert_eq!(counted("oversample", json!({ "arm": "real+synthetic" }), &[("real", real)], Value::Null), None);
        assert!(COUNTED.iter().all(|(name, _)| crate::KINDS.iter().any(|k| k.name == *name)));
    }

    #[test]
    fn a_roster_shares_images_among_patients() {
        let rows = roster("x", "covid", 7, 3);
        let of = |n: usize| rows.iter().filter(|r| r.patient == format!("x/covid/{n}")).count();
        assert_eq!([of(0), of(1), of(2)], [3, 2, 2]);
    }
}
