//! Axes and cells: a stage with a matrix is one stage per cell.

use super::node::{self, Node, Yaml};
use super::raw::{NAME, RawStage, bad_name};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use serde_json::Value;
use std::collections::BTreeMap;

/// The axis that changes the seed.
pub const REPEAT: &str = "repeat";
/// The key of a matrix that names cells to leave out, and is not an axis.
pub const EXCLUDE: &str = "exclude";

/// Coordinates of a cell: axis → value as it is spelled.
pub type Cell = BTreeMap<String, String>;

/// An axis with its values, spelled and typed.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Values in written order.
    pub values: Vec<(String, Value)>,
    /// Where each of them stands.
    pub places: Vec<Span>,
}

/// Two axes with the same values are the same, wherever they stand.
impl PartialEq for Axis {
    fn eq(&self, other: &Axis) -> bool {
        self.values == other.values
    }
}

impl Axis {
    /// A value as it is spelled in names, whichever way a binding spells it: `1e-3` is `0.001`.
    pub fn spelling(&self, written: &str) -> Option<&str> {
        self.values.iter().find(|v| is_same(&v.0, written)).map(|v| v.0.as_str())
    }
    /// The coordinate with this spelling.
    pub fn coordinate(&self, spelt: &str) -> Option<Coordinate<'_>> {
        let at = self.values.iter().position(|v| v.0 == spelt)?;
        Some(Coordinate { axis: self, at })
    }
}

/// A value of an axis, among its other values.
#[derive(Debug, Clone, Copy)]
pub struct Coordinate<'a> {
    axis: &'a Axis,
    at: usize,
}

impl<'a> Coordinate<'a> {
    /// The typed value.
    pub fn value(self) -> &'a Value {
        &self.axis.values[self.at].1
    }
    /// The value as it is spelled in names.
    pub fn spelling(self) -> &'a str {
        &self.axis.values[self.at].0
    }
    /// Where it stands.
    pub fn place(self) -> Span {
        self.axis.places[self.at]
    }
    /// All values of its axis, as they are spelled.
    pub fn all(self) -> impl Iterator<Item = &'a str> {
        self.axis.values.iter().map(|v| v.0.as_str())
    }
}

/// True for two spellings of one value of an axis.
pub fn is_same(a: &str, b: &str) -> bool {
    let number = |text: &str| node::scalar(text).as_f64();
    a == b || number(a).is_some_and(|n| Some(n) == number(b))
}

/// From this on, not all integers are numbers of JSON.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Axes by name.
pub type Axes = BTreeMap<String, Axis>;

/// `name/axis=value/…`, axes in alphabetical order: the one spelling of a cell.
pub fn spell(name: &str, cell: &Cell) -> String {
    cell.iter().fold(name.to_owned(), |out, (axis, value)| out + "/" + axis + "=" + value)
}

/// How the values of an axis are written.
fn listed(axis: &str) -> String {
    let values = if axis == REPEAT { "[0, 1, 2]" } else { "[one, another]" };
    format!("write its values as a list, such as `{axis}: {values}`")
}

/// The axes that a stage declares.
pub fn declared(stage: &RawStage, diagnostics: &mut Vec<Diagnostic>) -> Axes {
    let mut axes = Axes::new();
    for (name, node) in stage.matrix.iter().filter(|m| m.0.text != EXCLUDE) {
        let fault = |message: String, span| Diagnostic::new("E0304", message).at(span, "in this axis");
        if !super::raw::is_name(&name.text) {
            diagnostics.push(bad_name(&name.text, "an axis").at(name.span, NAME));
        }
        let Yaml::List(items) = &node.value else {
            diagnostics.push(fault(format!("the axis `{}` must be a list of values, found {}", name.text, node.what()), node.span).help(listed(&name.text)));
            continue;
        };
        if items.is_empty() {
            diagnostics.push(fault(format!("the axis `{}` has no value", name.text), node.span).help(listed(&name.text)));
        }
        let mut axis = Axis { values: vec![], places: vec![] };
        for item in items {
            match spelt(item) {
                Some((text, _)) if axis.values.iter().any(|v| v.0 == text) => {
                    diagnostics.push(fault(format!("the axis `{}` has the value `{text}` twice", name.text), item.span).help("remove one of them"))
                }
                // A binding may spell a number in any way: it could mean either.
                Some((text, _)) if axis.values.iter().any(|v| is_same(&v.0, &text)) => {
                    let first = axis.values.iter().find(|v| is_same(&v.0, &text)).map_or("", |v| &v.0);
                    let message = format!("`{first}` and `{text}` of the axis `{}` are the same number", name.text);
                    diagnostics.push(fault(message, item.span).help("give them names that are not numbers"))
                }
                Some((text, _)) if text.starts_with('$') => {
                    let message = format!("`{text}` in the axis `{}`: an axis lists names of variables without `$`", name.text);
                    let variable = text.trim_start_matches(['$', '{']).trim_end_matches('}');
                    diagnostics.push(fault(message, item.span).help(format!("write `{variable}`")))
                }
                Some((text, value)) if (value.is_i64() || value.is_u64()) && value.as_f64().is_some_and(|n| n.abs() >= MAX_EXACT) => {
                    let message = format!("the value `{text}` of the axis `{}` is too large to be told from the next number", name.text);
                    diagnostics.push(fault(message, item.span).help("quote it, or give it a name"))
                }
                Some((text, value)) if name.text == REPEAT && !value.is_u64() => {
                    diagnostics.push(fault(format!("the axis `repeat` counts from 0, found `{text}`"), item.span).help(listed(REPEAT)))
                }
                Some(value) => {
                    axis.values.push(value);
                    axis.places.push(item.span);
                }
                None => diagnostics.push(
                    fault(format!("a value of the axis `{}` must be a single word or number without `/`, `=`, `*` or spaces", name.text), item.span)
                        .help("name it in `vars`, and list the name"),
                ),
            }
        }
        axes.insert(name.text.clone(), axis);
    }
    axes
}

