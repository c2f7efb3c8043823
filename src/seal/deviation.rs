//! Where a study, or a run of one, is not what was sealed.

use super::{Fixed, Role, bindings, without_inputs};
use hilum_cache::recipe::Part;
use hilum_cache::{Receipt, Recipe};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Something that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deviation {
    /// The stage, with its cell.
    pub stage: String,
    /// What it is to the comparison.
    pub role: Role,
    /// What differs: a parameter's path, `in.PORT`, `seed`, `kind`, `version`, a file from outside, or `stage` where it was added or removed.
    pub path: String,
    /// As it was sealed; null where there was nothing.
    pub sealed: Value,
    /// As it is now; null where there is nothing.
    pub now: Value,
}

/// A stage as it is now.
struct Now<'a> {
    role: Option<Role>,
    recipe: Recipe,
    bound: std::borrow::Cow<'a, BTreeMap<String, Value>>,
}

impl<'a> Now<'a> {
    /// Of a study as it is fixed now.
    fn of_plan(fixed: &'a Fixed) -> Now<'a> {
        Now { role: Some(fixed.role), recipe: fixed.recipe.clone(), bound: std::borrow::Cow::Borrowed(&fixed.bound) }
    }
    /// Of a run: what was computed, and what was bound there.
    fn of_run(receipt: &Receipt, resolved: &Value) -> Now<'static> {
        Now { role: None, recipe: without_inputs(receipt.recipe.clone()), bound: std::borrow::Cow::Owned(bindings(resolved)) }
    }
}

/// Of what was sealed, what a study is not any more; those of the comparison first.
pub fn deviations(sealed: &BTreeMap<String, Fixed>, now: &BTreeMap<String, Fixed>) -> Vec<Deviation> {
    compared(sealed, &now.iter().map(|(name, fixed)| (name.as_str(), Now::of_plan(fixed))).collect())
}

impl Deviation {
    /// The same of a run, by its results and its resolved study. A stage without a result is passed over: what it will be is not known.
    pub fn of_run<'r>(sealed: &BTreeMap<String, Fixed>, resolved: &Value, receipts: impl IntoIterator<Item = &'r Receipt>) -> Vec<Deviation> {
        let stages = &resolved["stages"];
        let mut now: BTreeMap<&str, Now> = BTreeMap::new();
        for receipt in receipts.into_iter().filter(|receipt| sealed.contains_key(&receipt.stage)) {
            now.insert(&receipt.stage, Now::of_run(receipt, &stages[receipt.stage.as_str()]));
        }
        let is_known = |name: &str| now.contains_key(name) || stages.get(name).is_none();
        let known: BTreeMap<String, Fixed> = sealed.iter().filter(|(name, _)| is_known(name)).map(|(name, fixed)| (name.clone(), fixed.clone())).collect();
        compared(&known, &now)
    }
}

fn compared(sealed: &BTreeMap<String, Fixed>, now: &BTreeMap<&str, Now>) -> Vec<Deviation> {
    let names: BTreeSet<&str> = sealed.keys().map(String::as_str).chain(now.keys().copied()).collect();
    let mut out = vec![];
    for name in names {
        let of = |role: Role, path: String, sealed: Value, now: Value| Deviation { stage: name.to_owned(), role, path, sealed, now };
        match (sealed.get(name), now.get(name)) {
            (Some(fixed), Some(now)) => {
                for d in now.recipe.differences(&fixed.recipe) {
                    let path = match d.part {
                        Part::Kind => "kind".to_owned(),
                        Part::Version => "version".to_owned(),
                        Part::Seed => "seed".to_owned(),
                        Part::Parameter | Part::Source | Part::Input => d.path,
                        Part::Engine | Part::Pseudonyms => continue,
                    };
                    out.push(of(fixed.role, path, d.old, d.new));
                }
                let ports: BTreeSet<&String> = fixed.bound.keys().chain(now.bound.keys()).collect();
                for port in ports.into_iter().filter(|port| fixed.bound.get(*port) != now.bound.get(*port)) {
                    let bound = |of: &BTreeMap<String, Value>| of.get(port).cloned().unwrap_or_default();
                    out.push(of(fixed.role, format!("in.{port}"), bound(&fixed.bound), bound(&now.bound)));
                }
            }
            (Some(fixed), None) => out.push(of(fixed.role, "stage".into(), fixed.recipe.kind.as_str().into(), Value::Null)),
            (None, Some(now)) => out.extend(now.role.map(|role| of(role, "stage".into(), Value::Null, now.recipe.kind.as_str().into()))),
            (None, None) => {}
        }
    }
    out.sort_by_key(|deviation| deviation.role);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fixed(role: Role, parameters: Value, seed: &str, bound: Value) -> Fixed {
        let recipe = json!({ "v": 1, "kind": "k", "version": 1, "parameters": parameters, "seed": seed });
        Fixed { role, recipe: serde_json::from_value(recipe).unwrap(), bound: bindings(&json!({ "in": bound })) }
    }

    #[test]
    fn what_differs_is_said_with_both_values_and_the_comparison_first() {
        let of = |metric: &str, seed: &str, arm: &str, last: &str| {
            BTreeMap::from([
                ("answer".to_owned(), fixed(Role::Comparison, json!({ "metric": metric }), "1", json!({ "scores": ["a.scores", arm] }))),
                ("a".to_owned(), fixed(Role::Arm, json!({}), seed, json!({}))),
                (last.to_owned(), fixed(Role::Test, json!({}), "1", json!({}))),
            ])
        };
        let sealed = of("auroc", "1", "b.scores", "split");
        assert_eq!(deviations(&sealed, &sealed), []);
        let found = deviations(&sealed, &of("accuracy", "2", "c.scores", "other"));
        let said: Vec<String> = found.iter().map(|d| format!("{} {} {} {} {}", d.role.name(), d.stage, d.path, d.sealed, d.now)).collect();
        assert_eq!(
            said,
            [
                r#"comparison answer metric "auroc" "accuracy""#,
                r#"comparison answer in.scores ["a.scores","b.scores"] ["a.scores","c.scores"]"#,
                r#"test other stage null "k""#,
                r#"test split stage "k" null"#,
                r#"arm a seed "1" "2""#
            ]
        );
    }
}
