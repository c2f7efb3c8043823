//! Figures of synthetic images beside what two halves of the real images give: a block for each figure, a row for each set and extractor.

use super::canvas::{Marker, Shape};
use super::page::{Key, Page, Sample};
use super::rows::{Block, Row, rows};
use super::{Draw, Drawing, Figure};
use crate::distinct::distinct;
use crate::records::{QualityRow, Table};

pub(super) const FIGURE: Figure = Figure {
    name: "quality",
    doc: "The figures of synthetic images by each extractor, such as FID and KID, beside those of two halves of the real images.",
    draw: Draw::Qualities(draw),
};

/// Rows of a block.
const ROWS: usize = 24;
const SYNTHETIC: Marker = Marker::of(Shape::Circle, "#0072B2", 3.6);
const HALVES: Marker = Marker::of(Shape::Diamond, "#D55E00", 4.0).open();

/// Tables with the names of what they are of. Of all images together; None where no figure has a value.
fn draw(tables: &[(String, Table<QualityRow>)]) -> Option<Drawing> {
    let all: Vec<(&str, &QualityRow)> = tables.iter().flat_map(|(name, table)| table.rows.iter().map(move |row| (name.as_str(), row))).collect();
    let whole: Vec<(&str, &QualityRow)> = all.into_iter().filter(|(_, row)| row.class.is_empty() && finite(row.value).is_some()).collect();
    let metrics = distinct(whole.iter().map(|(_, row)| row.metric.as_str()));
    let extractors = distinct(whole.iter().map(|(_, row)| row.extractor.as_str()));
    let name = |of: &str, row: &QualityRow| match (tables.len() > 1, extractors.len() > 1) {
        (true, true) => format!("{of}, {}", row.extractor),
        (true, false) => of.to_owned(),
        (false, _) if row.extractor.is_empty() => "all images".to_owned(),
        (false, _) => row.extractor.clone(),
    };
    let block = |metric: &&str| {
        let of_metric: Vec<&(&str, &QualityRow)> = whole.iter().filter(|(_, row)| row.metric == **metric).collect();
        let reading = of_metric.first().map_or("", |(_, row)| row.reading());
        let title = if reading.is_empty() { (*metric).to_owned() } else { format!("{metric}: {reading}") };
        Block { title, rows: of_metric.iter().take(ROWS).map(|(of, row)| of_figure(name(of, row), row)).collect(), ..Block::default() }
    };
    let blocks: Vec<Block> = metrics.iter().map(block).collect();
    let caption = "Quality of synthetic images".to_owned();
    let most = metrics.iter().map(|metric| whole.iter().filter(|(_, row)| row.metric == *metric).count()).max().filter(|n| *n > 0)?;
    let note = (most > ROWS).then(|| format!("the first {ROWS} of {most} rows of each figure"));
    let keys =
        vec![Key::of(Sample::Point(SYNTHETIC), "synthetic against real images"), Key::of(Sample::Point(HALVES), "two halves of the real images, in brackets")];
    let description = format!("{caption}: {} of {} sets by {} extractors.", metrics.join(", "), tables.len(), extractors.len());
    Some(rows(Page { caption, note, keys, description }, &blocks, "value"))
}

fn of_figure(name: String, row: &QualityRow) -> Row {
    let (value, halves) = (finite(row.value), finite(row.baseline));
    let numbers = match (value, halves) {
        (Some(value), Some(halves)) => format!("{} ({})", short(value), short(halves)),
        (Some(value), None) => short(value),
        _ => String::new(),
    };
    Row { name, numbers, points: halves.map(|v| (v, HALVES)).into_iter().collect(), mark: value.map(|v| (v, SYNTHETIC)), ..Row::default() }
}

/// Three or four digits: figures are of very different size.
fn short(v: f64) -> String {
    match v.abs() {
        small if small < 1e-3 && small > 0.0 => format!("{v:.1e}"),
        large if large >= 1e5 => format!("{v:.1e}"),
        large if large >= 100.0 => format!("{v:.0}"),
        _ => format!("{v:.3}"),
    }
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|v| v.is_finite())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Figures by these extractors.
    pub(in crate::figures) fn table(extractors: &[&str], value: f64) -> Table<QualityRow> {
        let row = |extractor: &&str, metric: &str, times: f64| QualityRow {
            extractor: (**extractor).to_owned(),
            metric: metric.into(),
            value: Some(value * times),
            baseline: Some(value * times / 8.0),
            ..QualityRow::default()
        };
        let of = |extractor: &&str| [("fid", 100.0), ("kid", 0.01), ("precision", 0.8), ("recall", 0.5)].map(|(metric, times)| row(extractor, metric, times));
        let mut rows: Vec<QualityRow> = extractors.iter().flat_map(of).collect();
        rows.push(QualityRow { class: "covid".into(), ..rows[0].clone() });
        Table { rows }
    }

    #[test]
    fn a_figure_stands_beside_that_of_real_halves_by_each_extractor() {
        let svg = draw(&[("gan".into(), table(&["inception", "vgg16"], 1.0))]).unwrap().svg();
        for text in [">inception<", ">vgg16<", ">100 (12.500)<", ">0.010 (0.001)<", ">fid: 0 for equal sets; the smaller, the better<"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        let two = draw(&[("gan".into(), table(&["inception"], 1.0)), ("diffusion".into(), table(&["inception"], 0.5))]).unwrap().svg();
        assert!(two.contains(">gan<") && two.contains(">diffusion<") && two.contains(">50.000 (6.250)<"), "{two}");
        let none = Table { rows: vec![QualityRow { metric: "fid".into(), ..QualityRow::default() }] };
        assert!(draw(&[("gan".into(), none)]).is_none() && draw(&[]).is_none());
    }
}
