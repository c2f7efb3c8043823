//! What the names of cells say before anything has run: every arm has its partner, and folds are complete.

use super::measures;
use crate::contract::prelude::*;
use crate::evaluation::arms::{Partner, arms, partner};
use std::collections::{BTreeMap, BTreeSet};

/// Arms that have no partner to be compared with.
pub(super) fn unpaired(makers: &[usize], upstream: &dyn Upstream, against: &BTreeMap<String, String>) -> Option<BadInput> {
    let arms = arms(makers.iter().map(|m| upstream.name(*m)));
    let missing = |of: usize| if let Partner::Missing(name) = partner(&arms, of, against) { Some((of, name)) } else { None };
    let (of, name) = (0..arms.len()).find_map(missing)?;
    let why = format!("`{}` has no arm `{name}` to be compared with", arms[of].name);
    Some(BadInput { port: "scores", why, help: "name in `against` the axes in which arms differ; the other axes pair them".into() })
}

/// Arms without folds, where a test goes fold by fold.
pub(super) fn no_folds(makers: &[usize], upstream: &dyn Upstream) -> Option<BadInput> {
    let arms = arms(makers.iter().map(|m| upstream.name(*m)));
    let arm = arms.iter().find(|a| a.trainings.iter().any(|t| t.cells.len() < 2))?;
    let why = format!("`test: nadeau-bengio` goes fold by fold, and `{}` has no folds", arm.name);
    Some(BadInput { port: "scores", why, help: "train on the folds of a `split` by an axis `fold`, or use another test".into() })
}

/// Evaluations with different positive classes.
pub(super) fn other_positive(makers: &[usize], upstream: &dyn Upstream) -> Option<BadInput> {
    let of = |maker: usize| &upstream.parameters(maker)["positive"];
    let first = *makers.first()?;
    let other = makers.iter().find(|m| of(**m) != of(first))?;
    let why = format!("`{}` and `{}` have different positive classes", upstream.name(first), upstream.name(*other));
    Some(BadInput { port: "scores", why, help: "set `positive` alike in all evaluations".into() })
}

/// A metric that answers but has a value for each class, where nothing says of which.
pub(super) fn no_class(metric: &str, makers: &[usize], upstream: &dyn Upstream) -> Option<BadInput> {
    let without = makers.iter().find(|m| upstream.parameters(**m)["positive"].is_null())?;
    let why = format!("`metric: {metric}` has a value for each class, and `{}` has no `positive`", upstream.name(*without));
    let help = format!("name a class, as in `metric: {metric}/covid`, or set `positive` in the evaluation");
    measures::is_of_each_class(metric).then_some(BadInput { port: "scores", why, help })
}

/// Cells on folds whose axis is not `fold`, and arms that lack a fold.
pub(super) fn bad_folds(makers: &[usize], upstream: &dyn Upstream) -> Option<BadInput> {
    let split_of = |evaluate: usize| {
        let splits = upstream.makers(evaluate, "samples").into_iter().filter(|m| upstream.kind(*m) == "split");
        splits.map(|m| (m, upstream.parameters(m)["fold"].as_u64(), upstream.parameters(m)["folds"].as_u64())).find(|split| split.1.is_some())
    };
    let of: Vec<Option<(usize, u64, u64)>> = makers.iter().map(|m| split_of(*m).and_then(|(split, fold, folds)| Some((split, fold?, folds?)))).collect();
    for arm in arms(makers.iter().map(|m| upstream.name(*m))) {
        for training in &arm.trainings {
            let found: Vec<(usize, u64, u64)> = training.cells.iter().filter_map(|cell| of[*cell]).collect();
            let Some((_, _, folds)) = found.first() else { continue };
            let have: BTreeSet<u64> = found.iter().map(|f| f.1).collect();
            let missing: Vec<String> = (0..*folds).filter(|fold| !have.contains(fold)).map(|fold| fold.to_string()).collect();
            let repeat = if training.repeat.is_empty() { String::new() } else { format!(" of repeat {}", training.repeat) };
            if !missing.is_empty() && training.cells.len() > 1 {
                let why = format!("`{}`{repeat} lacks fold {} of {folds}, so that not every patient is tested", arm.name, missing.join(", "));
                return Some(BadInput { port: "scores", why, help: "gather all folds, or compare one fold at a time".into() });
            }
        }
    }
    other_axis(makers, upstream, &of)
}

/// Arms that differ in the fold that they are tested on, under another axis than `fold`.
fn other_axis(makers: &[usize], upstream: &dyn Upstream, of: &[Option<(usize, u64, u64)>]) -> Option<BadInput> {
    let all = arms(makers.iter().map(|m| upstream.name(*m)));
    let folds = |at: usize| all[at].trainings[0].cells.iter().filter_map(|cell| of[*cell]).collect::<Vec<_>>();
    let first = (0..all.len()).find(|at| !folds(*at).is_empty())?;
    let set = |at: usize| folds(at).iter().map(|f| f.1).collect::<BTreeSet<u64>>();
    let other = (0..all.len()).find(|at| all[*at].set == all[first].set && !folds(*at).is_empty() && set(*at) != set(first))?;
    let coordinates = |at: usize| upstream.name(folds(at)[0].0).split('/').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let of_other = coordinates(other);
    let axis = coordinates(first).into_iter().find(|c| !of_other.contains(c)).and_then(|c| c.split_once('=').map(|c| c.0.to_owned()));
    let why = format!("`{}` and `{}` are tested on different folds, so that a paired comparison is not valid", all[first].name, all[other].name);
    let help = match axis.and_then(|axis| Some((upstream.gathering_all_but("scores", &axis)?, axis))) {
        Some((binding, axis)) => format!("call the axis `fold`, so that its cells are pooled, or gather every axis but `{axis}`, such as `{binding}`"),
        None => "compare results of one test set".into(),
    };
    Some(BadInput { port: "scores", why, help })
}
