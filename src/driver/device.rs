//! Which device tensor stages run on.

use hilum_stages::contract::context::DeviceChoice;
use hilum_stages::words::counted;
use std::str::FromStr;

/// The device that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// A GPU where there is one.
    Auto,
    /// The processor.
    Cpu,
    /// A GPU: any, or the one of this number.
    Cuda(Option<usize>),
}

impl FromStr for Device {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Device::Auto),
            "cpu" => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda(None)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|n| n.parse().ok())
                .map(|n| Device::Cuda(Some(n)))
                .ok_or_else(|| "expected auto, cpu, cuda or cuda:N".into()),
        }
    }
}

/// What there is of what was asked for.
#[derive(Debug, Clone)]
pub struct Devices {
    /// GPUs to run on, by number; none for the processor.
    pub gpus: Vec<usize>,
    /// Engines whose receipts are accepted, the executing one first.
    pub engines: Vec<String>,
    /// True if this program could use a GPU and there is none.
    pub fell_back: bool,
}

/// A device that this machine or this program does not have.
#[derive(Debug, thiserror::Error)]
#[error("`--device {asked}`: {why}")]
pub struct NoDevice {
    asked: String,
    why: String,
}

impl Device {
    /// Finds the device.
    ///
    /// # Errors
    /// If a GPU is asked for that is not there.
    pub fn find(self) -> Result<Devices, NoDevice> {
        let gpus = hilum_stages::gpus();
        let (cpu, cuda) = (hilum_stages::engine(DeviceChoice::Cpu), hilum_stages::engine(DeviceChoice::Cuda(0)));
        let none = if hilum_stages::HAS_CUDA { "no GPU found on this machine" } else { "this program was built without CUDA" };
        let (gpus, engines) = match self {
            Device::Auto if gpus.is_empty() => (vec![], vec![cpu, cuda]),
            Device::Auto => (gpus, vec![cuda, cpu]),
            Device::Cpu => (vec![], vec![cpu]),
            Device::Cuda(None) if gpus.is_empty() => return Err(NoDevice { asked: "cuda".into(), why: none.into() }),
            Device::Cuda(None) => (gpus, vec![cuda]),
            Device::Cuda(Some(n)) if !gpus.contains(&n) => {
                let why = if gpus.is_empty() { none.to_owned() } else { format!("found {}, counted from 0", counted(gpus.len(), "GPU", "GPUs")) };
                return Err(NoDevice { asked: format!("cuda:{n}"), why });
            }
            Device::Cuda(Some(n)) => (vec![n], vec![cuda]),
        };
        let fell_back = gpus.is_empty() && self == Device::Auto && hilum_stages::HAS_CUDA;
        Ok(Devices { gpus, engines, fell_back })
    }
}
