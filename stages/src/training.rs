//! Parts of training loops: optimisers as parameters, devices, batches as tensors. There is no trainer object: the
//! loops are in the stages, in order of execution.

pub mod alarm;
pub mod loss;
pub mod optimiser;
pub mod phases;
pub mod schedule;
pub mod shortcuts;
pub mod snapshot;
pub mod watch;

use crate::contract::context::DeviceChoice;
use crate::contract::prelude::*;
use candle_core::{Device, Tensor};
use hilum_ops::{Upload, Value};

pub use optimiser::{AdamParameters, OptimiserChoice};

/// Checks the length of a training: epochs or steps.
pub fn check_budget(epochs: Option<u32>, steps: Option<u32>) -> Vec<BadParameter> {
    [
        BadParameter::unless(epochs.is_some() || steps.is_some(), "", "either `epochs` or `steps` must be given"),
        BadParameter::unless(epochs.is_none() || steps.is_none(), "", "either `epochs` or `steps` must be given, not both"),
        BadParameter::unless(epochs != Some(0), "epochs", "must be at least 1"),
        BadParameter::unless(steps != Some(0), "steps", "must be at least 1"),
    ]
    .concat()
}

/// The work of phases with these epochs and steps; none if some count the one and some the other.
pub fn effort(phases: impl IntoIterator<Item = (Option<u32>, Option<u32>)>) -> Option<Effort> {
    let of = |(epochs, steps): (Option<u32>, Option<u32>)| epochs.map(|n| Effort::Epochs(n.into())).or(steps.map(|n| Effort::Steps(n.into())));
    phases.into_iter().map(of).reduce(|sum, phase| match (sum?, phase?) {
        (Effort::Epochs(a), Effort::Epochs(b)) => Some(Effort::Epochs(a + b)),
        (Effort::Steps(a), Effort::Steps(b)) => Some(Effort::Steps(a + b)),
        _ => None,
    })?
}

/// Precision of convolutions and linear layers on a GPU; everything else is float32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// float32.
    #[default]
    Float32,
    /// TensorFloat-32: inputs of products are rounded to 10 bits of mantissa.
    Tf32,
    /// bfloat16: inputs and results of products are rounded to 7 bits of mantissa; weights stay float32.
    Bf16,
}

impl Precision {
    /// Runs `work` in this precision.
    ///
    /// # Errors
    /// Where the precision needs a GPU and the run uses the CPU; those of `work`.
    pub fn during<T>(self, device: DeviceChoice, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self != Precision::Float32 && device == DeviceChoice::Cpu {
            let name = if self == Precision::Tf32 { "tf32" } else { "bf16" };
            return Err(Error::helped(
                format!("`precision: {name}` needs a GPU, but this run uses the CPU"),
                "remove `precision`, or run with `--device cuda`",
            ));
        }
        let precision = match self {
            Precision::Float32 => hilum_ops::Precision::Float32,
            Precision::Tf32 => hilum_ops::Precision::Tf32,
            Precision::Bf16 => hilum_ops::Precision::Bf16,
        };
        hilum_ops::with_precision(precision, work)
    }
}

/// Opens the device that the run chose.
///
/// # Errors
/// Where this build or machine does not have it.
pub fn open_device(choice: DeviceChoice) -> Result<Device> {
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Cuda(n) => hilum_ops::open_gpu(n).map_err(|e| Error::helped(format!("GPU {n} cannot be used: {e}"), "run with `--device cpu`")),
    }
}

/// How many independent images are generated or evaluated at once: fewer of large ones, whose feature maps fill memory.
pub fn images_at_once(side: usize) -> usize {
    ((1 << 20) / (side * side).max(1)).clamp(1, 64)
}

/// Packed images as they are, in [0, 1]: `[n, side, side, 1]`.
pub fn image_tensor(images: &[&[u8]], side: usize, device: &Device) -> Result<Value> {
    let values: Vec<f32> = images.iter().flat_map(|f| f.iter().map(|v| f32::from(*v) / 255.0)).collect();
    images_of(values, side, device)
}

/// Numbers as images `[n, side, side, 1]`.
pub fn images_of(values: Vec<f32>, side: usize, device: &Device) -> Result<Value> {
    let n = values.len() / (side * side);
    Ok(Value::constant(Tensor::from_vec(values, (n, side, side, 1), device)?))
}

/// Numbers that were sent to a device ahead of their use, as images `[n, side, side, 1]` there.
pub fn images_sent(values: Upload, side: usize) -> Result<Value> {
    let n = values.len() / (side * side);
    Ok(Value::constant(values.tensor((n, side, side, 1))?))
}

/// Noise `[n, 1, 1, latent]` uniform in [−1, 1), image `k` from its own stream.
pub fn uniform_noise(streams: &Stream, first: u64, n: usize, latent: usize, device: &Device) -> Result<Value> {
    noise(streams, first, n, latent, device, |s| s.uniform(-1.0, 1.0))?.reshape(&[n, 1, 1, latent]).map_err(Error::from)
}

/// Noise `[n, latent]`, standard normal, image `k` from its own stream.
pub fn normal_noise(streams: &Stream, first: u64, n: usize, latent: usize, device: &Device) -> Result<Value> {
    noise(streams, first, n, latent, device, Stream::normal)
}

fn noise(streams: &Stream, first: u64, n: usize, latent: usize, device: &Device, draw: impl Fn(&mut Stream) -> f64) -> Result<Value> {
    let mut values = Vec::with_capacity(n * latent);
    for k in 0..n as u64 {
        let mut stream = streams.item(first + k);
        values.extend((0..latent).map(|_| draw(&mut stream) as f32));
    }
    Ok(Value::constant(Tensor::from_vec(values, (n, latent), device)?))
}

/// The error of a training that diverged, which names the state that is kept.
pub fn diverged(cx: &Context, step: usize, steps: usize, try_: &str) -> Error {
    let kept =
        cx.checkpoints.latest().map_or("there is no earlier checkpoint".into(), |(last, _)| format!("the last good checkpoint, after step {last}, is kept"));
    Error::helped(format!("the training diverged: a loss, a weight or an output became infinite or NaN at step {step} of {steps}; {kept}"), try_)
}
