//! What arms predicted: confusion matrices, the probability of each image and curves, for each test by itself. Reliability is for the
//! chapter about calibration.

use super::comparison::{self, COMPARISON};
use super::{Chapter, Material, unreadable};
use crate::report::arms::{Group, groups};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::drawing;
use crate::report::wide::table;
use hilum_cache::Result;
use hilum_stages::figures::predictions::{ARMS, TRAININGS};
use hilum_stages::figures::{self, RELIABILITY, TestPredictions};
use hilum_stages::records::PredictionTable;
use hilum_stages::words::counted;
use maud::{Markup, html};

pub(super) const CHAPTER: Chapter = Chapter { id: "predictions", title: "Predictions", about: &[Subject::PREDICTIONS, COMPARISON], render };

/// Tests that are shown, and others that are named.
const TESTS: usize = 12;
const NAMED: usize = 20;
/// Tests whose figures are printed.
pub(super) const PRINTED: usize = 3;

fn render(m: &Material) -> Result<Option<Markup>> {
    let found: Vec<&ReportArtifact> = m.of(Subject::PREDICTIONS).collect();
    let all = groups_of(m, &found)?;
    let mut shown = vec![];
    for group in all.iter().take(TESTS) {
        let (tests, faults) = tests(m, &found, group)?;
        shown.push(html! {
            h4 { (group.name) }
            @for test in &tests {
                @for figure in figures::of_predictions(test).iter().filter(|f| f.figure.name != RELIABILITY) { (drawing(figure.figure.name, &figure.drawing)) }
                (counts(test))
            }
            @for fault in &faults { (fault) }
        });
    }
    let further: Vec<&str> = all.iter().skip(TESTS).map(|group| group.name.as_str()).collect();
    Ok((!shown.is_empty()).then(|| {
        html! {
            p {
                "Predictions for the test images. Confusion matrices are sums over repeats and folds. Probabilities are those of the first training of each arm. Folds of one test set are put together. \
                 Curves show at most " (ARMS) " arms and " (TRAININGS) " trainings of each."
            }
            @for (n, test) in shown.iter().enumerate() { div class=[(n >= PRINTED).then_some("screen")] { (test) } }
            @if shown.len() > PRINTED { p.more.paper { "Figures of " (counted(shown.len() - PRINTED, "more test", "more tests")) " are in the HTML file." } }
            @if !further.is_empty() { p { (counted(further.len(), "further test is", "further tests are")) " not shown: " (further.iter().take(NAMED).copied().collect::<Vec<_>>().join("; ")) @if further.len() > NAMED { "; …" } "." } }
        }
    }))
}

