//! Results laid out for people, under `results/STUDY/CELL/`.

use crate::pipeline::Pipeline;
use crate::run::execute::Outputs;
use crate::workspace::Workspace;
use hilum_cache::checkout::{self, Outcome, Rest, Wanted};
use hilum_cache::receipt::Artifact;
use hilum_cache::{Result, Store};
use hilum_stages::data::contents;

/// Lays out the outputs of a study. Of packed images, which nobody can look at, only the list of those that are one picture.
pub fn lay_out(p: &Pipeline, outputs: &Outputs, store: &Store, workspace: &Workspace, rest: Rest) -> Result<Outcome> {
    let mut wanted = vec![];
    for (stage, outputs) in p.stages.iter().zip(outputs) {
        for (port, artifact) in outputs.iter().flat_map(|o| o.iter()) {
            let files = files(&stage.name, port, artifact, store)?;
            wanted.extend(files.into_iter().filter(|f| artifact.kind != "images" || f.path.ends_with(contents::PAIRS)));
        }
    }
    checkout::check_out(store, &workspace.results.join(&p.study), &workspace.laid_out(&p.study)?, &wanted, rest)
}

/// Where the files of one output lie.
fn files(stage: &str, port: &str, artifact: &Artifact, store: &Store) -> Result<Vec<Wanted>> {
    if let Some(file) = &artifact.file {
        let ending = file.rsplit_once('.').map_or(String::new(), |(_, e)| format!(".{e}"));
        return Ok(vec![Wanted { path: format!("{stage}/{port}{ending}"), digest: artifact.digest }]);
    }
    Ok(store.files(artifact)?.into_iter().map(|f| Wanted { path: format!("{stage}/{port}/{}", f.name), digest: f.digest }).collect())
}
