//! Networks of a simulated study: of their scores, the images of a patient, the networks of an arm and all networks have parts in common.
//! Independent of tests and of what is searched for.

use super::assumed::Assumed;
use super::design::Design;
use super::model::{dimensions, probabilities};
use hilum_stages::contract::seed::Stream;
use hilum_stages::evaluation::Predictions;
use hilum_stages::statistics::simulated::{alike, mixed};

/// What every network of a simulated study sees in the same images.
pub(super) struct Seen<'a> {
    design: &'a Design,
    assumed: &'a Assumed,
    patient: &'a [usize],
    /// By dimension.
    common: Vec<Vec<f64>>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(design: &'a Design, assumed: &'a Assumed, patient: &'a [usize], s: &mut Stream) -> Seen<'a> {
        let common = (0..dimensions(design.classes.len())).map(|_| alike(patient, assumed.within, s)).collect();
        Seen { design, assumed, patient, common }
    }

    /// The predictions of the trainings of an arm whose classes are so far apart on average.
    pub(super) fn arm(&self, distance: f64, s: &mut Stream) -> Vec<Predictions> {
        let part = |s: &mut Stream| self.common.iter().map(|_| alike(self.patient, self.assumed.within, s)).collect::<Vec<_>>();
        let of_arm = part(s);
        let one = |k: usize, s: &mut Stream| {
            let own = part(s);
            let training = &self.design.trainings[k];
            let distances: Vec<f64> = (0..training.folds()).map(|_| distance + self.assumed.between * s.normal()).collect();
            let noise = |d: usize| mixed(&self.common[d], &[(self.assumed.arm, &of_arm[d]), (self.assumed.training, &own[d])]);
            let noise: Vec<Vec<f64>> = (0..self.common.len()).map(noise).collect();
            let classes = self.design.classes.len();
            let row = |(image, label): (usize, &usize)| {
                let mine: Vec<f64> = noise.iter().map(|of| of[image]).collect();
                probabilities(*label, classes, &mine, distances[training.fold[image]], distance)
            };
            let rows = self.design.labels.iter().enumerate().map(row).collect();
            Predictions::new(classes, self.design.labels.clone(), rows)
        };
        (0..self.design.trainings.len()).map(|k| one(k, s)).collect()
    }
}
