//! The answers of a study's comparisons. Independent of how they are shown.

use crate::pipeline::Pipeline;
use crate::run::execute::Outputs;
use hilum_cache::{Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{Answer, Record, Table};

/// The answers of the comparisons among the outputs, in the order of the study. A table that cannot be read has none: where it is
/// shown, it is said why.
///
/// # Errors
/// If a table is damaged or gone.
pub(super) fn answers(p: &Pipeline, outputs: &Outputs, store: &Store) -> Result<Vec<(String, Answer)>> {
    let mut out = vec![];
    for (stage, outputs) in p.stages.iter().zip(outputs) {
        for artifact in outputs.iter().flat_map(|o| o.values()).filter(|a| ArtifactType::Table.is(a) && a.file.as_ref() == Some(&Table::<Answer>::file_name()))
        {
            let table = Table::<Answer>::read(&store.read(&artifact.digest)?).unwrap_or_default();
            out.extend(table.rows.into_iter().map(|answer| (stage.name.clone(), answer)));
        }
    }
    Ok(out)
}
