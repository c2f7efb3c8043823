//! The JSON schema of study files, for editors: made from the kinds' own schemas. It accepts every file that `check` accepts,
//! and refuses what can be seen in one file without following names.

mod names;
mod over_preset;

use super::Language;
use hilum_stages::contract::port::Arity;
use names::Names;
use over_preset::OverPreset;
use serde_json::{Map, Value, json};

/// The schema of a study file.
pub fn schema(language: &Language) -> Value {
    let kinds = language.kinds;
    let mut definitions = Map::new();
    let mut branches = vec![];
    for kind in kinds {
        let mut parameters = serde_json::to_value((kind.schema)()).expect("BUG: a schema is plain JSON");
        let own = parameters.as_object_mut().expect("BUG: parameters are a mapping");
        own.remove("$schema");
        let types = own.remove("$defs").and_then(|d| d.as_object().cloned()).unwrap_or_default();
        let description = own.get("description").cloned().unwrap_or_default();
        let needs_parameters = own.get("required").is_some();
        let names = Names::of(kind.name, &parameters, &types);
        definitions.extend(types.iter().map(|(name, definition)| (names.name(name), written(definition, &names))));
        definitions.insert(format!("with-{}", kind.name), written(&parameters, &names));
        let binding = |arity: Arity| if arity.takes_list() { "#/$defs/bindings" } else { "#/$defs/binding" };
        let inputs: Map<String, Value> =
            kind.inputs.iter().map(|p| (p.name.to_owned(), json!({ "description": p.doc.trim(), "$ref": binding(p.arity) }))).collect();
        let mut with = vec![json!({ "$ref": format!("#/$defs/with-{}", kind.name) }), json!({ "$ref": "#/$defs/name" })];
        if !needs_parameters {
            with.push(json!({ "type": "null" }));
        }
        let mut with = json!({ "anyOf": with });
        if !kind.presets.is_empty() {
            let over = OverPreset { kind: kind.name, presets: kind.presets };
            let own: Vec<(String, Value)> = types.keys().map(|name| names.name(name)).filter_map(|n| Some((n.clone(), definitions.get(&n)?.clone()))).collect();
            definitions.extend(own.into_iter().map(|(name, definition)| (over.name(&name), over.relaxed(&definition))));
            let parameters = over.parameters(&definitions[&format!("with-{}", kind.name)]);
            definitions.insert(over.name(&format!("with-{}", kind.name)), parameters);
            let to = json!({ "$ref": format!("#/$defs/{}", over.name(&format!("with-{}", kind.name))) });
            with = json!({ "if": { "type": "object", "required": ["preset"] }, "then": to, "else": with });
        }
        branches.push(json!({
            "if": { "properties": { "stage": { "const": kind.name } }, "required": ["stage"] },
            "then": {
                "description": description,
                "required": if needs_parameters { vec!["with"] } else { vec![] },
                "properties": {
                    "with": with,
                    "in": { "type": ["object", "null"], "additionalProperties": false, "properties": inputs },
                },
            },
        }));
    }
    let names = kinds.iter().map(|k| k.name).collect::<Vec<_>>();
    definitions.insert("name".into(), json!({ "type": "string", "pattern": "^\\$", "description": "An axis of the matrix, or a variable." }));
    definitions.insert("binding".into(), json!({ "type": "string", "description": "stage, stage.output, stage/axis=value, stage/*" }));
    definitions.insert(
        "bindings".into(),
        json!({ "anyOf": [{ "$ref": "#/$defs/binding" }, { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/binding" } }] }),
    );
    let mut stage = stage(&names);
    // What a file lays over another need not be whole, and null removes.
    definitions.insert("stage-of-extension".into(), or_null(stage.clone()));
    definitions.insert(
        "scale".into(),
        json!({
            "type": ["object", "null"],
            "additionalProperties": false,
            "properties": {
                "study": { "type": "string" },
                "description": { "type": ["string", "number", "boolean"] },
                "seed": { "type": ["integer", "null"], "minimum": 0 },
                "vars": { "type": ["object", "null"] },
                "stages": { "type": ["object", "null"], "additionalProperties": { "$ref": "#/$defs/stage-of-extension" } },
                "checks": or_null(checks(&language.checks)),
                "report": { "type": ["object", "null"] },
            },
        }),
    );
    stage["required"] = json!(["stage"]);
    stage["allOf"] = branches.into();
    definitions.insert("stage".into(), stage);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hilum study",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "study": { "description": "The name of the study: lower-case letters, digits and hyphens.", "type": "string", "pattern": "^[a-z][a-z0-9-]*$", "maxLength": 100 },
            "description": { "description": "The question of the study.", "type": ["string", "number", "boolean"] },
            "seed": { "description": "The seed of all random draws.", "type": ["integer", "null"], "minimum": 0 },
            "extends": { "description": "Another study that this file extends.", "type": "string" },
            "scale": { "description": "Which of `scales` is laid over the study.", "type": ["string", "number", "boolean", "null"] },
            "scales": { "description": "Layers by name, each like a file that extends this one.", "type": ["object", "null"], "additionalProperties": { "$ref": "#/$defs/scale" } },
            "vars": { "description": "Values for `$name`.", "type": ["object", "null"] },
            "stages": { "description": "The stages by name.", "type": "object" },
            "checks": or_null(checks(&language.checks)),
            "report": { "type": ["object", "null"] },
        },
        "if": { "required": ["extends"] },
        "then": { "properties": { "stages": { "type": ["object", "null"], "additionalProperties": { "$ref": "#/$defs/stage-of-extension" } } } },
        "else": {
            "required": ["study", "stages"],
            "properties": { "stages": { "propertyNames": { "pattern": "^[a-z][a-z0-9-]*$", "maxLength": 100 }, "additionalProperties": { "$ref": "#/$defs/stage" } } },
        },
        "$defs": definitions,
    })
}

fn stage(kinds: &[&str]) -> Value {
    let axis = json!({ "type": "array", "minItems": 1, "items": { "type": ["string", "number", "boolean"] } });
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "stage": { "description": "The stage kind.", "enum": kinds },
            "description": { "description": "What the stage is for.", "type": ["string", "number", "boolean"] },
            "in": { "description": "Inputs by port.", "type": ["object", "null"] },
            "with": { "description": "Parameters.", "anyOf": [{ "type": ["object", "null"] }, { "$ref": "#/$defs/name" }] },
            "matrix": {
                "description": "Axes: one stage per cell. `exclude` lists cells to leave out.",
                "type": ["object", "null"],
                "properties": { "exclude": { "type": "array", "items": { "type": "object", "minProperties": 1 } } },
                "additionalProperties": axis,
            },
            "seed": { "description": "A seed of its own.", "type": ["integer", "null"], "minimum": 0 },
            "expect": { "description": "Expected counts by label.", "type": ["object", "null"], "additionalProperties": { "anyOf": [
                { "type": "integer", "minimum": 0 },
                {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["images"],
                    "properties": { "images": { "type": "integer", "minimum": 0 }, "patients": { "type": "integer", "minimum": 0 } },
                },
            ] } },
            "resources": {
                "description": "What the stage may use.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": { "gpu": { "type": "integer", "minimum": 0 }, "threads": { "type": "integer", "minimum": 1 }, "memory": { "type": ["string", "integer"] } },
            },
            "retry": { "description": "How often to retry after a failure of the machine.", "type": ["integer", "null"], "minimum": 0, "maximum": 100 },
        },
    })
}

