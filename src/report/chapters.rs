//! The table of chapters. One chapter is one file in `chapters/` and one row here; it is about artifacts that are something,
//! whichever stage made them, or about the run itself.

mod answers;
mod attention;
mod comparison;
mod dose;
mod embeddings;
mod findings;
mod flow;
mod graph;
mod images;
mod metrics;
mod pairs;
mod predictions;
mod published;
mod spread;
mod stages;
mod training;
mod training_sets;
mod under_way;

use super::artifacts::{ReportArtifact, Subject};
use super::facts::Facts;
use hilum_cache::{Result, Store};
use hilum_stages::contract::note::Note;
use maud::{Markup, html};

/// A part of a report.
pub(super) struct Chapter {
    /// Its anchor on the page, in kebab-case.
    pub(super) id: &'static str,
    /// Its heading; none for what is above all headings.
    pub(super) title: Option<&'static str>,
    /// The artifacts that it is about, in the order in which it is given them; empty for one about the run.
    pub(super) about: &'static [Subject],
    /// Its content; none if there is nothing to say.
    pub(super) render: fn(&Material) -> Result<Option<Markup>>,
}

/// What a chapter is made of.
pub(super) struct Material<'a> {
    pub(super) facts: &'a Facts,
    pub(super) store: &'a Store,
    /// The artifacts that the chapter is about, subject by subject in the order of the study.
    found: Vec<ReportArtifact<'a>>,
}

/// Every chapter in the order of the page.
pub(super) static CHAPTERS: &[Chapter] = &[
    answers::CHAPTER,
    findings::CHAPTER,
    under_way::CHAPTER,
    comparison::CHAPTER,
    dose::CHAPTER,
    spread::CHAPTER,
    metrics::CHAPTER,
    predictions::CHAPTER,
    published::CHAPTER,
    flow::CHAPTER,
    training_sets::CHAPTER,
    images::CHAPTER,
    pairs::CHAPTER,
    embeddings::CHAPTER,
    attention::CHAPTER,
    graph::CHAPTER,
    training::CHAPTER,
    stages::CHAPTER,
];

impl<'a> Material<'a> {
    /// The artifacts that are this.
    pub(super) fn of(&self, subject: Subject) -> impl Iterator<Item = &ReportArtifact<'a>> {
        self.found.iter().filter(move |f| f.subject == subject)
    }
}

impl Chapter {
    /// The chapter of a run; nothing if it has nothing to say.
    ///
    /// # Errors
    /// If an artifact that it is about is damaged or gone.
    pub(super) fn of(&self, facts: &Facts, store: &Store) -> Result<Markup> {
        let found = facts.found(store, self.about)?;
        if found.is_empty() && !self.about.is_empty() {
            return Ok(html! {});
        }
        let content = (self.render)(&Material { facts, store, found })?;
        Ok(match (content, self.title) {
            (None, _) => html! {},
            (Some(content), None) => content,
            (Some(content), Some(title)) => html! { section id=(self.id) { h2 { (title) } (content) } },
        })
    }
}

/// Shows that something may be wrong, with the stage that says so.
fn warning(stage: Option<&str>, note: &Note) -> Markup {
    html! { div.warn { @if let Some(stage) = stage { b { (stage) } " " } (note) } }
}

/// Shows the reason in place of what cannot be shown.
fn unreadable(found: &ReportArtifact, why: &str) -> Markup {
    html! { div.warn { b { (found.stage()) } " cannot be shown: " (why) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page;
    use crate::report::tests::made;
    use hilum_stages::contract::artifact::ArtifactType;
    use std::collections::BTreeSet;

    #[test]
    fn every_chapter_has_an_anchor_of_its_own() {
        let ids: BTreeSet<&str> = CHAPTERS.iter().map(|c| c.id).collect();
        assert_eq!(ids.len(), CHAPTERS.len());
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        let figures: Vec<&str> = hilum_stages::figures::FIGURES
            .iter()
            .map(|f| f.name)
            .chain([hilum_stages::figures::sheet::GRID, hilum_stages::figures::attention::ATTENTION])
            .collect();
        for subject in CHAPTERS.iter().flat_map(|c| c.about).filter(|s| s.artifact == ArtifactType::Figure) {
            assert!(figures.contains(&subject.name), "there is no figure `{}`", subject.name);
        }
    }

    /// A row that is added is on the page, in its place, and one without anything to be about is not.
    #[test]
    fn a_new_row_is_on_the_page() {
        const TOY: Chapter = Chapter { id: "toy", title: Some("A <toy>"), about: &[], render: |m| Ok(Some(html! { p { "of " (m.facts.study) } })) };
        const NOTHING: Chapter = Chapter { id: "nothing", about: &[Subject { artifact: ArtifactType::Table, name: "toys" }], ..TOY };
        const SILENT: Chapter = Chapter { id: "silent", render: |_| Ok(None), ..TOY };
        let (_held, store) = crate::report::tests::empty_store();
        let facts = Facts { study: "plain".into(), ..Facts::default() };
        let text = page(&facts, &[stages::CHAPTER, TOY, NOTHING, SILENT], &store).unwrap();
        assert!(text.contains("</section><section id=\"toy\"><h2>A &lt;toy&gt;</h2><p>of plain</p></section>"), "{text}");
        assert!(!text.contains("nothing") && !text.contains("silent"));
    }

    /// Chapters go by what an artifact is, whichever kind made it, and say of a table that cannot be read which column it lacks.
    #[test]
    fn a_comparison_is_one_whoever_made_it() {
        let held = tempfile::tempdir().unwrap();
        let store = hilum_cache::WritableStore::create(&held.path().join("store")).unwrap();
        let csv = "arm,repeats,metric,class,value,low,high,difference,difference-low,difference-high\na,1,auroc,,0.5,,,0.25,,\n";
        let made_by = |name: &str, kind: &str, csv: &str| made(&store, name, (kind, "comparison.csv"), csv.as_bytes(), serde_json::Value::Null);
        let older = csv.replace("difference-low", "something");
        let stages = vec![made_by("whole", "table", csv), made_by("older", "table", &older), made_by("other", "notes", csv)];
        let facts = Facts { stages, ..Facts::default() };
        let page = comparison::CHAPTER.of(&facts, &store.into_store()).unwrap().into_string();
        assert!(page.contains("<h3>whole</h3><div class=\"scroll\"><table>") && page.contains("no interval</span><br>Δ +0.250"), "{page}");
        assert!(page.contains("<b>older</b> cannot be shown: the table `comparison` has no column `difference-low`"), "{page}");
        assert!(!page.contains("other"), "another artifact type is something else");
    }
}
