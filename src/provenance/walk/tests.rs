//! The walk over journals written by hand.

use crate::pipeline::binding;
use crate::provenance::{Edge, History, Node, Origin, Provenance, Unused};
use hilum_cache::journal::Event;
use hilum_cache::receipt::{Artifact, Determinism, Outputs};
use hilum_cache::recipe::{Gathered, Input};
use hilum_cache::{Digest, Journal, Receipt, Recipe, Sha256, StageKey, WritableStore};
use serde_json::{Value, json};
use std::collections::BTreeMap;

struct Records {
    store: WritableStore,
    _held: tempfile::TempDir,
}

/// A receipt whose one output `out` contains `bytes`; its key goes by the stage's name.
fn receipt(study: &str, stage: &str, bytes: &[u8], inputs: &[(&str, Input)]) -> Receipt {
    let artifact = |bytes: &[u8], name: &str| Artifact {
        kind: "table".into(),
        digest: Digest::of(bytes),
        sha256: Sha256::of(bytes),
        bytes: bytes.len() as u64,
        file: Some(name.into()),
    };
    Receipt {
        key: StageKey(Digest::of(stage.as_bytes())),
        study: study.into(),
        stage: stage.into(),
        recipe: Recipe {
            v: 1,
            kind: "k".into(),
            version: 1,
            parameters: Value::Null,
            seed: None,
            inputs: inputs.iter().map(|(port, input)| ((*port).to_owned(), input.clone())).collect(),
            sources: BTreeMap::new(),
            engine: None,
            pseudonyms: None,
        },
        outputs: Outputs::from_iter([("out".to_owned(), artifact(bytes, "index.csv"))]),
        flow: BTreeMap::new(),
        determinism: Determinism::Bitwise,
        environment: Default::default(),
        started: "2026-01-01T00:00:00.000Z".into(),
        millis: 1,
        peak_memory: None,
        attempt: 1,
        notes: vec![],
    }
}

impl Records {
    fn new() -> Records {
        let held = tempfile::tempdir().unwrap();
        Records { store: WritableStore::create(held.path()).unwrap(), _held: held }
    }
    /// A run: its graph as `stage → in`, what it computed, and what was up to date by the stage that had computed it. Gives its
    /// name.
    fn run(&self, study: &str, graph: Value, computed: &[Receipt], reused: &[(&str, &str)]) -> String {
        let mut journal = Journal::begin(&self.store).unwrap();
        let stages: Value = graph.as_object().unwrap().iter().map(|(name, bound)| (name.clone(), json!({ "stage": "k", "in": bound }))).collect();
        let study = study.to_owned();
        let keys = reused.iter().map(|(stage, by)| ((*stage).to_owned(), StageKey(Digest::of(by.as_bytes())))).collect();
        let first =
            [Event::Started { study: study.clone(), pipeline: Digest::of(b""), resolved: json!({ "stages": stages }) }, Event::Reused { study, stages: keys }];
        let computed = computed.iter().map(|receipt| Event::Receipt { receipt: Box::new(receipt.clone()) });
        first.into_iter().chain(computed).for_each(|event| journal.append(&event).unwrap());
        journal.run().to_owned()
    }
    fn with<T>(&self, look: impl FnOnce(&History) -> T) -> T {
        look(&History::read(&self.store).unwrap())
    }
    fn walk(&self, run: &str, stage: &str) -> Provenance {
        self.with(|history| history.walk([(history.run(run).unwrap(), stage)]))
    }
}

/// `port → stage` of the inputs of a stage; `-` where it was not recorded.
fn inputs<'a>(graph: &'a Provenance, stage: &str) -> Vec<(&'a str, &'a str)> {
    let from = |e: &'a Edge| (e.port.as_str(), e.from.as_ref().map_or("-", |s| graph.nodes[s.node].stage.as_str()));
    node(graph, stage).inputs.iter().map(from).collect()
}

