//! Metrics by the names that a study uses: `auroc`, or `sensitivity/covid`. Independent of values.

use crate::contract::bad_parameter::Fault;
use crate::contract::prelude::*;
use crate::evaluation::METRICS;
use crate::evaluation::metric::{Measure, Metric};

/// Refuses names that no metric has.
pub(super) fn check(parameter: &str, names: impl IntoIterator<Item = String>) -> Vec<BadParameter> {
    let bare = |name: &str| name.split_once('/').map_or(name, |(metric, _)| metric).to_owned();
    let mut known: Vec<String> = METRICS.iter().map(|m| m.name.to_owned()).collect();
    known.sort();
    known.dedup();
    let names: Vec<String> = names.into_iter().collect();
    let unknown = names.iter().map(|n| bare(n)).enumerate().filter(|(_, n)| !known.contains(n));
    let path = |at: usize| match parameter {
        "show" => vec![parameter.to_owned(), at.to_string()],
        "reference.columns" => vec!["reference".to_owned(), "columns".to_owned(), names[at].clone()],
        _ => vec![parameter.to_owned()],
    };
    let empty = names.iter().enumerate().filter(|(_, n)| n.ends_with('/')).map(|(at, name)| {
        let why = format!("`{name}` names no class after the slash");
        BadParameter { path: path(at), what: Fault::Value(why) }
    });
    let no_classes = |name: &String| name.contains('/') && known.contains(&bare(name)) && !METRICS.iter().any(|m| m.name == bare(name) && m.is_per_class());
    let whole = names.iter().enumerate().filter(|(_, n)| no_classes(n)).map(|(at, n)| {
        let why = format!("`{}` is of all classes together: write it without a class", bare(n));
        BadParameter { path: path(at), what: Fault::Value(why) }
    });
    unknown.map(|(at, found)| BadParameter { path: path(at), what: Fault::Choice { found, known: known.clone() } }).chain(whole).chain(empty).collect()
}

/// True where a name means a metric that has a value for each class and none for the whole.
pub(super) fn is_of_each_class(name: &str) -> bool {
    let named = || METRICS.iter().filter(|m| m.name == name);
    named().count() > 0 && named().all(Metric::is_per_class)
}

/// The places of the metrics that a name means: of the named class; of the positive one, if there is one and the metric has classes;
/// of the whole; of each class.
///
/// # Errors
/// If there is no such class, or a class has no such metric.
pub(super) fn places(name: &str, measures: &[Measure], classes: &[String], positive: Option<usize>) -> Result<Vec<usize>> {
    let of = |metric: &str, class: Option<usize>| measures.iter().position(|m| m.metric.name == metric && m.class == class);
    if let Some((metric, class)) = name.split_once('/') {
        let number = classes.iter().position(|c| c == class);
        let number =
            number.ok_or_else(|| Error::helped(format!("`{name}`: there is no class `{class}`"), format!("the classes are: {}", classes.join(", "))))?;
        let found = of(metric, Some(number)).ok_or_else(|| Error::data(format!("`{name}`: `{metric}` is of all classes together, write `{metric}`")))?;
        return Ok(vec![found]);
    }
    if let Some(found) = positive.and_then(|class| of(name, Some(class))).or_else(|| of(name, None)) {
        return Ok(vec![found]);
    }
    Ok((0..classes.len()).filter_map(|class| of(name, Some(class))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::metric::measures;

    #[test]
    fn a_name_means_the_positive_class_the_whole_or_every_class() {
        let (all, classes) = (measures(METRICS, 2), ["covid", "normal"].map(String::from));
        let of = |name: &str, positive| {
            places(name, &all, &classes, positive).map(|p| p.into_iter().map(|at| (all[at].metric.name, all[at].class)).collect::<Vec<_>>())
        };
        assert_eq!(of("auroc", None).unwrap(), [("auroc", None)]);
        assert_eq!(of("auroc", Some(0)).unwrap(), [("auroc", Some(0))]);
        assert_eq!(of("auroc/normal", Some(0)).unwrap(), [("auroc", Some(1))]);
        assert_eq!(of("sensitivity", None).unwrap(), [("sensitivity", Some(0)), ("sensitivity", Some(1))]);
        assert_eq!(of("accuracy", Some(0)).unwrap(), [("accuracy", None)]);
        assert!(of("auroc/flu", None).unwrap_err().to_string().contains("no class `flu`"));
        assert!(of("accuracy/covid", None).unwrap_err().to_string().contains("write `accuracy`"));
        let bad = check("show", ["auroc/covid", "aurok"].map(String::from));
        assert_eq!((bad.len(), bad[0].path.join(".")), (1, "show.1".to_owned()));
        assert_eq!(check("metric", ["accuracy/covid".to_owned()]).len(), 1, "known before anything is trained");
    }
}
