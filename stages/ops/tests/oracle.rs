//! The operations against torch (`tests/oracle/*.safetensors`, made by `tests/oracle/ops.py`), operation by operation:
//! results, gradients, and gradients of gradients where they are claimed.
#![allow(clippy::disallowed_methods)] // inputs need not be the same on every machine

mod torch;

use candle_core::{Result, Tensor};
use hilum_ops::{
    Adadelta, Adam, Affine, ChannelStatistics, CrossEntropy, Divisor, Epilogue, FirWindow, Group, Margins, Optimiser, PoolWindow, Rectifier, RmsProp, Rule,
    Sgd, Value, Window, channels_last, clip,
};
use torch::fixture::{Case, cases, leaf, operation, stored};
use torch::report::{Report, numbers, values};
use torch::turned;

const TOLERANCE: f64 = 1e-5;

#[test]
fn convolutions() {
    operation("conv2d", TOLERANCE, |c| torch::conv2d(&c.at("x"), &c.at("w"), Window::square(c.geometry()[0], c.geometry()[1])));
    operation("conv_transpose2d", TOLERANCE, |c| {
        let g = c.geometry();
        torch::conv_transpose2d(&c.at("x"), &c.at("w"), Window::square(g[0], g[1]), [g[2]; 2])
    });
}

#[test]
fn oblong_dilated_and_grouped_convolutions() {
    let window = |g: &[usize]| Window { stride: [g[0], g[1]], padding: [g[2], g[3]], dilation: [g[4], g[5]], groups: g[6] };
    operation("window", TOLERANCE, |c| torch::conv2d(&c.at("x"), &c.at("w"), window(&c.geometry())));
    operation("window_transposed", TOLERANCE, |c| {
        let g = c.geometry();
        torch::conv_transpose2d(&c.at("x"), &c.at("w"), window(&g), [g[7], g[8]])
    });
}

/// One pass over memory gives what two give, bit for bit, and the same gradients.
#[test]
fn a_bias_and_a_rectifier_within_a_convolution() {
    let mut report = Report::new(TOLERANCE);
    for (operation, transposed) in [("window", false), ("window_transposed", true)] {
        for (i, case) in cases(operation).iter().enumerate() {
            let (x, w, g) = (channels_last(&case.at("x")).unwrap().to_leaf(), case.at("w"), case.geometry());
            let window = Window { stride: [g[0], g[1]], padding: [g[2], g[3]], dilation: [g[4], g[5]], groups: g[6] };
            let channels = case.stored("y").dims()[1];
            let bias = Value::leaf(&Tensor::from_vec((0..channels).map(|c| c as f32 / 7.0 - 0.4).collect(), channels, w.device()).unwrap());
            let rectifier = [Rectifier::Identity, Rectifier::Relu, Rectifier::Leaky(0.2)][i % 3];
            let (apart, together) = match transposed {
                false => (hilum_ops::conv2d(&x, &w, window), hilum_ops::conv2d_then(&x, &w, window, Some(&bias), rectifier)),
                true => (
                    hilum_ops::conv_transpose2d(&x, &w, window, [g[7], g[8]]),
                    hilum_ops::conv_transpose2d_then(&x, &w, window, [g[7], g[8]], Some(&bias), rectifier),
                ),
            };
            let (apart, together) = (hilum_ops::scale_shift(&apart.unwrap(), None, &bias, rectifier.into()).unwrap(), together.unwrap());
            assert_eq!(values(&apart), values(&together), "{}", case.name);
            let [a, b] = [apart, together].map(|y| y.square().unwrap().sum().unwrap().backward().unwrap());
            for (name, v) in [("x", &x), ("w", &w), ("b", &bias)] {
                let expected = values(a.get(v).unwrap()).into_iter().map(f64::from);
                report.note(&format!("{} {name}", case.name), torch::report::relative_error(&values(b.get(v).unwrap()), expected));
            }
        }
    }
    report.finish("convolutions with what follows");
}

