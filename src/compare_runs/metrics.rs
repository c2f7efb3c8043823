//! Values of metrics in the tables of two runs.

use hilum_cache::receipt::Artifact;
use hilum_cache::{Error, Receipt, Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::distinct::distinct;
use hilum_stages::records::{
    AgreementRow, AttentionSummary, Compared, MemorisationRow, MetricRow, ProbeRow, QualityRow, Record, Row, ShortcutRow, SubgroupRow, Table, WithinGroupsRow,
};
use std::collections::BTreeMap;

/// A value that is another one in the second run; none if a table has no such row, or the row no value.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The stage.
    pub stage: String,
    /// The arm, in comparisons; elsewhere the extractor, the group or the change of images that it is of.
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
                let of = |table: &[Named]| table.iter().find(|r| r.0 == *names).and_then(|r| r.1);
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

/// Arm, extractor or group; metric; class; and the value.
type Named = ([String; 3], Option<f64>);

/// The rows of a table of figures; none if the output is another one.
fn values(store: &Store, artifact: &Artifact) -> Result<Option<Vec<Named>>> {
    let table = |name: &str| TABLES.iter().find(|(record, _)| name.strip_suffix(".csv") == Some(*record));
    let file = match store.files(artifact) {
        Err(Error::Missing(_)) => return Ok(None),
        files => files?.into_iter().find_map(|f| Some((f.digest, table(&f.name)?.1))),
    };
    let Some((digest, rows)) = file else { return Ok(None) };
    match store.read(&digest) {
        Err(Error::Missing(_)) => Ok(None),
        bytes => Ok(Some(numbered(rows(&bytes?)))),
    }
}

/// The tables whose values are compared: the name of the record, and what tells one of its figures from the others.
static TABLES: &[(&str, fn(&[u8]) -> Vec<Named>)] = &[
    (MetricRow::RECORD, |csv| rows(csv, |r: MetricRow| vec![named("", &r.metric, &r.class, r.value)])),
    (Compared::RECORD, |csv| {
        rows(csv, |r: Compared| vec![named(&if r.set.is_empty() { r.arm } else { format!("{}/{}", r.set, r.arm) }, &r.metric, &r.class, r.value)])
    }),
    (SubgroupRow::RECORD, |csv| rows(csv, |r: SubgroupRow| vec![named(&format!("{}={}", r.by, r.group), &r.metric, &r.class, r.value)])),
    (WithinGroupsRow::RECORD, |csv| rows(csv, |r: WithinGroupsRow| vec![named(&r.by, &r.measure, &r.class, r.value)])),
    (QualityRow::RECORD, |csv| rows(csv, |r: QualityRow| vec![named(&r.extractor, &r.metric, &r.class, r.value)])),
    (AgreementRow::RECORD, |csv| {
        rows(csv, |r: AgreementRow| {
            let [both, spearman, kendall] = [format!("{}, {}", r.extractor, r.other), format!("{}, Spearman", r.metric), format!("{}, Kendall", r.metric)];
            vec![named(&both, &spearman, "", r.spearman), named(&both, &kendall, "", r.kendall)]
        })
    }),
    (MemorisationRow::RECORD, |csv| rows(csv, |r: MemorisationRow| vec![named("", &r.metric, &r.class, r.value)])),
    (AttentionSummary::RECORD, |csv| {
        rows(csv, |r: AttentionSummary| {
            vec![named(&r.outcome, "border", &r.label, r.border), named(&r.outcome, "randomised-ssim", &r.label, r.randomised_ssim)]
        })
    }),
    (ProbeRow::RECORD, |csv| rows(csv, |r: ProbeRow| vec![named(&r.probe, "auroc", &r.class, r.auroc)])),
    (ShortcutRow::RECORD, |csv| rows(csv, |r: ShortcutRow| vec![named(&r.told, &format!("auroc of {}", r.feature), &r.class, Some(r.auroc))])),
];

/// The figures of a table. What cannot be read has none: the file itself is damaged only where its digest says so.
fn rows<T: Row>(csv: &[u8], figures: impl Fn(T) -> Vec<Named>) -> Vec<Named> {
    Table::<T>::read(csv).unwrap_or_default().rows.into_iter().flat_map(figures).collect()
}

/// With the number of its place in the table instead of each digest in a name: extractors of one name are told apart by the digest of
/// their weights, which are other ones after every training.
fn numbered(mut rows: Vec<Named>) -> Vec<Named> {
    let is_digest = |word: &&str| word.starts_with(DIGEST);
    let words = |row: &Named| row.0[0].split([' ', ',']).filter(is_digest).map(str::to_owned).collect::<Vec<_>>();
    let all: Vec<String> = rows.iter().flat_map(words).collect();
    for (n, digest) in distinct(all.iter().map(String::as_str)).into_iter().enumerate() {
        rows.iter_mut().for_each(|row| row.0[0] = row.0[0].replace(digest, &format!("no. {}", n + 1)));
    }
    rows
}

/// How a digest begins.
const DIGEST: &str = "b3:";

fn named(arm: &str, metric: &str, class: &str, value: Option<f64>) -> Named {
    ([arm, metric, class].map(str::to_owned), value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::{Digest, WritableStore};
    use serde_json::json;

    /// A receipt with a table of one row.
    fn receipt<T: Row>(store: &WritableStore, row: T) -> Receipt {
        let blob = store.put(&Table { rows: vec![row] }.to_csv().unwrap()).unwrap();
        serde_json::from_value(json!({
            "key": Digest::of(b"k"), "study": "s", "stage": "q", "flow": {}, "determinism": "bitwise", "started": "", "millis": 1, "attempt": 1,
            "recipe": { "v": 1, "kind": "k", "version": 1, "parameters": {}, "inputs": {} },
            "environment": { "program": "", "commit": "", "dirty": false, "lockfile": "", "toolchain": "", "fingerprint": "", "threads": 1 },
            "outputs": { "out": { "type": "table", "digest": blob.digest, "sha256": blob.sha256, "bytes": blob.size, "file": Table::<T>::file_name() } },
        }))
        .unwrap()
    }

    fn differing<T: Row>(store: &WritableStore, before: T, after: T) -> Vec<(String, String, String, Option<f64>, Option<f64>)> {
        let (before, after) = (receipt(store, before), receipt(store, after));
        let found = compare(store, &BTreeMap::from([("q", (&before, &after))])).unwrap();
        found.into_iter().map(|m| (m.arm, m.metric, m.class, m.old, m.new)).collect()
    }

    #[test]
    fn figures_of_every_table_are_compared_by_what_they_are_of() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&dir.path().join("store")).unwrap();
        let of = |arm: &str, metric: &str, class: &str| vec![(arm.to_owned(), metric.to_owned(), class.to_owned(), Some(0.25), Some(0.5))];
        let quality = |value| QualityRow { extractor: "inception".into(), metric: "kid".into(), class: "covid".into(), value, ..QualityRow::default() };
        assert_eq!(differing(&store, quality(Some(0.25)), quality(Some(0.5))), of("inception", "kid", "covid"));
        let by = |weights: &[u8], value| QualityRow { extractor: format!("classifier (x) {}", Digest::of(weights).short()), ..quality(value) };
        assert_eq!(differing(&store, by(b"before", Some(0.25)), by(b"trained again", Some(0.5))), of("classifier (x) no. 1", "kid", "covid"));
        let copied = |value| MemorisationRow { metric: "authenticity".into(), value, ..MemorisationRow::default() };
        assert_eq!(differing(&store, copied(Some(0.25)), copied(Some(0.5))), of("", "authenticity", ""));
        let probe = |auroc| ProbeRow { probe: "no-border".into(), class: "covid".into(), auroc, ..ProbeRow::default() };
        assert_eq!(differing(&store, probe(Some(0.25)), probe(Some(0.5))), of("no-border", "auroc", "covid"));
        let within = |value| WithinGroupsRow { by: "source".into(), class: "covid".into(), measure: "share-left".into(), value, ..WithinGroupsRow::default() };
        assert_eq!(differing(&store, within(Some(0.25)), within(Some(0.5))), of("source", "share-left", "covid"));
        let map = |border| AttentionSummary { label: "covid".into(), outcome: "wrong".into(), border, ..AttentionSummary::default() };
        assert_eq!(differing(&store, map(Some(0.25)), map(Some(0.5))), of("wrong", "border", "covid"));
        assert!(differing(&store, map(Some(0.25)), map(Some(0.25))).is_empty());
    }
}
