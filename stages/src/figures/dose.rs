//! Metrics by the number of synthetic images that arms were trained on, beside the arm without any, and beside one whose real images
//! were repeated to as many: more images alone may help as much.

use super::axes::{Axes, Scale, is_drawable};
use super::canvas::{Anchor, COLOURS, INK, Marker, Shape, Stroke, WIDTH};
use super::intervals::{in_words, measure};
use super::of_arms::cell;
use super::page::{Key, MARGIN, Page, Sample};
use super::panels::Mark;
use super::{Draw, Drawing, Figure};
use crate::distinct::distinct;
use crate::records::{ArmRow, Compared, Table};
use crate::words::counted;
use std::collections::BTreeSet;

pub(super) const FIGURE: Figure = Figure {
    name: "dose",
    doc: "The metrics that people look at, by the number of synthetic images that arms were trained on, with 95 % intervals; a band for the arm without synthetic images, and a square for one whose real images were repeated.",
    draw: Draw::Doses(draw),
};

/// Metrics that are drawn.
const BLOCKS: usize = 6;
const HEIGHT: f64 = 150.0;
const REFERENCE: Stroke = Stroke::dashed(INK, 1.2, "6 3");
const REPEATED: Marker = Marker::of(Shape::Square, INK, 4.2).open();

/// What an arm was trained on, beside the arm that it is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Dose {
    Reference,
    /// So many synthetic images.
    Synthetic(u64),
    /// So many more real images, of the same patients.
    Repeated(u64),
}

/// An arm on a test set.
#[derive(Debug, Clone, PartialEq)]
struct Arm {
    set: String,
    arm: String,
    dose: Dose,
}

/// None where no two arms differ in how many synthetic images they were trained on.
fn draw(comparison: &Table<Compared>, arms: &Table<ArmRow>) -> Option<Drawing> {
    let all = doses(comparison, arms);
    let amounts: BTreeSet<u64> = all.iter().filter_map(|a| if let Dose::Synthetic(n) = a.dose { Some(n) } else { None }).collect();
    if amounts.len() < 2 {
        return None;
    }
    let added = |dose: Dose| match dose {
        Dose::Reference => 0.0,
        Dose::Synthetic(n) | Dose::Repeated(n) => n as f64,
    };
    let lines_of = lines_of(&all);
    let series: Vec<&String> = distinct(all.iter().zip(&lines_of).filter(|(a, _)| matches!(a.dose, Dose::Synthetic(_))).map(|(_, line)| line));
    let highest = all.iter().map(|a| added(a.dose)).fold(1.0, f64::max);
    let x = Scale { low: -0.04 * highest, high: 1.06 * highest };
    let shown = comparison.shown_everywhere();
    let measures = shown.measures();
    let (mut data, mut panels) = (vec![], vec![]);
    for (metric, class) in &measures {
        let (mut marks, mut lines, mut values): (Vec<Mark>, Vec<Mark>, Vec<f64>) = (vec![], vec![], vec![]);
        let mut by_series: Vec<Vec<(f64, f64)>> = vec![vec![]; series.len()];
        for (arm, own) in all.iter().zip(&lines_of) {
            let Some(row) = shown.of((&arm.set, &arm.arm), (metric, class)) else { continue };
            let drawable = |v: Option<f64>| v.filter(|v| is_drawable(*v));
            let (Some(value), limits) = (drawable(row.value), drawable(row.low).zip(drawable(row.high))) else { continue };
            values.push(value);
            values.extend(limits.into_iter().flat_map(|l| [l.0, l.1]));
            let at = series.iter().position(|s| *s == own);
            // Arms of one dose stand beside each other.
            let nudge = at.map_or(0.0, |at| (at as f64 - (series.len() as f64 - 1.0) / 2.0) * 0.014 * highest);
            let place = added(arm.dose) + nudge;
            let whisker = |stroke| Mark::Whiskers(limits.into_iter().map(|(low, high)| (place, low, high)).collect(), stroke);
            let kind = match (arm.dose, at) {
                (Dose::Reference, _) => {
                    lines.extend(limits.map(|(low, high)| Mark::Band(vec![(x.low, low, high), (x.high, low, high)], INK)));
                    lines.push(Mark::Line(vec![(x.low, value), (x.high, value)], REFERENCE));
                    "reference"
                }
                (Dose::Repeated(_), _) => {
                    marks.extend([whisker(Stroke::of(INK, 1.0)), Mark::Points(vec![(place, value)], REPEATED)]);
                    "repeated"
                }
                (Dose::Synthetic(_), Some(at)) => {
                    by_series[at].push((place, value));
                    marks.extend([whisker(Stroke::of(COLOURS[at % COLOURS.len()], 1.1)), Mark::Points(vec![(place, value)], Marker::nth(at, 3.6))]);
                    "synthetic"
                }
                (Dose::Synthetic(_), None) => continue,
            };
            let numbers = [Some(added(arm.dose)), Some(value), limits.map(|l| l.0), limits.map(|l| l.1)].map(cell).to_vec();
            data.push([vec![arm.set.clone(), arm.arm.clone(), kind.to_owned(), (*metric).to_owned(), (*class).to_owned()], numbers].concat());
        }
        for (n, mut points) in by_series.into_iter().enumerate() {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            lines.push(Mark::Line(points, line(n)));
        }
        if !values.is_empty() {
            lines.extend(marks);
            panels.push((measure(metric, class), Scale::around(values), lines));
        }
    }
    if panels.is_empty() {
        return None;
    }
    let page = page(&all, &series, (comparison, arms), panels.len());
    let drawing = page.draw(|canvas, top| {
        let left = MARGIN + panels.iter().map(|p| Axes::y_room(p.1)).fold(0.0, f64::max);
        let mut y = top;
        for (n, (title, scale, marks)) in panels.iter().take(BLOCKS).enumerate() {
            canvas.fitted((left, y + 10.0), title, WIDTH - left - MARGIN, (Anchor::Start, true));
            let is_last = n + 1 == panels.len().min(BLOCKS);
            let axes = Axes { left, top: y + 18.0, width: WIDTH - left - MARGIN, height: HEIGHT, x, y: *scale };
            axes.frame(canvas, (is_last, true));
            marks.iter().for_each(|mark| mark.draw(canvas, &axes));
            y = axes.top + HEIGHT + 12.0;
        }
        canvas.text((left + (WIDTH - left - MARGIN) / 2.0, y + 17.0), "images added to the real training images", Anchor::Middle, INK);
        y + 22.0
    });
    Some(drawing.with_data(&["set", "arm", "images", "metric", "class", "added", "value", "low", "high"], data))
}

