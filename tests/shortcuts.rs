//! Cues that are planted in phantoms, a mark at the border and the grey level of a source, are found in trained classifiers, and their share
//! of the AUROC is the true one: by the probabilities that the images were drawn with, and on the same images drawn without the cue.

use crate::space::Space;
use serde_json::Value;
use std::collections::BTreeMap;

/// Of the images of the class, so many do not show the finding.
const HIDDEN: f64 = 0.6;
/// A cue is in so many images of the class, and in as many of the others as it is not in here.
const WITH: f64 = 0.9;

/// Three pairs of a training and a test set: with a mark, with sources of different grey levels, and with neither. `bare` has the images of
/// the test set without the cue.
fn study(trained: u32, tested: u32, steps: u32) -> String {
    let finding = format!("finding: focal, hidden: {HIDDEN}");
    let few = 1.0 - WITH;
    let classes =
        |normal: &str, covid: &str, images: u32| format!("{{ normal: {{ images: {images}{normal} }}, covid: {{ images: {images}, {finding}{covid} }} }}");
    let marked = (format!(", mark: {few:.1}"), format!(", mark: {WITH}"));
    let from = (format!(", sources: [{WITH}, {few:.1}]"), format!(", sources: [{few:.1}, {WITH}]"));
    let variant = |name: &str, (normal, covid): (&str, &str), sources: u32, levels: &str| {
        format!(
            "  {name}: {{ trained: {}, tested: {}, bare: {}, sources: {sources}, levels: {levels} }}\n",
            classes(normal, covid, trained),
            classes(normal, covid, tested),
            classes("", "", tested)
        )
    };
    [
        "study: cues\nseed: 5\nvars:\n".into(),
        variant("mark", (&marked.0, &marked.1), 1, "[]"),
        variant("level", (&from.0, &from.1), 2, "[0, 0.15]"),
        variant("neither", ("", ""), 1, "[]"),
        "stages:\n".into(),
        "  training:\n    stage: phantoms\n    matrix: { cue: [mark, level, neither] }\n    with: &drawn { size: 32, contrast: 1.5, images_per_patient: 1, \
         sources: $cue.sources, levels: $cue.levels, classes: $cue.trained }\n"
            .into(),
        "  tested: { stage: phantoms, seed: 77, matrix: { cue: [mark, level, neither] }, with: { <<: *drawn, classes: $cue.tested } }\n".into(),
        "  bare: { stage: phantoms, seed: 77, matrix: { cue: [mark, level, neither] }, with: { <<: *drawn, sources: 1, levels: [], classes: $cue.bare } }\n"
            .into(),
        "  pixels: { stage: prepare, in: { samples: training }, with: { size: 32 } }\n".into(),
        "  tested-pixels: { stage: prepare, in: { samples: tested }, with: { size: 32 } }\n".into(),
        "  bare-pixels: { stage: prepare, in: { samples: bare }, with: { size: 32 } }\n".into(),
        format!(
            "  classifier:\n    stage: train-classifier\n    in: {{ samples: training, images: pixels }}\n    with: {{ network: {{ smallcnn64: {{ width: 16, \
             dropout: 0 }} }}, steps: {steps}, batch: 32, schedule: cosine, optimiser: {{ adam: {{ learning_rate: 3e-3 }} }} }}\n"
        ),
        "  on-bare: { stage: evaluate, in: { weights: classifier, samples: bare, images: bare-pixels }, with: { positive: covid, resamples: 100 } }\n".into(),
        "  shortcuts:\n    stage: shortcuts\n    in: { weights: classifier, samples: tested, training: training, images: [pixels, tested-pixels] }\n    \
         with: { positive: covid }\n"
            .into(),
    ]
    .concat()
}

/// A table by its first text columns, as numbers by column.
fn table(space: &Space, path: &str, key: &str) -> BTreeMap<String, BTreeMap<String, Option<f64>>> {
    let text = space.read(path);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let row = |cells: csv::StringRecord| {
        let of = |column: &str| cells.get(header.iter().position(|h| h == column).unwrap()).unwrap().to_owned();
        (of(key), header.iter().map(|h| (h.to_owned(), of(h).parse().ok())).collect())
    };
    reader.records().map(|cells| row(cells.unwrap())).collect()
}

