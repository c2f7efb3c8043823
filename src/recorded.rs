//! The results of a run, as its journal names them: those that it computed, and those of others on which it stood. Ignorant of
//! what is done with them.

use hilum_cache::{Ledger, Receipt, StageKey, journal};
use std::collections::BTreeMap;

/// Receipts by the names that stages have in this run; true if it wrote them itself. The stage that carried a reused recipe out
/// may have had another name, or be another one of this study.
pub fn results(lines: &[journal::Line], ledger: &Ledger) -> BTreeMap<String, (Receipt, bool)> {
    let mut known = BTreeMap::new();
    for line in lines {
        match line.kind.as_str() {
            "receipt" => {
                if let Ok(receipt) = serde_json::from_value::<Receipt>(line.body["receipt"].clone()) {
                    known.insert(receipt.stage.clone(), (receipt, true));
                }
            }
            "reused" => {
                for (stage, key) in line.body["stages"].as_object().into_iter().flatten() {
                    let key = key.as_str().and_then(|k| k.parse().ok()).map(StageKey);
                    if let Some((receipt, _)) = key.and_then(|k| ledger.find(&k)) {
                        known.insert(stage.clone(), (Receipt { stage: stage.clone(), ..receipt }, false));
                    }
                }
            }
            _ => {}
        }
    }
    known
}
