//! F1 from other printed metrics. Independent of how the metrics were counted.
//!
//! Of one test, F1 grows with precision and recall, and with sensitivity s and specificity c: the ends of their ranges
//! give the ends of its range. A mean of F1 over folds does not follow from means of s and c; but it has bounds. With
//! ρ negatives per positive and d = 1 − c, F1 is 2 s / (1 + s + ρ d):
//!
//! * It is at least s − ρ d / 2, which is linear: F1 ≥ 2 s / (2 + ρ d) ≥ s (1 − ρ d / 2), as s is at most 1.
//! * Over n folds with the means s and d, it is largest where all false positives are in one fold, as it is convex in d.
//!   With aᵢ = 1 + ρ dᵢ, its sum is 2 n − 2 Σ aᵢ / (aᵢ + sᵢ), and by the inequality of Cauchy and Schwarz, that is at
//!   most 2 n − 2 (Σ √aᵢ)² / (Σ aᵢ + Σ sᵢ), where Σ √aᵢ = n − 1 + √(1 + ρ n d) and Σ aᵢ = n + ρ n d.

use super::exact::{Fraction, Range};
use super::format::{F1, F1From};
use super::printed::{Mode, Printed};
use super::{Look, Outcome};
use crate::records::Audited;

const HARMONIC: &str = "harmonic mean of sensitivity and specificity";
/// √ is taken to a millionth, downwards: the bound is that much larger.
const ROOT_STEPS: i128 = 1_000_000;

/// Each cell of the column, where what it follows from is printed, too.
pub(super) fn audit(look: &Look, f1: &F1) -> Vec<Audited> {
    let of = |row: &str| {
        let printed = look.table.cell(row, &f1.column)?;
        Some(look.row(row, &f1.column, printed, judge(look, row, &f1.from, printed)?))
    };
    look.table.rows_of(&f1.rows).into_iter().filter_map(of).collect()
}

fn judge(look: &Look, row: &str, from: &F1From, printed: &Printed) -> Option<Outcome> {
    let cell = |column: &Option<String>| look.table.cell(row, column.as_ref()?);
    let unit = look.table.unit;
    let folds = i128::from(from.folds);
    let modes = look.table.rounding.modes();
    let said = |r: Range| format!("{} to {}", look.share(r.low, printed), look.share(r.high, printed));
    if let (Some(precision), Some(recall)) = (cell(&from.precision), cell(&from.recall)) {
        if precision.number(unit) > 1.0 || recall.number(unit) > 1.0 {
            return Some(Outcome::inconsistent("a share of at most 1", format!("a precision of {precision} or a recall of {recall} is no share")));
        }
        let of = |mode: Mode| harmonic(precision.share(mode, unit), recall.share(mode, unit));
        let fits = modes.iter().find(|m| of(**m).meets(&printed.share(**m, unit)));
        let why = || format!("a precision of {precision} and a recall of {recall} have an F1 of {}, not {printed}", said(of(modes[0])));
        return Some(fits.map_or_else(|| Outcome::inconsistent(said(of(modes[0])), why()), |m| Outcome::consistent(said(of(*m)))));
    }
    let (sensitivity, specificity) = (cell(&from.sensitivity)?, cell(&from.specificity)?);
    let [positives, negatives] = [&from.positives, &from.negatives].map(|sum| sum.as_ref().map(|s| look.paper.value(s)));
    let ratio = per_positive(positives?, negatives?, folds);
    // A share above 1 has no F1, and is found by the relation that it is in.
    let is_share = |p: &Printed| p.number(unit) <= 1.0;
    if !is_share(sensitivity) || !is_share(specificity) {
        return Some(Outcome::inconsistent("a share of at most 1", format!("a sensitivity of {sensitivity} or a specificity of {specificity} is no share")));
    }
    let both = |mode: Mode| (sensitivity.share(mode, unit), specificity.share(mode, unit));
    let of = |mode: Mode| {
        let (s, c) = both(mode);
        if folds == 1 { once(s, c, ratio.low) } else { over_folds(s, c, &ratio, folds) }
    };
    if let Some(mode) = modes.iter().find(|m| of(**m).meets(&printed.share(**m, unit))) {
        return Some(Outcome::consistent(said(of(*mode))));
    }
    let mean = if folds == 1 { String::new() } else { format!(", as means of {folds} folds,") };
    let why = format!("a sensitivity of {sensitivity} and a specificity of {specificity}{mean} have an F1 of {}, not {printed}", said(of(modes[0])));
    let is = Outcome::inconsistent(said(of(modes[0])), why);
    let mistaken = |mode: Mode| {
        let (s, c) = both(mode);
        let of_means = harmonic(s, c);
        // The harmonic mean is concave, and at least s + c − 1.
        let low = if folds == 1 { of_means.low } else { (s.low + c.low - Fraction::ONE).max(Fraction::ZERO) };
        Range::closed(low, of_means.high).meets(&printed.share(mode, unit))
    };
    Some(if modes.iter().any(|m| mistaken(*m)) { is.explained(HARMONIC) } else { is })
}

