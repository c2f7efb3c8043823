//! Tables of samples and indices of packs, read once per process: lookups and lineage need them again and again.

mod summary;

pub use summary::{OfLabel, Summary};

use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Error, Result, Store};
use hilum_stages::data::contents::{self, Content, Contents, Pair};
use hilum_stages::data::pack::{self, Images, Packed};
use hilum_stages::data::patients::{self, Identity, Patients};
use hilum_stages::data::sample::{self, Sample, Samples};
use hilum_stages::records::{JoinedPatient, Record, Table};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// Pairs of images that are duplicates, or look like them.
#[derive(Default)]
pub(crate) struct Alike {
    pub(crate) pairs: Vec<Pair>,
    /// Candidate pairs beyond the limit, which were not compared.
    pub(crate) not_compared: u64,
}

/// So many rows stay in memory, some 150 MB; tables that were not used for longest are read again if need be.
const KEPT_ROWS: usize = 500_000;

/// Rows of tables, those that were used last.
#[derive(Default)]
struct RecentTables {
    rows: HashMap<Digest, Arc<Vec<Sample>>>,
    /// In the order of their last use.
    order: VecDeque<Digest>,
}

impl RecentTables {
    fn get(&mut self, digest: &Digest) -> Option<Arc<Vec<Sample>>> {
        let found = self.rows.get(digest)?.clone();
        self.order.retain(|d| d != digest);
        self.order.push_back(*digest);
        Some(found)
    }

    fn insert(&mut self, digest: Digest, rows: Arc<Vec<Sample>>) {
        self.rows.insert(digest, rows);
        self.order.retain(|d| *d != digest);
        self.order.push_back(digest);
        while self.order.len() > 1 && self.rows.values().map(|rows| rows.len()).sum::<usize>() > KEPT_ROWS {
            self.order.pop_front().and_then(|oldest| self.rows.remove(&oldest));
        }
    }
}

/// The rows of artifacts, by digest.
#[derive(Default)]
pub struct Tables {
    samples: Mutex<RecentTables>,
    /// Rows of artifacts that are in no store.
    made_up: Mutex<HashMap<Digest, Arc<Vec<Sample>>>>,
    summaries: Mutex<HashMap<Digest, Arc<Summary>>>,
    packs: Mutex<HashMap<Digest, Arc<HashMap<Digest, Digest>>>>,
    pairs: Mutex<HashMap<Digest, Arc<Vec<Pair>>>>,
    contents: Mutex<HashMap<Digest, Arc<Vec<Content>>>>,
    alike: Mutex<HashMap<(Digest, Digest), Arc<Alike>>>,
}

impl Tables {
    /// Takes rows for those of an artifact that is in no store.
    pub(crate) fn put(&self, digest: Digest, rows: Vec<Sample>) {
        self.made_up.lock().expect("BUG: poisoned").insert(digest, Arc::new(rows));
    }

    /// The rows of a table of samples.
    pub fn samples(&self, store: &Store, artifact: &Artifact) -> Result<Arc<Vec<Sample>>> {
        if let Some(rows) = self.made_up.lock().expect("BUG: poisoned").get(&artifact.digest) {
            return Ok(rows.clone());
        }
        if let Some(rows) = self.samples.lock().expect("BUG: poisoned").get(&artifact.digest) {
            return Ok(rows);
        }
        let rows = Arc::new(read(store, artifact, sample::TABLE, Samples::read_rows)?);
        self.samples.lock().expect("BUG: poisoned").insert(artifact.digest, rows.clone());
        Ok(rows)
    }

