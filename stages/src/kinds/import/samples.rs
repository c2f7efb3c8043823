//! From the rows of a source to the table of samples and that of patients.
//!
//! Nothing in the table of samples depends on the key, on file names or on the order of rows: the same images and the
//! same table give the same samples.

use super::dicom::{Headers, Use};
use super::find::{Finder, Way};
use super::left_out::{self, Omitted};
use super::patterns;
use super::row::{Row, Whose};
use super::{Outputs, text};
use crate::contract::prelude::*;
use crate::contract::pseudonym::PseudonymKey;
use crate::contract::source::{ListedFile, Listing};
use crate::data::grey::OnDamage;
use crate::data::inspect::{self, ImageHeader};
use crate::data::limits::MOST_PIXELS;
use crate::data::names::spelling;
use crate::data::patients::{Identity, Patients, tokens};
use crate::data::sample::{Origin, Sample, Samples};
use crate::words::counted;
use hilum_cache::Digest;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A row whose image can be used.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) row: Row,
    pub(super) image: Digest,
    pub(super) look: ImageHeader,
}

/// A patient whose images stay together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Person {
    Named(String),
    OfImage(Digest),
}

impl Kept {
    /// None if hilum generated the image: what it was generated from is not known here.
    pub(super) fn person(&self) -> Option<Person> {
        match (&self.row.patient, self.look.synthetic) {
            (_, Some(_)) => None,
            (Whose::Named(name), None) => Some(Person::Named(name.clone())),
            (_, None) => Some(Person::OfImage(self.image)),
        }
    }
    /// Age in years, if it can be read.
    pub(super) fn age(&self) -> Option<f64> {
        text::age(&self.row.age)
    }
}

/// Where the files of rows are looked for, and how they are treated.
pub(super) struct Search<'a> {
    pub(super) images: &'a Listing,
    /// Files that the study leaves out.
    pub(super) excluded: &'a [ListedFile],
    /// Finds the patient in the path of an image below `images`.
    pub(super) whose: Option<Regex>,
    /// How headers of DICOM files are used.
    pub(super) headers: Use<'a>,
    pub(super) on_damage: OnDamage,
    /// Labels that the study itself writes.
    pub(super) written: &'a BTreeSet<&'a str>,
    /// What to do if nothing is found.
    pub(super) help: &'static str,
}

/// Looks files up that are not excluded.
pub(super) fn finder<'a>(images: &'a Listing, excluded: &'a [ListedFile]) -> Finder<'a> {
    let excluded = excluded.iter().map(|f| (f.name.as_str(), left_out::EXCLUDED));
    let passed_over = images.passed_over.iter().map(|p| (p.name.as_str(), p.why.as_str()));
    Finder::new(&images.files, excluded.chain(passed_over))
}

type Found<'a> = Result<(&'a ListedFile, Way), &'a str>;

/// Files that several rows match under different names, or loosely beside an exact match: their patient is ambiguous.
fn disputed<'a>(rows: &[Row], found: &[Found<'a>]) -> HashSet<&'a str> {
    let is_loose = |found: &&Found| found.is_ok_and(|(_, way)| way > Way::Spelling);
    if !found.iter().any(|f| is_loose(&f)) {
        return HashSet::new();
    }
    let mut named = HashSet::new();
    let mut meant: HashMap<&str, HashSet<String>> = HashMap::new();
    for (row, (file, way)) in rows.iter().zip(found).filter_map(|(r, f)| Some((r, (*f).ok()?))) {
        if way > Way::Spelling {
            meant.entry(file.name.as_str()).or_default().insert(spelling(&row.file));
        } else {
            named.insert(file.name.as_str());
        }
    }
    meant.into_iter().filter(|(file, names)| names.len() > 1 || named.contains(file)).map(|(file, _)| file).collect()
}

