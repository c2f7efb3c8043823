//! An embedding of images in two dimensions (UMAP, McInnes, Healy & Melville 2018): images that are close to each other
//! have similar features or pixels. The embedding's trustworthiness is printed on its plot; separation in an embedding
//! proves nothing.

use super::classifier::{self, ClassifierDocument};
use super::spaces::{self, Space};
use crate::contract::prelude::*;
use crate::data::embedding::Embedding;
use crate::data::figure::FigureFiles;
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::{Origin, Sample, Samples};
use crate::data::weights::Trained;
use crate::figures::{self, ColouredBy};
use crate::records::{Embedded, Role, Table};
use crate::umap::{self, Fitted, Metric, UmapParameters};
use crate::words::counted;
use hilum_cache::Digest;
use std::collections::{BTreeMap, HashSet};

ports! {
    inputs {
        /// A classifier whose features are mapped; pixels are mapped without it and without `features`.
        weights: Option<Trained<ClassifierDocument>>,
        /// Features of all images by one extractor, which are mapped. In place of `weights`.
        features: Option<Vec<Embedding>>,
        /// The images that the map is fitted to.
        samples: Vec<Samples>,
        /// Images that are placed in the finished map, on which they have no influence: synthetic ones, or a test set.
        placed: Option<Vec<Samples>>,
        /// Their pixels.
        images: Vec<Images> [by samples placed],
    }
    outputs {
        /// One row per image.
        embedding: Table<Embedded> [contains samples placed; influenced weights features images],
        /// The embedding.
        figure: FigureFiles [contains samples placed; influenced weights features images],
    }
}

/// Maps images in two dimensions by their features, which are bound or those of a classifier, or by their pixels.
///
/// The map is fitted to the images of `samples`. Those of `placed` are put into it afterwards, as by `transform` of umap-learn: each
/// begins at the weighted mean of its nearest fitted images and is moved towards them and away from others, while no fitted image moves
/// and no placed one meets another. So the map of `samples` is the same, to the bit, whatever is placed; bind real images to `samples`
/// and synthetic ones to `placed` to see where the latter lie among the former, and do so for each arm to have maps that can be
/// compared. Where both are bound to `samples`, synthetic images shape the map, and a set that differs from the real one may make a place
/// of its own.
///
/// An image that is like none of the fitted ones is placed among them all the same. So a note says how many placed images are farther
/// from their nearest fitted image, by their features, than 95 % of the fitted images are from theirs: of images of the same kind, about
/// 5 % would be.
///
/// An image of both is fitted. The column `role` of the table says `fitted` or `placed`; in the figure, placed images are in rings. The
/// trustworthiness is that of the fitted images.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Umap {
    /// Neighbours of each image that the embedding preserves.
    #[serde(default = "default_neighbours")]
    pub neighbours: Whole<2, 200>,
    /// Minimum distance between points of the embedding.
    #[serde(default = "default_min_dist")]
    pub min_dist: Share,
    /// How distances between features are measured.
    #[serde(default)]
    pub metric: Metric,
    /// Maximum number of images of each label and origin, drawn at random; of placed images likewise.
    #[serde(default = "default_max_per_label")]
    pub max_per_label: Whole<3>,
    /// What colours and shapes of the figure stand for.
    #[serde(default)]
    pub colour: ColouredBy,
}

fn default_neighbours() -> Whole<2, 200> {
    Whole::of(15)
}
fn default_min_dist() -> Share {
    Share::of(0.1)
}
fn default_max_per_label() -> Whole<3> {
    Whole::of(2000)
}

