//! What torch computed: cases of operations, with inputs, results, and gradients of first and second order.

use super::report::{Report, numbers, relative_error, values};
use candle_core::{DType, Device, Result, Tensor};
use hilum_ops::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

static FIXTURE: LazyLock<HashMap<String, Tensor>> = LazyLock::new(|| {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle");
    let files = std::fs::read_dir(directory).expect("the fixtures are there").map(|f| f.unwrap().path());
    files.flat_map(|f| candle_core::safetensors::load(f, &Device::Cpu).expect("a fixture reads")).collect()
});

/// Where operations are tried: on the CPU, or on the first GPU where `HILUM_TEST_DEVICE` says `cuda`.
pub(crate) fn device() -> Device {
    static DEVICE: LazyLock<Device> = LazyLock::new(|| match std::env::var("HILUM_TEST_DEVICE").as_deref() {
        Ok("cuda") => hilum_ops::open_gpu(0).expect("a GPU"),
        _ => Device::Cpu,
    });
    DEVICE.clone()
}

/// A stored tensor as float32; bytes stand for `(byte − 128) / 64`.
pub(crate) fn stored(name: &str) -> Tensor {
    let tensor = FIXTURE.get(name).unwrap_or_else(|| panic!("the fixture has no `{name}`"));
    let tensor = match tensor.dtype() {
        DType::U8 => ((tensor.to_dtype(DType::F32).unwrap() - 128.0).unwrap() / 64.0).unwrap(),
        _ => tensor.clone(),
    };
    tensor.to_device(&device()).unwrap()
}
pub(crate) fn leaf(name: &str) -> Value {
    Value::leaf(&stored(name))
}

/// One case of an operation.
pub(crate) struct Case {
    pub(crate) name: String,
    inputs: Vec<(String, Value)>,
}

/// `conv2d.0`, `conv2d.1`, … in order; never empty.
pub(crate) fn cases(operation: &str) -> Vec<Case> {
    let prefix = format!("{operation}.");
    let numbers: BTreeSet<usize> = FIXTURE.keys().filter_map(|k| k.strip_prefix(&prefix)?.split('.').next()?.parse().ok()).collect();
    assert!(!numbers.is_empty(), "the fixture has no case of `{operation}`");
    numbers.into_iter().map(|n| Case::of(format!("{prefix}{n}"))).collect()
}

impl Case {
    fn of(name: String) -> Case {
        let mut inputs: Vec<String> = ["x", "w", "b", "add"].into_iter().filter(|i| FIXTURE.contains_key(&format!("{name}.d{i}"))).map(String::from).collect();
        assert!(!inputs.is_empty(), "{name} has inputs");
        let inputs = inputs.drain(..).map(|i| (i.clone(), leaf(&format!("{name}.{i}")))).collect();
        Case { name, inputs }
    }
    pub(crate) fn at(&self, name: &str) -> Value {
        self.inputs.iter().find(|(n, _)| n == name).map_or_else(|| panic!("{}: no {name}", self.name), |(_, v)| v.clone())
    }
    pub(crate) fn stored(&self, name: &str) -> Tensor {
        stored(&format!("{}.{name}", self.name))
    }
    pub(crate) fn geometry(&self) -> Vec<usize> {
        self.stored("geometry").to_vec1::<i64>().unwrap().iter().map(|v| usize::try_from(*v).unwrap()).collect()
    }
    pub(crate) fn numbers(&self) -> Vec<f64> {
        numbers(&self.stored("numbers")).into_iter().map(f64::from).collect()
    }
    pub(crate) fn has(&self, name: &str) -> bool {
        FIXTURE.contains_key(&format!("{}.{name}", self.name))
    }
}

impl Report {
    pub(crate) fn compare(&mut self, found: &Value, name: &str) {
        let expected = stored(name);
        assert_eq!(found.dims(), expected.dims(), "{name}");
        self.note(name, relative_error(&values(found), numbers(&expected).into_iter().map(f64::from)));
    }
    /// Compares the result, the gradients of `sum(y · q)` and, where they are stored, those of the sum of their
    /// squares.
    pub(crate) fn check(&mut self, case: &Case, operation: &impl Fn(&Case) -> Result<Value>) {
        let name = &case.name;
        let y = operation(case).unwrap_or_else(|e| panic!("{name}: {e}"));
        self.compare(&y, &format!("{name}.y"));
        let gradients = y.mul(&Value::constant(case.stored("q"))).unwrap().sum().unwrap().backward().unwrap();
        for (input, value) in &case.inputs {
            self.compare(gradients.get(value).unwrap_or_else(|| panic!("{name}: no gradient with respect to {input}")), &format!("{name}.d{input}"));
        }
        if !case.has("ddq") {
            return;
        }
        let q = Value::leaf(&case.stored("q"));
        let inputs: Vec<&Value> = case.inputs.iter().map(|(_, v)| v).collect();
        let first = operation(case).unwrap().mul(&q).unwrap().sum().unwrap().gradients(&inputs).unwrap();
        let squares = first.iter().map(|g| g.square().unwrap().sum().unwrap());
        let second = squares.reduce(|a, b| a.add(&b).unwrap()).unwrap().backward().unwrap();
        for (input, value) in case.inputs.iter().chain([&("q".to_owned(), q.clone())]) {
            match (second.get(value), case.has(&format!("dd{input}"))) {
                (Some(found), true) => self.compare(found, &format!("{name}.dd{input}")),
                (None, true) => assert!(numbers(&case.stored(&format!("dd{input}"))).iter().all(|v| *v == 0.0), "{name}: no second order by {input}"),
                // Torch gives nothing, or zeros: so do we.
                (found, false) => assert!(found.is_none_or(|f| values(f).iter().all(|v| *v == 0.0)), "{name}: a second order by {input}"),
            }
        }
    }
}

/// Compares all cases of an operation.
pub(crate) fn operation(name: &str, tolerance: f64, operation: impl Fn(&Case) -> Result<Value>) {
    let mut report = Report::new(tolerance);
    cases(name).iter().for_each(|case| report.check(case, &operation));
    report.finish(name);
}
