//! Why a stage runs: the difference of two recipes, with the line of the file where it comes from. `inputs` finds out which
//! stage an input changed with. Independent of how a plan is laid out for people.

mod inputs;

use crate::pipeline::differing::{self, Differing, differing};
use crate::pipeline::node::{self, Node};
use crate::pipeline::{Pipeline, Stage};
use crate::session::Session;
use hilum_cache::Recipe;
use hilum_cache::recipe::{Difference, Part};
pub use inputs::{Given, Output};
use serde_json::{Value, json};

/// What sort of reason it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is not cached.
    New,
    /// Its outputs are damaged or missing.
    Lost,
    /// The user asks for it.
    Forced,
    /// This part of its recipe is another one.
    Changed(Part),
}

impl Why {
    /// As documents and logs name it.
    pub fn name(self) -> &'static str {
        match self {
            Why::New => "new",
            Why::Lost => "lost",
            Why::Forced => "forced",
            Why::Changed(Part::Kind) => "kind",
            Why::Changed(Part::Version) => "version",
            Why::Changed(Part::Parameter) => "parameter",
            Why::Changed(Part::Seed) => "seed",
            Why::Changed(Part::Source) => "file",
            Why::Changed(Part::Input) => "input",
            Why::Changed(Part::Engine) => "engine",
            Why::Changed(Part::Pseudonyms) => "pseudonyms",
        }
    }
}

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// What sort of reason it is.
    pub why: Why,
    /// The parameter or port.
    pub path: String,
    /// The value before.
    pub old: Value,
    /// The value now.
    pub new: Value,
    /// Of a parameter, where in its value the two differ, with numbers as the file spells them.
    pub differing: Vec<Differing>,
    /// The place in the file.
    pub at: Option<String>,
    /// The same with the line alone, for people.
    pub line: Option<String>,
    /// Outputs with which an input changed.
    pub from: Vec<Output>,
}

impl Reason {
    fn bare(why: Why) -> Reason {
        Reason { why, path: String::new(), old: Value::Null, new: Value::Null, differing: vec![], at: None, line: None, from: vec![] }
    }
    /// It is not cached.
    pub fn first() -> Reason {
        Reason::bare(Why::New)
    }
    /// Its outputs are damaged or missing.
    pub fn lost() -> Reason {
        Reason::bare(Why::Lost)
    }
    /// Forced by the user.
    pub fn forced() -> Reason {
        Reason::bare(Why::Forced)
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({ "code": self.why.name(), "path": self.path, "old": self.old, "new": self.new, "at": self.at })
    }

    /// For people: `epochs 40 → 60 (covid.yaml:52)`, `input samples changed (from split.train)`.
    pub fn say(&self, p: &Pipeline) -> String {
        self.words(p, false)
    }

    /// The same for several cells: without what differs from cell to cell.
    pub fn say_of_cells(&self, p: &Pipeline) -> String {
        self.words(p, true)
    }

    fn words(&self, p: &Pipeline, of_cells: bool) -> String {
        let place = self.line.as_ref().map(|l| format!(" ({l})")).unwrap_or_default();
        let values = || format!("{} → {}", differing::text(&self.old), differing::text(&self.new));
        match self.why {
            Why::New => "not cached".into(),
            Why::Lost => "outputs are damaged or missing".into(),
            Why::Forced => "`--force`".into(),
            Why::Changed(Part::Parameter) => format!("{}{place}", differing::line(&self.differing, " ")),
            // Every cell has a seed of its own.
            Why::Changed(Part::Seed) if of_cells => format!("seed changed{place}"),
            Why::Changed(Part::Seed) => format!("seed {}{place}", values()),
            Why::Changed(Part::Source) => format!("files in `{}` changed{place}", self.path),
            Why::Changed(Part::Input) => {
                let mut from: Vec<String> = self.from.iter().map(|output| named(p, *output, of_cells)).collect();
                from.dedup();
                let from = if from.len() > 3 { format!("{} and {} more", from[..2].join(", "), from.len() - 2) } else { from.join(", ") };
                let from = if from.is_empty() { String::new() } else { format!(" (from {from})") };
                let what = match (&self.old, &self.new) {
                    (_, Value::Null) => "was removed".to_owned(),
                    (Value::Null, _) => "was added".to_owned(),
                    (Value::String(old), Value::String(new)) if !of_cells && new.ends_with(" images") => format!("changed: {old} → {new}"),
                    _ => "changed".to_owned(),
                };
                format!("input {} {what}{from}", self.path)
            }
            Why::Changed(Part::Version) => format!("code of the kind changed: version {}", values()),
            Why::Changed(Part::Kind) => format!("kind {}{place}", values()),
            Why::Changed(Part::Engine) => format!("engine {}", values()),
            Why::Changed(Part::Pseudonyms) => "the pseudonym key changed".into(),
        }
    }
}

/// An output as a study binds it: by the stage alone where that has one output.
fn named(p: &Pipeline, (id, port): Output, of_cells: bool) -> String {
    let stage = &p.stages[id];
    let cell = if of_cells { "" } else { stage.name.strip_prefix(&stage.base).unwrap_or_default() };
    let port = if stage.kind.outputs.len() == 1 { String::new() } else { format!(".{port}") };
    format!("{}{port}{cell}", stage.base)
}

/// How the file spells a number at a path with dots, and parts below it, if it is there.
fn spelt(with: &Node, path: &str, below: &[String], value: &Value) -> Option<String> {
    let parts: Vec<String> = path.split('.').map(str::to_owned).chain(below.iter().cloned()).collect();
    let text = with.at(&parts).and_then(Node::text)?;
    (value.is_number() && node::scalar(text).as_f64() == value.as_f64()).then(|| text.to_owned())
}

