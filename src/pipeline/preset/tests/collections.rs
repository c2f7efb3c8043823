//! Every preset on a small collection of its form, made by hand, with the quirks of the real one: how many images, patients and
//! views there are, and what is left out for which reason.

mod fixtures;

use super::loaded;
use crate::diagnostic::render_all;
use crate::language::language;
use crate::workspace::Workspace;
use fixtures::FIXTURES;
use hilum_stages::contract::context::{Context, LeftOut, Said};
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::data::png;
use hilum_stages::data::sample::{Sample, Samples, TABLE};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

/// A collection, and what comes of it.
struct Fixture {
    preset: &'static str,
    /// What a study writes besides, as a list of entries.
    with: &'static str,
    /// The name of the directory in `--data`.
    data: &'static str,
    images: &'static [&'static str],
    /// Tables and lists by name, in Latin-1 where they are not ASCII.
    texts: &'static [(&'static str, &'static str)],
    labels: &'static [(&'static str, usize)],
    patients: usize,
    views: &'static [&'static str],
    sources: &'static [&'static str],
    /// Parts of notes.
    notes: &'static [&'static str],
    /// Names with the beginnings of reasons.
    left_out: &'static [(&'static str, &'static str)],
}

struct Imported {
    rows: Vec<Sample>,
    notes: Vec<String>,
    left_out: Vec<LeftOut>,
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn imported(f: &Fixture) -> Imported {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for (number, name) in f.images.iter().enumerate() {
        let pixels: Vec<u8> = (0..64).map(|p| (p * (number + 3) % 251) as u8).collect();
        write(&data.join(name), &png::encode(&pixels, 8, 8, &[]).unwrap());
    }
    for (name, text) in f.texts {
        write(&data.join(name), &text.chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<_>>());
    }
    let loaded = loaded(&format!("{{ preset: {}, {} }}", f.preset, f.with), "", &[]);
    let pipeline = loaded.pipeline.unwrap_or_else(|| panic!("{}", render_all(&loaded.diagnostics, &loaded.texts, false)));
    let workspace = Workspace::of(&dir.path().join("study.yaml"), None, None, [(f.data.to_owned(), data)].into());
    let mut faults = vec![];
    let listings = workspace.listings(&pipeline, false, &mut faults).unwrap();
    assert!(faults.is_empty(), "{}: {faults:#?}", f.preset);
    let (id, stage) = pipeline.stages.pairs().next().unwrap();
    let left_out = Mutex::new(vec![]);
    let report = |said: Said| {
        if let Said::LeftOut(files) = said {
            left_out.lock().unwrap().extend(files)
        }
    };
    let cx = Context {
        sources: listings[&id].iter().map(|(parameter, listing)| (parameter.clone(), (**listing).clone())).collect(),
        pseudonyms: Some(PseudonymKey::new([7; 32])),
        report: &report,
        ..Context::bare(stage.kind.name, None)
    };
    let out = dir.path().join("out");
    stage.stage.perform(BTreeMap::new(), &out, &cx).unwrap_or_else(|e| panic!("{}: {e:#?}", f.preset));
    let rows = Samples::read_rows(&std::fs::read(out.join("samples").join(TABLE)).unwrap()).unwrap();
    let notes = cx.notes.lock().unwrap().iter().map(ToString::to_string).collect();
    Imported { rows, notes, left_out: left_out.lock().unwrap().clone() }
}

#[test]
fn every_preset_imports_a_collection_of_its_form() {
    for f in FIXTURES {
        let made = imported(f);
        let what = format!("{} {{ {} }}", f.preset, f.with);
        let mut labels: BTreeMap<&str, usize> = BTreeMap::new();
        made.rows.iter().for_each(|r| *labels.entry(&r.label).or_default() += 1);
        assert_eq!(labels, f.labels.iter().copied().collect(), "{what}: {:#?}", made.notes);
        let distinct = |of: fn(&Sample) -> &str| made.rows.iter().map(of).collect::<BTreeSet<_>>();
        assert_eq!(distinct(|r| &r.patient).len(), f.patients, "{what}");
        assert_eq!(distinct(|r| &r.view), f.views.iter().copied().collect(), "{what}");
        assert_eq!(distinct(|r| &r.source), f.sources.iter().copied().collect(), "{what}");
        for note in f.notes {
            assert!(made.notes.iter().any(|n| n.contains(note)), "{what}: `{note}` in {:#?}", made.notes);
        }
        let mut listed: Vec<(&str, &str)> = made.left_out.iter().map(|l| (l.name.as_str(), l.reason.as_str())).collect();
        let mut expected = f.left_out.to_vec();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected, "{what}");
    }
}

#[test]
fn no_preset_is_without_a_collection() {
    let of_kinds: BTreeSet<&str> = language().kinds.iter().flat_map(|k| k.presets).map(|p| p.name).collect();
    assert_eq!(FIXTURES.iter().map(|f| f.preset).collect::<BTreeSet<_>>(), of_kinds);
}

#[test]
fn images_of_one_person_of_the_nih_are_one_patient_in_both_collections() {
    let [rsna, nih] = ["rsna-2018-nih", "nih-cxr14"].map(|name| loaded(&format!("{{ preset: {name} }}"), "", &[]).pipeline.unwrap());
    let of = |p: &crate::pipeline::Pipeline| p.stages.iter().next().unwrap().stage.namespace().unwrap().key();
    assert_eq!(of(&rsna), of(&nih));
}
