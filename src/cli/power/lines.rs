//! What a study can show, in text: one sentence for each comparison, what it rests on, and a table.

use super::Answer;
use crate::pipeline::Pipeline;
use crate::power::assumed::{Assumption, has_several, has_threshold};
use crate::power::design::Design;
use crate::power::search::{More, Power};
use crate::power::{Share, Unanswered};
use hilum_stages::evaluation::difference::TestChoice;
use hilum_stages::evaluation::metric::Basis;
use hilum_stages::evaluation::patients::Patients;
use hilum_stages::evaluation::sentence::spelled;
use hilum_stages::kinds::compare::Adjust;
use hilum_stages::words::counted;

/// False findings above this are said in words: a test at 5 % should have fewer.
const MANY_FALSE: f64 = 0.08;

pub(super) fn of(p: &Pipeline, all: &[Answer]) -> Vec<String> {
    if all.is_empty() {
        return vec![format!("{}: no stage of the kind `compare`, so that no difference is looked for", p.study)];
    }
    let mut out = vec![];
    for (at, answer) in all.iter().enumerate() {
        if at > 0 {
            out.push(String::new());
        }
        match answer {
            Ok(power) => out.extend(of_one(power)),
            Err(why) => out.extend(unanswered(why)),
        }
    }
    out
}

fn unanswered(why: &Unanswered) -> Vec<String> {
    vec![format!("{}: cannot be answered by this design: {}", why.stage, why.why), format!("  help: {}", why.help)]
}

/// Whole percents; never 0 or 100 where some were and some were not.
pub(super) fn percent(share: Share) -> String {
    let value = 100.0 * share.value();
    match value {
        v if v > 0.0 && v < 1.0 => "< 1 %".into(),
        v if v > 99.0 && v < 100.0 => "> 99 %".into(),
        v => format!("{v:.0} %"),
    }
}

/// The patients that the metric rests on: how many, of what.
fn resting_on(design: &Design) -> String {
    let patients = Patients::of(&design.tokens, &design.labels, design.classes.len());
    let (one, several) = if design.knows_patients { ("patient", "patients") } else { ("image", "images") };
    let of_class = |class: usize| (patients.with(class), design.classes[class].as_str());
    let is_share = matches!(design.measure.metric.basis, Basis::Proportion(_));
    let rarest = || (0..design.classes.len()).map(of_class).min_by_key(|c| c.0);
    let found = match design.measure.class {
        None if is_share => None,
        // Specificity counts the images of the others.
        Some(class) if is_share && design.measure.metric.name != "specificity" => Some(of_class(class)),
        Some(class) if is_share && design.classes.len() == 2 => Some(of_class(1 - class)),
        Some(_) if is_share => None,
        _ => rarest(),
    };
    found.map_or_else(|| counted(patients.count(), one, several), |(n, class)| format!("{n} {class} {}", if n == 1 { one } else { several }))
}

/// How often a study of this design finds what, in one sentence.
pub(super) fn sentence(power: &Power) -> String {
    let design = &power.design;
    let folds = design.trainings[0].folds();
    let trainings = counted(design.trainings.len(), "training", "trainings");
    let trainings = if folds > 1 { format!("{trainings} of each of {folds} folds") } else { trainings };
    let class = design.measure.class.filter(|_| design.classes.len() > 2).map(|c| design.classes[c].as_str());
    let name = spelled(design.measure.metric.name, class);
    let with = format!("With {} in the test part and {trainings}, this study finds", resting_on(design));
    let found = format!("{with} a difference in {name} of {} in {} of cases", short(power.asked.0), percent(power.asked.1));
    match power.smallest {
        Some(smallest) if smallest > 0.0 => format!("{found}; {smallest:.2} would be found in 80 %."),
        Some(_) => format!("{found}, and any at all in more than 80 %."),
        None => format!("{found}; even networks that never err would be found in {} only.", percent(power.largest.1)),
    }
}