impl Stage for Umap {
    const NAME: &'static str = "umap";
    const VERSION: u32 = 4;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        let are_both = ["weights", "features"].iter().all(|port| !makers(port).is_empty());
        let bad = || BadInput {
            port: "features",
            why: "`weights` and `features` are both bound, but one of them is mapped".into(),
            help: "remove one of them".into(),
        };
        if are_both { vec![bad()] } else { [classifier::misfit(makers, upstream), spaces::misfit(makers, upstream)].concat() }
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let store = ImageStore::of(&inputs.images)?;
        let bound = inputs.features.unwrap_or_default();
        let mapped = match (bound.is_empty(), &inputs.weights) {
            (false, _) => Mapped::Features(spaces::one_space(&bound)?),
            (true, Some(weights)) => Mapped::Weights(weights),
            (true, None) => Mapped::Pixels,
        };
        let rows = self.rows(inputs.samples, &HashSet::new(), &store, cx);
        let fitted: HashSet<Digest> = rows.iter().map(|row| row.image).collect();
        let placed = self.rows(inputs.placed.unwrap_or_default(), &fitted, &store, cx);
        if rows.is_empty() && !placed.is_empty() {
            return Err(Error::helped("`samples` has no images, so there is no map to place others in", "bind images to `samples`"));
        }

        let (data, dimensions) = mapped.numbers(&rows, &store, cx)?;
        let parameters = UmapParameters { neighbours: *self.neighbours as usize, min_dist: *self.min_dist, epochs: None, metric: self.metric };
        let positions = umap::embed(&data, dimensions, &parameters, cx.stream("layout").bits()).map_err(Error::data)?;
        let k = (*self.neighbours as usize).min(rows.len().saturating_sub(1) / 2).max(1);
        let (points, width) = self.metric.points(&data, dimensions);
        let trust = umap::trustworthiness(&points, width, &positions, k);
        // So few images have no neighbours to keep.
        let trust = (!trust.is_nan()).then(|| format!("{trust:.3}"));
        if let Some(trust) = &trust {
            cx.note(format!("trustworthiness at {}: {trust}", counted(k, "neighbour", "neighbours")));
        }

        let mut table = Table { rows: embedded(&rows, &positions, Role::Fitted) };
        let mut counts = String::new();
        if !placed.is_empty() {
            let (new, _) = mapped.numbers(&placed, &store, cx)?;
            let stream = cx.stream("place");
            let seeds: Vec<u64> = placed.iter().map(|row| row.priority(&stream).0).collect();
            let map = Fitted { data: &data, dimensions, positions: &positions };
            let places = umap::place(map, &new, &parameters, &seeds).map_err(Error::data)?;
            table.rows.extend(embedded(&placed, &places, Role::Placed));
            note_far((&points, &self.metric.points(&new, dimensions).0), width, &placed, cx);
            counts = format!("; {} fitted, {} placed", rows.len(), placed.len());
        }
        let trust = trust.map(|t| format!(", trustworthiness {t}")).unwrap_or_default();
        let what = mapped.described(dimensions);
        let metric = if self.metric == Metric::Cosine { ", cosine distances" } else { "" };
        // Of few images, there are no more.
        let neighbours = (*self.neighbours as usize).min(rows.len());
        let caption = format!("UMAP of {what}{metric}; {}, min_dist {}{trust}{counts}", counted(neighbours, "neighbour", "neighbours"), *self.min_dist);
        let drawn = figures::Embedding { title: "", how: "", table: &table, by: self.colour };
        Ok(Outputs { figure: figures::of_embedding(drawn, &caption)?, embedding: table })
    }
}

impl Umap {
    /// The images of all tables but those of `others`, each once, at most `max_per_label` of each label and origin.
    fn rows(&self, tables: Vec<Samples>, others: &HashSet<Digest>, store: &ImageStore, cx: &Context) -> Vec<Sample> {
        let mut groups: BTreeMap<(Origin, String), Vec<Sample>> = BTreeMap::new();
        let (mut seen, mut shared) = (HashSet::new(), 0);
        for row in tables.into_iter().flat_map(|table| store.without_left_out(table, cx).rows) {
            if !seen.insert(row.image) {
                continue;
            }
            if others.contains(&row.image) {
                shared += 1;
            } else {
                groups.entry((row.origin, row.label.clone())).or_default().push(row);
            }
        }
        if shared > 0 {
            cx.note(format!("{} not placed: the map is fitted to them", counted(shared, "image of `placed` is", "images of `placed` are")));
        }
        let mut rows = vec![];
        for (_, mut images) in groups {
            if images.len() > *self.max_per_label as usize {
                let stream = cx.stream("draw");
                images.sort_by_key(|row| row.priority(&stream));
                images.truncate(*self.max_per_label as usize);
            }
            rows.extend(images);
        }
        Samples::of(rows).rows
    }
}

