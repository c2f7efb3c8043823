//! The answers of comparisons, at the top of the page: a sentence each, by a fixed rule, and of how many images, patients and trainings.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use crate::report::wide::prose;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::distinct::distinct;
use hilum_stages::evaluation::conclusion::Conclusion;
use hilum_stages::records::{Answer, ArmRow, Record, Table};
use hilum_stages::words::counted;
use maud::{Markup, html};

const ANSWERS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<Answer>::NAME };
const ARMS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<ArmRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "answers", title: "Answer", about: &[ANSWERS, ARMS], render };

/// Sentences that stand below the first; all are in the tables.
const SENTENCES: usize = 60;
/// Sentences that are read at once; of more, those of the same conclusion stand in a box that scrolls.
const AT_ONCE: usize = 4;
/// Test sets whose images are counted here.
const SETS: usize = 3;

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut answers, mut faults, mut tested): (Vec<(String, Answer)>, Vec<Markup>, Vec<TestSet>) = (vec![], vec![], vec![]);
    for found in m.of(ANSWERS) {
        match found.record::<Table<Answer>>(m.store)? {
            Ok(table) => answers.extend(table.rows.into_iter().map(|answer| (found.stage().to_owned(), answer))),
            Err(why) => faults.push(unreadable(found, &why)),
        }
    }
    for found in m.of(ARMS) {
        if let Ok(table) = found.record::<Table<ArmRow>>(m.store)? {
            for words in test_sets(&table) {
                match tested.iter_mut().find(|set| set.words == words) {
                    Some(set) => set.others += 1,
                    None => tested.push(TestSet { words, comparison: found.stage().to_owned(), others: 0 }),
                }
            }
        }
    }
    let is_by_image = m.facts.people(m.store)?.has_unknown();
    let several = answers.iter().any(|(stage, _)| *stage != answers[0].0);
    let sentence = |(stage, answer): &(String, Answer)| if several { format!("{stage}: {}", answer.sentence) } else { answer.sentence.clone() };
    Ok((!answers.is_empty() || !faults.is_empty()).then(|| {
        html! {
            @match answers.as_slice() {
                [] => {}
                [only] => p.answer.(class(only.1.conclusion)) { (sentence(only)) },
                all => {
                    p.answer { (in_short(all.iter().map(|(_, answer)| answer.conclusion))) }
                    ul.answers.many[all.len() > AT_ONCE] tabindex=[(all.len() > AT_ONCE).then_some("0")] aria-label="All answers" {
                        @for conclusion in ORDER { @for one in all.iter().filter(|one| one.1.conclusion == conclusion).take(SENTENCES) {
                            li class=(class(conclusion)) { (sentence(one)) }
                        } }
                    }
                    @if all.len() > SENTENCES { p.more { (all.len()) " sentences in all: see " (prose(&m.elsewhere("`answers.csv`"))) } }
                }
            }
            @if !tested.is_empty() {
                p.tested { "Tested on " (named(&tested[..tested.len().min(SETS)]))
                    @if tested.len() > SETS { "; and " (counted(tested.len() - SETS, "more test set", "more test sets")) } "."
                    @if is_by_image { " Whose images they are is not known of all: such an image counts as a patient of its own, also in intervals." } }
            }
            @for fault in &faults { (fault) }
        }
    }))
}

/// Images of a test set in words, and the comparisons that are made on it.
struct TestSet {
    words: String,
    /// The first of them.
    comparison: String,
    others: usize,
}

