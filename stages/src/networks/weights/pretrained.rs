//! Pretrained weights, from a safetensors file that the user names.
//!
//! Names are torchvision's, which are ours. A network is loaded as it is, or for other classes and channels: then the last layer
//! keeps its initial values, and weights of a first layer for three channels are summed for a network of one, which gives the
//! same sums on grey images.

use super::Weights;
use super::header::{self, Beginning, Tensors};
use crate::contract::conversion::Conversion;
use crate::contract::prelude::*;
use crate::contract::source::{Help, Source, SourceFiles, SourceKind, SourcePath};
use candle_core::{Device, Tensor};
use hilum_cache::Sha256;
use hilum_ops::Value;
use safetensors::Dtype;
use std::collections::BTreeMap;

/// The file of the pretrained weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pretrained {
    /// A safetensors file with the names that PyTorch gives the tensors.
    pub path: SourcePath,
    /// Its SHA-256 in hexadecimal, as `sha256sum` prints it.
    #[serde(deserialize_with = "in_small_letters")]
    pub sha256: String,
}

/// Other programs print capital letters: the same weights are the same recipe.
fn in_small_letters<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<String, D::Error> {
    Ok(String::deserialize(deserializer)?.to_ascii_lowercase())
}

/// The tensors of a network that may differ from those of a pretrained one.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// The name of the first convolution's weight.
    pub first_conv: &'a str,
    /// What the names of the last layer start with.
    pub head: &'a str,
}

impl Ends<'_> {
    /// True where weights for three channels become weights for one.
    fn sums(self, tensor: &str, found: &[usize], needed: &[usize]) -> bool {
        tensor == self.first_conv && found.len() == 4 && found[1] == 3 && needed.get(1) == Some(&1)
    }
}

impl Pretrained {
    /// The file as a path parameter, which is called `parameter` in the study.
    pub fn source(&self, parameter: impl Into<String>, conversion: Conversion) -> Source {
        Source { parameter: parameter.into(), path: self.path.clone(), what: SourceKind::File, help: Some(Help::Convert(conversion)) }
    }
    /// What is wrong with the parameters; `path` is that of this one in the study.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        let hex = self.sha256.len() == 64 && self.sha256.bytes().all(|b| b.is_ascii_hexdigit());
        BadParameter::unless(hex, &format!("{path}.sha256"), "must be 64 hexadecimal digits, as `sha256sum` prints them")
    }
    /// What does not fit in the file, before anything runs: its SHA-256, and the tensors that its header names. `path` is that of this
    /// one in the study; of `weights`, only names and shapes are needed.
    pub fn check_file(&self, path: &str, files: &dyn SourceFiles, weights: &Weights, ends: Option<Ends>, conversion: Conversion) -> Option<BadSource> {
        let parameter = format!("{path}.path");
        let bad = |why: Error| Some(BadSource { parameter: parameter.clone(), why });
        if let Err(why) = self.is_meant(&files.sha256(&parameter)?) {
            return Some(BadSource { parameter: format!("{path}.sha256"), why });
        }
        match header::beginning(files, &parameter)? {
            Beginning::Pickle => bad(self.pickle(conversion, &files.path(&parameter)?)),
            Beginning::Other(why) => bad(Error::data(format!("`{}` is not a safetensors file: {why}", self.name()))),
            Beginning::Header(found) => self.fits(found, weights, ends).err().and_then(bad),
        }
    }
    /// Loads the file's weights into a network: all, or what is fitted to other `ends` without the last layer.
    ///
    /// # Errors
    /// Where its SHA-256 differs, it is not in the safetensors format, has two tensors of one name, or lacks a tensor: names it, with
    /// both shapes.
    pub fn load(&self, bytes: &[u8], weights: &Weights, ends: Option<Ends>, conversion: Conversion, device: &Device) -> Result<()> {
        self.is_meant(&Sha256::of(bytes).hex())?;
        if header::is_pickle(bytes) {
            return Err(self.pickle(conversion, Path::new(self.below_its_directory())));
        }
        let file = safetensors::SafeTensors::deserialize(bytes).map_err(|e| Error::data(format!("`{}` is not a safetensors file: {e}", self.name())))?;
        let views: BTreeMap<String, _> = file.tensors().into_iter().collect();
        self.fits(views.iter().map(|(name, view)| (name.clone(), (view.dtype(), view.shape().to_vec()))).collect(), weights, ends)?;
        let known: BTreeMap<String, _> = views.iter().map(|(name, view)| (current(name), view)).collect();
        for (tensor, value) in needed(weights, ends) {
            let view = known.get(tensor).expect("BUG: it fits");
            let mut values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            let shape = view.shape();
            if ends.is_some_and(|ends| ends.sums(tensor, shape, value.dims())) {
                values = over_channels(&values, shape[2] * shape[3]);
            }
            hilum_ops::overwrite(value, &Value::constant(Tensor::from_vec(values, value.dims(), device)?))?;
        }
        Ok(())
    }
    /// The path below the directory that the command line names, or below that of the study.
    fn below_its_directory(&self) -> &str {
        let path = &self.path.0;
        path.split_once(':').filter(|(name, _)| !name.contains('/')).map_or(path, |(_, below)| below)
    }
    fn name(&self) -> &str {
        self.below_its_directory().rsplit('/').next().unwrap_or("weights")
    }
    fn is_meant(&self, found: &str) -> Result<()> {
        if found == self.sha256 {
            return Ok(());
        }
        let message = format!("SHA-256 mismatch for `{}`: expected {}, found {found}", self.name(), self.sha256);
        Err(Error::helped(message, "check where it came from before you change `sha256`"))
    }
    fn pickle(&self, conversion: Conversion, place: &Path) -> Error {
        let help = format!("a pickle can run any program when it is opened; {}", conversion.of_pickle(place));
        Error::helped(format!("`{}` is a PyTorch pickle, not safetensors", self.name()), help)
    }
    fn fits(&self, found: Tensors, weights: &Weights, ends: Option<Ends>) -> Result<()> {
        let name = self.name();
        let mut known = BTreeMap::new();
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        for (old, of_it) in found {
            let tensor = current(&old);
            if let Some((other, _)) = known.insert(tensor.clone(), (old.clone(), of_it)) {
                return Err(Error::helped(
                    format!("`{name}` has tensor `{tensor}` twice: as `{other}` and as `{old}`"),
                    "keep the one that belongs to the network, and remove the other from the file",
                ));
            }
        }
        for (tensor, value) in needed(weights, ends) {
            let needed = value.dims();
            let (_, (dtype, shape)) = known.get(tensor).ok_or_else(|| Error::data(format!("`{name}` has no tensor `{tensor}` {needed:?}")))?;
            if *dtype != Dtype::F32 {
                return Err(Error::data(format!("tensor `{tensor}` of `{name}` is of {dtype:?}; expected F32")));
            }
            if shape != needed && !ends.is_some_and(|ends| ends.sums(tensor, shape, needed) && shape[2..] == needed[2..] && shape[0] == needed[0]) {
                return Err(misfit(name, tensor, shape, needed));
            }
        }
        Ok(())
    }
}

