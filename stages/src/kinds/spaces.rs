//! Features of images by extractor, from the embeddings that are bound to a stage: `generative-quality`, `memorisation` and
//! `umap` compare images by them.

use crate::contract::prelude::*;
use crate::data::embedding::{Embedding, EmbeddingDocument};
use crate::data::pack;
use crate::data::sample::{Origin, Sample, Samples};
use crate::quality::Features;
use crate::words::counted;

/// Features by one extractor, of the images of one embedding or of several.
pub struct Space<'a> {
    /// The extractor; with the beginning of its weights' digest where another one has this name.
    pub name: String,
    parts: Vec<&'a Embedding>,
}

/// The extractors of these embeddings, in the order in which they come. Embeddings by one extractor are one space.
///
/// # Errors
/// Where two differ only in the size of the images.
pub fn spaces(embeddings: &[Embedding]) -> Result<Vec<Space<'_>>> {
    let mut spaces: Vec<(&EmbeddingDocument, Vec<&Embedding>)> = vec![];
    for embedding in embeddings {
        match spaces.iter_mut().find(|(document, _)| **document == embedding.document) {
            Some((_, parts)) => parts.push(embedding),
            None => spaces.push((&embedding.document, vec![embedding])),
        }
    }
    let documents: Vec<&EmbeddingDocument> = spaces.iter().map(|(document, _)| *document).collect();
    let name = |document: &EmbeddingDocument| -> Result<String> {
        let alike = || documents.iter().filter(|other| other.extractor == document.extractor);
        if let Some(other) = alike().find(|other| other.weights == document.weights && other.side != document.side) {
            return Err(Error::helped(
                format!("features by {0} are of {1}×{1} images and of {2}×{2} ones", document.extractor, document.side, other.side),
                "take features of images of one size: set `size` of `prepare`",
            ));
        }
        Ok(if alike().count() > 1 { format!("{} {}", document.extractor, document.weights.short()) } else { document.extractor.clone() })
    };
    spaces.iter().map(|(document, parts)| Ok(Space { name: name(document)?, parts: parts.clone() })).collect()
}

/// Features by one extractor that will be of images of two sizes, as far as parameters say these: as [`spaces`] refuses them, before
/// anything is trained.
pub fn misfit(makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
    let stages = makers("features");
    // One stage that is given packs of several sizes may need those of one only.
    let side = |stage: usize| pack::sides(&upstream.makers(stage, "images"), upstream).filter(|sides| sides.len() == 1)?.first().copied();
    let space = |stage: usize| (&upstream.parameters(stage)["extractor"], upstream.makers(stage, "weights"));
    for (n, one) in stages.iter().enumerate() {
        for other in &stages[n + 1..] {
            if let (Some(a), Some(b)) = (side(*one), side(*other))
                && a != b
                && space(*one) == space(*other)
            {
                let why =
                    format!("`{}` has features of {a}×{a} images, and `{}` by the same extractor of {b}×{b} ones", upstream.name(*one), upstream.name(*other));
                return vec![BadInput { port: "features", why, help: "take features of images of one size: set `size` of `prepare`".into() }];
            }
        }
    }
    vec![]
}

/// The extractor of these embeddings, which must be one.
///
/// # Errors
/// Where there are several.
pub fn one_space(embeddings: &[Embedding]) -> Result<Space<'_>> {
    let mut spaces = spaces(embeddings)?;
    match spaces.len() {
        1 => Ok(spaces.remove(0)),
        _ => {
            let names: Vec<&str> = spaces.iter().map(|space| space.name.as_str()).collect();
            Err(Error::helped(format!("the features are by several extractors: {}", names.join(", ")), "bind features by one extractor"))
        }
    }
}

/// The rows of a table, each image once, without images that were left out as damaged, which is said.
pub fn present(spaces: &[Space], samples: Samples, cx: &Context) -> Vec<Sample> {
    let mut rows = samples.each_image_once();
    let before = rows.len();
    rows.retain(|row| !spaces.iter().any(|space| space.is_left_out(row)));
    let gone = before - rows.len();
    if gone > 0 {
        cx.note(format!("{} left out by `prepare`", counted(gone, "image is skipped: it was", "images are skipped: they were")));
    }
    rows
}

