//! The scores of an arm's trainings on one test set, brought together: folds pooled, images in one order, and everything refused
//! that cannot be compared.

use crate::contract::prelude::*;
use crate::evaluation::arms::{Arm, Training, fold};
use crate::evaluation::metric::METRICS;
use crate::evaluation::patients::Patients;
use crate::evaluation::tested::Tested;
use crate::evaluation::{Decision, Predictions};
use crate::records::{Prediction, Scores};
use hilum_cache::Digest;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The test set of some arms.
pub(super) struct TestSet {
    /// Class names.
    pub(super) classes: Vec<String>,
    /// The positive class.
    pub(super) positive: Option<usize>,
    /// The class of each image.
    pub(super) labels: Vec<usize>,
    /// Its patients.
    pub(super) patients: Patients,
    /// The patient of each image, as the scores name them.
    tokens: Vec<String>,
    /// The images, in the order of all that is measured.
    images: Vec<Digest>,
}

/// Images with the pooled predictions of one training, in the order of their digests.
type Pooled<'a> = Vec<(&'a Prediction, Decision)>;

fn pooled<'a>(training: &Training, scores: &'a [Gathered<Scores>]) -> Result<Pooled<'a>> {
    let mut fold_of: HashMap<Digest, usize> = HashMap::new();
    let mut out: Pooled = vec![];
    for cell in &training.cells {
        let of = &scores[*cell];
        for p in &of.value.predictions {
            // That a patient is in several folds is the split's doing, and said there: his images stay together in every interval.
            let other = *fold_of.entry(p.image).or_insert(*cell);
            if other != *cell {
                return Err(Error::helped(
                    format!("`{}` and `{}` are tested on the same image, so that they are not folds of one test set", scores[other].cell, of.cell),
                    "compare one of them at a time, or name the axis otherwise than `fold`",
                ));
            }
        }
        out.extend(of.value.predictions.iter().map(|p| (p, of.value.decision())));
    }
    // One table has one order for all arms, and sums in another one differ in the last bit. Folds have none in common; an image may be in
    // several rows.
    if training.cells.len() > 1 {
        out.sort_by(|(a, _), (b, _)| (a.image, &a.label).cmp(&(b.image, &b.label)));
    }
    Ok(out)
}

/// Classifiers of several folds that are tested on the same images, such as an external test set, are trainings of their arm.
pub(super) fn part_trainings(arms: &mut [Arm], scores: &[Gathered<Scores>]) {
    let same = |a: usize, b: usize| {
        let images = |at: usize| scores[at].value.predictions.iter().map(|p| p.image);
        images(a).eq(images(b))
    };
    for arm in arms {
        let part = |training: Training| {
            let [first, others @ ..] = &training.cells[..] else { return vec![training] };
            if others.is_empty() || !others.iter().all(|other| same(*first, *other)) {
                return vec![training];
            }
            let of = |cell: &usize| Training { repeat: format!("{}/fold={}", training.repeat, fold(&scores[*cell].cell)), cells: vec![*cell] };
            training.cells.iter().map(of).collect()
        };
        arm.trainings = std::mem::take(&mut arm.trainings).into_iter().flat_map(part).collect();
    }
}

/// Counts trainings of an arm that predict the same on every image once: they are one network that was evaluated several times.
/// Returns the arms that had such.
pub(super) fn join_copies(arms: &mut [Arm], scores: &[Gathered<Scores>]) -> Vec<String> {
    let of = |t: &Training| -> Vec<Digest> { t.cells.iter().map(|cell| digest_of(&scores[*cell].value)).collect() };
    let mut out = vec![];
    for arm in arms {
        let mut seen: HashSet<Vec<Digest>> = HashSet::new();
        let before = arm.trainings.len();
        arm.trainings.retain(|t| seen.insert(of(t)));
        if arm.trainings.len() < before {
            out.push(arm.name.clone());
        }
    }
    out
}

/// What a training predicts and decides.
fn digest_of(scores: &Scores) -> Digest {
    Digest::of(&hilum_cache::canonical::to_bytes(&(&scores.predictions, format!("{:?}", scores.decision()))))
}