/// A difference without needless zeros.
fn short(difference: f64) -> String {
    let text = format!("{difference:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn of_one(power: &Power) -> Vec<String> {
    let design = &power.design;
    let set = if design.set.is_empty() { String::new() } else { format!(" ({})", design.set) };
    let (first, others) = (&design.arms[0], design.arms.len() - 1);
    let more = if others > 0 { format!(", and {} like it", counted(others, "other", "others")) } else { String::new() };
    let mut out = vec![format!("{}{set}: {} against {}{more}", design.stage, first.0, first.1), format!("  {}", sentence(power)), String::new()];
    out.push("  true difference  found".into());
    let row = |difference: f64, share: Share, note: &str| {
        format!("  {:<15}  {:<7} ± {:.0}{note}", format!("{difference:.3}"), percent(share), (100.0 * share.error()).max(1.0))
    };
    out.push(row(0.0, power.false_findings, "   false findings, in either direction"));
    out.extend(power.table.iter().map(|(difference, share)| row(*difference, *share, "")));
    out.push(row(power.largest.0, power.largest.1, "   networks that never err"));
    out.push(String::new());
    if power.false_findings.value() > MANY_FALSE {
        let why = if design.trainings.len() == 1 { ": one training of each does not tell arms from trainings" } else { "" };
        out.push(format!("  Arms that are equally good are called different in {} of cases{why}.", percent(power.false_findings)));
    }
    out.push(format!("  {}", larger(power)));
    out.push(format!("  Found is what `compare` calls better: {}.", rule(design)));
    out.extend(power.assumed.notes.iter().map(assumption));
    out.extend(caveats(design).into_iter().map(|c| format!("  note: {c}")));
    out
}

/// What more patients or trainings would change.
fn larger(power: &Power) -> String {
    let now = power.design.trainings.len();
    let of = |m: &More| {
        let what = match (m.patients, m.trainings) {
            (2, t) if t == now => "twice the patients".to_owned(),
            (1, t) => counted(t, "training", "trainings"),
            (_, t) => format!("twice the patients and {}", counted(t, "training", "trainings")),
        };
        format!("with {what} in {}", percent(m.found))
    };
    let all: Vec<String> = power.more.iter().map(of).collect();
    let (last, before) = all.split_last().map_or((String::new(), String::new()), |(last, before)| (last.clone(), before.join(", ")));
    format!("{} would be found {before}, and {last}.", short(power.asked.0))
}

/// What `compare` asks for before it calls an arm better.
fn rule(design: &Design) -> String {
    let adjusted = match design.adjust {
        _ if design.family == 1 => String::new(),
        Adjust::Holm => format!(", adjusted by Holm for {} arms", design.family),
        Adjust::BenjaminiHochberg => format!(", adjusted by Benjamini and Hochberg for {} arms", design.family),
        Adjust::None => ", not adjusted".into(),
    };
    let margin = design.margin.map_or(String::new(), |m| format!(" and not inside the margin of {m}"));
    let by = match design.test {
        TestChoice::Auto if design.trainings.len() == 1 => "swapped arms, or t",
        TestChoice::Auto | TestChoice::T => "t",
        TestChoice::McnemarExact => "McNemar's exact test, or t",
        TestChoice::McnemarMidP => "McNemar's mid-p test, or t",
        TestChoice::Durkalski => "Durkalski's test, or t",
        TestChoice::NadeauBengio => "Nadeau and Bengio",
    };
    format!("the 95 % interval of the difference is on the better side of 0{margin}, and p by {by}{adjusted} is below 0.05")
}

fn assumption(a: &Assumption) -> String {
    format!("  assumed: {} is {:.3} ({})", a.what, a.value, a.from)
}

/// What the simulation leaves out.
pub(super) fn caveats(design: &Design) -> Vec<String> {
    let family = (design.family > 1).then(|| "one arm differs, and the others are as good as the one they are compared with".to_owned());
    let threshold =
        has_threshold(design).then(|| "classes are told apart where each is found equally often, whatever threshold the evaluation chooses".to_owned());
    let patients = (!design.knows_patients)
        .then(|| "how many patients there are is not known, so each image counts as a patient: with several images each, less is found; `expect: { LABEL: { images: N, patients: N } }` says it".to_owned());
    let folds = (design.trainings[0].folds() > 1).then(|| "networks of several folds have one scale".to_owned());
    let several =
        has_several(&design.tokens).then(|| "images of a patient that are more alike tell less; `--patient-correlation` says how alike they are".to_owned());
    [family, threshold, patients, folds, several].into_iter().flatten().collect()
}
