//! Curves over steps or epochs, which the figures of trainings are made of.

use super::Drawing;
use super::drawing::colour;
use crate::records::History;
use kuva::plot::line::LinePlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

/// Points of one curve.
pub(super) type Points = Vec<(f64, f64)>;

/// A curve of a history has no more points than this; longer ones show means.
const POINTS: usize = 400;

/// One line per series of `(name, points)`. Series of one name share a colour. A point that is not a number is not
/// drawn.
pub(super) fn curves(caption: &str, x: &str, y: &str, series: &[(String, Points)]) -> Drawing {
    let mut names: Vec<&str> = vec![];
    let mut plots = vec![];
    for (name, points) in series {
        let known = names.iter().position(|n| n == name);
        let line = LinePlot::new()
            .with_data(points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect::<Vec<_>>())
            .with_color(colour(known.unwrap_or(names.len())));
        if known.is_none() {
            names.push(name);
        }
        plots.push(Plot::Line(if known.is_none() { line.with_legend(name.as_str()) } else { line }));
    }
    let layout = Layout::auto_from_plots(&plots).with_width(560.0).with_height(300.0).with_x_label(x).with_y_label(y);
    Drawing::new(plots, layout, caption)
}

/// Columns of one history.
pub(super) fn over(history: &History, caption: &str, y: &str, columns: &[&str]) -> Drawing {
    let window = history.len().div_ceil(POINTS).max(1);
    let caption = if window == 1 { caption.to_owned() } else { format!("{caption}, means of {window} steps") };
    let series: Vec<(String, Points)> = columns.iter().filter_map(|c| Some(((*c).to_owned(), thinned(&history.curve(c)?, window)))).collect();
    curves(&caption, history.axis(), y, &series)
}

/// Means of that many points, at the last of them.
fn thinned(points: &[(f64, f64)], window: usize) -> Points {
    points.chunks(window).map(|part| (part[part.len() - 1].0, part.iter().map(|p| p.1).sum::<f64>() / part.len() as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::thinned;

    #[test]
    fn long_histories_are_shown_as_means() {
        let points: Vec<(f64, f64)> = (1..=7).map(|i| (f64::from(i), f64::from(i * i))).collect();
        assert_eq!(thinned(&points, 1), points);
        assert_eq!(thinned(&points, 3), [(3.0, 14.0 / 3.0), (6.0, 77.0 / 3.0), (7.0, 49.0)]);
    }
}
