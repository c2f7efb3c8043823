//! What stands beside the answer: what was run, when, at which scale, whether checks passed, and whether numbers mean anything.

use super::facts::{Facts, Scale};
use super::verdicts::{Grade, in_short, merged};
use super::wide::prose;
use crate::language;
use hilum_stages::words::counted;
use maud::{Markup, html};

/// Reasons for allowed findings that stand in the first lines; all are in the list of checks.
const REASONS: usize = 3;
/// Versions of the program that are named; all are in the chapter about devices.
const PROGRAMS: usize = 3;

/// A line for each fact.
pub(super) fn status(f: &Facts) -> Markup {
    let [executed, reused, not_run] = f.counts();
    let allowed: Vec<_> = merged(&f.findings).into_iter().filter(|(finding, _)| Grade::of(finding) == Grade::Allowed).collect();
    html! {
        @if let Some(drawn) = drawn(f) { p.warn { (prose(&drawn)) } }
        dl.facts {
            div { dt { "Run" } dd { a href="#ledger" { (f.run) } ", started " time datetime=(f.started) { (date(&f.started)) } @if !f.is_finished { ", " b { "not finished" } } } }
            div { dt { "Scale" } dd { a href="#study" { (scale(f)) } } }
            div { dt { "Stages" } dd {
                a href="#stages" { (executed) " executed, " (reused) " reused" } @if not_run > 0 { ", " b { (not_run) " not run" } }
                @if !f.failures.is_empty() { ", " b { (f.failures.len()) " failed" } }
            } }
            div { dt { "Checks" } dd {
                a href="#checks" { (in_short(f)) }
                @for (finding, _) in allowed.iter().take(REASONS) { "; allowed: " (finding.id) " (" (finding.allowed.as_deref().unwrap_or_default()) ")" }
                @if allowed.len() > REASONS { "; " (counted(allowed.len() - REASONS, "more finding is", "more findings are")) " allowed" }
            } }
            @if let Some(programs) = programs(f) { div { dt { "Program" } dd { a href="#origins" { (programs) } } } }
        }
    }
}

/// The versions of hilum that computed what is shown; those of results that were reused are told apart.
fn programs(f: &Facts) -> Option<String> {
    let (mut executed, mut reused): (Vec<String>, Vec<String>) = (vec![], vec![]);
    for (name, result) in &f.stages {
        let Some((result, is_own)) = result else { continue };
        let by = &result.receipt(name).environment;
        let program = format!("hilum {} {}", by.program, by.commit).trim_end().to_owned() + if by.dirty { " with changes" } else { "" };
        let known = if *is_own { &mut executed } else { &mut reused };
        if !known.contains(&program) {
            known.push(program);
        }
    }
    let named = |all: &[String]| {
        let more = all.len().saturating_sub(PROGRAMS);
        all[..all.len() - more].join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
    };
    match (executed.as_slice(), reused.as_slice()) {
        ([], []) => None,
        ([], reused) => Some(format!("nothing was executed; the results that were reused are by {}", named(reused))),
        (executed, reused) if reused.iter().all(|program| executed.contains(program)) => Some(named(executed)),
        (executed, reused) => Some(format!("{}; the results that were reused are by {}", named(executed), named(reused))),
    }
}

/// `2026-11-29 21:14 UTC`; what is no time stays as it is.
pub(super) fn date(time: &str) -> String {
    match time.split_once('T').filter(|(_, clock)| clock.len() >= 5 && clock.is_char_boundary(5)) {
        Some((day, clock)) => format!("{day} {} UTC", &clock[..5]),
        None => time.to_owned(),
    }
}

/// What studies call the scale of their design.
const FULL: &str = "full";

fn scale(f: &Facts) -> String {
    match &f.scale {
        Scale::Named(scale) if scale == FULL => "full: the study in full".to_owned(),
        Scale::Named(scale) => format!("{scale}, which is not the study in full"),
        Scale::AsWritten => "none: the study as it is written".to_owned(),
        Scale::NotRecorded => "not recorded: the study as it is written, or at one of its scales".to_owned(),
    }
}

/// True where every stage that begins with no image of another draws its images: no patient is in them.
pub(super) fn is_drawn(f: &Facts) -> bool {
    // A stage that has no result yet, and of which the journal does not say the kind, is none that begins with images.
    let kinds: Vec<_> = f.kinds().map(|(_, kind)| kind).filter(|kind| !kind.is_empty()).collect();
    language::are_drawn(kinds.iter().map(AsRef::as_ref))
}

