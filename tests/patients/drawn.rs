//! Stores that are drawn from a seed and written as runs write them: imports under several namespaces, tables of random rows, stages with
//! random flows and bindings, results that are reused, and tables and receipts that are gone. Independent of who asks what.

mod written;

use hilum_cache::receipt::LocalFlow;
use hilum_cache::recipe::{Gathered, Input};
use hilum_cache::{Digest, StageKey, WritableStore};
use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::data::patients::tokens;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub image: Digest,
    pub token: String,
    pub label: &'static str,
    pub is_synthetic: bool,
    pub generator: Option<Digest>,
}

/// What a file says.
#[derive(Debug, Clone)]
pub enum Content {
    Samples(Vec<Row>),
    Patients(Vec<(String, String)>),
    Joined(Vec<(String, String)>),
    Other,
}

#[derive(Debug, Clone)]
pub struct Output {
    pub kind: &'static str,
    pub digest: Digest,
    pub bytes: u64,
}

#[derive(Debug, Clone)]
pub struct Receipt {
    pub key: StageKey,
    pub run: usize,
    pub stage: String,
    pub kind: &'static str,
    pub parameters: Value,
    pub inputs: BTreeMap<String, Input>,
    pub sources: Vec<Digest>,
    pub outputs: BTreeMap<String, Output>,
    pub flow: BTreeMap<String, LocalFlow>,
    pub millis: u64,
}

pub type Bound = BTreeMap<String, Vec<(String, String)>>;

#[derive(Debug, Clone, Default)]
pub struct Run {
    pub study: String,
    /// The graph; none if it was not recorded.
    pub graph: Option<BTreeMap<String, Bound>>,
    /// Parameters of imports.
    pub with: BTreeMap<String, Value>,
    pub keys: BTreeMap<String, StageKey>,
    /// Stages, each after those that it is bound to.
    order: Vec<String>,
}

/// A store, and what was written to it.
pub struct Store {
    held: tempfile::TempDir,
    pub runs: Vec<Run>,
    pub receipts: Vec<Receipt>,
    pub contents: HashMap<Digest, Content>,
    pub gone: BTreeSet<Digest>,
}

impl Store {
    pub fn path(&self) -> &Path {
        self.held.path()
    }
    pub fn opened(&self) -> hilum_cache::Store {
        hilum_cache::Store::open(self.path()).unwrap()
    }
    /// The receipt of a stage in a run: the newest of its key by then, or the first of all.
    pub fn result(&self, run: usize, stage: &str) -> Option<usize> {
        let key = self.runs[run].keys.get(stage)?;
        let all: Vec<usize> = (0..self.receipts.len()).filter(|at| self.receipts[*at].key == *key).collect();
        all.iter().rev().find(|at| self.receipts[**at].run <= run).or(all.first()).copied()
    }
}

const KINDS: [&str; 7] = ["samples", "samples", "generator", "generator", "weights", "images", "table"];
const LABELS: [&str; 2] = ["a", "b"];

pub fn draw(seed: u64) -> Store {
    // Nothing of it has to last.
    let memory = Path::new("/dev/shm");
    let held = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let writable = WritableStore::create(held.path()).unwrap();
    let store = Store { held, runs: vec![], receipts: vec![], contents: HashMap::new(), gone: BTreeSet::new() };
    let mut drawing = Drawing { store, writable, stream: Seed(seed).stream("test", "patients"), serial: 0, loses: false };
    drawing.loses = drawing.stream.chance(0.4);
    for _ in 0..1 + drawing.stream.below(4) {
        drawing.run();
    }
    drawing.store
}

struct Drawing {
    store: Store,
    writable: WritableStore,
    stream: Stream,
    serial: u64,
    /// True if some of it goes.
    loses: bool,
}

/// A run that is being drawn.
#[derive(Default)]
struct Current {
    run: Run,
    /// Outputs that stages can be bound to: stage, port, artifact.
    outputs: Vec<(String, String, Output)>,
}

