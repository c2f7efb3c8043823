//! The operations against torch (`oracle/ops.safetensors`, made by `tests/oracle/ops.py`), against plain loops where maps
//! are too large for a file, and against themselves on other numbers of threads.

mod torch;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use hilum_ops::{Adam, Optimiser, Sgd, Window};
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

const TOLERANCE: f64 = 1e-5;
const SECOND_ORDER: &str = "CANDLE_GRAD_DO_NOT_DETACH";

static FIXTURE: LazyLock<HashMap<String, Tensor>> = LazyLock::new(|| {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/ops.safetensors");
    candle_core::safetensors::load(file, &Device::Cpu).expect("the fixture reads")
});

/// A stored tensor as float32; bytes stand for `(byte − 128) / 64`.
fn stored(name: &str) -> Tensor {
    let tensor = FIXTURE.get(name).unwrap_or_else(|| panic!("the fixture has no `{name}`"));
    match tensor.dtype() {
        DType::U8 => ((tensor.to_dtype(DType::F32).unwrap() - 128.0).unwrap() / 64.0).unwrap(),
        _ => tensor.clone(),
    }
}

fn var(name: &str) -> Var {
    Var::from_tensor(&stored(name)).unwrap()
}

fn values(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

/// `conv2d.0`, `conv2d.1`, … in order; never empty.
fn cases(operation: &str) -> Vec<String> {
    let prefix = format!("{operation}.");
    let numbers: BTreeSet<usize> = FIXTURE.keys().filter_map(|k| k.strip_prefix(&prefix)?.split('.').next()?.parse().ok()).collect();
    assert!(!numbers.is_empty(), "the fixture has no case of `{operation}`");
    numbers.into_iter().map(|n| format!("{prefix}{n}")).collect()
}

fn geometry(case: &str) -> Vec<usize> {
    FIXTURE[&format!("{case}.geometry")].to_vec1::<i64>().unwrap().iter().map(|v| usize::try_from(*v).unwrap()).collect()
}

/// `max|a − b| / max|b|`; what is not a number counts as infinitely wrong.
fn relative_error(found: &[f32], expected: impl IntoIterator<Item = f64>) -> f64 {
    let expected: Vec<f64> = expected.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    let gap = found.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, |m, g| if g.is_nan() { f64::INFINITY } else { g.max(m) });
    if gap == 0.0 { 0.0 } else { gap / expected.iter().fold(0.0, |m, b| b.abs().max(m)) }
}

/// Collects errors, so that one run names all that are too large.
struct Report {
    tolerance: f64,
    worst: (f64, String),
    wrong: Vec<String>,
}

impl Report {
    fn new(tolerance: f64) -> Self {
        Report { tolerance, worst: (0.0, "all".to_owned()), wrong: vec![] }
    }
    fn note(&mut self, name: &str, error: f64) {
        if error > self.worst.0 {
            self.worst = (error, name.to_owned());
        }
        if error.is_nan() || error > self.tolerance {
            self.wrong.push(format!("{name}: {error:.2e}"));
        }
    }
    fn compare(&mut self, found: &Tensor, name: &str) {
        let expected = stored(name);
        assert_eq!(found.dims(), expected.dims(), "{name}");
        self.note(name, relative_error(&values(found), values(&expected).into_iter().map(f64::from)));
    }
    /// Compares `y` and the gradients of `sum(y · q)` by `inputs`.
    fn compare_all(&mut self, case: &str, y: &Tensor, inputs: &[(&str, &Var)]) {
        self.compare(y, &format!("{case}.y"));
        let gradients = (y * stored(&format!("{case}.q"))).unwrap().sum_all().unwrap().backward().unwrap();
        self.compare_gradients(case, &gradients, inputs);
    }
    fn compare_gradients(&mut self, case: &str, gradients: &GradStore, inputs: &[(&str, &Var)]) {
        for (name, input) in inputs {
            self.compare(gradients.get(input).unwrap_or_else(|| panic!("{case}: no gradient by {name}")), &format!("{case}.d{name}"));
        }
    }
    fn finish(self, what: &str) {
        println!("{what}: largest relative error {:.2e} ({})", self.worst.0, self.worst.1);
        assert!(self.wrong.is_empty(), "{what}: above {:e}: {:#?}", self.tolerance, self.wrong);
    }
}

