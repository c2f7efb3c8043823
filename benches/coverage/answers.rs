//! How often a study gives each of the four answers, on simulated studies of an effect that is known.

use crate::Effort;
use crate::simulated::{Design, Set, head, row, simulate};
use hilum_stages::contract::seed::Stream;
use hilum_stages::evaluation::conclusion::Conclusion;
use hilum_stages::evaluation::difference::{TestChoice, difference};
use hilum_stages::evaluation::patients::Patients;
use hilum_stages::evaluation::tested::Tested;
use hilum_stages::evaluation::{METRICS, Predictions};
use hilum_stages::statistics::adjust::holm;
use hilum_stages::statistics::special::{normal_cdf, normal_quantile};

/// The part of the variance of a score that is a training's own, and what trainings differ in distance.
const OWN: f64 = 0.2;
const SPREAD: f64 = 0.15;
const MARGIN: f64 = 0.03;

/// A training of an arm of this area, on average over trainings.
fn training(set: &Set, area: f64, s: &mut Stream, patients: &Patients, labels: &[usize]) -> Tested {
    let distance = (2.0 + SPREAD * SPREAD).sqrt() * normal_quantile(area) + SPREAD * s.normal();
    let scores = set.classified(distance, OWN, s).iter().map(|x| normal_cdf(*x - distance / 2.0)).map(|p| vec![1.0 - p, p]).collect();
    Tested::of(METRICS, Predictions::new(2, labels.to_vec(), scores), patients)
}

pub(crate) fn run(effort: Effort) {
    println!("\n{} simulated studies a row, three arms against one, Holm, margin {MARGIN}; per cent of answers on the first arm\n", effort.simulations);
    head(&["effect on AUROC", "patients", "trainings", "helped", "harmed", "no relevant difference", "cannot tell", "any arm wrongly"]);
    for patients in [24, 60, 200] {
        for trainings in [1, 3, 5] {
            for effect in [-0.08, 0.0, 0.08] {
                let design = Design { patients, prevalence: 0.25, mixed: false };
                let found = simulate("answers", effort.simulations, |s| {
                    let set = design.draw(s);
                    let labels: Vec<usize> = set.positive.iter().map(|p| usize::from(*p)).collect();
                    let tokens: Vec<String> = set.patient.iter().map(|p| p.to_string()).collect();
                    let patients = Patients::of(&tokens, &labels, 2);
                    let mut arm = |area: f64| (0..trainings).map(|_| training(&set, area, s, &patients, &labels)).collect::<Vec<_>>();
                    let real = arm(0.8);
                    let others = [arm(0.8 + effect), arm(0.8), arm(0.8)];
                    let at = real[0].measures().iter().position(|m| m.metric.name == "auroc" && m.class == Some(1)).expect("a metric");
                    let all: Vec<_> = others
                        .iter()
                        .map(|o| {
                            difference(&o.iter().collect::<Vec<_>>(), &real.iter().collect::<Vec<_>>(), at, &patients, TestChoice::Auto, Some(effort.resamples))
                        })
                        .collect();
                    let p = holm(&all.iter().map(|d| d.as_ref().and_then(|d| d.p).unwrap_or(f64::NAN)).collect::<Vec<_>>());
                    let conclude = |(d, p): (&Option<_>, &f64)| {
                        let d: &Option<hilum_stages::evaluation::difference::Difference> = d;
                        Conclusion::of(d.as_ref().and_then(|d| d.interval), Some(*p).filter(|p| !p.is_nan()), Some(MARGIN))
                    };
                    all.iter().zip(&p).map(conclude).collect::<Vec<_>>()
                });
                let share =
                    |of: &dyn Fn(&Vec<Conclusion>) -> bool| format!("{:.1}", 100.0 * found.iter().filter(|f| of(f)).count() as f64 / found.len() as f64);
                let is = |c: Conclusion| share(&move |f: &Vec<Conclusion>| f[0] == c);
                let wrong = share(&|f: &Vec<Conclusion>| {
                    let first = match effect {
                        e if e > 0.0 => f[0] == Conclusion::Harmed,
                        e if e < 0.0 => f[0] == Conclusion::Helped,
                        _ => matches!(f[0], Conclusion::Helped | Conclusion::Harmed),
                    };
                    first || f[1..].iter().any(|c| matches!(c, Conclusion::Helped | Conclusion::Harmed))
                });
                row(&[
                    format!("{effect:+.2}"),
                    patients.to_string(),
                    trainings.to_string(),
                    is(Conclusion::Helped),
                    is(Conclusion::Harmed),
                    is(Conclusion::NoRelevantDifference),
                    is(Conclusion::CannotTell),
                    wrong,
                ]);
            }
        }
    }
}
