//! All checks with their verdicts: those that found nothing as well, so that nobody has to ask whether they were made.

use super::{Chapter, Material, findings};
use crate::report::extractors::Extractors;
use crate::report::facts::Facts;
use crate::report::verdicts::{Grade, Verdict, verdicts};
use crate::report::wide::{breakable, prose, wide};
use hilum_cache::Result;
use hilum_stages::words::counted;
use maud::{Markup, html};

pub(super) const CHAPTER: Chapter = Chapter { id: "checks", title: "Checks", about: &[], render };

/// Findings of one check.
const SHOWN: usize = 10;

fn render(m: &Material) -> Result<Option<Markup>> {
    let (all, extractors) = (verdicts(m.facts), Extractors::of_run(m)?);
    let [passed, open] = [Grade::Passed, Grade::Open].map(|grade| all.iter().filter(|v| v.grade == grade).count());
    Ok(Some(html! {
        p {
            (counted(all.len(), "check", "checks")) ", of which " (passed) " found nothing" @if open > 0 { " and " (open) " are not known yet" } ". "
            @if open == 0 { "All were made with everything known; one that has nothing to look at in this study passes." }
            @else { "What a check does not find is known once there is all that it looks at, such as the tables of all stages." }
            " " code { "hilum explain ID" } " says what each looks for."
        }
        // All of them on paper, too: that nothing was found is what an auditor wants to have in hand.
        (wide("Checks and their verdicts", &html! { table {
            thead { tr { @for head in ["check", "looks for", "verdict", "found"] { th scope="col" { (head) } } } }
            tbody { @for verdict in &all { tr { (row(m.facts, verdict, &extractors)) } } }
        } }))
    }))
}

fn row(facts: &Facts, verdict: &Verdict, extractors: &Extractors) -> Markup {
    html! {
        th scope="row" { code { (breakable(verdict.id)) } } td.text { (verdict.title) }
        td { @if verdict.grade == Grade::Passed { (verdict.grade.word()) } @else { b { (verdict.grade.word()) } } }
        td.text {
            @for (finding, others) in verdict.findings.iter().take(SHOWN) { p { (findings::said(facts, finding, *others, extractors)) @for note in &finding.notes { br; small { (prose(&extractors.in_text(note))) } } } }
            @if verdict.findings.len() > SHOWN { p { "and " (verdict.findings.len() - SHOWN) " more" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::ids;
    use crate::report::tests::empty_store;
    use hilum_cache::journal::{Finding, Severity};
    use std::collections::BTreeMap;

    #[test]
    fn of_a_run_that_goes_on_nothing_passes_before_it_is_decided() {
        let (_held, store) = empty_store();
        let decided = Some(["leakage.duplicate".to_owned()].into());
        let page = CHAPTER.of(&Facts { decided, ..Facts::default() }, &store).unwrap().into_string();
        assert!(page.contains(&format!(", of which 1 found nothing and {} are not known yet. What a check", ids().count() - 1)), "{page}");
        assert_eq!((page.matches("<td>passed</td>").count(), page.matches("<td><b>not known yet</b></td>").count()), (1, ids().count() - 1));
    }

    #[test]
    fn every_check_is_listed_with_its_verdict_and_reason() {
        let (_held, store) = empty_store();
        let finding = Finding {
            id: "leakage.duplicate".into(),
            code: "L0004".into(),
            stage: "scores".into(),
            message: Some("equal <images>".into()),
            severity: Severity::Error,
            notes: vec!["a note".into()],
            path: vec![],
            allowed: Some("as published".into()),
            counts: BTreeMap::from([("images".into(), 3)]),
        };
        let facts = Facts { findings: vec![finding], is_finished: true, ..Facts::default() };
        let page = CHAPTER.of(&facts, &store).unwrap().into_string();
        assert!(ids().all(|id| page.contains(&format!("<code>{}</code>", breakable(id).into_string()))), "{page}");
        assert_eq!(page.matches("<td>passed</td>").count(), ids().count() - 1);
        assert!(
            page.contains("<td><b>allowed</b></td>") && page.contains("equal &lt;images&gt; (3 images).<br>Allowed: as published<br><small>a note</small>"),
            "{page}"
        );
    }
}
