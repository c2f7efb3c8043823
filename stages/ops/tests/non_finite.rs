//! What becomes of infinities and NaN, against torch (`tests/non_finite.json`, made by `tests/oracle/non_finite.py`),
//! what a norm makes of an outlier, and what is said of batches without an image.

mod torch;

use candle_core::{Result, Tensor};
use hilum_ops::{
    Adadelta, Adam, Affine, ChannelStatistics, CrossEntropy, Divisor, Epilogue, Optimiser, PoolWindow, Rectifier, RmsProp, Rule, Sgd, Shift, Value, Window,
    clip,
};
use serde_json::Value as Json;
use std::sync::LazyLock;
use torch::fixture::device;
use torch::report::values;
use torch::turned;

static FIXTURE: LazyLock<Json> = LazyLock::new(|| serde_json::from_str(include_str!("non_finite.json")).expect("the fixture reads"));

/// Cases of an operation; never empty.
fn cases(operation: &str) -> Vec<Case> {
    let all = FIXTURE[operation].as_array().unwrap_or_else(|| panic!("the fixture has no `{operation}`"));
    assert!(!all.is_empty());
    all.iter().enumerate().map(|(i, json)| Case { name: format!("{operation}.{i}"), json }).collect()
}

struct Case {
    name: String,
    json: &'static Json,
}

