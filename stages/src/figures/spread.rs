//! How far trainings of one arm differ: a point for each, with their mean and its interval.

use super::canvas::{INK, Marker, Shape, Stroke};
use super::intervals::{in_words, is_shown, measure};
use super::of_arms::cell;
use super::page::{Key, Page, Sample};
use super::rows::{Block, Row, rows};
use super::{Draw, Drawing, Figure};
use crate::distinct::distinct;
use crate::records::{Compared, MetricRow, Table};
use crate::words::counted;

pub(super) const FIGURE: Figure = Figure {
    name: "spread",
    doc: "The metrics that figures show, of each training: a point for each evaluation, beside the mean of the arm with its 95 % interval where a comparison has them.",
    draw: Draw::Evaluations(draw),
};

/// Metrics that are drawn.
const BLOCKS: usize = 8;
const TRAINING: Marker = Marker::of(Shape::Circle, "#0072B2", 2.8).open();
const MEAN: Marker = Marker::of(Shape::Diamond, "#D55E00", 3.6);

/// Evaluations with the name of their arm, as comparisons call it; equal names are repeats and folds. None where no arm has two.
fn draw(evaluations: &[(String, Table<MetricRow>)], comparison: &Table<Compared>) -> Option<Drawing> {
    let mut arms = distinct(evaluations.iter().map(|(arm, _)| arm.as_str()));
    let order = |arm: &&str| comparison.rows.iter().position(|c| c.arm == **arm).unwrap_or(usize::MAX);
    arms.sort_by_key(order);
    if arms.len() == evaluations.len() {
        return None;
    }
    let is_meant = |row: &&MetricRow| {
        let compared = comparison.rows.iter().find(|c| c.metric == row.metric && c.class == row.class);
        compared.map_or_else(|| is_shown(&(*row).clone().of_arm("")), is_shown)
    };
    let all = evaluations.iter().flat_map(|(_, table)| &table.rows);
    let measures = distinct(all.filter(is_meant).map(|row| (row.metric.as_str(), row.class.as_str())));
    let mut data = vec![];
    let blocks: Vec<Block> = measures
        .iter()
        .map(|of| {
            let row = |arm: &&str| {
                let values = values(evaluations, arm, *of);
                data.extend(
                    values.iter().enumerate().map(|(n, v)| vec![(*arm).to_owned(), of.0.to_owned(), of.1.to_owned(), (n + 1).to_string(), cell(Some(*v))]),
                );
                arm_row(arm, &values, comparison, *of)
            };
            Block { title: measure(of.0, of.1), rows: arms.iter().map(row).filter(|row| !row.points.is_empty()).collect(), ..Block::default() }
        })
        .filter(|block| !block.rows.is_empty())
        .collect();
    if blocks.is_empty() {
        return None;
    }
    let caption = "Spread over trainings".to_owned();
    let note = (blocks.len() > BLOCKS).then(|| format!("the first {BLOCKS} of {} metrics", blocks.len()));
    let keys = vec![
        Key::of(Sample::Point(TRAINING), "an evaluation of a training or fold"),
        Key::of(Sample::Point(MEAN), "mean of the arm"),
        Key::of(Sample::Line(Stroke::of(INK, 1.4)), "its 95 % interval"),
    ];
    let description = format!("{caption}: {}, {}.", counted(arms.len(), "arm", "arms"), counted(evaluations.len(), "evaluation", "evaluations"));
    let drawing = rows(Page { caption, note, keys, description }, &blocks[..blocks.len().min(BLOCKS)], "value");
    Some(drawing.with_data(&["arm", "metric", "class", "evaluation", "value"], data))
}

/// The values of an arm that are numbers.
fn values(evaluations: &[(String, Table<MetricRow>)], arm: &str, (metric, class): (&str, &str)) -> Vec<f64> {
    let of_arm = evaluations.iter().filter(|(name, _)| name == arm);
    let value = |table: &Table<MetricRow>| table.rows.iter().find(|r| r.metric == metric && r.class == class).and_then(|r| r.value);
    of_arm.filter_map(|(_, table)| value(table)).filter(|v| v.is_finite()).collect()
}

/// The mean of a comparison pools folds; without one, it is that of the points.
fn arm_row(arm: &str, values: &[f64], comparison: &Table<Compared>, (metric, class): (&str, &str)) -> Row {
    let finite = |x: Option<f64>| x.filter(|x| x.is_finite());
    let compared = comparison.rows.iter().find(|c| c.arm == arm && c.metric == metric && c.class == class);
    let mean = compared.and_then(|c| finite(c.value)).or((!values.is_empty()).then(|| values.iter().fold(0.0, |a, b| a + b) / values.len() as f64));
    let limits = compared.and_then(|c| finite(c.low).zip(finite(c.high)));
    let numbers = mean.map_or_else(String::new, |mean| in_words(mean, limits));
    Row { name: format!("{arm} ({})", values.len()), numbers, limits, points: values.iter().map(|v| (*v, TRAINING)).collect(), mark: mean.map(|v| (v, MEAN)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation(arm: &str, value: f64) -> (String, Table<MetricRow>) {
        (arm.into(), Table { rows: vec![MetricRow { metric: "auroc".into(), value: Some(value), ..MetricRow::default() }] })
    }

    #[test]
    fn each_training_has_a_point_and_the_mean_is_that_of_the_comparison() {
        let all = [evaluation("real", 0.5), evaluation("real", 0.75), evaluation("gan", 0.8), evaluation("gan", f64::NAN)];
        let compared =
            Compared { arm: "gan".into(), metric: "auroc".into(), value: Some(0.7), low: Some(0.6), high: Some(0.9), shown: Some(true), ..Compared::default() };
        let drawing = draw(&all, &Table { rows: vec![compared] }).unwrap();
        let svg = drawing.svg();
        assert!(svg.contains(">real (2)<") && svg.contains(">0.625<") && svg.contains(">gan (1)<") && svg.contains(">0.700 [0.600, 0.900]<"), "{svg}");
        assert!(svg.find(">gan (1)<") < svg.find(">real (2)<"), "in the order of the comparison");
        let data = String::from_utf8(drawing.data().unwrap().to_vec()).unwrap();
        assert_eq!(data, "arm,metric,class,evaluation,value\ngan,auroc,,1,0.8\nreal,auroc,,1,0.5\nreal,auroc,,2,0.75\n");
        assert!(draw(&all[1..3], &Table::default()).is_none(), "arms of one training have no spread");
        assert!(draw(&[], &Table::default()).is_none());
    }
}
