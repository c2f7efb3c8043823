//! Probabilities of a set of images, and what is decided by them: a temperature and a threshold, both from validation images.

use super::{Calibration, Evaluate};
use crate::contract::prelude::*;
use crate::data::pack::ImageStore;
use crate::data::sample::{Sample, Samples};
use crate::evaluation::{Decision, temperature};
use crate::kinds::classifier::{self, ClassifierDocument, Predictor};

/// A set of images with their probabilities.
pub(super) struct Judged {
    pub(super) rows: Vec<Sample>,
    /// The class of each image.
    pub(super) labels: Vec<usize>,
    /// `[image][class]`.
    pub(super) probabilities: Vec<Vec<f64>>,
}

/// What was decided on validation images.
pub(super) struct Decided {
    pub(super) temperature: Option<f64>,
    /// Of the positive class.
    pub(super) threshold: Option<f64>,
    positive: Option<usize>,
}

impl Decided {
    /// Of which class an image is.
    pub(super) fn decision(&self) -> Decision {
        self.positive.zip(self.threshold).map_or(Decision::Largest, |(class, threshold)| Decision::AtLeast { class, threshold })
    }
}

/// Predicts a set.
///
/// # Errors
/// Where an image has another label than the classifier knows, or a probability is not a finite number.
pub(super) fn judge(predictor: &Predictor, document: &ClassifierDocument, store: &ImageStore, samples: Samples, of: &str) -> Result<Judged> {
    let rows = samples.rows;
    let labels = classifier::classes_of(&rows, &document.classes, of)?;
    let images = rows.iter().map(|r| store.get(&r.image)).collect::<Result<Vec<_>>>()?;
    let probabilities = predictor.probabilities(document.trees.as_ref(), &images)?;
    all_are_numbers(&rows, &document.classes, &probabilities)?;
    Ok(Judged { rows, labels, probabilities })
}

impl Evaluate {
    /// Calibrates the probabilities of the test set and chooses a threshold, on validation images alone.
    ///
    /// # Errors
    /// Where there is no such positive class, or the validation images do not suffice.
    pub(super) fn decide(&self, tested: &mut Judged, validation: Option<Judged>, document: &ClassifierDocument, cx: &Context) -> Result<Decided> {
        let unknown =
            |class: &String| Error::helped(format!("`positive`: there is no class `{class}`"), format!("the classes are: {}", document.classes.join(", ")));
        let positive = self.positive.as_ref().map(|p| document.classes.iter().position(|c| c == p).ok_or_else(|| unknown(p))).transpose()?;
        let mut validation = validation;
        let mut fitted = None;
        if let (Some(Calibration::Temperature), Some(v)) = (self.calibrate, &mut validation) {
            if v.labels.is_empty() {
                return Err(Error::helped(
                    "the validation set is empty, so that no temperature can be fitted",
                    "calibrate on images that are neither trained nor tested on",
                ));
            }
            fitted = temperature::fitted(&v.probabilities, &v.labels);
            match fitted {
                None => cx.warn("the classifier is right on all images of the validation set, which fits no temperature: probabilities stay as they are"),
                Some(found) => {
                    if found >= temperature::HIGHEST {
                        cx.warn("the temperature that fits the validation set is the highest that is tried: its probabilities say next to nothing there");
                    }
                    cx.note(format!("probabilities were scaled by a temperature of {found:.3}, fitted on the validation set"));
                    v.probabilities = temperature::scaled(&v.probabilities, found);
                    tested.probabilities = temperature::scaled(&tested.probabilities, found);
                }
            }
        }
        let threshold = match (self.threshold, positive) {
            (Some(rule), Some(class)) => {
                let (scores, is_positive) = validation.as_ref().map_or((vec![], vec![]), |v| {
                    (v.probabilities.iter().map(|p| p[class]).collect::<Vec<f64>>(), v.labels.iter().map(|l| *l == class).collect::<Vec<bool>>())
                });
                let found = rule.threshold(&scores, &is_positive).ok_or_else(|| {
                    Error::helped(
                        "no threshold on the validation set is as `threshold` asks for: it needs images of the positive class and of others, and probabilities that part them",
                        "use a larger validation set, or ask for less",
                    )
                })?;
                if rule.is_chosen() {
                    cx.note(format!(
                        "an image is positive if its probability is at least {}, chosen on the validation set",
                        if found < 1e-3 { format!("{found:.3e}") } else { format!("{found:.4}") }
                    ));
                }
                Some(found)
            }
            _ => None,
        };
        Ok(Decided { temperature: fitted, threshold, positive })
    }
}

/// Refuses probabilities that are not finite, which can be neither ranked nor counted, and names the image.
fn all_are_numbers(rows: &[Sample], classes: &[String], probabilities: &[Vec<f64>]) -> Result<()> {
    for (row, probabilities) in rows.iter().zip(probabilities) {
        if let Some((class, p)) = classes.iter().zip(probabilities).find(|(_, p)| !p.is_finite()) {
            return Err(Error::helped(
                format!("the classifier's probability of `{class}` for image {} (label `{}`) is {p}, not a finite number", row.image.short(), row.label),
                "its training diverged: train it again with a lower learning rate",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::tests::sample;

    #[test]
    fn a_probability_that_is_not_finite_is_refused_by_image_and_class() {
        let (rows, classes) = ([sample("p", 1, "normal"), sample("p", 2, "covid")], ["covid", "normal"].map(String::from));
        let check = |p: [f64; 2]| all_are_numbers(&rows, &classes, &[vec![-0.0, 1.0], p.to_vec()]);
        assert!(check([0.0, 1.0]).is_ok() && all_are_numbers(&[], &classes, &[]).is_ok());
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let fault = check([0.5, odd]).unwrap_err().to_string();
            assert!(fault.contains("`normal`") && fault.contains(&format!("image {} (label `covid`)", rows[1].image.short())), "{fault}");
        }
    }
}
