//! Random studies with planted leaks, which are all found before anything is trained on them, and sound ones, of which none is
//! refused. `HILUM_STUDIES=300` tries as many of each.

mod over_time;
mod planted;
mod sound;

use crate::repeatable::picture;
use crate::space::Space;
use hilum_stages::contract::seed::{Seed, Stream};

/// A study in a directory of its own, perhaps with one that runs before it.
struct Case {
    space: Space,
    stream: Stream,
    lines: Vec<String>,
    seed: u64,
}

/// What must come of it.
enum Expected {
    /// One of these checks refuses it.
    Refused(&'static [&'static str]),
    /// One of these checks refuses it once the stage that shows the leak is done.
    RefusedLater(&'static [&'static str]),
    /// It will run.
    Runs,
}

impl Case {
    fn new(n: u64, what: &str) -> Case {
        let mut stream = Seed(n).stream("test", what);
        let seed = stream.bits() >> 20;
        Case { space: Space::new(), stream, lines: vec![], seed }
    }
    fn line(&mut self, text: impl Into<String>) -> &mut Self {
        self.lines.push(format!("  {}", text.into()));
        self
    }
    fn below(&mut self, n: usize) -> usize {
        self.stream.below(n)
    }
    fn one_of(&mut self, all: &[&'static str]) -> &'static str {
        all[self.stream.below(all.len())]
    }
    /// Writes images `DIR/N.png` with a table `DIR.csv`: `patients` patients, named by `prefix`, covid rarer than normal.
    fn cohort(&mut self, dir: &str, prefix: &str, patients: usize, at_least: usize) -> Vec<Vec<u8>> {
        let (mut images, mut table) = (vec![], "who,file,label\n".to_owned());
        for patient in 0..patients {
            let label = if patient % 3 == 0 { "covid" } else { "normal" };
            for _ in 0..at_least + self.stream.below(2) {
                let bytes = picture(&mut self.stream);
                let name = format!("{}.png", images.len());
                self.space.write(&format!("{dir}/{name}"), &bytes);
                table += &format!("{prefix}{patient},{name},{label}\n");
                images.push(bytes);
            }
        }
        self.space.write(&format!("{dir}.csv"), table);
        images
    }
    /// Imports such a cohort as `NAME` and packs it as `NAME-pixels`.
    fn import(&mut self, name: &str, dir: &str, more: &str) {
        let columns = "columns: { patient: who, file: file, label: label }";
        self.line(format!("{name}: {{ stage: import, with: {{ images: {dir}, table: {dir}.csv, {columns}{more} }} }}"));
        self.line(format!("{name}-pixels: {{ stage: prepare, in: {{ samples: {name} }}, with: {{ size: 32 }} }}"));
    }
    /// A cohort `all`, split by patient.
    fn split_cohort(&mut self) {
        let patients = 15 + self.below(9);
        self.cohort("img", "P", patients, 1);
        self.import("all", "img", "");
        let shares = self.one_of(&["train: 0.5, test: 0.5", "train: 0.6, test: 0.4", "train: 0.5, validation: 0.2, test: 0.3"]);
        self.line(format!("split: {{ stage: split, in: {{ samples: all }}, with: {{ {shares} }} }}"));
    }
    fn dcgan(&mut self, name: &str, samples: &str) {
        let network = "{ dcgan: { size: 32, width: 1, latent: 4 } }";
        self.line(format!(
            "{name}: {{ stage: train-gan, in: {{ samples: {samples}, images: all-pixels }}, with: {{ network: {network}, label: covid, steps: 1, batch: 2 }} }}"
        ));
    }
    fn cyclegan(&mut self, name: &str, samples: &str) {
        let network = "{ cyclegan: { from: normal, to: covid, width: 1, blocks: 1 } }";
        self.line(format!("{name}: {{ stage: train-gan, in: {{ samples: {samples}, images: all-pixels }}, with: {{ network: {network}, steps: 1 }} }}"));
    }
    fn sampled(&mut self, name: &str, generator: &str) {
        self.line(format!("{name}: {{ stage: synthesize, in: {{ generator: {generator} }}, with: {{ count: 60, label: covid }} }}"));
    }
    fn arm(&mut self, name: &str, real: &str, synthetic: &str, arm: &str) {
        self.line(format!("{name}: {{ stage: oversample, in: {{ real: {real}, synthetic: {synthetic} }}, with: {{ arm: {arm} }} }}"));
    }
    fn classifier(&mut self, samples: &str, packs: &str, more: &str) {
        self.line(format!(
            "classifier: {{ stage: train-classifier, in: {{ samples: {samples}, images: [{packs}]{more} }}, with: {{ network: {{ smallcnn64: {{ width: 1 }} }}, steps: 1, batch: 4 }} }}"
        ));
    }
    fn scores(&mut self, samples: &str, packs: &str, more: &str) {
        self.line(format!(
            "scores: {{ stage: evaluate, in: {{ weights: classifier, samples: {samples}, images: [{packs}] }}, with: {{ resamples: 100{more} }} }}"
        ));
    }
    fn study(&self) -> String {
        format!("study: leak\nseed: {}\nstages:\n{}\n", self.seed, self.lines.join("\n"))
    }
    /// Runs what there is so far, which must succeed, and begins a new study in the same directory.
    fn first(&mut self) {
        self.space.write("study.yaml", self.study());
        let said = self.space.hilum(&["run", "study.yaml", "--device", "cpu"]);
        assert_eq!(said.code, 0, "{}\n{}", self.study(), said.err);
        self.lines.clear();
    }
    fn judge(self, name: &str, expected: Expected) {
        self.space.write("study.yaml", self.study());
        let said = self.space.hilum(&["run", "study.yaml", "--device", "cpu", "--json"]);
        let told = || format!("{name}\n{}\nexit {}\n{}\n{}", self.study(), said.code, said.err, self.space.hilum(&["plan", "study.yaml", "--counts"]).out);
        let (ids, at_once) = match expected {
            Expected::Runs => return assert_eq!(said.code, 0, "{}", told()),
            Expected::Refused(ids) => (ids, true),
            Expected::RefusedLater(ids) => (ids, false),
        };
        assert!(said.code == 4 && ids.iter().any(|id| said.err.contains(id)), "{}", told());
        for stage in crate::space::done(&said.out).into_iter().filter(|_| at_once) {
            assert!(!["gan", "syn", "classifier", "scores"].contains(&stage.as_str()), "`{stage}` ran before the refusal: {}", told());
        }
        assert!(at_once || !self.space.path("results/leak/scores").exists(), "{}", told());
        // A plan says it, too, where it knows the tables.
        assert_eq!(self.space.hilum(&["plan", "study.yaml", "--device", "cpu"]).code, 4, "{}", told());
    }
}

/// `HILUM_STUDIES_FROM=N HILUM_STUDIES=N+1` tries one alone.
fn first() -> u64 {
    std::env::var("HILUM_STUDIES_FROM").ok().and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn studies() -> u64 {
    std::env::var("HILUM_STUDIES").ok().and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[test]
fn every_planted_leak_is_found_before_anything_is_trained_on_it() {
    let kinds = planted::KINDS;
    for n in first()..studies().max(kinds.len() as u64) {
        let (name, plant) = kinds[n as usize % kinds.len()];
        let mut case = Case::new(n, "planted");
        let expected = plant(&mut case);
        case.judge(&format!("planted {n}: {name}"), expected);
    }
}

#[test]
fn no_sound_study_is_refused() {
    let kinds = sound::KINDS;
    for n in first()..studies().max(kinds.len() as u64) {
        let (name, make) = kinds[n as usize % kinds.len()];
        let mut case = Case::new(n, "sound");
        make(&mut case);
        case.judge(&format!("sound {n}: {name}"), Expected::Runs);
    }
}
