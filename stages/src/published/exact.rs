//! Fractions and ranges of them, exactly: no floating point and no tolerance. Independent of tables.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Sub};

/// A fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fraction {
    over: i128,
    /// Above 0.
    under: i128,
}

/// What is printed and counted is so small (`printed.rs`, `sum.rs` and `refer.rs` say how small) that no sum or product comes near the limit.
const SMALL: &str = "BUG: printed numbers and counts are bounded";

impl Fraction {
    pub(super) const ZERO: Fraction = Fraction { over: 0, under: 1 };
    pub(super) const ONE: Fraction = Fraction { over: 1, under: 1 };

    /// `over / under`, which is not 0.
    pub(super) fn new(over: i128, under: i128) -> Fraction {
        let divisor = gcd(over.unsigned_abs(), under.unsigned_abs()) as i128 * under.signum();
        Fraction { over: over / divisor, under: under / divisor }
    }
    pub(super) fn whole(n: i128) -> Fraction {
        Fraction { over: n, under: 1 }
    }
    pub(super) fn floor(self) -> i128 {
        self.over.div_euclid(self.under)
    }
    pub(super) fn ceil(self) -> i128 {
        -(-self.over).div_euclid(self.under)
    }
    pub(super) fn is_zero(self) -> bool {
        self.over == 0
    }
    /// The largest multiple of 1 / `steps` whose square is at most this number, which is not negative.
    pub(super) fn root_below(self, steps: i128) -> Fraction {
        let square = (self * Fraction::whole(steps * steps)).floor();
        Fraction::new(square.isqrt(), steps)
    }
    /// As a decimal number that is not negative, rounded half up.
    pub(super) fn shown(self, decimals: u32) -> String {
        // By long division, so that nothing is multiplied by a power of ten.
        let (mut whole, mut rest, mut digits) = (self.over / self.under, self.over % self.under, 0i128);
        for _ in 0..decimals {
            rest *= 10;
            digits = 10 * digits + rest / self.under;
            rest %= self.under;
        }
        let scale = 10i128.pow(decimals);
        digits += i128::from(2 * rest >= self.under);
        (whole, digits) = (whole + digits / scale, digits % scale);
        if decimals == 0 { whole.to_string() } else { format!("{whole}.{digits:0width$}", width = decimals as usize) }
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Add for Fraction {
    type Output = Fraction;
    fn add(self, other: Fraction) -> Fraction {
        let shared = gcd(self.under.unsigned_abs(), other.under.unsigned_abs()) as i128;
        let times = |n: i128, factor: i128| n.checked_mul(factor).expect(SMALL);
        let over = times(self.over, other.under / shared).checked_add(times(other.over, self.under / shared)).expect(SMALL);
        Fraction::new(over, times(self.under, other.under / shared))
    }
}

impl Sub for Fraction {
    type Output = Fraction;
    fn sub(self, other: Fraction) -> Fraction {
        self + Fraction { over: -other.over, ..other }
    }
}

impl Mul for Fraction {
    type Output = Fraction;
    fn mul(self, other: Fraction) -> Fraction {
        // Reduced crosswise first, so that intermediate products stay as small as the result.
        let (a, b) = (Fraction::new(self.over, other.under), Fraction::new(other.over, self.under));
        Fraction { over: a.over.checked_mul(b.over).expect(SMALL), under: a.under.checked_mul(b.under).expect(SMALL) }
    }
}

impl Div for Fraction {
    type Output = Fraction;
    fn div(self, other: Fraction) -> Fraction {
        Mul::mul(self, Fraction::new(other.under, other.over))
    }
}

impl Ord for Fraction {
    /// By continued fractions, which cannot overflow.
    fn cmp(&self, other: &Fraction) -> Ordering {
        let (a, b) = (self.floor(), other.floor());
        let rest = |f: &Fraction, whole: i128| (f.over - whole * f.under, f.under);
        a.cmp(&b).then_with(|| match (rest(self, a), rest(other, b)) {
            ((0, _), (0, _)) => Ordering::Equal,
            ((0, _), _) => Ordering::Less,
            (_, (0, _)) => Ordering::Greater,
            // The larger of two proper fractions has the smaller reciprocal.
            ((x, y), (z, w)) => Fraction { over: w, under: z }.cmp(&Fraction { over: y, under: x }),
        })
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Fraction) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// All numbers from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) low: Fraction,
    pub(super) high: Fraction,
    /// True if `high` itself is in it.
    pub(super) has_high: bool,
}

impl Range {
    pub(super) fn closed(low: Fraction, high: Fraction) -> Range {
        Range { low, high, has_high: true }
    }
    pub(super) fn holds(&self, x: Fraction) -> bool {
        self.low <= x && (x < self.high || self.has_high && x == self.high)
    }
    /// True if `over / under`, whose denominator is above 0, is in it.
    pub(super) fn holds_share(&self, over: i128, under: i128) -> bool {
        let (low, high) = (self.low.over * under <= over * self.low.under, over * self.high.under - self.high.over * under);
        low && (high < 0 || self.has_high && high == 0)
    }
    /// True if some number is in both.
    pub(super) fn meets(&self, other: &Range) -> bool {
        let below = |a: &Range, b: &Range| a.low < b.high || b.has_high && a.low == b.high;
        below(self, other) && below(other, self)
    }
    /// What of it a share can be. Nothing lies outside where a share was printed.
    pub(super) fn of_shares(self) -> Range {
        Range { low: self.low.max(Fraction::ZERO), high: self.high.min(Fraction::ONE), has_high: self.has_high || self.high > Fraction::ONE }
    }
    /// The whole numbers `k` of 0 to `n` for which `k / n` is in it.
    pub(super) fn counts(&self, n: i128) -> impl Iterator<Item = i128> + use<> {
        let range = *self;
        let of = |x: Fraction| (x * Fraction::whole(n)).floor().clamp(0, n);
        (of(self.low)..=of(self.high)).filter(move |k| range.holds_share(*k, n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(over: i128, under: i128) -> Fraction {
        Fraction::new(over, under)
    }

    #[test]
    fn fractions_are_exact_and_in_lowest_terms() {
        assert_eq!(f(6, -4), f(-3, 2));
        assert_eq!(f(1, 3) + f(1, 6), f(1, 2));
        assert_eq!(f(1, 3) - f(1, 2), f(-1, 6));
        assert_eq!(f(2, 3) * f(9, 4) / f(3, 7), f(7, 2));
        assert_eq!((f(-3, 2).floor(), f(-3, 2).ceil(), f(3, 2).floor(), f(3, 2).ceil(), f(4, 2).ceil()), (-2, -1, 1, 2, 2));
        assert_eq!([f(16, 46).shown(4), f(1, 2).shown(0), f(999, 1000).shown(2), f(2, 1).shown(2)], ["0.3478", "1", "1.00", "2.00"]);
        let root = f(2, 1).root_below(1_000_000);
        assert!(root * root <= f(2, 1) && root == f(1_414_213, 1_000_000));
    }

    #[test]
    fn fractions_are_ordered_as_numbers_are_however_large() {
        let some: Vec<Fraction> = (-9..9).flat_map(|a| (1..7).map(move |b| f(a, b))).collect();
        for a in &some {
            for b in &some {
                assert_eq!(a.cmp(b), (a.over * b.under).cmp(&(b.over * a.under)), "{a:?} {b:?}");
            }
        }
        let large = i128::MAX / 2;
        assert!(f(large, large - 1) < f(large - 1, large - 2) && f(large, large - 1) > Fraction::ONE);
    }

    #[test]
    fn a_range_holds_its_ends_as_it_says() {
        let open = Range { low: f(1, 2), high: f(3, 4), has_high: false };
        let closed = Range::closed(f(3, 4), f(1, 1));
        assert!(open.holds(f(1, 2)) && !open.holds(f(3, 4)) && open.holds_share(2, 4) && !open.holds_share(3, 4));
        assert!(closed.holds_share(3, 4) && !open.meets(&closed) && closed.meets(&closed) && open.meets(&Range::closed(f(0, 1), f(1, 2))));
        assert_eq!(open.counts(8).collect::<Vec<_>>(), [4, 5]);
        let above = Range { low: f(-1, 2), high: f(3, 2), has_high: false }.of_shares();
        assert_eq!(above, Range::closed(Fraction::ZERO, Fraction::ONE));
    }
}