#[test]
fn pools() {
    operation("max_pool2d", 0.0, |c| {
        let g = c.geometry();
        torch::max_pool2d(&c.at("x"), PoolWindow { k: g[0], stride: g[1], padding: g[2] })
    });
    operation("avg_pool2d", TOLERANCE, |c| {
        let g = c.geometry();
        turned(&c.at("x"), |x| hilum_ops::avg_pool2d(x, PoolWindow { k: g[0], stride: g[1], padding: g[2] }, g[3] == 1))
    });
    operation("average", TOLERANCE, |c| hilum_ops::global_average_pool(&channels_last(&c.at("x"))?));
}

#[test]
fn resampling() {
    operation("nearest", TOLERANCE, |c| turned(&c.at("x"), |x| hilum_ops::up_sample_nearest(x, c.geometry()[0])));
    operation("bilinear", TOLERANCE, |c| {
        let g = c.geometry();
        turned(&c.at("x"), |x| hilum_ops::up_sample_bilinear(x, [g[0], g[1]], g[2] == 1))
    });
    operation("reflect", TOLERANCE, |c| turned(&c.at("x"), |x| hilum_ops::reflect_pad(x, c.geometry()[0])));
    operation("zero_pad", TOLERANCE, |c| turned(&c.at("x"), |x| hilum_ops::zero_pad(x, margins(&c.geometry()))));
    operation("upfirdn", TOLERANCE, |c| {
        let (g, n) = (c.geometry(), c.numbers());
        let filter: Vec<f32> = n[2..].iter().map(|f| *f as f32).collect();
        turned(&c.at("x"), |x| hilum_ops::upfirdn(x, &filter, FirWindow { up: g[0], down: g[1], before: n[0] as isize, after: n[1] as isize }))
    });
    operation("affine", TOLERANCE, |c| {
        let (g, theta) = (c.geometry(), c.numbers());
        let theta: Vec<[[f64; 3]; 2]> = theta.chunks_exact(6).map(|t| [[t[0], t[1], t[2]], [t[3], t[4], t[5]]]).collect();
        turned(&c.at("x"), |x| hilum_ops::affine_grid_sample(x, &theta, [g[0], g[1]]))
    });
}

#[test]
fn element_wise_functions() {
    operation("leaky_relu", TOLERANCE, |c| match c.numbers()[0] {
        0.0 => hilum_ops::relu(&c.at("x")),
        slope => hilum_ops::leaky_relu(&c.at("x"), slope),
    });
    operation("tanh", TOLERANCE, |c| hilum_ops::tanh(&c.at("x")));
    operation("sigmoid", TOLERANCE, |c| hilum_ops::sigmoid(&c.at("x")));
    operation("softplus", TOLERANCE, |c| hilum_ops::softplus(&c.at("x")));
    operation("erf", TOLERANCE, |c| c.at("x").erf());
    operation("gelu", TOLERANCE, |c| hilum_ops::gelu(&c.at("x")));
    operation("softmax", TOLERANCE, |c| hilum_ops::softmax(&c.at("x")));
    operation("exp", TOLERANCE, |c| c.at("x").exp());
    operation("ln", TOLERANCE, |c| c.at("x").ln());
    operation("sqrt", TOLERANCE, |c| c.at("x").sqrt());
    operation("abs", TOLERANCE, |c| c.at("x").abs());
    operation("reciprocal", TOLERANCE, |c| c.at("x").reciprocal());
    operation("power", TOLERANCE, |c| c.at("x").power(1.7));
    for (name, f) in [("add", Value::add as fn(&Value, &Value) -> Result<Value>), ("sub", Value::sub), ("mul", Value::mul), ("div", Value::div)] {
        operation(name, TOLERANCE, |c| f(&c.at("x"), &c.at("w")));
    }
}

fn fixed(c: &Case, eps: f64, epilogue: Epilogue) -> Result<Value> {
    let (w, b) = (c.at("w"), c.at("b"));
    let [mean, variance] = ["mean", "variance"].map(|name| Value::constant(c.stored(name)));
    let affine = Affine { weight: &w, bias: &b };
    turned(&c.at("x"), |x| hilum_ops::batch_norm_fixed(x, affine, &ChannelStatistics { mean, variance }, eps, epilogue))
}