fn node<'a>(graph: &'a Provenance, stage: &str) -> &'a Node {
    let mut found = graph.nodes.iter().filter(|n| n.stage == stage);
    let node = found.next().unwrap();
    assert!(found.next().is_none(), "{stage} is there twice");
    node
}

#[test]
fn of_several_stages_with_equal_bytes_the_bound_one_is_the_origin() {
    let records = Records::new();
    let same = Digest::of(b"same");
    let computed = [
        receipt("s", "a", b"same", &[]),
        receipt("s", "b", b"same", &[("x", Input::One(same))]),
        receipt("s", "c", b"same", &[("x", Input::One(same))]),
        receipt("s", "d", b"d", &[("y", Input::List(vec![same, same])), ("x", Input::One(same))]),
    ];
    let graph = json!({ "a": {}, "b": { "x": "a.out" }, "c": { "x": "a.out" }, "d": { "x": "b.out", "y": ["c.out", "a.out"] } });
    let run = records.run("s", graph, &computed, &[]);
    let graph = records.walk(&run, "d");
    assert_eq!(inputs(&graph, "d"), [("x", "b"), ("y", "c"), ("y", "a")]);
    assert_eq!((inputs(&graph, "b"), inputs(&graph, "c")), (vec![("x", "a")], vec![("x", "a")]));
    assert_eq!(graph.ends().into_iter().collect::<Vec<_>>(), graph.roots);
    // Asked for by their bytes, all three are the answer.
    let origins: Vec<String> = records.with(|h| h.holding(&|d, _| *d == same).into_iter().map(|o| o.stage).collect());
    assert_eq!(origins, ["a", "b", "c"]);
}

#[test]
fn a_reused_stage_is_in_the_graph_of_its_run_and_names_the_run_that_computed_it() {
    let records = Records::new();
    let first = records.run("one", json!({ "a": {} }), &[receipt("one", "a", b"a", &[])], &[]);
    let second =
        records.run("two", json!({ "z": {}, "b": { "x": "z.out" } }), &[receipt("two", "b", b"b", &[("x", Input::One(Digest::of(b"a")))])], &[("z", "a")]);
    // Later the same key gave other bytes: older runs did not use them.
    let third = records.run("one", json!({ "a": {} }), &[receipt("one", "a", b"other", &[])], &[]);
    let graph = records.walk(&second, "b");
    assert_eq!(inputs(&graph, "b"), [("x", "z")]);
    let z = node(&graph, "z");
    let result = z.result.as_ref().unwrap();
    assert_eq!((z.run.as_str(), z.study.as_str()), (second.as_str(), "two"));
    assert_eq!((result.run.as_str(), result.study.as_str(), result.stage.as_str()), (first.as_str(), "one", "a"));
    assert_eq!(result.outputs.get("out").unwrap().digest, Digest::of(b"a"));
    let newest: Vec<(String, Option<Digest>)> = records.with(|h| {
        let named = |o: &Origin| (h.runs[o.run].name.clone(), o.part.as_ref().map(|p| p.digest));
        h.selected(&binding::parse("a.out").unwrap()).iter().map(named).collect()
    });
    assert_eq!(newest, [(third, Some(Digest::of(b"other")))]);
}

#[test]
fn what_a_journal_does_not_say_stays_unsaid() {
    let records = Records::new();
    let x = || [("x", Input::One(Digest::of(b"a")))];
    // No graph at all; a binding to no stage; a stage of the graph of which no result is recorded, as when a run is killed.
    let old = records.run("s", json!({}), &[receipt("s", "a", b"a", &[]), receipt("s", "b", b"b", &x())], &[]);
    let graph = records.walk(&old, "b");
    assert_eq!((inputs(&graph, "b"), node(&graph, "b").kind.as_str()), (vec![("x", "-")], "k"));
    let odd = records.run("s", json!({ "b": { "x": "gone.out" } }), &[receipt("s", "b", b"b", &x())], &[]);
    assert_eq!(inputs(&records.walk(&odd, "b"), "b"), [("x", "-")]);
    let killed = records.run("s", json!({ "a": { "w": "b.out" }, "b": { "x": "a.out" } }), &[receipt("s", "b", b"b", &x())], &[]);
    // The two are above each other, which no study can say: the walk ends all the same.
    let graph = records.walk(&killed, "b");
    assert_eq!((inputs(&graph, "b"), inputs(&graph, "a")), (vec![("x", "a")], vec![("w", "b")]));
    assert_eq!((node(&graph, "a").result.as_ref(), graph.nodes.len()), (None, 2));
}

