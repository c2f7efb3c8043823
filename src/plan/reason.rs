//! Why a stage runs: the difference of two recipes, with the line of the file where it comes from.

use super::World;
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use hilum_cache::recipe::{Difference, Input, Part};
use hilum_cache::{Digest, Recipe};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// `parameter`, `input`, `source`, `seed`, `kind`, `version`, `engine`, `pseudonyms`, `new`, `lost`, `forced`.
    pub code: &'static str,
    /// The parameter, port or source.
    pub path: String,
    /// The value before.
    pub old: Value,
    /// The value now.
    pub new: Value,
    /// The place in the file.
    pub at: Option<String>,
    /// The same with the line alone, for people.
    pub line: Option<String>,
    /// Stages that an input comes from.
    pub from: Vec<StageId>,
}

impl Reason {
    fn bare(code: &'static str) -> Reason {
        Reason { code, path: String::new(), old: Value::Null, new: Value::Null, at: None, line: None, from: vec![] }
    }
    /// It never ran in this study.
    pub fn first() -> Reason {
        Reason::bare("new")
    }
    /// Its outputs are damaged or were removed.
    pub fn lost() -> Reason {
        Reason::bare("lost")
    }
    /// The user said so.
    pub fn forced() -> Reason {
        Reason::bare("forced")
    }

    /// False for an input that only seems to differ because it is not known yet.
    pub fn path_is_known(&self, waits: &[StageId]) -> bool {
        self.code != "input" || !self.from.iter().any(|f| waits.contains(f))
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({ "code": self.code, "path": self.path, "old": self.old, "new": self.new, "at": self.at })
    }

    /// For people: `parameter `epochs` 40 → 60 (covid.yaml:52)`.
    pub fn say(&self, p: &Pipeline) -> String {
        let place = self.line.as_ref().map(|l| format!(" ({l})")).unwrap_or_default();
        let from = || self.from.iter().map(|f| format!("`{}`", p.stages[*f].name)).collect::<Vec<_>>();
        match self.code {
            "new" => "it has not run in this study".into(),
            "lost" => "its outputs are damaged or were removed".into(),
            "forced" => "`--force`".into(),
            "parameter" => format!("parameter `{}` {} → {}{place}", self.path, short(&self.old), short(&self.new)),
            "seed" => format!("seed {} → {}{place}", short(&self.old), short(&self.new)),
            "source" => format!("the files of `{}` changed{place}", self.path),
            "input" => {
                let films = match (&self.old, &self.new) {
                    (Value::String(old), Value::String(new)) if old.ends_with("images") => format!(" {old} → {new}"),
                    _ => String::new(),
                };
                let from = from();
                let from = if from.len() > 3 { format!("{} and {} more", from[..2].join(", "), from.len() - 2) } else { from.join(", ") };
                format!("input `{}` changed{films}{}", self.path, if from.is_empty() { String::new() } else { format!(", from {from}") })
            }
            "version" => format!("the code of the kind changed: version {} → {}", self.old, self.new),
            "kind" => format!("the kind {} → {}{place}", short(&self.old), short(&self.new)),
            "engine" => format!("engine {} → {}", short(&self.old), short(&self.new)),
            _ => "the study has another key for pseudonyms".into(),
        }
    }
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    if text.chars().count() > 60 { text.chars().take(57).collect::<String>() + "…" } else { text }
}

/// The reasons why `new` is not `old`.
pub fn explain(p: &Pipeline, id: StageId, new: &Recipe, old: &Recipe, world: &World) -> Vec<Reason> {
    let stage = &p.stages[id];
    let mut out = vec![];
    for d in new.differences(old) {
        let from = if d.part == Part::Input { changed_sources(p, id, &d) } else { vec![] };
        let words = if d.part == Part::Input { in_words(&d, world) } else { None };
        let Difference { part, path, old, new } = d;
        let (code, span) = match part {
            Part::Kind => ("kind", Some(stage.places.kind)),
            Part::Version => ("version", None),
            Part::Parameter => ("parameter", Some(stage.places.with.decided_at(&path, &old, &new))),
            Part::Seed => ("seed", stage.places.seed),
            Part::Source => ("source", Some(stage.places.with.decided_at(&path, &old, &new))),
            Part::Input => ("input", None),
            Part::Engine => ("engine", None),
            Part::Pseudonyms => ("pseudonyms", None),
        };
        let (old, new) = words.unwrap_or((old, new));
        out.push(Reason { code, path, old, new, at: span.map(|s| world.texts.place(s)), line: span.map(|s| world.texts.line(s)), from });
    }
    out
}

/// Stages bound to a port whose part of it changed.
fn changed_sources(p: &Pipeline, id: StageId, d: &Difference) -> Vec<StageId> {
    let input = p.stages[id].inputs.iter().find(|i| i.port.name == d.path);
    let mut from: Vec<StageId> = input.into_iter().flat_map(|i| &i.from).map(|s| s.stage).collect();
    if let (Some(input), Ok(Input::Gathered(old)), Ok(Input::Gathered(new))) =
        (input, serde_json::from_value(d.old.clone()), serde_json::from_value(d.new.clone()))
    {
        let old: BTreeMap<String, Digest> = old.into_iter().map(|g| (g.cell, g.digest)).collect();
        let changed: Vec<String> = new.iter().filter(|g| old.get(&g.cell) != Some(&g.digest)).map(|g| g.cell.clone()).collect();
        from = input.from.iter().filter(|s| changed.contains(&s.cell)).map(|s| s.stage).collect();
    }
    from.sort_unstable();
    from.dedup();
    from
}

/// A lookup in words: how many films are other ones, where both lists are still there.
fn in_words(d: &Difference, world: &World) -> Option<(Value, Value)> {
    let list = |v: &Value| match serde_json::from_value::<Input>(v.clone()) {
        Ok(Input::Lookup { lookup, images }) => Some((world.store.read(&lookup).ok(), images)),
        _ => None,
    };
    match (list(&d.old), list(&d.new)) {
        (Some((_, old)), Some((_, new))) if old != new => Some((format!("{old} images").into(), format!("{new} images").into())),
        _ => None,
    }
}
