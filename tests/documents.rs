//! Generated documents are fresh; [`RENEW`] writes them.

use crate::space::{RENEW, root};
use hilum_stages::KINDS;
use std::fs;

fn fresh(path: &str, text: &str) {
    let path = root().join(path);
    if std::env::var_os("HILUM_UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == text, "{} is stale: run `{RENEW}`, and commit what it writes", path.display());
}

#[test]
fn manuals_of_kinds() {
    for kind in KINDS {
        fresh(&format!("docs/stages/{}.md", kind.name), &hilum::manual::manual(kind));
    }
    assert_eq!(fs::read_dir(root().join("docs/stages")).unwrap().count(), KINDS.len());
}

#[test]
fn codes_metrics_and_schema() {
    fresh("docs/errors.md", &hilum::manual::errors());
    fresh("docs/metrics.md", &hilum::manual::metrics());
    fresh("docs/pipeline.schema.json", &(serde_json::to_string_pretty(&hilum::pipeline::schema::schema(&hilum::language::language())).unwrap() + "\n"));
}
