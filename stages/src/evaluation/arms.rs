//! Cells of a study as arms: cells that differ in `repeat` alone are trainings of one arm, those that differ in `fold` are tested
//! on parts of one test set, and an arm is compared with the one that has the other coordinates in common. Names only.

use std::collections::BTreeMap;

/// The axis whose cells are trainings of one arm.
const REPEAT: &str = "repeat";
/// The axis whose cells are tested on the folds of one test set, or the end of its name: `inner-fold` in a nested cross-validation.
const FOLD: &str = "fold";

/// An arm on one test set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    /// The evaluation that tests it, where there are several.
    pub set: String,
    /// Its coordinates, such as `arm=real/network=vgg16`; `all` where there are none.
    pub name: String,
    /// Its coordinates by axis.
    coordinates: BTreeMap<String, String>,
    /// Its trainings, in the order of the study.
    pub trainings: Vec<Training>,
}

/// A training of an arm; with folds, one for each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Training {
    /// Its `repeat`; empty where there is no such axis.
    pub repeat: String,
    /// The positions of its cells.
    pub cells: Vec<usize>,
}

impl Training {
    /// The position of its first cell.
    pub fn first(&self) -> usize {
        self.cells.first().copied().unwrap_or_default()
    }
}

/// What an arm is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Partner {
    /// It is one that others are compared with.
    Itself,
    /// The arm at this position.
    Arm(usize),
    /// There is none of this name.
    Missing(String),
}

/// The arms of cells, in the order in which they first occur. A cell is `set/axis=value/…`; without `set`, there is one test set.
pub fn arms<'a>(cells: impl IntoIterator<Item = &'a str>) -> Vec<Arm> {
    let mut arms: Vec<Arm> = vec![];
    for (at, cell) in cells.into_iter().enumerate() {
        let mut coordinates: BTreeMap<String, String> = cell.split('/').filter_map(|c| c.split_once('=')).map(|(a, v)| (a.into(), v.into())).collect();
        let set = cell.split('/').next().filter(|first| !first.contains('=')).unwrap_or_default().to_owned();
        let repeat = coordinates.remove(REPEAT).unwrap_or_default();
        coordinates.retain(|axis, _| !is_fold(axis));
        let found = arms.iter_mut().find(|a| a.set == set && a.coordinates == coordinates);
        let trainings = match found {
            Some(arm) => &mut arm.trainings,
            None => {
                arms.push(Arm { set, name: spelled(&coordinates), coordinates, trainings: vec![] });
                let last = arms.len() - 1;
                &mut arms[last].trainings
            }
        };
        match trainings.iter_mut().find(|t| t.repeat == repeat) {
            Some(training) => training.cells.push(at),
            None => trainings.push(Training { repeat, cells: vec![at] }),
        }
    }
    arms
}

/// True for an axis of folds: their cells are tested on parts of one test set, and are pooled.
pub fn is_fold(axis: &str) -> bool {
    axis.strip_suffix(FOLD).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
}

/// The fold of a cell; empty where it has none.
pub fn fold(cell: &str) -> String {
    let folds = cell.split('/').filter_map(|c| c.split_once('=')).filter(|(axis, _)| is_fold(axis));
    folds.map(|(_, value)| value).collect::<Vec<_>>().join("/")
}

/// Of each value of the axes that `against` names, such as `arm=real`, how many arms of one test set there are: in how many variants
/// it was trained.
pub fn variants(arms: &[Arm], against: &BTreeMap<String, String>) -> BTreeMap<String, usize> {
    let of = |arm: &Arm| spelled(&arm.coordinates.iter().filter(|(axis, _)| against.contains_key(*axis)).map(|(a, v)| (a.clone(), v.clone())).collect());
    let first = arms.first().map(|a| a.set.as_str()).unwrap_or_default();
    let mut out = BTreeMap::new();
    arms.iter().filter(|a| a.set == first).for_each(|arm| *out.entry(of(arm)).or_default() += 1);
    out
}

