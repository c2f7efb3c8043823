//! The table of chapters, by who reads them. One chapter is one file in `chapters/` and one row here; it is about artifacts that are
//! something, whichever stage made them, or about the run itself.

mod answers;
mod attention;
mod calibration;
mod checklists;
mod checks;
mod comparison;
mod dose;
mod duplicates;
mod embeddings;
mod findings;
mod flow;
mod flow_drawn;
mod graph;
mod images;
mod ledger;
mod looks;
mod metrics;
mod misjudged;
mod nearest;
mod operating_points;
mod origins;
mod pairs;
mod parts;
mod population;
mod predictions;
mod published;
mod quality;
mod sealed;
mod shortcuts;
mod spread;
mod stages;
mod study;
mod subgroups;
mod training;
mod training_sets;
mod under_way;

use super::artifacts::{ReportArtifact, Subject};
use super::evidence;
use super::facts::{Facts, Found};
use super::material::Material;
use super::wide;
use hilum_cache::{Error, Result, Store};
use hilum_stages::contract::note::Note;
use maud::{Markup, html};

/// A part of a report.
pub(super) struct Chapter {
    /// Its anchor on the page, in kebab-case.
    pub(super) id: &'static str,
    /// Its heading.
    pub(super) title: &'static str,
    /// The artifacts that it is about, in the order in which it is given them; empty for one about the run.
    pub(super) about: &'static [Subject],
    /// Its content; none if there is nothing to say. Headings in it are `h4`.
    pub(super) render: fn(&Material) -> Result<Option<Markup>>,
}

/// Chapters for one sort of reader.
pub(super) struct Group {
    /// Its anchor on the page.
    pub(super) id: &'static str,
    /// Its heading.
    pub(super) title: &'static str,
    /// What is in it, in a sentence.
    pub(super) about: &'static str,
    /// The chapters in their order.
    pub(super) chapters: &'static [Chapter],
}

/// What stands above everything else.
pub(super) const ANSWER: Chapter = answers::CHAPTER;

/// Every other chapter in the order of the page.
// One row a line, so that branches that each add one do not conflict.
#[rustfmt::skip]
pub(super) static READERS: &[Group] = &[
    Group { id: "everyone", title: "To begin with", about: "What may be wrong, and what is still running.", chapters: &[
        findings::CHAPTER,
        under_way::CHAPTER,
    ] },
    Group { id: "statistician", title: "For the statistician", about: "How large differences are, how sure they are, and how that was computed.", chapters: &[
        comparison::CHAPTER,
        dose::CHAPTER,
        spread::CHAPTER,
        metrics::CHAPTER,
        subgroups::CHAPTER,
        calibration::CHAPTER,
        training::CHAPTER,
    ] },
    Group { id: "radiologist", title: "For the radiologist", about: "What was found and overlooked, in whom, and what the images look like.", chapters: &[
        operating_points::CHAPTER,
        predictions::CHAPTER,
        misjudged::CHAPTER,
        attention::CHAPTER,
        shortcuts::CHAPTER,
        population::CHAPTER,
        images::CHAPTER,
        duplicates::CHAPTER,
        pairs::CHAPTER,
        quality::CHAPTER,
        nearest::CHAPTER,
        embeddings::CHAPTER,
    ] },
    Group { id: "auditor", title: "For the auditor", about: "Whose images went where, what checks said, and what exactly was run.", chapters: &[
        flow::CHAPTER,
        parts::CHAPTER,
        looks::CHAPTER,
        sealed::CHAPTER,
        training_sets::CHAPTER,
        published::CHAPTER,
        checks::CHAPTER,
        checklists::CHAPTER,
        origins::CHAPTER,
        ledger::CHAPTER,
        graph::CHAPTER,
        stages::CHAPTER,
        study::CHAPTER,
    ] },
];

impl Chapter {
    /// Its content for a run; none if it has nothing to say.
    ///
    /// # Errors
    /// If an artifact that it is about is damaged or missing. What `gc` removed is left out, and named.
    pub(super) fn content(&self, facts: &Facts, store: &Store) -> Result<Option<Markup>> {
        let Found { found, further, removed } = facts.found(store, self.about)?;
        if found.is_empty() && !self.about.is_empty() {
            return Ok((!removed.is_empty()).then(|| no_longer(&removed)));
        }
        let material = Material { facts, store, found };
        let content = match (self.render)(&material) {
            Err(Error::Missing(object)) if facts.is_removed(store, &object)? => return Ok(Some(no_longer(&[format!("object {}", object.short())]))),
            content => content?,
        };
        let Material { found, .. } = material;
        let said = further.iter().map(|(subject, n)| format!("{n} more artifacts `{}`", subject.name)).collect::<Vec<_>>().join(", ");
        Ok(content.map(|content| {
            html! {
                (content)
                (evidence::from(facts, &found))
                @if !removed.is_empty() { (no_longer(&removed)) }
                @if !said.is_empty() { p.more { "Not considered here, since the study is large: " (wide::prose(&said)) " (see " code { "hilum show " (facts.run) } " and " code { "results/" (facts.study) } ")." } }
            }
        }))
    }

