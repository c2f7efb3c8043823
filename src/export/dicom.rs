//! The synthetic images of a run as DICOM files, Secondary Capture, each of which says in the words of the standard that it is synthetic.
//! Only images that were generated from noise: a translation shows the anatomy of a patient.

mod elements;
mod secondary_capture;
mod uid;

use super::claims::Claim;
use super::directory::Directory;
use super::error::{Error, Result};
use super::facts::Facts;
use super::synthetic::{self, Set, Synthetic};
use super::{Export, Terms, plain_name};
use hilum_stages::data::grey;
use hilum_stages::words::counted;
use secondary_capture::{Instance, Names};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) const EXPORT: Export = Export {
    name: "dicom",
    about: "the synthetic images that were generated from noise as DICOM files (Secondary Capture), each marked as synthetic",
    document: "index.json",
    is_signed: false,
    write,
    claims,
};

fn write(facts: &Facts, terms: &Terms, directory: &mut Directory) -> Result<Value> {
    let (sets, removed) = synthetic::sets(facts)?;
    for output in &removed {
        directory.remark(format!("the images of `{output}` were removed from the store and are not in it"));
    }
    let study_uid = uid::of(&["study", &facts.record.study, &facts.run]);
    let (mut instances, mut left_out, mut names, mut series) = (vec![], vec![], BTreeSet::new(), 0);
    for set in &sets {
        let sampled = set.sampled();
        let (images, translated): (Vec<&Synthetic>, Vec<&Synthetic>) = set.images.iter().partition(|image| sampled.contains(&image.file.digest));
        if !translated.is_empty() {
            let what = counted(translated.len(), "image", "images");
            directory.remark(format!("{what} of `{}` were translated from other images and are not in it: they show the anatomy of those", set.output));
            left_out.push(json!({ "output": set.output, "images": translated.len(), "reason": "translated from other images, whose anatomy they show" }));
        }
        if set.removed > 0 {
            directory.remark(format!("{} of `{}` were removed from the store and are not in it", counted(set.removed, "image", "images"), set.output));
        }
        if images.is_empty() {
            continue;
        }
        series += 1;
        let directory_name = plain_name(&set.made.node.stage, &mut names);
        let names = Names {
            study: study_uid.clone(),
            series: uid::of(&["series", &facts.record.study, &facts.run, &set.output]),
            series_number: series,
            patient: format!("SYNTHETIC-{}", &set.artifact.sha256.hex()[..16]),
        };
        for (at, image) in images.into_iter().enumerate() {
            instances.push(one(facts, set, image, (at, &directory_name), &names, directory)?);
        }
    }
    if instances.is_empty() {
        let why = match (sets.is_empty(), removed.is_empty()) {
            (true, true) => "no stage of it made synthetic images",
            (true, false) => "`hilum gc` removed its synthetic images",
            (false, _) => "none of its synthetic images that is still there was generated from noise",
        };
        return Err(Error::Nothing { run: facts.run.clone(), why });
    }
    Ok(json!({
        "run": facts.run, "study": facts.record.study, "ended": facts.ended, "license": terms.licence.line(), "study_instance_uid": study_uid,
        "note": "Synthetic images, not for diagnosis. No attribute comes from a patient.", "instances": instances, "left_out": left_out,
    }))
}

/// Writes an image, reads it again, and says what there is to know of it.
///
/// # Errors
/// If it cannot be read or written, or what was written shows other grey values.
fn one(facts: &Facts, set: &Set, image: &Synthetic, (at, below): (usize, &str), names: &Names, directory: &mut Directory) -> Result<Value> {
    let wrong = |why: String| Error::Record { what: format!("{}/{}", set.output, image.file.name), why };
    let shown = grey::decode(&facts.store.read(&image.file.digest)?).map_err(wrong)?.grey;
    // Eight bits were spread over sixteen.
    let pixels: Vec<u8> = shown.pixels.iter().map(|grey| (grey >> 8) as u8).collect();
    let (Ok(columns), Ok(rows)) = (u16::try_from(shown.width), u16::try_from(shown.height)) else {
        return Err(wrong("it has too many rows or columns for DICOM".into()));
    };
    let uid = uid::of(&["image", &facts.record.study, &facts.run, &set.output, &image.file.name, &image.file.sha256.hex()]);
    let environment = &set.made.result.environment;
    let instance =
        Instance { uid: &uid, number: at + 1, rows, columns, pixels: &pixels, label: &image.row.label, set: &set.output, ended: &facts.ended, environment };
    let stem = image.file.name.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
    let file = format!("{below}/{stem}.dcm");
    let written = directory.put(&file, &secondary_capture::file(&instance, names))?;
    let path = directory.path(&file)?;
    let again = std::fs::read(&path).map_err(hilum_cache::Error::io("read", &path))?;
    if grey::decode(&again).map_err(wrong)?.grey.pixels != shown.pixels {
        return Err(wrong("as DICOM it shows other grey values".into()));
    }
    Ok(json!({
        "file": file, "sha256": written.sha256.hex(), "sop_instance_uid": uid, "series_instance_uid": names.series, "label": image.row.label,
        "from": { "output": set.output, "file": image.file.name, "sha256": image.file.sha256.hex() },
        "generator_weights_blake3": image.row.generator.map(|digest| digest.hex()),
    }))
}

/// The files that the document names, with their digests.
fn claims(document: &Value) -> Vec<Claim> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    document["instances"].as_array().into_iter().flatten().map(|i| Claim { file: text(&i["file"]), sha256: text(&i["sha256"]) }).collect()
}
