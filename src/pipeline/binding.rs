//! Bindings: `stage`, `stage.port`, `stage/axis=value`, `stage.port/axis=*`, `stage/*`.

use super::matrix::is_same;

/// A binding as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The stage.
    pub stage: String,
    /// Its output; the first where not named.
    pub port: Option<String>,
    /// Axes that are selected, `Some(value)`, or gathered, `None`.
    pub axes: Vec<(String, Option<String>)>,
    /// True for `/*`: every axis is gathered.
    pub all: bool,
}

/// Reads a binding; `None` where it has another form.
pub fn parse(text: &str) -> Option<Binding> {
    let mut parts = text.split('/');
    let head = parts.next()?;
    let (stage, port) = match head.split_once('.') {
        Some((stage, port)) => (stage, Some(port.to_owned())),
        None => (head, None),
    };
    let mut binding = Binding { stage: stage.to_owned(), port, axes: vec![], all: false };
    for part in parts {
        match part.split_once('=') {
            None if part == "*" => binding.all = true,
            Some((axis, "*")) => binding.axes.push((axis.to_owned(), None)),
            Some((axis, value)) if !axis.is_empty() && !value.is_empty() => binding.axes.push((axis.to_owned(), Some(value.to_owned()))),
            _ => return None,
        }
    }
    (!stage.is_empty() && binding.port.as_deref() != Some("")).then_some(binding)
}

impl Binding {
    /// True if it means a stage of this name: with some or all of its coordinates, in any order and spelling, or without any.
    pub fn selects(&self, stage: &str) -> bool {
        let mut parts = stage.split('/');
        let is_base = parts.next() == Some(&self.stage);
        let cell: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
        let has = |axis: &str, value: Option<&String>| cell.iter().any(|(a, v)| *a == axis && value.is_none_or(|value| is_same(v, value)));
        is_base && self.axes.iter().all(|(axis, value)| has(axis, value.as_ref()))
    }
    /// True if several cells arrive.
    pub fn gathers(&self) -> bool {
        self.all || self.axes.iter().any(|(_, v)| v.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_manual() {
        let b = parse("split.train/fold=0").unwrap();
        assert_eq!((b.stage.as_str(), b.port.as_deref(), b.axes), ("split", Some("train"), vec![("fold".to_string(), Some("0".to_string()))]));
        assert!(parse("scores/*").unwrap().all);
        assert!(parse("scores/fold=*").unwrap().gathers());
        assert_eq!(parse("c/arm=real+synthetic").unwrap().axes[0].1.as_deref(), Some("real+synthetic"));
        for bad in ["", "a.", "a/x", "a/=1", "a/x=", "/x=1"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_selection_names_axes_in_any_order_and_spelling_or_none() {
        let is = |wanted: &str| parse(wanted).unwrap().selects("scores/arm=real/repeat=0");
        assert!(is("scores") && is("scores/*") && is("scores/repeat=0") && is("scores/repeat=0/arm=real") && is("scores/arm=*/repeat=0"));
        assert!(!is("score") && !is("scores/repeat=1") && !is("scores/fold=0") && !is("scores/fold=*"));
        assert!(parse("scores/lr=1e-3").unwrap().selects("scores/lr=0.001"));
    }
}
