//! Metrics of subgroups of patients, and the gap between the groups with the highest and the lowest value.

use super::Evaluate;
use crate::data::sample::Sample;
use crate::data::subgroup::{Subgroup, UNKNOWN};
use crate::evaluation::estimate::{LEAST_PATIENTS, LEVEL, estimates, patients_of};
use crate::evaluation::metric::Basis;
use crate::evaluation::patients::Patients;
use crate::evaluation::tested::Tested;
use crate::evaluation::{METRICS, Predictions};
use crate::records::{Measured, SubgroupRow};
use crate::statistics::repeats::Mean;
use std::collections::{BTreeMap, BTreeSet};

/// A subgroup, measured.
struct Group {
    name: String,
    images: usize,
    tokens: BTreeSet<String>,
    patients: Patients,
    tested: Tested,
}

impl Evaluate {
    /// The rows of all groupings.
    pub(super) fn subgroups(&self, rows: &[Sample], classes: &[String], all: &Predictions) -> Vec<SubgroupRow> {
        self.by.iter().flat_map(|by| self.grouping(*by, rows, classes, all)).collect()
    }

    fn grouping(&self, by: Subgroup, rows: &[Sample], classes: &[String], all: &Predictions) -> Vec<SubgroupRow> {
        let mut images: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        rows.iter().enumerate().for_each(|(at, row)| images.entry(by.of(row, &self.ages)).or_default().push(at));
        let group = |(name, images): (String, Vec<usize>)| {
            let part = all.part(&images);
            let tokens: Vec<String> = images.iter().map(|at| rows[*at].patient.clone()).collect();
            let patients = Patients::of(&tokens, &part.labels, classes.len());
            Group { name, images: images.len(), tokens: tokens.iter().cloned().collect(), tested: Tested::of(METRICS, part, &patients), patients }
        };
        let groups: Vec<Group> = images.into_iter().map(group).collect();
        let mut out = vec![];
        for group in &groups {
            let found = estimates(std::slice::from_ref(&group.tested), &group.patients, self.intervals, *self.resamples as usize);
            out.extend(
                group
                    .tested
                    .measures()
                    .iter()
                    .zip(&found)
                    .map(|(of, e)| row(by, &group.name, group.images, group.patients.count(), Measured::of(of, classes, e))),
            );
        }
        if groups.len() > 1 {
            out.extend((0..groups[0].tested.measures().len()).filter_map(|at| gap(by, &groups, at, classes)));
        }
        out
    }
}

fn row(by: Subgroup, group: &str, images: usize, patients: usize, m: Measured) -> SubgroupRow {
    let Measured { metric, class, value, low, high, count, interval } = m;
    SubgroupRow { by: by.name().into(), group: group.to_owned(), images, patients, metric, class, value, low, high, count, interval }
}

/// The largest difference between two groups. That they are the extremes makes the gap look larger than it is; its interval is as wide
/// as if all pairs of groups had been asked for (Bonferroni). There is none where the groups share patients, as views of one patient do, where one has few patients, or where one has
/// no variance, since all of its images are alike right.
fn gap(by: Subgroup, groups: &[Group], at: usize, classes: &[String]) -> Option<SubgroupRow> {
    let known = || groups.iter().filter(|g| g.name != UNKNOWN && g.tested.value(at).is_some());
    let by_value = |a: &&Group, b: &&Group| a.tested.value(at).partial_cmp(&b.tested.value(at)).unwrap_or(std::cmp::Ordering::Equal);
    let (high, low) = (known().max_by(by_value)?, known().min_by(by_value)?);
    if high.name == low.name {
        return None;
    }
    let of = high.tested.measures()[at];
    let value = high.tested.value(at)? - low.tested.value(at)?;
    // Welch: two independent variances, each with the degrees of freedom of the patients that it rests on.
    let part = |g: &Group| {
        let (patients, variance) = (patients_of(&g.tested, at, &g.patients), g.tested.covariance(&g.tested, at)?);
        (patients >= LEAST_PATIENTS && variance > 1e-24).then_some((variance, (patients - 1) as f64))
    };
    let has_shared = high.tokens.iter().any(|t| !t.is_empty() && low.tokens.contains(t));
    let is_fit = !has_shared && !matches!(of.metric.basis, Basis::Biased);
    let (least, greatest) = of.metric.range;
    let limits = part(high).zip(part(low)).filter(|_| is_fit).and_then(|((a, of_a), (b, of_b))| {
        let freedom = (a + b) * (a + b) / (a * a / of_a + b * b / of_b);
        // The two were chosen among all pairs of groups.
        let count = known().count() as f64;
        let level = 1.0 - (1.0 - LEVEL) / (count * (count - 1.0) / 2.0);
        let (l, h) = Mean { value, error: (a + b).sqrt(), freedom }.interval(level)?;
        Some((l.max(least - greatest), h.min(greatest - least)))
    });
    let measured = Measured {
        metric: of.metric.name.into(),
        class: of.class.map(|c| classes[c].clone()).unwrap_or_default(),
        value: Some(value),
        low: limits.map(|l| l.0),
        high: limits.map(|l| l.1),
        count: String::new(),
        interval: if limits.is_some() { "Welch t of the two groups".into() } else { "too few patients, shared patients or no variance: no interval".into() },
    };
    Some(row(by, &format!("{} - {}", high.name, low.name), high.images + low.images, high.patients.count() + low.patients.count(), measured))
}
