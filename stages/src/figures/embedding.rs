//! Embeddings of images in two dimensions: classes by colour and shape, synthetic images as open markers, placed ones in rings.

use super::axes::{Scale, is_drawable};
use super::canvas::{Marker, Shape};
use super::page::{Key, Page, Sample};
use super::panels::{Mark, Panel, Titled, panels};
use super::{Draw, Drawing, Figure};
use crate::contract::prelude::*;
use crate::data::sample::Origin;
use crate::records::{Embedded, Role, Table};
use hilum_cache::Digest;
use std::collections::HashSet;

/// See the module.
pub const FIGURE: Figure = Figure {
    name: "umap",
    doc: "UMAP of image features; colour and shape are the label, or the source, synthetic images are open markers, and images that were placed in the finished map are in rings.",
    draw: Draw::Embeddings(|all, caption| if let [one] = all { Some(single(one, all, caption)) } else { None }),
};

/// See [`FIGURE`]: several beside each other, with the same markers.
pub(super) const SHEET: Figure = Figure {
    name: "umap-panels",
    doc: "UMAPs of a study beside each other, with one legend; below each, its numbers of neighbours, minimum distance and trustworthiness.",
    draw: Draw::Embeddings(|all, caption| (all.len() > 1).then(|| draw(all, all, caption))),
};

/// What colours and shapes stand for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
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

/// What the images of one marker have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Look<'a> {
    role: Role,
    is_synthetic: bool,
    /// The label or source.
    name: &'a str,
    /// Which of the two.
    by: ColouredBy,
}

