//! `hilum stages` and `hilum schema`.

use super::{DONE, say, say_text, wrong};
use crate::diagnostic::did_you_mean;
use crate::manual::{manual, summary};
use crate::pipeline::schema as study_schema;
use hilum_stages::KINDS;
use hilum_stages::contract::kind::StageKind;
use hilum_stages::contract::port::{Arity, Port};
use serde_json::{Value, json};

pub(super) fn stages(name: Option<&str>, preset: Option<&str>, json: bool) -> anyhow::Result<u8> {
    let Some(name) = name else {
        if json {
            let kinds: Vec<Value> = KINDS.iter().map(|k| json!({ "name": k.name, "version": k.version, "summary": summary(k) })).collect();
            say(json!({ "kinds": kinds }))?;
        } else {
            KINDS.iter().try_for_each(|kind| say(format!("{:<18} {}", kind.name, summary(kind))))?;
        }
        return Ok(DONE);
    };
    let Some(kind) = KINDS.iter().find(|k| k.name == name) else {
        let help = did_you_mean(name, KINDS.iter().map(|k| k.name), "kind");
        return Err(wrong(format!("there is no stage kind `{name}`")).help("`hilum stages` lists the kinds").maybe_help(help).into());
    };
    if let Some(name) = preset {
        say_text(text_of(kind, name)?.trim_end())?
    } else if json {
        say_text(to_json(kind)?)?
    } else {
        say_text(manual(kind))?
    }
    Ok(DONE)
}

/// The text of a preset of a kind.
fn text_of(kind: &StageKind, name: &str) -> anyhow::Result<&'static str> {
    let names = || kind.presets.iter().map(|p| p.name);
    let all = if kind.presets.is_empty() { "it has none".to_owned() } else { format!("the presets are: {}", names().collect::<Vec<_>>().join(", ")) };
    let unknown = || wrong(format!("`{}` has no preset `{name}`", kind.name)).help(did_you_mean(name, names(), "preset").unwrap_or(all)).into();
    kind.presets.iter().find(|p| p.name == name).map(|p| p.text).ok_or_else(unknown)
}

fn to_json(kind: &StageKind) -> anyhow::Result<Value> {
    let input = |p: &Port| {
        let arity = match p.arity {
            Arity::One => "one",
            Arity::Optional => "optional",
            Arity::Many => "many",
            Arity::OptionalMany => "optional-many",
            Arity::Gathered => "gathered",
        };
        json!({ "name": p.name, "type": p.artifact.name(), "arity": arity, "by": p.by, "text": p.doc.trim() })
    };
    let output = |p: &Port| json!({ "name": p.name, "type": p.artifact.name(), "text": p.doc.trim() });
    Ok(json!({
        "name": kind.name,
        "version": kind.version,
        "summary": summary(kind),
        "seeded": kind.seeded,
        "inputs": kind.inputs.iter().map(input).collect::<Vec<_>>(),
        "outputs": kind.outputs.iter().map(output).collect::<Vec<_>>(),
        "presets": kind.presets.iter().map(|p| json!({ "name": p.name, "about": p.about, "text": p.text })).collect::<Vec<_>>(),
        "parameters": serde_json::to_value((kind.schema)())?,
        "manual": manual(kind),
    }))
}

pub(super) fn schema() -> anyhow::Result<u8> {
    say_text(serde_json::to_string_pretty(&study_schema::schema(&crate::language::language()))?)?;
    Ok(DONE)
}