/// The figures of all tests that are shown, of those with such a name. The chapter must be about predictions and comparisons.
///
/// # Errors
/// If a table is damaged or gone.
pub(super) fn figures_of(m: &Material, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Markup>> {
    let found: Vec<&ReportArtifact> = m.of(Subject::PREDICTIONS).collect();
    let mut out = vec![];
    for group in groups_of(m, &found)?.iter().take(TESTS) {
        let (tests, _) = tests(m, &found, group)?;
        out.extend(tests.iter().flat_map(figures::of_predictions).filter(|f| is_wanted(f.figure.name)).map(|f| drawing(f.figure.name, &f.drawing)));
    }
    Ok(out)
}

fn groups_of(m: &Material, found: &[&ReportArtifact]) -> Result<Vec<Group>> {
    let stages: Vec<&str> = found.iter().map(|f| f.stage()).collect();
    Ok(groups(&stages, &comparison::arms(m)?))
}

/// The tests of a group, one for each set of classes, and what could not be read. Predictions are read once, and of each table no more
/// is kept than figures need.
fn tests(m: &Material, found: &[&ReportArtifact], group: &Group) -> Result<(Vec<TestPredictions>, Vec<Markup>)> {
    let (mut tests, mut faults): (Vec<TestPredictions>, Vec<Markup>) = (vec![], vec![]);
    for (arm, training, cell) in
        group.arms.iter().flat_map(|arm| arm.trainings.iter().flat_map(move |t| t.cells.iter().map(move |cell| (arm, t, found[*cell]))))
    {
        let table = match cell.record::<PredictionTable>(m.store)? {
            Ok(table) => table,
            Err(why) => {
                faults.push(unreadable(cell, &why));
                continue;
            }
        };
        let at = tests.iter().position(|test| test.classes() == table.classes).or_else(|| {
            let positive = cell.receipt.recipe.parameters["positive"].as_str();
            tests.push(TestPredictions::of(&group.name, &table.classes, positive)?);
            Some(tests.len() - 1)
        });
        match at {
            Some(at) => tests[at].add(&arm.name, &training.repeat, &table),
            None => faults.push(unreadable(cell, &format!("it has {}", counted(table.classes.len(), "class", "classes")))),
        }
    }
    Ok((tests, faults))
}

/// The matrices of all arms as numbers.
fn counts(test: &TestPredictions) -> Markup {
    let predicted = test.classes().iter().map(|class| format!("predicted {class}"));
    let heads: Vec<String> = ["arm", "evaluations", "true class"].map(str::to_owned).into_iter().chain(predicted).collect();
    let mut rows = vec![];
    for arm in test.arms() {
        for (class, row) in test.classes().iter().zip(arm.confusion()) {
            rows.push(html! { td { (arm.name()) } td.num { (arm.evaluations()) } td { (class) } @for count in row { td.num { (count) } } });
        }
    }
    html! {
        details {
            summary { "Confusion matrices as numbers" }
            (table("Confusion matrices", &heads, &rows, ""))
        }
        @for arm in test.arms().iter().filter(|arm| arm.left_out() > 0) {
            p { (arm.name()) ": " (counted(arm.left_out(), "image is", "images are")) " left out, since the label or the predicted class is none of the classes." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::{Digest, WritableStore};
    use serde_json::{Value, json};

    /// The page of evaluations by their cells.
    fn page(evaluations: &[(&str, &str, Value)]) -> String {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let stage = |(cell, csv, parameters): &(&str, &str, Value)| {
            made(&store, cell, ("table", "predictions.csv"), csv.as_bytes(), json!({ "parameters": parameters }))
        };
        let facts = Facts { stages: evaluations.iter().map(stage).collect(), ..Facts::default() };
        CHAPTER.of(&facts, &store.into_store()).unwrap().into_string()
    }

    fn table(rows: &[(&str, &str, &str)]) -> String {
        let line = |(n, (label, predicted, p)): (usize, &(&str, &str, &str))| format!("{},,{label},{predicted},{p},0.5\n", Digest::of(&[n as u8]));
        rows.iter().enumerate().map(line).fold("image,patient,label,predicted,p-covid,p-normal\n".to_owned(), |all, line| all + &line)
    }

    #[test]
    fn networks_are_tests_of_their_own_repeats_are_summed_and_numbers_stand_beside() {
        let one = table(&[("covid", "covid", "0.9"), ("covid", "normal", "0.4"), ("normal", "normal", "0.1"), ("?", "normal", "0.1")]);
        let cells =
            ["scores/arm=real/network=a/repeat=0", "scores/arm=real/network=a/repeat=1", "scores/arm=<gan>/network=a/repeat=0", "scores/arm=real/network=b"];
        let page = page(&cells.map(|cell| (cell, one.as_str(), json!({ "positive": "normal" }))));
        assert!(page.contains("<h3 id=\"predictions-title\">Predictions</h3>"), "{page}");
        assert!(page.contains("<h4>scores, network=a</h4>") && page.contains("<h4>scores, network=b</h4>"), "{page}");
        assert_eq!(page.matches("<figure>").count(), 10, "five figures of each network");
        assert!(page.contains("alt=\"scores, network=a: ROC curves of normal against the rest\""), "the class that the study calls positive: {page}");
        let numbers = |arm: &str, evaluations: u64, class: &str, row: [u64; 2]| {
            let [a, b] = row.map(|n| format!("<td class=\"num\">{n}</td>"));
            format!("<tr><td>{arm}</td><td class=\"num\">{evaluations}</td><td>{class}</td>{a}{b}</tr>")
        };
        assert!(page.contains(&numbers("real", 2, "covid", [2, 2])) && page.contains(&numbers("real", 2, "normal", [0, 2])), "{page}");
        assert!(page.contains(&numbers("&lt;gan&gt;", 1, "covid", [1, 1])), "{page}");
        assert!(page.contains("real: 2 images are left out"), "{page}");
    }

    #[test]
    fn what_cannot_be_shown_is_said() {
        let few = table(&[("covid", "covid", "0.9")]);
        let no_classes = "image,patient,label,predicted\n";
        let cells: Vec<String> = (0..14).map(|n| format!("test-{n}")).collect();
        let mut all: Vec<(&str, &str, Value)> = cells.iter().map(|cell| (cell.as_str(), few.as_str(), Value::Null)).collect();
        (all[0].1, all[1].1) = ("a,b\n", no_classes);
        let page = page(&all);
        assert!(page.contains("<b>test-0</b> cannot be shown: the table `predictions` has no column `image`"), "{page}");
        assert!(page.contains("<b>test-1</b> cannot be shown: it has 0 classes"), "{page}");
        assert!(page.contains("2 further tests are not shown: test-12; test-13."), "{page}");
        assert_eq!(page.matches("ROC curves").count(), 0, "of one class there is no curve");
    }
}
