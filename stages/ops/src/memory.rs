//! Numbers that an optimiser remembers beside a weight, where the weight lies.

use candle_core::Result;

/// An array; empty where a rule remembers nothing.
pub(crate) enum Memory {
    Host(Vec<f32>),
    #[cfg(feature = "cuda")]
    Device(crate::cuda::Numbers),
}

impl Memory {
    pub(crate) fn len(&self) -> usize {
        match self {
            Memory::Host(values) => values.len(),
            #[cfg(feature = "cuda")]
            Memory::Device(values) => values.len(),
        }
    }
    /// For kernels on the CPU: weights there are remembered there.
    pub(crate) fn host(&mut self) -> &mut [f32] {
        match self {
            Memory::Host(values) => values,
            #[cfg(feature = "cuda")]
            Memory::Device(_) => unreachable!("BUG: a weight on the CPU is remembered on a GPU"),
        }
    }
    /// A copy.
    pub(crate) fn to_vec(&self) -> Result<Vec<f32>> {
        match self {
            Memory::Host(values) => Ok(values.clone()),
            #[cfg(feature = "cuda")]
            Memory::Device(values) => crate::cuda::read(values),
        }
    }
}
