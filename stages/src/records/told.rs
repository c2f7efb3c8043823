//! Tables with some rows for each class that is told from the rest: the rows of a class together. Of two classes, each is the rest of the
//! other one, and what is measured of one is measured of both.

use super::{Row, Table};

/// A row about a class that is told from the rest.
pub trait OfClass: Row {
    /// What else the rows of a class are of, such as a grouping; empty where there is nothing else.
    fn by(&self) -> &str;
    /// The class.
    fn class(&self) -> &str;
    /// What was measured.
    fn measure(&self) -> &str;
    /// The numbers.
    fn numbers(&self) -> Vec<Option<f64>>;
}

/// The rows of a class.
#[derive(Debug)]
pub struct Told<'a, T> {
    /// The class that is told from the rest; the rest, too, where it is one class with the same numbers.
    pub classes: Vec<&'a str>,
    /// Its rows, in the order of the table.
    pub rows: Vec<&'a T>,
}

impl<T> Told<'_, T> {
    /// What is told from what.
    pub fn name(&self) -> String {
        match self.classes.as_slice() {
            [class] => format!("{class} against the rest"),
            all => all.join(" against "),
        }
    }
}

impl<'a, T: OfClass> Told<'a, T> {
    /// The row of a measure.
    pub fn of(&self, measure: &str) -> Option<&'a T> {
        self.rows.iter().find(|row| row.measure() == measure).copied()
    }
    /// What else its rows are of.
    pub fn by(&self) -> &'a str {
        self.rows.first().map_or("", |row| row.by())
    }
    /// True where the other's numbers are the same, but for rounding.
    fn is_like(&self, other: &[&T]) -> bool {
        let close = |(a, b): (&Option<f64>, &Option<f64>)| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-9,
            (None, None) => true,
            _ => false,
        };
        let alike = |(a, b): (&&T, &&T)| a.by() == b.by() && a.measure() == b.measure() && a.numbers().iter().zip(&b.numbers()).all(close);
        self.rows.len() == other.len() && self.rows.iter().zip(other).all(alike)
    }
}

impl<T: OfClass> Table<T> {
    /// The rows of each class, and of whatever else they are of, in the order of the table.
    pub fn told(&self) -> Vec<Told<'_, T>> {
        let mut all: Vec<Told<T>> = vec![];
        for row in &self.rows {
            match all.iter_mut().find(|told| told.classes[0] == row.class() && told.by() == row.by()) {
                Some(told) => told.rows.push(row),
                None => all.push(Told { classes: vec![row.class()], rows: vec![row] }),
            }
        }
        let mut apart: Vec<Told<T>> = vec![];
        for told in all {
            match apart.iter_mut().find(|known| known.classes.len() == 1 && known.is_like(&told.rows)) {
                Some(known) => known.classes.extend(told.classes),
                None => apart.push(told),
            }
        }
        apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::WithinGroupsRow;

    #[test]
    fn of_two_classes_there_is_one_and_of_three_each() {
        let row = |class: &str, by: &str, measure: &str, value| WithinGroupsRow {
            by: by.into(),
            class: class.into(),
            measure: measure.into(),
            value,
            ..WithinGroupsRow::default()
        };
        let of = |class: &str, value: f64| ["auroc", "share-left"].map(|measure| row(class, "source", measure, Some(value)));
        let two = Table { rows: [of("a", 0.7), of("b", 0.7 + 1e-12)].concat() };
        let told = two.told();
        assert_eq!((told.len(), told[0].name().as_str(), told[0].rows.len()), (1, "a against b", 2));
        assert_eq!((told[0].by(), told[0].of("share-left").unwrap().class.as_str(), told[0].of("other").is_none()), ("source", "a", true));
        let mut rows = [of("a", 0.7), of("b", 0.8), of("c", 0.9)].concat();
        rows.push(row("a", "view", "auroc", None));
        let names: Vec<String> = Table { rows }.told().iter().map(|told| format!("{} by {}", told.name(), told.by())).collect();
        assert_eq!(names, ["a against the rest by source", "b against the rest by source", "c against the rest by source", "a against the rest by view"]);
    }
}
