//! The schema of parameters that are laid over a preset: nothing is required, as the preset may have it, and null removes.
//! Independent of what parameters mean.

use hilum_stages::contract::preset::Preset;
use serde_json::{Map, Value, json};

/// Parameters of a kind over its presets.
pub(super) struct OverPreset<'a> {
    pub(super) kind: &'a str,
    pub(super) presets: &'a [Preset],
}

impl OverPreset<'_> {
    /// What the definition of this name is called here.
    pub(super) fn name(&self, definition: &str) -> String {
        format!("over-preset.{definition}")
    }

    /// The schema of all parameters, with `preset`.
    pub(super) fn parameters(&self, written: &Value) -> Value {
        let mut schema = self.relaxed(written);
        let names: Vec<Value> = self.presets.iter().map(|p| p.name.into()).chain([Value::Null]).collect();
        schema["properties"]["preset"] = json!({ "description": "Parameters for a data set, over which the others are laid.", "enum": names });
        schema
    }

    /// A schema as it was written for parameters by themselves.
    pub(super) fn relaxed(&self, schema: &Value) -> Value {
        let own = match schema {
            Value::Object(own) => own,
            Value::Array(items) => return items.iter().map(|item| self.relaxed(item)).collect(),
            _ => return schema.clone(),
        };
        let or_null = |s: &Value| json!({ "anyOf": [self.relaxed(s), { "type": "null" }] });
        // What is required, or merged in.
        let requires = |s: &Value| s.as_object().is_some_and(|s| s.len() == 1 && s.contains_key("required"));
        let mut out = Map::new();
        for (key, value) in own {
            let new = match key.as_str() {
                "required" => continue,
                "anyOf" if value.as_array().is_some_and(|all| all.iter().all(requires)) => continue,
                "$ref" => {
                    let name = value.as_str().and_then(|r| r.strip_prefix("#/$defs/")).filter(|name| name.starts_with(&format!("{}.", self.kind)));
                    name.map_or_else(|| value.clone(), |name| format!("#/$defs/{}", self.name(name)).into())
                }
                "properties" => value.as_object().into_iter().flatten().map(|(name, s)| (name.clone(), or_null(s))).collect::<Map<_, _>>().into(),
                "additionalProperties" if value.is_object() => or_null(value),
                "default" | "enum" | "const" => value.clone(),
                _ => self.relaxed(value),
            };
            out.insert(key.clone(), new);
        }
        out.into()
    }
}
