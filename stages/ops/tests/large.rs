//! Shapes too large for a file: against plain loops, and against themselves on other numbers of threads.

mod torch;

use candle_core::{Result, Tensor};
use hilum_ops::{Adam, Optimiser, Rectifier, Sgd, Value, Window};
use torch::report::{Report, relative_error, values};

const TOLERANCE: f64 = 1e-5;

/// Numbers in [−1, 1) that look random.
fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// `[n, ci, h, w]`, output channels, kernel, stride, padding.
type Shape = ([usize; 4], usize, usize, usize, usize);

/// Shapes that reach each way of cutting work up: bands with 1 × 1 kernels, many banded samples, very deep kernels.
const LARGE: [Shape; 8] = [
    ([1, 300, 15, 15], 4, 1, 1, 0),
    ([9, 200, 27, 25], 3, 1, 1, 0),
    ([5, 300, 7, 7], 3, 1, 1, 0),
    ([9, 6, 41, 43], 3, 5, 1, 2),
    ([2, 300, 16, 17], 3, 3, 1, 1),
    ([9, 40, 17, 13], 5, 4, 2, 1),
    ([3, 13, 33, 34], 2, 7, 3, 3),
    ([67, 2, 12, 11], 3, 3, 1, 1),
];

/// A leaf of these numbers.
fn made(values: Vec<f32>, dims: &[usize]) -> Value {
    Value::leaf(&Tensor::from_vec(values, dims, &torch::fixture::device()).unwrap())
}

fn large(shape: Shape, seed: u64) -> (Value, Value) {
    let ([n, ci, h, w], co, k, ..) = shape;
    let make = |dims: [usize; 4], seed| made(noise(dims.iter().product(), seed), &dims);
    (make([n, ci, h, w], seed), make([co, ci, k, k], seed + 100))
}

#[test]
fn large_convolutions_match_plain_loops() {
    let mut report = Report::new(TOLERANCE);
    for (seed, shape) in LARGE.into_iter().enumerate() {
        let ([n, ci, h, w], co, k, stride, padding) = shape;
        let (x, kernel) = large(shape, seed as u64);
        let y = torch::conv2d(&x, &kernel, Window::square(stride, padding)).unwrap();
        let (oh, ow) = ((h + 2 * padding - k) / stride + 1, (w + 2 * padding - k) / stride + 1);
        assert_eq!(y.dims(), [n, co, oh, ow]);
        let q = noise(y.elem_count(), 1000 + seed as u64);
        let loss = y.mul(&made(q.clone(), y.dims()).detach()).unwrap().sum().unwrap();
        let gradients = loss.backward().unwrap();
        let (xs, ks) = (values(&x), values(&kernel));
        let (mut ys, mut dx, mut dw) = (vec![0f64; q.len()], vec![0f64; xs.len()], vec![0f64; ks.len()]);
        for (at, (out, q)) in ys.iter_mut().zip(&q).enumerate() {
            let (column, row, o, sample) = (at % ow, at / ow % oh, at / (ow * oh) % co, at / (ow * oh * co));
            for tap in 0..ci * k * k {
                let (c, ky, kx) = (tap / (k * k), tap / k % k, tap % k);
                let (i, j) = (row * stride + ky, column * stride + kx);
                if (padding..h + padding).contains(&i) && (padding..w + padding).contains(&j) {
                    let (from, tap) = (((sample * ci + c) * h + i - padding) * w + j - padding, o * ci * k * k + tap);
                    *out += f64::from(xs[from]) * f64::from(ks[tap]);
                    dx[from] += f64::from(*q) * f64::from(ks[tap]);
                    dw[tap] += f64::from(*q) * f64::from(xs[from]);
                }
            }
        }
        report.note(&format!("{shape:?} y"), relative_error(&values(&y), ys));
        report.note(&format!("{shape:?} dx"), relative_error(&values(gradients.get(&x).unwrap()), dx));
        report.note(&format!("{shape:?} dw"), relative_error(&values(gradients.get(&kernel).unwrap()), dw));
    }
    report.finish("large conv2d");
}

/// Bits of values and gradients of all operations whose work is cut into parts.
fn bits() -> Result<Vec<u32>> {
    let mut out = vec![];
    for (seed, shape) in LARGE.into_iter().enumerate() {
        let ([_, ci, ..], _, k, stride, padding) = shape;
        let (x, kernel) = large(shape, seed as u64);
        let [scale, bias] = [1, 2].map(|s| made(noise(ci, s), &[ci]));
        let (normed, batch) = torch::batch_norm(&x, &scale, &bias, Rectifier::Leaky(0.2).into())?;
        let hidden = torch::conv2d(&normed, &kernel, Window::square(stride, padding))?;
        let back = torch::conv_transpose2d(&hidden, &kernel, Window::square(stride, padding), [0; 2])?;
        let pooled = if k == 1 { back.clone() } else { torch::max_pool2d(&back, hilum_ops::PoolWindow { k: 3, stride: 2, padding: 1 })? };
        let own = torch::turned(&pooled, |p| hilum_ops::instance_norm(p, None, hilum_ops::Divisor::EpsInside(1e-5), Rectifier::Relu.into()))?;
        let soft = hilum_ops::softmax(&hilum_ops::gelu(&own)?)?;
        let loss =
            hilum_ops::bce_with_logits(&pooled, 0.9)?.add(&hidden.square()?.mean()?)?.add(&hilum_ops::tanh(&own)?.mean()?)?.add(&soft.square()?.mean()?)?;
        let weights = [x, kernel, scale, bias];
        let gradients = loss.backward()?;
        out.extend([&batch.mean, &batch.variance].into_iter().flat_map(values));
        out.extend([&hidden, &back, &pooled, &own, &soft, &loss].into_iter().flat_map(values));
        out.extend(weights.iter().flat_map(|w| values(gradients.get(w).unwrap())));
        let adam = Adam { beta1: 0.5, beta2: 0.999, eps: 1e-8, decay: 0.0, decoupled: false };
        let sgd = Sgd { momentum: 0.9, nesterov: true, decay: 1e-3 };
        let mut optimisers = [Optimiser::new(adam, 0.01, weights.to_vec()), Optimiser::new(sgd, 0.1, weights.to_vec())];
        optimisers.iter_mut().try_for_each(|o| o.step(&gradients))?;
        out.extend(weights.iter().flat_map(values));
    }
    Ok(out.into_iter().map(f32::to_bits).collect())
}

#[test]
fn bits_do_not_depend_on_threads() {
    let with = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(bits).unwrap();
    let one = with(1);
    assert!(one.len() > 100_000 && one.iter().all(|b| f32::from_bits(*b).is_finite()));
    for threads in [2, 3, 3] {
        let other = with(threads);
        let differing = one.iter().zip(&other).filter(|(a, b)| a != b).count();
        assert!(one.len() == other.len() && differing == 0, "{differing} of {} values differ between 1 and {threads} threads", one.len());
    }
}
