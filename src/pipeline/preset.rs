//! `preset` of a stage: parameters that its kind keeps under a name, over which those of the study are laid, as a file is over the
//! one that it extends. What comes after cannot tell them from parameters that were written out.

#[cfg(test)]
mod tests;

use super::merge::merge;
use super::node::{Node, Yaml};
use super::parse;
use crate::diagnostic::{Diagnostic, Texts, did_you_mean};
use hilum_stages::contract::kind::StageKind;
use hilum_stages::contract::preset::Preset;
use std::collections::BTreeMap;

/// The key that names a preset.
pub(super) const PRESET: &str = "preset";

/// Lays the parameters of stages over the presets that they name. A stage whose preset is at fault, which is reported here, keeps
/// the key: see [`is_at_fault`].
pub(super) fn fill(mut root: Node, kinds: &[StageKind], texts: &mut Texts, diagnostics: &mut Vec<Diagnostic>) -> Node {
    // Several stages may have one preset: it is read once.
    let mut known: BTreeMap<(&str, &str), Option<Node>> = BTreeMap::new();
    let Some(stages) = entry(&mut root, "stages") else { return root };
    let Yaml::Map(stages) = &mut stages.value else { return root };
    for (_, stage) in stages {
        let kind = stage.get("stage").and_then(Node::text).and_then(|name| kinds.iter().find(|k| k.name == name));
        let (Some(kind), Some(with)) = (kind.filter(|k| !k.presets.is_empty()), entry(stage, "with")) else { continue };
        let Some(named) = with.get(PRESET) else { continue };
        let preset = match chosen(named, kind) {
            Ok(preset) => preset,
            Err(fault) => {
                diagnostics.push(*fault);
                continue;
            }
        };
        let below = preset.and_then(|preset| {
            let read = || parse::parse(preset.text, texts.add(&format!("preset {}", preset.name), preset.text), diagnostics);
            known.entry((kind.name, preset.name)).or_insert_with(read).clone()
        });
        if let Yaml::Map(entries) = &mut with.value {
            entries.retain(|(key, _)| key.text != PRESET);
        }
        if let Some(below) = below {
            let (span, over) = (with.span, with.clone());
            // What is missing altogether is missing in the study, not in the preset.
            *with = Node { span, ..merge(below, over) };
        }
    }
    root
}

/// True for parameters that name a preset which there is not.
pub(super) fn is_at_fault(with: &Node, kind: &StageKind) -> bool {
    !kind.presets.is_empty() && with.get(PRESET).is_some()
}

/// The preset that is named; none for null.
fn chosen(named: &Node, kind: &StageKind) -> Result<Option<&'static Preset>, Box<Diagnostic>> {
    if named.is_null() {
        return Ok(None);
    }
    let Some(name) = named.text() else {
        let message = format!("`preset` must be a name, found {}", named.what());
        return Err(Box::new(Diagnostic::new("E0007", message).at(named.span, "expected the name of a preset")));
    };
    if name.starts_with('$') {
        let fault = Diagnostic::new("E0112", "`preset` cannot be a variable or an axis").at(named.span, "expected the name of a preset");
        return Err(Box::new(fault.help("presets are laid below a study before names are replaced: write a stage for each preset")));
    }
    let names = || kind.presets.iter().map(|p| p.name);
    kind.presets.iter().find(|p| p.name == name).map(Some).ok_or_else(|| {
        let all = || format!("the presets are: {}", names().collect::<Vec<_>>().join(", "));
        let fault = Diagnostic::new("E0112", format!("`{}` has no preset `{name}`", kind.name)).at(named.span, "unknown preset");
        Box::new(fault.help(did_you_mean(name, names(), "preset").unwrap_or_else(all)))
    })
}

/// The value of a key of a mapping.
fn entry<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    match &mut node.value {
        Yaml::Map(entries) => entries.iter_mut().find(|(k, _)| k.text == key).map(|e| &mut e.1),
        _ => None,
    }
}