    /// The same as a section; nothing if it has nothing to say.
    #[cfg(test)]
    fn of(&self, facts: &Facts, store: &Store) -> Result<Markup> {
        Ok(self.content(facts, store)?.map_or_else(|| html! {}, |content| section(self.id, self.title, &content)))
    }
}

/// Outputs of which no more than a few are named.
const NAMED: usize = 5;

/// Says that outputs are not shown, as `gc` removed them.
fn no_longer(removed: &[String]) -> Markup {
    let more = removed.len().saturating_sub(NAMED);
    html! {
        p.warn {
            "No longer in the store, and so not shown: " @for (n, name) in removed.iter().take(NAMED).enumerate() { @if n > 0 { ", " } code { (name) } } @if more > 0 { " and " (more) " more" }
            ". " code { "hilum gc" } " removed it, or it was erased with a patient; a run of the same study computes it again."
        }
    }
}

/// A chapter on a page.
pub(super) fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! { section id=(id) aria-labelledby={ (id) "-title" } { h3 id={ (id) "-title" } { (title) } (content) } }
}

/// Shows that something may be wrong, with the stage that says so.
fn warning(stage: Option<&str>, note: &Note) -> Markup {
    html! { div.warn { @if let Some(stage) = stage { b { (stage) } " " } (wide::prose(&note.to_string())) } }
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
        let all: Vec<&Chapter> = READERS.iter().flat_map(|group| group.chapters).collect();
        let ids: Vec<&str> = all.iter().map(|c| c.id).chain(READERS.iter().map(|group| group.id)).chain(["answers", "main", "contents"]).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        let figures: Vec<&str> = hilum_stages::figures::FIGURES
            .iter()
            .map(|f| f.name)
            .chain([hilum_stages::figures::sheet::GRID, hilum_stages::figures::attention::ATTENTION])
            .collect();
        for subject in all.iter().flat_map(|c| c.about).filter(|s| s.artifact == ArtifactType::Figure) {
            assert!(figures.contains(&subject.name), "there is no figure `{}`", subject.name);
        }
    }

    /// A row that is added is on the page, in its place and in the list of contents, and one without anything to be about is not.
    #[test]
    fn a_new_row_is_on_the_page() {
        const TOY: Chapter = Chapter { id: "toy", title: "A <toy>", about: &[], render: |m| Ok(Some(html! { p { "of " (m.facts.study) } })) };
        const NOTHING: Chapter = Chapter { id: "nothing", about: &[Subject { artifact: ArtifactType::Table, name: "toys" }], ..TOY };
        const SILENT: Chapter = Chapter { id: "silent", render: |_| Ok(None), ..TOY };
        const GROUP: Group = Group { id: "children", title: "For children", about: "Toys.", chapters: &[stages::CHAPTER, TOY, NOTHING, SILENT] };
        const EMPTY: Group = Group { id: "nobody", chapters: &[SILENT], ..GROUP };
        let (_held, store) = crate::report::tests::empty_store();
        let facts = Facts { study: "plain".into(), ..Facts::default() };
        let text = page(&facts, &[GROUP, EMPTY], &store).unwrap();
        assert!(
            text.contains("</section><section id=\"toy\" aria-labelledby=\"toy-title\"><h3 id=\"toy-title\">A &lt;toy&gt;</h3><p>of plain</p></section>"),
            "{text}"
        );
        assert!(text.contains("<li><a href=\"#toy\">A &lt;toy&gt;</a></li>"), "{text}");
        for id in ["nothing", "silent", "nobody"] {
            assert!(!text.contains(&format!("id=\"{id}\"")) && !text.contains(&format!("#{id}\"")), "{id} is on the page");
        }
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
        assert!(page.contains("<h4>whole</h4>") && page.contains("no interval<br>Δ +0.250 no interval"), "{page}");
        assert!(page.contains("<b>older</b> cannot be shown: the table `comparison` has no column `difference-low`"), "{page}");
        assert!(!page.contains("other</h4>"), "another artifact type is something else");
    }
}