/// What is mapped.
enum Mapped<'a> {
    Features(Space<'a>),
    Weights(&'a Trained<ClassifierDocument>),
    Pixels,
}

impl Mapped<'_> {
    /// The numbers of all images, one image after the other, and how many each has.
    fn numbers(&self, rows: &[Sample], store: &ImageStore, cx: &Context) -> Result<(Vec<f32>, usize)> {
        let features = match self {
            Mapped::Features(space) => space.of_rows(rows)?,
            Mapped::Weights(weights) => classifier::features(weights, rows, store, cx)?,
            Mapped::Pixels => {
                let images = rows.iter().map(|row| store.get(&row.image)).collect::<Result<Vec<_>>>()?;
                return Ok((images.iter().flat_map(|image| image.iter().map(|v| f32::from(*v) / 255.0)).collect(), store.side * store.side));
            }
        };
        let dimensions = features.first().map_or(0, Vec::len);
        Ok((features.concat(), dimensions))
    }

    fn described(&self, dimensions: usize) -> String {
        match self {
            Mapped::Features(space) => format!("{dimensions} features of {}", space.name),
            Mapped::Weights(weights) => format!("{dimensions} features of {}", weights.document.network.name()),
            Mapped::Pixels => format!("{dimensions} pixels"),
        }
    }
}

fn embedded(rows: &[Sample], positions: &[[f64; 2]], role: Role) -> Vec<Embedded> {
    let finite = |x: f64| Some(x).filter(|x| x.is_finite());
    let of = |(row, at): (&Sample, &[f64; 2])| Embedded {
        image: row.image,
        label: row.label.clone(),
        origin: row.origin,
        x: finite(at[0]),
        y: finite(at[1]),
        source: row.source.clone(),
        role,
    };
    rows.iter().zip(positions).map(of).collect()
}

/// The share of the fitted images within whose distance to their nearest other one a placed image counts as near.
const NEAR: f64 = 0.95;

/// Says how many new images are far from all fitted ones, which a map does not show.
fn note_far((fitted, new): (&[f32], &[f32]), dimensions: usize, placed: &[Sample], cx: &Context) {
    let first = |(_, distances): (Vec<Vec<usize>>, Vec<Vec<f32>>)| distances.iter().filter_map(|row| row.first().copied()).collect::<Vec<f32>>();
    let mut usual = first(umap::nearest(fitted, dimensions, 1));
    usual.sort_by(f32::total_cmp);
    // One image has no nearest other one.
    let Some(limit) = usual.get(((usual.len() as f64 * NEAR).ceil() as usize).saturating_sub(1)) else { return };
    let found = first(umap::nearest_among(fitted, new, dimensions, 1));
    // Real ones beside synthetic ones: what is usual of images that the map has not seen is known from them only.
    for (origin, what) in [(Origin::Real, "real"), (Origin::Synthetic, "synthetic")] {
        let own: Vec<f32> = placed.iter().zip(&found).filter(|(row, _)| row.origin == origin).map(|(_, distance)| *distance).collect();
        let far = own.iter().filter(|distance| *distance > limit).count();
        let lie = if far == 1 { "lies" } else { "lie" };
        if !own.is_empty() {
            cx.note(format!(
                "{far} of {} {lie} farther from the nearest fitted image than 95 % of the fitted images do from theirs, which the map does not show",
                counted(own.len(), &format!("placed {what} image"), &format!("placed {what} images"))
            ));
        }
    }
}

#[cfg(test)]
mod tests;
