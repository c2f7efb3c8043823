//! Writing results for people, under `results/STUDY/CELL/`.

use crate::pipeline::Pipeline;
use crate::run::execute::Outputs;
use crate::workspace::Workspace;
use hilum_cache::checkout::{self, Outcome, Rest, Wanted};
use hilum_cache::receipt::Artifact;
use hilum_cache::tree::Entry;
use hilum_cache::{Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::contents;

/// Writes the results of a study. Of packed images, which are not viewable, only the list of duplicates.
pub fn lay_out(p: &Pipeline, outputs: &Outputs, store: &Store, workspace: &Workspace, rest: Rest) -> Result<Outcome> {
    let mut wanted = vec![];
    for (stage, outputs) in p.stages.iter().zip(outputs) {
        for (port, artifact) in outputs.iter().flat_map(|o| o.iter()) {
            let files = laid_out(&stage.name, port, artifact, store)?;
            wanted.extend(files.into_iter().map(|(path, file)| Wanted { path, digest: file.digest }));
        }
    }
    checkout::check_out(store, &workspace.results.join(&p.study), &workspace.laid_out(&p.study)?, &wanted, rest)
}

/// The files of one output that are written, each with its path below the results of its study.
///
/// # Errors
/// If the list of its files is not in the store.
pub fn laid_out(stage: &str, port: &str, artifact: &Artifact, store: &Store) -> Result<Vec<(String, Entry)>> {
    // Packed pixels and masks are for stages alone.
    let is_packed = ArtifactType::Images.is(artifact) || ArtifactType::Masks.is(artifact);
    let files = store.files(artifact)?.into_iter();
    if let Some(file) = &artifact.file {
        let ending = file.rsplit_once('.').map_or(String::new(), |(_, e)| format!(".{e}"));
        return Ok(files.filter(|_| !is_packed).map(|f| (format!("{stage}/{port}{ending}"), f)).collect());
    }
    let is_shown = |name: &str| !is_packed || name == contents::PAIRS;
    Ok(files.filter(|f| is_shown(&f.name)).map(|f| (format!("{stage}/{port}/{}", f.name), f)).collect())
}