    /// The counts of a table of samples.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn summary(&self, store: &Store, artifact: &Artifact) -> Result<Arc<Summary>> {
        if let Some(summary) = self.summaries.lock().expect("BUG: poisoned").get(&artifact.digest) {
            return Ok(summary.clone());
        }
        let summary = Arc::new(Summary::of(&self.samples(store, artifact)?));
        self.summaries.lock().expect("BUG: poisoned").insert(artifact.digest, summary.clone());
        Ok(summary)
    }

    /// The index of a pack: image → pixels.
    pub fn pack(&self, store: &Store, artifact: &Artifact) -> Result<Arc<HashMap<Digest, Digest>>> {
        if let Some(rows) = self.packs.lock().expect("BUG: poisoned").get(&artifact.digest) {
            return Ok(rows.clone());
        }
        let rows: Vec<Packed> = read(store, artifact, pack::INDEX, Images::read_index)?;
        let rows = Arc::new(rows.into_iter().map(|p| (p.image, p.known_as())).collect::<HashMap<_, _>>());
        self.packs.lock().expect("BUG: poisoned").insert(artifact.digest, rows.clone());
        Ok(rows)
    }

    /// Duplicate pairs within a pack; none if the pack does not list them.
    pub fn pairs(&self, store: &Store, artifact: &Artifact) -> Result<Arc<Vec<Pair>>> {
        if let Some(pairs) = self.pairs.lock().expect("BUG: poisoned").get(&artifact.digest) {
            return Ok(pairs.clone());
        }
        let known = store.files(artifact)?.iter().any(|f| f.name == contents::PAIRS);
        let pairs = Arc::new(if known { read(store, artifact, contents::PAIRS, Contents::read)? } else { vec![] });
        self.pairs.lock().expect("BUG: poisoned").insert(artifact.digest, pairs.clone());
        Ok(pairs)
    }

    /// The file that says what the images of a pack look like, if it has one: packs of other sizes may share it.
    pub fn contents_id(&self, store: &Store, artifact: &Artifact) -> Result<Option<Digest>> {
        Ok(store.files(artifact)?.into_iter().find(|f| f.name == contents::IMAGES).map(|f| f.digest))
    }

    /// How the images of a pack look; empty if the pack does not say.
    pub fn contents(&self, store: &Store, artifact: &Artifact) -> Result<Arc<Vec<Content>>> {
        if let Some(contents) = self.contents.lock().expect("BUG: poisoned").get(&artifact.digest) {
            return Ok(contents.clone());
        }
        let known = store.files(artifact)?.iter().any(|f| f.name == contents::IMAGES);
        let contents = Arc::new(if known { read(store, artifact, contents::IMAGES, Contents::read)? } else { vec![] });
        self.contents.lock().expect("BUG: poisoned").insert(artifact.digest, contents.clone());
        Ok(contents)
    }

    /// What two packs share, by the files that say what their images look like.
    pub(crate) fn alike(&self, packs: (Digest, Digest), compare: impl FnOnce() -> Result<Alike>) -> Result<Arc<Alike>> {
        if let Some(alike) = self.alike.lock().expect("BUG: poisoned").get(&packs) {
            return Ok(alike.clone());
        }
        let alike = Arc::new(compare()?);
        self.alike.lock().expect("BUG: poisoned").insert(packs, alike.clone());
        Ok(alike)
    }

    /// How many rows of a table are of real images, counted without taking rows apart.
    pub fn count_real(&self, store: &Store, artifact: &Artifact) -> Result<u64> {
        read(store, artifact, sample::TABLE, |bytes| Ok(vec![Samples::count_real(bytes)])).map(|count| count[0])
    }

    /// The pseudonyms behind the tokens of an import.
    pub fn patients(&self, store: &Store, artifact: &Artifact) -> Result<Vec<Identity>> {
        read(store, artifact, patients::TABLE, Patients::read_rows)
    }

    /// The patients who count as another one, if a table says that; none if it is another table.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn joined_patients(&self, store: &Store, artifact: &Artifact) -> Result<Vec<JoinedPatient>> {
        type Joined = Table<JoinedPatient>;
        let is_it = artifact.file.as_deref() == Some(&*Joined::file_name());
        if is_it { read(store, artifact, &Joined::file_name(), |bytes| Joined::read(bytes).map(|table| table.rows)) } else { Ok(vec![]) }
    }
}

fn read<T>(store: &Store, artifact: &Artifact, name: &str, parse: impl Fn(&[u8]) -> hilum_stages::contract::error::Result<Vec<T>>) -> Result<Vec<T>> {
    let fault = |why: String| Error::Record { path: store.object_path(&artifact.digest), why };
    let file = store.files(artifact)?.into_iter().find(|f| f.name == name).ok_or_else(|| fault(format!("it has no `{name}`")))?;
    parse(&store.read(&file.digest)?).map_err(|e| fault(e.to_string()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use hilum_cache::WritableStore;
    use hilum_stages::contract::port::OutputArtifact;
    use hilum_stages::data::sample::Origin;

    /// A real image of a patient. The image is called by its bytes.
    pub(crate) fn row(image: &str, patient: &str, label: &str) -> Sample {
        Sample {
            image: Digest::of(image.as_bytes()),
            patient: patient.into(),
            number: 0,
            label: label.into(),
            source: String::new(),
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

    /// A table of these rows in a store.
    pub(crate) fn put(store: &WritableStore, rows: Vec<Sample>) -> Artifact {
        let dir = tempfile::tempdir().unwrap();
        Samples { rows, images: vec![] }.save(dir.path()).unwrap();
        let blob = store.put(&std::fs::read(dir.path().join(sample::TABLE)).unwrap()).unwrap();
        Artifact { kind: "samples".into(), digest: blob.digest, sha256: blob.sha256, bytes: blob.size, file: Some(sample::TABLE.into()) }
    }

    #[test]
    fn a_table_is_read_once_and_one_that_is_none_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let (tables, table) = (Tables::default(), put(&store, vec![row("a", "p:1", "covid"), row("b", "p:1", "normal")]));
        assert!(Arc::ptr_eq(&tables.samples(&store, &table).unwrap(), &tables.samples(&store, &table).unwrap()));
        assert_eq!(tables.count_real(&store, &table).unwrap(), 2);
        let other = Artifact { file: Some("weights.bin".into()), ..table };
        let fault = Tables::default().samples(&store, &other).unwrap_err().to_string();
        assert!(fault.contains("it has no `samples.csv`"), "{fault}");
    }
}
