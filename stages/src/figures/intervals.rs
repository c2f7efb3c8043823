//! Metrics of arms with their intervals: a row per metric, a colour per arm.

use super::drawing::colour;
use super::{Draw, Drawing, Figure};
use crate::evaluation::metric::Shown;
use crate::records::{Compared, Table};
use kuva::plot::scatter::ScatterPlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

/// See the module.
pub const FIGURE: Figure =
    Figure { name: "comparison", doc: "The metrics of each arm that are shown in figures, with their 95 % intervals.", draw: Draw::Comparison(draw) };

const CAPTION: &str = "Mean over trainings with 95 % intervals";

/// A value with its interval.
struct Interval {
    /// What is measured: one row of the figure.
    group: String,
    /// Whose value it is: the colour.
    series: String,
    value: f64,
    low: f64,
    high: f64,
}

/// What is undefined or no number is not drawn.
fn draw(comparison: &Table<Compared>) -> Option<Drawing> {
    let is_shown = |c: &Compared| c.shown.unwrap_or_else(|| c.metric().is_some_and(|m| m.shown >= Shown::InFigures));
    let finite = |x: Option<f64>| x.filter(|x| x.is_finite());
    let interval = |c: &'_ Compared| Some((finite(c.value)?, finite(c.low)?, finite(c.high)?));
    let arm = |c: &Compared| if c.set.is_empty() { c.arm.clone() } else { format!("{}: {}", c.set, c.arm) };
    let name = |c: &Compared| if c.class.is_empty() { c.metric.clone() } else { format!("{} {}", c.metric, c.class) };
    let values: Vec<Interval> = comparison
        .rows
        .iter()
        .filter(|c| is_shown(c))
        .filter_map(|c| interval(c).map(|(value, low, high)| Interval { group: name(c), series: arm(c), value, low, high }))
        .collect();
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
        let own: Vec<&Interval> = values.iter().filter(|v| v.series == *name).collect();
        let plot = ScatterPlot::new()
            .with_data(own.iter().map(|v| (v.value, row(&v.group) + nudge)).collect::<Vec<_>>())
            .with_x_err_asymmetric(own.iter().map(|v| (v.value - v.low, v.high - v.value)).collect::<Vec<_>>())
            .with_color(colour(s))
            .with_size(4.0)
            .with_legend(*name);
        plots.push(Plot::Scatter(plot));
    }
    let names: Vec<String> = groups.iter().rev().map(|g| (*g).to_owned()).collect();
    let height = 130.0 + 22.0 * (groups.len() * series.len()).max(6) as f64;
    let layout = Layout::auto_from_plots(&plots).with_width(760.0).with_height(height).with_x_label("value").with_y_categories(names);
    Some(Drawing::new(plots, layout, CAPTION))
}
