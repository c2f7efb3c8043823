//! The synthetic images of a run as a Croissant 1.1 data set with the fields of its vocabulary for responsible AI: for each set a
//! table and an archive of the images, so that a reader notices if either changes. No row names a patient or a real image.

mod rai;
mod tar;

use super::claims::Claim;
use super::directory::Directory;
use super::error::{Error, Result};
use super::facts::Facts;
use super::synthetic::{self, Set};
use super::{Export, Terms, plain_name};
use hilum_cache::{Error as StoreError, store};
use hilum_stages::words::counted;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::Write;

pub(super) const EXPORT: Export = Export {
    name: "croissant",
    about: "the synthetic images as a data set with what has to be known of them: Croissant 1.1 with RAI 1.0",
    document: "croissant.json",
    is_signed: false,
    write,
    claims,
};

fn write(facts: &Facts, terms: &Terms, directory: &mut Directory) -> Result<Value> {
    let licence = &terms.licence;
    let (sets, mut removed) = synthetic::sets(facts)?;
    let (sets, empty): (Vec<Set>, Vec<Set>) = sets.into_iter().partition(|set| !set.images.is_empty());
    removed.extend(empty.into_iter().map(|set| set.output));
    for output in &removed {
        directory.remark(format!("the images of `{output}` were removed from the store and are not in it"));
    }
    if sets.is_empty() {
        let why = if removed.is_empty() { "no stage of it made synthetic images" } else { "`hilum gc` removed its synthetic images" };
        return Err(Error::Nothing { run: facts.run.clone(), why });
    }
    let mut names = BTreeSet::new();
    let (mut distribution, mut records) = (vec![], vec![]);
    for set in &sets {
        let name = plain_name(&set.made.node.stage, &mut names);
        // Readers keep what they unpacked under the name of the archive: another run's must not be taken for it.
        let (table, archive) = (format!("{name}.csv"), format!("{name}-{}.tar", &set.artifact.sha256.hex()[..12]));
        let table_sha256 = directory.put(&table, &rows(set)?)?.sha256.hex();
        let archive_sha256 = pack(facts, set, &archive, directory)?;
        let object = |id: &str, about: String, format: &str, sha256: &str| json!({ "@type": "cr:FileObject", "@id": id, "name": id, "description": about, "contentUrl": id, "encodingFormat": format, "sha256": sha256 });
        let images = counted(set.images.len(), "image", "images");
        distribution.push(object(&table, format!("A row for each of the {images} of `{}`", set.output), "text/csv", &table_sha256));
        distribution.push(object(&archive, format!("The {images} of `{}`", set.output), "application/x-tar", &archive_sha256));
        distribution.push(json!({
            "@type": "cr:FileSet", "@id": format!("{name}-files"), "name": format!("{name}-files"), "description": format!("The PNG files in `{archive}`"),
            "containedIn": { "@id": archive }, "encodingFormat": "image/png", "includes": "*.png",
        }));
        records.extend(record_sets(set, &name, &table));
        if set.removed > 0 {
            directory.remark(format!("{} of `{}` were removed from the store and are not in it", counted(set.removed, "image", "images"), set.output));
        }
        if set.translated() > 0 {
            let translations = counted(set.translated(), "image", "images");
            directory.remark(format!("{translations} of `{}` were translated from other images and show their anatomy", set.output));
        }
    }
    let mut document = json!({
        "@context": context(), "@type": "sc:Dataset", "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": format!("{}-synthetic", facts.record.study), "description": rai::description(facts, &sets), "license": licence.line(),
        "datePublished": facts.ended, "version": "1.0.0", "distribution": distribution, "recordSet": records,
        "keywords": ["synthetic", "chest X-ray", "not for diagnosis"], "isLiveDataset": false,
        "citeAs": format!("Synthetic images of the study {}, run {} of hilum.", facts.record.study, facts.run),
    });
    for (name, value) in rai::fields(facts, &sets)? {
        document[name] = value;
    }
    Ok(document)
}

/// The name of an image within the archive.
fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// What the table says of each image: nothing of a patient or of the image that it was translated from.
const COLUMNS: [(&str, &str, &str); 8] = [
    ("file", "sc:Text", "The name of the image's file in the archive"),
    ("number", "sc:Integer", "The number of the image within its set"),
    ("label", "sc:Text", "The class that the image was generated for; no reader has confirmed it"),
    ("width", "sc:Integer", "Width in pixels"),
    ("height", "sc:Integer", "Height in pixels"),
    ("translated", "sc:Boolean", "True if it was translated from another image, whose anatomy it shows; false if it was sampled from noise"),
    ("generator", "sc:Text", "The generator by the BLAKE3 digest of the file of its weights, behind `b3:`"),
    ("sha256", "sc:Text", "The SHA-256 of the image's file"),
];

