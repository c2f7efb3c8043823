//! Stages by what a figure shows together: a figure for each test or training and each value of its other axes, a series for each
//! arm. Names only.

use hilum_stages::evaluation::arms::{Arm, Training, arms};

/// The axis of the variants that a study compares.
const ARM: &str = "arm";

/// What one figure shows.
#[derive(Debug, PartialEq)]
pub(super) struct Group {
    /// The stage, with the coordinates that set it apart from others: `scores, network=vgg16`.
    pub(super) name: String,
    /// Its arms, in the order of the comparison or else of the study.
    pub(super) arms: Vec<Series>,
}

/// An arm of a group.
#[derive(Debug, PartialEq)]
pub(super) struct Series {
    /// The coordinates in which the arms of the group differ: `real`, or `dose=0.5`.
    pub(super) name: String,
    /// Its trainings, with the positions of their stages.
    pub(super) trainings: Vec<Training>,
}

/// The arm of a stage, as comparisons call it; the stage itself where it has no axes.
pub(super) fn arm_of(stage: &str) -> String {
    arms([stage]).into_iter().next().map_or_else(String::new, |arm| if axes(&arm).is_empty() { arm.set } else { arm.name })
}

/// Groups of stages, in the order of the study. `order` names arms as comparisons do.
pub(super) fn groups(stages: &[&str], order: &[String]) -> Vec<Group> {
    let all = arms(stages.iter().copied());
    let mut found: Vec<(&str, Vec<(&str, &str)>, Vec<&Arm>)> = vec![];
    for arm in &all {
        let of_stage = || all.iter().filter(|a| a.set == arm.set);
        // Without an axis of arms, all axes are what is compared.
        let is_apart = of_stage().any(|a| axes(a).iter().any(|axis| axis.0 == ARM));
        let differs = |axis: &(&str, &str)| of_stage().any(|a| !axes(a).contains(axis));
        let apart: Vec<(&str, &str)> = axes(arm).into_iter().filter(|axis| is_apart && axis.0 != ARM && differs(axis)).collect();
        match found.iter_mut().find(|(set, axes, _)| *set == arm.set && *axes == apart) {
            Some((_, _, group)) => group.push(arm),
            None => found.push((&arm.set, apart, vec![arm])),
        }
    }
    found.into_iter().map(|(set, apart, group)| Group::of(set, &apart, group, order)).collect()
}

impl Group {
    fn of(set: &str, apart: &[(&str, &str)], mut group: Vec<&Arm>, order: &[String]) -> Group {
        group.sort_by_key(|arm| order.iter().position(|name| *name == arm.name).unwrap_or(usize::MAX));
        let named = |axis: &(&str, &str)| format!("{}={}", axis.0, axis.1);
        let series = |arm: &&Arm| {
            let own: Vec<(&str, &str)> = axes(arm).into_iter().filter(|axis| !apart.contains(axis)).collect();
            let differing: Vec<(&str, &str)> = own.iter().copied().filter(|axis| group.iter().any(|a| !axes(a).contains(axis))).collect();
            let arm_alone: Vec<(&str, &str)> = own.iter().copied().filter(|axis| axis.0 == ARM).collect();
            let shown = [differing, arm_alone, own].into_iter().find(|axes| !axes.is_empty()).unwrap_or_default();
            let names: Vec<String> = shown.iter().map(|axis| if axis.0 == ARM { axis.1.to_owned() } else { named(axis) }).collect();
            let name = if names.is_empty() { set.to_owned() } else { names.join(", ") };
            Series { name, trainings: arm.trainings.clone() }
        };
        let arms = group.iter().map(series).collect();
        Group { name: std::iter::once(set.to_owned()).chain(apart.iter().map(named)).collect::<Vec<_>>().join(", "), arms }
    }
}

/// The axes of an arm with their values.
fn axes(arm: &Arm) -> Vec<(&str, &str)> {
    arm.name.split('/').filter_map(|coordinate| coordinate.split_once('=')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(stages: &[&str], order: &[&str]) -> Vec<(String, Vec<String>)> {
        let order: Vec<String> = order.iter().map(|name| (*name).to_owned()).collect();
        groups(stages, &order).into_iter().map(|g| (g.name, g.arms.into_iter().map(|a| a.name).collect())).collect()
    }

    fn group(name: &str, arms: &[&str]) -> (String, Vec<String>) {
        (name.to_owned(), arms.iter().map(|arm| (*arm).to_owned()).collect())
    }

    #[test]
    fn an_arm_is_called_as_in_the_comparison() {
        let names = ["classifier/arm=real/fold=0/network=a/repeat=1", "classifier/repeat=1", "classifier"].map(arm_of);
        assert_eq!(names, ["arm=real/network=a", "classifier", "classifier"]);
    }

    #[test]
    fn repeats_and_folds_are_one_series_and_other_axes_other_groups() {
        let cells = ["s/arm=gan/fold=0/repeat=0", "s/arm=gan/fold=1/repeat=0", "s/arm=gan/fold=0/repeat=1", "s/arm=real/fold=0/repeat=0"];
        let found = groups(&cells, &["arm=real".to_owned(), "arm=gan".to_owned()]);
        assert_eq!((found.len(), found[0].name.as_str(), found[0].arms[0].name.as_str()), (1, "s", "real"), "in the order of the comparison");
        let trainings: Vec<(&str, &[usize])> = found[0].arms[1].trainings.iter().map(|t| (t.repeat.as_str(), &t.cells[..])).collect();
        assert_eq!(trainings, [("0", &[0, 1][..]), ("1", &[2][..])]);
        let cells = ["s/arm=real/network=a", "s/arm=real/network=b", "s/arm=gan/network=a", "s/arm=gan/network=b", "external/arm=gan/network=a"];
        let expected = [group("s, network=a", &["real", "gan"]), group("s, network=b", &["real", "gan"]), group("external", &["gan"])];
        assert_eq!(shown(&cells, &[]), expected);
    }

    #[test]
    fn axes_that_are_equal_for_all_are_dropped_and_without_arms_all_axes_are_series() {
        assert_eq!(shown(&["s/arm=real/size=64", "s/arm=gan/size=64"], &[]), [group("s", &["real", "gan"])]);
        assert_eq!(shown(&["s/dose=1/network=a", "s/dose=2/network=a"], &[]), [group("s", &["dose=1", "dose=2"])]);
        assert_eq!(shown(&["s/dose=1/network=a"], &[]), [group("s", &["dose=1, network=a"])]);
        assert_eq!(shown(&["s", "t/repeat=0"], &[]), [group("s", &["s"]), group("t", &["t"])]);
        assert_eq!(shown(&[], &[]), []);
    }
}
