//! A classifier on images that lack a cue, such as their border, or have nothing else: a block for each arm and class.

use super::canvas::{INK, Marker, SOFT, Shape, Stroke};
use super::intervals::in_words;
use super::page::{Key, Page, Sample};
use super::rows::{Block, Row, rows};
use super::within_groups::BLOCKS;
use super::{Draw, Drawing, Figure};
use crate::records::{ProbeRow, Table, Told};

pub(super) const FIGURE: Figure = Figure {
    name: "probes",
    doc: "The AUROC of images as they are, without their border, with nothing but the border, with equal grey levels, and without fine detail, with 95 % intervals.",
    draw: Draw::Probes(draw),
};

const PLAIN: Marker = Marker::of(Shape::Circle, "#0072B2", 3.6);
const CHANGED: Marker = Marker::of(Shape::Diamond, "#D55E00", 3.6);

/// Tables with the names of their arms. None where no area has a value.
fn draw(tables: &[(String, Table<ProbeRow>)]) -> Option<Drawing> {
    let told: Vec<(&str, Told<ProbeRow>)> = tables.iter().flat_map(|(arm, table)| table.told().into_iter().map(|told| (arm.as_str(), told))).collect();
    let ends = told.iter().flat_map(|(_, told)| &told.rows).flat_map(|row| [row.auroc, row.low, row.high]).flatten().filter(|v| v.is_finite());
    let ends: Vec<f64> = ends.chain([0.5]).collect();
    if ends.len() == 1 {
        return None;
    }
    let also = vec![ends.iter().copied().fold(f64::INFINITY, f64::min), ends.iter().copied().fold(f64::NEG_INFINITY, f64::max)];
    let name = |arm: &str, told: &Told<ProbeRow>| if tables.len() > 1 { format!("{arm}: {}", told.name()) } else { told.name() };
    let of_probes = |(arm, told): &(&str, Told<ProbeRow>)| Block {
        title: name(arm, told),
        rows: told.rows.iter().map(|row| of_probe(row)).collect(),
        // What the images as they are have, and what guessing has.
        lines: told.of("none").and_then(|row| row.auroc).into_iter().chain([0.5]).collect(),
        also: also.clone(),
        unit: "",
    };
    let blocks: Vec<Block> = told.iter().take(BLOCKS).map(of_probes).collect();
    let caption = "AUROC of changed images".to_owned();
    let note = (told.len() > BLOCKS).then(|| format!("the first {BLOCKS} of {}", told.len()));
    let keys = vec![
        Key::of(Sample::Point(PLAIN), "images as they are"),
        Key::of(Sample::Point(CHANGED), "changed"),
        Key::of(Sample::Line(Stroke::of(INK, 1.4)), "95 % interval"),
        Key::of(Sample::Line(Stroke::dashed(SOFT, 1.0, "3 3")), "as they are, and 0.5: guessing"),
    ];
    let description = format!("{caption}: {}.", told.iter().take(BLOCKS).map(|(arm, told)| name(arm, told)).collect::<Vec<_>>().join("; "));
    Some(rows(Page { caption, note, keys, description }, &blocks, "AUROC"))
}

fn of_probe(row: &ProbeRow) -> Row {
    let finite = |value: Option<f64>| value.filter(|v| v.is_finite());
    let limits = finite(row.low).zip(finite(row.high));
    let mark = if row.probe == "none" { PLAIN } else { CHANGED };
    let numbers = finite(row.auroc).map_or_else(String::new, |value| in_words(value, limits));
    Row { name: row.in_words().to_owned(), numbers, limits, mark: finite(row.auroc).map(|value| (value, mark)), ..Row::default() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table of two classes.
    pub(in crate::figures) fn table(class: &str, border: f64) -> Table<ProbeRow> {
        let row = |class: &str, probe: &str, auroc: f64| ProbeRow {
            probe: probe.into(),
            class: class.into(),
            auroc: Some(auroc),
            low: Some(auroc - 0.04),
            high: Some(auroc + 0.04),
            ..ProbeRow::default()
        };
        let probes = [("none", 0.9), ("no-border", 0.75), ("only-border", border), ("equal-greys", 0.875), ("smooth", 0.85)];
        Table { rows: [class, "normal"].iter().flat_map(|class| probes.map(|(probe, auroc)| row(class, probe, auroc))).collect() }
    }

    #[test]
    fn each_change_has_a_row_and_the_images_as_they_are_a_line() {
        let svg = draw(&[("real".into(), table("covid", 0.65))]).unwrap().svg();
        for text in [">covid against normal<", ">as they are<", ">without the border<", ">the border alone<", ">0.650 [0.610, 0.690]<", ">equal grey levels<"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        // Two lines and their key.
        assert_eq!(svg.matches("stroke-dasharray=\"3 3\"").count(), 3, "{svg}");
        let none = Table { rows: vec![ProbeRow { probe: "none".into(), ..ProbeRow::default() }] };
        assert!(draw(&[("real".into(), none)]).is_none() && draw(&[]).is_none());
    }
}
