//! The study as it was run, with every cell and default.

use super::{Chapter, Material};
use crate::pipeline::resolved;
use hilum_cache::Result;
use maud::{Markup, html};
use serde_json::{Map, Value};

pub(super) const CHAPTER: Chapter = Chapter { id: "study", title: "Resolved study", about: &[], render };

/// Stages whose text is on the page, and bytes of it.
const STAGES: usize = 300;
const BYTES: usize = 500_000;

fn render(m: &Material) -> Result<Option<Markup>> {
    let Some(all) = m.facts.resolved.as_object().filter(|all| !all.is_empty()) else { return Ok(None) };
    let names: Vec<&str> = m.facts.stages.iter().map(|(name, _)| name.as_str()).collect();
    let of = |name: &&str| Some(((*name).to_owned(), m.facts.resolved["stages"].get(*name)?.clone()));
    let shown: Map<String, Value> = names.iter().take(STAGES).filter_map(of).collect();
    let further = names.len().saturating_sub(STAGES);
    let mut study: Map<String, Value> =
        all.iter().filter(|(key, _)| !["stages", "order"].contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
    study.insert("order".into(), names.iter().take(STAGES).copied().collect());
    study.insert("stages".into(), shown.into());
    let yaml = resolved::recorded(&study.into());
    // `floor_char_boundary` is newer than the oldest Rust that builds this.
    let end = (0..=BYTES.min(yaml.len())).rev().find(|at| yaml.is_char_boundary(*at)).unwrap_or_default();
    Ok(Some(html! {
        p { "Every cell of every stage with its parameters, defaults filled in, as the run recorded it." }
        @if further > 0 { p.more { "The first " (STAGES) " stages of " (names.len()) ": the journal of run " (m.facts.run) " has all of them." } }
        details { summary { "The study in YAML" } pre.yaml tabindex="0" { (yaml[..end]) } }
        @if end < yaml.len() { p.more { "The text ends after " (BYTES) " bytes: the journal has the rest." } }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::empty_store;
    use serde_json::json;

    #[test]
    fn the_study_is_text_and_a_large_one_is_cut_with_a_word() {
        let (_held, store) = empty_store();
        let names: Vec<String> = (0..STAGES + 5).map(|n| format!("s{n}")).collect();
        let stages: Map<String, Value> = names.iter().map(|name| (name.clone(), json!({ "stage": "phantoms", "with": { "a": "<b>" } }))).collect();
        let facts = Facts {
            run: "r1".into(),
            resolved: json!({ "study": "s", "scale": "ci", "order": names, "stages": stages }),
            stages: names.iter().map(|name| (name.clone(), None)).collect(),
            ..Facts::default()
        };
        let page = CHAPTER.of(&facts, &store).unwrap().into_string();
        assert!(page.contains("scale: ci\n") && page.contains("stage: phantoms\n") && page.contains("&lt;b&gt;"), "{page}");
        assert!(page.contains(&format!("The first {STAGES} stages of {}", STAGES + 5)) && page.contains("s299:") && !page.contains("s304"), "cut");
        assert!(CHAPTER.of(&Facts::default(), &store).unwrap().into_string().is_empty());
    }
}
