//! Reverse-mode automatic differentiation: the gradient tape.
//!
//! A [`Value`] is a candle tensor and, where a gradient with respect to something that it was computed from may be
//! asked for, a node of the graph. Each node holds a rule that turns the gradient with respect to its value into
//! gradients with respect to its inputs. Rules are written in operations on values, so that gradients can be
//! differentiated again unless a rule forbids it. Candle's own graph is not used: it adds every gradient to zeros
//! first, keeps all activations until the end, recurses, and cuts off second derivatives without an error.
//!
//! What this is independent of: how anything is computed.

mod backward;

use candle_core::{Device, Result, Tensor, bail};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub use backward::Gradients;

/// A tensor and how it was computed.
#[derive(Clone, Debug)]
pub struct Value {
    data: Tensor,
    /// None for constants.
    node: Option<Arc<Node>>,
}

/// A node of the graph. Ids rise along the graph.
pub(crate) struct Node {
    id: u64,
    /// None for a leaf.
    history: Option<Mutex<Option<Arc<History>>>>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "#{}", self.id)
    }
}

struct History {
    inputs: Vec<Option<Arc<Node>>>,
    rule: Box<Rule>,
}

type Rule = dyn Fn(&Step) -> Result<Vec<Option<Value>>> + Send + Sync;

/// What a rule is given in the backward pass.
pub(crate) struct Step<'a> {
    /// The gradient with respect to the value that the rule belongs to; contiguous.
    pub(crate) gradient: &'a Value,
    wanted: Vec<bool>,
    node: &'a Arc<Node>,
}

impl Step<'_> {
    /// The gradient with respect to input `i`, computed only where it is needed.
    pub(crate) fn by(&self, i: usize, compute: impl FnOnce() -> Result<Value>) -> Result<Option<Value>> {
        if self.wanted[i] { compute().map(Some) } else { Ok(None) }
    }
    /// True where the gradient with respect to input `i` is needed.
    pub(crate) fn wants(&self, i: usize) -> bool {
        self.wanted[i]
    }
    /// The value that the rule belongs to, from its data: a rule cannot hold the value itself, which holds the rule.
    pub(crate) fn output(&self, data: &Tensor) -> Value {
        Value { data: data.clone(), node: Some(self.node.clone()) }
    }
}

thread_local!(static RECORDING: Cell<bool> = const { Cell::new(true) });

/// Switches recording while `work` runs, and back even if it panics.
fn recording<T>(on: bool, work: impl FnOnce() -> T) -> T {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            RECORDING.set(self.0);
        }
    }
    let _before = Before(RECORDING.replace(on));
    work()
}

/// Runs `work` without recording, as `torch.no_grad`: for evaluation. Activations are freed as soon as they were used.
pub fn without_history<T>(work: impl FnOnce() -> T) -> T {
    recording(false, work)
}

/// True where gradients that are being computed will be differentiated themselves.
pub(crate) fn is_recording() -> bool {
    RECORDING.get()
}

fn next_id() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl Value {
    /// A value without gradient.
    pub fn constant(data: Tensor) -> Self {
        Value { data: data.detach(), node: None }
    }
    /// A leaf: a value that gradients can be asked for, such as a weight. It shares the tensor's storage: an update in
    /// place changes both.
    pub fn leaf(data: &Tensor) -> Self {
        Value { data: data.detach(), node: Some(Arc::new(Node { id: next_id(), history: None })) }
    }
    /// The tensor.
    pub(crate) fn data(&self) -> &Tensor {
        &self.data
    }
    /// The same tensor without its history.
    pub fn detach(&self) -> Self {
        Value { data: self.data.clone(), node: None }
    }
    /// The same tensor as a leaf of its own: `x.detach().requires_grad_()` in PyTorch.
    pub fn to_leaf(&self) -> Self {
        Value::leaf(&self.data)
    }
    /// The same value as a node of its own: a gradient with respect to it leaves out other paths to what it was
    /// computed from.
    pub(crate) fn alias(&self) -> Self {
        Value::record(self.data.clone(), &[self], |s| Ok(vec![s.by(0, || Ok(s.gradient.clone()))?]))
    }
    /// True where a gradient with respect to it, or through it, can be asked for: `requires_grad` in PyTorch.
    pub fn is_tracked(&self) -> bool {
        self.node.is_some()
    }
    /// The device that it is on.
    pub fn device(&self) -> &Device {
        self.data.device()
    }
    /// Its shape.
    pub fn dims(&self) -> &[usize] {
        self.data.dims()
    }
    /// Its shape, where that has four dimensions.
    ///
    /// # Errors
    /// Where it has another number of dimensions.
    pub fn dims4(&self) -> Result<(usize, usize, usize, usize)> {
        self.data.dims4()
    }
    /// How many elements it has.
    pub fn elem_count(&self) -> usize {
        self.data.elem_count()
    }
    /// The element of a value that has one, of any shape.
    ///
    /// # Errors
    /// Where it has more or none.
    pub fn scalar(&self) -> Result<f64> {
        match self.to_vec()?.as_slice() {
            [one] => Ok(f64::from(*one)),
            _ => bail!("expected one element, found {:?}", self.data.shape()),
        }
    }
    /// A copy of all elements on the host, the last dimension fastest.
    ///
    /// # Errors
    /// Where a GPU does not answer.
    pub fn to_vec(&self) -> Result<Vec<f32>> {
        self.data.flatten_all()?.to_vec1()
    }
    /// A copy on the host of a value `[rows, columns]`, row by row.
    ///
    /// # Errors
    /// Where it has another number of dimensions, or a GPU does not answer.
    pub fn to_rows(&self) -> Result<Vec<Vec<f32>>> {
        self.data.to_vec2()
    }

    /// A value with its gradient rule. A constant where no input is tracked.
    pub(crate) fn record(data: Tensor, inputs: &[&Value], rule: impl Fn(&Step) -> Result<Vec<Option<Value>>> + Send + Sync + 'static) -> Self {
        if !is_recording() || inputs.iter().all(|i| i.node.is_none()) {
            return Value { data, node: None };
        }
        let history = History { inputs: inputs.iter().map(|i| i.node.clone()).collect(), rule: Box::new(rule) };
        Value { data, node: Some(Arc::new(Node { id: next_id(), history: Some(Mutex::new(Some(Arc::new(history)))) })) }
    }

    /// As [`Value::record`] for a gradient that cannot be differentiated again: asking for that is an error, not zero.
    pub(crate) fn record_once_differentiable(name: &'static str, data: Tensor, inputs: &[&Value]) -> Self {
        Value::record(data, inputs, move |_| bail!("{name} has no second derivative"))
    }
}
