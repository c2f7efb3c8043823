//! The embedding of images in two dimensions: colour by label, marker by real or synthetic.

use super::drawing::colour;
use super::{Draw, Drawing, Figure};
use crate::data::sample::Origin;
use crate::records::{Embedded, Table};
use kuva::plot::scatter::{MarkerShape, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use std::collections::BTreeMap;

/// See the module.
pub const FIGURE: Figure = Figure { name: "umap", doc: "UMAP of image features; colour is label, marker is real or synthetic.", draw: Draw::Embedding(draw) };

struct Point<'a> {
    x: f64,
    y: f64,
    label: &'a str,
    is_synthetic: bool,
}

/// An image whose place is not a number has none.
fn draw(embedding: &Table<Embedded>, how: &str) -> Option<Drawing> {
    let point = |e: &'_ Embedded| Some((e.x.filter(|x| x.is_finite())?, e.y.filter(|y| y.is_finite())?));
    let points: Vec<Point> =
        embedding.rows.iter().filter_map(|e| point(e).map(|(x, y)| Point { x, y, label: &e.label, is_synthetic: e.origin == Origin::Synthetic })).collect();
    let mut labels: Vec<&str> = points.iter().map(|p| p.label).collect();
    labels.sort_unstable();
    labels.dedup();
    let mut groups: BTreeMap<(bool, usize), Vec<(f64, f64)>> = BTreeMap::new();
    for p in &points {
        let label = labels.iter().position(|l| *l == p.label).expect("BUG: a label of its points");
        groups.entry((p.is_synthetic, label)).or_default().push((p.x, p.y));
    }
    let plots: Vec<Plot> = groups
        .into_iter()
        .map(|((is_synthetic, label), at)| {
            let legend = format!("{} {} ({})", labels[label], if is_synthetic { "synthetic" } else { "real" }, at.len());
            let plot = ScatterPlot::new().with_data(at).with_color(colour(label)).with_legend(legend);
            let plot = if is_synthetic { plot.with_marker(MarkerShape::Cross).with_size(3.5) } else { plot.with_marker(MarkerShape::Circle).with_size(2.6) };
            Plot::Scatter(plot.with_marker_opacity(0.75))
        })
        .collect();
    let layout = Layout::auto_from_plots(&plots).with_width(760.0).with_height(560.0).with_x_label("UMAP 1").with_y_label("UMAP 2").with_show_grid(false);
    let layout = around(layout, &points);
    Some(Drawing::new(plots, layout, how))
}

/// Axes that end where the points do: an embedding has no zero.
fn around(layout: Layout, points: &[Point]) -> Layout {
    if points.is_empty() {
        return layout;
    }
    let range = |f: fn(&Point) -> f64| points.iter().map(f).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    let ((x0, x1), (y0, y1)) = (range(|p| p.x), range(|p| p.y));
    let margin = |a: f64, b: f64| ((b - a) * 0.05).max(0.1);
    let (mx, my) = (margin(x0, x1), margin(y0, y1));
    layout.with_x_axis_min(x0 - mx).with_x_axis_max(x1 + mx).with_y_axis_min(y0 - my).with_y_axis_max(y1 + my)
}