#[test]
fn convolutions_match_torch() {
    let mut report = Report::new(TOLERANCE);
    for case in cases("conv2d") {
        let (x, w, g) = (var(&format!("{case}.x")), var(&format!("{case}.w")), geometry(&case));
        report.compare_all(&case, &torch::conv2d(&x, &w, Window::square(g[0], g[1])).unwrap(), &[("x", &x), ("w", &w)]);
    }
    report.finish("conv2d");
    let mut report = Report::new(TOLERANCE);
    for case in cases("conv_transpose2d") {
        let (x, w, g) = (var(&format!("{case}.x")), var(&format!("{case}.w")), geometry(&case));
        report.compare_all(&case, &torch::conv_transpose2d(&x, &w, Window::square(g[0], g[1]), g[2]).unwrap(), &[("x", &x), ("w", &w)]);
    }
    report.finish("conv_transpose2d");
}

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

fn large(shape: Shape, seed: u64) -> (Var, Var) {
    let ([n, ci, h, w], co, k, ..) = shape;
    let make = |dims: [usize; 4], seed| Var::from_vec(noise(dims.iter().product(), seed), &dims[..], &Device::Cpu).unwrap();
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
        let loss = (&y * Tensor::from_slice(&q, y.shape(), &Device::Cpu).unwrap()).unwrap().sum_all().unwrap();
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

#[test]
fn pools_and_activations_match_torch() {
    let mut report = Report::new(TOLERANCE);
    for case in cases("max_pool2d") {
        let (x, g) = (var(&format!("{case}.x")), geometry(&case));
        let y = torch::max_pool2d(&x, g[0], g[1], g[2]).unwrap();
        assert_eq!(values(&y), values(&stored(&format!("{case}.y"))), "{case}: a maximum is exact");
        report.compare_all(&case, &y, &[("x", &x)]);
    }
    for case in cases("average") {
        let x = var(&format!("{case}.x"));
        report.compare_all(&case, &torch::global_average_pool(&x).unwrap(), &[("x", &x)]);
    }
    for case in cases("leaky_relu") {
        let x = var(&format!("{case}.x"));
        let slope = f64::from(values(&stored(&format!("{case}.slope")))[0]);
        report.compare_all(&case, &hilum_ops::leaky_relu(&x, slope).unwrap(), &[("x", &x)]);
        if slope == 0.0 {
            report.compare_all(&case, &hilum_ops::relu(&x).unwrap(), &[("x", &x)]);
        }
    }
    report.finish("pools and activations");
}

#[test]
fn up_sampling_adds_to_other_uses_of_its_input() {
    let mut report = Report::new(TOLERANCE);
    let x = var("up.0.x");
    let y = torch::up_sample_nearest(&x, 2).unwrap();
    report.compare(&y, "up.0.y");
    let product = |a: &Tensor, q: &str| (a * stored(q)).unwrap().sum_all().unwrap();
    // Both orders: the gradient that comes second must not replace the first.
    let (up, plain) = (product(&y, "up.0.up_q"), product(&x, "up.0.x_q"));
    for loss in [(&up + &plain).unwrap(), (&plain + &up).unwrap()] {
        report.compare(loss.backward().unwrap().get(&x).unwrap(), "up.0.dx");
    }
    let sums = (y.sum_all().unwrap() + x.sum_all().unwrap()).unwrap();
    report.compare(sums.backward().unwrap().get(&x).unwrap(), "up.0.dx_of_sums");
    report.finish("up-sampling");
}

#[test]
fn batch_norm_matches_torch() {
    let mut report = Report::new(TOLERANCE);
    let inputs = |case: &str| ["x", "w", "b"].map(|n| var(&format!("{case}.{n}")));
    for case in cases("batch_norm") {
        let [x, w, b] = inputs(&case);
        let (y, batch) = torch::batch_norm(&x, &w, &b).unwrap();
        report.compare(&batch.mean, &format!("{case}.mean"));
        report.compare(&batch.variance, &format!("{case}.variance"));
        report.compare_all(&case, &y, &[("x", &x), ("w", &w), ("b", &b)]);
    }
    for case in cases("batch_norm_fixed") {
        let [x, w, b] = inputs(&case);
        let (mean, variance) = (stored(&format!("{case}.mean")), stored(&format!("{case}.variance")));
        let y = torch::batch_norm_fixed(&x, &w, &b, &mean, &variance).unwrap();
        report.compare_all(&case, &y, &[("x", &x), ("w", &w), ("b", &b)]);
    }
    report.finish("batch norm");
}

fn bce(kind: &str, report: &mut Report, value_within: Option<f64>) {
    for case in cases(&format!("bce_{kind}")) {
        let (x, loss) = (var(&format!("{case}.x")), format!("{case}.loss"));
        let found = hilum_ops::bce_with_logits(&x, f64::from(values(&stored(&format!("{case}.target")))[0])).unwrap();
        match value_within {
            None => report.compare(&found, &loss),
            Some(gap) => assert!((values(&found)[0] - values(&stored(&loss))[0]).abs() <= gap as f32, "{case}: {found} for {}", stored(&loss)),
        }
        report.compare_gradients(&case, &found.backward().unwrap(), &[("x", &x)]);
    }
}

#[test]
fn losses_match_torch() {
    let mut report = Report::new(TOLERANCE);
    bce("usual", &mut report, None);
    for case in cases("cross_entropy") {
        let x = var(&format!("{case}.x"));
        let targets = FIXTURE[&format!("{case}.targets")].to_dtype(DType::U32).unwrap();
        let loss = hilum_ops::cross_entropy(&x, &targets).unwrap();
        report.compare(&loss, &format!("{case}.loss"));
        report.compare_gradients(&case, &loss.backward().unwrap(), &[("x", &x)]);
    }
    report.finish("losses");
}

#[test]
fn bce_gradient_is_right_at_a_logit_of_zero() {
    let mut report = Report::new(TOLERANCE);
    bce("zero", &mut report, None);
    report.finish("bce at zero");
}

#[test]
fn bce_of_confident_logits_is_right_to_float32() {
    // 1 − sigmoid(10) keeps few digits in float32, in torch too: the gradient is compared as far as it has any.
    let mut report = Report::new(2e-3);
    bce("confident", &mut report, Some(1e-7));
    report.finish("bce of confident logits");
}

#[test]
fn optimisers_match_torch() {
    let mut report = Report::new(1e-6);
    let (x, y) = (stored("optimiser.x"), stored("optimiser.y"));
    for kind in ["adam5", "adam9", "nesterov", "momentum"] {
        let p = ["a", "b", "c"].map(|n| var(&format!("optimiser.{n}")));
        let mut optimiser: Box<dyn Optimiser> = match kind {
            "adam5" => Box::new(Adam::new(p.to_vec(), 0.01, 0.5, 0.999, 1e-8)),
            "adam9" => Box::new(Adam::new(p.to_vec(), 0.01, 0.9, 0.999, 1e-8)),
            "nesterov" => Box::new(Sgd::new(p.to_vec(), 0.01, 0.9, true, 0.0)),
            _ => Box::new(Sgd::new(p.to_vec(), 0.01, 0.9, false, 0.05)),
        };
        for step in 1..=50 {
            let loss = || -> Result<Tensor> { x.matmul(&p[0])?.tanh()?.matmul(&p[1])?.broadcast_add(&p[2])?.sub(&y)?.sqr()?.mean_all() };
            optimiser.step(&loss().unwrap().backward().unwrap()).unwrap();
            if step == 1 || step == 50 {
                p.iter().zip(["a", "b", "c"]).for_each(|(p, n)| report.compare(p, &format!("{kind}.{step}.{n}")));
            }
        }
    }
    report.finish("optimisers");
}

/// True in a child process that tracks gradients of gradients. Candle reads the variable once per thread, before its
/// first backward, so a test that needs it runs itself again with the variable set and asserts that the child passed.
fn child_with_second_order(test: &str) -> bool {
    if std::env::var(SECOND_ORDER).is_ok_and(|v| v == "1") {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let child = std::process::Command::new(program).args(["--exact", test, "--nocapture", "--test-threads=1"]).env(SECOND_ORDER, "1").output().unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    println!("{said}");
    let complaint = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && said.contains("1 passed"), "with {SECOND_ORDER}=1, {test} failed:\n{said}\n{complaint}");
    false
}

#[test]
fn second_order_matches_torch() {
    if !child_with_second_order("second_order_matches_torch") {
        return; // asserted on the child
    }
    let mut report = Report::new(TOLERANCE);
    let [x, w1, w2, w3] = ["x", "w1", "w2", "w3"].map(|n| var(&format!("second.{n}")));
    let all = [("x", &x), ("w1", &w1), ("w2", &w2), ("w3", &w3)];
    let network = || -> Result<Tensor> {
        let y = hilum_ops::leaky_relu(&torch::conv2d(&x, &w1, Window::square(2, 1))?, 0.2)?;
        let y = hilum_ops::leaky_relu(&torch::conv_transpose2d(&y, &w2, Window::square(2, 1), 0)?, 0.2)?;
        torch::conv2d(&y, &w3, Window::square(1, 0))
    };
    let first = network().unwrap().sum_all().unwrap().backward().unwrap();
    let r1 = first.get(&x).unwrap().sqr().unwrap().sum_all().unwrap();
    report.compare(&r1, "second.r1");
    report.compare_gradients("second.r1", &r1.backward().unwrap(), &all[1..]);
    let first = (network().unwrap().sqr().unwrap().sum_all().unwrap() / 1000.0).unwrap().backward().unwrap();
    let squares = all.map(|(_, v)| first.get(v).unwrap().sqr().unwrap().sum_all().unwrap());
    let penalty = squares.into_iter().reduce(|a, b| (a + b).unwrap()).unwrap();
    report.compare(&penalty, "second.all");
    report.compare_gradients("second.all", &penalty.backward().unwrap(), &all);
    report.finish("second order");
}

#[test]
fn batch_norm_and_max_pool_refuse_second_order() {
    // In the parent without tracking, in the child with it; a gradient that is a constant may not be asked for either.
    let tracked = child_with_second_order("batch_norm_and_max_pool_refuse_second_order");
    let [x, w, b] = ["x", "w", "b"].map(|n| var(&format!("batch_norm.0.{n}")));
    // Not by way of torch's order: where nothing is tracked, a gradient that went through another operation is a constant.
    let x = Var::from_tensor(&hilum_ops::channels_last(&x).unwrap()).unwrap();
    let norm = hilum_ops::batch_norm(&x, &w, &b, 1e-5).unwrap().0.sqr().unwrap().sum_all().unwrap();
    let first = norm.backward().unwrap();
    for by in [&x, &w, &b] {
        let penalty = first.get(by).unwrap().sqr().unwrap().sum_all().unwrap();
        let error = penalty.backward().expect_err("second order of batch norm is refused").to_string();
        assert!(error.contains("batch-norm-gradient"), "{error}");
    }
    if tracked {
        let x = var("max_pool2d.0.x");
        let first = torch::max_pool2d(&x, 2, 2, 0).unwrap().sqr().unwrap().sum_all().unwrap().backward().unwrap();
        let penalty = first.get(&x).unwrap().sqr().unwrap().sum_all().unwrap();
        assert!(penalty.backward().is_err(), "second order of max-pooling is refused");
    }
}

/// Bits of values and gradients of all operations whose work is cut into parts.
fn bits() -> Result<Vec<u32>> {
    let mut out = vec![];
    for (seed, shape) in LARGE.into_iter().enumerate() {
        let ([_, ci, ..], _, k, stride, padding) = shape;
        let (x, kernel) = large(shape, seed as u64);
        let [scale, bias] = [1, 2].map(|s| Var::from_vec(noise(ci, s), ci, &Device::Cpu).unwrap());
        let (normed, batch) = torch::batch_norm(&x, &scale, &bias)?;
        let hidden = torch::conv2d(&hilum_ops::leaky_relu(&normed, 0.2)?, &kernel, Window::square(stride, padding))?;
        let back = torch::conv_transpose2d(&hidden, &kernel, Window::square(stride, padding), 0)?;
        let pooled = if k == 1 { back.clone() } else { torch::max_pool2d(&back, 3, 2, 1)? };
        let loss = (hilum_ops::bce_with_logits(&pooled, 0.9)? + hidden.sqr()?.mean_all()?)?;
        let weights = [x, kernel, scale, bias];
        let gradients = loss.backward()?;
        out.extend([&batch.mean, &batch.variance, &hidden, &back, &pooled, &loss].into_iter().flat_map(values));
        out.extend(weights.iter().flat_map(|w| values(gradients.get(w).unwrap())));
        let mut optimisers: [Box<dyn Optimiser>; 2] =
            [Box::new(Adam::new(weights.to_vec(), 0.01, 0.5, 0.999, 1e-8)), Box::new(Sgd::new(weights.to_vec(), 0.1, 0.9, true, 1e-3))];
        optimisers.iter_mut().try_for_each(|o| o.step(&gradients))?;
        out.extend(weights.iter().flat_map(|w| values(w)));
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
