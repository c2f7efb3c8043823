//! The patients of a test set: whose each image is, how many there are of each class, and groups of them that are left out
//! in turn. Independent of predictions.

use crate::statistics::bootstrap::Strata;
use std::collections::HashMap;

/// Groups that are left out in turn, at most, shared among the strata. Up to so many patients, each is a group of its own; with more,
/// leaving out groups takes a fraction of the time (Kott 2001). A rare class keeps as many groups as it has patients: with few, its
/// variance would be unknown.
const MAX_GROUPS: usize = 400;

/// The patients of a test set.
#[derive(Debug, Clone)]
pub struct Patients {
    of_image: Vec<usize>,
    count: usize,
    /// Per class, how many patients have an image of it, and how many one of another class.
    of_class: Vec<(usize, usize)>,
    strata: Strata,
    /// By stratum, the groups of patients that are left out in turn.
    groups: Vec<Vec<Vec<usize>>>,
}

impl Patients {
    /// The patients of images, each with the token of its patient and its class. An image without a patient is one of its
    /// own. Patients are stratified by their rarest class; the only one of a stratum counts with the largest.
    ///
    /// # Panics
    /// Where there are not as many tokens as labels, or a label is no class.
    pub fn of(tokens: &[String], labels: &[usize], classes: usize) -> Self {
        assert_eq!(tokens.len(), labels.len(), "each image has a label");
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut count = 0;
        let mut next = || {
            count += 1;
            count - 1
        };
        let of_image: Vec<usize> = tokens.iter().map(|t| if t.is_empty() { next() } else { *known.entry(t).or_insert_with(&mut next) }).collect();
        let mut has = vec![vec![false; classes]; count];
        of_image.iter().zip(labels).for_each(|(patient, label)| has[*patient][*label] = true);
        let with = |class: usize| has.iter().filter(|h| h[class]).count();
        let besides = |class: usize| has.iter().filter(|h| h.iter().enumerate().any(|(c, has)| c != class && *has)).count();
        let of_class: Vec<(usize, usize)> = (0..classes).map(|class| (with(class), besides(class))).collect();
        let rarest = |has: &Vec<bool>| (0..classes).filter(|class| has[*class]).min_by_key(|class| of_class[*class].0).unwrap_or(0);
        let mut stratum: Vec<usize> = has.iter().map(rarest).collect();
        // The only patient of a stratum would show no variance: it counts with the largest.
        let sizes: Vec<usize> = (0..classes).map(|class| stratum.iter().filter(|s| **s == class).count()).collect();
        let largest = (0..classes).max_by_key(|class| sizes[*class]).unwrap_or(0);
        stratum.iter_mut().filter(|s| sizes[**s] == 1).for_each(|s| *s = largest);
        let members = (0..classes).map(|class| (0..count).filter(|p| stratum[*p] == class).collect::<Vec<_>>()).filter(|m| !m.is_empty());
        let members: Vec<Vec<usize>> = members.collect();
        let most = if count <= MAX_GROUPS { MAX_GROUPS } else { (MAX_GROUPS / members.len().max(1)).max(1) };
        let groups = members.iter().map(|of| grouped(of, most)).collect();
        Patients { of_image, count, of_class, strata: Strata::of(&stratum), groups }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The patient of each image, from 0.
    pub fn of_image(&self) -> &[usize] {
        &self.of_image
    }

    /// How many have an image of a class.
    pub fn with(&self, class: usize) -> usize {
        self.of_class[class].0
    }

    /// Patients of the smaller side: with an image of the class, or with one of another; without a class, of the rarest
    /// class that there is. An estimate rests on so many.
    pub fn fewest(&self, class: Option<usize>) -> usize {
        match class {
            Some(class) => self.of_class[class].0.min(self.of_class[class].1),
            None => self.of_class.iter().map(|c| c.0).filter(|n| *n > 0).min().unwrap_or(0),
        }
    }

    /// What resamples are drawn from.
    pub fn strata(&self) -> &Strata {
        &self.strata
    }

    /// Weights of images from weights of patients.
    pub fn weights(&self, of_patient: &[f64]) -> Vec<f64> {
        self.of_image.iter().map(|patient| of_patient[*patient]).collect()
    }

    /// The groups that are left out in turn, by stratum.
    pub(super) fn groups(&self) -> &[Vec<Vec<usize>>] {
        &self.groups
    }
}

/// Members of a stratum in groups of about equal size: in turn, so that what is sorted by source or time is spread.
fn grouped(members: &[usize], most: usize) -> Vec<Vec<usize>> {
    let count = members.len().min(most);
    let mut groups = vec![vec![]; count];
    members.iter().enumerate().for_each(|(at, patient)| groups[at % count].push(*patient));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(all: &[&str]) -> Vec<String> {
        all.iter().map(|t| (*t).to_owned()).collect()
    }

    #[test]
    fn images_of_a_patient_go_together_and_one_without_a_patient_is_alone() {
        let patients = Patients::of(&tokens(&["a", "a", "b", "", ""]), &[0, 1, 1, 0, 0], 2);
        assert_eq!((patients.count(), patients.of_image()), (4, &[0, 0, 1, 2, 3][..]));
        assert_eq!((patients.with(0), patients.with(1), patients.fewest(Some(0)), patients.fewest(None)), (3, 2, 2, 2));
        assert_eq!(patients.weights(&[0.0, 1.0, 2.0, 3.0]), [0.0, 0.0, 1.0, 2.0, 3.0]);
        let none = Patients::of(&[], &[], 2);
        assert_eq!((none.count(), none.fewest(None), none.groups().len()), (0, 0, 0));
    }

    #[test]
    fn a_rare_class_is_left_out_patient_by_patient_and_a_single_patient_is_no_stratum() {
        let labels: Vec<usize> = (0..4000).map(|i| usize::from(i < 20)).collect();
        let patients = Patients::of(&vec![String::new(); 4000], &labels, 2);
        assert_eq!(patients.groups().iter().map(Vec::len).collect::<Vec<_>>(), [200, 20]);
        let single = Patients::of(&vec![String::new(); 10], &[0, 0, 0, 0, 0, 1, 1, 1, 1, 2], 3);
        assert_eq!(single.groups().iter().map(Vec::len).collect::<Vec<_>>(), [6, 4]);
    }

    #[test]
    fn every_patient_is_left_out_once_in_groups_of_his_stratum() {
        for count in [5, 400, 1003] {
            let labels: Vec<usize> = (0..count).map(|i| usize::from(i % 5 == 0)).collect();
            let patients = Patients::of(&vec![String::new(); count], &labels, 2);
            let mut all: Vec<usize> = patients.groups().iter().flatten().flatten().copied().collect();
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
            let groups: usize = patients.groups().iter().map(Vec::len).sum();
            assert!(groups <= MAX_GROUPS && (count > MAX_GROUPS || groups == count), "{count}: {groups}");
            for stratum in patients.groups() {
                let sizes: Vec<usize> = stratum.iter().map(Vec::len).collect();
                assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
            }
        }
    }
}
