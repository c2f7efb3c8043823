//! Convolutions of the networks of the papers, one by one: forward, gradient of the input, gradient of the kernel.
//!
//!   cargo bench --bench convolutions
//!
//! Prints milliseconds, the least of several passes. `convolutions.py` prints the same of PyTorch.
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use candle_core::{Device, Tensor};
use hilum_ops::{Value, Window, conv_transpose2d, conv2d, without_history};
use std::time::Instant;

/// Name, batch, channels in, side, channels out, kernel, stride, padding, transposed.
type Case = (&'static str, usize, usize, usize, usize, usize, usize, usize, bool);

const CASES: [Case; 25] = [
    ("peak 64", 1, 64, 24, 64, 1, 1, 0, false),
    ("peak 256", 1, 256, 24, 64, 1, 1, 0, false),
    ("peak 512", 1, 512, 32, 512, 1, 1, 0, false),
    ("cyclegan stem", 1, 3, 134, 64, 7, 1, 0, false),
    ("cyclegan down", 1, 64, 128, 128, 3, 2, 1, false),
    ("cyclegan down 2", 1, 128, 64, 256, 3, 2, 1, false),
    ("cyclegan block", 1, 256, 34, 256, 3, 1, 0, false),
    ("cyclegan up", 1, 256, 32, 128, 3, 2, 1, true),
    ("cyclegan up 2", 1, 128, 64, 64, 3, 2, 1, true),
    ("cyclegan last", 1, 64, 134, 3, 7, 1, 0, false),
    ("patchgan 1", 1, 3, 128, 64, 4, 2, 1, false),
    ("patchgan 4", 1, 256, 16, 512, 4, 1, 1, false),
    ("patchgan 5", 1, 512, 15, 1, 4, 1, 1, false),
    ("pix2pix down 5", 1, 512, 14, 512, 4, 2, 1, false),
    ("pix2pix up 1", 1, 512, 7, 512, 4, 2, 1, true),
    ("pix2pix up 3", 1, 512, 28, 128, 4, 2, 1, true),
    ("pix2pix last", 1, 128, 112, 3, 4, 2, 1, true),
    ("resnet stem", 16, 3, 224, 64, 7, 2, 3, false),
    ("resnet 1x1", 16, 256, 56, 64, 1, 1, 0, false),
    ("resnet 3x3", 16, 128, 28, 128, 3, 1, 1, false),
    ("resnet 3x3 small", 16, 512, 7, 512, 3, 1, 1, false),
    ("resnet skip", 16, 512, 28, 1024, 1, 2, 0, false),
    ("densenet 3x3", 16, 128, 28, 32, 3, 1, 1, false),
    ("densenet 1x1", 16, 512, 28, 128, 1, 1, 0, false),
    ("vgg 3x3", 4, 64, 224, 64, 3, 1, 1, false),
];

fn made(dims: &[usize]) -> Value {
    let values: Vec<f32> = (0..dims.iter().product()).map(|i: usize| ((i * 7919) % 2003) as f32 / 1001.0 - 1.0).collect();
    Value::leaf(&Tensor::from_vec(values, dims, &Device::Cpu).expect("as many as fit"))
}

fn least(mut f: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = vec![];
    let begun = Instant::now();
    while times.len() < 3 || (times.len() < 40 && begun.elapsed().as_secs_f64() < 0.5) {
        let at = Instant::now();
        f();
        times.push(at.elapsed().as_secs_f64() * 1e3);
    }
    times.into_iter().fold(f64::INFINITY, f64::min)
}

fn main() {
    hilum_ops::tune_allocator();
    let only = std::env::args().skip(1).find(|a| a != "--bench");
    for (name, n, ci, side, co, k, stride, padding, transposed) in CASES.into_iter().filter(|c| only.as_ref().is_none_or(|o| c.0.contains(o.as_str()))) {
        let x = made(&[n, side, side, ci]);
        let w = made(&if transposed { [ci, co, k, k] } else { [co, ci, k, k] });
        let window = Window::square(stride, padding);
        let run = || {
            if transposed { conv_transpose2d(&x, &w, window, [stride - 2 + k % 2; 2].map(|e| e.min(k % 2))) } else { conv2d(&x, &w, window) }.expect("it fits")
        };
        let forward = least(|| drop(without_history(run)));
        let y = run();
        let q = made(y.dims()).detach();
        // The gradient of sum(y · q) is q: what is timed is the way back alone.
        let back = |by: &Value| {
            let mut times = vec![];
            for _ in 0..if forward > 50.0 { 4 } else { 12 } {
                let loss = run().mul(&q).and_then(|p| p.sum()).expect("a sum");
                let at = Instant::now();
                loss.backward_to([by]).expect("a gradient");
                times.push(at.elapsed().as_secs_f64() * 1e3);
            }
            times.into_iter().fold(f64::INFINITY, f64::min)
        };
        println!("{name:<18} {forward:8.2} {:8.2} {:8.2}", back(&x), back(&w));
    }
}