fn line(n: usize) -> Stroke {
    let dashes = [None, Some("7 3"), Some("2 2"), Some("8 2 2 2")][n % 4];
    Stroke { colour: COLOURS[n % COLOURS.len()], width: 1.4, dashes }
}

fn page(all: &[Arm], series: &[&String], (comparison, arms): (&Table<Compared>, &Table<ArmRow>), metrics: usize) -> Page {
    let mut keys: Vec<Key> = series.iter().enumerate().map(|(n, name)| Key::of(Sample::Point(Marker::nth(n, 3.6)), name.replace('#', "…"))).collect();
    if let Some(reference) = all.iter().find(|a| a.dose == Dose::Reference) {
        keys.push(Key::of(Sample::Line(REFERENCE), format!("{}, without synthetic images, with its interval", reference.arm)));
    }
    if all.iter().any(|a| matches!(a.dose, Dose::Repeated(_))) {
        keys.push(Key::of(Sample::Point(REPEATED), "real images repeated"));
    }
    let others = distinct(arms.rows.iter().map(|r| (&r.set, &r.arm))).len() - all.len();
    let notes = [
        (others > 0).then(|| {
            let (one, several) = ("arm that differs otherwise, or does not say", "arms that differ otherwise, or do not say");
            format!("not drawn: {} what it was trained on", counted(others, one, several))
        }),
        (metrics > BLOCKS).then(|| format!("the first {BLOCKS} of {metrics} metrics")),
    ];
    let against = comparison.rows.iter().find(|c| !c.against.is_empty()).and_then(|c| comparison.of((&c.set, &c.against), (&c.metric, &c.class)));
    let of_reference = against.and_then(|c| Some(format!(" {} of the arm compared against: {}.", c.metric, in_words(c.value?, c.low.zip(c.high)))));
    let caption = "Metrics by the number of synthetic images, with 95 % intervals".to_owned();
    Page {
        description: format!("{caption}. {}.{}", counted(all.len(), "arm", "arms"), of_reference.unwrap_or_default()),
        caption,
        note: super::drawing::joined(notes),
        keys,
    }
}