/// Rows before and after, columns before and after, as the fixture has them.
fn margins(g: &[usize]) -> Margins {
    Margins { top: g[0], bottom: g[1], left: g[2], right: g[3] }
}

#[test]
fn norms() {
    const RELU: Epilogue = Epilogue { add: None, rectifier: Rectifier::Relu };
    let wb = |c: &Case| (c.at("w"), c.at("b"));
    operation("batch_norm", TOLERANCE, |c| {
        let (y, batch) = torch::batch_norm(&c.at("x"), &c.at("w"), &c.at("b"), Epilogue::NONE)?;
        for (found, name) in [(batch.mean, "mean"), (batch.variance, "variance")] {
            let error = torch::report::relative_error(&values(&found), numbers(&c.stored(name)).into_iter().map(f64::from));
            assert!(error <= TOLERANCE, "{name}: {error}");
        }
        Ok(y)
    });
    operation("batch_norm_leaky", TOLERANCE, |c| Ok(torch::batch_norm(&c.at("x"), &c.at("w"), &c.at("b"), Rectifier::Leaky(0.2).into())?.0));
    operation("batch_norm_add_relu", TOLERANCE, |c| {
        let add = channels_last(&c.at("add"))?;
        Ok(torch::batch_norm(&c.at("x"), &c.at("w"), &c.at("b"), Epilogue { add: Some(&add), rectifier: Rectifier::Relu })?.0)
    });
    // An image that is 300 deviations bright: the input itself has but three digits left.
    operation("batch_norm_far", 3e-5, |c| Ok(torch::batch_norm(&c.at("x"), &c.at("w"), &c.at("b"), Epilogue::NONE)?.0));
    operation("batch_norm_fixed", TOLERANCE, |c| fixed(c, 1e-5, Epilogue::NONE));
    operation("batch_norm_fixed_add_relu", TOLERANCE, |c| fixed(c, 1e-3, Epilogue { add: Some(&channels_last(&c.at("add"))?), ..RELU }));
    let usual = Divisor::EpsInside(1e-5);
    operation("instance_norm", TOLERANCE, |c| {
        turned(&c.at("x"), |x| hilum_ops::instance_norm(x, Some(Affine { weight: &wb(c).0, bias: &wb(c).1 }), usual, Epilogue::NONE))
    });
    operation("instance_norm_plain", TOLERANCE, |c| turned(&c.at("x"), |x| hilum_ops::instance_norm(x, None, usual, RELU)));
    operation("layer_norm", TOLERANCE, |c| {
        turned(&c.at("x"), |x| hilum_ops::layer_norm(x, Some(Affine { weight: &wb(c).0, bias: &wb(c).1 }), usual, Epilogue::NONE))
    });
    operation("keras_norm", TOLERANCE, |c| {
        turned(&c.at("x"), |x| hilum_ops::layer_norm(x, Some(Affine { weight: &wb(c).0, bias: &wb(c).1 }), Divisor::EpsOutside(1e-3), Epilogue::NONE))
    });
    operation("bias", TOLERANCE, |c| turned(&c.at("x"), |x| hilum_ops::scale_shift(x, None, &c.at("b"), Epilogue::NONE)));
    operation("bias_leaky", TOLERANCE, |c| turned(&c.at("x"), |x| hilum_ops::scale_shift(x, None, &c.at("b"), Rectifier::Leaky(0.2).into())));
    operation("linear", TOLERANCE, |c| hilum_ops::linear(&c.at("x"), &c.at("w"), Some(&c.at("b"))));
}

/// Both uses of a value count, in either order: candle's own up-sampling overwrites the gradient that comes first.
#[test]
fn gradients_of_several_uses_add_up() {
    let x = leaf("nearest.0.x");
    let up = hilum_ops::up_sample_nearest(&x, 2).unwrap().sum().unwrap();
    for loss in [up.add(&x.sum().unwrap()).unwrap(), x.sum().unwrap().add(&hilum_ops::up_sample_nearest(&x, 2).unwrap().sum().unwrap()).unwrap()] {
        assert!(values(loss.backward().unwrap().get(&x).unwrap()).iter().all(|g| *g == 5.0));
    }
}

