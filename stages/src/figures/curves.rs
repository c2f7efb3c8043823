//! Curves, which the figures of trainings and of predictions are made of.

use super::Drawing;
use super::drawing::style;
use crate::records::History;
use kuva::plot::line::LinePlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

/// Points of one curve.
pub(super) type Points = Vec<(f64, f64)>;

/// A curve of a history has no more points than this; longer ones show means.
const POINTS: usize = 400;

/// One line per series of `(name, points)`. Series of one name look the same. A point that is not a number is not drawn.
pub(super) fn lines(series: &[(String, Points)]) -> Vec<Plot> {
    let mut names: Vec<&str> = vec![];
    let mut plots = vec![];
    for (name, points) in series {
        let known = names.iter().position(|n| n == name);
        let look = style(known.unwrap_or(names.len()));
        let line = LinePlot::new()
            .with_data(points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect::<Vec<_>>())
            .with_color(look.colour)
            .with_line_style(look.line);
        if known.is_none() {
            names.push(name);
        }
        plots.push(Plot::Line(if known.is_none() { line.with_legend(name.as_str()) } else { line }));
    }
    plots
}

/// [`lines`] with axes that fit them.
pub(super) fn curves(caption: &str, x: &str, y: &str, series: &[(String, Points)]) -> Drawing {
    let plots = lines(series);
    let layout = Layout::auto_from_plots(&plots).with_width(560.0).with_height(300.0).with_x_label(x).with_y_label(y);
    Drawing::new(plots, layout, caption)
}

/// The side of a square of axes in pixels, and the space to its left and below it.
const SQUARE: (f64, f64, f64) = (340.0, 58.0, 48.0);

/// Two shares against each other, in a square in which the diagonal is dashed.
pub(super) fn square(mut plots: Vec<Plot>, (x, y): (&str, &str), caption: &str, note: Option<&str>) -> Drawing {
    let diagonal = LinePlot::new().with_data([(0.0, 0.0), (1.0, 1.0)]).with_color("#888888").with_stroke_width(1.0).with_dashed();
    plots.insert(0, Plot::Line(diagonal));
    let layout = Layout::auto_from_plots(&plots).with_x_axis_min(-0.01).with_x_axis_max(1.01).with_y_axis_min(-0.01).with_y_axis_max(1.01);
    let (side, left, bottom) = SQUARE;
    let right = layout.legend_width + 24.0;
    let layout = layout.with_width(left + side + right).with_force_margins(left, right).with_x_tick_step(0.2).with_y_tick_step(0.2);
    Drawing::with_axes(plots, layout.with_x_label(x).with_y_label(y), (side, bottom), caption, note)
}

/// At most that many of all, evenly chosen, the first and the last among them.
pub(super) fn evenly<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    let most = most.max(2);
    if all.len() <= most { all.to_vec() } else { (0..most).map(|i| all[i * (all.len() - 1) / (most - 1)]).collect() }
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
    use super::{evenly, thinned};

    #[test]
    fn long_histories_are_shown_as_means() {
        let points: Vec<(f64, f64)> = (1..=7).map(|i| (f64::from(i), f64::from(i * i))).collect();
        assert_eq!(thinned(&points, 1), points);
        assert_eq!(thinned(&points, 3), [(3.0, 14.0 / 3.0), (6.0, 77.0 / 3.0), (7.0, 49.0)]);
    }

    #[test]
    fn the_first_and_the_last_stay_when_points_are_thinned() {
        let all: Vec<usize> = (0..10).collect();
        assert_eq!(evenly(&all, 10), all);
        assert_eq!(evenly(&all, 4), [0, 3, 6, 9]);
        assert_eq!((evenly(&all, 0), evenly(&all[..1], 1), evenly(&all[..0], 5)), (vec![0, 9], vec![0], vec![]));
        let many: Vec<usize> = (0..50_000).collect();
        let few = evenly(&many, 500);
        assert!(few.len() == 500 && few.windows(2).all(|two| (100..=101).contains(&(two[1] - two[0]))));
    }
}