/// Says of images that were drawn what numbers of them mean.
fn drawn(f: &Facts) -> Option<String> {
    let mut stages: Vec<&str> = f.kinds().filter(|(_, kind)| hilum_stages::draws_images(kind)).map(|(name, _)| name).collect();
    stages.sort_unstable();
    let first = stages.first()?;
    let others = if stages.len() > 1 { format!(" and {}", counted(stages.len() - 1, "other stage", "other stages")) } else { String::new() };
    let small = f.scale.name().filter(|scale| *scale != FULL).map_or(String::new(), |scale| format!(", and at the scale `{scale}` they mean nothing at all"));
    Some(format!("Phantoms: the images of `{first}`{others} are drawn by a program. The numbers of this study say nothing of patients{small}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::StageResult;
    use crate::report::tests::{empty_store, made};
    use hilum_cache::WritableStore;
    use serde_json::json;
    use std::rc::Rc;

    #[test]
    fn the_first_lines_say_the_scale_and_that_phantoms_are_no_patients() {
        let (held, _) = empty_store();
        let store = WritableStore::open(&held.path().join("store")).unwrap();
        let phantoms = made(&store, "images", ("samples", "samples.csv"), b"x", json!({ "kind": "phantoms" }));
        let facts = Facts {
            stages: vec![phantoms, ("later".into(), None)],
            scale: Scale::Named("c<i".into()),
            started: "2026-11-29T21:14:05.1Z".into(),
            ..Facts::default()
        };
        let page = status(&facts).into_string();
        for part in [
            "c&lt;i, which is not the study in full",
            "drawn by a program",
            "they mean nothing at all",
            "2026-11-29 21:14 UTC",
            "1 executed, 0 reused</a>, <b>1 not run</b>",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(page.find("Phantoms").unwrap() < page.find("<dl").unwrap());
        let imported = made(&store, "more", ("samples", "samples.csv"), b"y", json!({ "kind": "import" }));
        assert!(is_drawn(&facts) && !is_drawn(&Facts { stages: vec![facts.stages[0].clone(), imported], ..Facts::default() }) && !is_drawn(&Facts::default()));
        // A run that goes on has no result yet of stages that are reused.
        let stages = || vec![("images".to_owned(), None)];
        let under_way = |kind: &str| Facts { resolved: json!({ "stages": { "images": { "stage": kind } } }), stages: stages(), ..Facts::default() };
        assert!(is_drawn(&under_way("phantoms")) && !is_drawn(&under_way("import")) && !is_drawn(&under_way("split")));
        let plain = status(&Facts::default()).into_string();
        assert!(plain.contains("not recorded") && !plain.contains("drawn"), "{plain}");
        let whole = status(&Facts { scale: Scale::AsWritten, ..Facts::default() }).into_string();
        assert!(whole.contains("none: the study as it is written"), "{whole}");
    }

    #[test]
    fn the_program_is_that_which_executed_and_not_that_of_what_was_reused() {
        let (held, _) = empty_store();
        let store = WritableStore::open(&held.path().join("store")).unwrap();
        let by = |stage: &str, program: &str, is_own: bool| {
            let (name, result) = made(&store, stage, ("samples", "samples.csv"), stage.as_bytes(), json!({}));
            let mut receipt = (*result.unwrap().0.receipt(stage)).clone();
            receipt.environment.program = program.into();
            (name, Some((StageResult::Held(Rc::new(receipt)), is_own)))
        };
        let said = |stages: Vec<crate::report::tests::Made>| programs(&Facts { stages, ..Facts::default() });
        assert_eq!(said(vec![by("a", "0.1.0", false), by("b", "0.2.0", true)]).unwrap(), "hilum 0.2.0; the results that were reused are by hilum 0.1.0");
        assert_eq!(said(vec![by("a", "0.2.0", false), by("b", "0.2.0", true)]).unwrap(), "hilum 0.2.0");
        assert_eq!(said(vec![by("a", "0.1.0", false)]).unwrap(), "nothing was executed; the results that were reused are by hilum 0.1.0");
        assert_eq!(said(vec![("later".into(), None)]), None);
    }
}
