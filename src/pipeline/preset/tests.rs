//! What a preset is in a study: nothing but the parameters that it stands for.

mod collections;

use crate::diagnostic::{Diagnostic, render_all};
use crate::language::language;
use crate::pipeline::{Loaded, load, resolved, schema};
use serde_json::{Value, json};

/// A study with an import, `more` keys of the file, and arguments.
fn loaded(with: &str, more: &str, sets: &[&str]) -> Loaded {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("study.yaml");
    std::fs::write(&file, format!("study: s\nseed: 1\n{more}stages:\n  images: {{ stage: import, with: {with} }}\n")).unwrap();
    load(&file, &sets.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(), &language())
}

/// Its stages with their parameters.
fn stages(with: &str, more: &str, sets: &[&str]) -> Value {
    let loaded = loaded(with, more, sets);
    let pipeline = loaded.pipeline.unwrap_or_else(|| panic!("{}", render_all(&loaded.diagnostics, &loaded.texts, false)));
    resolved::to_json(&pipeline)["stages"].take()
}

/// What is wrong with it: code, message and help of each error.
fn faults(with: &str, more: &str) -> Vec<String> {
    let said = |d: &Diagnostic| format!("{} {} | {}", d.code, d.message, d.help.as_deref().unwrap_or_default());
    loaded(with, more, &[]).diagnostics.iter().map(said).collect()
}

const WRITTEN: &str = "{ images: \"cohen:images\", table: \"mine:metadata.csv\", \
    columns: { patient: patientid, file: filename, label: finding, age: age, sex: sex }, \
    labels: { Pneumonia/Viral/COVID-19: covid, No Finding: normal }, only: { modality: [X-ray], view: [PA] }, source: cohen }";
const LAID_OVER: &str = "{ preset: covid-19-image-data-collection, table: \"mine:metadata.csv\", columns: { view: null }, \
    labels: { No Finding: normal }, only: { view: [PA] } }";

#[test]
fn a_preset_is_the_parameters_that_it_stands_for() {
    let written = stages(WRITTEN, "", &[]);
    assert_eq!(written["images"]["with"]["only"]["view"], json!({ "in": ["PA"] }));
    assert_eq!(stages(LAID_OVER, "", &[]), written, "maps merge, lists replace, null removes");
    assert_eq!(stages(WRITTEN, "", &["stages.images.with.preset=null"]), written);
    let other = "{ preset: nih-cxr14, table: \"mine:metadata.csv\", columns: { view: null }, labels: { No Finding: normal }, only: { view: [PA] } }";
    let scale = "scale: a\nscales: { a: { stages: { images: { with: { preset: covid-19-image-data-collection } } } } }\n";
    assert_eq!(stages(other, scale, &[]), written, "the last layer names the preset");
    assert_eq!(stages(other, "", &["stages.images.with.preset=covid-19-image-data-collection"]), written);
    let names = "vars: { view: PA, table: metadata }\n";
    assert_eq!(stages(&LAID_OVER.replace("[PA]", "[$view]").replace("metadata.csv", "$table.csv"), names, &[]), written, "names are replaced afterwards");
}

#[test]
fn a_preset_that_there_is_not_is_said_once_and_hides_nothing_else() {
    assert_eq!(faults("{ preset: rsna-2017 }", ""), ["E0112 `import` has no preset `rsna-2017` | a preset with a similar name exists: `rsna-2018`"]);
    let [all] = faults("{ preset: x, nothing: 1 }", "").try_into().unwrap();
    assert!(all.starts_with("E0112 `import` has no preset `x` | the presets are: actualmed, chexpert, "), "{all}");
    let [list] = faults("{ preset: [a] }", "").try_into().unwrap();
    assert!(list.starts_with("E0007 `preset` must be a name, found a list"), "{list}");
    let [variable] = faults("{ preset: $which }", "vars: { which: rsna-2018 }\n").try_into().unwrap();
    assert!(variable.starts_with("E0112 `preset` cannot be a variable or an axis | "), "{variable}");
    let [from] = faults("$usual", "vars: { usual: { preset: rsna-2018, images: a } }\n").try_into().unwrap();
    assert!(from.starts_with("E0112 `preset` cannot come from a variable | "), "{from}");
    let both = faults("{ preset: x } }\n  pixels: { stage: prepare, in: { samples: images }, with: { sise: 3, preset: x } }\n  more: { stage: nothing", "");
    let codes: Vec<&str> = both.iter().map(|f| &f[..5]).collect();
    assert_eq!(codes, ["E0112", "E0105", "E0104", "E0104", "E0102"], "{both:#?}");
}

#[test]
fn what_is_wrong_with_a_value_of_a_preset_is_shown_there() {
    let loaded = loaded("{ preset: nih-cxr14, table: null }", "", &[]);
    let [fault] = loaded.diagnostics.as_slice() else { panic!("{:#?}", loaded.diagnostics) };
    assert_eq!(fault.message, "`columns` of `images`: `columns` requires `table`");
    let place = loaded.texts.place(fault.at.as_ref().unwrap().0);
    assert!(place.starts_with("preset nih-cxr14:"), "{place}");
    let shown = render_all(&loaded.diagnostics, &loaded.texts, false);
    assert!(shown.contains("columns:"), "the line of the preset is shown: {shown}");
}

#[test]
fn the_schema_takes_what_is_laid_over_a_preset() {
    let validator = jsonschema::validator_for(&schema::schema(&language())).unwrap();
    let study = |with: Value| json!({ "study": "s", "stages": { "images": { "stage": "import", "with": with } } });
    let presets = language().kinds.iter().find(|k| k.name == "import").unwrap().presets;
    let fine = [
        json!({ "preset": "rsna-2018" }),
        json!({ "preset": "rsna-2018", "images": "rsna:png", "labels": { "Normal": null }, "columns": { "label": "Target" } }),
        json!({ "preset": null, "images": "a" }),
        json!({ "preset": "nih-cxr14", "columns": { "label": { "several": "exactly" }, "patient": { "pattern": null } }, "table": "$table" }),
        json!("$usual"),
        json!({ "images": "a" }),
    ];
    for with in fine.into_iter().chain(presets.iter().map(|p| json!({ "preset": p.name }))) {
        let faults: Vec<String> = validator.iter_errors(&study(with.clone())).map(|e| e.to_string()).collect();
        assert_eq!(faults, [""; 0], "{with}");
    }
    let wrong = [
        json!({ "preset": "rsna" }),
        json!({ "preset": "rsna-2018", "lables": {} }),
        json!({ "preset": "rsna-2018", "columns": { "label": { "several": "all" } } }),
        json!({ "labels": {} }),
        json!({ "images": "a", "columns": { "label": "b" } }),
    ];
    for with in wrong {
        assert!(!validator.is_valid(&study(with.clone())), "{with}");
    }
}
