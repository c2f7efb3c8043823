//! A plan in lines: one for each group of stages, then totals and the time that they may take.

use super::Study;
use super::forecast::Forecast;
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use crate::plan::disk::Need;
use crate::plan::estimate::Estimate;
use crate::plan::groups::{Group, Status, Totals, failing};
use crate::plan::reason::Reason;
use crate::plan::{Decision, Plan};
use crate::progress::words::{about, size};
use crate::run::event::Event;
use hilum_stages::words::counted;
use std::collections::BTreeSet;

/// How a run begins.
pub(super) fn event(study: &Study, plan: &Plan, forecast: &Forecast) -> Event {
    // Where nothing is up to date yet, a line for each stage says nothing that is not expected.
    let lines = if forecast.totals.up_to_date == 0 { sums(forecast).collect() } else { lines(&study.pipeline, plan, forecast) };
    Event::Planned { lines, totals: forecast.totals.to_json(), estimate: forecast.estimate.to_json() }
}

/// What to say where the store needs more than is free.
pub fn shortage(study: &Study, forecast: &Forecast) -> Option<String> {
    shortage_at(&study.workspace.store.display().to_string(), &forecast.need, forecast.free?)
}

/// All lines of a plan.
pub fn lines(p: &Pipeline, plan: &Plan, forecast: &Forecast) -> Vec<String> {
    let groups = forecast.groups.iter().filter(|g| g.status != Status::UpToDate);
    let out = groups.map(|g| line(p, plan, g, Some(&forecast.estimate)));
    out.chain(sums(forecast)).collect()
}

/// The last lines of a plan: how many stages of which status, and the time that they may take.
pub fn sums(forecast: &Forecast) -> impl Iterator<Item = String> {
    std::iter::once(in_all(&forecast.totals)).chain(time(&forecast.totals, &forecast.estimate))
}

/// A group as a line.
pub fn line(p: &Pipeline, plan: &Plan, group: &Group, estimate: Option<&Estimate>) -> String {
    let first = group.stages[0];
    let several = group.stages.len() > 1;
    let (status, rest) = match (&plan.decisions[first], group.status) {
        (Decision::Execute { reasons, continues, .. }, _) => {
            let on = continues.map(|step| format!("resumes after step {step}"));
            ("will run", format!(": {}", reasons.iter().map(|r| reason(r, p, several)).chain(on).collect::<Vec<_>>().join("; ")))
        }
        (Decision::Undecided { waits, .. }, Status::Skipped) => {
            let failing = failing(plan, waits).map(|w| named(p, &[w], several)).unwrap_or_default();
            (if several { "are skipped" } else { "is skipped" }, format!(": {failing} fails"))
        }
        (Decision::Undecided { reasons, .. }, _) => {
            let waits: Vec<StageId> = group.stages.iter().flat_map(|id| waits(plan, *id)).copied().collect();
            let waits = format!(" ({} for {})", if several { "wait" } else { "waits" }, named(p, &waits, several));
            let certain = reasons.iter().map(|r| reason(r, p, several)).collect::<Vec<_>>().join("; ");
            let certain = if certain.is_empty() { String::new() } else { format!(": {certain}") };
            (if several { "are pending" } else { "pending" }, waits + &certain)
        }
        (Decision::Share { .. }, _) => {
            let of: Vec<StageId> =
                group.stages.iter().filter_map(|id| if let Decision::Share { of, .. } = plan.decisions[*id] { Some(of) } else { None }).collect();
            (if several { "share" } else { "shares" }, format!(" the result of {}", named(p, &of, false)))
        }
        (Decision::Fail { fault, .. }, _) => (if several { "fail" } else { "fails" }, format!(": {}", fault.message)),
        (Decision::Reuse { .. } | Decision::Unwanted, _) => (if several { "are up to date" } else { "up to date" }, String::new()),
    };
    let millis = estimate.and_then(|e| e.together(&group.stages)).map(|m| format!(", about {}", about(m))).unwrap_or_default();
    format!("{}{status}{rest}{millis}", subject(p, group))
}

/// What a line is about: `images   `, `classifier   6 of 8 cells `.
pub fn subject(p: &Pipeline, group: &Group) -> String {
    let cells = if group.stages.len() > 1 { format!("{} of {} cells ", group.stages.len(), group.of) } else { String::new() };
    format!("{}   {cells}", group.name(p))
}

fn reason(reason: &Reason, p: &Pipeline, of_cells: bool) -> String {
    if of_cells { reason.say_of_cells(p) } else { reason.say(p) }
}

fn waits(plan: &Plan, id: StageId) -> &[StageId] {
    if let Decision::Undecided { waits, .. } = &plan.decisions[id] { waits } else { &[] }
}

