//! What each check said of a run: for the first lines of a report, and for its list of checks.

use super::facts::Facts;
use crate::checks::{self, CHECKS};
use crate::diagnostic::codes;
use hilum_cache::journal::{Finding, Severity};
use hilum_stages::words::counted;
use std::collections::BTreeMap;

/// How grave it is what a check found, the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// It has not seen everything that it looks at.
    Open,
    Passed,
    Noted,
    Warned,
    Allowed,
    Refused,
}

impl Grade {
    /// Of a finding: an error that is not allowed refuses the study.
    pub(super) fn of(finding: &Finding) -> Grade {
        match finding.severity {
            _ if finding.allowed.is_some() => Grade::Allowed,
            Severity::Error => Grade::Refused,
            Severity::Warning => Grade::Warned,
            Severity::Info => Grade::Noted,
        }
    }
    /// In a table.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Grade::Open => "not known yet",
            Grade::Passed => "passed",
            Grade::Noted => "noted",
            Grade::Warned => "warning",
            Grade::Allowed => "allowed",
            Grade::Refused => "error",
        }
    }
    /// The class of a box that says so.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Grade::Open | Grade::Passed | Grade::Noted => "info",
            Grade::Warned | Grade::Allowed => "warn",
            Grade::Refused => "bad",
        }
    }
}

/// A check with what it found.
pub(super) struct Verdict<'a> {
    pub(super) id: &'a str,
    /// What it looks for, in a few words.
    pub(super) title: &'static str,
    pub(super) grade: Grade,
    /// Each finding of it with how many other cells of the stage have it as well.
    pub(super) findings: Vec<(&'a Finding, usize)>,
}

/// All checks in their order, then those that only the run knows.
pub(super) fn verdicts<'a>(f: &'a Facts) -> Vec<Verdict<'a>> {
    let mut all: Vec<Verdict> = CHECKS.iter().map(|c| Verdict::of(c.id, c.code, f)).collect();
    for (finding, others) in merged(&f.findings) {
        let at = all.iter().position(|v| v.id == finding.id).unwrap_or_else(|| {
            all.push(Verdict::of(&finding.id, &finding.code, f));
            all.len() - 1
        });
        all[at].grade = all[at].grade.max(Grade::of(finding));
        all[at].findings.push((finding, others));
    }
    all
}