/// What the arm at a position is compared with: the arm of its test set with these values, and all its other coordinates.
pub fn partner(arms: &[Arm], of: usize, against: &BTreeMap<String, String>) -> Partner {
    let arm = &arms[of];
    let mut wanted = arm.coordinates.clone();
    wanted.extend(against.iter().map(|(axis, value)| (axis.clone(), value.clone())));
    match arms.iter().position(|a| a.set == arm.set && a.coordinates == wanted) {
        Some(at) if at == of => Partner::Itself,
        Some(at) => Partner::Arm(at),
        None => Partner::Missing(spelled(&wanted)),
    }
}

/// Positions of the trainings of two arms that have one `repeat` in common; where none has, in their order.
pub fn common(a: &Arm, b: &Arm) -> Vec<(usize, usize)> {
    let place = |arm: &Arm, repeat: &str| arm.trainings.iter().position(|t| t.repeat == repeat);
    let named: Vec<(usize, usize)> = a.trainings.iter().enumerate().filter_map(|(at, t)| Some((at, place(b, &t.repeat)?))).collect();
    if named.is_empty() { (0..a.trainings.len().min(b.trainings.len())).map(|at| (at, at)).collect() } else { named }
}

impl Arm {
    /// In how many axes two arms differ.
    pub fn differences(&self, other: &Arm) -> usize {
        self.coordinates.iter().filter(|(axis, value)| other.coordinates.get(*axis) != Some(value)).count()
    }
    /// How a sentence calls an arm and the one it is compared with: by the values of the axes in which they differ, and after
    /// them the other coordinates.
    pub fn beside(&self, other: &Arm) -> (String, String, String) {
        let differs = |axis: &String| self.coordinates.get(axis) != other.coordinates.get(axis);
        let values = |arm: &Arm| arm.coordinates.iter().filter(|(axis, _)| differs(axis)).map(|(_, v)| v.as_str()).collect::<Vec<_>>().join(" ");
        let rest = self.coordinates.iter().filter(|(axis, _)| !differs(axis)).map(|(a, v)| format!("{a}={v}")).collect::<Vec<_>>().join(", ");
        (values(self), values(other), rest)
    }
}

fn spelled(coordinates: &BTreeMap<String, String>) -> String {
    let all: Vec<String> = coordinates.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
    if all.is_empty() { "all".into() } else { all.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_trainings_folds_are_parts_and_the_order_is_that_of_the_study() {
        let cells = ["arm=real/fold=0/repeat=0", "arm=real/fold=1/repeat=0", "arm=real/fold=0/repeat=1", "arm=real/fold=1/repeat=1", "arm=gan/fold=0/repeat=0"];
        let found = arms(cells);
        assert_eq!(found.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["arm=real", "arm=gan"]);
        let training = |repeat: &str, cells: &[usize]| Training { repeat: repeat.into(), cells: cells.to_vec() };
        assert_eq!(found[0].trainings, [training("0", &[0, 1]), training("1", &[2, 3])]);
        assert_eq!(found[1].trainings, [training("0", &[4])]);
        let one = arms([""]);
        assert_eq!((one[0].name.as_str(), one[0].set.as_str(), one.len()), ("all", "", 1));
    }

    #[test]
    fn an_arm_is_compared_within_its_test_set_and_its_other_axes() {
        let cells = ["internal/arm=real/net=a", "internal/arm=real/net=b", "internal/arm=gan/net=a", "internal/arm=gan/net=b", "external/arm=gan/net=a"];
        let found = arms(cells);
        let against = BTreeMap::from([("arm".to_owned(), "real".to_owned())]);
        let of = |at| partner(&found, at, &against);
        assert_eq!([of(0), of(1), of(2), of(3)], [Partner::Itself, Partner::Itself, Partner::Arm(0), Partner::Arm(1)]);
        assert_eq!(of(4), Partner::Missing("arm=real/net=a".into()));
        assert_eq!(found[3].beside(&found[1]), ("gan".into(), "real".into(), "net=b".into()));
        assert_eq!(variants(&found, &against), BTreeMap::from([("arm=gan".to_owned(), 2), ("arm=real".to_owned(), 2)]));
        assert_eq!([fold("a/fold=2/x=y"), fold("a/x=y")], ["2", ""]);
    }
}
