//! Embeddings of images in two dimensions: classes by colour and shape, synthetic images as open markers.

use super::axes::{Scale, is_drawable};
use super::canvas::{Marker, Shape};
use super::page::{Key, Page, Sample};
use super::panels::{Mark, Panel, Titled, panels};
use super::{Draw, Drawing, Figure};
use crate::contract::prelude::*;
use crate::data::sample::Origin;
use crate::records::{Embedded, Table};

/// See the module.
pub const FIGURE: Figure = Figure {
    name: "umap",
    doc: "UMAP of image features; colour and shape are the label, or the source, and synthetic images are open markers.",
    draw: Draw::Embeddings(|all, caption| if let [one] = all { Some(draw(&[Embedding { title: "", ..*one }], caption)) } else { None }),
};

/// See [`FIGURE`]: several beside each other, with the same markers.
pub(super) const SHEET: Figure = Figure {
    name: "umap-panels",
    doc: "UMAPs of a study beside each other, with one legend; below each, its numbers of neighbours, minimum distance and trustworthiness.",
    draw: Draw::Embeddings(|all, caption| (all.len() > 1).then(|| draw(all, caption))),
};

/// What colours and shapes stand for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ColouredBy {
    /// The label.
    #[default]
    Label,
    /// Where images were collected.
    Source,
}

/// An embedding.
#[derive(Debug, Clone, Copy)]
pub struct Embedding<'a> {
    /// Whose images.
    pub title: &'a str,
    /// How it was computed.
    pub how: &'a str,
    /// Its points.
    pub table: &'a Table<Embedded>,
    /// What its markers stand for.
    pub by: ColouredBy,
}

/// Panels of a figure.
const PANELS: usize = 24;
/// Groups that have a marker of their own; the others share one.
const GROUPS: usize = 21;
const OTHERS: Marker = Marker::of(Shape::Cross, "#8a939c", 2.0).open();

/// Images of one label or source.
struct Group<'a> {
    name: &'a str,
    is_synthetic: bool,
    points: Vec<(f64, f64)>,
}

/// An image whose place is not a number has none.
fn draw(all: &[Embedding], caption: &str) -> Drawing {
    let mut names: Vec<&str> = all.iter().flat_map(|e| e.table.rows.iter().map(move |row| of_row(row, e.by))).collect();
    names.sort_unstable();
    names.dedup();
    let radius = if all.len() > 1 { 2.0 } else { 2.8 };
    let marker = |name: &str, is_synthetic: bool| {
        let at = names.iter().position(|n| *n == name).expect("BUG: a name of its groups");
        let marker = if at < GROUPS { Marker::nth(at, radius) } else { OTHERS };
        if is_synthetic { Marker { radius: radius + 0.6, ..marker }.open() } else { marker }
    };
    let mut counts: Vec<(&str, bool, usize)> = names.iter().flat_map(|name| [false, true].map(|is_synthetic| (*name, is_synthetic, 0))).collect();
    let mut panel = |e: &Embedding| {
        let groups = groups(e);
        for g in &groups {
            let count = counts.iter_mut().find(|c| (c.0, c.1) == (g.name, g.is_synthetic)).expect("BUG: a name of its groups");
            count.2 += g.points.len();
        }
        let of = |f: fn(&(f64, f64)) -> f64| Scale::around(groups.iter().flat_map(|g| g.points.iter().map(f)));
        let own = Some((of(|p| p.0), of(|p| p.1)));
        let instead = groups.is_empty().then(|| "no image has a place".to_owned());
        let marks = groups.iter().map(|g| Mark::Points(g.points.clone(), marker(g.name, g.is_synthetic))).collect();
        let below = if all.len() > 1 { e.how.to_owned() } else { String::new() };
        Panel { title: e.title.to_owned(), below, marks, own, instead }
    };
    let drawn: Vec<Panel> = all.iter().take(PANELS).map(&mut panel).collect();
    let key = |(name, is_synthetic, n): &(&str, bool, usize)| {
        let shown = if name.is_empty() { "unnamed" } else { name };
        let origin = if *is_synthetic { "synthetic" } else { "real" };
        (*n > 0).then(|| Key::of(Sample::Point(Marker { radius: 3.4, ..marker(name, *is_synthetic) }), format!("{shown}, {origin} ({n})")))
    };
    let keys = counts.iter().filter_map(key).collect();
    let note = (all.len() > PANELS).then(|| format!("the first {PANELS} of {} embeddings", all.len()));
    let described: Vec<String> = counts.iter().filter(|c| c.2 > 0).map(|c| format!("{} of {}", c.2, c.0)).collect();
    let page = Page { caption: caption.to_owned(), note, keys, description: format!("{caption}. Images: {}.", described.join(", ")) };
    let axis = |title: &str| Titled { scale: Scale { low: 0.0, high: 1.0 }, title: title.to_owned() };
    let columns = if drawn.len() > 1 { 2 } else { 1 };
    panels(page, &drawn, (&axis("UMAP 1 (no unit)"), &axis("UMAP 2 (no unit)")), Some(columns))
}

