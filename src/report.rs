//! `hilum report`: one self-contained HTML file about a run, from the store alone. No script, no outside request.

mod artifacts;
mod chapters;
mod drawing;
mod facts;
pub mod graph;
mod summary;

use chapters::{CHAPTERS, Chapter};
use facts::Facts;
use hilum_cache::{Ledger, Result, Store};
use maud::{DOCTYPE, PreEscaped, html};

const STYLE: &str = include_str!("report/style.css");

/// The report of a run.
///
/// # Errors
/// Where the run's journal does not read, or an artifact that is shown is damaged or gone.
pub fn html(store: &Store, ledger: &Ledger, run: &str) -> Result<String> {
    page(&Facts::read(store, ledger, run)?, CHAPTERS, store)
}

/// A page of chapters.
fn page(facts: &Facts, chapters: &[Chapter], store: &Store) -> Result<String> {
    let chapters = chapters.iter().map(|c| c.of(facts, store)).collect::<Result<Vec<_>>>()?;
    let body = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                // Should anything slip through: no script, no request, no form.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (facts.study) " – hilum report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (facts.study) }
                    @if !facts.description.is_empty() { p.lead { (facts.description) } }
                    (summary::summary(facts))
                }
                @for chapter in &chapters { (chapter) }
                footer { p { "Made by hilum. Synthetic images are not for diagnosis. A report says what was recorded; it does not make it true." } }
            }
        }
    };
    Ok(body.into_string())
}

#[cfg(test)]
pub(crate) mod tests {
    use hilum_cache::{Store, WritableStore};

    /// A store with nothing in it, and what removes it in the end.
    pub(crate) fn empty_store() -> (tempfile::TempDir, Store) {
        let held = tempfile::tempdir().unwrap();
        WritableStore::create(&held.path().join("store")).unwrap();
        let store = Store::open(&held.path().join("store")).unwrap();
        (held, store)
    }
}
