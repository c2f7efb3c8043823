//! The backward pass: from a scalar to the leaves, each node once, without recursion.

use super::{History, Node, Value, recording};
use candle_core::{Result, bail};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Gradients with respect to leaves or other values.
#[derive(Debug, Default)]
pub struct Gradients(HashMap<u64, Value>);

impl Gradients {
    /// The gradient with respect to a value; None where the differentiated value does not depend on it.
    pub fn get(&self, of: &Value) -> Option<&Value> {
        self.0.get(&of.node.as_ref()?.id)
    }
    /// Adds other gradients: of a loss whose parts were differentiated one after another.
    ///
    /// # Errors
    /// Where shapes differ.
    pub fn add(&mut self, other: Gradients) -> Result<()> {
        other.0.into_iter().try_for_each(|(id, gradient)| accumulate(&mut self.0, id, gradient))
    }
    /// Changes every gradient.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn map(self, change: impl Fn(&Value) -> Result<Value>) -> Result<Gradients> {
        Ok(Gradients(self.0.iter().map(|(id, g)| Ok((*id, change(g)?))).collect::<Result<_>>()?))
    }
    /// All gradients, in the order in which their values were made.
    pub fn all(&self) -> Vec<&Value> {
        let ordered: BTreeMap<_, _> = self.0.iter().collect();
        ordered.into_values().collect()
    }
}

impl Value {
    /// Gradients with respect to all leaves. The graph is released in the pass: activations are freed as soon as their
    /// gradients are known.
    ///
    /// # Errors
    /// Where this has more than one element, or the graph was released before.
    pub fn backward(&self) -> Result<Gradients> {
        let leaves = |nodes: &BTreeMap<u64, Arc<Node>>| nodes.values().filter(|n| n.history.is_none()).map(|n| n.id).collect();
        recording(false, || walk(self, leaves, false))
    }

    /// As [`Value::backward`], by some values only: what none of them needs is not computed.
    ///
    /// # Errors
    /// As [`Value::backward`].
    pub fn backward_to<'a>(&self, wanted: impl IntoIterator<Item = &'a Value>) -> Result<Gradients> {
        let wanted: HashSet<u64> = wanted.into_iter().filter_map(|v| Some(v.node.as_ref()?.id)).collect();
        recording(false, || walk(self, |_| wanted, false))
    }

    /// Gradients with respect to some values that can be differentiated themselves: `torch.autograd.grad` with
    /// `create_graph=True`. The graph is kept.
    ///
    /// # Errors
    /// Where this has more than one element, or does not depend on one of the values. An operation without a second
    /// derivative is an error when that is asked for.
    pub fn gradients(&self, wanted: &[&Value]) -> Result<Vec<Value>> {
        let ids = wanted.iter().filter_map(|v| Some(v.node.as_ref()?.id)).collect();
        let found = recording(true, || walk(self, |_| ids, true))?;
        wanted
            .iter()
            .map(|w| {
                found.get(w).cloned().ok_or_else(|| candle_core::Error::Msg("gradient requested for a tensor that the loss does not depend on".into()).bt())
            })
            .collect()
    }
}

/// All nodes that a value was computed from, by id.
fn reachable(from: &Arc<Node>) -> Result<BTreeMap<u64, Arc<Node>>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![from.clone()]);
    while let Some(node) = open.pop() {
        if found.contains_key(&node.id) {
            continue;
        }
        if let Some(history) = node.history()? {
            open.extend(history.inputs.iter().flatten().filter(|n| !found.contains_key(&n.id)).cloned());
        }
        found.insert(node.id, node);
    }
    Ok(found)
}

impl Node {
    /// None for a leaf.
    fn history(&self) -> Result<Option<Arc<History>>> {
        let Some(history) = &self.history else { return Ok(None) };
        match history.lock().expect("BUG: poisoned").clone() {
            Some(history) => Ok(Some(history)),
            None => bail!("this graph was released by an earlier backward pass"),
        }
    }
}

fn walk(from: &Value, wanted: impl FnOnce(&BTreeMap<u64, Arc<Node>>) -> HashSet<u64>, keep: bool) -> Result<Gradients> {
    if from.elem_count() != 1 {
        bail!("a gradient needs a scalar, found {:?}", from.data.shape());
    }
    let Some(start) = &from.node else { return Ok(Gradients::default()) };
    let mut nodes = reachable(start)?;
    let wanted = wanted(&nodes);
    // Ids rise along the graph, so inputs come before what is computed from them.
    let mut leading = wanted.clone();
    for (id, node) in &nodes {
        if node.history()?.is_some_and(|h| h.inputs.iter().flatten().any(|i| leading.contains(&i.id))) {
            leading.insert(*id);
        }
    }
    let mut gradients = HashMap::from([(start.id, Value::constant(from.data.ones_like()?))]);
    while let Some((id, node)) = nodes.pop_last() {
        let gradient = match wanted.contains(&id) {
            true => gradients.get(&id).cloned(),
            false => gradients.remove(&id),
        };
        let (true, Some(gradient), Some(history)) = (leading.contains(&id), gradient, node.history()?) else { continue };
        if let (false, Some(held)) = (keep, &node.history) {
            *held.lock().expect("BUG: poisoned") = None;
        }
        let step = super::Step {
            gradient: &gradient,
            wanted: history.inputs.iter().map(|i| i.as_ref().is_some_and(|n| leading.contains(&n.id))).collect(),
            node: &node,
        };
        let parts = (history.rule)(&step)?;
        assert_eq!(parts.len(), history.inputs.len(), "BUG: a rule gives one gradient for each input");
        for (input, part) in history.inputs.iter().zip(parts) {
            if let (Some(input), Some(part)) = (input, part) {
                accumulate(&mut gradients, input.id, part)?;
            }
        }
    }
    gradients.retain(|id, _| wanted.contains(id));
    Ok(Gradients(gradients))
}

fn accumulate(gradients: &mut HashMap<u64, Value>, id: u64, part: Value) -> Result<()> {
    let sum = match gradients.remove(&id) {
        None => part,
        Some(before) => before.add(&part)?,
    };
    gradients.insert(id, sum);
    Ok(())
}