/// Stages by name, each once; several cells of one stage are counted.
fn named(p: &Pipeline, stages: &[StageId], of_cells: bool) -> String {
    let mut by_base: Vec<(&str, BTreeSet<StageId>)> = vec![];
    for id in stages {
        let base = p.stages[*id].base.as_str();
        match by_base.iter_mut().find(|(b, _)| *b == base) {
            Some((_, cells)) => drop(cells.insert(*id)),
            None => by_base.push((base, [*id].into())),
        }
    }
    let name = |(base, cells): &(&str, BTreeSet<StageId>)| match cells.first() {
        Some(only) if cells.len() == 1 && !of_cells => format!("`{}`", p.stages[*only].name),
        _ if of_cells => format!("`{base}`"),
        _ => format!("{} cells of `{base}`", cells.len()),
    };
    let names: Vec<String> = by_base.iter().map(name).collect();
    if names.len() > 3 { format!("{} and {} more", names[..2].join(", "), names.len() - 2) } else { names.join(", ") }
}

/// `28 stages: 20 up to date, 6 will run, 2 pending`.
fn in_all(t: &Totals) -> String {
    if t.up_to_date == t.stages {
        return crate::progress::words::nothing_to_do(t.stages);
    }
    let all = [
        (t.up_to_date, "up to date"),
        (t.will_run, "will run"),
        (t.pending, "pending"),
        (t.shared, if t.shared == 1 { "shares a result" } else { "share a result" }),
        (t.failed, if t.failed == 1 { "fails" } else { "fail" }),
        (t.skipped, "skipped"),
    ];
    let parts: Vec<String> = all.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    format!("{}: {}", counted(t.stages, "stage", "stages"), parts.join(", "))
}

/// How long it may take; nothing if nothing runs.
fn time(t: &Totals, e: &Estimate) -> Option<String> {
    let all = t.will_run + t.pending;
    if all == 0 {
        return None;
    }
    if e.unknown == all {
        return Some("estimated time: unknown (none of these stages has run before)".to_owned());
    }
    let pending = format!("up to {} for what is pending", about(e.pending));
    let sum = match (e.will_run, e.pending) {
        (0, _) => pending,
        (run, 0) => about(run),
        (run, _) => format!("{}, and {pending}", about(run)),
    };
    let unknown = if e.unknown == 0 { String::new() } else { format!("; {} no estimate", counted(e.unknown, "stage has", "stages have")) };
    Some(format!("estimated time: {sum} (the sum of stage times){unknown}"))
}

fn shortage_at(place: &str, need: &Need, free: u64) -> Option<String> {
    if need.bytes <= free {
        return None;
    }
    let unknown =
        if need.unknown.is_empty() { String::new() } else { format!("; the size of {} more is unknown", counted(need.unknown.len(), "stage", "stages")) };
    Some(format!("the store needs about {}, but only {} are free at `{place}`{unknown}", size(need.bytes), size(free)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_name_what_there_is() {
        let t = Totals { stages: 28, up_to_date: 20, will_run: 6, pending: 2, ..Totals::default() };
        assert_eq!(in_all(&t), "28 stages: 20 up to date, 6 will run, 2 pending");
        assert_eq!(in_all(&Totals { stages: 1, will_run: 1, ..Totals::default() }), "1 stage: 1 will run");
        assert_eq!(in_all(&Totals { stages: 3, up_to_date: 3, ..Totals::default() }), "nothing to do: all 3 stages are up to date");
        let rare = Totals { stages: 6, shared: 2, failed: 1, skipped: 3, ..Totals::default() };
        assert_eq!(in_all(&rare), "6 stages: 2 share a result, 1 fails, 3 skipped");
    }

    #[test]
    fn an_estimate_says_what_it_is_made_of() {
        let t = Totals { stages: 9, will_run: 6, pending: 2, up_to_date: 1, ..Totals::default() };
        let e = |will_run, pending, unknown| {
            let mut e = Estimate::default();
            (e.will_run, e.pending, e.unknown) = (will_run, pending, unknown);
            e
        };
        let said = |e| time(&t, &e).unwrap();
        assert_eq!(said(e(45_000, 0, 0)), "estimated time: 45 s (the sum of stage times)");
        assert_eq!(
            said(e(45_000, 80_000, 1)),
            "estimated time: 45 s, and up to 1 min 20 s for what is pending (the sum of stage times); 1 stage has no estimate"
        );
        assert_eq!(said(e(0, 80_000, 6)), "estimated time: up to 1 min 20 s for what is pending (the sum of stage times); 6 stages have no estimate");
        assert_eq!(said(e(0, 0, 8)), "estimated time: unknown (none of these stages has run before)");
        assert_eq!(time(&Totals { stages: 2, up_to_date: 2, ..Totals::default() }, &e(0, 0, 0)), None);
    }

    #[test]
    fn a_shortage_is_reported_only_if_there_is_one() {
        let need = |bytes, unknown: &[usize]| Need { bytes, unknown: unknown.iter().map(|n| StageId::test(*n)).collect() };
        assert_eq!(shortage_at(".hilum", &need(1 << 30, &[1]), 1 << 30), None);
        assert_eq!(shortage_at(".hilum", &need(3 << 30, &[]), 1 << 30).unwrap(), "the store needs about 3.0 GiB, but only 1.0 GiB are free at `.hilum`");
        let said = shortage_at(".hilum", &need(3 << 30, &[4]), 1 << 30).unwrap();
        assert!(said.ends_with("at `.hilum`; the size of 1 stage more is unknown"), "{said}");
    }
}