/// The harmonic mean, which grows with both.
fn harmonic(a: Range, b: Range) -> Range {
    let of = |a: Fraction, b: Fraction| if (a + b).is_zero() { Fraction::ZERO } else { Fraction::whole(2) * a * b / (a + b) };
    Range::closed(of(a.low, b.low), of(a.high, b.high))
}

/// Negatives per positive in a fold. Folds share both to within one image; sizes of folds differ by one at most, so that
/// the negatives of a fold may be one fewer or more than their share.
fn per_positive(positives: i128, negatives: i128, folds: i128) -> Range {
    if folds == 1 {
        let ratio = Fraction::new(negatives, positives);
        return Range::closed(ratio, ratio);
    }
    let share = |n: i128| (n / folds, n / folds + i128::from(n % folds > 0));
    let ((few, many), (least, most)) = (share(positives), share(negatives));
    Range::closed(Fraction::new(least - 1, many), Fraction::new(most + 1, few))
}

/// F1 of one test.
fn once(s: Range, c: Range, ratio: Fraction) -> Range {
    let of = |s: Fraction, c: Fraction| Fraction::whole(2) * s / (Fraction::ONE + s + ratio * (Fraction::ONE - c));
    Range::closed(of(s.low, c.low), of(s.high, c.high))
}

/// Bounds of the mean of F1 over folds.
fn over_folds(s: Range, c: Range, ratio: &Range, folds: i128) -> Range {
    let low = s.low - ratio.high * (Fraction::ONE - c.low) / Fraction::whole(2);
    let n = Fraction::whole(folds);
    // The bound grows with s and c, and falls with ρ.
    let false_positives = ratio.low * n * (Fraction::ONE - c.high);
    let roots = n - Fraction::ONE + (Fraction::ONE + false_positives).root_below(ROOT_STEPS);
    let high = Fraction::whole(2) - Fraction::whole(2) * roots * roots / (n * (n + false_positives + n * s.high));
    Range::closed(low.max(Fraction::ZERO), high.min(Fraction::ONE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    /// Real folds never leave the bounds, and some come close.
    #[test]
    fn means_of_f1_over_folds_stay_within_their_bounds() {
        let mut stream = Seed(5).stream("test", "folds");
        let mut closest = Fraction::ONE;
        for _ in 0..4000 {
            let folds = 2 + stream.below(3) as i128;
            let (positives, negatives) = (2 + stream.below(9) as i128, 4 + stream.below(20) as i128);
            let ease = 1 + stream.below(8);
            let mut count = |n: i128| (0..n).filter(|_| stream.below(8) < ease).count() as i128;
            let tests: Vec<(i128, i128)> = (0..folds).map(|_| (count(positives), count(negatives))).collect();
            let mean = |of: &dyn Fn(&(i128, i128)) -> Fraction| tests.iter().fold(Fraction::ZERO, |sum, t| sum + of(t)) / Fraction::whole(folds);
            let s = mean(&|t| Fraction::new(t.0, positives));
            let c = mean(&|t| Fraction::new(t.1, negatives));
            let f1 = mean(&|t| Fraction::new(2 * t.0, positives + t.0 + negatives - t.1));
            let exact = Fraction::new(negatives, positives);
            let bounds = over_folds(Range::closed(s, s), Range::closed(c, c), &Range::closed(exact, exact), folds);
            assert!(bounds.holds(f1), "{tests:?} of {positives} and {negatives}: {f1:?}, {bounds:?}");
            closest = closest.min(bounds.high - f1);
        }
        assert!(closest < Fraction::new(1, 1000));
    }

    #[test]
    fn f1_of_one_test_is_that_of_its_counts() {
        // 84 of 110 and 214 of 223: precision 84 / 93.
        let point = |over, under| Range::closed(Fraction::new(over, under), Fraction::new(over, under));
        let f1 = Fraction::new(2 * 84, 110 + 93);
        assert_eq!(once(point(84, 110), point(214, 223), Fraction::new(223, 110)), Range::closed(f1, f1));
        assert_eq!(harmonic(point(84, 93), point(84, 110)), Range::closed(f1, f1));
        assert_eq!(harmonic(point(0, 1), point(0, 1)), point(0, 1));
        assert_eq!(per_positive(70, 200, 4), Range::closed(Fraction::new(49, 18), Fraction::new(51, 17)));
    }
}