/// The rows whose images exist, have a patient, and are images.
///
/// # Errors
/// Where there are none, or where one is damaged and `on_damage` is `stop`.
pub(super) fn usable(rows: Vec<Row>, search: &Search, mut omitted: Omitted, cx: &Context) -> Result<Vec<Kept>> {
    let finder = finder(search.images, search.excluded);
    let found: Vec<Found> = rows.iter().map(|row| finder.find(&row.file)).collect();
    let disputed = disputed(&rows, &found);
    let headers = Headers::read(found.iter().filter_map(|f| Some((*f).ok()?.0)), &search.headers)?;
    let (mut kept, mut ways, mut damaged) = (Vec::with_capacity(rows.len()), BTreeMap::<Way, HashSet<&str>>::new(), 0);
    let all = rows.len() + omitted.lost();
    for (mut row, found) in rows.into_iter().zip(found) {
        let usable = found.map_err(str::to_owned).and_then(|(file, way)| {
            if way > Way::Spelling && disputed.contains(file.name.as_str()) {
                return Err("several names match its file".to_owned());
            }
            if let Some(expression) = &search.whose {
                row.patient = match Whose::named(&patterns::first(expression, &file.name).unwrap_or_default()) {
                    Whose::Named(name) => Whose::Named(name),
                    _ => Whose::Unnamed("no patient in its path"),
                };
            }
            headers.add(&mut row, file)?;
            Ok((look(&row, file, &mut damaged)?, file, way))
        });
        match usable {
            Ok((look, file, way)) => {
                // Several rows may name one file.
                ways.entry(way).or_default().insert(file.name.as_str());
                kept.push(Kept { row, image: file.digest, look });
            }
            Err(why) => omitted.add(&row.file, &row.label, why),
        }
    }
    let public: BTreeSet<&str> = kept.iter().map(|k: &Kept| k.row.label.as_str()).chain(search.written.iter().copied()).collect();
    let reasons = omitted.report(&public, cx);
    headers.remark(&kept.iter().map(|k| k.image).collect(), cx);
    for (way, files) in ways {
        way.words().into_iter().for_each(|(one, many)| cx.note(counted(files.len(), one, many)));
    }
    if damaged > 0 && search.on_damage == OnDamage::Stop {
        let help = "the list of left-out images names them; `on_damage: leave-out` continues without them";
        return Err(Error::helped(counted(damaged, "image is damaged", "images are damaged"), help));
    }
    if kept.len() * 2 < all && !kept.is_empty() {
        cx.warn(format!("only {} of {all} rows are used; most are left out", kept.len()));
    }
    if kept.is_empty() {
        let why = reasons.iter().max_by_key(|w| w.1).map_or("no image was found".to_owned(), |(why, n)| format!("no image is usable; {n} of them: {why}"));
        return Err(Error::helped(why, search.help));
    }
    Ok(kept)
}

fn look(row: &Row, file: &ListedFile, damaged: &mut usize) -> Result<ImageHeader, String> {
    let look = inspect::read_note(&file.note);
    let is_synthetic = look.as_ref().is_ok_and(|l| l.synthetic.is_some());
    if let Whose::Unnamed(why) = row.patient
        && !is_synthetic
    {
        return Err(why.into());
    }
    *damaged += usize::from(look.as_ref().is_err_and(|why| !inspect::is_other(why)));
    let look = look?;
    if u64::from(look.width) * u64::from(look.height) > MOST_PIXELS {
        return Err(format!("more than {} million pixels", MOST_PIXELS / 1_000_000));
    }
    Ok(look)
}

/// The token of every patient who has an image.
pub(super) fn tokens_of(kept: &[Kept]) -> HashMap<Person, String> {
    tokens(kept.iter().filter_map(|k| Some((k.person()?, k.image))))
}

/// The tables; `source` is the source of images whose rows do not give one.
pub(super) fn of(kept: Vec<Kept>, source: Option<&str>, tokens: &HashMap<Person, String>, key: &PseudonymKey) -> Outputs {
    let identities = tokens.iter().filter_map(|(person, token)| match person {
        Person::Named(name) => Some(Identity { patient: token.clone(), pseudonym: key.pseudonym(name) }),
        Person::OfImage(_) => None,
    });
    let patients = Patients::of(identities.collect());
    let mut rows: Vec<Sample> = kept.into_iter().map(|k| sample(k.person().map(|p| &tokens[&p]), source, k)).collect();
    once(&mut rows);
    Samples::number(&mut rows);
    Outputs { samples: Samples::of(rows), patients }
}

fn sample(token: Option<&String>, source: Option<&str>, kept: Kept) -> Sample {
    let age = kept.age();
    let Kept { row, image, look } = kept;
    let (origin, usual) = if look.synthetic.is_some() { (Origin::Synthetic, "synthetic") } else { (Origin::Real, "import") };
    Sample {
        image,
        patient: token.cloned().unwrap_or_default(),
        number: 0,
        label: row.label,
        source: if row.source.is_empty() { source.unwrap_or(usual).to_owned() } else { row.source },
        origin,
        generator: look.synthetic.and_then(|m| m.generator),
        parent: None,
        age,
        sex: row.sex,
        view: row.view,
        width: look.width,
        height: look.height,
    }
}

/// Keeps one row of those with the same patient, image and label: the smallest by its other columns, whatever their
/// order.
fn once(rows: &mut Vec<Sample>) {
    let mut seen = HashSet::with_capacity(rows.len());
    let again: HashSet<Digest> = rows.iter().filter(|r| !seen.insert(r.image)).map(|r| r.image).collect();
    let (mut several, one): (Vec<Sample>, Vec<Sample>) = rows.drain(..).partition(|r| again.contains(&r.image));
    several.sort_by(|a, b| {
        let order = (&a.patient, a.image, &a.label, &a.source).cmp(&(&b.patient, b.image, &b.label, &b.source));
        let age = |s: &Sample| s.age.unwrap_or(f64::NEG_INFINITY);
        order.then(age(a).total_cmp(&age(b))).then((&a.sex, &a.view).cmp(&(&b.sex, &b.view)))
    });
    several.dedup_by(|b, a| (&a.patient, a.image, &a.label) == (&b.patient, b.image, &b.label));
    *rows = one;
    rows.append(&mut several);
}
