//! The JSON schema of study files, for editors: made from the kinds' own schemas.

use hilum_stages::contract::kind::StageKind;
use hilum_stages::contract::port::Arity;
use serde_json::{Map, Value, json};

/// The schema of a study file.
pub fn schema(kinds: &[StageKind]) -> Value {
    let mut definitions = Map::new();
    let mut branches = vec![];
    for kind in kinds {
        let mut parameters = serde_json::to_value((kind.schema)()).expect("BUG: a schema is plain JSON");
        if let Some(defs) = parameters.as_object_mut().and_then(|p| p.remove("$defs")) {
            definitions.extend(defs.as_object().cloned().unwrap_or_default());
        }
        parameters.as_object_mut().map(|p| p.remove("$schema"));
        loosen(&mut parameters);
        let description = parameters.get("description").cloned().unwrap_or_default();
        definitions.insert(format!("with-{}", kind.name), parameters);
        let inputs: Map<String, Value> = kind
            .inputs
            .iter()
            .map(|p| {
                (p.name.to_owned(), json!({ "description": p.doc.trim(), "$ref": if p.arity == Arity::One { "#/$defs/binding" } else { "#/$defs/bindings" } }))
            })
            .collect();
        branches.push(json!({
            "description": description,
            "properties": {
                "stage": { "const": kind.name },
                "with": { "$ref": format!("#/$defs/with-{}", kind.name) },
                "in": { "type": "object", "additionalProperties": false, "properties": inputs },
            },
        }));
    }
    definitions.values_mut().for_each(loosen);
    definitions.insert("binding".into(), json!({ "type": "string", "description": "stage, stage.output, stage/axis=value, stage/*" }));
    definitions.insert("bindings".into(), json!({ "oneOf": [{ "$ref": "#/$defs/binding" }, { "type": "array", "items": { "$ref": "#/$defs/binding" } }] }));
    definitions.insert(
        "stage".into(),
        json!({
            "type": "object",
            "required": ["stage"],
            "additionalProperties": false,
            "properties": {
                "stage": { "description": "The stage kind.", "enum": kinds.iter().map(|k| k.name).collect::<Vec<_>>() },
                "description": { "type": "string" },
                "in": { "type": "object", "description": "Inputs by port." },
                "with": { "type": ["object", "null"], "description": "Parameters." },
                "matrix": { "type": "object", "description": "Axes: one stage per cell.", "additionalProperties": { "type": "array", "minItems": 1 } },
                "seed": { "type": "integer", "minimum": 0 },
                "expect": { "type": "object", "description": "Counts by label that must come out.", "additionalProperties": { "type": "integer" } },
                "resources": { "type": "object", "additionalProperties": false, "properties": { "gpu": { "type": "integer" }, "threads": { "type": "integer" }, "memory": { "type": ["string", "integer"] } } },
                "retry": { "type": "integer", "minimum": 0 },
            },
            "oneOf": branches,
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hilum study",
        "type": "object",
        "required": ["study", "stages"],
        "additionalProperties": false,
        "properties": {
            "study": { "type": "string", "pattern": "^[a-z][a-z0-9-]*$" },
            "description": { "type": "string" },
            "seed": { "type": "integer", "minimum": 0 },
            "extends": { "type": "string" },
            "vars": { "type": "object" },
            "stages": { "type": "object", "additionalProperties": { "$ref": "#/$defs/stage" } },
            "checks": { "type": "object", "properties": { "allow": { "type": "array", "items": { "type": "object", "required": ["id", "reason"], "properties": { "id": { "enum": crate::checks::ids().collect::<Vec<_>>() }, "reason": { "type": "string" } } } } } },
            "report": { "type": "object" },
        },
        "$defs": definitions,
    })
}

/// Lets `$name` stand for any single value, and any scalar stand where text is due.
fn loosen(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (key, below) in map.iter_mut() {
                if key != "default" && key != "const" && key != "enum" {
                    loosen(below);
                }
            }
            let kind = map.get("type").and_then(Value::as_str).map(str::to_owned);
            match kind.as_deref() {
                Some("string") if !map.contains_key("const") && !map.contains_key("enum") => {
                    drop(map.insert("type".into(), json!(["string", "number", "boolean"])))
                }
                Some("object") if map.contains_key("additionalProperties") && map.get("additionalProperties") == Some(&json!(false)) => {
                    map.entry("patternProperties").or_insert(json!({ "^\\$": {} }));
                }
                Some("integer" | "number" | "boolean") => {
                    let own: Map<String, Value> = std::mem::take(map);
                    let description = own.get("description").cloned();
                    *map = Map::from_iter([("anyOf".to_owned(), json!([own, { "type": "string", "pattern": "^\\$" }]))]);
                    map.extend(description.map(|d| ("description".to_owned(), d)));
                }
                _ => {}
            }
            if map.contains_key("const") && map["const"].is_string() || map.contains_key("enum") {
                let own: Map<String, Value> = std::mem::take(map);
                *map = Map::from_iter([("anyOf".to_owned(), json!([own, { "type": "string", "pattern": "^\\$" }]))]);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(loosen),
        _ => {}
    }
}
