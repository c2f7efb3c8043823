//! The answers of a comparison on one test set.

use super::tables::{Side, has_synthetic};
use super::test_set::TestSet;
use super::{Adjust, Compare, measures};
use crate::contract::prelude::*;
use crate::evaluation::arms::common;
use crate::evaluation::conclusion::Conclusion;
use crate::evaluation::metric::Direction;
use crate::evaluation::sentence::{Said, sentence};
use crate::records::{Answer, Compared, Scores};

impl Compare {
    /// One answer for each arm that is compared with another.
    ///
    /// # Errors
    /// If the metric that answers is of each class, and the study does not say of which.
    pub(super) fn answers(&self, test: &TestSet, sides: &[Side], rows: &[Vec<Compared>], scores: &[Gathered<Scores>]) -> Result<Vec<Answer>> {
        let all = sides[0].tested[0].measures();
        let compared = sides.iter().filter(|s| s.against.is_some()).count();
        if compared == 0 {
            return Ok(vec![]);
        }
        let [at] = measures::places(&self.metric, all, &test.classes, test.positive)?[..] else {
            let help = format!("name a class, as in `metric: {}/{}`, or set `positive` in `evaluate`", self.metric, test.classes[0]);
            return Err(Error::helped(format!("`{}` has a value for each class", self.metric), help));
        };
        let (metric, class) = (all[at].metric, all[at].class);
        let answer = |(side, row): (&Side, &Compared)| {
            let other = sides[side.against?].arm;
            let interval = row.difference_low.zip(row.difference_high);
            let better = |(low, high): (f64, f64)| if metric.direction == Direction::LowerIsBetter { (-high, -low) } else { (low, high) };
            let conclusion = Conclusion::of(interval.map(better), row.p_adjusted, self.margin.map(|m| *m));
            let (arm, against, rest) = side.arm.beside(other);
            let patients = class.map_or(test.patients.count(), |class| test.patients.with(class));
            let adjusted = match self.adjust {
                Adjust::Holm => Some("Holm"),
                Adjust::BenjaminiHochberg => Some("Benjamini-Hochberg"),
                Adjust::None => None,
            };
            // Fold by fold, each fold of each repeat is a training.
            let pairs = common(side.arm, other).iter().map(|(at, _)| if side.folds.is_some() { side.arm.trainings[*at].cells.len() } else { 1 }).sum();
            let sentence = sentence(&Said {
                conclusion,
                // What sets arms apart that differ in another axis, too, may be that.
                is_synthetic: side.arm.differences(other) == 1 && has_synthetic(side.arm, scores) == Some(true) && has_synthetic(other, scores) == Some(false),
                arms: (&arm, &against, &rest),
                set: &side.arm.set,
                metric: metric.name,
                class: class.map(|c| test.classes[c].as_str()),
                difference: row.difference,
                interval,
                margin: self.margin.map(|m| *m),
                p: row.p_adjusted,
                adjusted: adjusted.filter(|_| compared > 1),
                trainings: pairs,
                patients,
            });
            Some(Answer {
                set: side.arm.set.clone(),
                arm: side.arm.name.clone(),
                against: other.name.clone(),
                metric: metric.name.into(),
                class: row.class.clone(),
                conclusion,
                difference: row.difference,
                low: row.difference_low,
                high: row.difference_high,
                p: row.p_adjusted,
                trainings: pairs,
                patients,
                sentence,
            })
        };
        Ok(sides.iter().zip(&rows[at]).filter_map(answer).collect())
    }
}