fn rows(set: &Set) -> Result<Vec<u8>> {
    let mut out = COLUMNS.map(|(name, _, _)| name).join(",") + "\n";
    for image in &set.images {
        let row = &image.row;
        let label = if row.label.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", row.label.replace('"', "\"\"")) } else { row.label.clone() };
        let generator = row.generator.map_or_else(String::new, |g| g.to_string());
        let translated = if row.parent.is_some() { "True" } else { "False" };
        let (file, number, width, height) = (file_name(&image.file.name), row.number, row.width, row.height);
        out += &format!("{file},{number},{label},{width},{height},{translated},{generator},{}\n", image.file.sha256.hex());
    }
    Ok(out.into_bytes())
}

/// Writes the archive of a set; gives its SHA-256.
fn pack(facts: &Facts, set: &Set, name: &str, directory: &mut Directory) -> Result<String> {
    let path = directory.path(name)?;
    let file = std::fs::File::create(&path).map_err(StoreError::io("write", &path))?;
    let mut out = std::io::BufWriter::new(file);
    for image in &set.images {
        let bytes = facts.store.read(&image.file.digest)?;
        tar::file(&mut out, file_name(&image.file.name), &bytes).map_err(StoreError::io("write", &path))?;
    }
    tar::end(&mut out).and_then(|()| out.flush()).map_err(StoreError::io("write", &path))?;
    Ok(store::hash_file(&path)?.1.hex())
}

/// The rows of the table, and the images that they name. These are apart: a reader that takes the content of two sources into one
/// record would confuse them.
fn record_sets(set: &Set, name: &str, table: &str) -> [Value; 2] {
    let (files, images) = (format!("{name}-files"), format!("{name}-images"));
    let field = |(column, kind, about): (&str, &str, &str)| {
        let mut field = json!({
            "@type": "cr:Field", "@id": format!("{name}/{column}"), "name": column, "description": about, "dataType": kind,
            "source": { "fileObject": { "@id": table }, "extract": { "column": column } },
        });
        if column == "file" {
            field["references"] = json!({ "field": { "@id": format!("{images}/file") } });
        }
        field
    };
    let of_file = |column: &str, kind: &str, property: &str, about: &str| {
        json!({
            "@type": "cr:Field", "@id": format!("{images}/{column}"), "name": column, "description": about, "dataType": kind,
            "source": { "fileSet": { "@id": files }, "extract": { "fileProperty": property } },
        })
    };
    let fields: Vec<Value> = COLUMNS.into_iter().map(field).collect();
    let sha256 = set.artifact.sha256.hex();
    [
        json!({
            "@type": "cr:RecordSet", "@id": images, "name": images, "description": format!("The synthetic images of `{}`", set.output),
            "key": { "@id": format!("{images}/file") },
            "field": [
                of_file("file", "sc:Text", "filename", "The name of the image's file in the archive"),
                of_file("image", "sc:ImageObject", "content", "The image: 8 bits of grey"),
            ],
        }),
        json!({
            "@type": "cr:RecordSet", "@id": name, "name": name, "key": { "@id": format!("{name}/file") }, "field": fields,
            "description": format!("What is known of each synthetic image of `{}`; sha256 of the list of their files in the store: {sha256}", set.output),
        }),
    ]
}

/// The context that the specification prescribes.
fn context() -> Value {
    let mut terms = Map::new();
    for term in [
        "arrayShape",
        "citeAs",
        "column",
        "containedIn",
        "equivalentProperty",
        "extract",
        "field",
        "fileProperty",
        "fileObject",
        "fileSet",
        "format",
        "includes",
        "isArray",
        "isLiveDataset",
        "jsonPath",
        "key",
        "md5",
        "parentField",
        "path",
        "recordSet",
        "references",
        "regex",
        "repeated",
        "replace",
        "samplingRate",
        "separator",
        "source",
        "subField",
        "transform",
    ] {
        terms.insert(term.to_owned(), format!("cr:{term}").into());
    }
    let others = json!({
        "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/", "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/", "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo",
        "data": { "@id": "cr:data", "@type": "@json" }, "dataType": { "@id": "cr:dataType", "@type": "@vocab" },
        "examples": { "@id": "cr:examples", "@type": "@json" }, "name": { "@container": "@language" }, "description": { "@container": "@language" },
    });
    others.as_object().into_iter().flatten().for_each(|(name, value)| drop(terms.insert(name.clone(), value.clone())));
    terms.into()
}

/// The files that the document names, with their digests.
fn claims(document: &Value) -> Vec<Claim> {
    let objects = document["distribution"].as_array().into_iter().flatten().filter(|o| o["@type"] == "cr:FileObject");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    objects.map(|o| Claim { file: text(&o["contentUrl"]), sha256: text(&o["sha256"]) }).collect()
}

#[cfg(test)]
mod tests {
    use super::plain_name;
    use std::collections::BTreeSet;

    #[test]
    fn sets_have_different_plain_names() {
        let mut taken = BTreeSet::new();
        let names = ["synthetic", "synthetic/dose=1", "synthetic/dose/1", "ü", "..x"].map(|stage| plain_name(stage, &mut taken));
        assert_eq!(names, ["synthetic", "synthetic_dose_1", "synthetic_dose_1_2", "_", "x"]);
    }
}
