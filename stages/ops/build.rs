//! Compiles the kernels for GPUs, where the feature `cuda` asks for them. Needs `nvcc`; no GPU.

use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    let source = "src/cuda/kernels.cu";
    println!("cargo:rerun-if-changed={source}");
    for name in ["CUDA_HOME", "CUDA_COMPUTE_CAP"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    let nvcc = std::env::var_os("CUDA_HOME").map_or_else(|| PathBuf::from("nvcc"), |home| PathBuf::from(home).join("bin/nvcc"));
    // Products and sums are not fused, so that bits do not depend on what a driver's compiler likes.
    // The oldest architecture whose intermediate code every GPU with TensorFloat-32 and bfloat16 runs.
    let architecture = std::env::var("CUDA_COMPUTE_CAP").unwrap_or_else(|_| "80".into());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("kernels.ptx");
    let status =
        Command::new(&nvcc).args(["-ptx", "-O3", "-fmad=false", "-std=c++17", &format!("-arch=compute_{architecture}"), "-o"]).arg(&out).arg(source).status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{} could not compile {source}: {status}", nvcc.display()),
        Err(e) => panic!("the feature `cuda` needs nvcc, found none as {}: {e}. Set CUDA_HOME to a CUDA toolkit", nvcc.display()),
    }
}
