//! How much of an area under the ROC curve is left among images of one group, such as one source: a block for each arm and class, and one
//! of the shares that are left.

use super::canvas::{INK, Marker, SOFT, Shape, Stroke};
use super::intervals::in_words;
use super::page::{Key, Page, Sample};
use super::rows::{Block, Row, rows};
use super::{Draw, Drawing, Figure};
use crate::distinct::distinct;
use crate::records::{Table, Told, WithinGroupsRow};

pub(super) const FIGURE: Figure = Figure {
    name: "within-groups",
    doc: "The AUROC of all pairs of images, of pairs within one source and between two, and of the source alone, with 95 % intervals; and the share of what is above 0.5 that is left within one source.",
    draw: Draw::WithinGroups(draw),
};

/// Blocks of areas, and rows of shares.
pub(super) const BLOCKS: usize = 12;
const SHARES: usize = 24;

/// Measures in their order, with how they look.
const MEASURES: [(&str, Marker); 4] = [
    ("auroc", Marker::of(Shape::Circle, "#0072B2", 3.6)),
    ("auroc-within", Marker::of(Shape::Diamond, "#D55E00", 3.6)),
    ("auroc-between", Marker::of(Shape::Triangle, "#009E73", 3.6)),
    ("auroc-of-group", Marker::of(Shape::Square, "#505c68", 3.2).open()),
];
const SHARE: Marker = Marker::of(Shape::Diamond, "#D55E00", 3.6);

/// Tables with the names of their arms. None where no area has a value.
fn draw(tables: &[(String, Table<WithinGroupsRow>)]) -> Option<Drawing> {
    let told: Vec<(&str, Told<WithinGroupsRow>)> = tables.iter().flat_map(|(arm, table)| table.told().into_iter().map(|told| (arm.as_str(), told))).collect();
    let all = told.iter().flat_map(|(_, told)| MEASURES.iter().filter_map(|(measure, _)| told.of(measure))).flat_map(|row| [row.value, row.low, row.high]);
    let mut ends: Vec<f64> = all.flatten().filter(|v| v.is_finite()).collect();
    if ends.is_empty() {
        return None;
    }
    ends.push(0.5);
    // The same axis for all blocks.
    let also = vec![ends.iter().copied().fold(f64::INFINITY, f64::min), ends.iter().copied().fold(f64::NEG_INFINITY, f64::max)];
    let several = tables.len() > 1;
    let name = |arm: &str, told: &Told<WithinGroupsRow>| if several { format!("{arm}: {}", told.name()) } else { told.name() };
    let of_areas = |(arm, told): &(&str, Told<WithinGroupsRow>)| Block {
        title: format!("{}, by {}", name(arm, told), told.by()),
        rows: MEASURES.iter().filter_map(|(measure, mark)| Some(of_area(told.of(measure)?, *mark))).collect(),
        lines: vec![0.5],
        also: also.clone(),
        unit: "",
    };
    let mut blocks: Vec<Block> = told.iter().take(BLOCKS).map(of_areas).collect();
    for group in distinct(told.iter().filter_map(|(_, told)| told.rows.first()).map(|row| row.group())) {
        let of_class = |arm: &str, told: &Told<WithinGroupsRow>| if several { format!("{arm}, {}", told.classes[0]) } else { told.classes[0].to_owned() };
        let shares = told.iter().filter_map(|(arm, told)| Some((of_class(arm, told), told.of("share-left").filter(|row| row.group() == group)?)));
        let rows: Vec<Row> = shares.filter_map(|(name, row)| share(name, row)).take(SHARES).collect();
        if !rows.is_empty() {
            let title = format!("Share of what is above 0.5 that is left within one {group}");
            blocks.push(Block { title, rows, lines: vec![0.0, 1.0], also: vec![0.0, 1.0], unit: "share" });
        }
    }
    let caption = "AUROC among images of one group".to_owned();
    let note = (told.len() > BLOCKS).then(|| format!("areas of the first {BLOCKS} of {}", told.len()));
    let keys = vec![
        Key::of(Sample::Point(MEASURES[0].1), "of all pairs of images"),
        Key::of(Sample::Point(MEASURES[1].1), "of pairs within one group"),
        Key::of(Sample::Point(MEASURES[2].1), "between two groups"),
        Key::of(Sample::Point(MEASURES[3].1), "of the group in place of the image"),
        Key::of(Sample::Line(Stroke::of(INK, 1.4)), "95 % interval"),
        Key::of(Sample::Line(Stroke::dashed(SOFT, 1.0, "3 3")), "0.5: guessing"),
    ];
    let of = |(arm, told): &(&str, Told<WithinGroupsRow>)| format!("{}, by {}", name(arm, told), told.by());
    let description = format!("{caption}: {}.", told.iter().take(BLOCKS).map(of).collect::<Vec<_>>().join("; "));
    Some(rows(Page { caption, note, keys, description }, &blocks, "AUROC"))
}

