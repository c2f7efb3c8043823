//! Areas within and between groups, and what the group alone tells.

use super::{Shortcuts, TestSet};
use crate::contract::prelude::*;
use crate::data::sample::Sample;
use crate::data::subgroup::{Subgroup, UNKNOWN};
use crate::evaluation::Predictions;
use crate::evaluation::estimate::LEVEL;
use crate::evaluation::share_left::share_left;
use crate::records::WithinGroupsRow;
use crate::statistics::delong::Area;
use crate::statistics::delong::groups::{Grouped, Pairs};
use crate::statistics::{delong, interval};
use std::collections::BTreeMap;

/// Of the AUROC above ½, the share that is left below which it is warned of.
const LITTLE: f64 = 0.8;

/// The images of a grouping, and the classes of the images that groups are known by.
struct Grouping<'a> {
    by: Subgroup,
    /// By position, the test images whose group is known.
    images: Vec<usize>,
    /// The group of each of these.
    group: Vec<usize>,
    /// Names of groups.
    names: Vec<String>,
    /// What says how often a class is in a group: its images by group and label.
    known: &'a [Sample],
}

impl Shortcuts {
    /// The rows of all groupings and classes.
    pub(super) fn groups(&self, tested: &TestSet, plain: &Predictions, training: Option<&[Sample]>, cx: &Context) -> Vec<WithinGroupsRow> {
        let mut out = vec![];
        for by in &self.by {
            let of_image: Vec<String> = tested.rows.iter().map(|row| by.of(row, &self.ages)).collect();
            let images: Vec<usize> = (0..of_image.len()).filter(|at| of_image[*at] != UNKNOWN).collect();
            let mut names: Vec<String> = images.iter().map(|at| of_image[*at].clone()).collect();
            names.sort();
            names.dedup();
            let group = images.iter().map(|at| names.binary_search(&of_image[*at]).expect("BUG: every group has a name")).collect();
            let grouping = Grouping { by: *by, images, group, names, known: training.unwrap_or(&tested.rows) };
            for class in &tested.asked {
                out.extend(self.of_class(tested, plain, &grouping, *class, cx));
            }
        }
        out
    }

    fn of_class(&self, tested: &TestSet, plain: &Predictions, of: &Grouping, class: usize, cx: &Context) -> Vec<WithinGroupsRow> {
        let ranks = plain.ranks_of(class);
        let scores: Vec<f64> = of.images.iter().map(|at| ranks[*at]).collect();
        let positive: Vec<bool> = of.images.iter().map(|at| tested.labels[*at] == class).collect();
        let patient: Vec<usize> = of.images.iter().map(|at| tested.patients.of_image()[*at]).collect();
        let images = delong::Images::of_patients(&positive, &patient);
        let row = |measure: &str| WithinGroupsRow {
            by: of.by.name().into(),
            class: tested.classes()[class].clone(),
            measure: measure.into(),
            groups: of.names.len(),
            images: of.images.len(),
            patients: images.counts().patients,
            ..WithinGroupsRow::default()
        };
        let Some(grouped) = Grouped::of(&scores, &of.group, &images) else { return vec![] };
        let mut out = vec![];
        let sorts =
            [("auroc", Pairs::All), ("auroc-within", Pairs::Within), ("auroc-within-weighted", Pairs::WithinWeighted), ("auroc-between", Pairs::Between)];
        let areas: Vec<Option<Area>> = sorts.iter().map(|(_, pairs)| grouped.area(*pairs)).collect();
        for ((measure, pairs), area) in sorts.iter().zip(&areas) {
            out.push(WithinGroupsRow { pairs: grouped.count(*pairs), ..measured(row(measure), area.as_ref()) });
        }
        let of_group: Vec<f64> = {
            let shares = self.shares(of, &tested.classes()[class]);
            of.group.iter().map(|group| shares[*group]).collect()
        };
        let alone = delong::area(&of_group, &images);
        out.push(WithinGroupsRow { pairs: grouped.count(Pairs::All), ..measured(row("auroc-of-group"), alone.as_ref()) });
        let left = areas[1].as_ref().zip(areas[0].as_ref()).and_then(|(within, all)| share_left(within, all));
        let limits = left.and_then(|left| left.interval);
        let why = match (&areas[1], &left, &limits) {
            (None, ..) => format!("no {} has images of the class and of others", of.by.name()),
            (_, None, _) => "the AUROC is not certain to be above 0.5".into(),
            (.., None) => "no patient changes it".into(),
            (.., Some(_)) => "Fieller".into(),
        };
        out.push(WithinGroupsRow {
            value: left.map(|left| left.value),
            low: limits.map(|l| l.0),
            high: limits.map(|l| l.1),
            pairs: grouped.count(Pairs::Within),
            interval: why,
            ..row("share-left")
        });
        say(&out, of.names.len(), cx);
        out
    }

    /// The share of a class in each group among the images that groups are known by; that of all of them where a group has none.
    fn shares(&self, of: &Grouping, class: &str) -> Vec<f64> {
        let mut counts: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        let mut all = (0.0, 0.0);
        for row in of.known {
            let own = counts.entry(of.by.of(row, &self.ages)).or_default();
            for count in [own, &mut all] {
                count.0 += f64::from(u8::from(row.label == class));
                count.1 += 1.0;
            }
        }
        of.names.iter().map(|name| counts.get(name).unwrap_or(&all)).map(|(of_class, images)| of_class / images).collect()
    }
}

/// A row with an area and its interval.
fn measured(row: WithinGroupsRow, area: Option<&Area>) -> WithinGroupsRow {
    let Some(area) = area else { return WithinGroupsRow { interval: "there are no such pairs".into(), ..row } };
    match interval::of_one_area(area, LEVEL) {
        Ok(found) => WithinGroupsRow { value: Some(area.value), low: Some(found.low), high: Some(found.high), interval: found.method.name().into(), ..row },
        Err(few) => WithinGroupsRow { value: Some(area.value), interval: few.to_string(), ..row },
    }
}

/// Warns of what the rows of a class show.
fn say(rows: &[WithinGroupsRow], groups: usize, cx: &Context) {
    let of = |measure: &str| rows.iter().find(|row| row.measure == measure);
    let (Some(all), Some(within), Some(left)) = (of("auroc"), of("auroc-within"), of("share-left")) else { return };
    let (by, class) = (&all.by, &all.class);
    let Some(auroc) = all.value.filter(|_| groups > 1) else { return };
    if within.pairs == 0 {
        cx.warn(format!(
            "no {by} of the test set has images both of `{class}` and of others: nothing tells how much of the AUROC of {auroc:.3} is that of the {by}"
        ));
    } else if let (Some(value), Some(high)) = (left.value, left.high)
        && value < LITTLE
        && high < 1.0
    {
        let within = within.value.unwrap_or(0.5);
        cx.warn(format!(
            "of the AUROC of {auroc:.3} for `{class}`, pairs of one {by} leave {within:.3}: {:.0} % of what is above 0.5; the rest is that of the {by}",
            100.0 * value.max(0.0)
        ));
    }
}