#[test]
fn losses() {
    let bce = |prefix: &str, tolerance: f64, value_within: Option<f64>| {
        let mut report = Report::new(tolerance);
        for case in cases(&format!("bce_{prefix}")) {
            let found = hilum_ops::bce_with_logits(&case.at("x"), f64::from(numbers(&case.stored("target"))[0])).unwrap();
            match value_within {
                None => report.compare(&found, &format!("{}.loss", case.name)),
                Some(gap) => assert!((values(&found)[0] - numbers(&case.stored("loss"))[0]).abs() <= gap as f32, "{}", case.name),
            }
            report.compare(found.backward().unwrap().get(&case.at("x")).unwrap(), &format!("{}.dx", case.name));
        }
        report.finish(prefix);
    };
    bce("usual", TOLERANCE, None);
    bce("zero", TOLERANCE, None);
    // 1 − sigmoid(10) keeps few digits in float32, in torch too: the gradient is compared as far as it has any.
    bce("confident", 2e-3, Some(1e-7));
    operation("cross_entropy", TOLERANCE, |c| {
        let n = c.numbers();
        let loss = CrossEntropy { class_weights: n[2..].to_vec(), label_smoothing: n[0], focal_gamma: n[1] };
        let targets: Vec<u32> = c.stored("targets").to_vec1::<i64>().unwrap().iter().map(|t| *t as u32).collect();
        loss.of(&c.at("x"), &targets)
    });
    operation("squared", TOLERANCE, |c| hilum_ops::squared_error(&c.at("x"), c.numbers()[0]));
    operation("hinge", TOLERANCE, |c| hilum_ops::hinge(&c.at("x"), c.numbers()[0] == 1.0));
    operation("absolute", TOLERANCE, |c| hilum_ops::absolute_error(&c.at("x"), &c.at("w")));
}

fn optimiser(kind: &str, p: &[Value]) -> Optimiser {
    let adam = |beta1, beta2, eps, decay, decoupled| Rule::from(Adam { beta1, beta2, eps, decay, decoupled });
    let sgd = |momentum, nesterov, decay| Rule::from(Sgd { momentum, nesterov, decay });
    let (rule, rate) = match kind {
        "adam5" => (adam(0.5, 0.999, 1e-8, 0.0, false), 0.01),
        "adam9" => (adam(0.9, 0.999, 1e-8, 0.0, false), 0.01),
        "adam_decay" => (adam(0.0, 0.99, 1e-7, 0.03, false), 0.01),
        "adamw" => (adam(0.9, 0.999, 1e-8, 0.1, true), 0.01),
        "nesterov" => (sgd(0.9, true, 0.0), 0.01),
        "momentum" => (sgd(0.9, false, 0.05), 0.01),
        "sgd" => (sgd(0.0, false, 0.01), 0.05),
        "clipped" => (sgd(0.0, false, 0.0), 0.1),
        "adadelta" => (Adadelta { rho: 0.95, eps: 1e-7 }.into(), 1.0),
        "rmsprop" => (RmsProp { alpha: 0.9, eps: 1e-8 }.into(), 0.001),
        "rmsprop_torch" => (RmsProp { alpha: 0.99, eps: 1e-8 }.into(), 0.001),
        "groups" => {
            let groups = [0.1, 0.0, 1.0].into_iter().zip(p).map(|(rate, w)| Group { weights: vec![w.clone()], rate });
            return Optimiser::grouped(adam(0.9, 0.999, 1e-8, 0.0, false), 0.01, groups.collect());
        }
        _ => unreachable!("{kind}"),
    };
    Optimiser::new(rule, rate, p.to_vec())
}

const OPTIMISERS: [&str; 12] =
    ["adam5", "adam9", "adam_decay", "adamw", "nesterov", "momentum", "sgd", "clipped", "adadelta", "rmsprop", "rmsprop_torch", "groups"];

