//! The flat graph of a crate: entities in the order in which they were added, each once, and how they name each other.

use crate::export::directory::Written;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The entities of a crate.
#[derive(Default)]
pub(super) struct Graph {
    entities: Vec<Map<String, Value>>,
    by_id: HashMap<String, usize>,
}

impl Graph {
    /// Adds an entity, unless there is one of this id.
    pub(super) fn add(&mut self, entity: Value) {
        let Value::Object(entity) = entity else { return };
        let id = entity["@id"].as_str().expect("BUG: an entity has an id").to_owned();
        if !self.by_id.contains_key(&id) {
            self.by_id.insert(id, self.entities.len());
            self.entities.push(entity);
        }
    }

    /// Adds a file that is in the crate, by its path; `more` are further properties.
    pub(super) fn file(&mut self, path: &str, written: &Written, more: Value) {
        let mut entity = json!({
            "@id": encoded(path), "@type": "File", "sha256": written.sha256.hex(), "contentSize": written.size.to_string(), "encodingFormat": media_type(path),
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            entity[name] = value.clone();
        }
        self.add(entity);
    }

    /// Adds a reference to a property of an entity that is there, once.
    pub(super) fn link(&mut self, id: &str, property: &str, to: &str) {
        self.extend(id, property, reference(to));
    }

    /// Adds a value to a property of an entity that is there, once.
    pub(super) fn extend(&mut self, id: &str, property: &str, new: Value) {
        let Some(at) = self.by_id.get(id) else { return };
        let value = match self.entities[*at].remove(property) {
            None => new,
            Some(Value::Array(mut all)) => {
                if !all.contains(&new) {
                    all.push(new);
                }
                Value::Array(all)
            }
            Some(one) if one == new => one,
            Some(one) => json!([one, new]),
        };
        self.entities[*at].insert(property.to_owned(), value);
    }

    /// The types of an entity.
    pub(super) fn kind(&self, id: &str) -> Option<&str> {
        self.entities[*self.by_id.get(id)?]["@type"].as_str()
    }

    pub(super) fn into_entities(self) -> Vec<Value> {
        self.entities.into_iter().map(Value::from).collect()
    }
}

/// A reference to an entity.
pub(super) fn reference(id: &str) -> Value {
    json!({ "@id": id })
}

/// A single value as itself: a list of one is something else to some readers.
pub(super) fn one_or_list(mut values: Vec<Value>) -> Value {
    if values.len() == 1 { values.remove(0) } else { values.into() }
}

/// A path or a name as a part of an address: letters, digits and what has no meaning there as they are.
pub(super) fn encoded(path: &str) -> String {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~/=+,@".contains(b);
    path.bytes().map(|b| if is_plain(&b) { (b as char).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The path that was encoded.
pub(super) fn decoded(id: &str) -> String {
    let bytes = id.as_bytes();
    let (mut out, mut at) = (vec![], 0);
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| id.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok())).flatten();
        out.push(hex.unwrap_or(bytes[at]));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "csv" => "text/csv",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "yaml" => "application/yaml",
        "md" => "text/markdown",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_back_from_its_address() {
        for path in ["results/scores/arm=real+synthetic/metrics.csv", "results/a b/ü%20.csv", "x#y?z", "100%"] {
            let id = encoded(path);
            assert!(!id.contains([' ', '#', '?']), "{id}");
            assert_eq!(decoded(&id), path);
        }
    }

    #[test]
    fn an_entity_is_there_once_and_links_grow() {
        let mut graph = Graph::default();
        graph.add(json!({ "@id": "a", "@type": "File" }));
        graph.add(json!({ "@id": "a", "@type": "Dataset" }));
        for to in ["x", "x", "y"] {
            graph.link("a", "p", to);
        }
        assert_eq!(graph.kind("a"), Some("File"));
        assert_eq!(graph.into_entities(), [json!({ "@id": "a", "@type": "File", "p": [{ "@id": "x" }, { "@id": "y" }] })]);
        assert_eq!((one_or_list(vec![json!(1)]), one_or_list(vec![])), (json!(1), json!([])));
    }
}