/// The tensors of a network that a file must have: all, or those before the last layer.
fn needed<'a>(weights: &'a Weights, ends: Option<Ends<'a>>) -> impl Iterator<Item = &'a (String, Value)> {
    weights.all().filter(move |(name, _)| ends.is_none_or(|ends| !name.starts_with(ends.head)))
}

/// A tensor of another shape than the network's. The learned positions of a transformer are of images of one size.
fn misfit(name: &str, tensor: &str, found: &[usize], needed: &[usize]) -> Error {
    let message = format!("tensor `{tensor}` is {found:?} in `{name}`; the network needs {needed:?}");
    match (found, needed) {
        ([1, positions, a], [1, wanted, b]) if tensor.ends_with("position_embeddings") && a == b => Error::helped(
            format!("{message}: {positions} learned positions where {wanted} are due"),
            "positions are of the image size that the weights were trained on, and are not interpolated: take weights for this size",
        ),
        _ => Error::data(message),
    }
}

/// The current name of a tensor: old files of DenseNet say `norm.1` where torchvision says `norm1`.
fn current(name: &str) -> String {
    let mut out = name.to_owned();
    for layer in ["norm", "relu", "conv"] {
        for n in ["1", "2"] {
            out = out.replace(&format!(".{layer}.{n}."), &format!(".{layer}{n}."));
        }
    }
    out
}

/// `[co, 3, k, k]` summed to `[co, 1, k, k]`.
fn over_channels(values: &[f32], size: usize) -> Vec<f32> {
    values.chunks_exact(3 * size).flat_map(|c| (0..size).map(move |i| c[i] + c[size + i] + c[2 * size + i])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::{Dtype, tensor::TensorView};

    /// A file with a number of its own in each of these tensors.
    fn file(names: &[&str]) -> Vec<u8> {
        let bytes: Vec<[u8; 4]> = (0..names.len()).map(|n| (n as f32).to_le_bytes()).collect();
        let views = names.iter().zip(&bytes).map(|(name, bytes)| (*name, TensorView::new(Dtype::F32, vec![1], bytes).unwrap()));
        safetensors::serialize(views, None).unwrap()
    }

    fn read(sha256: &str) -> Pretrained {
        serde_json::from_value(serde_json::json!({ "path": "models/w.safetensors", "sha256": sha256 })).unwrap()
    }

    /// Which of the two would be loaded, nobody can tell.
    #[test]
    fn two_tensors_of_one_name_are_refused() {
        let load = |names: &[&str]| {
            let bytes = file(names);
            read(&Sha256::of(&bytes).hex()).load(&bytes, &Weights::on(&Device::Cpu), None, Conversion::OF_FILE, &Device::Cpu).map_err(|e| e.to_string())
        };
        assert_eq!(load(&["a.norm.1.weight", "a.norm.2.weight", "a.norm1.bias", "b.norm1.weight"]), Ok(()));
        let refused = "`w.safetensors` has tensor `a.norm1.weight` twice: as `a.norm.1.weight` and as `a.norm1.weight`";
        assert_eq!(load(&["a.norm1.weight", "z", "a.norm.1.weight"]), Err(refused.into()));
    }

    #[test]
    fn a_sum_in_capital_letters_is_the_same_parameter() {
        let bytes = file(&["a"]);
        let (small, capital) = (Sha256::of(&bytes).hex(), Sha256::of(&bytes).hex().to_ascii_uppercase());
        assert_ne!(small, capital);
        assert_eq!(serde_json::to_value(read(&capital)).unwrap(), serde_json::json!({ "path": "models/w.safetensors", "sha256": small }));
        assert!(read(&capital).check("pretrained").is_empty());
        read(&capital).load(&bytes, &Weights::on(&Device::Cpu), None, Conversion::OF_FILE, &Device::Cpu).unwrap();
    }
}
