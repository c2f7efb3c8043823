//! Values of metrics in the tables of two runs.

use hilum_cache::receipt::Artifact;
use hilum_cache::{Error, Receipt, Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{Compared, MetricRow, Record, Table};
use std::collections::BTreeMap;

/// A value that is another one in the second run; none if a table has no such row, or the row no value.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The stage.
    pub stage: String,
    /// The arm, in comparisons.
    pub arm: String,
    /// The metric.
    pub metric: String,
    /// The class, if it is of one.
    pub class: String,
    /// Before.
    pub old: Option<f64>,
    /// After.
    pub new: Option<f64>,
}

/// The values that differ, in the order of the tables.
pub(super) fn compare(store: &Store, ran: &BTreeMap<&str, (&Receipt, &Receipt)>) -> Result<Vec<Metric>> {
    let mut out = vec![];
    for (stage, (before, after)) in ran {
        for (port, old) in before.outputs.iter().filter(|(_, a)| ArtifactType::Table.is(a)) {
            let Some(new) = after.outputs.get(port).filter(|new| new.digest != old.digest) else { continue };
            // A table removed by `gc` is skipped.
            let (Some(old), Some(new)) = (values(store, old)?, values(store, new)?) else { continue };
            let rows = new.iter().map(|r| &r.0).chain(old.iter().map(|r| &r.0).filter(|names| !new.iter().any(|r| r.0 == **names)));
            for names in rows {
                let of = |table: &[Row]| table.iter().find(|r| r.0 == *names).and_then(|r| r.1);
                let (old, new) = (of(&old), of(&new));
                if old != new {
                    let [arm, metric, class] = names.clone();
                    out.push(Metric { stage: (*stage).to_owned(), arm, metric, class, old, new });
                }
            }
        }
    }
    Ok(out)
}

/// Arm, metric and class, and the value.
type Row = ([String; 3], Option<f64>);

/// The rows of a table of metrics or of a comparison; none if the output is neither.
fn values(store: &Store, artifact: &Artifact) -> Result<Option<Vec<Row>>> {
    let file = match store.files(artifact) {
        Err(Error::Missing(_)) => return Ok(None),
        files => files?.into_iter().find(|f| [Table::<MetricRow>::file_name(), Table::<Compared>::file_name()].contains(&f.name)),
    };
    let Some(file) = file else { return Ok(None) };
    let bytes = match store.read(&file.digest) {
        Err(Error::Missing(_)) => return Ok(None),
        bytes => bytes?,
    };
    // What cannot be read has no rows: the file itself is damaged only where its digest says so.
    Ok(Some(if file.name == Table::<Compared>::file_name() {
        let rows = Table::<Compared>::read(&bytes).unwrap_or_default().rows;
        let arm = |set: &str, arm: String| if set.is_empty() { arm } else { format!("{set}/{arm}") };
        rows.into_iter().map(|r| ([arm(&r.set, r.arm), r.metric, r.class], r.value)).collect()
    } else {
        let rows = Table::<MetricRow>::read(&bytes).unwrap_or_default().rows;
        rows.into_iter().map(|r| ([String::new(), r.metric, r.class], r.value)).collect()
    }))
}
