//! The test images that most evaluations misjudge, with their probabilities: whether a reader would have seen it is for a reader to say.

use super::comparison::{self, COMPARISON};
use super::{Chapter, Material};
use crate::report::arms::{Group, groups};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::Picture;
use crate::report::pixels::Pixels;
use hilum_cache::{Digest, Result};
use hilum_stages::records::PredictionTable;
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(super) const CHAPTER: Chapter = Chapter { id: "misjudged", title: "Misjudged images", about: &[Subject::PREDICTIONS, Subject::PACK, COMPARISON], render };

/// Tests, and images of each.
const TESTS: usize = 4;
const IMAGES: usize = 12;

/// How a test image was judged by all evaluations of a test.
#[derive(Default)]
struct Judged {
    label: String,
    evaluations: usize,
    /// How often it was called what it is not.
    called: BTreeMap<String, usize>,
    /// The sum of the probabilities of its label.
    probability: f64,
}

impl Judged {
    fn wrong(&self) -> usize {
        self.called.values().sum()
    }
    fn mean(&self) -> f64 {
        self.probability / self.evaluations as f64
    }
    /// What it was called most often; of several, the first by name.
    fn mostly(&self) -> Option<&str> {
        let most = self.called.values().max()?;
        self.called.iter().find(|(_, n)| *n == most).map(|(class, _)| class.as_str())
    }
}

fn render(m: &Material) -> Result<Option<Markup>> {
    let found: Vec<&ReportArtifact> = m.of(Subject::PREDICTIONS).collect();
    let stages: Vec<&str> = found.iter().map(|f| f.stage()).collect();
    let all = groups(&stages, &comparison::arms(m)?);
    let of_groups = all.iter().take(TESTS).map(|group| Ok((group, judged(m, &found, group)?))).collect::<Result<Vec<_>>>()?;
    let pixels = Pixels::of(m, of_groups.iter().flat_map(|(_, judged)| worst(judged).into_iter().map(|(image, _)| *image)))?;
    let shown = |(group, judged): &(&Group, BTreeMap<Digest, Judged>)| {
        let (worst, wrong) = (worst(judged), judged.values().filter(|j| j.wrong() > 0).count());
        (!worst.is_empty()).then(|| {
            html! {
                h4 { (group.name) }
                p { (counted(wrong, "image", "images")) " of " (judged.len()) " misjudged by some evaluation; those that most misjudge:" }
                div.cards { @for (image, judged) in &worst { (card(image, judged, &pixels)) } }
            }
        })
    };
    let out: Vec<Markup> = of_groups.iter().filter_map(shown).collect();
    let further = all.len().saturating_sub(TESTS);
    Ok((!out.is_empty()).then(|| {
        html! {
            p {
                "Over all arms, repeats and folds of a test. An image that nearly all evaluations misjudge may be hard, or its label wrong."
                @if m.facts.without_images { " Pictures are left out, as the report was asked to be without; " code { "hilum image DIGEST" } " finds the file of one, for whoever owns the study." }
            }
            @for o in &out { (o) }
            @if further > 0 { p.more { (counted(further, "further test is", "further tests are")) " not shown." } }
        }
    }))
}

fn judged(m: &Material, found: &[&ReportArtifact], group: &Group) -> Result<BTreeMap<Digest, Judged>> {
    let mut all: BTreeMap<Digest, Judged> = BTreeMap::new();
    for cell in group.arms.iter().flat_map(|arm| arm.trainings.iter().flat_map(|t| &t.cells)) {
        // What cannot be read is said where predictions are shown.
        if let Ok(table) = found[*cell].record::<PredictionTable>(m.store)? {
            add(&mut all, &table);
        }
    }
    Ok(all)
}

/// Adds an evaluation; of an image with several rows each counts. Images whose label is none of the classes cannot be misjudged.
fn add(all: &mut BTreeMap<Digest, Judged>, table: &PredictionTable) {
    for row in &table.rows {
        let Some(class) = table.classes.iter().position(|class| *class == row.label) else { continue };
        let judged = all.entry(row.image).or_default();
        judged.label.clone_from(&row.label);
        judged.evaluations += 1;
        judged.probability += row.probabilities.get(class).copied().unwrap_or_default();
        if row.predicted != row.label {
            *judged.called.entry(row.predicted.clone()).or_default() += 1;
        }
    }
}

/// Those misjudged by the largest share of evaluations, and of these the surest ones, first.
fn worst(all: &BTreeMap<Digest, Judged>) -> Vec<(&Digest, &Judged)> {
    let mut wrong: Vec<(&Digest, &Judged)> = all.iter().filter(|(_, judged)| judged.wrong() > 0).collect();
    let share = |judged: &Judged| judged.wrong() as f64 / judged.evaluations as f64;
    wrong.sort_by(|a, b| share(b.1).total_cmp(&share(a.1)).then(a.1.mean().total_cmp(&b.1.mean())).then(a.0.cmp(b.0)));
    wrong.truncate(IMAGES);
    wrong
}

fn card(image: &Digest, judged: &Judged, pixels: &Pixels) -> Markup {
    let called = judged.mostly().unwrap_or_default();
    html! {
        figure.card {
            @if let Some(bytes) = pixels.png(image) { (Picture::png(&bytes, &format!("test image with {}, called {called}", judged.label)).html()) }
            figcaption {
                b { (judged.label) } ", called " b { (called) } " by " (judged.wrong()) " of " (judged.evaluations)
                br; small { "mean p of " (judged.label) ": " (format!("{:.3}", judged.mean())) br; code { (image.short()) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::Value;

    #[test]
    fn what_most_evaluations_misjudge_comes_first() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let image = |n: u8| Digest::of(&[n]);
        let table = |rows: &[(u8, &str, &str, f64)]| {
            let line = |(n, label, predicted, p): &(u8, &str, &str, f64)| format!("{},,{label},{predicted},{p},{}\n", image(*n), 1.0 - p);
            "image,patient,label,predicted,p-covid,p-normal\n".to_owned() + &rows.iter().map(line).collect::<String>()
        };
        let first = table(&[(1, "covid", "covid", 0.75), (2, "covid", "normal", 0.25), (3, "normal", "covid", 0.5), (4, "?", "covid", 1.0)]);
        let second = table(&[(1, "covid", "covid", 0.75), (2, "covid", "normal", 0.125), (3, "normal", "normal", 0.25), (4, "?", "covid", 1.0)]);
        let stages = [("scores/repeat=0", first), ("scores/repeat=1", second)];
        let stages = stages.map(|(cell, csv)| made(&store, cell, ("table", "predictions.csv"), csv.as_bytes(), Value::Null)).into();
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        assert!(page.contains("2 images of 3 misjudged by some evaluation"), "{page}");
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(at("called <b>normal</b> by 2 of 2") < at("called <b>covid</b> by 1 of 2"));
        assert!(page.contains("mean p of covid: 0.188") && page.contains(&image(2).short()) && !page.contains(&image(1).short()), "{page}");
    }
}
