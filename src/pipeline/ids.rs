//! Stages by number. A number is only given by the pipeline, so that it cannot be one of something else, or of a cell's place.

use std::ops::{Index, IndexMut};

/// A stage of a [`Pipeline`](super::Pipeline): its place in an order in which stages can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageId(usize);

impl StageId {
    /// For tests of what speaks of stages without a pipeline.
    #[cfg(test)]
    pub(crate) fn test(number: usize) -> StageId {
        StageId(number)
    }
    /// For kinds of stages, which know the stages above them by number.
    pub(crate) fn number(self) -> usize {
        self.0
    }
}

/// A value for each stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerStage<T>(Vec<T>);

impl<T> Default for PerStage<T> {
    fn default() -> Self {
        PerStage(vec![])
    }
}

impl<T> PerStage<T> {
    /// The same for each of this many stages.
    pub fn repeat(value: T, stages: usize) -> Self
    where
        T: Clone,
    {
        PerStage(vec![value; stages])
    }
    /// How many stages there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// All stages, in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = StageId> + DoubleEndedIterator + use<T> {
        (0..self.0.len()).map(StageId)
    }
    /// The value of the stage with this number, as [`StageId::number`] gives it.
    pub(super) fn of_number(&self, number: usize) -> &T {
        &self.0[number]
    }
    /// The value of a stage, if there is one.
    pub fn get(&self, id: StageId) -> Option<&T> {
        self.0.get(id.0)
    }
    /// The values in the order of the stages.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
    /// The values with their stages.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (StageId, &T)> + DoubleEndedIterator {
        self.0.iter().enumerate().map(|(n, value)| (StageId(n), value))
    }
    /// The same, by value.
    pub fn into_pairs(self) -> impl ExactSizeIterator<Item = (StageId, T)> {
        self.0.into_iter().enumerate().map(|(n, value)| (StageId(n), value))
    }
    /// Another value for each stage.
    pub fn map<U>(&self, f: impl FnMut(&T) -> U) -> PerStage<U> {
        PerStage(self.0.iter().map(f).collect())
    }
    /// Adds the value of the next stage, and says which that is.
    pub fn push(&mut self, value: T) -> StageId {
        self.0.push(value);
        StageId(self.0.len() - 1)
    }
}

impl<T> Index<StageId> for PerStage<T> {
    type Output = T;
    fn index(&self, id: StageId) -> &T {
        &self.0[id.0]
    }
}

impl<T> IndexMut<StageId> for PerStage<T> {
    fn index_mut(&mut self, id: StageId) -> &mut T {
        &mut self.0[id.0]
    }
}

impl<T> FromIterator<T> for PerStage<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        PerStage(all.into_iter().collect())
    }
}

impl<'a, T> IntoIterator for &'a PerStage<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
