//! What a run measured of a network: the tables of evaluations of it, and of the quality of its images. Independent of formats.

use super::error::{Error, Result};
use super::facts::{Facts, Made};
use hilum_cache::Sha256;
use hilum_cache::receipt::Artifact;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{MetricRow, QualityRow, Record, Row, Table};
use std::collections::BTreeSet;

/// A value that was measured.
pub(super) struct Measure {
    pub(super) metric: String,
    /// The class; empty for the whole.
    pub(super) class: String,
    pub(super) value: f64,
    /// Both ends of its interval, if it has one.
    pub(super) ends: Option<[f64; 2]>,
    /// What else has to be known, such as how the interval was computed, or why there is none; may be empty.
    pub(super) told: String,
}

/// A table of such values.
pub(super) struct MeasuredTable<'f> {
    /// The stage that measured.
    pub(super) made: Made<'f>,
    pub(super) port: &'f str,
    pub(super) artifact: &'f Artifact,
    /// Its values; none if it was removed from the store.
    pub(super) rows: Option<Vec<Measure>>,
}

/// A table of images that something was measured on.
pub(super) struct LookedAt<'f> {
    /// The port at which it was given.
    pub(super) port: &'f str,
    pub(super) made: Made<'f>,
    /// The port of the stage that made it.
    pub(super) from: &'f str,
    pub(super) artifact: &'f Artifact,
}

/// What was measured of the network that a stage made at a port.
///
/// # Errors
/// If a table is damaged, or is none.
pub(super) fn of<'f>(facts: &'f Facts, made: Made<'f>, port: &str) -> Result<Vec<MeasuredTable<'f>>> {
    let (mut out, mut seen) = (vec![], BTreeSet::new());
    for stage in facts.takers(made.id, Some(port)) {
        add::<MetricRow>(facts, stage, &mut out, &mut seen, |row| {
            let how = if row.low.is_some() { "interval by" } else { "no interval:" };
            let told = if row.interval.is_empty() { String::new() } else { format!("{how} {}", row.interval) };
            let ends = row.low.zip(row.high).map(|(low, high)| [low, high]);
            Some(Measure { metric: row.metric, class: row.class, value: row.value?, ends, told })
        })?;
        // Of a generator, what looked at its images.
        let images: Vec<&str> = stage.of_type(ArtifactType::Samples).map(|(port, _)| port).collect();
        for output in images {
            for stage in facts.takers(stage.id, Some(output)) {
                add::<QualityRow>(facts, stage, &mut out, &mut seen, |row| {
                    let told = if row.extractor.is_empty() { String::new() } else { format!("extractor {}", row.extractor) };
                    Some(Measure { metric: row.metric, class: row.class, value: row.value?, ends: None, told })
                })?;
            }
        }
    }
    Ok(out)
}

fn add<'f, T: Row>(
    facts: &'f Facts,
    made: Made<'f>,
    out: &mut Vec<MeasuredTable<'f>>,
    seen: &mut BTreeSet<String>,
    show: impl Fn(T) -> Option<Measure>,
) -> Result<()> {
    let file = Table::<T>::file_name();
    for (port, artifact) in made.result.outputs.iter().filter(|(_, a)| a.file.as_deref() == Some(&*file)) {
        let output = made.output(port);
        if !seen.insert(output.clone()) {
            continue;
        }
        let rows = match facts.is_removed(&artifact.digest) {
            true => None,
            false => {
                let table = Table::<T>::read(&facts.store.read(&artifact.digest)?).map_err(|e| Error::Record { what: output, why: e.to_string() })?;
                Some(table.rows.into_iter().filter_map(&show).collect())
            }
        };
        out.push(MeasuredTable { made, port, artifact, rows });
    }
    Ok(())
}

impl<'f> MeasuredTable<'f> {
    /// The output, as a study writes it.
    pub(super) fn output(&self) -> String {
        self.made.output(self.port)
    }

    pub(super) fn sha256(&self) -> Sha256 {
        self.artifact.sha256
    }

    /// The tables of images that it was measured on.
    pub(super) fn looked_at(&self, facts: &'f Facts) -> impl Iterator<Item = LookedAt<'f>> {
        self.made.inputs().filter_map(|(port, from, taken)| {
            let made = facts.made_by(from)?;
            let artifact = made.result.outputs.get(taken).filter(|a| ArtifactType::Samples.is(a))?;
            Some(LookedAt { port, made, from: taken, artifact })
        })
    }
}
