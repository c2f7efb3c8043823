//! Where stages are on the page: which have a row, and by which anchor it is found. Knows no chapter, and nothing of stages but names.

use std::collections::{BTreeSet, HashMap};

/// Cells that have a row of their own on the page.
pub(super) const CELLS: usize = 150;

/// Where stages are on the page.
#[derive(Default)]
pub(super) struct Places {
    by_name: HashMap<String, usize>,
    shown: BTreeSet<usize>,
}

impl Places {
    /// The places of these stages. Of a large study, the first cell of each stage is shown, and then others in their order.
    pub(super) fn of<'a>(stages: impl Iterator<Item = &'a str> + Clone) -> Places {
        let mut bases = BTreeSet::new();
        let mut shown: BTreeSet<usize> = stages.clone().enumerate().filter(|(_, name)| bases.insert(base(name))).map(|(at, _)| at).take(CELLS).collect();
        let others: Vec<usize> = (0..stages.clone().count()).filter(|at| !shown.contains(at)).take(CELLS - shown.len()).collect();
        shown.extend(others);
        Places { by_name: stages.enumerate().map(|(at, name)| (name.to_owned(), at)).collect(), shown }
    }
    /// Those that have a row, in the order of the study.
    pub(super) fn shown(&self) -> impl Iterator<Item = usize> {
        self.shown.iter().copied()
    }
    /// The anchor of a stage, if it has a row.
    pub(super) fn anchor_of(&self, stage: &str) -> Option<String> {
        self.by_name.get(stage).filter(|at| self.shown.contains(at)).map(|at| anchor(*at))
    }
}

/// The anchor of the stage at this place of the study.
pub(super) fn anchor(at: usize) -> String {
    format!("stage-{at}")
}

pub(super) fn base(stage: &str) -> &str {
    stage.split('/').next().unwrap_or(stage)
}