fn of_row(row: &Embedded, by: ColouredBy) -> &str {
    if by == ColouredBy::Source { &row.source } else { &row.label }
}

/// Synthetic images last, so that they lie on top: there are few of them where they would hide others.
fn groups<'a>(e: &Embedding<'a>) -> Vec<Group<'a>> {
    let mut out: Vec<Group> = vec![];
    for row in &e.table.rows {
        let (Some(x), Some(y)) = (row.x.filter(|x| is_drawable(*x)), row.y.filter(|y| is_drawable(*y))) else { continue };
        let (name, is_synthetic) = (of_row(row, e.by), row.origin == Origin::Synthetic);
        match out.iter_mut().find(|g| g.name == name && g.is_synthetic == is_synthetic) {
            Some(group) => group.points.push((x, y)),
            None => out.push(Group { name, is_synthetic, points: vec![(x, y)] }),
        }
    }
    out.sort_by(|a, b| (a.is_synthetic, a.name).cmp(&(b.is_synthetic, b.name)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::Digest;

    fn table(rows: &[(&str, &str, Origin, f64)]) -> Table<Embedded> {
        let row = |(n, (label, source, origin, x)): (usize, &(&str, &str, Origin, f64))| Embedded {
            image: Digest::of(&[n as u8]),
            label: (*label).into(),
            origin: *origin,
            x: Some(*x),
            y: Some(-x),
            source: (*source).into(),
        };
        Table { rows: rows.iter().enumerate().map(row).collect() }
    }

    #[test]
    fn panels_share_a_legend_and_say_how_they_were_computed() {
        let (real, synthetic) = (Origin::Real, Origin::Synthetic);
        let a = table(&[("covid", "x", real, 0.5), ("covid", "y", synthetic, 1.5), ("normal", "y", real, 2.5), ("normal", "y", real, f64::NAN)]);
        let b = table(&[("normal", "x", real, 0.5)]);
        let how = "15 neighbours, min_dist 0.1, trustworthiness 0.981";
        let of = |table, by| Embedding { title: "task=normal", how, table, by };
        let all = [of(&a, ColouredBy::Label), of(&b, ColouredBy::Label)];
        let svg = draw(&all, "Embeddings").svg();
        for text in ["covid, real (1)", "covid, synthetic (1)", "normal, real (2)", "task=normal"] {
            assert!(svg.contains(&format!(">{text}<")), "{text}: {svg}");
        }
        assert!(!svg.contains("normal, synthetic") && svg.matches("trustworthiness 0.981<").count() == 2, "{svg}");
        let svg = draw(&[of(&a, ColouredBy::Source)], "Embedding").svg();
        assert!(svg.contains(">x, real (1)<") && svg.contains(">y, synthetic (1)<"), "{svg}");
        let svg = draw(&[of(&Table::default(), ColouredBy::Label)], "Embedding").svg();
        assert!(svg.contains(">no image has a place<"), "{svg}");
    }
}