impl Case {
    fn list(&self, name: &str) -> Vec<f32> {
        let number = |v: &Json| v.as_f64().or_else(|| v.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{}: {v}", self.name)) as f32;
        self.json[name].as_array().unwrap_or_else(|| panic!("{} has no {name}", self.name)).iter().map(number).collect()
    }
    fn number(&self, at: usize) -> f64 {
        f64::from(self.list("numbers")[at])
    }
    fn wholes(&self) -> Vec<usize> {
        self.list("numbers").into_iter().map(|v| v as usize).collect()
    }
    fn dims(&self) -> Vec<usize> {
        self.json["shape"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect()
    }
    fn tensor(&self, name: &str, dims: &[usize]) -> Tensor {
        Tensor::from_vec(self.list(name), dims, &device()).unwrap()
    }
    /// Finite numbers to five digits, others as they are.
    fn same(&self, name: &str, found: &[f32]) {
        let expected = self.list(name);
        let near = |(a, b): (&f32, &f32)| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-5 * (1.0 + b.abs());
        assert!(found.len() == expected.len() && found.iter().zip(&expected).all(near), "{} {name}: {found:?} instead of {expected:?}", self.name);
    }
}

/// Compares results and gradients of all cases of an operation of x, and of w and b where there are.
fn operation(name: &str, f: impl Fn(&Case, &Value, &[Value]) -> Result<Value>) {
    for case in cases(name) {
        let x = Value::leaf(&case.tensor("x", &case.dims()));
        let names: Vec<&str> = ["w", "b"].into_iter().filter(|n| case.json.get(n).is_some()).collect();
        let dims = |name: &str| if name == "w" && case.name.starts_with("conv") { vec![3, 2, 3, 3] } else { vec![2] };
        let others: Vec<Value> = names.iter().map(|n| Value::leaf(&case.tensor(n, &dims(n)))).collect();
        let y = f(&case, &x, &others).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        case.same("y", &values(&y));
        let gradients = y.mul(&Value::constant(case.tensor("q", y.dims()))).unwrap().sum().unwrap().backward().unwrap();
        for (name, value) in std::iter::once(("dx", &x)).chain(["dw", "db"].into_iter().zip(&others)) {
            case.same(name, &values(gradients.get(value).unwrap_or_else(|| panic!("{}: no {name}", case.name))));
        }
    }
}

#[test]
fn functions_of_infinities_and_nan_are_those_of_torch() {
    operation("relu", |_, x, _| hilum_ops::relu(x));
    operation("leaky_relu", |_, x, _| hilum_ops::leaky_relu(x, 0.2));
    operation("tanh", |_, x, _| hilum_ops::tanh(x));
    operation("sigmoid", |_, x, _| hilum_ops::sigmoid(x));
    operation("softplus", |_, x, _| hilum_ops::softplus(x));
    operation("erf", |_, x, _| x.erf());
    operation("softmax", |_, x, _| hilum_ops::softmax(x));
    operation("exp", |_, x, _| x.exp());
    operation("ln", |_, x, _| x.ln());
    operation("sqrt", |_, x, _| x.sqrt());
    operation("abs", |_, x, _| x.abs());
    operation("reciprocal", |_, x, _| x.reciprocal());
    operation("power", |_, x, _| x.power(1.7));
    operation("masked", |c, x, _| hilum_ops::masked(x, c.list("numbers").iter().map(|k| *k as u8).collect(), 1.25));
}

#[test]
fn losses_of_infinite_logits_are_those_of_torch() {
    operation("bce_with_logits", |c, x, _| hilum_ops::bce_with_logits(x, c.number(0))?.reshape(&[1]));
    operation("squared_error", |_, x, _| hilum_ops::squared_error(x, 1.0));
    let one = Value::constant(Tensor::from_vec(vec![1f32], 1, &device()).unwrap());
    operation("absolute_error", |_, x, _| hilum_ops::absolute_error(x, &one));
    operation("hinge", |_, x, _| hilum_ops::hinge(x, true));
    operation("cross_entropy", |c, x, _| {
        CrossEntropy { class_weights: vec![0.5, 2.0, 1.0], label_smoothing: c.number(0), focal_gamma: c.number(1) }.of(x, &[0, 2])
    });
    assert_eq!(hilum_ops::class_balanced_weights(&[10, 0, 10], 0.999), [1.0, 0.0, 1.0]);
}

fn affine(wb: &[Value]) -> Affine<'_> {
    Affine { weight: &wb[0], bias: &wb[1] }
}

#[test]
fn what_is_not_finite_poisons_its_channel_or_sample_of_a_norm() {
    let usual = Divisor::EpsInside(1e-5);
    for (name, rectifier) in [("batch_norm", Rectifier::Identity), ("batch_norm_relu", Rectifier::Relu)] {
        operation(name, |c, x, wb| {
            let (y, batch) = torch::batch_norm(x, &wb[0], &wb[1], rectifier.into())?;
            c.same("mean", &values(&batch.mean));
            c.same("variance", &values(&batch.variance));
            Ok(y)
        });
    }
    operation("batch_norm_fixed", |c, x, wb| {
        let [mean, variance] = ["mean", "variance"].map(|n| Value::constant(c.tensor(n, &[2])));
        turned(x, |x| hilum_ops::batch_norm_fixed(x, affine(wb), &ChannelStatistics { mean, variance }, 1e-5, Rectifier::Relu.into()))
    });
    operation("instance_norm", |_, x, wb| turned(x, |x| hilum_ops::instance_norm(x, Some(affine(wb)), usual, Epilogue::NONE)));
    operation("layer_norm", |_, x, wb| turned(x, |x| hilum_ops::layer_norm(x, Some(affine(wb)), usual, Epilogue::NONE)));
    operation("keras_norm", |_, x, wb| turned(x, |x| hilum_ops::layer_norm(x, Some(affine(wb)), Divisor::EpsOutside(1e-3), Epilogue::NONE)));
}

#[test]
fn windows_and_samplers_pass_on_what_is_not_finite() {
    operation("max_pool2d", |c, x, _| torch::max_pool2d(x, PoolWindow { k: c.wholes()[0], stride: c.wholes()[1], padding: c.wholes()[2] }));
    operation("avg_pool2d", |c, x, _| {
        let [k, stride, padding] = c.wholes().try_into().unwrap();
        turned(x, |x| hilum_ops::avg_pool2d(x, PoolWindow { k, stride, padding }, true))
    });
    operation("average", |_, x, _| hilum_ops::global_average_pool(&hilum_ops::channels_last(x)?));
    operation("bilinear", |c, x, _| turned(x, |x| hilum_ops::up_sample_bilinear(x, [c.wholes()[0], c.wholes()[1]], c.wholes()[2] == 1)));
    operation("affine", |c, x, _| {
        let theta = [0, 3].map(|row| [0, 1, 2].map(|column| c.number(row + column)));
        turned(x, |x| hilum_ops::affine_grid_sample(x, &[theta], [4, 4]))
    });
    operation("conv2d_relu", |_, x, w| turned(x, |x| hilum_ops::conv2d_then(x, &w[0], Window::square(1, 0), None, Rectifier::Relu)));
}

/// An image that is moved takes its pixels along, and no other one is read for what comes in from behind.
#[test]
fn an_infinite_corner_moves_alone() {
    let image = Tensor::from_vec((0..9).map(|i| if i == 0 { f32::INFINITY } else { i as f32 }).collect(), (1, 3, 3, 1), &device()).unwrap();
    let x = Value::leaf(&image);
    let y = hilum_ops::translate(&x, &[Shift { down: 1, right: 1 }]).unwrap();
    assert_eq!(values(&y), [0.0, 0.0, 0.0, 0.0, f32::INFINITY, 1.0, 0.0, 3.0, 4.0]);
    let gradients = y.mul(&x.detach()).unwrap().sum().unwrap().backward().unwrap();
    assert_eq!(values(gradients.get(&x).unwrap()), [4.0, 5.0, 0.0, 7.0, 8.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn optimisers_hide_no_infinity() {
    let adam = |beta1, decay, decoupled| Rule::from(Adam { beta1, beta2: 0.999, eps: 1e-8, decay, decoupled });
    let sgd = |momentum, nesterov, decay| Rule::from(Sgd { momentum, nesterov, decay });
    for (name, rule, rate) in [
        ("adam", adam(0.9, 0.0, false), 0.1),
        ("adam_decay", adam(0.5, 0.1, false), 0.1),
        ("adamw", adam(0.9, 0.1, true), 0.1),
        ("sgd", sgd(0.0, false, 0.0), 0.1),
        ("momentum", sgd(0.9, false, 0.0), 0.1),
        ("nesterov", sgd(0.9, true, 0.1), 0.1),
        ("adadelta", Adadelta { rho: 0.95, eps: 1e-7 }.into(), 1.0),
        ("rmsprop", RmsProp { alpha: 0.9, eps: 1e-8 }.into(), 0.1),
    ] {
        for case in cases(&format!("optimiser_{name}")) {
            let w = Value::leaf(&case.tensor("x", &[6]));
            let mut optimiser = Optimiser::new(rule, rate, vec![w.clone()]);
            for gradient in case.json["gradients"].as_array().unwrap() {
                let step = Case { name: case.name.clone(), json: Box::leak(Box::new(serde_json::json!({ "g": gradient }))) };
                // The gradient of w · g by w is g.
                optimiser.step(&w.mul(&Value::constant(step.tensor("g", &[6]))).unwrap().sum().unwrap().backward().unwrap()).unwrap();
            }
            case.same("y", &values(&w));
        }
    }
    for case in cases("clip") {
        let w = Value::leaf(&Tensor::zeros(2, candle_core::DType::F32, &device()).unwrap());
        let gradients = w.mul(&Value::constant(case.tensor("x", &[2]))).unwrap().sum().unwrap().backward().unwrap();
        let (clipped, norm) = clip(gradients, 1.0).unwrap();
        case.same("norm", &[norm as f32]);
        case.same("y", &values(clipped.get(&w).unwrap()));
    }
}

/// Wherever it stands: sums of squares are taken from where most numbers are.
#[test]
fn a_norm_keeps_its_digits_beside_an_outlier() {
    for name in ["batch", "instance", "layer"] {
        for case in cases(&format!("outlier_{name}")) {
            let (dims, at) = (case.dims(), case.json["at"].as_u64().unwrap() as usize);
            let mut x: Vec<f32> = (0..dims.iter().product::<usize>()).map(|i| (((i * 7919 % 1013) as f64 - 506.0) / 1e6 + 1e-3) as f32).collect();
            x[at * 3..][..3].fill(1e4);
            let x = Value::constant(Tensor::from_vec(x, dims, &device()).unwrap());
            let usual = Divisor::EpsInside(1e-5);
            let y = match name {
                "batch" => {
                    let ones = Tensor::ones(3, candle_core::DType::F32, &device()).unwrap();
                    let (weight, bias) = (Value::constant(ones.clone()), Value::constant(ones.zeros_like().unwrap()));
                    hilum_ops::batch_norm(&x, Affine { weight: &weight, bias: &bias }, 1e-5, Epilogue::NONE).unwrap().0
                }
                "instance" => hilum_ops::instance_norm(&x, None, usual, Epilogue::NONE).unwrap(),
                _ => hilum_ops::layer_norm(&x, None, usual, Epilogue::NONE).unwrap(),
            };
            let (y, expected) = (values(&y), case.list("y"));
            let places = case.json["places"].as_array().unwrap().iter().flat_map(|p| (0..3).map(|c| p.as_u64().unwrap() as usize * 3 + c));
            for (place, expected) in places.zip(expected) {
                assert!((y[place] / expected - 1.0).abs() < 1e-5, "{}: {} instead of {expected} at {place}", case.name, y[place]);
            }
        }
    }
}

#[test]
fn a_window_of_nothing_is_refused() {
    let images = Value::leaf(&Tensor::zeros(&[1, 4, 4, 3], candle_core::DType::F32, &device()).unwrap());
    let window = PoolWindow { k: 0, stride: 1, padding: 0 };
    for result in [hilum_ops::max_pool2d(&images, window), hilum_ops::avg_pool2d(&images, window, false)] {
        let message = result.unwrap_err().to_string();
        assert!(message.contains("a window of 0 with stride 1 and padding 0 does not fit [1, 4, 4, 3]"), "{message}");
    }
}

#[test]
fn a_batch_of_none_is_refused_by_name() {
    let none = |dims: &[usize]| Value::leaf(&Tensor::zeros(dims, candle_core::DType::F32, &device()).unwrap());
    let (images, logits, c) = (none(&[0, 4, 4, 3]), none(&[0, 5]), none(&[3]));
    let usual = Divisor::EpsInside(1e-5);
    let window = PoolWindow { k: 2, stride: 2, padding: 0 };
    for (name, result) in [
        ("batch_norm of no image: [0, 4, 4, 3]", hilum_ops::batch_norm(&images, Affine { weight: &c, bias: &c }, 1e-5, Epilogue::NONE).map(|n| n.0)),
        ("instance_norm of no image", hilum_ops::instance_norm(&images, None, usual, Epilogue::NONE)),
        ("layer_norm of no image", hilum_ops::layer_norm(&images, None, usual, Epilogue::NONE)),
        ("max_pool2d of no image", hilum_ops::max_pool2d(&images, window)),
        ("avg_pool2d of no image", hilum_ops::avg_pool2d(&images, window, false)),
        ("global_average_pool of no image", hilum_ops::global_average_pool(&images)),
        ("cross_entropy of no logit: [0, 5]", hilum_ops::cross_entropy(&logits, &[])),
        ("bce_with_logits of no logit", hilum_ops::bce_with_logits(&logits, 1.0)),
        ("squared_error of no logit", hilum_ops::squared_error(&logits, 1.0)),
        ("hinge of no logit", hilum_ops::hinge(&logits, true)),
        ("absolute_error of no number", hilum_ops::absolute_error(&logits, &logits)),
        ("mean of no element", logits.mean()),
        ("mean of no element", images.mean_to(&[0, 1, 1, 3])),
        ("mean_probability of no logit", hilum_ops::mean_probability(&logits).map(|_| logits.clone())),
    ] {
        let message = result.expect_err(name).to_string();
        assert!(message.contains(name), "{message}");
    }
}

/// What takes no mean of a batch makes nothing of nothing, and gradients of zero.
#[test]
fn other_operations_pass_a_batch_of_none_on() {
    let none = |dims: &[usize]| Value::leaf(&Tensor::zeros(dims, candle_core::DType::F32, &device()).unwrap());
    let (images, kernel, c) = (none(&[0, 4, 4, 3]), none(&[3, 3, 3, 3]), none(&[3]));
    for stride in [1, 2, 4] {
        let y = hilum_ops::conv2d_then(&images, &kernel, Window::square(stride, 1), Some(&c), Rectifier::Relu).unwrap();
        let up = hilum_ops::conv_transpose2d(&images, &kernel, Window::square(stride, 1), [0; 2]).unwrap();
        let loss = y.sum().unwrap().add(&up.sum().unwrap()).unwrap();
        let gradients = loss.backward().unwrap();
        assert!(loss.scalar().unwrap() == 0.0 && values(gradients.get(&kernel).unwrap()).iter().all(|g| *g == 0.0));
    }
    assert_eq!(hilum_ops::linear(&none(&[0, 3]), &none(&[5, 3]), None).unwrap().dims(), [0, 5]);
    for y in [
        hilum_ops::scale_shift(&images, Some(&c), &c, Rectifier::Relu.into()).unwrap(),
        hilum_ops::up_sample_bilinear(&images, [7, 7], false).unwrap(),
        hilum_ops::reflect_pad(&images, 1).unwrap(),
        hilum_ops::translate(&images, &[]).unwrap(),
        hilum_ops::affine_grid_sample(&images, &[], [4, 4]).unwrap(),
        hilum_ops::softplus(&images).unwrap(),
        images.sum_to(&[0, 1, 1, 3]).unwrap(),
        images.sum_to(&[0, 4, 4, 1]).unwrap(),
        images.square().unwrap(),
    ] {
        assert!(y.dims()[0] == 0 && y.sum().unwrap().backward().unwrap().get(&images).unwrap().elem_count() == 0, "{:?}", y.dims());
    }
}