impl Drawing {
    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.stream.below(of.len())].clone()
    }

    fn some<T: Clone>(&mut self, of: &[T], share: f64) -> Vec<T> {
        of.iter().filter(|_| self.stream.chance(share)).cloned().collect()
    }

    fn fresh(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn put(&mut self, kind: &'static str, bytes: &[u8], content: Content) -> Output {
        let digest = Digest::of(bytes);
        if !self.store.contents.contains_key(&digest) {
            // A few go, if any.
            if self.loses && self.stream.chance(0.08) {
                self.store.gone.insert(digest);
            } else {
                self.writable.put(bytes).unwrap();
            }
            self.store.contents.insert(digest, content);
        }
        Output { kind, digest, bytes: bytes.len() as u64 }
    }

    fn run(&mut self) {
        let number = self.store.runs.len();
        let before = (number > 0 && self.stream.chance(0.7)).then(|| self.stream.below(number.max(1)));
        let mut now = Current::default();
        now.run.study = self.pick(&["one".to_owned(), "two".to_owned()]);
        let mut written: Vec<Receipt> = vec![];
        let stages = 4 + self.stream.below(8);
        // What an earlier run had, most of it reused, some of it computed anew.
        let old = before.map(|run| self.store.runs[run].clone()).unwrap_or_default();
        for stage in old.order {
            let Some(bound) = old.graph.as_ref().and_then(|graph| graph.get(&stage)).cloned() else { continue };
            let Some(at) = before.and_then(|run| self.store.result(run, &stage)) else { continue };
            if self.stream.chance(0.2) {
                continue;
            }
            let receipt = self.store.receipts[at].clone();
            now.run.with.extend(old.with.get(&stage).map(|with| (stage.clone(), with.clone())));
            let mut bound = bound;
            if self.stream.chance(0.1) && !now.outputs.is_empty() {
                let other = self.pick(&now.outputs);
                bound.values_mut().flatten().take(1).for_each(|b| *b = (other.0.clone(), other.1.clone()));
            }
            let mut outputs = receipt.outputs.clone();
            if self.stream.chance(0.25) && receipt.kind != "import" {
                // Once more, under the same key or another one, with other bytes.
                let mut again = Receipt { run: number, stage: stage.clone(), ..receipt.clone() };
                if self.stream.chance(0.7) {
                    again.key = StageKey(Digest::of(format!("key {}", self.fresh()).as_bytes()));
                }
                let kinds: Vec<(String, &'static str)> = again.outputs.iter().map(|(port, o)| (port.clone(), o.kind)).collect();
                for (port, kind) in kinds.into_iter().filter(|(_, kind)| *kind != "samples") {
                    let bytes = format!("{kind} {}", self.fresh());
                    again.outputs.insert(port, self.put(kind, bytes.as_bytes(), Content::Other));
                }
                outputs = again.outputs.clone();
                now.run.keys.insert(stage.clone(), again.key);
                written.push(again);
            } else {
                now.run.keys.insert(stage.clone(), receipt.key);
            }
            now.run.graph.get_or_insert_default().insert(stage.clone(), bound);
            now.outputs.extend(outputs.into_iter().map(|(port, output)| (stage.clone(), port, output)));
            now.run.order.push(stage);
        }
        for _ in 0..1 + self.stream.below(2) {
            let import = self.import(number, &mut now);
            written.push(import);
        }
        if self.stream.chance(0.3) {
            let phantoms = self.phantoms(number, &mut now);
            written.push(phantoms);
        }
        for _ in 0..stages {
            let receipt = self.stage(number, &mut now);
            written.push(receipt);
        }
        if self.loses && self.stream.chance(0.2) {
            // A receipt that is nowhere.
            now.run.keys.insert("lost".into(), StageKey(Digest::of(b"lost")));
            now.run.graph.get_or_insert_default().insert("lost".into(), Bound::new());
            now.run.order.push("lost".into());
        }
        let has_graph = !self.stream.chance(0.1);
        self.write(&now, has_graph, &written);
        let run = Run { graph: now.run.graph.filter(|_| has_graph), ..now.run };
        self.store.runs.push(run);
        self.store.receipts.extend(written);
    }

    fn add(&mut self, now: &mut Current, receipt: &Receipt, bound: Bound) {
        now.run.keys.insert(receipt.stage.clone(), receipt.key);
        now.run.graph.get_or_insert_default().insert(receipt.stage.clone(), bound);
        now.outputs.extend(receipt.outputs.iter().map(|(port, output)| (receipt.stage.clone(), port.clone(), output.clone())));
        now.run.order.push(receipt.stage.clone());
    }

    fn receipt(&mut self, run: usize, stage: &str, kind: &'static str) -> Receipt {
        let (key, millis) = (StageKey(Digest::of(format!("key {}", self.fresh()).as_bytes())), self.stream.below(1000) as u64);
        let stage = stage.to_owned();
        let none = (Value::Null, BTreeMap::new(), vec![], BTreeMap::new(), BTreeMap::new());
        Receipt { key, run, stage, kind, parameters: none.0, inputs: none.1, sources: none.2, outputs: none.3, flow: none.4, millis }
    }

    fn import(&mut self, run: usize, now: &mut Current) -> Receipt {
        let registry = self.pick(&["north", "south"]);
        let stage = format!("images-{}", self.fresh());
        let with = if self.stream.chance(0.6) { json!({ "images": "dir", "patients": registry }) } else { json!({ "images": format!("dir-{registry}") }) };
        let people: Vec<u64> = self.some(&[0, 1, 2, 3, 4], 0.7);
        let mut named: Vec<(u64, Digest)> = vec![];
        for person in people {
            for n in 0..1 + self.stream.below(3) {
                // Some have an image of another one, here or elsewhere.
                let whose = if self.stream.chance(0.1) { self.stream.below(5) as u64 } else { person };
                let from = if self.stream.chance(0.05) { "south" } else { registry };
                named.push((person, Digest::of(format!("image {from} {whose} {n}").as_bytes())));
            }
        }
        let of_images: Vec<(u64, Digest)> =
            (0..self.stream.below(3) as u64).map(|n| (100 + n, Digest::of(format!("image {registry} {n} 0").as_bytes()))).collect();
        let tokens = tokens(named.iter().chain(&of_images).copied());
        let identities: BTreeSet<(String, String)> =
            named.iter().map(|(person, _)| (tokens[person].clone(), format!("p:{}", &Digest::of(&person.to_le_bytes()).hex()[..32]))).collect();
        let mut rows: Vec<Row> = vec![];
        for (person, image) in named.into_iter().chain(of_images) {
            let label = self.pick(&LABELS);
            rows.push(Row { image, token: tokens[&person].clone(), label, is_synthetic: false, generator: None });
        }
        for _ in 0..self.stream.below(2) {
            let image = Digest::of(format!("image {registry} {} 1", self.stream.below(6)).as_bytes());
            rows.push(Row { image, token: String::new(), label: "a", is_synthetic: false, generator: None });
        }
        if self.stream.chance(0.2) {
            let generator = self.generator();
            let image = Digest::of(format!("made {}", self.stream.below(4)).as_bytes());
            rows.push(Row { image, token: String::new(), label: "b", is_synthetic: true, generator });
        }
        let mut receipt = self.receipt(run, &stage, "import");
        receipt.parameters = json!({ "patients": with["patients"] });
        receipt.outputs.insert("samples".into(), self.samples(rows));
        let csv: String = identities.iter().fold("patient,pseudonym\n".to_owned(), |all, (token, pseudonym)| all + &format!("{token},{pseudonym}\n"));
        let table = self.put("patients", csv.as_bytes(), Content::Patients(identities.into_iter().collect()));
        receipt.outputs.insert("patients".into(), table);
        now.run.with.insert(stage, with);
        self.add(now, &receipt, Bound::new());
        receipt
    }

    fn phantoms(&mut self, run: usize, now: &mut Current) -> Receipt {
        let stage = format!("phantoms-{}", self.fresh());
        let drawn: Vec<(u64, Digest)> = (0..4).map(|n| (n / 2, Digest::of(format!("phantom {n}").as_bytes()))).collect();
        let tokens = tokens(drawn.iter().copied());
        let row = |(person, image): (u64, Digest)| Row { image, token: tokens[&person].clone(), label: "a", is_synthetic: false, generator: None };
        let mut receipt = self.receipt(run, &stage, "k");
        receipt.outputs.insert("samples".into(), self.samples(drawn.into_iter().map(row).collect()));
        self.add(now, &receipt, Bound::new());
        receipt
    }

    /// A generator that a row may name: of this store, of another, or none.
    fn generator(&mut self) -> Option<Digest> {
        let all: Vec<Digest> = self.store.receipts.iter().flat_map(|r| r.outputs.values()).filter(|o| o.kind == "generator").map(|o| o.digest).collect();
        match self.stream.below(4) {
            0 => None,
            1 => Some(Digest::of(b"a generator of somebody else")),
            _ if all.is_empty() => None,
            _ => Some(self.pick(&all)),
        }
    }

    fn stage(&mut self, run: usize, now: &mut Current) -> Receipt {
        let cell = self.pick(&["", "", "/arm=a", "/arm=b/fold=1"]);
        let stage = format!("stage-{}{cell}", self.fresh());
        let kind = self.pick(&["k", "k", "k", "combine", "train-gan"]);
        let mut receipt = self.receipt(run, &stage, kind);
        if kind == "combine" {
            receipt.parameters = json!({ "labels": ["a"] });
        }
        let mut bound = Bound::new();
        let mut rows: Vec<Row> = vec![];
        for n in 0..1 + self.stream.below(3) {
            let port = format!("p{n}");
            let mut of: Vec<(String, String, Output)> = vec![];
            for _ in 0..1 + self.stream.below(2) {
                of.push(self.pick(&now.outputs));
            }
            let form = self.stream.below(5);
            if form < 2 {
                of.truncate(1);
            }
            for (_, _, output) in &of {
                if let Some(Content::Samples(all)) = self.store.contents.get(&output.digest) {
                    rows.extend(all.iter().cloned());
                }
            }
            let mut digests: Vec<Digest> = of.iter().map(|o| o.2.digest).collect();
            if self.stream.chance(0.05) {
                digests[0] = Digest::of(b"made by nobody knows whom");
            }
            let input = match form {
                0 | 1 => Input::One(digests[0]),
                2 => Input::List(digests),
                3 => Input::Gathered(digests.iter().enumerate().map(|(n, digest)| Gathered { cell: format!("arm={n}"), digest: *digest }).collect()),
                _ => Input::Lookup { lookup: Digest::of(b"list"), images: 1 },
            };
            receipt.inputs.insert(port.clone(), input);
            match self.stream.below(20) {
                0 => {}
                1 => drop(bound.insert(port, vec![("no-such-stage".into(), "out".into())])),
                _ => drop(bound.insert(port, of.into_iter().map(|(stage, port, _)| (stage, port)).collect())),
            }
        }
        let networks: Vec<Digest> = now.outputs.iter().filter(|o| ["generator", "weights"].contains(&o.2.kind)).map(|o| o.2.digest).collect();
        if self.stream.chance(0.15) {
            let from_outside = networks.is_empty() || self.stream.chance(0.4);
            receipt.sources.push(if from_outside { Digest::of(b"weights of somebody else") } else { self.pick(&networks) });
        }
        let ports: Vec<String> = receipt.inputs.keys().cloned().collect();
        for n in 0..1 + self.stream.below(2) {
            let port = format!("out{n}");
            let output = self.output(&rows, now);
            if !self.stream.chance(0.15) {
                let flow = LocalFlow { contains: self.some(&ports, 0.4), influenced: self.some(&ports, 0.5) };
                receipt.flow.insert(port.clone(), flow);
            }
            receipt.outputs.insert(port, output);
        }
        self.add(now, &receipt, bound);
        receipt
    }

    fn output(&mut self, rows: &[Row], now: &Current) -> Output {
        let kind = self.pick(&KINDS);
        if kind == "samples" {
            let mut held = self.some(rows, 0.6);
            let near: Vec<Digest> = now.outputs.iter().filter(|o| o.2.kind == "generator").map(|o| o.2.digest).collect();
            for _ in 0..self.stream.below(3) {
                let generator = if near.is_empty() || self.stream.chance(0.2) { self.generator() } else { Some(self.pick(&near)) };
                // A translation shows the patient of its parent.
                let token = if rows.is_empty() || self.stream.chance(0.5) { String::new() } else { self.pick(rows).token };
                // Few images are made by several generators.
                let number = if self.stream.chance(0.1) { self.stream.below(8) as u64 } else { 100 + self.fresh() };
                let image = Digest::of(format!("made {number}").as_bytes());
                held.push(Row { image, token, label: self.pick(&LABELS), is_synthetic: true, generator });
            }
            return self.samples(held);
        }
        let named: Vec<&Row> = rows.iter().filter(|row| !row.token.is_empty()).collect();
        if kind == "table" && !named.is_empty() && self.stream.chance(0.2) {
            let pair = [0, 1].map(|_| named[self.stream.below(named.len())].token.clone());
            let csv = format!("patient,counts-as\n{},{}\n", pair[0], pair[1]);
            return self.put("table", csv.as_bytes(), Content::Joined(vec![pair.into()]));
        }
        // Some stages give the same bytes.
        let share = if ["generator", "weights"].contains(&kind) { 0.01 } else { 0.05 };
        let number = if self.stream.chance(share) { 0 } else { self.fresh() };
        self.put(kind, format!("{kind} {number}").as_bytes(), Content::Other)
    }
}
