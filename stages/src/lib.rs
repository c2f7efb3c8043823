//! The science of hilum: stage kinds, data, networks, training and evaluation.

pub mod attention;
pub mod contract;
pub mod counted;
pub mod data;
pub mod distinct;
pub mod duplicates;
pub mod evaluation;
pub mod figures;
pub(crate) mod files;
pub mod kinds;
pub mod math;
pub mod models;
mod neighbours;
pub mod networks;
pub mod published;
pub mod quality;
pub mod records;
pub mod statistics;
pub mod training;
pub mod umap;
pub mod words;

pub use kinds::KINDS;

/// The name of an engine, as it enters recipes: device class and version of the tensor operations.
pub fn engine(device: contract::context::DeviceChoice) -> String {
    match device {
        contract::context::DeviceChoice::Cpu => format!("cpu-{}", hilum_ops::VERSION),
        contract::context::DeviceChoice::Cuda(_) => format!("cuda-{}", hilum_ops::VERSION),
    }
}

/// A description of the hardware on which tensors are computed. It is recorded for people, and is in no recipe.
pub fn fingerprint(device: contract::context::DeviceChoice) -> String {
    match device {
        contract::context::DeviceChoice::Cpu => hilum_ops::fingerprint(),
        contract::context::DeviceChoice::Cuda(n) => {
            let gpu = hilum_ops::describe_gpu(n).unwrap_or_else(|_| "a GPU that is gone".into());
            format!("cuda {gpu}, ops-{}", hilum_ops::VERSION)
        }
    }
}

/// True where a kind of this name draws its images, so that nothing that is measured on them holds for patients.
pub fn draws_images(kind: &str) -> bool {
    KINDS.iter().any(|k| k.name == kind && k.drawn)
}

/// Settings of a process that runs tensor kinds; called once, before anything else.
pub fn prepare_process() {
    hilum_ops::tune_allocator();
}

/// True where this build can use CUDA.
pub const HAS_CUDA: bool = cfg!(feature = "cuda");

/// Numbers of the GPUs that there are.
pub fn gpus() -> Vec<usize> {
    (0..hilum_ops::count_gpus()).collect()
}
