//! Metrics of rankings.

/// Area under the ROC curve with weights (ties count half): `None` where one of the two classes has no weight.
/// `order` sorts `scores` ascending; it is given so that a bootstrap sorts once.
pub fn weighted_auroc(scores: &[f64], positive: &[bool], weights: &[f64], order: &[usize]) -> Option<f64> {
    let (mut below, mut area, mut positives) = (0.0, 0.0, 0.0);
    let mut at = 0;
    while at < order.len() {
        let score = scores[order[at]];
        let (mut tied_negative, mut tied_positive) = (0.0, 0.0);
        while at < order.len() && scores[order[at]] == score {
            let i = order[at];
            if positive[i] {
                tied_positive += weights[i]
            } else {
                tied_negative += weights[i]
            }
            at += 1;
        }
        area += tied_positive * (below + tied_negative / 2.0);
        below += tied_negative;
        positives += tied_positive;
    }
    (below > 0.0 && positives > 0.0).then(|| area / (below * positives))
}

/// The order that sorts scores ascending, ties by index.
pub fn ascending(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(a.cmp(b)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auroc(scores: &[f64], positive: &[bool]) -> Option<f64> {
        weighted_auroc(scores, positive, &vec![1.0; scores.len()], &ascending(scores))
    }

    #[test]
    fn it_is_the_share_of_pairs_in_order() {
        assert_eq!(auroc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), Some(0.75));
        assert_eq!(auroc(&[0.5, 0.5], &[false, true]), Some(0.5));
        assert_eq!(auroc(&[0.5, 0.6], &[true, true]), None);
        assert_eq!(auroc(&[], &[]), None);
    }
}