fn checks(ids: &[&str]) -> Value {
    let entry = json!({
        "type": "object",
        "required": ["id", "reason"],
        "additionalProperties": false,
        "properties": { "id": { "enum": ids }, "reason": { "type": ["string", "number"] } },
    });
    let by_id = json!({
        "description": "Reasons by the ids of findings.",
        "type": "object",
        "propertyNames": { "enum": ids },
        "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
    });
    let allow = json!({ "anyOf": [by_id, { "type": "array", "items": entry }] });
    json!({ "type": "object", "additionalProperties": false, "properties": { "allow": allow } })
}

fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// The schema of a value as people write it: with `$name` in place of any value, scalars where text is expected, and words for
/// choices whose parameters all have defaults.
fn written(schema: &Value, names: &Names) -> Value {
    let Value::Object(own) = schema else { return schema.clone() };
    let below = |s: &Value| written(s, names);
    let each = |list: &Value| list.as_array().into_iter().flatten().map(&below).collect::<Vec<_>>();
    let mut out = Map::new();
    for (key, value) in own {
        let new = match key.as_str() {
            "$ref" => names.reference(value.as_str().unwrap_or_default()).into(),
            "properties" => value.as_object().into_iter().flatten().map(|(name, s)| (name.clone(), or_name(below(s)))).collect::<Map<_, _>>().into(),
            "items" | "additionalProperties" if value.is_object() => or_name(below(value)),
            "prefixItems" | "anyOf" | "oneOf" | "allOf" => each(value).into(),
            "type" if value == "string" && !own.contains_key("const") && !own.contains_key("enum") => json!(["string", "number", "boolean"]),
            // For messages alone.
            "expected" => continue,
            "required" => {
                // What is missing may be in a mapping that is merged in.
                out.insert("anyOf".into(), json!([{ "required": value }, { "required": ["<<"] }]));
                continue;
            }
            _ => value.clone(),
        };
        out.insert(key.clone(), new);
    }
    if own.get("additionalProperties") == Some(&json!(false)) {
        out.insert("patternProperties".into(), json!({ "^(\\$|<<$)": {} }));
    }
    match own.get("oneOf").and_then(Value::as_array) {
        Some(branches) => choice(out, branches),
        None => out.into(),
    }
}

/// A choice that may also be written as a word, or with nothing where its parameters go.
fn choice(mut out: Map<String, Value>, branches: &[Value]) -> Value {
    let tag = |b: &Value| b["required"].as_array().filter(|r| r.len() == 1).and_then(|r| r[0].as_str().map(str::to_owned));
    let tags: Vec<String> = branches.iter().filter_map(tag).collect();
    let words: Vec<&Value> = branches.iter().filter_map(|b| b.get("const").or_else(|| b.get("enum"))).collect();
    let words: Vec<Value> = words.into_iter().flat_map(|w| w.as_array().cloned().unwrap_or_else(|| vec![w.clone()])).collect();
    let mut all = out.remove("oneOf").and_then(|o| o.as_array().cloned()).unwrap_or_default();
    all.push(json!({ "enum": tags }));
    for name in tags.iter().map(|t| Value::from(t.as_str())).chain(words) {
        let name = name.as_str().unwrap_or_default().to_owned();
        all.push(json!({ "type": "object", "required": [name], "additionalProperties": false, "properties": { name: { "type": ["null", "object"], "maxProperties": 0 } } }));
    }
    out.insert("anyOf".into(), all.into());
    out.into()
}

fn or_name(mut schema: Value) -> Value {
    let about = |key: &str, schema: &mut Value| schema.as_object_mut().and_then(|s| s.remove(key));
    let (description, default) = (about("description", &mut schema), about("default", &mut schema));
    let mut out = Map::from_iter([("anyOf".to_owned(), json!([schema, { "$ref": "#/$defs/name" }]))]);
    out.extend(description.map(|d| ("description".to_owned(), d)));
    out.extend(default.map(|d| ("default".to_owned(), d)));
    out.into()
}
