//! Precisions of products: what each may lose on a GPU, and that the CPU knows but one.
#![allow(clippy::disallowed_methods)] // inputs need not be the same on every machine

mod torch;

use candle_core::{Result, Tensor};
use hilum_ops::{MEMORY_IS_FULL, Precision, Value, Window, conv2d, with_precision};
use std::sync::Mutex;
use torch::fixture::device;
use torch::report::{relative_error, values};

/// One test at a time: the second takes all memory there is.
static MEMORY: Mutex<()> = Mutex::new(());

fn product() -> Result<Vec<f32>> {
    let ramp = |n: usize, step: f32| -> Vec<f32> { (0..n).map(|i| (i as f32 * step).sin()).collect() };
    let x = Value::constant(Tensor::from_vec(ramp(2 * 9 * 9 * 8, 0.37), (2, 9, 9, 8), &device())?);
    let w = Value::constant(Tensor::from_vec(ramp(16 * 8 * 9, 0.73), (16, 8, 3, 3), &device())?);
    Ok(values(&conv2d(&x, &w, Window::square(1, 1))?))
}

#[test]
fn a_precision_loses_what_it_says_and_ends_with_its_scope() {
    let _memory = MEMORY.lock();
    let exact = product().unwrap();
    let within = |precision| with_precision(precision, || product().unwrap());
    let wide: Vec<f64> = exact.iter().map(|v| f64::from(*v)).collect();
    let off = |precision| relative_error(&within(precision), wide.iter().copied());
    assert_eq!(within(Precision::Float32), exact);
    if device().is_cpu() {
        assert_eq!((off(Precision::Tf32), off(Precision::Bf16)), (0.0, 0.0));
    } else {
        let (tf32, bf16) = (off(Precision::Tf32), off(Precision::Bf16));
        assert!(tf32 < 2e-3 && bf16 > 1e-4 && bf16 < 2e-2, "tf32 {tf32:e}, bf16 {bf16:e}");
    }
    assert_eq!(product().unwrap(), exact);
    let inside = with_precision(Precision::Bf16, || with_precision(Precision::Float32, || product().unwrap()));
    assert_eq!(inside, exact);
}

/// The CPU's memory is the kernel's matter: there is nothing to ask beforehand.
#[test]
fn a_full_gpu_says_how_much_was_asked_for() {
    let _memory = MEMORY.lock();
    if device().is_cpu() {
        return;
    }
    let one = Value::constant(Tensor::from_vec(vec![1f32], 1, &device()).unwrap());
    let mut held = vec![];
    let message = loop {
        match one.repeat_to(&[(1 << 31) - 1]) {
            Ok(more) => held.push(more),
            Err(e) => break e.to_string(),
        }
    };
    assert!(message.starts_with(MEMORY_IS_FULL) && message.contains("tried to allocate 8192 MiB; peak "), "{message}");
}
