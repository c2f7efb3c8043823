//! What is written is read back, and nothing that is read is taken on trust.

use super::*;
use crate::data::sample::Sample;

/// An embedding of these rows by an extractor of this name: eight features and two probabilities that follow from the digest of
/// each image.
pub(crate) fn embedded<'a>(extractor: &str, rows: impl IntoIterator<Item = &'a Sample>) -> Embedding {
    let extracted = |image: Digest| {
        let bytes = Digest::of(&[image.bytes().as_slice(), extractor.as_bytes()].concat());
        let features: Vec<f32> = bytes.bytes()[..8].iter().map(|b| f32::from(*b) / 64.0).collect();
        let p = f32::from(bytes.bytes()[8]) / 255.0;
        Extracted { image, features, probabilities: vec![p, 1.0 - p] }
    };
    let images: std::collections::BTreeSet<Digest> = rows.into_iter().map(|row| row.image).collect();
    Embedding::of(document(extractor), images.into_iter().map(extracted).collect(), vec![]).unwrap()
}

pub(crate) fn document(extractor: &str) -> EmbeddingDocument {
    EmbeddingDocument { extractor: extractor.into(), weights: Digest::of(extractor.as_bytes()), side: 32, dimensions: 8, classes: Some(2) }
}

fn image(i: u8) -> Digest {
    Digest::of(&[i])
}

fn small() -> Embedding {
    let of = |i: u8| Extracted { image: image(i), features: vec![f32::from(i), -0.5, 1e-30], probabilities: vec![0.25, 0.75] };
    let document = EmbeddingDocument { dimensions: 3, ..document("inception") };
    Embedding::of(document, vec![of(2), of(0), of(1)], vec![image(9)]).unwrap()
}

/// The files of an embedding in a directory that must live as long as they.
fn saved(embedding: &Embedding) -> (tempfile::TempDir, Vec<File>) {
    let directory = tempfile::tempdir().unwrap();
    embedding.save(directory.path()).unwrap();
    let files = [DOCUMENT, INDEX, FEATURES, PROBABILITIES].map(|name| File { name: name.into(), path: directory.path().join(name) });
    (directory, files.into_iter().filter(|f| f.path.exists()).collect())
}

#[test]
fn what_is_written_is_read_back_and_is_the_same_in_any_order() {
    let (directory, files) = saved(&small());
    let read = Embedding::open(&files).unwrap();
    assert_eq!(read.document, small().document);
    assert_eq!(read.features(&image(1)), Some(&[1.0, -0.5, 1e-30][..]));
    assert_eq!(read.probabilities(&image(2)), Some(&[0.25, 0.75][..]));
    assert_eq!((read.features(&image(9)), read.is_left_out(&image(9)), read.is_left_out(&image(1)), read.is_left_out(&image(7))), (None, true, false, false));
    let (again, _) = saved(&read);
    for name in [DOCUMENT, INDEX, FEATURES, PROBABILITIES] {
        assert_eq!(std::fs::read(directory.path().join(name)).unwrap(), std::fs::read(again.path().join(name)).unwrap(), "{name}");
    }
    // Least significant byte first: 1.0 is 00 00 80 3f.
    let first = small().index()[0].image;
    let at = std::fs::read(directory.path().join(FEATURES)).unwrap()[..4].to_vec();
    assert_eq!(at, small().features(&first).unwrap()[0].to_le_bytes());
}

#[test]
fn without_classes_there_are_no_probabilities() {
    let document = EmbeddingDocument { classes: None, dimensions: 1, ..document("torchxrayvision") };
    let of = Embedding::of(document, vec![Extracted { image: image(1), features: vec![2.0], probabilities: vec![] }], vec![]).unwrap();
    let (_directory, files) = saved(&of);
    assert_eq!(files.len(), 3);
    assert_eq!(Embedding::open(&files).unwrap().probabilities(&image(1)), Some(&[][..]));
    let none = Embedding::of(of.document.clone(), vec![], vec![]).unwrap();
    assert_eq!(Embedding::open(&saved(&none).1).unwrap().index(), []);
}

#[test]
fn numbers_that_do_not_fit_are_refused_before_they_are_written() {
    let of = |features: Vec<f32>, probabilities: Vec<f32>| {
        let document = EmbeddingDocument { dimensions: 1, ..document("inception") };
        Embedding::of(document, vec![Extracted { image: image(1), features, probabilities }], vec![]).map(drop).unwrap_err().to_string()
    };
    let short = image(1).short();
    assert_eq!(of(vec![], vec![0.5, 0.5]), format!("image {short} has 0 features and 2 probabilities; expected 1 and 2"));
    assert_eq!(of(vec![f32::NAN], vec![0.5, 0.5]), format!("a feature of image {short} is NaN"));
    assert_eq!(of(vec![f32::INFINITY], vec![0.5, 0.5]), format!("a feature of image {short} is inf"));
    for odd in [[0.5, 0.6], [-0.5, 1.5], [f32::NAN, 1.0]] {
        assert!(of(vec![1.0], odd.to_vec()).starts_with(&format!("the probabilities of image {short} add up to")), "{odd:?}");
    }
    let twice = Embedding::of(document("x"), vec![], vec![image(1), image(1)]).unwrap_err().to_string();
    assert_eq!(twice, format!("image {short} is in an embedding twice"));
}

#[test]
fn files_that_were_damaged_or_do_not_belong_together_are_refused_in_words() {
    let with = |name: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let (_directory, files) = saved(&small());
        let path = &files.iter().find(|f| f.name == name).unwrap().path;
        std::fs::write(path, change(std::fs::read(path).unwrap())).unwrap();
        Embedding::open(&files).map(drop).unwrap_err().to_string()
    };
    assert!(with(DOCUMENT, &|_| b"{}".to_vec()).starts_with("`embedding.json` of an embedding cannot be read: missing field"));
    let text = |from: &'static str, to: &'static str| move |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(from, to).into_bytes();
    assert!(with(DOCUMENT, &text("\"dimensions\":3", "\"dimensions\":0")).contains("no features"));
    assert_eq!(
        with(DOCUMENT, &text("\"dimensions\":3", "\"dimensions\":4")),
        "`features.f32` of an embedding has 36 bytes; 3 images with 4 numbers each have 48"
    );
    assert!(with(DOCUMENT, &text("\"dimensions\":3", "\"dimensions\":18446744073709551615")).contains("has 36 bytes"));
    assert!(with(FEATURES, &|b| b[1..].to_vec()).contains("has 35 bytes"));
    assert!(with(PROBABILITIES, &|b| [b, vec![0; 4]].concat()).contains("`probabilities.f32` of an embedding has 28 bytes"));
    assert!(with(INDEX, &text("image,", "film,")).starts_with("`index.csv` of an embedding cannot be read"));
    let flipped = |mut b: Vec<u8>| {
        b[0] ^= 1;
        b
    };
    assert!(with(FEATURES, &flipped).contains("are not those that the index of their embedding names"));
    assert!(with(PROBABILITIES, &flipped).contains("are not those that the index of their embedding names"));
    let repeated = |b: Vec<u8>| {
        let text = String::from_utf8(b).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        [lines[0], lines[1], lines[1], lines[3], lines[4]].map(|l| format!("{l}\n")).concat().into_bytes()
    };
    assert_eq!(with(INDEX, &repeated), "`index.csv` of an embedding does not name each image once, in order");
    let (_directory, files) = saved(&small());
    assert_eq!(Embedding::open(&files[..2]).unwrap_err().to_string(), "an embedding has no `features.f32`");
}
