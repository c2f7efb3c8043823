//! The answer of a comparison by a fixed rule. Independent of how the difference was found.

use serde::{Deserialize, Serialize};

/// What a difference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// The interval is above 0, and the adjusted p value below 0.05.
    Helped,
    /// The interval is below 0, and the adjusted p value below 0.05.
    Harmed,
    /// The interval is inside the margin of relevance.
    NoRelevantDifference,
    /// Anything else.
    CannotTell,
}

/// Adjusted p values below this are taken for a difference.
pub const ALPHA: f64 = 0.05;

impl Conclusion {
    /// The conclusion on a difference that is positive where the arm is better: its interval, its adjusted p value, and the margin
    /// within which a difference is not relevant, if the study states one. Both the interval and the p value must speak for a
    /// difference: the first alone would find one among many arms too often.
    pub fn of(interval: Option<(f64, f64)>, adjusted_p: Option<f64>, margin: Option<f64>) -> Conclusion {
        let Some((low, high)) = interval else { return Conclusion::CannotTell };
        let is_significant = adjusted_p.is_some_and(|p| p < ALPHA);
        match margin {
            Some(margin) if -margin < low && high < margin => Conclusion::NoRelevantDifference,
            _ if low > 0.0 && is_significant => Conclusion::Helped,
            _ if high < 0.0 && is_significant => Conclusion::Harmed,
            _ => Conclusion::CannotTell,
        }
    }

    /// The beginning of the sentence. `synthetic` is true where synthetic images are what the arm has and the other lacks.
    pub fn words(self, synthetic: bool) -> &'static str {
        match (self, synthetic) {
            (Conclusion::Helped, true) => "synthetic images helped",
            (Conclusion::Helped, false) => "better",
            (Conclusion::Harmed, true) => "synthetic images harmed",
            (Conclusion::Harmed, false) => "worse",
            (Conclusion::NoRelevantDifference, _) => "no relevant difference",
            (Conclusion::CannotTell, _) => "cannot tell",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Conclusion::*;

    #[test]
    fn the_rule_has_four_answers() {
        let of = |low, high, p, margin| Conclusion::of(Some((low, high)), Some(p), margin);
        assert_eq!(of(0.01, 0.05, 0.01, None), Helped);
        assert_eq!(of(-0.05, -0.01, 0.01, None), Harmed);
        assert_eq!(of(0.01, 0.05, 0.08, None), CannotTell, "adjusted for several arms, it could be chance");
        assert_eq!(of(-0.01, 0.05, 0.2, None), CannotTell);
        assert_eq!(of(-0.01, 0.015, 0.2, Some(0.02)), NoRelevantDifference);
        assert_eq!(of(0.005, 0.015, 0.01, Some(0.02)), NoRelevantDifference, "a difference that is certain, but does not matter");
        assert_eq!(of(0.005, 0.025, 0.01, Some(0.02)), Helped);
        assert_eq!(of(-0.02, 0.02, 1.0, Some(0.02)), CannotTell, "the margin itself is relevant");
        assert_eq!(Conclusion::of(None, Some(1.0), Some(0.5)), CannotTell);
        assert_eq!(of(f64::NAN, f64::NAN, 0.0, Some(1.0)), CannotTell);
    }
}
