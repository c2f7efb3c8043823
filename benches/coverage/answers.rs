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
use hilum_stages::statistics::simulated;
use hilum_stages::statistics::special::normal_cdf;

/// The part of the variance of a score that is a training's own.
const OWN: f64 = 0.2;
const MARGIN: f64 = 0.03;

/// A trained network, and the distance between the classes that its area follows from.
struct Training {
    distance: f64,
    tested: Tested,
}

/// A training of an arm of this area, on average over trainings whose distances have this standard deviation.
fn training(set: &Set, area: f64, spread: f64, s: &mut Stream, patients: &Patients, labels: &[usize]) -> Training {
    let distance = simulated::distance(area, spread) + spread * s.normal();
    let scores = set.classified(distance, OWN, s).iter().map(|x| normal_cdf(*x - distance / 2.0)).map(|p| vec![1.0 - p, p]).collect();
    Training { distance, tested: Tested::of(METRICS, Predictions::new(2, labels.to_vec(), scores), patients) }
}

/// An answer on one arm, and what is true: about the arm, and about the very networks that were compared.
struct Answered {
    conclusion: Conclusion,
    effect: f64,
    of_networks: f64,
}

impl Answered {
    fn is_wrong(&self, truth: f64) -> bool {
        self.conclusion == Conclusion::Helped && truth <= 0.0 || self.conclusion == Conclusion::Harmed && truth >= 0.0
    }
}

pub(crate) fn run(effort: Effort) {
    println!("\n{} simulated studies a row, three arms against one, Holm, margin {MARGIN}; per cent of answers on the first arm\n", effort.simulations);
    let wrongly = ["wrong about these networks", "wrong about the arms"];
    let columns = ["effect on AUROC", "patients", "trainings", "they differ by", "helped", "harmed", "no relevant difference", "cannot tell"];
    head(&[columns.as_slice(), &wrongly].concat());
    for patients in [24, 60, 200].into_iter().filter(|n| effort.patients.is_none_or(|only| *n == only)) {
        for (trainings, spread) in [(1, 0.0), (1, 0.15), (3, 0.15), (5, 0.15)].into_iter().filter(|t| effort.trainings.is_none_or(|only| t.0 == only)) {
            for effect in [-0.08, 0.0, 0.08] {
                let design = Design { patients, prevalence: 0.25, mixed: false };
                let found = simulate("answers", effort.simulations, |s| study(design, [effect, 0.0, 0.0], (trainings, spread), effort, s));
                let share = |of: &dyn Fn(&[Answered]) -> bool| format!("{:.1}", 100.0 * found.iter().filter(|f| of(f)).count() as f64 / found.len() as f64);
                let is = |c: Conclusion| share(&move |f: &[Answered]| f[0].conclusion == c);
                row(&[
                    format!("{effect:+.2}"),
                    patients.to_string(),
                    trainings.to_string(),
                    spread.to_string(),
                    is(Conclusion::Helped),
                    is(Conclusion::Harmed),
                    is(Conclusion::NoRelevantDifference),
                    is(Conclusion::CannotTell),
                    share(&|f| f.iter().any(|a| a.is_wrong(a.of_networks))),
                    share(&|f| f.iter().any(|a| a.is_wrong(a.effect))),
                ]);
            }
        }
    }
}

/// The answers of one study.
fn study(design: Design, effects: [f64; 3], (trainings, spread): (usize, f64), effort: Effort, s: &mut Stream) -> Vec<Answered> {
    let set = design.draw(s);
    let labels: Vec<usize> = set.positive.iter().map(|p| usize::from(*p)).collect();
    let tokens: Vec<String> = set.patient.iter().map(|p| p.to_string()).collect();
    let patients = Patients::of(&tokens, &labels, 2);
    let mut arm = |area: f64| (0..trainings).map(|_| training(&set, area, spread, s, &patients, &labels)).collect::<Vec<_>>();
    let real = arm(0.8);
    let others = effects.map(|e| arm(0.8 + e));
    let at = real[0].tested.measures().iter().position(|m| m.metric.name == "auroc" && m.class == Some(1)).expect("a metric");
    let all = others.each_ref().map(|other| {
        let (one, two): (Vec<_>, Vec<_>) = (other.iter().map(|t| &t.tested).collect(), real.iter().map(|t| &t.tested).collect());
        difference(&one, &two, at, &patients, TestChoice::Auto, Some(effort.resamples))
    });
    let p = holm(&all.each_ref().map(|d| d.as_ref().and_then(|d| d.p).unwrap_or(f64::NAN)));
    let mean = |all: &[Training]| all.iter().map(|t| t.distance).sum::<f64>() / all.len() as f64;
    let answer = |k: usize| Answered {
        conclusion: Conclusion::of(all[k].as_ref().and_then(|d| d.interval), Some(p[k]).filter(|p| !p.is_nan()), Some(MARGIN)),
        effect: effects[k],
        of_networks: mean(&others[k]) - mean(&real),
    };
    (0..effects.len()).map(answer).collect()
}