/// The line that each arm is on: arms are on one whose names differ in one coordinate, there in numbers alone, and whose doses differ. So
/// `vgg16` and `vgg19` with the same images are two lines.
fn lines_of(all: &[Arm]) -> Vec<String> {
    let parts = |arm: &Arm| [vec![arm.set.clone()], arm.arm.split('/').map(str::to_owned).collect()].concat();
    let named: Vec<(Vec<String>, Dose)> = all.iter().map(|a| (parts(a), a.dose)).collect();
    let differ_there = |a: &[String], b: &[String], at: usize| {
        a.len() == b.len() && (0..a.len()).all(|n| if n == at { a[n] != b[n] && masked(&a[n]) == masked(&b[n]) } else { a[n] == b[n] })
    };
    let is_dose = |at: usize| named.iter().any(|(a, dose)| named.iter().any(|(b, other)| dose != other && differ_there(a, b, at)));
    let line = |(parts, _): &(Vec<String>, Dose)| {
        let shown = parts.iter().enumerate().skip(1).map(|(n, part)| if is_dose(n) { masked(part) } else { part.clone() });
        let name = shown.collect::<Vec<_>>().join("/");
        if parts[0].is_empty() { name } else { format!("{}: {name}", parts[0]) }
    };
    named.iter().map(line).collect()
}

/// With a mark in place of each number.
fn masked(text: &str) -> String {
    let mut out = String::new();
    for (n, c) in text.char_indices() {
        let is_point = c == '.' && out.ends_with('#') && text[n + 1..].starts_with(|next: char| next.is_ascii_digit());
        match c.is_ascii_digit() || is_point {
            true if out.ends_with('#') => {}
            true => out.push('#'),
            false => out.push(c),
        }
    }
    out
}

