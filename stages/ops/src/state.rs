//! State that an optimiser keeps beside a weight, on the device of the weight. Independent of what devices there are.

use candle_core::Result;
#[cfg(feature = "cuda")]
use std::any::Any;

/// An array of state; empty where a rule keeps none.
pub(crate) enum StateArray {
    Host(Vec<f32>),
    #[cfg(feature = "cuda")]
    Device(Box<dyn OnDevice>),
}

/// An array on a device other than the CPU. The backend that made it knows its type.
#[cfg(feature = "cuda")]
pub(crate) trait OnDevice: Any + Send + Sync {
    /// Elements.
    fn count(&self) -> usize;
    /// A copy on the host.
    fn to_host(&self) -> Result<Vec<f32>>;
}

impl StateArray {
    /// Elements.
    pub(crate) fn len(&self) -> usize {
        match self {
            StateArray::Host(values) => values.len(),
            #[cfg(feature = "cuda")]
            StateArray::Device(array) => array.count(),
        }
    }
    /// For kernels on the CPU: the state of weights there is there.
    pub(crate) fn host(&mut self) -> &mut [f32] {
        match self {
            StateArray::Host(values) => values,
            #[cfg(feature = "cuda")]
            StateArray::Device(_) => unreachable!("BUG: the state of a weight on the CPU is on another device"),
        }
    }
    /// A copy on the host.
    pub(crate) fn to_vec(&self) -> Result<Vec<f32>> {
        match self {
            StateArray::Host(values) => Ok(values.clone()),
            #[cfg(feature = "cuda")]
            StateArray::Device(array) => array.to_host(),
        }
    }
}