impl<'a> Verdict<'a> {
    fn of(id: &'a str, code: &str, f: &Facts) -> Verdict<'a> {
        let grade = if f.is_decided(id) { Grade::Passed } else { Grade::Open };
        Verdict { id, title: codes::find(code).map_or("", |c| c.title), grade, findings: vec![] }
    }
}

/// Findings, the first of those of different cells that say the same apart from numbers, and how many others there are.
pub(super) fn merged(all: &[Finding]) -> Vec<(&Finding, usize)> {
    // A cell may have several findings that say the same; each is one of its own.
    let (mut times, mut known) = (BTreeMap::new(), BTreeMap::new());
    let mut out: Vec<(&Finding, usize)> = vec![];
    for finding in all {
        let base = finding.stage.split('/').next().unwrap_or_default();
        let gist = finding.message.as_deref().map(|message| checks::gist(message, &finding.stage));
        let key = (finding.id.as_str(), base, finding.allowed.as_deref(), gist);
        let nth = times.entry((key.clone(), finding.stage.as_str())).or_insert(0usize);
        *nth += 1;
        match known.get(&(key.clone(), *nth)) {
            Some(at) => {
                let (_, others): &mut (&Finding, usize) = &mut out[*at];
                *others += 1;
            }
            None => {
                known.insert((key, *nth), out.len());
                out.push((finding, 0));
            }
        }
    }
    out
}

/// All checks in one line: whether they passed, and otherwise what was found.
pub(super) fn in_short(f: &Facts) -> String {
    let all = verdicts(f);
    let many = |grade: Grade| all.iter().flat_map(|v| &v.findings).filter(|(finding, _)| Grade::of(finding) == grade).count();
    let found: Vec<String> = [(Grade::Refused, "error", "errors"), (Grade::Warned, "warning", "warnings"), (Grade::Noted, "remark", "remarks")]
        .into_iter()
        .filter(|(grade, ..)| many(*grade) > 0)
        .map(|(grade, one, several)| counted(many(grade), one, several))
        .collect();
    let of = counted(CHECKS.len(), "check", "checks");
    let open = all.iter().filter(|v| v.grade == Grade::Open).count();
    let so_far = if open > 0 { " so far" } else { "" };
    let said = match (found.is_empty(), many(Grade::Allowed)) {
        (true, 0) => format!("none of {of} found anything{so_far}"),
        (true, _) => format!("nothing else was found by {of}{so_far}"),
        (false, _) => format!("{} from {of}{so_far}", found.join(", ")),
    };
    if open > 0 { format!("{said}, and of {open} nothing is known yet") } else { said }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use hilum_cache::Soundness;

    pub(in crate::report) fn finding(id: &str, stage: &str, severity: Severity, allowed: Option<&str>) -> Finding {
        let allowed = allowed.map(str::to_owned);
        Finding {
            id: id.into(),
            code: String::new(),
            stage: stage.into(),
            message: None,
            severity,
            notes: vec![],
            path: vec![],
            allowed,
            counts: BTreeMap::new(),
        }
    }

    #[test]
    fn cells_are_one_finding_only_where_they_say_the_same() {
        let said = |stage: &str, message: &str| Finding { message: Some(message.into()), ..finding("expect", stage, Severity::Warning, None) };
        let all = [
            said("set/arm=a", "`set/arm=a` has 12 images of `covid`, expected 180"),
            said("set/arm=a", "`set/arm=a` has 9 images of `normal`, expected 180"),
            said("set/arm=b", "`set/arm=b` has 1,180.5 images of `covid`, expected 180"),
            said("set/arm=b", "`set/arm=b` has 10 images of `covid`, expected 20"),
            said("other", "`other` has 12 images of `covid`, expected 180"),
        ];
        let found: Vec<_> = merged(&all).into_iter().map(|(f, others)| (all.iter().position(|other| std::ptr::eq(other, f)).unwrap(), others)).collect();
        assert_eq!(found, [(0, 1), (1, 0), (3, 0), (4, 0)]);
    }

    #[test]
    fn every_check_has_a_verdict_and_cells_are_counted() {
        let cells = |n: usize| finding("eval.small_n", &format!("scores/fold={n}"), Severity::Warning, None);
        let allowed = finding("leakage.duplicate", "scores", Severity::Error, Some("as published"));
        let findings = vec![cells(0), allowed, cells(1), cells(2), finding("of.tomorrow", "x", Severity::Info, None)];
        let facts = Facts { findings, is_finished: true, ..Facts::default() };
        let all = verdicts(&facts);
        assert_eq!(all.len(), CHECKS.len() + 1);
        let of = |id: &str| all.iter().find(|v| v.id == id).map(|v| (v.grade, v.findings.len(), v.findings.first().map(|f| f.1))).unwrap();
        assert_eq!(of("eval.small_n"), (Grade::Warned, 1, Some(2)));
        assert_eq!(of("leakage.duplicate"), (Grade::Allowed, 1, Some(0)));
        assert_eq!(of("leakage.patient_overlap"), (Grade::Passed, 0, None));
        assert!(in_short(&facts).starts_with("1 warning, 1 remark from "), "{}", in_short(&facts));
        assert!(in_short(&Facts { is_finished: true, ..Facts::default() }).ends_with("found anything"));
    }

    /// A check passes only where it was made with everything known.
    #[test]
    fn a_check_whose_moment_has_not_come_is_no_pass() {
        let grades = |facts: &Facts| verdicts(facts).iter().map(|v| v.grade).collect::<Vec<_>>();
        let all = |facts: &Facts, grade: Grade| grades(facts).iter().all(|g| *g == grade);
        let finished = || Facts { is_finished: true, ..Facts::default() };
        assert!(all(&Facts::default(), Grade::Open) && all(&finished(), Grade::Passed), "journals of older programs say it by their end");
        assert!(all(&Facts { stages: vec![("later".into(), None)], ..finished() }, Grade::Open), "a stage failed, or was not asked for");
        assert!(in_short(&Facts::default()).ends_with(&format!("found anything so far, and of {} nothing is known yet", CHECKS.len())));
        for journal in [Soundness { altered: Some(3), ..Soundness::default() }, Soundness { unknown: Some(3), ..Soundness::default() }] {
            assert!(all(&Facts { journal, ..finished() }, Grade::Open));
        }
        let decided = Some(["leakage.duplicate", "eval.small_n"].map(str::to_owned).into());
        let found = finding("eval.small_n", "scores", Severity::Warning, None);
        let under_way = Facts { decided, findings: vec![found], ..Facts::default() };
        let of = |id: &str| verdicts(&under_way).iter().find(|v| v.id == id).map(|v| v.grade).unwrap();
        assert_eq!(["leakage.duplicate", "eval.small_n", "leakage.patient_overlap"].map(of), [Grade::Passed, Grade::Warned, Grade::Open]);
        assert!(in_short(&under_way).starts_with("1 warning from ") && in_short(&under_way).contains(" so far, and of "), "{}", in_short(&under_way));
    }
}
