//! Pretrained weights, from a safetensors file that the user names.
//!
//! Names are torchvision's, which are ours. A network is loaded as it is, or for other classes and channels: then the last layer
//! keeps its initial values, and weights of a first layer for three channels are summed for a network of one, which gives the
//! same sums on grey images.

use super::Weights;
use crate::contract::prelude::*;
use crate::contract::source::{Source, SourceKind, SourcePath};
use candle_core::{Device, Tensor};
use hilum_cache::Sha256;
use hilum_ops::Value;
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

/// How people get a safetensors file of weights that others trained.
#[derive(Clone, Copy, Debug)]
pub enum Conversion {
    /// From weights of PyTorch, in Python.
    Python {
        /// What is imported for it.
        imports: &'static str,
        /// An expression for a map of tensors by name. `{stem}` is the path of the file without its extension.
        tensors: &'static str,
    },
    /// Their authors publish the file itself.
    Download {
        /// Where.
        url: &'static str,
    },
}

impl Conversion {
    /// From a file of PyTorch that lies beside it.
    pub const BESIDE: Conversion = Conversion::Python { imports: "torch", tensors: "torch.load('{stem}.pth', map_location='cpu', weights_only=True)" };

    /// What to do for a file of this name.
    fn help(self, name: &str) -> String {
        match self {
            Conversion::Python { .. } => format!("convert PyTorch weights with: {}", self.command(name)),
            Conversion::Download { .. } => format!("download it with: {}", self.command(name)),
        }
    }
    /// The command that makes a file of this name.
    fn command(self, name: &str) -> String {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        match self {
            Conversion::Python { imports, tensors } => format!(
                "python3 -c \"import {imports}, safetensors.torch as s; s.save_file({{k: v.contiguous() for k, v in {}.items() if v.dim()}}, '{stem}.safetensors')\"",
                tensors.replace("{stem}", stem)
            ),
            Conversion::Download { url } => format!("curl -L -o {stem}.safetensors {url}"),
        }
    }
}

impl Pretrained {
    /// The file as a path parameter, which is called `parameter` in the study; where it is missing, the command that makes it.
    pub fn source(&self, parameter: impl Into<String>, conversion: Conversion) -> Source {
        let help = Some(conversion.help(&self.path.0));
        Source { parameter: parameter.into(), path: self.path.clone(), what: SourceKind::File, help }
    }
    /// What is wrong with the parameters; `path` is that of this one in the study.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        let hex = self.sha256.len() == 64 && self.sha256.bytes().all(|b| b.is_ascii_hexdigit());
        BadParameter::unless(hex, &format!("{path}.sha256"), "must be 64 hexadecimal digits, as `sha256sum` prints them")
    }
    /// Loads the file's weights into a network: all, or what is fitted to other `ends` without the last layer.
    ///
    /// # Errors
    /// Where its SHA-256 differs, it is not in the safetensors format, has two tensors of one name, or lacks a tensor: names it, with
    /// both shapes.
    pub fn load(&self, bytes: &[u8], weights: &Weights, ends: Option<Ends>, conversion: Conversion, device: &Device) -> Result<()> {
        let name = self.path.0.rsplit(['/', ':']).next().unwrap_or("weights");
        let found = Sha256::of(bytes).hex();
        if found != self.sha256 {
            return Err(Error::helped(
                format!("SHA-256 mismatch for `{name}`: expected {}, found {found}", self.sha256),
                "check where it came from before you change `sha256`",
            ));
        }
        if bytes.starts_with(b"PK\x03\x04") || bytes.first() == Some(&0x80) {
            let instead = match conversion {
                Conversion::Python { .. } => "convert it where you trust it",
                Conversion::Download { .. } => "take the authors' safetensors file",
            };
            let help = format!("a pickle can run any program when it is opened; {instead}: {}", conversion.command(name));
            return Err(Error::helped(format!("`{name}` is a PyTorch pickle, not safetensors"), help));
        }
        let file = safetensors::SafeTensors::deserialize(bytes).map_err(|e| Error::data(format!("`{name}` is not a safetensors file: {e}")))?;
        let mut tensors = file.tensors();
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        let mut known = BTreeMap::new();
        for (old, view) in tensors {
            let tensor = current(&old);
            if let Some((other, _)) = known.insert(tensor.clone(), (old.clone(), view)) {
                return Err(Error::helped(
                    format!("`{name}` has tensor `{tensor}` twice: as `{other}` and as `{old}`"),
                    "keep the one that belongs to the network, and remove the other from the file",
                ));
            }
        }
        for (tensor, value) in weights.all().filter(|(n, _)| ends.is_none_or(|ends| !n.starts_with(ends.head))) {
            let (_, view) = known.get(tensor).ok_or_else(|| Error::data(format!("`{name}` has no tensor `{tensor}` {:?}", value.dims())))?;
            if view.dtype() != safetensors::Dtype::F32 {
                return Err(Error::data(format!("tensor `{tensor}` of `{name}` is of {:?}; expected F32", view.dtype())));
            }
            let mut values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            let mut shape = view.shape().to_vec();
            let is_first = ends.is_some_and(|ends| tensor == ends.first_conv);
            if is_first && shape.len() == 4 && shape[1] == 3 && value.dims()[1] == 1 {
                values = over_channels(&values, shape[2] * shape[3]);
                shape[1] = 1;
            }
            if shape != value.dims() {
                return Err(misfit(name, tensor, view.shape(), value.dims()));
            }
            hilum_ops::overwrite(value, &Value::constant(Tensor::from_vec(values, shape, device)?))?;
        }
        Ok(())
    }
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
            read(&Sha256::of(&bytes).hex()).load(&bytes, &Weights::on(&Device::Cpu), None, Conversion::BESIDE, &Device::Cpu).map_err(|e| e.to_string())
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
        read(&capital).load(&bytes, &Weights::on(&Device::Cpu), None, Conversion::BESIDE, &Device::Cpu).unwrap();
    }
}