/// Test sets in words; of several, each with the comparisons that are made on it.
fn named(sets: &[TestSet]) -> String {
    let of = |set: &TestSet| match set.others {
        _ if sets.len() == 1 => set.words.clone(),
        0 => format!("{} ({})", set.words, set.comparison),
        others => format!("{} ({} and {})", set.words, set.comparison, counted(others, "other comparison", "other comparisons")),
    };
    sets.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// What was found comes first.
const ORDER: [Conclusion; 4] = [Conclusion::Harmed, Conclusion::Helped, Conclusion::NoRelevantDifference, Conclusion::CannotTell];

/// How many comparisons ended in which way.
fn in_short(all: impl Iterator<Item = Conclusion> + Clone) -> String {
    let words = |conclusion| match conclusion {
        Conclusion::Helped => "found that an arm helped",
        Conclusion::Harmed => "found that an arm harmed",
        Conclusion::NoRelevantDifference => "found no relevant difference",
        Conclusion::CannotTell => "cannot tell whether arms differ",
    };
    let of = |conclusion: Conclusion| all.clone().filter(|c| *c == conclusion).count();
    let parts: Vec<String> = ORDER.into_iter().filter(|c| of(*c) > 0).map(|c| format!("{} {}", of(c), words(c))).collect();
    let count = all.clone().count();
    match parts.as_slice() {
        [_] => {
            let each = if count == 2 { "Both".to_owned() } else { format!("All {count}") };
            format!("{each} comparisons {}", words(all.clone().next().unwrap_or(Conclusion::CannotTell)))
        }
        _ => format!("Of {count} comparisons, {}", parts.join(", ")),
    }
}

/// Test sets in words, of the first arm of each: all arms of a set are tested on it.
fn test_sets(table: &Table<ArmRow>) -> Vec<String> {
    let first = |set: &&str| table.rows.iter().find(|row| row.set == **set).map(|row| (row.set.as_str(), row.arm.as_str()));
    let sets: Vec<(&str, &str)> = distinct(table.rows.iter().map(|row| row.set.as_str())).iter().filter_map(first).collect();
    let words = |(set, arm): &(&str, &str)| {
        let rows: Vec<&ArmRow> = table.rows.iter().filter(|row| row.set == *set && row.arm == *arm).collect();
        let class = |row: &&ArmRow| {
            let of = format!("{} of {}", counted(row.test_images, "image", "images"), counted(row.test_patients, "patient", "patients"));
            format!("{of} with {}", row.class)
        };
        let name = if set.is_empty() { String::new() } else { format!("{set}: ") };
        format!("{name}{}", rows.iter().map(class).collect::<Vec<_>>().join(" and "))
    };
    sets.iter().map(words).collect()
}

fn class(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Helped => "helped",
        Conclusion::Harmed => "harmed",
        Conclusion::NoRelevantDifference | Conclusion::CannotTell => "open",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_answers_are_counted_by_what_they_say() {
        use Conclusion::{CannotTell, Harmed, Helped};
        assert_eq!(
            in_short([CannotTell, Helped, CannotTell, Harmed].into_iter()),
            "Of 4 comparisons, 1 found that an arm harmed, 1 found that an arm helped, 2 cannot tell whether arms differ"
        );
        assert_eq!(in_short([CannotTell; 2].into_iter()), "Both comparisons cannot tell whether arms differ");
        assert_eq!(in_short([CannotTell; 3].into_iter()), "All 3 comparisons cannot tell whether arms differ");
    }

    #[test]
    fn of_several_test_sets_each_names_its_comparisons() {
        let set = |words: &str, others| TestSet { words: words.into(), comparison: format!("of-{words}"), others };
        assert_eq!(named(&[set("a", 2)]), "a");
        assert_eq!(named(&[set("a", 0), set("b", 2)]), "a (of-a); b (of-b and 2 other comparisons)");
    }

    #[test]
    fn a_test_set_is_counted_once_for_all_of_its_arms() {
        let row = |set: &str, arm: &str, class: &str, images| ArmRow {
            set: set.into(),
            arm: arm.into(),
            trainings: 3,
            steps: None,
            class: class.into(),
            real: None,
            synthetic: None,
            training_patients: None,
            test_images: images,
            test_patients: 1,
        };
        let rows = vec![row("", "a", "covid", 2), row("", "a", "normal", 3), row("", "b", "covid", 2), row("x", "a", "covid", 1)];
        assert_eq!(
            test_sets(&Table { rows }),
            ["2 images of 1 patient with covid and 3 images of 1 patient with normal", "x: 1 image of 1 patient with covid"]
        );
    }
}
