//! Watches a training: now and then, the generator as it is then makes the images that `synthesize` would make with it, and they are
//! compared with training images. Takes copies of weights, and draws from no stream of the training, which is the same without it.

use super::images::{Pictured, TrainingImages};
use super::watch::{WatchParameters, WatchedMetric};
use crate::contract::prelude::*;
use crate::data::sample::{self, Sample};
use crate::data::weights::Trained;
use crate::kinds::classifier::ClassifierDocument;
use crate::kinds::extraction::{Applied, Extract};
use crate::kinds::generator::{self, GeneratorDocument, How, Opened, Wanted};
use crate::models::generators::images::{are_numbers, to_bytes};
use crate::quality::{self, Compared, Estimate, Features, Watch};
use crate::records::{Table, WatchedRow};
use crate::training::{self, Precision};
use crate::words::counted;
use candle_core::Device;
use std::collections::BTreeSet;

/// What a training is watched by, and what was seen so far.
pub(super) struct Watching<'a> {
    parameters: &'a WatchParameters,
    applied: Applied<'a>,
    side: usize,
    device: &'a Device,
    cx: &'a Context<'a>,
    noise: Stream,
    /// The images that are generated each time.
    wanted: Vec<Wanted<'a>>,
    real: Set,
    /// Of each metric: the same figure of training images alone.
    baselines: Vec<Result<Estimate, String>>,
    seen: Table<WatchedRow>,
}

/// What is known of some images.
struct Set {
    features: Features,
    /// None where the extractor's outputs are no classes.
    probabilities: Option<Features>,
}

impl<'a> Watching<'a> {
    /// Computes features of those training images that generated ones should look like.
    ///
    /// # Errors
    /// Where the extractor does not fit, or the run was asked to stop.
    pub(super) fn start(
        parameters: &'a WatchParameters,
        weights: Option<&'a Trained<ClassifierDocument>>,
        images: &TrainingImages<'a>,
        (side, device): (usize, &'a Device),
        cx: &'a Context<'a>,
    ) -> Result<Watching<'a>> {
        let applied = Applied::open(&parameters.extractor, WatchParameters::EXTRACTOR, weights, side, device, cx)?;
        let count = *parameters.images as usize;
        let wanted: Vec<Wanted> = match images.translated() {
            None => (0..count as u64).map(|number| Wanted { number, parent: None }).collect(),
            Some(all) => drawn(&all, count, &cx.stream("watch.parents")).into_iter().map(|(row, pixels)| Wanted::translation(&row.image, pixels)).collect(),
        };
        let real = drawn(&images.looked_like(), count, &cx.stream("watch.real"));
        let rows: Vec<Sample> = real.iter().map(|(row, _)| (*row).clone()).collect();
        let pixels: Vec<&[u8]> = real.iter().map(|(_, pixels)| *pixels).collect();
        let named = |n: usize| format!("image {}", rows[n].image.short());
        let real = in_full_precision(cx, || Set::of(applied.to(&pixels, "training image", named, cx)?))?;
        let dimensions = real.features.dimensions();
        let (of_real, of_made) = (counted(rows.len(), "training image", "training images"), counted(wanted.len(), "generated one", "generated ones"));
        cx.note(format!("watched by {dimensions} features of {}, of {of_real} and {of_made}", applied.name));
        if parameters.metrics().contains(&WatchedMetric::Fid)
            && let Err(why) = quality::full_rank([rows.len(), wanted.len()], dimensions, Compared::WithSynthetic)
        {
            cx.warn(format!("`fid` is not watched: {why}"));
        }
        if parameters.metrics().contains(&WatchedMetric::InceptionScore)
            && let Some(remark) = real.probabilities.as_ref().and_then(|p| quality::few_classes(p.dimensions()))
        {
            cx.note(remark);
        }
        let halves = quality::halves::halves(&sample::groups(&rows, &cx.stream("watch.halves"))).map(|half| real.features.select(&half));
        let halves = halves.map(|features| Set { features, probabilities: None });
        let mut watching =
            Watching { parameters, applied, side, device, cx, noise: generator::noise(cx), wanted, real, baselines: vec![], seen: Table::default() };
        watching.baselines = watching.each_metric(|metric, watch| match metric {
            WatchedMetric::InceptionScore => figure(metric, [&watching.real; 2], Compared::Halves, watch),
            _ => figure(metric, halves.each_ref(), Compared::Halves, watch),
        })?;
        Ok(watching)
    }

    /// What was seen so far.
    pub(super) fn seen(&self) -> &Table<WatchedRow> {
        &self.seen
    }

    /// Goes on after what was seen before the training was interrupted.
    pub(super) fn resume(&mut self, seen: Table<WatchedRow>) {
        self.seen = seen;
    }

    /// The newest values, for people who wait.
    pub(super) fn newest(&self) -> Vec<(&'static str, f64)> {
        let last = self.seen.rows.len().saturating_sub(self.parameters.metrics().len());
        self.parameters.metrics().iter().zip(&self.seen.rows[last..]).filter_map(|(metric, row)| Some((metric.name(), row.value?))).collect()
    }

    /// True after a step at which images are to be looked at and were not yet.
    pub(super) fn is_due(&self, step: usize, steps: usize) -> bool {
        let is_its_time = step > 0 && (step.is_multiple_of(self.parameters.every.get() as usize) || step == steps);
        is_its_time && self.seen.rows.last().is_none_or(|row| row.step < step)
    }