/// The cells that a stage leaves out: each entry means all cells with these coordinates. `axes` are all axes of the stage;
/// `open` is true where an error elsewhere may hide others.
pub fn excluded(stage: &RawStage, axes: &Axes, open: bool, diagnostics: &mut Vec<Diagnostic>) -> Vec<Cell> {
    let Some((_, list)) = stage.matrix.iter().find(|m| m.0.text == EXCLUDE) else { return vec![] };
    let form = |span| {
        Diagnostic::new("E0304", "`exclude` is a list of mappings of axes and values")
            .at(span, "here")
            .help("write `exclude: [ { arm: real, network: vgg16 } ]`")
    };
    let Yaml::List(items) = &list.value else {
        diagnostics.push(form(list.span));
        return vec![];
    };
    let mut out = vec![];
    for item in items {
        let Yaml::Map(entries) = &item.value else {
            diagnostics.push(form(item.span));
            continue;
        };
        let mut cell = Cell::new();
        for (name, value) in entries {
            let Some(axis) = axes.get(&name.text) else {
                if open {
                    continue;
                }
                let known: Vec<&str> = axes.keys().map(String::as_str).collect();
                let all = format!("its axes are: {}", known.join(", "));
                diagnostics.push(
                    Diagnostic::new("E0301", format!("`{}` has no axis `{}`", stage.name.text, name.text))
                        .at(name.span, "unknown axis")
                        .help(did_you_mean(&name.text, known, "axis").unwrap_or(all)),
                );
                continue;
            };
            match value.text().and_then(|text| axis.spelling(text)) {
                Some(spelt) => drop(cell.insert(name.text.clone(), spelt.to_owned())),
                None => {
                    let known: Vec<&str> = axis.values.iter().map(|v| v.0.as_str()).collect();
                    let found = value.text().map_or(value.what().to_owned(), |t| format!("`{t}`"));
                    diagnostics.push(
                        Diagnostic::new("E0302", format!("the axis `{}` has no value {found}", name.text))
                            .at(value.span, "unknown value")
                            .help(format!("its values are: {}", known.join(", "))),
                    );
                }
            }
        }
        if entries.is_empty() {
            diagnostics.push(form(item.span));
        } else if cell.len() == entries.len() {
            out.push(cell);
        }
    }
    out
}

/// True for a cell that matches one of the entries.
pub fn is_excluded(cell: &Cell, excluded: &[Cell]) -> bool {
    excluded.iter().any(|entry| entry.iter().all(|(axis, value)| cell.get(axis) == Some(value)))
}

fn spelt(item: &Node) -> Option<(String, Value)> {
    let value = item.to_json();
    let text = match &value {
        Value::String(s) => s.clone(),
        Value::Number(_) | Value::Bool(_) => hilum_cache::canonical::to_string(&value),
        _ => return None,
    };
    // It becomes the name of a directory.
    let is_name = !text.contains(['/', '=', '*', ' ']) && text.len() <= MAX_VALUE && hilum_cache::names::is_plain(&format!("v={text}"));
    (!text.is_empty() && is_name).then_some((text, value))
}

/// Letters of a value of an axis.
const MAX_VALUE: usize = 100;

/// Cells that a study may have in all.
pub const MAX_CELLS: usize = 100_000;

/// How many cells some axes make.
pub fn count(axes: &Axes) -> usize {
    axes.values().fold(1, |n, axis| n.saturating_mul(axis.values.len()))
}

/// All cells of some axes: the last axis in the alphabet runs fastest.
pub fn cells(axes: &Axes) -> Vec<Cell> {
    let mut out = vec![Cell::new()];
    for (name, axis) in axes {
        out = out
            .into_iter()
            .flat_map(|cell| axis.values.iter().map(move |(v, _)| cell.clone().into_iter().chain([(name.clone(), v.clone())]).collect()))
            .collect();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_any_spelling() {
        for (a, b) in [("1e-3", "0.001"), ("1", "1.0"), ("0012", "0012"), ("real", "real")] {
            assert!(is_same(a, b), "{a} {b}");
        }
        for (a, b) in [("0012", "12"), ("1", "2"), ("a", "b")] {
            assert!(!is_same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_cell_is_spelt_in_one_way() {
        let axis = |v: &[&str]| Axis { values: v.iter().map(|v| ((*v).to_owned(), Value::from(*v))).collect(), places: vec![Span::default(); v.len()] };
        let axes: Axes = [("repeat".to_owned(), axis(&["0", "1"])), ("arm".to_owned(), axis(&["real", "real+synthetic"]))].into();
        let names: Vec<String> = cells(&axes).iter().map(|c| spell("scores", c)).collect();
        assert_eq!(names, ["scores/arm=real/repeat=0", "scores/arm=real/repeat=1", "scores/arm=real+synthetic/repeat=0", "scores/arm=real+synthetic/repeat=1"]);
    }
}