/// The reasons why `new` is not `old`.
pub fn explain(p: &Pipeline, stage: &Stage, new: &Recipe, old: &Recipe, given: &Given, session: &Session) -> Vec<Reason> {
    let mut out = vec![];
    let all = new.differences(old);
    for d in &all {
        let (mut from, mut words) = (vec![], None);
        if d.part == Part::Input {
            let Some(change) = inputs::change(stage, d, &all, given, session) else { continue };
            (from, words) = (change.from, change.words);
            from.sort_unstable_by_key(|(id, _)| (&p.stages[*id].base, *id));
            from.dedup();
        }
        let Difference { part, path, old, new } = d.clone();
        let with = &stage.places.with;
        let span = match part {
            Part::Kind => Some(stage.places.kind),
            Part::Parameter | Part::Source => Some(with.decided_at(&path, &old, &new)),
            Part::Seed => stage.places.seed,
            Part::Version | Part::Input | Part::Engine | Part::Pseudonyms => None,
        };
        let differing = if part == Part::Parameter { differing(&path, &old, &new, &|below, value| spelt(with, &path, below, value)) } else { vec![] };
        let (old, new) = words.unwrap_or((old, new));
        out.push(Reason {
            why: Why::Changed(part),
            path,
            old,
            new,
            differing,
            at: span.map(|s| session.texts.place(s)),
            line: span.map(|s| session.texts.line(s)),
            from,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_is_spelt_as_in_the_file() {
        let mut faults = vec![];
        let with = crate::pipeline::parse::parse("rate: 65.0\nsmall: 1e-3\nnet: { width: 8, rates: [1, 2e-4] }\n", 0, &mut faults).expect("it parses");
        let of = |path: &str, value: Value| spelt(&with, path, &[], &value);
        assert_eq!(of("rate", json!(65.0)).as_deref(), Some("65.0"));
        assert_eq!(of("small", json!(0.001)).as_deref(), Some("1e-3"));
        assert_eq!(of("net.width", json!(8)).as_deref(), Some("8"));
        assert_eq!(spelt(&with, "net.rates", &["1".to_owned()], &json!(0.0002)).as_deref(), Some("2e-4"));
        // Another value than the file's was filled in.
        assert_eq!(of("rate", json!(64.0)), None);
        assert_eq!(of("absent", json!(1)), None);
    }

    #[test]
    fn reasons_are_said_with_what_changed_and_where() {
        let p = crate::language::study(
            r#"
study: s
seed: 1
stages:
  images: { stage: phantoms, matrix: { repeat: [0, 1, 2, 3] }, with: { classes: { covid: { images: 9 } } } }
  parts: { stage: split, in: { samples: images }, with: { train: 0.5, test: 0.5 } }
"#,
        );
        let at = |name: &str| p.find(name).unwrap();
        let say = |reason: Reason| (reason.say(&p), reason.say_of_cells(&p));
        let same = |text: &str| (text.to_owned(), text.to_owned());
        let place = Some("s.yaml:7".to_owned());
        let changed = |part, path: &str, old: Value, new: Value| {
            let differing = differing(path, &old, &new, &|_, _| None);
            Reason { path: path.into(), old, new, differing, line: place.clone(), ..Reason::bare(Why::Changed(part)) }
        };
        assert_eq!(say(Reason::first()), same("not cached"));
        assert_eq!(say(changed(Part::Parameter, "epochs", json!(40), json!(60.0))), same("epochs 40 → 60 (s.yaml:7)"));
        let spelt = differing("rate", &json!(0.01), &json!(0.001), &|_, _| Some("1e-3".into()));
        let spelt = Reason { differing: spelt, ..changed(Part::Parameter, "rate", json!(0.01), json!(0.001)) };
        assert_eq!(say(spelt), same("rate 0.01 → 1e-3 (s.yaml:7)"));
        let long = |at: usize| (0..40).map(|n| json!(if n == at { 7 } else { n + 1000 })).collect::<Value>();
        assert_eq!(say(changed(Part::Parameter, "a.b", long(40), long(3))), same("a.b[3] 1003 → 7 (s.yaml:7)"));
        assert_eq!(say(changed(Part::Parameter, "label", Value::Null, json!("covid"))), same("label nothing → covid (s.yaml:7)"));
        // Cells have seeds, stages and counts of their own: what is said of several names none of them.
        assert_eq!(say(changed(Part::Seed, "", json!(1), json!(2))), ("seed 1 → 2 (s.yaml:7)".into(), "seed changed (s.yaml:7)".into()));
        let input = |old: Value, new: Value, from: Vec<Output>| Reason { from, ..changed(Part::Input, "samples", old, new) };
        let one = say(input(json!("a"), json!("b"), vec![(at("parts/repeat=1"), "train")]));
        assert_eq!(one, ("input samples changed (from parts.train/repeat=1)".into(), "input samples changed (from parts.train)".into()));
        let cells: Vec<Output> = (0..4).map(|n| (at(&format!("images/repeat={n}")), "samples")).collect();
        let several = say(input(json!("a"), json!("b"), cells));
        assert_eq!(several, ("input samples changed (from images/repeat=0, images/repeat=1 and 2 more)".into(), "input samples changed (from images)".into()));
        assert_eq!(say(input(Value::Null, json!("b"), vec![])), same("input samples was added"));
        assert_eq!(say(input(json!("a"), Value::Null, vec![])), same("input samples was removed"));
        assert_eq!(say(input(json!("3 images"), json!("4 images"), vec![])).0, "input samples changed: 3 images → 4 images");
    }
}
