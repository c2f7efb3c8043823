//! Curves over the steps or epochs of trainings.

use super::Drawing;
use super::axes::{Scale, is_drawable};
use super::canvas::{COLOURS, Stroke};
use super::drawing::joined;
use super::page::{Key, Page, Sample};
use super::panels::{Mark, Panel, Titled, panels};
use crate::distinct::distinct;
use crate::records::History;

/// Points of one curve.
pub(super) type Points = Vec<(f64, f64)>;

/// A curve has no more points than this, one for every two pixels; longer ones show means. In one of many panels it has fewer.
const POINTS: usize = 240;
const POINTS_IN_PANEL: usize = 90;
/// More series than this have a panel each: their lines would hide each other.
const TOGETHER: usize = 4;
/// Series that are drawn.
const SERIES: usize = 24;

/// One line per series of `(name, points)`. Series of one name look the same. A point that is not a number is not drawn.
pub(super) fn curves(caption: &str, x: &str, y: &str, series: &[(String, Points)]) -> Drawing {
    let names = distinct(series.iter().map(|(name, _)| name.as_str()));
    let is_together = names.len() <= TOGETHER;
    let longest = series.iter().map(|s| s.1.len()).max().unwrap_or(0);
    let window = if is_together { 1 } else { longest.div_ceil(POINTS_IN_PANEL).max(1) };
    let lines_of = |name: &str, stroke: Stroke| {
        let drawable = |points: &Points| means(&points.iter().copied().filter(|(x, y)| is_drawable(*x) && is_drawable(*y)).collect::<Points>(), window);
        series.iter().filter(|s| s.0 == name).map(|(_, points)| Mark::Line(drawable(points), stroke)).collect::<Vec<_>>()
    };
    let all = || series.iter().flat_map(|s| s.1.iter().copied()).filter(|(x, y)| is_drawable(*x) && is_drawable(*y));
    let (x_scale, y_scale) = (Scale::around(all().map(|p| p.0)), Scale::around(all().map(|p| p.1)));
    let empty = all().next().is_none().then(|| "nothing was recorded, or no number".to_owned());
    let (drawn, keys) = if is_together {
        let marks = names.iter().enumerate().flat_map(|(n, name)| lines_of(name, nth(n))).collect();
        let keys = names.iter().enumerate().map(|(n, name)| Key::of(Sample::Line(nth(n)), *name)).collect();
        (vec![Panel { marks, instead: empty, ..Panel::default() }], keys)
    } else {
        let panel = |name: &&str| Panel { title: (*name).to_owned(), marks: lines_of(name, nth(0)), ..Panel::default() };
        (names.iter().take(SERIES).map(panel).collect(), vec![])
    };
    let note =
        joined([(names.len() > SERIES).then(|| format!("the first {SERIES} of {}", names.len())), (window > 1).then(|| format!("means of {window} points"))]);
    let description = format!("{caption}: {}.", names.join(", "));
    let axis = |scale, title: &str| Titled { scale, title: title.to_owned() };
    panels(Page { caption: caption.to_owned(), note, keys, description }, &drawn, (&axis(x_scale, x), &axis(y_scale, y)), None)
}

/// The lines of a few series, which differ in dashes as well as in colours.
fn nth(n: usize) -> Stroke {
    let dashes = [None, Some("7 3"), Some("2 2"), Some("8 2 2 2")][n % 4];
    Stroke { colour: COLOURS[n % COLOURS.len()], width: 1.4, dashes }
}

/// Columns of one history.
pub(super) fn over(history: &History, caption: &str, y: &str, columns: &[&str]) -> Drawing {
    let window = history.len().div_ceil(POINTS).max(1);
    let caption = if window == 1 { caption.to_owned() } else { format!("{caption}, means of {window} steps") };
    let series: Vec<(String, Points)> = columns.iter().filter_map(|c| Some(((*c).to_owned(), means(&history.curve(c)?, window)))).collect();
    curves(&caption, history.axis(), y, &series)
}

/// Means of that many points, at the last of them.
fn means(points: &[(f64, f64)], window: usize) -> Points {
    points.chunks(window).map(|part| (part[part.len() - 1].0, part.iter().map(|p| p.1).sum::<f64>() / part.len() as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_histories_are_shown_as_means() {
        let points: Vec<(f64, f64)> = (1..=7).map(|i| (f64::from(i), f64::from(i * i))).collect();
        assert_eq!(means(&points, 1), points);
        assert_eq!(means(&points, 3), [(3.0, 14.0 / 3.0), (6.0, 77.0 / 3.0), (7.0, 49.0)]);
    }

    #[test]
    fn few_series_share_axes_and_many_have_panels() {
        let series = |n: usize| (0..n).map(|n| (format!("arm {n}"), vec![(1.0, 0.5), (2.0, n as f64)])).collect::<Vec<_>>();
        let strokes = |svg: &str| (0..4).filter(|n| svg.contains(&format!("stroke=\"{}\"", COLOURS[*n].to_lowercase()))).count();
        let (few, many) = (curves("losses", "epoch", "loss", &series(4)).svg(), curves("losses", "epoch", "loss", &series(30)));
        assert_eq!((strokes(&few), strokes(&many.svg())), (4, 1), "{few}");
        assert_eq!(many.caption(), "losses (the first 24 of 30)");
        let long = |n: usize| {
            (0..n).map(|n| (format!("arm {n}"), (0..5000_u32).map(|x| (f64::from(x), (n * x as usize % 7) as f64)).collect::<Points>())).collect::<Vec<_>>()
        };
        let many = curves("losses", "epoch", "loss", &long(30));
        assert!(many.caption().ends_with("means of 56 points)") && many.svg().len() < 200_000, "{} bytes: {}", many.svg().len(), many.caption());
        assert!(curves("losses", "epoch", "loss", &[]).svg().contains(">nothing was recorded, or no number<"));
    }
}
