//! The state of a training: weights, optimisers, positions in streams, tables so far. Written as safetensors, so
//! that numbers keep every bit; small items are in its header as JSON.

use crate::contract::prelude::*;
use crate::figures::sheet;
use crate::networks::Weights;
use crate::records::{History, Record, Table, WatchedRow};
use candle_core::Device;
use hilum_ops::Optimiser;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};

/// The items of a checkpoint, by name.
#[derive(Default)]
pub struct Snapshot {
    arrays: BTreeMap<String, Vec<u8>>,
    things: BTreeMap<String, String>,
}

impl Snapshot {
    /// Weights, running statistics included.
    ///
    /// # Errors
    /// Where a device does not give them.
    pub fn weights(mut self, name: &str, weights: &Weights) -> Result<Self> {
        self.arrays.insert(name.into(), weights.to_safetensors()?);
        Ok(self)
    }
    /// The state of an optimiser.
    ///
    /// # Errors
    /// As [`Snapshot::weights`].
    pub fn optimiser(mut self, name: &str, optimiser: &Optimiser) -> Result<Self> {
        let state = optimiser.state()?;
        let bytes = state.iter().flatten().flat_map(|m| m.iter().flat_map(|v| v.to_le_bytes())).collect();
        let lens: Vec<[usize; 2]> = state.iter().map(|m| [m[0].len(), m[1].len()]).collect();
        self.arrays.insert(name.into(), bytes);
        Ok(self.thing(&format!("{name}.steps"), &(optimiser.steps(), lens)))
    }
    /// A record, under its name.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn record<R: Record>(self, record: &R) -> Result<Self> {
        Ok(self.bytes(R::NAME, record.to_csv()?))
    }
    /// Bytes.
    pub fn bytes(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.arrays.insert(name.into(), bytes);
        self
    }
    /// Anything that JSON represents exactly: no fractions.
    pub fn thing(mut self, name: &str, thing: &impl Serialize) -> Self {
        self.things.insert(name.into(), serde_json::to_string(thing).expect("BUG: plain data"));
        self
    }
    /// Serialises all items.
    ///
    /// # Errors
    /// Where memory is short.
    pub fn finish(self) -> Result<Vec<u8>> {
        let fault = |e: safetensors::SafeTensorError| Error::data(format!("a checkpoint could not be serialised: {e}"));
        let views = self.arrays.iter().map(|(name, bytes)| Ok((name, TensorView::new(Dtype::U8, vec![bytes.len()], bytes).map_err(fault)?)));
        let views: Vec<_> = views.collect::<Result<_>>()?;
        let things: HashMap<String, String> = self.things.into_iter().collect();
        safetensors::serialize(views, Some(things)).map_err(fault)
    }
}

/// What users can see of a training so far.
#[derive(Debug)]
pub struct Preview {
    /// The history.
    pub history: History,
    /// What was watched.
    pub watched: Table<WatchedRow>,
    /// The notes of the stage.
    pub notes: Vec<Note>,
    /// Images so far, as a PNG.
    pub images: Option<Vec<u8>>,
}

impl Preview {
    /// Reads a checkpoint; None if it contains no history.
    pub fn of(checkpoint: Vec<u8>) -> Option<Preview> {
        let before = Restored::read(checkpoint).ok()?;
        let history = before.record().ok()?;
        let images = || {
            let (side, columns): (usize, usize) = before.thing("sheet").ok()?;
            let images: Vec<Vec<u8>> = before.bytes("grid").ok()?.chunks_exact(side * side).map(<[u8]>::to_vec).collect();
            if images.is_empty() { None } else { sheet(&images, side, columns).ok() }
        };
        Some(Preview { history, watched: before.record().unwrap_or_default(), notes: before.thing("notes").unwrap_or_default(), images: images() })
    }
}

/// The items of a checkpoint that was read.
pub struct Restored {
    file: Vec<u8>,
    things: HashMap<String, String>,
}

fn unreadable(what: &str) -> Error {
    Error::helped(format!("the checkpoint of this stage has no valid `{what}`"), "remove the directory `checkpoints` of the store to train from the start")
}

impl Restored {
    /// The newest checkpoint of a stage, and after how many steps it was written.
    ///
    /// # Errors
    /// As [`Restored::read`].
    pub fn latest(cx: &Context) -> Result<Option<(usize, Restored)>> {
        cx.checkpoints.latest().map(|(step, bytes)| Ok((step as usize, Restored::read(bytes)?))).transpose()
    }
    /// Reads what [`Snapshot::finish`] returned.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn read(file: Vec<u8>) -> Result<Restored> {
        let (_, header) = SafeTensors::read_metadata(&file).map_err(|_| unreadable("header"))?;
        let things = header.metadata().clone().unwrap_or_default();
        Ok(Restored { file, things })
    }
    /// Restores weights.
    ///
    /// # Errors
    /// Where they do not fit.
    pub fn weights(&self, name: &str, weights: &Weights, device: &Device) -> Result<()> {
        weights.load_safetensors(&self.bytes(name)?, device)
    }
    /// Restores the state of an optimiser.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn optimiser(&self, name: &str, optimiser: &mut Optimiser) -> Result<()> {
        let (steps, lens): (u64, Vec<[usize; 2]>) = self.thing(&format!("{name}.steps"))?;
        let bytes = self.bytes(name)?;
        let mut numbers = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
        let state = lens.iter().map(|pair| pair.map(|n| numbers.by_ref().take(n).collect::<Vec<f32>>())).collect();
        Ok(optimiser.restore(steps, state)?)
    }
    /// Bytes.
    ///
    /// # Errors
    /// Where there are none of this name.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        let file = SafeTensors::deserialize(&self.file).map_err(|_| unreadable(name))?;
        Ok(file.tensor(name).map_err(|_| unreadable(name))?.data().to_vec())
    }
    /// A record, by its name.
    ///
    /// # Errors
    /// Where there is no readable record of its name.
    pub fn record<R: Record>(&self) -> Result<R> {
        R::read(&self.bytes(R::NAME)?)
    }
    /// A small item.
    ///
    /// # Errors
    /// Where there is nothing of this name.
    pub fn thing<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.things.get(name).and_then(|text| serde_json::from_str(text).ok()).ok_or_else(|| unreadable(name))
    }
}
