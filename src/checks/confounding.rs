//! What goes together with the class in a training set, so that a network may learn it in place of the finding.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Input, StageId};
use crate::tables::{OfLabel, Summary};
use hilum_stages::contract::stage::Needs;
use hilum_stages::statistics::association::cramers_v;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Cramér's V of source and class above which it is said.
const CONFOUNDED: f64 = 0.3;
/// Difference of the shares of synthetic images of two classes above which it is said.
const APART: f64 = 0.5;

/// Training sets in which the source tells the class.
pub(super) fn by_source(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, input, summary): (StageId, &Input, Arc<Summary>)| {
        let known = summary.labels.iter().filter(|(_, of)| !of.sources.is_empty());
        let counts: BTreeMap<&str, BTreeMap<&str, usize>> =
            known.map(|(label, of)| (label.as_str(), of.sources.iter().map(|(source, n)| (source.as_str(), *n)).collect())).collect();
        let v = cramers_v(&counts).filter(|v| *v > CONFOUNDED)?;
        let message = format!(
            "class and source go together in the training set (Cramér's V {v:.2}): a network that recognises the source will seem to recognise the finding"
        );
        let help = "train and test on images of every class from every source, or test on a source that was not trained on";
        Some(finding(id, input, "source and class go together".into(), message, help, summary.rows))
    };
    trained(look).into_iter().filter_map(of).collect()
}

/// Training sets in which synthetic images are of one class, or nearly.
pub(super) fn by_origin(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, input, summary): (StageId, &Input, Arc<Summary>)| {
        let share = |(label, of): (&String, &OfLabel)| (label.clone(), of.synthetic as f64 / (of.real + of.synthetic) as f64);
        let mut shares: Vec<(String, f64)> = summary.labels.iter().map(share).collect();
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
        is_apart.then(|| finding(id, input, "synthetic images are of one class".into(), message, help, summary.rows))
    };
    trained(look).into_iter().filter_map(of).collect()
}

/// Trainings of classifiers with their training sets, as far as these are known.
fn trained<'a>(look: &'a CheckInput) -> Vec<(StageId, &'a Input, Arc<Summary>)> {
    let classifiers = look.p.stages.pairs().filter(|(_, s)| s.kind.needs == Needs::Tensor && s.kind.output("weights").is_some());
    let of = |(id, stage): (StageId, &'a crate::pipeline::model::Stage)| {
        let input = stage.input("samples")?;
        let [source] = input.from.as_slice() else { return None };
        Some((id, input, look.summary(source.stage, source.port)?))
    };
    classifiers.filter_map(of).collect()
}

fn finding(stage: StageId, input: &Input, label: String, message: String, help: &'static str, images: usize) -> CheckResult {
    CheckResult { stage, at: input.span, label, message, notes: vec![], help, count: images as u64, unit: "images", path: vec![] }
}