impl TestSet {
    /// The test set of a training.
    ///
    /// # Errors
    /// If folds share an image.
    pub(super) fn of(training: &Training, scores: &[Gathered<Scores>]) -> Result<TestSet> {
        let first = &scores[training.first()].value;
        let all = pooled(training, scores)?;
        let class =
            |label: &String| first.classes.iter().position(|c| c == label).ok_or_else(|| Error::data(format!("`{label}` is not a class of the scores")));
        let labels = all.iter().map(|(p, _)| class(&p.label)).collect::<Result<Vec<usize>>>()?;
        let tokens: Vec<String> = all.iter().map(|(p, _)| p.patient.clone()).collect();
        Ok(TestSet {
            classes: first.classes.clone(),
            positive: first.positive.as_ref().and_then(|p| first.classes.iter().position(|c| c == p)),
            patients: Patients::of(&tokens, &labels, first.classes.len()),
            labels,
            tokens,
            images: all.iter().map(|(p, _)| p.image).collect(),
        })
    }

    /// The trainings of an arm, measured, by repeat.
    ///
    /// # Errors
    /// If it was tested on other images, or cannot be pooled.
    pub(super) fn tested(&self, arm: &Arm, scores: &[Gathered<Scores>]) -> Result<Vec<Tested>> {
        arm.trainings.iter().map(|training| self.one(training, scores)).collect()
    }

    fn one(&self, training: &Training, scores: &[Gathered<Scores>]) -> Result<Tested> {
        let all = pooled(training, scores)?;
        // One test set has one order, whatever that of its table is. An image may be in several rows.
        let mut places: HashMap<(Digest, &str, &str), Vec<usize>> = HashMap::new();
        for (at, image) in self.images.iter().enumerate().rev() {
            places.entry((*image, &self.classes[self.labels[at]], &self.tokens[at])).or_default().push(at);
        }
        let mut order = vec![];
        for (p, _) in &all {
            order.extend(places.get_mut(&(p.image, p.label.as_str(), p.patient.as_str())).and_then(Vec::pop));
        }
        if order.len() != all.len() || all.len() != self.images.len() {
            return Err(Error::helped(
                format!(
                    "`{}` was tested on other images, labels or patients than the first arm, so that a paired comparison is not valid",
                    scores[training.first()].cell
                ),
                "evaluate all arms on one test set, or remove `against` to show them side by side without differences",
            ));
        }
        let mut by_place: Vec<(usize, (&Prediction, Decision))> = order.into_iter().zip(all).collect();
        by_place.sort_by_key(|(at, _)| *at);
        let rows = by_place.into_iter().map(|(_, (p, decision))| (p.probabilities.clone(), decision)).collect();
        Ok(Tested::of(METRICS, Predictions::each_decided(self.classes.len(), self.labels.clone(), rows), &self.patients))
    }
}

/// Refuses scores that say different things: of other purposes, classes or positive classes.
///
/// # Errors
/// Names the first two that do.
pub(super) fn check_alike(scores: &[Gathered<Scores>]) -> Result<()> {
    let first = scores.first().ok_or_else(|| Error::data("there are no scores to compare"))?;
    let differs = |what: fn(&Scores, &Scores) -> bool| scores.iter().find(|s| what(&first.value, &s.value));
    let refuse = |other: &Gathered<Scores>, why: &str, help: &str| Err(Error::helped(format!("`{}` and `{}` {why}", first.cell, other.cell), help));
    if let Some(other) = differs(|a, b| a.purpose != b.purpose) {
        return refuse(other, "were evaluated for different purposes and are not comparable", "compare evaluations of one `purpose` only");
    }
    if let Some(other) = differs(|a, b| a.classes != b.classes) {
        return refuse(other, "have different classes", "compare classifiers of the same classes");
    }
    if let Some(other) = differs(|a, b| a.positive != b.positive) {
        return refuse(other, "have different positive classes", "set `positive` alike in all evaluations");
    }
    Ok(())
}

/// Notes of arms whose trainings predict the same on every image: they are compared with themselves.
pub(super) fn equal_arms(arms: &[Arm], scores: &[Gathered<Scores>]) -> Vec<String> {
    let mut known: BTreeMap<Digest, &Arm> = BTreeMap::new();
    let mut out = vec![];
    for arm in arms {
        for cell in arm.trainings.iter().flat_map(|t| &t.cells) {
            let digest = digest_of(&scores[*cell].value);
            match known.get(&digest) {
                Some(other) if **other != *arm => {
                    out.push(format!("`{}` and `{}` have a training with the same predictions: nothing sets them apart", other.name, arm.name))
                }
                Some(_) => {}
                None => drop(known.insert(digest, arm)),
            }
        }
    }
    out.dedup();
    out
}
