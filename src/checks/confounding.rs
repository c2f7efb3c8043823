//! What goes together with the class in a training set, so that a network may learn it in place of the finding.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Input, StageId};
use hilum_stages::contract::stage::Needs;
use hilum_stages::data::sample::{Origin, Sample};
use hilum_stages::statistics::association::cramers_v;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Cramér's V of source and class above which it is said.
const CONFOUNDED: f64 = 0.3;
/// Difference of the shares of synthetic images of two classes above which it is said.
const APART: f64 = 0.5;

/// Training sets in which the source tells the class.
pub(super) fn by_source(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, input, rows): (StageId, &Input, Arc<Vec<Sample>>)| {
        let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for row in rows.iter().filter(|r| r.origin == Origin::Real && !r.source.is_empty()) {
            *counts.entry(&row.label).or_default().entry(&row.source).or_default() += 1;
        }
        let v = cramers_v(&counts).filter(|v| *v > CONFOUNDED)?;
        let message = format!(
            "class and source go together in the training set (Cramér's V {v:.2}): a network that recognises the source will seem to recognise the finding"
        );
        let help = "train and test on images of every class from every source, or test on a source that was not trained on";
        Some(finding(id, input, "source and class go together".into(), message, help, rows.len()))
    };
    trained(look).into_iter().filter_map(of).collect()
}

/// Training sets in which synthetic images are of one class, or nearly.
pub(super) fn by_origin(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, input, rows): (StageId, &Input, Arc<Vec<Sample>>)| {
        let mut counts: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for row in rows.iter() {
            let of = counts.entry(&row.label).or_default();
            of.0 += f64::from(row.origin == Origin::Synthetic);
            of.1 += 1.0;
        }
        let share = |(label, (synthetic, all)): (&&str, &(f64, f64))| ((*label).to_owned(), synthetic / all);
        let mut shares: Vec<(String, f64)> = counts.iter().map(share).collect();
        shares.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (least, most) = (shares.first()?, shares.last()?);
        let is_apart = most.1 - least.1 > APART;
        let message = format!(
            "{:.1} % of `{}` are synthetic, and {:.1} % of `{}`: a network that recognises synthetic images will seem to recognise the finding",
            100.0 * most.1,
            most.0,
            100.0 * least.1,
            least.0
        );
        let help = "pass the other classes through a generator, too (`reconstruct` of `synthesize`), and look at the tests on real images only";
        is_apart.then(|| finding(id, input, "synthetic images are of one class".into(), message, help, rows.len()))
    };
    trained(look).into_iter().filter_map(of).collect()
}

/// Trainings of classifiers with their training sets, as far as these are known.
fn trained<'a>(look: &'a CheckInput) -> Vec<(StageId, &'a Input, Arc<Vec<Sample>>)> {
    let classifiers = look.p.stages.pairs().filter(|(_, s)| s.kind.needs == Needs::Tensor && s.kind.output("weights").is_some());
    let of = |(id, stage): (StageId, &'a crate::pipeline::model::Stage)| {
        let input = stage.input("samples")?;
        let [source] = input.from.as_slice() else { return None };
        Some((id, input, look.rows(source.stage, source.port)?))
    };
    classifiers.filter_map(of).collect()
}

fn finding(stage: StageId, input: &Input, label: String, message: String, help: &'static str, images: usize) -> CheckResult {
    CheckResult { stage, at: input.span, label, message, notes: vec![], help, count: images as u64, unit: "images", path: vec![] }
}