    /// Looks at the images that a generator makes after this step. Nothing is recorded where that is interrupted.
    ///
    /// # Errors
    /// What `diverged` gives where images are no numbers; where the run was asked to stop.
    pub(super) fn look(&mut self, step: usize, generator: &Trained<GeneratorDocument>, diverged: impl Fn() -> Error) -> Result<()> {
        let made = in_full_precision(self.cx, || {
            let made = self.made(generator, diverged)?;
            let pixels: Vec<&[u8]> = made.iter().map(Vec::as_slice).collect();
            Set::of(self.applied.to(&pixels, "watched image", |n| format!("generated image {n}"), self.cx)?)
        })?;
        let values = self.each_metric(|metric, watch| figure(metric, [&self.real, &made], Compared::WithSynthetic, watch))?;
        let row = |((metric, value), baseline): ((&WatchedMetric, Result<Estimate, String>), &Result<Estimate, String>)| WatchedRow {
            step,
            extractor: self.applied.name.clone(),
            metric: metric.name().into(),
            value: value.as_ref().ok().map(|found| found.value),
            standard_error: value.as_ref().ok().and_then(|found| found.error),
            baseline: baseline.as_ref().ok().map(|found| found.value),
            real: self.real.features.count(),
            synthetic: made.features.count(),
            reason: match (&value, baseline) {
                (Err(why), _) => why.clone(),
                (_, Err(why)) => format!("no baseline: {why}"),
                _ => String::new(),
            },
        };
        let rows: Vec<WatchedRow> = self.parameters.metrics().iter().zip(values).zip(&self.baselines).map(row).collect();
        self.seen.rows.extend(rows);
        Ok(())
    }

    /// The greys of the images that a generator makes.
    fn made(&self, generator: &Trained<GeneratorDocument>, diverged: impl Fn() -> Error) -> Result<Vec<Vec<u8>>> {
        let opened = Opened::new(generator, self.device)?;
        let batch = training::images_at_once(self.side);
        let mut out: Vec<Vec<u8>> = Vec::with_capacity(self.wanted.len());
        for wanted in self.wanted.chunks(batch) {
            let made = opened.make(wanted, batch, &self.noise, How::default())?;
            if !made.iter().all(|image| are_numbers(image)) {
                return Err(diverged());
            }
            out.extend(made.iter().map(|image| to_bytes(image)));
            self.cx.progress(out.len(), self.wanted.len(), "generated image", &[])?;
        }
        Ok(out)
    }

    /// A figure for each metric, with progress.
    fn each_metric<T>(&self, of: impl Fn(WatchedMetric, Watch) -> T) -> Result<Vec<T>> {
        let all = self.parameters.metrics();
        let share = |n: usize| n as f64 / all.len() as f64;
        let one = |(n, metric): (usize, &WatchedMetric)| -> Result<T> {
            self.cx.share_done(share(n))?;
            Ok(of(*metric, &self.cx.share_of_part(share(n), share(n + 1))))
        };
        all.iter().enumerate().map(one).collect()
    }
}

impl Set {
    fn of(extracts: Vec<Extract>) -> Result<Set> {
        let (features, probabilities): (Vec<Vec<f32>>, Vec<Vec<f32>>) = extracts.into_iter().map(|e| (e.features, e.probabilities)).unzip();
        let has_classes = probabilities.first().is_some_and(|p| !p.is_empty());
        let probabilities = has_classes.then(|| Features::of_rows(&probabilities)).transpose();
        Ok(Set { features: Features::of_rows(&features).map_err(Error::data)?, probabilities: probabilities.map_err(Error::data)? })
    }
}

/// A figure of two sets, or why there is none; the inception score is that of the second.
fn figure(metric: WatchedMetric, sets: [&Set; 2], of: Compared, watch: Watch) -> Result<Estimate, String> {
    let [a, b] = sets.map(|set| &set.features);
    match metric {
        WatchedMetric::Fid => {
            quality::full_rank([a.count(), b.count()], a.dimensions(), of)?;
            quality::frechet_distance(a, b, watch).map(|value| Estimate { value, error: None })
        }
        WatchedMetric::Kid => quality::kernel_distance(a, b, watch),
        WatchedMetric::InceptionScore => quality::inception_score(sets[1].probabilities.as_ref().ok_or("the extractor has no classes")?),
    }
}

/// At most `count` of these images, each once, in the order of the table; which ones follows from the images alone.
fn drawn<'a>(all: &[Pictured<'a>], count: usize, stream: &Stream) -> Vec<Pictured<'a>> {
    let mut seen = BTreeSet::new();
    let mut places: Vec<usize> = (0..all.len()).filter(|i| seen.insert(all[*i].0.image)).collect();
    places.sort_by_key(|i| all[*i].0.priority(stream));
    places.truncate(count);
    places.sort_unstable();
    places.into_iter().map(|i| all[i]).collect()
}

/// Runs `work` in float32, as `synthesize` and `features` do, whatever the precision of the training.
fn in_full_precision<T>(cx: &Context, work: impl FnOnce() -> Result<T>) -> Result<T> {
    Precision::Float32.during(cx.device, work)
}
