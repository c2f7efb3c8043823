//! Figures as SVG and PNG, the same bytes everywhere: the one place that knows the plotting library.
//!
//! Fonts are bundled with the library; colours are safe for colour-blind readers (Okabe & Ito 2008).

use crate::contract::prelude::*;
use crate::data::figure::Figure;
use kuva::backend::png::PngBackend;
use kuva::backend::svg::SvgBackend;
use kuva::plot::line::LinePlot;
use kuva::plot::scatter::{MarkerShape, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use std::collections::BTreeMap;

const COLOURS: [&str; 7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

/// One point of a map.
pub struct Point {
    /// First coordinate.
    pub x: f64,
    /// Second coordinate.
    pub y: f64,
    /// The film's label: the colour.
    pub label: String,
    /// Synthetic films are crosses, real ones dots.
    pub synthetic: bool,
}

/// A value with its interval.
pub struct Interval {
    /// What is measured: one row of the figure.
    pub group: String,
    /// Whose value it is: the colour.
    pub series: String,
    /// The value.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A map of films: colour by label, shape by real or synthetic. A film whose place is no number has none.
pub fn map(name: &str, caption: &str, points: &[Point]) -> Result<Figure> {
    let points: Vec<&Point> = points.iter().filter(|p| p.x.is_finite() && p.y.is_finite()).collect();
    let mut labels: Vec<&str> = points.iter().map(|p| p.label.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    let mut groups: BTreeMap<(bool, usize), Vec<(f64, f64)>> = BTreeMap::new();
    for p in &points {
        let label = labels.iter().position(|l| *l == p.label).expect("BUG: a label of its points");
        groups.entry((p.synthetic, label)).or_default().push((p.x, p.y));
    }
    let plots: Vec<Plot> = groups
        .into_iter()
        .map(|((synthetic, label), at)| {
            let legend = format!("{} {} ({})", labels[label], if synthetic { "synthetic" } else { "real" }, at.len());
            let plot = ScatterPlot::new().with_data(at).with_color(COLOURS[label % COLOURS.len()]).with_legend(legend);
            let plot = if synthetic { plot.with_marker(MarkerShape::Cross).with_size(3.5) } else { plot.with_marker(MarkerShape::Circle).with_size(2.6) };
            Plot::Scatter(plot.with_marker_opacity(0.75))
        })
        .collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_width(760.0)
        .with_height(560.0)
        .with_title(caption)
        .with_title_size(13)
        .with_x_label("UMAP 1")
        .with_y_label("UMAP 2")
        .with_show_grid(false);
    let layout = around(layout, &points);
    render(name, plots, layout)
}

/// Values with their intervals, a row per group, a colour per series. What is no number is not drawn.
pub fn intervals(name: &str, caption: &str, values: &[Interval]) -> Result<Figure> {
    let values: Vec<&Interval> = values.iter().filter(|v| [v.value, v.low, v.high].iter().all(|x| x.is_finite())).collect();
    let (mut groups, mut series): (Vec<&str>, Vec<&str>) = (vec![], vec![]);
    for v in &values {
        if !groups.contains(&v.group.as_str()) {
            groups.push(&v.group);
        }
        if !series.contains(&v.series.as_str()) {
            series.push(&v.series);
        }
    }
    let row = |group: &str| (groups.len() - groups.iter().position(|g| *g == group).expect("BUG: a group of its values")) as f64;
    let mut plots = vec![];
    for (s, name) in series.iter().enumerate() {
        // Series of one row lie beneath each other, first on top.
        let nudge = 0.6 * (0.5 - (s as f64 + 0.5) / series.len() as f64);
        let own: Vec<&Interval> = values.iter().copied().filter(|v| v.series == *name).collect();
        let plot = ScatterPlot::new()
            .with_data(own.iter().map(|v| (v.value, row(&v.group) + nudge)).collect::<Vec<_>>())
            .with_x_err_asymmetric(own.iter().map(|v| (v.value - v.low, v.high - v.value)).collect::<Vec<_>>())
            .with_color(COLOURS[s % COLOURS.len()])
            .with_size(4.0)
            .with_legend(*name);
        plots.push(Plot::Scatter(plot));
    }
    let names: Vec<String> = groups.iter().rev().map(|g| (*g).to_owned()).collect();
    let height = 130.0 + 22.0 * (groups.len() * series.len()).max(6) as f64;
    let layout = Layout::auto_from_plots(&plots)
        .with_width(760.0)
        .with_height(height)
        .with_title(caption)
        .with_title_size(13)
        .with_x_label("value")
        .with_y_categories(names);
    render(name, plots, layout)
}

/// Axes that end where the points do: a map has no zero.
fn around(layout: Layout, points: &[&Point]) -> Layout {
    if points.is_empty() {
        return layout;
    }
    let range = |f: fn(&Point) -> f64| points.iter().map(|p| f(p)).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    let ((x0, x1), (y0, y1)) = (range(|p| p.x), range(|p| p.y));
    let margin = |a: f64, b: f64| ((b - a) * 0.05).max(0.1);
    let (mx, my) = (margin(x0, x1), margin(y0, y1));
    layout.with_x_axis_min(x0 - mx).with_x_axis_max(x1 + mx).with_y_axis_min(y0 - my).with_y_axis_max(y1 + my)
}

fn render(name: &str, plots: Vec<Plot>, layout: Layout) -> Result<Figure> {
    let scene = render_multiple(plots, layout);
    let svg = scalable(SvgBackend::new().render_scene(&scene));
    let png = PngBackend::new().with_scale(2.0).render_scene(&scene).map_err(|e| Error::data(format!("the figure `{name}` could not be drawn: {e}")))?;
    Ok(Figure { files: vec![(format!("{name}.svg"), svg.into_bytes()), (format!("{name}.png"), png)] })
}

/// Curves over steps or epochs as SVG: one line per series of `(name, points)`. Series of one name share a colour. A point that
/// is no number is not drawn.
pub fn curves(caption: &str, x: &str, y: &str, series: &[(String, Vec<(f64, f64)>)]) -> String {
    let mut names: Vec<&str> = vec![];
    let mut plots = vec![];
    for (name, points) in series {
        let known = names.iter().position(|n| n == name);
        let at = known.unwrap_or(names.len());
        let line = LinePlot::new()
            .with_data(points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect::<Vec<_>>())
            .with_color(COLOURS[at % COLOURS.len()]);
        if known.is_none() {
            names.push(name);
        }
        plots.push(Plot::Line(if known.is_none() { line.with_legend(name.as_str()) } else { line }));
    }
    let layout = Layout::auto_from_plots(&plots).with_width(560.0).with_height(300.0).with_title(caption).with_title_size(13).with_x_label(x).with_y_label(y);
    scalable(SvgBackend::new().render_scene(&render_multiple(plots, layout)))
}

/// Lets a picture shrink with the page: the library states a size and no view box.
fn scalable(svg: String) -> String {
    let attribute = |name: &str| svg.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"')).map(|(v, _)| v.to_owned());
    match (svg.contains("viewBox"), attribute("width"), attribute("height")) {
        (false, Some(w), Some(h)) => svg.replacen("<svg ", &format!("<svg viewBox=\"0 0 {w} {h}\" "), 1),
        _ => svg,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranges that a plotting library might divide, take logarithms of or count ticks in for ever.
    #[test]
    fn figures_of_anything_are_finite() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-300, 1e200, -1e200];
        let text = |figure: Figure| String::from_utf8(figure.files[0].1.clone()).unwrap();
        let fine = |svg: String, what: &str| {
            let coordinates = svg.split('"').filter(|value| ["NaN", "inf", "-inf"].contains(value)).count();
            assert!(svg.contains("<svg") && coordinates == 0, "{what}: {svg}");
        };
        for x in odd {
            for y in odd {
                let points: Vec<Point> = [(x, y), (1.0, 2.0)].map(|(x, y)| Point { x, y, label: "a".into(), synthetic: false }).into();
                let interval = Interval { group: "g".into(), series: "s".into(), value: x, low: y, high: y };
                for n in [0, 1, 2] {
                    fine(text(map("m", "caption", &points[..n]).unwrap()), "map");
                }
                fine(text(intervals("i", "caption", &[interval]).unwrap()), "intervals");
                fine(curves("c", "x", "y", &[("s".into(), vec![(0.0, x), (1.0, y)])]), "curves");
            }
        }
        fine(text(intervals("i", "caption", &[]).unwrap()), "intervals");
        fine(curves("c", "x", "y", &[]), "curves");
    }
}
