//! The sentence that answers a comparison. Independent of how the numbers were found.

use super::conclusion::Conclusion;
use crate::words::{change, counted};

/// What is said of a difference.
pub struct Said<'a> {
    /// What it says.
    pub conclusion: Conclusion,
    /// True where synthetic images are what the arm has and the other lacks.
    pub is_synthetic: bool,
    /// The arm, the one that it is compared with, and the coordinates that they have in common.
    pub arms: (&'a str, &'a str, &'a str),
    /// The test set, if there are several.
    pub set: &'a str,
    /// The metric.
    pub metric: &'a str,
    /// The class that it is of, if any.
    pub class: Option<&'a str>,
    /// The difference; none where it is undefined.
    pub difference: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// The margin within which a difference does not matter, if the study states one.
    pub margin: Option<f64>,
    /// Its p value.
    pub p: Option<f64>,
    /// How the p value was adjusted, if several arms are compared.
    pub adjusted: Option<&'a str>,
    /// Pairs of trainings.
    pub trainings: usize,
    /// Patients with an image of the class, or all.
    pub patients: usize,
}

/// Such as `cannot tell: real+synthetic against real, AUROC of covid +0.011 [-0.010, 0.032], p = 0.31 (Holm), 3 trainings, 62 patients
/// with covid`.
pub fn sentence(said: &Said) -> String {
    let (arm, other, rest) = said.arms;
    let is_found = matches!(said.conclusion, Conclusion::Helped | Conclusion::Harmed);
    // What one training of each arm shows is no property of the arms.
    let of_one = if is_found && said.trainings == 1 { " in this one training" } else { "" };
    let mut parts = vec![format!("{}{of_one}: {arm} against {other}", said.conclusion.words(said.is_synthetic))];
    let within = [said.set, rest].iter().filter(|s| !s.is_empty()).copied().collect::<Vec<_>>().join(", ");
    if !within.is_empty() {
        parts[0] += &format!(" ({within})");
    }
    let name = spelled(said.metric, said.class);
    parts.push(match (said.difference, said.interval) {
        (None, _) => format!("{name} is undefined"),
        (Some(d), Some((low, high))) => format!("{name} {} [{low:.3}, {high:.3}]", change(d)),
        (Some(d), None) => format!("{name} {} without an interval", change(d)),
    });
    if let (Conclusion::NoRelevantDifference, Some(margin)) = (said.conclusion, said.margin) {
        parts.push(format!("margin {margin}"));
    }
    if let Some(p) = said.p {
        let value = p_value(p);
        parts.push(said.adjusted.map_or(value.clone(), |by| format!("{value} ({by})")));
    }
    parts.push(if said.trainings == 1 && !is_found { "for this one training".into() } else { counted(said.trainings, "training", "trainings") });
    let patients = counted(said.patients, "patient", "patients");
    parts.push(said.class.map_or(patients.clone(), |class| format!("{patients} with {class}")));
    parts.join(", ")
}

/// A metric as sentences call it, with the class that it is of: `AUROC of covid`.
pub fn spelled(metric: &str, class: Option<&str>) -> String {
    let name = if metric == "auroc" || metric == "auprc" { metric.to_uppercase() } else { metric.replace('-', " ") };
    class.map_or(name.clone(), |class| format!("{name} of {class}"))
}

/// Such as `p = 0.31`, `p = 0.012` or `p < 0.001`; never rounded to 0.05 or across it.
pub fn p_value(p: f64) -> String {
    let decimals = if p < 0.1 { 3 } else { 2 };
    let rounds_away = |decimals: usize| format!("{p:.decimals$}").parse::<f64>().is_ok_and(|shown| (shown < 0.05) != (p < 0.05));
    let decimals = (decimals..8).find(|d| !rounds_away(*d)).unwrap_or(8);
    if p < 0.001 { "p < 0.001".into() } else { format!("p = {p:.decimals$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Said = Said {
        conclusion: Conclusion::CannotTell,
        is_synthetic: true,
        arms: ("real+synthetic", "real", ""),
        set: "",
        metric: "auroc",
        class: Some("covid"),
        difference: Some(0.011),
        interval: Some((-0.01, 0.032)),
        margin: Some(0.02),
        p: Some(0.31),
        adjusted: Some("Holm"),
        trainings: 3,
        patients: 62,
    };

    #[test]
    fn it_says_what_was_compared_by_how_much_and_on_whom() {
        let expected = "cannot tell: real+synthetic against real, AUROC of covid +0.011 [-0.010, 0.032], p = 0.31 (Holm), 3 trainings, 62 patients with covid";
        assert_eq!(sentence(&PLAIN), expected);
        let helped = Said { conclusion: Conclusion::Helped, p: Some(2e-5), trainings: 1, class: None, set: "external", arms: ("a", "b", "net=x"), ..PLAIN };
        let expected = "synthetic images helped in this one training: a against b (external, net=x), AUROC +0.011 [-0.010, 0.032], p < 0.001 (Holm), 1 training, 62 patients";
        assert_eq!(sentence(&helped), expected);
        let none = Said { conclusion: Conclusion::NoRelevantDifference, ..PLAIN };
        assert!(sentence(&none).contains("+0.011 [-0.010, 0.032], margin 0.02, p = 0.31"), "{}", sentence(&none));
        let worse = Said { conclusion: Conclusion::Harmed, is_synthetic: false, adjusted: None, p: Some(0.0123), metric: "hm-sens-spec", patients: 1, ..PLAIN };
        assert!(sentence(&worse).starts_with("worse: real+synthetic against real, hm sens spec of covid "), "{}", sentence(&worse));
        assert!(sentence(&worse).ends_with("p = 0.012, 3 trainings, 1 patient with covid"), "{}", sentence(&worse));
    }

    #[test]
    fn a_p_value_is_never_rounded_across_5_percent() {
        let shown = [0.0, 0.000_999, 0.001, 0.0123, 0.049_9, 0.049_999_6, 0.05, 0.0504, 0.0996, 0.314, 0.999, 1.0].map(p_value);
        let expected = ["< 0.001", "< 0.001", "= 0.001", "= 0.012", "= 0.0499", "= 0.0499996", "= 0.050", "= 0.050", "= 0.100", "= 0.31", "= 1.00", "= 1.00"];
        assert_eq!(shown, expected.map(|e| format!("p {e}")));
    }

    #[test]
    fn what_is_missing_is_said() {
        let few = Said { interval: None, p: None, ..PLAIN };
        assert!(sentence(&few).contains("AUROC of covid +0.011 without an interval, 3 trainings"));
        assert!(sentence(&Said { difference: None, ..few }).contains("AUROC of covid is undefined"));
        assert!(sentence(&Said { difference: Some(0.0), interval: None, ..PLAIN }).contains("AUROC of covid 0.000 without an interval"));
    }
}