/// The mean square of `tanh(x·a)·b + c − y`.
fn regression(p: &[Value]) -> Result<Value> {
    let (x, y) = (Value::constant(stored("optimiser.x")), Value::constant(stored("optimiser.y")));
    let product = |x: &Value, w: &Value| hilum_ops::linear(x, &w.permute(&[1, 0])?, None);
    product(&hilum_ops::tanh(&product(&x, &p[0])?)?, &p[1])?.add(&p[2])?.sub(&y)?.square()?.mean()
}

#[test]
fn optimisers() {
    for kind in OPTIMISERS {
        let mut report = Report::new(1e-6);
        let p = ["a", "b", "c"].map(|n| Value::leaf(&stored(&format!("optimiser.{n}")).copy().unwrap()));
        let mut optimiser = optimiser(kind, &p);
        for step in 1..=50 {
            let mut gradients = regression(&p).unwrap().backward().unwrap();
            if kind == "clipped" {
                let (clipped, norm) = clip(gradients, 0.5).unwrap();
                if step == 1 {
                    report.note("norm", (norm / f64::from(numbers(&stored("clipped.1.norm"))[0]) - 1.0).abs());
                }
                gradients = clipped;
            }
            optimiser.step(&gradients).unwrap();
            if step == 1 || step == 50 {
                p.iter().zip(["a", "b", "c"]).for_each(|(p, n)| report.compare(p, &format!("{kind}.{step}.{n}")));
            }
        }
        report.finish(kind);
    }
}

/// The second sample begins where no vector does.
#[test]
fn a_part_of_a_batch_is_convolved_as_itself() {
    let values = |n: usize| (0..n).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<f32>>();
    let tensor = |values: Vec<f32>, dims: &[usize]| Value::leaf(&Tensor::from_vec(values, dims, &torch::fixture::device()).unwrap());
    let (both, w) = (tensor(values(90), &[2, 5, 3, 3]), tensor(values(108), &[4, 3, 3, 3]));
    let alone = tensor(values(90)[45..].to_vec(), &[1, 5, 3, 3]);
    let convolved = |x: &Value| torch::report::values(&hilum_ops::conv2d(x, &w, Window::square(1, 1)).unwrap());
    assert_eq!(convolved(&both.narrow(0, 1, 1).unwrap()), convolved(&alone));
}

#[test]
fn a_momentum_that_begins_later_is_remembered() {
    let w = Value::leaf(&Tensor::new(0f32, &torch::fixture::device()).unwrap());
    let mut sgd = Optimiser::new(Sgd { momentum: 0.0, nesterov: false, decay: 0.0 }, 1.0, vec![w.clone()]);
    let mut step = |momentum: f64| {
        sgd.set_momentum(momentum);
        sgd.step(&w.scale(2.0).unwrap().backward().unwrap()).unwrap();
        w.scalar().unwrap()
    };
    assert_eq!([0.0, 0.5, 0.5].map(&mut step), [-2.0, -4.0, -7.0]);
    // One that begins without a momentum takes up what was remembered.
    let mut other = Optimiser::new(Sgd { momentum: 0.0, nesterov: false, decay: 0.0 }, 1.0, vec![w.clone()]);
    other.restore(sgd.steps(), sgd.state().unwrap()).unwrap();
    other.set_momentum(0.5);
    other.step(&w.scale(2.0).unwrap().backward().unwrap()).unwrap();
    assert_eq!(w.scalar().unwrap(), -10.5);
}

