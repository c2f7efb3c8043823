//! The classifier on images that lack a cue.

use super::{Fill, Shortcuts, TestSet};
use crate::contract::prelude::*;
use crate::data::cues::{Common, Region, replaced, smoothed};
use crate::evaluation::difference::{TestChoice, difference};
use crate::evaluation::estimate::LEVEL;
use crate::evaluation::metric::find;
use crate::evaluation::share_left::share_left;
use crate::evaluation::tested::Tested;
use crate::evaluation::{Metric, Predictions};
use crate::kinds::classifier::probabilities_of_changed;
use crate::records::ProbeRow;
use crate::statistics::interval;

/// Of the AUROC above ½, the share from which on it is warned of: lost without a cue, or kept with nothing but it.
const MUCH: f64 = 0.2;
/// The standard deviation in pixels below which a Gaussian filter leaves grey values of eight bits as they are: its next weight is
/// exp(−1 / 2σ²) < 1/512.
const UNCHANGED: f64 = 0.28;

/// How images are changed.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    NoBorder,
    OnlyBorder,
    EqualGreys,
    Smooth,
}

/// A change of images, and what it says if the AUROC changes with them.
struct Probe {
    name: &'static str,
    change: Change,
    /// What images lack, or have alone.
    what: &'static str,
    /// What follows.
    so: &'static str,
}

const PROBES: [Probe; 4] = [
    Probe {
        name: "no-border",
        change: Change::NoBorder,
        what: "the border of the images",
        so: "the classifier looks at the border, such as at a mark or the way that images are cut",
    },
    Probe {
        name: "only-border",
        change: Change::OnlyBorder,
        what: "the border of the images",
        so: "the border tells the class, such as by a mark or the way that images are cut",
    },
    Probe {
        name: "equal-greys",
        change: Change::EqualGreys,
        what: "differences of grey level and contrast",
        so: "the classifier looks at how bright images are, which may be that of a device or of a file format",
    },
    Probe {
        name: "smooth",
        change: Change::Smooth,
        what: "fine detail",
        so: "the classifier looks at fine detail, such as noise, compression or traces of a generator, unless the finding is as fine",
    },
];

/// The width of the border on each edge, in pixels.
fn strip(border: f64, side: usize) -> usize {
    ((side as f64 * border).round() as usize).max(1)
}

/// Warns of parameters that are less than a pixel of these images.
pub(super) fn remark(parameters: &Shortcuts, side: usize, cx: &Context) {
    let (border, deviation) = (side as f64 * *parameters.border, side as f64 * *parameters.smoothing);
    if border < 1.0 {
        cx.warn(format!("a border of {} is less than a pixel of images of {side}×{side}: one pixel is taken on each edge", *parameters.border));
    }
    if deviation < UNCHANGED {
        cx.warn(format!("smoothing of {} changes nothing in images of {side}×{side}: it is {deviation:.2} pixels", *parameters.smoothing));
    }
}

impl Shortcuts {
    /// The rows of all probes, class by class, those of unchanged images first.
    pub(super) fn probes(&self, tested: &TestSet, plain: Predictions, common: &Common, cx: &Context) -> Result<Vec<ProbeRow>> {
        let side = tested.store.side;
        let strip = strip(*self.border, side);
        let filled = match self.fill {
            Fill::Mean => common.mean.clone(),
            Fill::Grey(grey) => vec![*grey as u8; side * side],
        };
        let deviation = side as f64 * *self.smoothing;
        let change = |probe: &Probe, pixels: &[u8]| match probe.change {
            Change::NoBorder => replaced(pixels, &filled, side, strip, Region::Border),
            Change::OnlyBorder => replaced(pixels, &filled, side, strip, Region::Inside),
            Change::EqualGreys => common.equalised(pixels),
            Change::Smooth => smoothed(pixels, side, deviation),
        };
        // The area of each class is all that is asked.
        let auroc: &'static [Metric] = std::slice::from_ref(find("auroc", true).expect("BUG: there is a metric `auroc`"));
        let measured = |predictions| Tested::of(auroc, predictions, &tested.patients);
        let plain = measured(plain);
        let images = tested.rows.len();
        let mut changed = vec![];
        for (at, probe) in PROBES.iter().enumerate() {
            let place = (at * images, PROBES.len() * images);
            let found = probabilities_of_changed(tested.weights, &tested.rows, tested.store, place, cx, |pixels| change(probe, pixels))?;
            changed.push(measured(tested.predictions(found)));
        }
        let mut out = vec![];
        for class in &tested.asked {
            let unchanged = row(tested, "none", *class, &plain);
            let of = |(probe, changed): (&Probe, &Tested)| compared(row(tested, probe.name, *class, changed), changed, &plain, *class, tested);
            let rows: Vec<ProbeRow> = PROBES.iter().zip(&changed).map(of).collect();
            PROBES.iter().zip(&rows).for_each(|(probe, row)| say(probe, row, &unchanged, cx));
            out.push(unchanged);
            out.extend(rows);
        }
        Ok(out)
    }
}

/// The area of one class, with its interval.
fn row(tested: &TestSet, probe: &str, class: usize, of: &Tested) -> ProbeRow {
    let row = ProbeRow {
        probe: probe.into(),
        class: tested.classes()[class].clone(),
        images: tested.rows.len(),
        patients: tested.patients.count(),
        interval: "the test set has no image of the class, or none of another".into(),
        ..ProbeRow::default()
    };
    let Some(area) = of.area(class) else { return row };
    match interval::of_one_area(area, LEVEL) {
        Ok(found) => ProbeRow { auroc: Some(area.value), low: Some(found.low), high: Some(found.high), interval: found.method.name().into(), ..row },
        Err(few) => ProbeRow { auroc: Some(area.value), interval: few.to_string(), ..row },
    }
}

/// The row with what is lost and kept of the area of unchanged images.
fn compared(row: ProbeRow, changed: &Tested, plain: &Tested, class: usize, tested: &TestSet) -> ProbeRow {
    // Of each class, its area is measured alone: places are classes.
    let lost = difference(&[plain], &[changed], class, &tested.patients, TestChoice::T, None);
    let kept = changed.area(class).zip(plain.area(class)).and_then(|(part, all)| share_left(part, all));
    let (of_loss, of_kept) = (lost.as_ref().and_then(|d| d.interval), kept.and_then(|k| k.interval));
    ProbeRow {
        loss: lost.as_ref().map(|d| d.value),
        loss_low: of_loss.map(|l| l.0),
        loss_high: of_loss.map(|l| l.1),
        p: lost.as_ref().and_then(|d| d.p),
        kept: kept.map(|k| k.value),
        kept_low: of_kept.map(|l| l.0),
        kept_high: of_kept.map(|l| l.1),
        ..row
    }
}

/// Warns of a probe that takes much, or keeps much of what it should not have.
fn say(probe: &Probe, row: &ProbeRow, plain: &ProbeRow, cx: &Context) {
    let (Some(auroc), Some(without), Some(kept)) = (plain.auroc, row.auroc, row.kept) else { return };
    let class = &row.class;
    let is_only = probe.change == Change::OnlyBorder;
    if is_only && kept >= MUCH && row.low.is_some_and(|low| low > 0.5) {
        cx.warn(format!("{} alone: AUROC {without:.3} for `{class}`, of {auroc:.3} with the whole images: {}", probe.what, probe.so));
    }
    if !is_only && 1.0 - kept >= MUCH && row.loss_low.is_some_and(|low| low > 0.0) {
        cx.warn(format!("without {}: AUROC {without:.3} for `{class}`, of {auroc:.3} with it: {}", probe.what, probe.so));
    }
}