impl<'a> Look<'a> {
    fn of(row: &'a Embedded, by: ColouredBy) -> Look<'a> {
        Look { role: row.role, is_synthetic: row.origin == Origin::Synthetic, name: of_row(row, by), by }
    }
}

/// One embedding by itself, with the markers and axes that it has beside `others`, of which it may be one.
pub fn single(one: &Embedding, others: &[Embedding], caption: &str) -> Drawing {
    draw(&[Embedding { title: "", ..*one }], others, caption)
}

/// Draws embeddings with markers for the names of `others`, of which they are some. An image whose place is not a number has none.
fn draw(all: &[Embedding], others: &[Embedding], caption: &str) -> Drawing {
    let mut names: Vec<&str> = others.iter().flat_map(|e| e.table.rows.iter().map(move |row| of_row(row, e.by))).collect();
    names.sort_unstable();
    names.dedup();
    let radius = if all.len() > 1 { 2.0 } else { 2.8 };
    let marker = |look: &Look| {
        let at = names.iter().position(|n| *n == look.name).expect("BUG: a name of its groups");
        let marker = if at < GROUPS { Marker::nth(at, radius) } else { OTHERS };
        let marker = if look.is_synthetic { Marker { radius: radius + 0.6, ..marker }.open() } else { marker };
        if look.role == Role::Placed { marker.ringed() } else { marker }
    };
    // Several maps may have the same images, which are counted once.
    let mut counts: Vec<(Look, HashSet<Digest>)> = vec![];
    for by in [ColouredBy::Label, ColouredBy::Source] {
        for name in &names {
            let of = |role, is_synthetic| (Look { role, is_synthetic, name, by }, HashSet::new());
            counts.extend([of(Role::Fitted, false), of(Role::Fitted, true), of(Role::Placed, false), of(Role::Placed, true)]);
        }
    }
    let is_mixed = all.iter().any(|e| e.by != all[0].by);
    let mut panel = |e: &Embedding| {
        let groups = groups(e);
        for row in e.table.rows.iter().filter(|row| place(row).is_some()) {
            counts.iter_mut().find(|c| c.0 == Look::of(row, e.by)).expect("BUG: a name of its groups").1.insert(row.image);
        }
        let instead = groups.is_empty().then(|| "no image has a place".to_owned());
        let below = if all.len() > 1 { e.how.to_owned() } else { String::new() };
        let marks = groups.into_iter().map(|(look, points)| Mark::Points(points, marker(&look))).collect();
        Panel { title: e.title.to_owned(), below, marks, own: Some(axes(others, e)), instead }
    };
    let drawn: Vec<Panel> = all.iter().take(PANELS).map(&mut panel).collect();
    counts.retain(|(_, images)| !images.is_empty());
    let key = |(look, images): &(Look, HashSet<Digest>)| {
        let what = if is_mixed && look.by == ColouredBy::Source { "source " } else { "" };
        let shown = if look.name.is_empty() { "unnamed" } else { look.name };
        let origin = if look.is_synthetic { "synthetic" } else { "real" };
        let placed = if look.role == Role::Placed { ", placed" } else { "" };
        Key::of(Sample::Point(Marker { radius: 3.4, ..marker(look) }), format!("{what}{shown}, {origin}{placed} ({})", images.len()))
    };
    let keys = counts.iter().map(key).collect();
    let note: Vec<String> = [
        (all.len() > PANELS).then(|| format!("the first {PANELS} of {} embeddings", all.len())),
        all.iter().any(|e| !is_one_fit(e, &all[0])).then(|| "coordinates of different maps cannot be compared".to_owned()),
        counts
            .iter()
            .any(|(look, _)| look.role == Role::Placed)
            .then(|| "images in rings were placed in the finished map, which they did not shape".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let described: Vec<String> = names
        .iter()
        .filter_map(|name| {
            let n = counts.iter().filter(|(look, _)| look.name == *name).flat_map(|c| &c.1).collect::<HashSet<_>>().len();
            (n > 0).then(|| format!("{n} of {name}"))
        })
        .collect();
    let note = Some(note.join("; ")).filter(|note| !note.is_empty());
    let page = Page { caption: caption.to_owned(), note, keys, description: format!("{caption}. Images: {}.", described.join(", ")) };
    let axis = |title: &str| Titled { scale: Scale { low: 0.0, high: 1.0 }, title: title.to_owned() };
    let columns = if drawn.len() > 1 { 2 } else { 1 };
    panels(page, &drawn, (&axis("UMAP 1 (no unit)"), &axis("UMAP 2 (no unit)")), Some(columns))
}

fn of_row(row: &Embedded, by: ColouredBy) -> &str {
    if by == ColouredBy::Source { &row.source } else { &row.label }
}

/// True for maps that were computed from the same images and are the same, whatever was placed in them.
fn is_one_fit(a: &Embedding, b: &Embedding) -> bool {
    let [a, b] = [a, b].map(|e| e.table.rows.iter().filter(|row| row.role == Role::Fitted).map(|row| (row.image, row.x, row.y)));
    a.eq(b)
}

/// The axes of a map: units are as long on both, since distances are of all directions, and maps of one fit have the same.
fn axes(all: &[Embedding], e: &Embedding) -> (Scale, Scale) {
    let points: Vec<(f64, f64)> = all.iter().filter(|other| is_one_fit(other, e)).chain([e]).flat_map(|e| e.table.rows.iter().filter_map(place)).collect();
    let (x, y) = (Scale::around(points.iter().map(|p| p.0)), Scale::around(points.iter().map(|p| p.1)));
    let half = (x.high - x.low).max(y.high - y.low) / 2.0;
    let widened = |scale: Scale| {
        let middle = f64::midpoint(scale.low, scale.high);
        // Rounding must not leave out what lies on its ends.
        Scale { low: scale.low.min(middle - half), high: scale.high.max(middle + half) }
    };
    (widened(x), widened(y))
}

fn place(row: &Embedded) -> Option<(f64, f64)> {
    row.x.filter(|x| is_drawable(*x)).zip(row.y.filter(|y| is_drawable(*y)))
}

/// Synthetic images last, and then placed ones, so that they lie on top: there are few of them where they would hide others.
fn groups<'a>(e: &Embedding<'a>) -> Vec<(Look<'a>, Vec<(f64, f64)>)> {
    let mut out: Vec<(Look, Vec<(f64, f64)>)> = vec![];
    for row in &e.table.rows {
        let Some(at) = place(row) else { continue };
        let look = Look::of(row, e.by);
        match out.iter_mut().find(|(of, _)| *of == look) {
            Some((_, points)) => points.push(at),
            None => out.push((look, vec![at])),
        }
    }
    out.sort_by_key(|(look, _)| *look);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[(&str, &str, Origin, f64)]) -> Table<Embedded> {
        let row = |(n, (label, source, origin, x)): (usize, &(&str, &str, Origin, f64))| Embedded {
            image: Digest::of(&[n as u8]),
            label: (*label).into(),
            origin: *origin,
            x: Some(*x),
            y: Some(-x),
            source: (*source).into(),
            role: Role::Fitted,
        };
        Table { rows: rows.iter().enumerate().map(row).collect() }
    }

    fn alone(one: &Embedding) -> Drawing {
        single(one, &[*one], "Embedding")
    }

    #[test]
    fn panels_share_a_legend_and_say_how_they_were_computed() {
        let (real, synthetic) = (Origin::Real, Origin::Synthetic);
        let a = table(&[("covid", "x", real, 0.5), ("covid", "y", synthetic, 1.5), ("normal", "y", real, 2.5), ("normal", "y", real, f64::NAN)]);
        let b = table(&[("normal", "x", real, 0.5)]);
        let how = "15 neighbours, min_dist 0.1, trustworthiness 0.981";
        let of = |table, by| Embedding { title: "task=normal", how, table, by };
        let all = [of(&a, ColouredBy::Label), of(&b, ColouredBy::Label)];
        let svg = draw(&all, &all, "Embeddings").svg();
        for text in ["covid, real (1)", "covid, synthetic (1)", "normal, real (2)", "task=normal"] {
            assert!(svg.contains(&format!(">{text}<")), "{text}: {svg}");
        }
        assert!(!svg.contains("normal, synthetic") && svg.matches("trustworthiness 0.981<").count() == 2, "{svg}");
        // Both maps have one image of the class, and it is the same one.
        let again = [of(&b, ColouredBy::Label), of(&b, ColouredBy::Label)];
        assert!(draw(&again, &again, "Embeddings").svg().contains(">normal, real (1)<"));
        let mixed = [of(&b, ColouredBy::Label), of(&b, ColouredBy::Source)];
        let svg = draw(&mixed, &mixed, "Embeddings").svg();
        assert!(svg.contains(">normal, real (1)<") && svg.contains(">source x, real (1)<"), "{svg}");
        let svg = alone(&of(&a, ColouredBy::Source)).svg();
        assert!(svg.contains(">x, real (1)<") && svg.contains(">y, synthetic (1)<"), "{svg}");
        let svg = alone(&of(&Table::default(), ColouredBy::Label)).svg();
        assert!(svg.contains(">no image has a place<"), "{svg}");
    }
    /// A ring is a circle that no other marker has.
    #[test]
    fn placed_images_are_told_apart_by_rings() {
        let (real, synthetic) = (Origin::Real, Origin::Synthetic);
        let mut placed = table(&[("covid", "x", real, 0.5), ("covid", "x", real, 1.5), ("covid", "x", synthetic, 2.5), ("covid", "x", synthetic, 3.5)]);
        let plain = alone(&Embedding { title: "", how: "", table: &placed, by: ColouredBy::Label }).svg();
        placed.rows.iter_mut().skip(1).step_by(2).for_each(|row| row.role = Role::Placed);
        let svg = alone(&Embedding { title: "", how: "", table: &placed, by: ColouredBy::Label }).svg();
        for text in ["covid, real (1)", "covid, real, placed (1)", "covid, synthetic (1)", "covid, synthetic, placed (1)"] {
            assert!(svg.contains(&format!(">{text}<")), "{text}: {svg}");
        }
        // Two placed points, and a key for each sort of them.
        assert_eq!(svg.matches("<circle").count() - plain.matches("<circle").count(), 2 + 2 + 2, "{svg}");
        assert!(svg.contains("rings") && svg.contains("4 of covid") && !plain.contains("rings"), "{svg}");
    }

    #[test]
    fn maps_of_one_fit_have_the_same_axes_and_units_are_as_long_on_both() {
        let real = Origin::Real;
        let mut a = table(&[("covid", "x", real, 0.0), ("covid", "x", real, 1.0), ("covid", "x", real, 5.0)]);
        a.rows[2].role = Role::Placed;
        a.rows[1].y = Some(-3.0);
        let b = Table { rows: a.rows[..2].to_vec() };
        let c = Table { rows: a.rows[1..].to_vec() };
        let of = |table| Embedding { title: "", how: "", table, by: ColouredBy::Label };
        let all = [of(&a), of(&b), of(&c)];
        let [of_a, of_b, of_c] = all.map(|e| axes(&all, &e));
        assert!(of_a == of_b && of_a != of_c, "{of_a:?} {of_b:?} {of_c:?}");
        for (x, y) in [of_a, of_c] {
            assert!(((x.high - x.low) - (y.high - y.low)).abs() < 1e-9, "{x:?} {y:?}");
        }
        assert!(draw(&all[..2], &all, "Embeddings").svg().matches("cannot be compared").count() == 0);
        assert!(draw(&all, &all, "Embeddings").svg().contains("cannot be compared"));
    }

    /// `normal` is the second name of one map and the third of both.
    #[test]
    fn a_map_by_itself_has_the_markers_that_it_has_beside_others() {
        let a = table(&[("covid", "x", Origin::Real, 0.5), ("normal", "x", Origin::Real, 1.0)]);
        let b = table(&[("covid", "x", Origin::Real, 0.5), ("lung", "x", Origin::Real, 1.0)]);
        let of = |table| Embedding { title: "t", how: "", table, by: ColouredBy::Label };
        let colours = |drawing: &Drawing| {
            [1, 2].map(|n| drawing.svg().contains(&Marker::nth(n, 2.0).colour.to_lowercase()) || drawing.svg().contains(Marker::nth(n, 2.0).colour))
        };
        assert_eq!(colours(&alone(&of(&a))), [true, false]);
        assert_eq!(colours(&single(&of(&a), &[of(&b), of(&a)], "Embedding")), [false, true]);
        assert!(!single(&of(&a), &[of(&b), of(&a)], "Embedding").svg().contains("lung"));
    }
}
