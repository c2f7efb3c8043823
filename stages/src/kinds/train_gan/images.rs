//! Which images of a table a generator is trained on. Independent of how.

use crate::contract::prelude::*;
use crate::data::pack::ImageStore;
use crate::data::sample::{Sample, Samples};

/// An image with its row.
pub(super) type Pictured<'a> = (&'a Sample, &'a [u8]);

/// Images to train on: of one kind, or those to translate and those that they should look like.
pub(super) struct TrainingImages<'a> {
    pub(super) kinds: Vec<Vec<&'a [u8]>>,
    /// Their rows in the table.
    rows: Vec<Vec<&'a Sample>>,
    /// The labels of the images that will be generated.
    pub(super) labels: Vec<String>,
}

impl<'a> TrainingImages<'a> {
    /// The images of a table that have the labels of a network that translates, or this label, or the only one.
    ///
    /// # Errors
    /// Where there are none, or of several labels none was chosen.
    pub(super) fn of(samples: &'a Samples, store: &ImageStore<'a>, translates: Option<(&str, &str)>, label: Option<&str>) -> Result<TrainingImages<'a>> {
        let of = |label: &str| samples.rows.iter().filter(|r| r.label == label).collect::<Vec<_>>();
        let known = samples.labels();
        let labelled = |label: &str| match known.iter().any(|l| l == label) {
            true => Ok(of(label)),
            false => Err(Error::helped(format!("no image has the label `{label}`"), format!("the labels are: {}", known.join(", ")))),
        };
        let (rows, label) = match (translates, label, known.as_slice()) {
            (Some((from, to)), _, _) => (vec![labelled(from)?, labelled(to)?], to),
            (None, Some(label), _) => (vec![labelled(label)?], label),
            (None, None, [only]) => (vec![of(only)], only.as_str()),
            (None, None, []) => return Err(Error::data("there are no images to train on")),
            (None, None, several) => {
                return Err(Error::helped(format!("the images have several labels: {}", several.join(", ")), "choose one with `label`"));
            }
        };
        let pixels = |rows: &Vec<&Sample>| rows.iter().map(|row| store.get(&row.image)).collect::<Result<Vec<_>>>();
        Ok(TrainingImages { kinds: rows.iter().map(pixels).collect::<Result<_>>()?, rows, labels: vec![label.to_owned()] })
    }

    /// Those that are translated; none where images are generated from noise.
    pub(super) fn translated(&self) -> Option<Vec<Pictured<'a>>> {
        (self.kinds.len() > 1).then(|| self.pictured(0))
    }

    /// Those that generated images should look like.
    pub(super) fn looked_like(&self) -> Vec<Pictured<'a>> {
        self.pictured(self.kinds.len() - 1)
    }

    fn pictured(&self, kind: usize) -> Vec<Pictured<'a>> {
        self.rows[kind].iter().copied().zip(self.kinds[kind].iter().copied()).collect()
    }
}