fn of_area(row: &WithinGroupsRow, mark: Marker) -> Row {
    let group = row.group();
    let name = match row.measure.as_str() {
        "auroc" => "all pairs".to_owned(),
        "auroc-within" => format!("within one {group}"),
        // Of sex, there is no plural.
        "auroc-between" if group == "sex" => "between the sexes".to_owned(),
        "auroc-between" => format!("between two {group}s"),
        _ => format!("{group} alone"),
    };
    let limits = finite(row.low).zip(finite(row.high));
    let numbers = finite(row.value).map_or_else(|| "no such pair".to_owned(), |value| in_words(value, limits));
    Row { name, numbers, limits, mark: finite(row.value).map(|value| (value, mark)), ..Row::default() }
}

/// The share of an arm; none where it is not known.
fn share(name: String, row: &WithinGroupsRow) -> Option<Row> {
    let (value, limits) = (finite(row.value)?, finite(row.low).zip(finite(row.high)));
    let percent = |share: f64| format!("{:.0}", 100.0 * share);
    let numbers = limits.map_or_else(|| format!("{} %", percent(value)), |(low, high)| format!("{} % [{}, {}]", percent(value), percent(low), percent(high)));
    // An interval that is wider than any share leaves the others no room.
    let drawn = limits.map(|(low, high)| (low.max(-1.0), high.min(2.0)));
    let mark = (-1.0..=2.0).contains(&value).then_some((value, SHARE));
    Some(Row { name, numbers, limits: drawn.filter(|(low, high)| low < high), mark, ..Row::default() })
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|v| v.is_finite())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table of two classes; of an AUROC of 0.9, `within` is left.
    pub(in crate::figures) fn table(class: &str, within: f64) -> Table<WithinGroupsRow> {
        let row = |class: &str, measure: &str, value: f64| WithinGroupsRow {
            by: "source".into(),
            class: class.into(),
            measure: measure.into(),
            value: Some(value).filter(|v| !v.is_nan()),
            low: Some(value - 0.05),
            high: Some(value + 0.05),
            pairs: 40,
            groups: 2,
            ..WithinGroupsRow::default()
        };
        let of = |class: &str| {
            let measures = [("auroc", 0.9), ("auroc-within", within), ("auroc-between", 0.95), ("auroc-of-group", 0.8), ("share-left", (within - 0.5) / 0.4)];
            measures.map(|(measure, value)| row(class, measure, value))
        };
        Table { rows: [of(class), of("normal")].concat() }
    }

    #[test]
    fn areas_share_an_axis_and_what_is_left_is_a_share() {
        let svg = draw(&[("real".into(), table("covid", 0.6)), ("gan".into(), table("covid", 0.7))]).unwrap().svg();
        for text in [">real: covid against normal, by source<", ">within one source<", ">0.600 [0.550, 0.650]<", ">between two sources<", ">source alone<"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert!(svg.contains(">Share of what is above 0.5 that is left within one source<") && svg.contains(">25 % [20, 30]<"), "{svg}");
        let one = draw(&[("real".into(), table("covid", 0.6))]).unwrap().svg();
        assert!(one.contains(">covid against normal, by source<") && !one.contains("real: "), "{one}");
    }

    #[test]
    fn without_pairs_within_a_group_it_is_said_and_without_values_nothing_is_drawn() {
        let mut none = table("covid", 0.6);
        none.rows.iter_mut().filter(|row| row.measure != "auroc").for_each(|row| (row.value, row.low, row.high) = (None, None, None));
        let svg = draw(&[("real".into(), none.clone())]).unwrap().svg();
        assert!(svg.contains(">no such pair<") && !svg.contains("Share of what"), "{svg}");
        none.rows.iter_mut().for_each(|row| (row.value, row.low, row.high) = (Some(f64::NAN), None, None));
        assert!(draw(&[("real".into(), none)]).is_none() && draw(&[]).is_none());
    }
}
