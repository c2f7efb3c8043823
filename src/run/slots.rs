//! Resources for concurrent stages: threads, memory and GPUs.

use crate::pipeline::Stage;
use hilum_stages::contract::context::DeviceChoice;
use hilum_stages::contract::stage::Needs;

/// Free resources.
#[derive(Debug)]
pub struct Slots {
    threads: u32,
    jobs: u32,
    memory: u64,
    /// Total memory: a stage that requests more gets all of it.
    all_memory: u64,
    gpus: Vec<usize>,
    use_gpu: bool,
}

/// What a stage occupies while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceGrant {
    /// Threads.
    pub threads: u32,
    /// Bytes it asked for.
    pub memory: u64,
    /// The device of a tensor kind.
    pub device: DeviceChoice,
    gpus: Vec<usize>,
}

impl Slots {
    /// A whole machine: `jobs` stages at once on `threads` threads, with these GPUs.
    pub fn new(jobs: u32, threads: u32, memory: u64, gpus: Vec<usize>) -> Self {
        Slots { threads, jobs, memory, all_memory: memory, use_gpu: !gpus.is_empty(), gpus }
    }

    /// What a stage gets now, or none if it must wait. `others` is how many further stages are ready: threads are
    /// shared among them, since several trainings beside each other are faster than one after another.
    pub fn take(&mut self, stage: &Stage, others: u32) -> Option<ResourceGrant> {
        let wants_gpu = stage.kind.needs == Needs::Tensor && self.use_gpu && stage.resources.gpu != Some(0);
        let gpus = if wants_gpu { stage.resources.gpu.unwrap_or(1).max(1) as usize } else { 0 };
        let memory = stage.resources.memory.unwrap_or(0).min(self.all_memory);
        if self.jobs == 0 || self.threads == 0 || memory > self.memory || gpus > self.gpus.len() {
            return None;
        }
        let share = (self.threads / (others + 1).min(self.jobs)).max(1);
        let threads = stage.resources.threads.unwrap_or(if stage.kind.needs == Needs::Light { 1 } else { share }).clamp(1, self.threads);
        let gpus: Vec<usize> = self.gpus.drain(..gpus).collect();
        self.jobs -= 1;
        self.threads -= threads;
        self.memory -= memory;
        let device = gpus.first().map_or(DeviceChoice::Cpu, |n| DeviceChoice::Cuda(*n));
        Some(ResourceGrant { threads, memory, device, gpus })
    }

    /// Releases what a stage held.
    pub fn free(&mut self, held: ResourceGrant) {
        self.jobs += 1;
        self.threads += held.threads;
        self.memory += held.memory;
        self.gpus.extend(held.gpus);
        self.gpus.sort_unstable();
    }
}

/// Memory that is free now, in bytes.
pub fn free_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"));
    line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse::<u64>().ok()).map_or(u64::MAX / 4, |k| k << 10)
}
