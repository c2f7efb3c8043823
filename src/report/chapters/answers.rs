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
            Ok(table) => answers.extend(table.rows),
            Err(why) => faults.push(unreadable(found, &why)),
        }
    }
    Ok((!answers.is_empty() || !faults.is_empty()).then(|| {
        html! {
            ul.answers { @for answer in &answers { li class=(class(answer.conclusion)) { (answer.sentence) } } }
            p { small {
                "An arm helped or harmed where the 95 % interval of the difference is above or below 0 and the adjusted p value is below 0.05; there is no relevant difference where the interval \
                 is inside the margin that the study states; otherwise the study cannot tell."
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
