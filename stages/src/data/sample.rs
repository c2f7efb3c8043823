//! The table of samples: one row per image, with its patient, label and source.
//!
//! The file is CSV with a fixed header, sorted by the patient's token and the image's number within the patient, both
//! of which follow from the images: the same images give the same table. Random draws from a table go by
//! [`Sample::priority`], not by the position of a row.

use crate::contract::prelude::*;
use crate::files::write;
use hilum_cache::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// One image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// blake3 of the image's file.
    #[serde(alias = "film")]
    pub image: Digest,
    /// Token of the patient (see [`super::patients`]); empty for a sampled synthetic image, which is of no patient.
    pub patient: String,
    /// The image's number within its patient, by digest and label; that within its synthesis for a synthetic image.
    pub number: u32,
    /// Its class.
    pub label: String,
    /// Where it was collected.
    pub source: String,
    /// Real or synthetic.
    pub origin: Origin,
    /// The digest of the generator of a synthetic image, if it is known.
    pub generator: Option<Digest>,
    /// The image that a synthetic image was translated from.
    pub parent: Option<Digest>,
    /// Age in years, if known.
    pub age: Option<f64>,
    /// Sex as the source spells it.
    pub sex: String,
    /// Projection, such as PA.
    pub view: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Sample {
    /// The position of this row in a random order, which follows from the image alone. A sampled image goes by its
    /// number, since its bytes may differ in the last bit between engines; a translation by the image that it was
    /// translated from.
    pub fn priority(&self, stream: &Stream) -> (u64, Digest, u32) {
        let name = match (self.origin, &self.parent) {
            (Origin::Real, _) => self.image.bytes().to_vec(),
            (Origin::Synthetic, Some(parent)) => parent.bytes().to_vec(),
            (Origin::Synthetic, None) => self.number.to_le_bytes().to_vec(),
        };
        (stream.priority(&name), self.image, self.number)
    }
}

/// Real or synthetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// An image of a patient (or of a phantom in place of one).
    Real,
    /// Generated.
    Synthetic,
}

/// A table of samples, and the images that are part of the artifact (generated ones; imported images stay where they
/// are).
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// Rows in canonical order. An image may be in several rows: a repeated image.
    pub rows: Vec<Sample>,
    /// Files of images that belong to this artifact.
    pub images: Vec<ImageFile>,
}

/// An image that is part of the artifact of its table.
#[derive(Debug, Clone)]
pub struct ImageFile {
    /// Its name within the artifact, such as `images/0001.png`.
    pub name: String,
    /// Its bytes, for a table that is being created; empty for one that was opened.
    pub bytes: Vec<u8>,
    /// Its path, for a table that was opened.
    pub path: Option<PathBuf>,
}

/// The file of the table within its artifact.
pub const TABLE: &str = "samples.csv";

/// The places of the images of each patient, and of each one that is of nobody, in an order that is drawn.
pub fn groups(rows: &[Sample], stream: &Stream) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<(u64, &str), Vec<usize>> = BTreeMap::new();
    let mut alone = vec![];
    for (i, row) in rows.iter().enumerate() {
        match row.patient.as_str() {
            "" => alone.push((row.priority(stream), vec![i])),
            patient => groups.entry((stream.priority(patient.as_bytes()), patient)).or_default().push(i),
        }
    }
    alone.sort();
    groups.into_values().chain(alone.into_iter().map(|(_, group)| group)).collect()
}

/// Images per label.
pub fn counts(rows: &[Sample]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.label.clone()).or_default() += 1;
    }
    counts
}

/// The images of a class, repeated ones counted as often as they are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassCount {
    /// The class.
    pub class: String,
    /// Real images.
    pub real: u64,
    /// Synthetic images.
    pub synthetic: u64,
}

/// The first required column that this table lacks.
fn missing_column(headers: &csv::StringRecord) -> Option<&'static str> {
    let must = ["image", "patient", "number", "label", "source", "origin", "generator", "parent", "age", "sex", "view", "width", "height"];
    let has = |name: &str| headers.iter().any(|h| h == name || name == "image" && h == "film");
    must.into_iter().find(|name| !has(name))
}

/// An invalid row, in the words of the table.
fn unreadable(line: usize, e: &csv::Error) -> Error {
    let why = match e.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("expected {expected_len} cells, found {len}"),
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        _ => e.to_string(),
    };
    Error::data(format!("line {line} of the table of samples cannot be read: {why}"))
}

