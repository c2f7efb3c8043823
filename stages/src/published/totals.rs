//! Accuracies of each class against the rest, and of all classes together: each error is an error of exactly two
//! classes. Independent of folds, over which that stays true, as it is linear.

use super::exact::{Fraction, Range};
use super::format::Total;
use super::printed::{Mode, Printed};
use super::{Look, Outcome};
use crate::records::Audited;

/// The cell of the total; none if something that it follows from is not printed.
pub(super) fn audit(look: &Look, total: &Total) -> Option<Audited> {
    let printed = look.table.cell(&total.total, &total.column)?;
    let classes: Vec<&Printed> = total.classes.iter().map(|row| look.table.cell(row, &total.column)).collect::<Option<_>>()?;
    let follows = |mode: Mode| {
        let each = classes.iter().map(|c| c.share(mode, look.table.unit));
        let zero = Range::closed(Fraction::ZERO, Fraction::ZERO);
        let errors = each.fold(zero, |sum, share| Range::closed(sum.low + Fraction::ONE - share.high, sum.high + Fraction::ONE - share.low));
        let of = |errors: Fraction| Fraction::ONE - errors / Fraction::whole(2);
        Range::closed(of(errors.high), of(errors.low))
    };
    let modes = look.table.rounding.modes();
    let said = |mode: Mode| {
        let range = follows(mode);
        // What is shown is not negative.
        let shown = |x: Fraction| look.share(x.max(Fraction::ZERO), printed);
        format!("{} to {}", shown(range.low), shown(range.high))
    };
    let fits = modes.iter().find(|m| follows(**m).meets(&printed.share(**m, look.table.unit)));
    let is = match fits {
        Some(mode) => Outcome::consistent(said(*mode)),
        None => Outcome::inconsistent(said(modes[0]), format!("the accuracies of the classes leave errors for {}, not {printed}", said(modes[0]))),
    };
    Some(look.row(&total.total, &total.column, printed, is))
}