/// Arms by what they were trained on. The reference of a test set is the arm that others are compared against, or else the first without
/// synthetic images; arms that have fewer real images than it, or other patients, are another design and are left out. But where it has
/// repeated images itself, as where each dose is compared with as many repeated ones, all are counted from the real images of the others.
fn doses(comparison: &Table<Compared>, arms: &Table<ArmRow>) -> Vec<Arm> {
    let names = distinct(arms.rows.iter().map(|r| (r.set.as_str(), r.arm.as_str())));
    let sum = |of: (&str, &str), count: fn(&ArmRow) -> Option<u64>| {
        arms.rows.iter().filter(|r| (r.set.as_str(), r.arm.as_str()) == of).map(count).sum::<Option<u64>>()
    };
    let real = |of: (&str, &str)| sum(of, |r| r.real);
    let synthetic = |of: (&str, &str)| sum(of, |r| r.synthetic);
    let patients = |of: (&str, &str)| {
        let rows = arms.rows.iter().filter(|r| (r.set.as_str(), r.arm.as_str()) == of);
        rows.map(|r| r.training_patients.map(|n| (r.class.as_str(), n))).collect::<Option<Vec<_>>>()
    };
    let is_against = |of: &(&str, &str)| comparison.rows.iter().any(|c| c.set == of.0 && c.against == of.1);
    let reference = |set: &str| {
        let mut of_set = names.iter().filter(|n| n.0 == set);
        of_set.clone().find(|n| is_against(n)).or_else(|| of_set.find(|n| synthetic(**n) == Some(0))).copied()
    };
    // Of several references, those with more real images than the arms beside them have copies.
    let fewest = |reference: (&str, &str)| {
        let is_beside = |n: &&(&str, &str)| n.0 == reference.0 && synthetic(**n).is_some_and(|n| n > 0) && patients(**n) == patients(reference);
        let several = distinct(comparison.rows.iter().filter(|c| c.set == reference.0 && !c.against.is_empty()).map(|c| &c.against)).len() > 1;
        names.iter().filter(is_beside).filter_map(|n| real(*n)).min().filter(|_| several)
    };
    let dose = |of: (&str, &str)| {
        let reference = reference(of.0)?;
        let (own, base) = (real(of)?, real(reference)?);
        let base = fewest(reference).map_or(base, |fewest| fewest.min(base));
        match synthetic(of)? {
            0 if of == reference && own == base => Some(Dose::Reference),
            _ if own < base || patients(of).is_none() || patients(of) != patients(reference) => None,
            0 if own > base => Some(Dose::Repeated(own - base)),
            0 => None,
            n => Some(Dose::Synthetic(n)),
        }
    };
    names.iter().filter_map(|of| Some(Arm { set: of.0.to_owned(), arm: of.1.to_owned(), dose: dose(*of)? })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(name: &str, real: u64, synthetic: u64) -> ArmRow {
        ArmRow {
            set: String::new(),
            arm: name.into(),
            trainings: 1,
            steps: None,
            class: "covid".into(),
            real: Some(real),
            synthetic: Some(synthetic),
            training_patients: Some(90),
            test_images: 50,
            test_patients: 50,
        }
    }
    fn value(name: &str, value: f64) -> Compared {
        let against = if name == "arm=real" { "" } else { "arm=real" };
        Compared {
            arm: name.into(),
            metric: "auroc".into(),
            value: Some(value),
            low: Some(value - 0.05),
            high: Some(value + 0.05),
            against: against.into(),
            shown: Some(true),
            ..Compared::default()
        }
    }

    #[test]
    fn arms_that_differ_in_numbers_are_one_line_beside_the_reference_and_repeated_images() {
        let arms = Table {
            rows: vec![arm("arm=real", 100, 0), arm("arm=gan-50", 100, 50), arm("arm=gan-200", 100, 200), arm("arm=repeated", 300, 0), arm("arm=few", 20, 0)],
        };
        let table = Table {
            rows: ["arm=real", "arm=gan-50", "arm=gan-200", "arm=repeated", "arm=few"]
                .iter()
                .zip([0.7, 0.75, 0.8, 0.72, 0.6])
                .map(|(n, v)| value(n, v))
                .collect(),
        };
        let found = doses(&table, &arms);
        let doses: Vec<Dose> = found.iter().map(|a| a.dose).collect();
        assert_eq!(doses, [Dose::Reference, Dose::Synthetic(50), Dose::Synthetic(200), Dose::Repeated(200)]);
        let drawing = draw(&table, &arms).unwrap();
        let svg = drawing.svg();
        assert!(svg.contains(">arm=gan-…<") && svg.contains(">real images repeated<") && svg.contains(">auroc<"), "{svg}");
        assert!(drawing.caption().contains("not drawn: 1 arm that"), "{}", drawing.caption());
        let data = String::from_utf8(drawing.data().unwrap().to_vec()).unwrap();
        assert!(data.contains(",arm=gan-200,synthetic,auroc,,200,0.8,") && data.contains(",arm=repeated,repeated,auroc,,200,0.72,"), "{data}");
        assert!(draw(&table, &Table { rows: arms.rows[..2].to_vec() }).is_none(), "one dose is no curve");
        assert!(draw(&Table::default(), &arms).is_none() && draw(&table, &Table::default()).is_none());
    }

    #[test]
    fn synthetic_images_in_place_of_real_ones_or_beside_those_of_others_are_another_design() {
        let mut others = arm("arm=others", 100, 100);
        others.training_patients = Some(60);
        let mut unknown = arm("arm=unknown", 100, 100);
        unknown.training_patients = None;
        let more = arm("arm=more-of-both", 150, 50);
        let rows = vec![arm("arm=real", 100, 0), arm("arm=half", 50, 50), arm("arm=none", 0, 100), others, unknown, more, arm("arm=added", 100, 100)];
        let table = Table { rows: rows.iter().map(|row| value(&row.arm, 0.7)).collect() };
        let drawn = doses(&table, &Table { rows });
        assert_eq!(
            drawn.iter().map(|a| (a.arm.as_str(), a.dose)).collect::<Vec<_>>(),
            [("arm=real", Dose::Reference), ("arm=more-of-both", Dose::Synthetic(50)), ("arm=added", Dose::Synthetic(100))]
        );
    }

    #[test]
    fn doses_that_are_each_compared_with_as_many_repeated_images_are_a_curve() {
        let names = ["added=repeated/dose=1", "added=repeated/dose=2", "added=gan/dose=1", "added=gan/dose=2"];
        let rows: Vec<ArmRow> = names.iter().zip([(150, 0), (200, 0), (100, 50), (100, 100)]).map(|(name, (real, made))| arm(name, real, made)).collect();
        let compared =
            |name: &&str| Compared { against: if name.contains("gan") { name.replace("gan", "repeated") } else { String::new() }, ..value(name, 0.7) };
        let (table, arms) = (Table { rows: names.iter().map(compared).collect() }, Table { rows });
        let drawn: Vec<Dose> = doses(&table, &arms).iter().map(|a| a.dose).collect();
        assert_eq!(drawn, [Dose::Repeated(50), Dose::Repeated(100), Dose::Synthetic(50), Dose::Synthetic(100)]);
        assert!(draw(&table, &arms).unwrap().svg().contains(">real images repeated<"));
    }

    #[test]
    fn networks_with_numbers_in_their_names_are_lines_of_their_own() {
        let arm = |arm: &str, n: u64| Arm { set: "external".into(), arm: arm.into(), dose: Dose::Synthetic(n) };
        let all =
            [arm("dose=0.25/network=vgg16", 25), arm("dose=0.5/network=vgg16", 50), arm("dose=0.25/network=vgg19", 25), arm("dose=0.5/network=vgg19", 50)];
        let [a, b] = ["external: dose=#/network=vgg16", "external: dose=#/network=vgg19"];
        assert_eq!(lines_of(&all), [a, a, b, b]);
        assert_eq!((masked("7x12.5.").as_str(), masked("v.a").as_str()), ("#x#.", "v.a"));
    }
}
