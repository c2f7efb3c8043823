//! The answers of comparisons, at the top of the page: a sentence each, by a fixed rule.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::evaluation::conclusion::Conclusion;
use hilum_stages::records::{Answer, Record, Table};
use maud::{Markup, html};

const ANSWERS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<Answer>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "answers", title: Some("Answer"), about: &[ANSWERS], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut answers, mut faults) = (vec![], vec![]);
    for found in m.of(ANSWERS) {
        match found.record::<Table<Answer>>(m.store)? {
            Ok(table) => answers.extend(table.rows.into_iter().map(|answer| (found.stage().to_owned(), answer))),
            Err(why) => faults.push(unreadable(found, &why)),
        }
    }
    let several = answers.iter().any(|(stage, _)| *stage != answers[0].0);
    Ok((!answers.is_empty() || !faults.is_empty()).then(|| {
        html! {
            ul.answers { @for (stage, answer) in &answers { li class=(class(answer.conclusion)) { @if several { (stage) ": " } (answer.sentence) } } }
            p { small {
                "There is no relevant difference where the 95 % interval of the difference is inside the margin that the study states. Otherwise an arm helped (harmed) where the interval is on the better \
                 (worse) side of 0 and the p value, adjusted for the number of arms, is below 0.05. Otherwise the study cannot tell."
            } }
            @for fault in &faults { (fault) }
        }
    }))
}

fn class(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Helped => "helped",
        Conclusion::Harmed => "harmed",
        Conclusion::NoRelevantDifference | Conclusion::CannotTell => "open",
    }
}
