//! Images on which two arms disagree, for tests of shares of images by McNemar and those who came after. Independent of arms' names.

use super::estimate::{Share, of_pairs, share_of};
use super::patients::Patients;
use super::predictions::Predictions;
use super::tested::Tested;
use crate::statistics::paired::Test;
use crate::statistics::paired::mcnemar::{Discordant, Patient, cochran_q, durkalski};

/// A test of images on which two arms disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// McNemar's exact test, of one image a patient.
    Exact,
    /// The same with half of the probability of what was found.
    MidP,
    /// Durkalski's, of images that come in patients.
    Durkalski,
}

/// The p value of a share of images of two arms. None where the metric counts other images for each arm, such as precision, or
/// nothing sets the arms apart, and for McNemar's own tests where a patient has several images that count.
pub(super) fn test(rule: Rule, a: &Predictions, b: &Predictions, patients: &Patients, share: Share) -> Option<f64> {
    let out = discordant(a, b, patients, share)?;
    if rule != Rule::Durkalski && out.iter().any(|p| p.images > 1) {
        return None;
    }
    let sum = |f: fn(&Patient) -> u64| out.iter().map(f).sum::<u64>();
    let all = Discordant { first: sum(|p| p.discordant.first), second: sum(|p| p.discordant.second) };
    match rule {
        Rule::Exact => Some(all.exact()),
        Rule::MidP => Some(all.mid_p()),
        Rule::Durkalski => durkalski(&out).map(|t| t.p),
    }
}

/// Of each patient, the images that count and those of them on which the arms disagree. None where the metric counts other images for
/// each arm.
pub(super) fn discordant(a: &Predictions, b: &Predictions, patients: &Patients, share: Share) -> Option<Vec<Patient>> {
    let pairs = of_pairs(a.classes, share);
    let mut out = vec![Patient { discordant: Discordant { first: 0, second: 0 }, images: 0 }; patients.count()];
    for (image, (patient, label)) in patients.of_image().iter().zip(&a.labels).enumerate() {
        let (one, other) = (pairs[*label][a.predicted(image)], pairs[*label][b.predicted(image)]);
        if one.trials != other.trials {
            return None;
        }
        let of = &mut out[*patient];
        of.images += one.trials as u64;
        of.discordant.first += u64::from(one.successes > other.successes);
        of.discordant.second += u64::from(one.successes < other.successes);
    }
    Some(out)
}

/// Cochran's Q of a share of images of several arms. None where the metric is no share, counts other images for each arm or several
/// images of a patient, or nothing sets the arms apart.
pub fn cochran(arms: &[&Tested], at: usize, patients: &Patients) -> Option<Test> {
    let first = arms.first()?;
    let pairs = of_pairs(first.predictions().classes, share_of(&first.measures()[at])?);
    let mut has_image = vec![false; patients.count()];
    let mut images = vec![];
    for (image, (patient, label)) in patients.of_image().iter().zip(&first.predictions().labels).enumerate() {
        let counted: Vec<_> = arms.iter().map(|arm| &pairs[*label][arm.predictions().predicted(image)]).collect();
        if counted.iter().any(|c| c.trials != counted[0].trials) {
            return None;
        }
        if counted[0].trials > 0.0 {
            if std::mem::replace(&mut has_image[*patient], true) {
                return None;
            }
            images.push(counted.iter().map(|c| c.successes > 0.0).collect());
        }
    }
    cochran_q(&images)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::estimate::share_of;
    use crate::evaluation::metric::{METRICS, measures};

    #[test]
    fn images_count_where_both_arms_are_asked() {
        let labels = vec![1, 1, 1, 1, 1, 1, 0, 0];
        let pairs = Patients::of(&["a", "a", "b", "c", "d", "e", "f", "g"].map(String::from), &labels, 2);
        let patients = Patients::of(&vec![String::new(); 8], &labels, 2);
        let of = |hits: [u8; 8]| Predictions::new(2, labels.clone(), hits.map(|h| if h == 1 { vec![0.1, 0.9] } else { vec![0.9, 0.1] }).to_vec());
        let (a, b) = (of([1, 1, 1, 1, 1, 0, 0, 0]), of([0, 0, 0, 0, 1, 1, 0, 0]));
        let share = |name: &str, class| {
            let found = measures(METRICS, 2).into_iter().find(|m| m.metric.name == name && m.class == class).unwrap();
            share_of(&found).unwrap()
        };
        // Four images against one.
        let near = |rule, wanted: f64| {
            let p = test(rule, &a, &b, &patients, share("sensitivity", Some(1))).unwrap();
            assert!((p - wanted).abs() < 1e-12, "{rule:?}: {p}");
        };
        near(Rule::Exact, 0.375);
        near(Rule::MidP, 0.375 - 5.0 / 32.0);
        assert_eq!(test(Rule::Exact, &a, &b, &patients, share("specificity", Some(1))), Some(1.0), "they agree on the others");
        assert_eq!(test(Rule::Exact, &a, &b, &patients, share("precision", Some(1))), None, "each arm is asked about other images");
        // (1 + 1 + 1 - 1)² / 4, whatever the two images of `a` are.
        assert_eq!(test(Rule::Exact, &a, &b, &pairs, share("sensitivity", Some(1))), None, "two images of one patient");
        let of_arm = |p: &Predictions, of: &Patients| Tested::of(METRICS, p.clone(), of);
        let at = measures(METRICS, 2).iter().position(|m| m.metric.name == "sensitivity" && m.class == Some(1)).unwrap();
        let (one, other) = (of_arm(&a, &patients), of_arm(&b, &patients));
        let all = cochran(&[&one, &other, &one], at, &patients).unwrap();
        // Rights of the arms 5, 2, 5; of the images 2, 2, 2, 2, 3 and 1 of three: Q = 2 (3 · 54 − 144) / (3 · 12 − 26).
        assert!((all.statistic - 3.6).abs() < 1e-12, "{all:?}");
        assert_eq!(cochran(&[&of_arm(&a, &pairs), &of_arm(&b, &pairs)], at, &pairs), None, "two images of one patient");
        let p = test(Rule::Durkalski, &a, &b, &pairs, share("sensitivity", Some(1))).unwrap();
        assert!((p - 0.317_310_507_862_914).abs() < 1e-12, "{p}");
    }
}