/// The first bytes of a text, which sort as it does.
fn beginning(text: &str) -> u128 {
    let mut bytes = [0; 16];
    let n = text.len().min(bytes.len());
    bytes[..n].copy_from_slice(&text.as_bytes()[..n]);
    u128::from_be_bytes(bytes)
}

impl Samples {
    /// A table of these rows in canonical order.
    pub fn of(mut rows: Vec<Sample>) -> Samples {
        rows.sort_by(|a, b| (a.origin, &a.patient, a.number, &a.label, a.generator).cmp(&(b.origin, &b.patient, b.number, &b.label, b.generator)));
        Samples { rows, images: vec![] }
    }

    /// Numbers rows within their patient by digest and label, whatever their previous order.
    pub fn number(rows: &mut [Sample]) {
        fn place(s: &Sample) -> (Origin, &str, Digest, &str, &str) {
            (s.origin, &s.patient, s.image, &s.label, &s.source)
        }
        // Short keys first: whole rows are slow to compare and to move.
        let key = |s: &Sample| (s.origin, beginning(&s.patient));
        rows.sort_by_cached_key(key);
        rows.chunk_by_mut(|a, b| key(a) == key(b)).for_each(|alike| alike.sort_by(|a, b| place(a).cmp(&place(b))));
        for patient in rows.chunk_by_mut(|a, b| (a.origin, &a.patient) == (b.origin, &b.patient)) {
            patient.iter_mut().zip(0..).for_each(|(row, n)| row.number = n);
        }
    }

    /// True if no patient has two images.
    pub fn has_one_image_a_patient(&self) -> bool {
        let mut seen = std::collections::HashSet::new();
        self.rows.iter().filter(|row| !row.patient.is_empty()).all(|row| seen.insert(&row.patient))
    }

    /// Its rows, each image once: the first of its rows.
    pub fn each_image_once(self) -> Vec<Sample> {
        let mut seen = BTreeSet::new();
        self.rows.into_iter().filter(|row| seen.insert(row.image)).collect()
    }

    /// The labels that occur, sorted.
    pub fn labels(&self) -> Vec<String> {
        self.rows.iter().map(|r| r.label.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }
    /// Images per label.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        counts(&self.rows)
    }
    /// Distinct patients.
    pub fn patients(&self) -> BTreeSet<&str> {
        self.rows.iter().map(|r| r.patient.as_str()).filter(|p| !p.is_empty()).collect()
    }
    /// Rows by label, in table order.
    pub fn by_label(&self) -> BTreeMap<&str, Vec<&Sample>> {
        let mut groups: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
        for row in &self.rows {
            groups.entry(&row.label).or_default().push(row);
        }
        groups
    }

    /// How many rows of a table are of real images, counted without parsing rows.
    pub fn count_real(bytes: &[u8]) -> u64 {
        let mut reader = csv::Reader::from_reader(bytes);
        let column = reader.byte_headers().ok().and_then(|h| h.iter().position(|name| name == b"origin"));
        let (mut record, mut count) = (csv::ByteRecord::new(), 0);
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            count += u64::from(column.and_then(|c| record.get(c)) == Some(b"real"));
        }
        count
    }
    /// Images of each class, sorted by class, counted without parsing rows; none where it is no table of samples.
    pub fn class_counts(bytes: &[u8]) -> Vec<ClassCount> {
        let mut reader = csv::Reader::from_reader(bytes);
        let mut column = |wanted: &[u8]| reader.byte_headers().ok().and_then(|h| h.iter().position(|name| name == wanted));
        let (Some(label), Some(origin)) = (column(b"label"), column(b"origin")) else { return vec![] };
        let (mut record, mut counts): (_, BTreeMap<Vec<u8>, [u64; 2]>) = (csv::ByteRecord::new(), BTreeMap::new());
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let class = record.get(label).unwrap_or_default();
            let is_synthetic = usize::from(record.get(origin) == Some(b"synthetic"));
            match counts.get_mut(class) {
                Some(of_class) => of_class[is_synthetic] += 1,
                None => counts.entry(class.to_vec()).or_default()[is_synthetic] += 1,
            }
        }
        let count = |(class, [real, synthetic]): (Vec<u8>, [u64; 2])| ClassCount { class: String::from_utf8_lossy(&class).into_owned(), real, synthetic };
        counts.into_iter().map(count).collect()
    }
    /// Reads the rows of a table.
    pub fn read_rows(bytes: &[u8]) -> Result<Vec<Sample>> {
        let mut reader = csv::Reader::from_reader(bytes);
        if let Some(missing) = reader.headers().ok().and_then(|headers| missing_column(headers)) {
            return Err(Error::data(format!("it is not a table of samples: it has no column `{missing}`")));
        }
        let read = |(n, row): (usize, csv::Result<Sample>)| {
            let row = row.map_err(|e| unreadable(n + 2, &e))?;
            // It would stand for all classes in whatever is made of it.
            if row.label.is_empty() { Err(Error::data(format!("line {} of the table of samples has no label", n + 2))) } else { Ok(row) }
        };
        reader.deserialize().enumerate().map(read).collect()
    }
}

