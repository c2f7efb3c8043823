//! What definitions of the schema are called: by the parameter that has the definition's type, such as
//! `train-classifier.network.resnet18`. Independent of what they mean.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Names of the definitions of a kind's parameters.
pub(super) struct Names {
    kind: &'static str,
    /// By the names of types.
    places: BTreeMap<String, String>,
}

impl Names {
    /// Of a kind's parameters and their definitions. The name of a type stays where several parameters have it, or where a
    /// parameter has several types.
    pub(super) fn of(kind: &'static str, parameters: &Value, definitions: &Map<String, Value>) -> Names {
        let mut places: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        find(parameters, "", definitions, &mut places);
        let only = |of: &BTreeSet<String>| if of.len() == 1 { of.first().cloned() } else { None };
        let is_shared = |place: &str| places.values().filter(|of| only(of).is_some_and(|p| p == place)).count() > 1;
        let named = places.iter().filter_map(|(name, of)| Some(((*name).to_owned(), only(of).filter(|p| !p.is_empty() && !is_shared(p))?)));
        Names { kind, places: named.collect() }
    }

    /// What a type is called among the definitions of all kinds.
    pub(super) fn name(&self, definition: &str) -> String {
        format!("{}.{}", self.kind, self.places.get(definition).map_or(definition, String::as_str))
    }

    /// A reference to a type as one to its definition.
    pub(super) fn reference(&self, to: &str) -> String {
        format!("#/$defs/{}", self.name(to.trim_start_matches("#/$defs/")))
    }
}

/// Notes at which parameters definitions are used.
fn find<'a>(schema: &'a Value, place: &str, definitions: &'a Map<String, Value>, out: &mut BTreeMap<&'a str, BTreeSet<String>>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/"))
        && out.entry(name).or_default().insert(place.to_owned())
        && let Some(definition) = definitions.get(name)
    {
        find(definition, place, definitions, out);
    }
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        find(below, &place, definitions, out);
    }
    let lists = ["anyOf", "oneOf", "allOf", "prefixItems"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
    for below in lists.chain(["items", "additionalProperties"].into_iter().filter_map(|key| schema.get(key))) {
        find(below, place, definitions, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_definition_is_called_by_its_parameter_unless_several_have_it() {
        let to = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
        let definitions = json!({
            "Network": { "oneOf": [{ "properties": { "a": to("Config") } }, { "properties": { "b": to("Config2") } }] },
            "Config": { "properties": { "rate": to("Rate") } },
            "Config2": to("Shared"),
            "Shared": {},
            "Rate": {},
            "Amount": { "anyOf": [{ "type": "integer" }, to("Word")] },
            "Word": {},
        });
        let parameters = json!({ "properties": {
            "network": to("Network"),
            "other": { "items": to("Shared") },
            "again": { "additionalProperties": to("Rate") },
            "count": to("Amount"),
        } });
        let names = Names::of("kind", &parameters, definitions.as_object().unwrap());
        let all = ["Network", "Config", "Config2", "Shared", "Rate", "Amount", "Word"].map(|name| names.name(name));
        assert_eq!(all, ["kind.network", "kind.network.a", "kind.network.b", "kind.Shared", "kind.Rate", "kind.Amount", "kind.Word"]);
        assert_eq!(names.reference("#/$defs/Config2"), "#/$defs/kind.network.b");
    }
}
