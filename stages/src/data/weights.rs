//! Trained networks as artifacts: `weights.safetensors` and the document that says how to build the network.

use crate::contract::prelude::*;
use crate::files::write;
use crate::networks::Weights;
use candle_core::Device;
use serde::de::DeserializeOwned;

const DOCUMENT: &str = "network.json";
const TENSORS: &str = "weights.safetensors";

/// A network with its trained weights. `D` says how to build it and determines the artifact type.
pub struct Trained<D> {
    /// How to build and use the network.
    pub document: D,
    /// Tensors by name, as safetensors.
    pub tensors: Vec<u8>,
    /// Digest of the tensors, by which synthetic images name their generator. Other networks may have the same tensors: see
    /// [`Trained::identity`].
    pub digest: hilum_cache::Digest,
}

/// A document that belongs to an artifact type.
pub trait NetworkDocument: Serialize + DeserializeOwned {
    /// The artifact type of networks with this document.
    const TYPE: ArtifactType;
}

impl<D> Trained<D> {
    /// Takes the current weights of a network.
    pub fn of(document: D, weights: &Weights) -> Result<Self> {
        let tensors = weights.to_safetensors()?;
        Ok(Trained { document, digest: hilum_cache::Digest::of(&tensors), tensors })
    }
    /// Loads the tensors into a network that was built from the document.
    pub fn load_into(&self, weights: &Weights, device: &Device) -> Result<()> {
        weights.load_safetensors(&self.tensors, device)
    }
}

impl<D: NetworkDocument> Trained<D> {
    /// What tells the network from any other: digests of its document and of its tensors. How greys are normalised and the trees in
    /// place of the last layer are in the document alone.
    pub fn identity(&self) -> hilum_cache::Digest {
        let document = hilum_cache::Digest::of(&hilum_cache::canonical::to_bytes(&self.document));
        hilum_cache::Digest::of(&[document.bytes().as_slice(), self.digest.bytes().as_slice()].concat())
    }
}

impl<D: NetworkDocument> InputArtifact for Trained<D> {
    const TYPE: ArtifactType = D::TYPE;
    fn open(files: &[File]) -> Result<Self> {
        let read = |name: &str| {
            let file = files.iter().find(|f| f.name == name).ok_or_else(|| Error::data(format!("a trained network has no `{name}`")))?;
            std::fs::read(&file.path).map_err(Error::io("read", &file.path))
        };
        let document = serde_json::from_slice(&read(DOCUMENT)?).map_err(|e| Error::data(format!("a trained network's document cannot be read: {e}")))?;
        let tensors = read(TENSORS)?;
        Ok(Trained { document, digest: hilum_cache::Digest::of(&tensors), tensors })
    }
}

impl<D: NetworkDocument> OutputArtifact for Trained<D> {
    const TYPE: ArtifactType = D::TYPE;
    fn save(&self, directory: &Path) -> Result<()> {
        write(&directory.join(DOCUMENT), &hilum_cache::canonical::to_bytes(&self.document))?;
        write(&directory.join(TENSORS), &self.tensors)
    }
}
