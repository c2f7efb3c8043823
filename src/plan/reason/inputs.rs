//! With which outputs an input changed. A port of images changes with the table that names them, too; that is the table's
//! change, and is said of the table alone.

use crate::pipeline::Stage;
use crate::pipeline::model::{self, StageId};
use crate::session::Session;
use hilum_cache::Digest;
use hilum_cache::receipt::Artifact;
use hilum_cache::recipe::{Difference, Input, Part};
use hilum_stages::words::counted;
use serde_json::Value;
use std::collections::HashMap;

/// An output of a stage.
pub type Output = (StageId, &'static str);

/// What is known besides the recipes.
pub struct Given<'a> {
    /// Outputs that are there.
    pub known: &'a dyn Fn(StageId, &str) -> Option<Artifact>,
    /// Lists that lookups were made of.
    pub lookups: &'a [Vec<u8>],
}

/// A change of an input that is a reason of its own.
#[derive(Default)]
pub(super) struct Change {
    /// Outputs with which it came.
    pub(super) from: Vec<Output>,
    /// Both values for people.
    pub(super) words: Option<(Value, Value)>,
}

/// What changed of an input; none if it is not known yet, or changed with its table alone.
pub(super) fn change(stage: &Stage, d: &Difference, all: &[Difference], given: &Given, session: &Session) -> Option<Change> {
    let Some(input) = stage.input(&d.path) else { return Some(Change::default()) };
    // It is bound, and something that it is bound to is still to come.
    if d.new.is_null() {
        return None;
    }
    let read = |v: &Value| serde_json::from_value::<Input>(v.clone()).ok();
    let changed = |is_new: &dyn Fn(usize, &model::Source) -> bool| {
        let from = input.from.iter().enumerate().filter(|(n, s)| is_new(*n, s)).map(|(_, s)| (s.stage, s.port)).collect();
        Some(Change { from, words: None })
    };
    match (read(&d.old), read(&d.new)?) {
        (Some(Input::Lookup { lookup: old, images: before }), Input::Lookup { lookup: new, images: now }) => {
            let with_table = all.iter().any(|o| o.part == Part::Input && input.port.by.contains(&o.path.as_str()));
            let new = given.lookups.iter().find(|list| Digest::of(list) == new);
            let counts = (before != now).then(|| (counted(before, "image", "images").into(), counted(now, "image", "images").into()));
            match (session.store.read(&old).ok(), new) {
                (Some(old), Some(new)) => {
                    let others = other_pixels(&old, new);
                    if others.is_empty() {
                        return (!with_table).then_some(Change { from: vec![], words: counts });
                    }
                    changed(&|_, source| holds_any(source, &others, given, session))
                }
                // The table explains it; whether pixels changed as well is no longer known.
                _ if with_table => None,
                _ => changed(&|_, _| true),
            }
        }
        (Some(Input::Gathered(old)), Input::Gathered(new)) => {
            let old: HashMap<&str, Digest> = old.iter().map(|g| (g.cell.as_str(), g.digest)).collect();
            let is_new = |cell: &str| new.iter().any(|g| g.cell == cell && old.get(cell) != Some(&g.digest));
            changed(&|_, source| is_new(&source.cell))
        }
        (Some(old), new @ (Input::One(_) | Input::List(_))) => {
            let (old, new) = (digests(&old), digests(&new));
            changed(&|n, _| new.get(n).is_none_or(|digest| !old.contains(digest)))
        }
        _ => changed(&|_, _| true),
    }
}

fn digests(input: &Input) -> Vec<Digest> {
    match input {
        Input::One(d) => vec![*d],
        Input::List(all) => all.clone(),
        Input::Gathered(all) => all.iter().map(|g| g.digest).collect(),
        Input::Lookup { .. } => vec![],
    }
}

/// Images of both lists that have other pixels in the newer one.
fn other_pixels(old: &[u8], new: &[u8]) -> Vec<Digest> {
    let pairs = |list: &[u8]| -> HashMap<String, String> {
        let text = String::from_utf8_lossy(list);
        text.lines().filter_map(|l| l.split_once(' ')).map(|(image, pixels)| (image.to_owned(), pixels.to_owned())).collect()
    };
    let old = pairs(old);
    let others = pairs(new).into_iter().filter(|(image, pixels)| old.get(image).is_some_and(|before| before != pixels));
    others.filter_map(|(image, _)| Digest::from_hex(&image)).collect()
}

/// True for a pack that contains one of these images; and for one that cannot be read.
fn holds_any(source: &model::Source, images: &[Digest], given: &Given, session: &Session) -> bool {
    let Some(artifact) = (given.known)(source.stage, source.port) else { return false };
    session.tables.pack(&session.store, &artifact).map_or(true, |pack| images.iter().any(|image| pack.contains_key(image)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_compared_for_images_of_both_lists_alone() {
        let [a, b, c] = [b"a", b"b", b"c"].map(|x| Digest::of(x));
        let list = |rows: &[(Digest, &str)]| rows.iter().map(|(i, p)| format!("{} {p}\n", i.hex())).collect::<String>().into_bytes();
        let old = list(&[(a, "1"), (b, "2")]);
        assert_eq!(other_pixels(&old, &list(&[(a, "1"), (c, "9")])), []);
        assert_eq!(other_pixels(&old, &list(&[(a, "1"), (b, "3"), (c, "9")])), [b]);
        assert_eq!(other_pixels(&list(&[(a, "-")]), &list(&[(a, "1")])), [a]);
    }
}