impl InputArtifact for Samples {
    const TYPE: ArtifactType = ArtifactType::Samples;
    fn open(files: &[File]) -> Result<Self> {
        let table = files.iter().find(|f| f.name == TABLE).ok_or_else(|| Error::data("an artifact of samples has no table"))?;
        let bytes = std::fs::read(&table.path).map_err(Error::io("read", &table.path))?;
        let images = files.iter().filter(|f| f.name != TABLE).map(|f| ImageFile { name: f.name.clone(), bytes: vec![], path: Some(f.path.clone()) }).collect();
        Ok(Samples { rows: Samples::read_rows(&bytes)?, images })
    }
}

impl OutputArtifact for Samples {
    const TYPE: ArtifactType = ArtifactType::Samples;
    fn save(&self, directory: &Path) -> Result<()> {
        let mut writer = csv::Writer::from_writer(vec![]);
        for row in &self.rows {
            writer.serialize(row).map_err(|e| Error::data(e.to_string()))?;
        }
        let mut bytes = writer.into_inner().map_err(|e| Error::data(e.to_string()))?;
        if self.rows.is_empty() {
            bytes = b"image,patient,number,label,source,origin,generator,parent,age,sex,view,width,height\n".to_vec();
        }
        write(&directory.join(TABLE), &bytes)?;
        for image in &self.images {
            write(&directory.join(&image.name), &image.bytes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample(patient: &str, number: u32, label: &str) -> Sample {
        Sample {
            image: Digest::of(format!("{patient}/{number}").as_bytes()),
            patient: patient.into(),
            number,
            label: label.into(),
            source: "phantom".into(),
            origin: Origin::Real,
            generator: None,
            parent: None,
            age: None,
            sex: String::new(),
            view: String::new(),
            width: 8,
            height: 8,
        }
    }

    #[test]
    fn a_table_reads_back_and_text_stays_text() {
        let mut rows = vec![sample("p:2", 0, "no"), sample("p:1", 1, "0012"), sample("p:1", 0, "1e5")];
        rows[0].age = Some(61.5);
        let table = Samples::of(rows);
        assert_eq!(table.rows.iter().map(|r| r.label.as_str()).collect::<Vec<_>>(), ["1e5", "0012", "no"]);
        let dir = tempfile::tempdir().unwrap();
        table.save(dir.path()).unwrap();
        let file = File { name: TABLE.into(), path: dir.path().join(TABLE) };
        assert_eq!(Samples::open(&[file]).unwrap().rows, table.rows);
    }

    #[test]
    fn a_row_without_a_label_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        Samples::of(vec![sample("p:1", 0, "a"), sample("p:2", 0, "")]).save(dir.path()).unwrap();
        let said = Samples::read_rows(&std::fs::read(dir.path().join(TABLE)).unwrap()).unwrap_err().to_string();
        assert_eq!(said, "line 3 of the table of samples has no label");
    }

    #[test]
    fn an_empty_table_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        Samples::default().save(dir.path()).unwrap();
        let file = File { name: TABLE.into(), path: dir.path().join(TABLE) };
        assert!(Samples::open(&[file]).unwrap().rows.is_empty());
    }

    #[test]
    fn classes_are_counted_as_rows_are_read() {
        let mut rows = vec![sample("p:2", 0, "no"), sample("p:1", 1, "covid, mild"), sample("p:1", 0, "no")];
        rows[2].origin = Origin::Synthetic;
        let dir = tempfile::tempdir().unwrap();
        Samples::of(rows).save(dir.path()).unwrap();
        let count = |class: &str, real, synthetic| ClassCount { class: class.into(), real, synthetic };
        assert_eq!(Samples::class_counts(&std::fs::read(dir.path().join(TABLE)).unwrap()), [count("covid, mild", 1, 0), count("no", 1, 1)]);
        for none in [&b"label,image\na,b\n"[..], b"", b"\xff\xfe"] {
            assert_eq!(Samples::class_counts(none), []);
        }
    }
}
