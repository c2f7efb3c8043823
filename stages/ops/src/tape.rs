//! Reverse-mode differentiation: values that remember how they came about.
//!
//! A [`Value`] is a candle tensor and, where something that it came from is to be learned, a node of a graph. Each node
//! holds a rule that turns the gradient by its value into gradients by its inputs. Rules are written in operations on
//! values again, so that gradients can be differentiated once more where a rule says nothing else. Candle's own graph is
//! not used: it adds every gradient to zeros first, holds all activations until the end, walks recursively, and cuts
//! second orders off without a word.
//!
//! What this is ignorant of: how anything is computed.

mod backward;

use candle_core::{Result, Tensor, bail};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub use backward::Gradients;

/// A tensor and where it came from.
#[derive(Clone, Debug)]
pub struct Value {
    data: Tensor,
    /// None for constants.
    node: Option<Arc<Node>>,
}

/// A place in the graph. Numbers rise along the graph.
pub(crate) struct Node {
    id: u64,
    /// None for what is learned itself.
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

/// What a rule is given.
pub(crate) struct Step<'a> {
    /// The gradient by the value that the rule belongs to; contiguous.
    pub(crate) gradient: &'a Value,
    wanted: Vec<bool>,
    node: &'a Arc<Node>,
}

impl Step<'_> {
    /// The gradient by input `i`, computed only where somebody wants it.
    pub(crate) fn by(&self, i: usize, compute: impl FnOnce() -> Result<Value>) -> Result<Option<Value>> {
        if self.wanted[i] { compute().map(Some) } else { Ok(None) }
    }
    /// True where somebody wants the gradient by input `i`.
    pub(crate) fn wants(&self, i: usize) -> bool {
        self.wanted[i]
    }
    /// The value that the rule belongs to, of its data: a rule cannot hold the value itself, which holds the rule.
    pub(crate) fn output(&self, data: &Tensor) -> Value {
        Value { data: data.clone(), node: Some(self.node.clone()) }
    }
}

thread_local!(static RECORDING: Cell<bool> = const { Cell::new(true) });

/// Sets recording for a while, and back even if the work panics.
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

/// Computes without remembering: for evaluation. Activations are freed as soon as nobody needs them.
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
    /// A value that nothing is learned through.
    pub fn constant(data: Tensor) -> Self {
        Value { data: data.detach(), node: None }
    }
    /// A value that is learned, or that a gradient is asked for. It shares the tensor's storage: what moves one moves both.
    pub fn leaf(data: &Tensor) -> Self {
        Value { data: data.detach(), node: Some(Arc::new(Node { id: next_id(), history: None })) }
    }
    /// The tensor.
    pub fn data(&self) -> &Tensor {
        &self.data
    }
    /// The same tensor as a constant.
    pub fn detach(&self) -> Self {
        Value { data: self.data.clone(), node: None }
    }
    /// The same value as a node of its own: a gradient by it leaves out other ways to what it came from.
    pub(crate) fn alias(&self) -> Self {
        Value::record(self.data.clone(), &[self], |s| Ok(vec![s.by(0, || Ok(s.gradient.clone()))?]))
    }
    /// True where a gradient by it, or through it, can be asked for.
    pub fn is_tracked(&self) -> bool {
        self.node.is_some()
    }
    /// Extents.
    pub fn dims(&self) -> &[usize] {
        self.data.dims()
    }
    /// Extents of `[n, h, w, c]`.
    ///
    /// # Errors
    /// Where it has not four.
    pub fn dims4(&self) -> Result<(usize, usize, usize, usize)> {
        self.data.dims4()
    }
    /// How many numbers it has.
    pub fn elem_count(&self) -> usize {
        self.data.elem_count()
    }
    /// The number of a value that has one.
    ///
    /// # Errors
    /// Where it has more than one.
    pub fn scalar(&self) -> Result<f64> {
        match self.data.flatten_all()?.to_vec1::<f32>()?.as_slice() {
            [one] => Ok(f64::from(*one)),
            _ => bail!("one number is due, found {:?}", self.data.shape()),
        }
    }

    /// A value with the rule of how gradients go on to its inputs. A constant where no input is tracked.
    pub(crate) fn record(data: Tensor, inputs: &[&Value], rule: impl Fn(&Step) -> Result<Vec<Option<Value>>> + Send + Sync + 'static) -> Self {
        if !is_recording() || inputs.iter().all(|i| i.node.is_none()) {
            return Value { data, node: None };
        }
        let history = History { inputs: inputs.iter().map(|i| i.node.clone()).collect(), rule: Box::new(rule) };
        Value { data, node: Some(Arc::new(Node { id: next_id(), history: Some(Mutex::new(Some(Arc::new(history)))) })) }
    }

    /// As [`Value::record`] for a gradient that cannot be differentiated once more: asking for it is an error, not a zero.
    pub(crate) fn record_last(name: &'static str, data: Tensor, inputs: &[&Value]) -> Self {
        Value::record(data, inputs, move |_| bail!("{name} has no second derivative"))
    }
}
