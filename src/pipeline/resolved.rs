//! The study as it is run: every cell with its parameters, defaults filled in, as YAML.

use super::model::{Pipeline, Shape, StageId};
use serde_json::{Map, Value, json};

/// The resolved study.
pub fn to_yaml(p: &Pipeline) -> String {
    recorded(&to_json(p))
}

/// A study as a run recorded it.
pub fn recorded(study: &Value) -> String {
    serde_yaml::to_string(study).expect("BUG: plain JSON is YAML")
}

/// The same as JSON.
pub fn to_json(p: &Pipeline) -> Value {
    let mut stages = Map::new();
    for stage in &p.stages {
        let mut inputs = Map::new();
        for input in &stage.inputs {
            let names: Vec<Value> = input.from.iter().map(|s| output_name(p, s.stage, s.port).into()).collect();
            inputs.insert(input.port.name.into(), if input.shape == Shape::One { names[0].clone() } else { names.into() });
        }
        let mut entry = Map::new();
        entry.insert("stage".into(), stage.kind.name.into());
        if !inputs.is_empty() {
            entry.insert("in".into(), inputs.into());
        }
        entry.insert("with".into(), stage.parameters.clone());
        if let Some(seed) = stage.seed {
            // As a JSON number it would lose bits, and another seed would be recorded.
            let is_exact = seed.0 <= 1 << 53;
            entry.insert("seed".into(), if is_exact { seed.0.into() } else { seed.0.to_string().into() });
        }
        stages.insert(stage.name.clone(), entry.into());
    }
    let order: Vec<&str> = p.stages.iter().map(|s| s.name.as_str()).collect();
    // `null` where there is none: records of older programs say nothing in that case, and in others.
    json!({ "study": p.study, "description": p.description, "scale": p.scale, "order": order, "stages": stages })
}

fn output_name(p: &Pipeline, id: StageId, port: &str) -> String {
    let stage = &p.stages[id];
    match stage.name.split_once('/') {
        Some((name, cell)) => format!("{name}.{port}/{cell}"),
        None => format!("{}.{port}", stage.name),
    }
}
