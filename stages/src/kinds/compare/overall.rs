//! Whether several arms differ at all, before each is compared with one. Independent of which arm is better.

use super::tables::Side;
use super::test_set::TestSet;
use crate::evaluation::disagreement::cochran;
use crate::records::OverallRow;

/// Arms from which on a test of all together says more than the comparison of two.
const LEAST_ARMS: usize = 3;

/// Cochran's Q of every share of images, for each arm that others are compared with and these others. It is a test of single
/// trainings, and of one image a patient: where either does not hold, there is none.
pub(super) fn overall(test: &TestSet, sides: &[Side]) -> Vec<OverallRow> {
    let mut out = vec![];
    for (at, reference) in sides.iter().enumerate() {
        let group: Vec<&Side> = std::iter::once(reference).chain(sides.iter().filter(|s| s.against == Some(at))).collect();
        if group.len() < LEAST_ARMS || group.iter().any(|s| s.tested.len() > 1) {
            continue;
        }
        let arms: Vec<_> = group.iter().map(|s| &s.tested[0]).collect();
        for (place, of) in reference.tested[0].measures().iter().enumerate() {
            let Some(found) = cochran(&arms, place, &test.patients) else { continue };
            out.push(OverallRow {
                set: reference.arm.set.clone(),
                against: reference.arm.name.clone(),
                arms: group.len(),
                metric: of.metric.name.into(),
                class: of.class.map(|c| test.classes[c].clone()).unwrap_or_default(),
                test: "Cochran's Q".into(),
                statistic: Some(found.statistic),
                p: Some(found.p),
            });
        }
    }
    out
}