#[test]
fn the_share_of_a_planted_cue_is_the_true_one() {
    let space = Space::new();
    space.write("study.yaml", study(600, 1500, 240));
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    // A class that is recognised by its findings alone has 1 − hidden / 2. A cue orders those pairs, too, in which the finding is hidden.
    let without = 1.0 - HIDDEN / 2.0;
    let with = without + HIDDEN * (2.0 * WITH - 1.0) / 2.0;
    let kept = (without - 0.5) / (with - 0.5);
    let near = |what: &str, found: f64, truth: f64| assert!((found - truth).abs() < 0.05, "{what}: {found:.3}, and {truth:.3} is true");
    let probes = |cue: &str| table(&space, &format!("results/cues/shortcuts/cue={cue}/probes.csv"), "probe");
    let groups = |cue: &str| table(&space, &format!("results/cues/shortcuts/cue={cue}/groups.csv"), "measure");
    let on_bare = |cue: &str| {
        let rows = space.read(&format!("results/cues/on-bare/cue={cue}/metrics.csv"));
        let row = rows.lines().find(|l| l.starts_with("auroc,covid,")).unwrap().to_owned();
        row.split(',').nth(2).unwrap().parse::<f64>().unwrap()
    };
    let value = |row: &BTreeMap<String, Option<f64>>, column: &str| row[column].unwrap_or_else(|| panic!("no {column} in {row:?}"));

    // The mark: gone with the border, and the border alone tells the class as often as the mark does.
    let mark = probes("mark");
    near("with the mark", value(&mark["none"], "auroc"), with);
    near("without the border", value(&mark["no-border"], "auroc"), without);
    near("the same images without a mark", value(&mark["no-border"], "auroc"), on_bare("mark"));
    near("kept without the border", value(&mark["no-border"], "kept"), kept);
    near("the border alone", value(&mark["only-border"], "auroc"), WITH);
    assert!(value(&mark["no-border"], "loss-low") > 0.0 && value(&mark["no-border"], "kept-high") < 1.0 && value(&mark["no-border"], "p") < 1e-6);
    assert!(value(&mark["equal-greys"], "kept") > 0.9, "the mark stays a mark: {:?}", mark["equal-greys"]);

    // The source: pairs of one source have the finding alone, and so have images of one grey level.
    let (level, of_level) = (probes("level"), groups("level"));
    near("with the source", value(&of_level["auroc"], "value"), with);
    near("within a source", value(&of_level["auroc-within"], "value"), without);
    near("left of it", value(&of_level["share-left"], "value"), kept);
    near("the source alone", value(&of_level["auroc-of-group"], "value"), WITH);
    near("of one grey level", value(&level["equal-greys"], "auroc"), without);
    near("the same images from one source", value(&of_level["auroc-within"], "value"), on_bare("level"));
    assert!(value(&of_level["share-left"], "high") < 1.0);

    // Neither: nothing is lost that is warned of.
    let neither = probes("neither");
    near("without a cue", value(&neither["none"], "auroc"), without);
    for probe in ["no-border", "equal-greys"] {
        near(probe, value(&neither[probe], "kept"), 1.0);
    }
    near("the border alone", value(&neither["only-border"], "auroc"), 0.5);

    let events: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let warned = |cue: &str| {
        let stage = format!("shortcuts/cue={cue}");
        let notes: Vec<&str> = events.iter().filter(|e| e["event"] == "note" && e["stage"] == stage).map(|e| e["text"].as_str().unwrap()).collect();
        ["without the border", "border of the images alone", "pairs of one source"].map(|words| notes.iter().any(|note| note.contains(words)))
    };
    assert_eq!([warned("mark"), warned("level"), warned("neither")], [[true, true, false], [false, false, true], [false; 3]]);
}