#[test]
fn an_optimiser_goes_on_where_another_stopped() {
    for kind in OPTIMISERS {
        let start = || ["a", "b", "c"].map(|n| Value::leaf(&stored(&format!("optimiser.{n}")).copy().unwrap()));
        let steps = |p: &[Value], o: &mut Optimiser, n: usize| (0..n).for_each(|_| o.step(&regression(p).unwrap().backward().unwrap()).unwrap());
        let whole = start();
        let mut one = optimiser(kind, &whole);
        steps(&whole, &mut one, 7);
        assert_ne!(values(&whole[2]), values(&start()[2]), "{kind} moves");
        let first = start();
        let mut before = optimiser(kind, &first);
        steps(&first, &mut before, 3);
        let rest = first.each_ref().map(|v| Value::leaf(&Tensor::from_vec(v.to_vec().unwrap(), v.dims(), v.device()).unwrap()));
        let mut after = optimiser(kind, &rest);
        after.restore(before.steps(), before.state().unwrap()).unwrap();
        steps(&rest, &mut after, 4);
        whole.iter().zip(&rest).for_each(|(a, b)| assert_eq!(values(a), values(b), "{kind}"));
        assert!(after.restore(0, vec![]).is_err());
    }
}

#[test]
fn gradients_of_gradients_of_a_network() {
    let mut report = Report::new(TOLERANCE);
    let [x, w1, w2, w3] = ["x", "w1", "w2", "w3"].map(|n| leaf(&format!("second.{n}")));
    let all = [("x", &x), ("w1", &w1), ("w2", &w2), ("w3", &w3)];
    let network = || -> Result<Value> {
        let y = hilum_ops::leaky_relu(&torch::conv2d(&x, &w1, Window::square(2, 1))?, 0.2)?;
        let y = hilum_ops::leaky_relu(&torch::conv_transpose2d(&y, &w2, Window::square(2, 1), [0; 2])?, 0.2)?;
        torch::conv2d(&y, &w3, Window::square(1, 0))
    };
    let mut compare = |penalty: &Value, case: &str, by: &[(&str, &Value)]| {
        report.compare(penalty, case);
        let gradients = penalty.backward().unwrap();
        by.iter().for_each(|(n, v)| report.compare(gradients.get(v).unwrap(), &format!("{case}.d{n}")));
    };
    let first = network().unwrap().sum().unwrap().gradients(&[&x]).unwrap();
    compare(&first[0].square().unwrap().sum().unwrap(), "second.r1", &all[1..]);
    let first = network().unwrap().square().unwrap().sum().unwrap().scale(1e-3).unwrap().gradients(&all.map(|(_, v)| v)).unwrap();
    let squares = first.iter().map(|g| g.square().unwrap().sum().unwrap());
    compare(&squares.reduce(|a, b| a.add(&b).unwrap()).unwrap(), "second.all", &all);
    report.finish("second order");
}

#[test]
fn batch_norm_and_max_pool_refuse_a_second_order() {
    let [x, w, b] = ["x", "w", "b"].map(|n| leaf(&format!("batch_norm.0.{n}")));
    let refused = |y: Value, by: &Value, name: &str| {
        let first = y.square().unwrap().sum().unwrap().gradients(&[by]).unwrap();
        let error = first[0].square().unwrap().sum().unwrap().backward().expect_err("refused").to_string();
        assert!(error.contains(name) && error.contains("no second derivative"), "{error}");
    };
    for by in [&x, &w, &b] {
        refused(torch::batch_norm(&x, &w, &b, Epilogue::NONE).unwrap().0, by, "norm-gradient");
    }
    refused(torch::max_pool2d(&x, PoolWindow { k: 2, stride: 2, padding: 0 }).unwrap(), &x, "max-pool2d");
}

#[test]
fn a_graph_is_gone_after_its_backward_pass() {
    let x = leaf("average.0.x");
    let loss = x.square().unwrap().sum().unwrap();
    assert!(loss.backward().unwrap().get(&x).is_some());
    assert!(loss.backward().unwrap_err().to_string().contains("released"));
    // What nothing is asked about is not computed, and constants have no gradient.
    let w = Value::leaf(&Tensor::new(2f32, &torch::fixture::device()).unwrap());
    let product = x.mul(&w).unwrap().sum().unwrap().backward_to([&w]).unwrap();
    assert!(product.get(&x).is_none() && product.get(&w).is_some() && product.get(&x.detach()).is_none());
    let quiet = hilum_ops::without_history(|| x.square().unwrap());
    assert!(!quiet.is_tracked() && x.square().unwrap().is_tracked());
}
