//! Confidence plots: the probability of its class for each test image, as in Zunair & Hamza 2020.

use super::curves::evenly;
use super::drawing::{joined, style};
use super::{Draw, Drawing, Figure, TestPredictions};
use kuva::plot::scatter::ScatterPlot;
use kuva::render::annotations::ReferenceLine;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

pub(super) const FIGURE: Figure = Figure {
    name: "confidence",
    doc: "The probability of its class for each test image of a class, in the order of the test set, a colour per arm. With two classes, of the positive one.",
    draw: Draw::Predictions(draw),
};

/// Classes that have a panel.
const PANELS: usize = 6;
/// Points of a series.
const POINTS: usize = 500;
/// Points of all series of a figure together, which keep reports of many evaluations small.
const ALL: usize = 6000;

/// The images of a class, numbered from 1, with the probability of it, one list for each arm.
struct Panel<'a> {
    class: &'a str,
    images: usize,
    arms: Vec<Vec<(f64, f64)>>,
}

/// The first training of each arm; what is no probability is not drawn.
fn draw(test: &TestPredictions) -> Option<Drawing> {
    let classes: Vec<usize> = if test.classes().len() == 2 { test.positive().into_iter().collect() } else { (0..test.classes().len()).collect() };
    let has_images = |class: &usize| test.drawn().iter().any(|arm| arm.confusion()[*class].iter().any(|n| *n > 0));
    let with_images: Vec<usize> = classes.into_iter().filter(has_images).collect();
    let shown = &with_images[..with_images.len().min(PANELS)];
    let most = (ALL / (shown.len() * test.drawn().len()).max(1)).clamp(20, POINTS);
    let panels: Vec<Panel> = shown.iter().map(|class| panel(test, *class, most)).collect();
    if panels.iter().flat_map(|p| &p.arms).all(Vec::is_empty) {
        return None;
    }
    let further = with_images.len() - shown.len();
    let notes = [
        panels.iter().any(|p| p.images > most).then(|| format!("{most} images of each class and arm, evenly chosen")),
        (further > 0).then(|| format!("the first {PANELS} of {} classes", with_images.len())),
        test.note(),
    ];
    let note = joined(notes);
    let names: Vec<&str> = test.drawn().iter().map(|arm| arm.name()).collect();
    match panels.as_slice() {
        [panel] => {
            let (plots, layout) = panel.plots(&names);
            let layout = layout.with_x_label("test image of the class").with_y_label("probability of the class").with_width(720.0).with_height(340.0);
            Some(Drawing::noted(plots, layout, &format!("{}: probability of {} for its test images", test.name(), panel.class), note.as_deref()))
        }
        several => {
            let panel = |p: &Panel| {
                let (plots, layout) = p.plots(&names);
                (plots, layout.with_title(p.class).with_title_size(12).with_x_label("test image of the class").with_y_label("probability"))
            };
            let caption = format!("{}: probability of the class for each of its test images", test.name());
            Some(Drawing::panels(several.iter().map(panel).collect(), 2, (380.0, 250.0), &caption, note.as_deref()))
        }
    }
}

fn panel(test: &TestPredictions, class: usize, most: usize) -> Panel<'_> {
    let mut images = 0;
    let mut points = |probabilities: Vec<f64>| {
        images = images.max(probabilities.len());
        let all: Vec<(f64, f64)> = probabilities.into_iter().enumerate().map(|(n, p)| ((n + 1) as f64, p)).collect();
        evenly(&all, most).into_iter().filter(|(_, p)| (0.0..=1.0).contains(p)).collect()
    };
    let arms = test.drawn().iter().map(|arm| points(arm.trainings().first().map_or(vec![], |t| t.of_class(class)))).collect();
    Panel { class: &test.classes()[class], images, arms }
}

impl Panel<'_> {
    fn plots(&self, names: &[&str]) -> (Vec<Plot>, Layout) {
        let series = |(n, points): (usize, &Vec<(f64, f64)>)| {
            let look = style(n);
            let plot = ScatterPlot::new().with_data(points.iter().copied()).with_color(look.colour).with_marker(look.marker).with_size(2.6);
            Plot::Scatter(plot.with_marker_opacity(0.75).with_legend(names[n]))
        };
        let plots: Vec<Plot> = self.arms.iter().enumerate().filter(|(_, points)| !points.is_empty()).map(series).collect();
        let layout = Layout::auto_from_plots(&plots).with_x_axis_min(0.0).with_x_axis_max((self.images + 1) as f64);
        let layout = layout.with_y_axis_min(-0.03).with_y_axis_max(1.03).with_y_tick_step(0.25);
        (plots, layout.with_reference_line(ReferenceLine::horizontal(0.5).with_color("#555555")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::predictions::tests::{table, test};
    use super::*;
    use crate::records::{PredictedImage, PredictionTable};
    use hilum_cache::Digest;

    #[test]
    fn images_of_the_rarer_class_stand_in_their_order_and_what_is_no_probability_has_no_point() {
        let mut all = test();
        all.add(
            "real",
            "0",
            &table(&[(1, "a", 0.1), (2, "b", 0.75), (3, "a", 0.2), (4, "b", f64::NAN), (5, "b", 0.25), (6, "a", 0.0), (7, "a", 0.0), (8, "a", 0.0)]),
        );
        all.add("real", "1", &table(&[(2, "b", 0.5)]));
        let found = panel(&all, 1, POINTS);
        assert_eq!((found.images, found.arms), (3, vec![vec![(1.0, 0.75), (3.0, 0.25)]]), "of the first training");
        assert_eq!(draw(&all).unwrap().caption(), "scores: probability of b for its test images");
        assert!(draw(&test()).is_none());
    }

    #[test]
    fn many_images_are_thinned_and_it_is_said() {
        let mut all = test();
        let rows: Vec<(u32, &str, f64)> = (0..2000).map(|n| (n, if n < 900 { "b" } else { "a" }, 0.5)).collect();
        all.add("real", "", &table(&rows));
        let thinned = panel(&all, 1, POINTS).arms.remove(0);
        assert_eq!((thinned.len(), thinned[0].0, thinned[499].0), (500, 1.0, 900.0));
        assert!(draw(&all).unwrap().caption().ends_with("(500 images of each class and arm, evenly chosen)"));
    }

    #[test]
    fn of_three_classes_each_has_a_panel() {
        let classes = ["a", "b", "c"].map(String::from);
        let row = |n: u8| PredictedImage {
            image: Digest::of(&[n]),
            patient: String::new(),
            label: classes[usize::from(n) % 3].clone(),
            predicted: "a".into(),
            probabilities: vec![0.5, 0.25, 0.25],
        };
        let mut all = TestPredictions::of("scores", &classes, Some("a")).unwrap();
        all.add("real", "", &PredictionTable { classes: classes.to_vec(), rows: (0..9).map(row).collect() });
        let drawing = draw(&all).unwrap();
        assert_eq!(drawing.caption(), "scores: probability of the class for each of its test images");
        assert!(classes.iter().all(|class| drawing.svg().contains(&format!(">{class}</text>"))), "{}", drawing.svg());
    }
}