#[test]
fn gathered_outputs_keep_their_cells() {
    let records = Records::new();
    let cell = |cell: &str| Gathered { cell: cell.into(), digest: Digest::of(b"s") };
    let gathered = Input::Gathered(vec![cell("arm=a"), cell("arm=b")]);
    let stages = ["s/arm=a/repeat=0", "s/arm=b/repeat=0", "all"];
    let computed = stages.map(|s| {
        receipt("s", s, b"s", if s == "all" { std::slice::from_ref(&gathered) } else { &[] }.iter().map(|g| ("x", g.clone())).collect::<Vec<_>>().as_slice())
    });
    let run = records.run(
        "s",
        json!({ "s/arm=a/repeat=0": {}, "s/arm=b/repeat=0": {}, "all": { "x": ["s.out/arm=a/repeat=0", "s.out/arm=b/repeat=0"] } }),
        &computed,
        &[],
    );
    let graph = records.walk(&run, "all");
    assert_eq!(inputs(&graph, "all"), [("x", "s/arm=a/repeat=0"), ("x", "s/arm=b/repeat=0")]);
    let cells: Vec<Option<&str>> = node(&graph, "all").inputs.iter().map(|e| e.cell.as_deref()).collect();
    assert_eq!(cells, [Some("arm=a"), Some("arm=b")]);
}

#[test]
fn images_come_from_the_packs_that_hold_them() {
    let records = Records::new();
    let (image, other) = (Digest::of(b"film"), Digest::of(b"other"));
    let pixels = Digest::of(b"pixels");
    let index = |image: Digest| format!("image,pixels\n{image},{pixels}\n").into_bytes();
    let list = format!("{} {}\n{} -\n", image.hex(), pixels.hex(), Digest::of(b"of no pack").hex()).into_bytes();
    for bytes in [&index(image), &index(other), &list] {
        records.store.put(bytes).unwrap();
    }
    let lookup = |list: &[u8]| [("images", Input::Lookup { lookup: Digest::of(list), images: 2 })];
    let packs = || vec![receipt("s", "real", &index(image), &[]), receipt("s", "made", &index(other), &[])];
    let graph = || json!({ "real": {}, "made": {}, "late": {}, "t": { "images": ["made.out", "real.out", "late.out"] } });
    let run = records.run("s", graph(), &[packs(), vec![receipt("s", "t", b"t", &lookup(&list))]].concat(), &[]);
    let t = records.walk(&run, "t");
    assert_eq!((inputs(&t, "t"), node(&t, "t").inputs[0].images), (vec![("images", "real")], Some(1)));
    let unused = |stage: &str| Unused { port: "images".into(), stage: stage.into(), output: "out".into() };
    assert_eq!(node(&t, "t").unused, [unused("made"), unused("late")], "one that holds none of them, and one that was not waited for");
    // If the list is gone, which of them gave images is unknown: none is left out.
    let run = records.run("s", graph(), &[packs(), vec![receipt("s", "t", b"t", &lookup(b"gone"))]].concat(), &[]);
    let t = records.walk(&run, "t");
    assert_eq!(inputs(&t, "t"), [("images", "made"), ("images", "real"), ("images", "late")]);
    assert!(node(&t, "t").inputs.iter().all(|e| e.images.is_none()) && node(&t, "t").unused.is_empty());
}
