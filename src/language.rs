//! What a study may name in this program: its stage kinds and its checks. Passed to the pipeline, so that it depends on neither.

use crate::checks;
use crate::pipeline::Language;
use hilum_stages::KINDS;
use hilum_stages::contract::artifact::ArtifactType;

/// The kinds and checks of this program.
pub fn language() -> Language {
    Language { kinds: KINDS, checks: checks::ids().collect() }
}

/// True for a kind of this name that makes tables of images from no other table.
pub(crate) fn begins_with_images(kind: &str) -> bool {
    KINDS.iter().any(|k| k.name == kind && k.inputs.is_empty() && k.outputs.iter().any(|o| o.artifact == ArtifactType::Samples))
}

/// True where every stage of these kinds that begins with no image of another draws its images: no patient is in them. Not where there
/// is none, or a kind is not known.
pub(crate) fn are_drawn<'k>(kinds: impl IntoIterator<Item = &'k str>) -> bool {
    let (mut is_any, mut are_all) = (false, true);
    for kind in kinds {
        let begins = begins_with_images(kind);
        is_any |= begins;
        are_all &= !kind.is_empty() && (!begins || hilum_stages::draws_images(kind));
    }
    is_any && are_all
}

/// The graph of a study, for tests.
#[cfg(test)]
pub(crate) fn study(text: &str) -> crate::pipeline::Pipeline {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("study.yaml");
    std::fs::write(&file, text).expect("it can be written to");
    let loaded = crate::pipeline::load(&file, &[], &language());
    loaded.pipeline.unwrap_or_else(|| panic!("{}", crate::diagnostic::render_all(&loaded.diagnostics, &loaded.texts, false)))
}