/// Refuses images of another origin than the input `port` is for.
///
/// # Errors
/// Where there are some: counts them.
pub fn only(origin: Origin, port: &str, rows: &[Sample]) -> Result<()> {
    let others = rows.iter().filter(|row| row.origin != origin).count();
    let (is, help) = match origin {
        Origin::Real => ("synthetic", "bind real images to it"),
        Origin::Synthetic => ("real", "bind images to it that a generator has made: what real images would give is in the table as baseline"),
    };
    let message = || counted(others, &format!("image of `{port}` is {is}"), &format!("images of `{port}` are {is}"));
    if others == 0 { Ok(()) } else { Err(Error::helped(message(), help)) }
}

/// How far numbers of the same pixels may be apart, in parts of the largest: two devices round differently.
const ROUNDING: f32 = 1e-2;

fn are_alike(a: &[f32], b: &[f32]) -> bool {
    let largest = a.iter().fold(0f32, |largest, v| largest.max(v.abs()));
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= ROUNDING * largest)
}

impl Space<'_> {
    fn is_left_out(&self, row: &Sample) -> bool {
        self.parts.iter().any(|part| part.is_left_out(&row.image)) && self.parts.iter().all(|part| part.features(&row.image).is_none())
    }

    /// A row of numbers for every image, from the first part that has them.
    fn rows(&self, rows: &[Sample], of: impl Fn(&Embedding, &Sample) -> Option<Vec<f32>>) -> Result<Vec<Vec<f32>>> {
        let missing = |row: &Sample| {
            Error::helped(
                format!("image {} has no features by {}", row.image.short(), self.name),
                "bind the features of the images of every table to `features`",
            )
        };
        let one = |row: &Sample| {
            let mut found = self.parts.iter().filter_map(|part| of(part, row));
            let first = found.next().ok_or_else(|| missing(row))?;
            match found.find(|other| !are_alike(&first, other)) {
                None => Ok(first),
                Some(_) => Err(Error::helped(
                    format!("image {} has features by {} of two sets of pixels", row.image.short(), self.name),
                    "take all features from packs that one `prepare` could have made",
                )),
            }
        };
        rows.iter().map(one).collect()
    }

    /// The features of the images of these rows, in their order.
    ///
    /// # Errors
    /// Where an image has none, or those of two embeddings are of other pixels.
    pub fn of_rows(&self, rows: &[Sample]) -> Result<Vec<Vec<f32>>> {
        self.rows(rows, |part, row| part.features(&row.image).map(<[f32]>::to_vec))
    }

    /// As [`Space::of_rows`], for figures of a set.
    ///
    /// # Errors
    /// As [`Space::of_rows`], and where there is no row.
    pub fn features(&self, rows: &[Sample]) -> Result<Features> {
        Features::of_rows(&self.of_rows(rows)?).map_err(Error::data)
    }

    /// The probability of each class for the images of these rows; none where the extractor's outputs are no classes.
    ///
    /// # Errors
    /// As [`Space::features`].
    pub fn probabilities(&self, rows: &[Sample]) -> Result<Option<Features>> {
        if self.parts.iter().any(|part| part.document.classes.is_none()) {
            return Ok(None);
        }
        let rows = self.rows(rows, |part, row| part.probabilities(&row.image).map(<[f32]>::to_vec))?;
        Features::of_rows(&rows).map(Some).map_err(Error::data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::embedding::tests::{document, embedded};
    use crate::data::sample::tests::sample;
    use hilum_cache::Digest;

    fn rows(patient: &str, count: u32) -> Vec<Sample> {
        (0..count).map(|i| sample(patient, i, "a")).collect()
    }

    #[test]
    fn embeddings_by_one_extractor_are_one_space() {
        let (a, b) = (rows("a", 3), rows("b", 2));
        let bound = [embedded("x", &a), embedded("y", a.iter().chain(&b)), embedded("x", &b)];
        let found = spaces(&bound).unwrap();
        assert_eq!(found.iter().map(|space| space.name.as_str()).collect::<Vec<_>>(), ["x", "y"]);
        let both = [b.clone(), a.clone()].concat();
        let features = found[0].features(&both).unwrap();
        assert_eq!((features.count(), features.dimensions()), (5, 8));
        let wanted: Vec<f64> = bound[2].features(&b[1].image).unwrap().iter().map(|v| f64::from(*v)).collect();
        assert_eq!(features.row(1), wanted);
        assert_eq!(found[1].probabilities(&both).unwrap().unwrap().dimensions(), 2);
        let missing = found[0].features(&rows("c", 1)).unwrap_err().to_string();
        assert_eq!(missing, format!("image {} has no features by x", sample("c", 0, "a").image.short()));
        let several = one_space(&bound).err().unwrap().to_string();
        assert_eq!(several, "the features are by several extractors: x, y");
        assert_eq!(one_space(&bound[..1]).unwrap().name, "x");
    }

    #[test]
    fn an_image_has_the_same_features_in_every_embedding() {
        let a = rows("a", 2);
        let of = |scale: f32| {
            let whole = embedded("x", &a);
            let image = a[0].image;
            let features = whole.features(&image).unwrap().iter().map(|v| v * scale).collect();
            let one = crate::data::embedding::Extracted { image, features, probabilities: whole.probabilities(&image).unwrap().to_vec() };
            let bound = [Embedding::of(document("x"), vec![one], vec![]).unwrap(), whole];
            spaces(&bound).unwrap()[0].of_rows(&a).map(|rows| rows.len()).map_err(|e| e.to_string())
        };
        assert_eq!((of(1.0), of(1.0001)), (Ok(2), Ok(2)));
        assert_eq!(of(1.1), Err(format!("image {} has features by x of two sets of pixels", a[0].image.short())));
    }

    #[test]
    fn names_tell_weights_apart_and_sizes_are_not_mixed() {
        let of = |weights: &[u8], side: usize| {
            Embedding::of(crate::data::embedding::EmbeddingDocument { weights: Digest::of(weights), side, classes: None, ..document("x") }, vec![], vec![])
                .unwrap()
        };
        let (one, other) = (Digest::of(b"1").short(), Digest::of(b"2").short());
        let names = |bound: &[Embedding]| spaces(bound).map(|s| s.into_iter().map(|s| s.name).collect::<Vec<_>>());
        assert_eq!(names(&[of(b"1", 32), of(b"2", 32)]).unwrap(), [format!("x {one}"), format!("x {other}")]);
        assert_eq!(names(&[of(b"1", 32), of(b"1", 64)]).unwrap_err().to_string(), "features by x are of 32×32 images and of 64×64 ones");
        assert_eq!(spaces(&[of(b"1", 32)]).unwrap()[0].probabilities(&[]).unwrap(), None);
    }

    /// Stages by number: packs of two sizes, then features of each; the parameters of each, and who made what it is given.
    struct Above(Vec<(serde_json::Value, Vec<(&'static str, usize)>)>);

    impl Upstream for Above {
        fn kind(&self, _: usize) -> &'static str {
            "any"
        }
        fn name(&self, stage: usize) -> &str {
            ["small", "large", "generator", "of-small", "of-large", "of-made"][stage]
        }
        fn parameters(&self, stage: usize) -> &serde_json::Value {
            &self.0[stage].0
        }
        fn makers(&self, stage: usize, port: &str) -> Vec<usize> {
            self.0[stage].1.iter().filter(|(of, _)| *of == port).map(|(_, maker)| *maker).collect()
        }
        fn gathering_all_but(&self, _: &str, _: &str) -> Option<String> {
            None
        }
    }

    #[test]
    fn sizes_that_do_not_fit_are_found_before_anything_runs() {
        use serde_json::json;
        let of = |extractor: &str| {
            let features = |images: &[usize]| (json!({ "extractor": extractor }), images.iter().map(|n| ("images", *n)).collect());
            // Generated images have the size of those that the generator was trained on.
            let generator = (json!({}), vec![("images", 1)]);
            let by_another = (json!({ "extractor": "other" }), vec![("images", 1)]);
            Above(vec![(json!({ "size": 32 }), vec![]), (json!({ "size": 64 }), vec![]), generator, features(&[0]), features(&[2]), by_another])
        };
        let found = |bound: &[usize]| misfit(&|port| if port == "features" { bound.to_vec() } else { vec![] }, &of("x"));
        assert_eq!(found(&[3, 4])[0].why, "`of-small` has features of 32×32 images, and `of-large` by the same extractor of 64×64 ones");
        assert_eq!([found(&[3, 3]), found(&[3, 5]), found(&[4]), found(&[])], [const { vec![] }; 4]);
    }

    #[test]
    fn images_that_were_left_out_are_skipped_and_counted_once() {
        let of = rows("a", 3);
        let bound = [embedded("x", &of[..2]), Embedding::of(document("x"), vec![], vec![of[2].image, of[0].image]).unwrap()];
        let cx = Context::for_tests("test");
        let found = present(&spaces(&bound).unwrap(), Samples::of([of.clone(), of.clone()].concat()), &cx);
        assert_eq!(found.iter().map(|row| row.image).collect::<Vec<_>>(), [of[0].image, of[1].image]);
        assert_eq!(cx.notes(), [Note::info("1 image is skipped: it was left out by `prepare`")]);
    }
}
