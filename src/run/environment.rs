//! The environment that a stage ran in. No path, host or user.

use hilum_cache::receipt::Environment;
use hilum_cache::{Digest, Sha256};
use hilum_stages::contract::context::DeviceChoice;

/// The environment of this program with a number of threads; the device is that of a tensor kind.
pub fn environment(threads: u32, device: Option<DeviceChoice>) -> Environment {
    Environment {
        program: env!("CARGO_PKG_VERSION").into(),
        commit: env!("HILUM_COMMIT").into(),
        dirty: env!("HILUM_DIRTY") == "true",
        lockfile: format!("sha256:{}", Sha256::of(include_bytes!("../../Cargo.lock")).hex()),
        toolchain: env!("HILUM_TOOLCHAIN").into(),
        fingerprint: device.map_or_else(|| std::env::consts::ARCH.into(), hilum_stages::fingerprint),
        threads,
    }
}

/// The digest of the resolved study: what a run was of.
pub fn study_digest(resolved: &serde_json::Value) -> Digest {
    Digest::of(&hilum_cache::canonical::to_bytes(resolved))
}
