//! The operations against torch (`oracle/ops.safetensors`, made by `tests/oracle/ops.py`), operation by operation.

mod torch;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use hilum_ops::{Adam, Optimiser, Sgd, Window};
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;
use torch::report::{Report, relative_error, values};

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

/// Comparisons with the fixture.
trait Fixture {
    fn compare(&mut self, found: &Tensor, name: &str);
    fn compare_all(&mut self, case: &str, y: &Tensor, inputs: &[(&str, &Var)]);
    fn compare_gradients(&mut self, case: &str, gradients: &GradStore, inputs: &[(&str, &Var)]);
}

impl Fixture for Report {
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
        report.compare_all(&case, &torch::conv_transpose2d(&x, &w, Window::square(g[0], g[1]), [g[2]; 2]).unwrap(), &[("x", &x), ("w", &w)]);
    }
    report.finish("conv_transpose2d");
}

#[test]
fn oblong_dilated_and_grouped_convolutions_match_torch() {
    for operation in ["window", "window_transposed"] {
        let mut report = Report::new(TOLERANCE);
        for case in cases(operation) {
            let (x, w, g) = (var(&format!("{case}.x")), var(&format!("{case}.w")), geometry(&case));
            let window = Window { stride: [g[0], g[1]], padding: [g[2], g[3]], dilation: [g[4], g[5]], groups: g[6] };
            let y = if operation == "window" { torch::conv2d(&x, &w, window) } else { torch::conv_transpose2d(&x, &w, window, [g[7], g[8]]) };
            report.compare_all(&case, &y.unwrap(), &[("x", &x), ("w", &w)]);
        }
        report.finish(operation);
    }
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
        let y = hilum_ops::leaky_relu(&torch::conv_transpose2d(&y, &w2, Window::square(2, 1), [0; 2])?, 0.2)?;
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
