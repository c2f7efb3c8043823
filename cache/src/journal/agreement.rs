//! The fast scan of journals and their reader find the same, whatever is written: events of every type, texts and members that
//! look like parts of others, types of newer programs, damaged and torn lines.

use super::*;
use crate::receipt::{Artifact, LocalFlow, Outputs, tests::receipt};
use crate::recipe::Input;
use crate::{Digest, Ledger, Receipt, RunRecord, StageKey};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::fs;

const KEYS: u8 = 4;
const STUDIES: [&str; 3] = ["s", "t", r#"","type":"receipt","v":1}"#];

/// One line of a journal, as it is written.
#[derive(Debug, Clone)]
struct Written {
    /// An event, or something that is none.
    line: Value,
    /// What happens to it afterwards.
    damage: Damage,
}

#[derive(Debug, Clone)]
enum Damage {
    None,
    /// One byte becomes another.
    Byte(prop::sample::Index, u8),
    /// The end is lost.
    Cut(prop::sample::Index),
    /// There is an empty line before it.
    Empty,
}

fn key_of(n: u8) -> StageKey {
    StageKey(Digest::of(&[n]))
}

fn key() -> impl Strategy<Value = StageKey> {
    (0..KEYS).prop_map(key_of)
}

/// Names and messages: plain ones, and such as look like parts of lines.
fn text() -> impl Strategy<Value = String> {
    let odd = [r#""type":"receipt""#, r#","type":"receipt","v":1}"#, r#"x"key"#, "type", "key", "a\nb", "\u{1f600}"];
    prop_oneof![
        select(&["a", "b", "c"][..]).prop_map(str::to_owned),
        select(odd.to_vec()).prop_map(str::to_owned),
        key().prop_map(|k| format!(r#""key":"{k}""#))
    ]
}

fn study() -> impl Strategy<Value = String> {
    select(&STUDIES[..]).prop_map(str::to_owned)
}

/// JSON of which this crate knows nothing.
fn foreign() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        key().prop_map(|k| json!({ "key": k })),
        key().prop_map(|k| json!({ "receipt": { "key": k }, "type": "receipt", "v": 1 })),
        text().prop_map(|t| json!([t])),
    ]
}

fn receipts() -> impl Strategy<Value = Receipt> {
    let outputs = prop::collection::btree_map(text(), 0..3u8, 0..3);
    (study(), text(), key(), outputs, prop::collection::vec(text(), 0..2), foreign(), text()).prop_map(
        |(study, stage, key, outputs, notes, parameters, port)| {
            let artifact = |n: u8| Artifact { kind: "table".into(), digest: Digest::of(&[n]), sha256: Sha256::of(&[n]), bytes: 1, file: None };
            let mut receipt = Receipt { study, outputs: outputs.into_iter().map(|(port, n)| (port, artifact(n))).collect(), ..receipt(&stage, key) };
            receipt.environment.fingerprint = stage;
            receipt.flow.insert(port.clone(), LocalFlow { contains: notes.clone(), influenced: vec![] });
            receipt.recipe.inputs.insert(port, Input::One(Digest::of(b"input")));
            receipt.recipe.parameters = parameters;
            receipt.notes = notes;
            receipt
        },
    )
}

fn events() -> impl Strategy<Value = Event> {
    let stages = prop::collection::btree_map(text(), key(), 0..3);
    let finding = (text(), text(), 0..9u64).prop_map(|(id, message, n)| Finding {
        id,
        code: "L".into(),
        stage: "a".into(),
        message: Some(message),
        severity: Severity::Warning,
        notes: vec![],
        path: vec![],
        allowed: None,
        counts: BTreeMap::from([("images".into(), n)]),
    });
    prop_oneof![
        4 => receipts().prop_map(|r| Event::Receipt { receipt: Box::new(r) }),
        2 => (study(), stages).prop_map(|(study, stages)| Event::Reused { study, stages }),
        1 => (study(), foreign()).prop_map(|(study, resolved)| Event::Started { study, pipeline: Digest::of(b""), resolved }),
        1 => (text(), key()).prop_map(|(stage, key)| Event::StageStarted { stage, key }),
        1 => text().prop_map(|of| Event::Recovered { of, bytes: 1 }),
        1 => (study(), text(), text()).prop_map(|(study, stage, message)| Event::Failed(Failure { study, stage, message })),
        1 => finding.prop_map(Event::Finding),
        1 => (text(), 0..9u64).prop_map(|(id, line)| Event::Checked { decided: vec![id], gone: vec![line] }),
        1 => (0..9usize).prop_map(|n| Event::Finished(Finished { executed: n, reused: n, failed: 0, skipped: 0, cancelled: false })),
    ]
}

/// What newer programs might write: other types, other versions, and more members.
fn newer() -> impl Strategy<Value = Value> {
    let kind = select(vec!["receipt", "receipts", "receipt-2", "reused", "reused-2", "x", ""]);
    let member = select(vec!["a", "key", "receipt", "stages", "study", "where"]);
    (kind, member, foreign(), receipts(), any::<bool>()).prop_map(|(kind, member, value, receipt, inside)| {
        let mut line = json!({ "type": kind, "receipt": receipt });
        if kind != "receipt" {
            line["study"] = receipt.study.into();
            line["stages"] = json!({ "a": receipt.key });
        }
        // Behind the type of a line that is known there is no new member: see `Event`.
        let to = if inside || (member == "where" && kind == "reused") { &mut line["receipt"] } else { &mut line };
        to[member] = value;
        line
    })
}

fn written() -> impl Strategy<Value = Written> {
    let line = prop_oneof![5 => events().prop_map(|e| serde_json::to_value(e).unwrap()), 2 => newer()];
    let byte = select(b"x\"{},:\\0\xff".to_vec());
    let damage = prop_oneof![
        12 => Just(Damage::None),
        2 => (any::<prop::sample::Index>(), byte).prop_map(|(at, to)| Damage::Byte(at, to)),
        1 => any::<prop::sample::Index>().prop_map(Damage::Cut),
        1 => Just(Damage::Empty),
    ];
    (line, damage).prop_map(|(line, damage)| Written { line, damage })
}

/// The bytes of a journal; the last `torn` of them were not written any more.
fn bytes(all: &[Written], torn: usize) -> Vec<u8> {
    let (mut out, mut prev) = (vec![], Sha256::of(b""));
    for (seq, written) in all.iter().enumerate() {
        let mut line = line(&written.line, None, seq as u64, &prev, "2026-01-01T00:00:00.000Z".into());
        line.pop();
        prev = Sha256::of(&line);
        match &written.damage {
            Damage::None => {}
            Damage::Byte(at, to) => *at.get_mut(&mut line) = *to,
            Damage::Cut(at) => line.truncate(at.index(line.len())),
            Damage::Empty => line.insert(0, b'\n'),
        }
        out.extend(line);
        out.push(b'\n');
    }
    out.truncate(out.len().saturating_sub(torn));
    out
}

/// What the reader finds: receipts with their runs, oldest first, and by study the key under which each stage was last recorded.
type Found = (Vec<(Receipt, String)>, HashMap<String, HashMap<String, StageKey>>);

fn found(store: &Store) -> Found {
    let (mut receipts, mut last) = (vec![], HashMap::<String, HashMap<String, StageKey>>::new());
    for run in run_names(store).unwrap() {
        receipts.extend(RunRecord::read(store, &run).unwrap().receipts().map(|r| (r.clone(), run.clone())));
        for event in entries(store, &run).unwrap().into_iter().filter_map(|e| e.event) {
            match event {
                Event::Receipt { receipt: r } => last.entry(r.study).or_default().extend([(r.stage, r.key)]),
                Event::Reused { study, stages } => last.entry(study).or_default().extend(stages),
                _ => {}
            }
        }
    }
    (receipts, last)
}

/// True if every line is there, and every receipt is one that this program can read in whole.
fn is_whole(store: &Store) -> bool {
    let is_read = |run: &String| {
        let written = fs::read(store.run_dir(run).join(FILE)).unwrap();
        let read = entries(store, run).unwrap();
        read.len() == scan::lines(&written, 0).count() && read.iter().all(|e| e.kind != "receipt" || e.event.is_some())
    };
    run_names(store).unwrap().iter().all(is_read)
}

/// What the newest run says of its stages, if all of it is of one study and can be read.
fn newest(store: &Store, study: &str) -> Option<HashMap<String, StageKey>> {
    let mut stages = HashMap::new();
    for event in entries(store, run_names(store).unwrap().last()?).unwrap().into_iter().filter_map(|e| e.event) {
        match event {
            Event::Receipt { receipt: r } => (r.study == study).then(|| stages.insert(r.stage, r.key)).map(drop)?,
            Event::Reused { study: of, stages: more } => (of == study).then(|| stages.extend(more))?,
            _ => {}
        }
    }
    Some(stages)
}

fn check(store: &Store, ledger: &Ledger) -> std::result::Result<(), TestCaseError> {
    let (receipts, last) = found(store);
    let scanned: Vec<(Receipt, String)> = ledger.receipts().into_iter().map(|(r, run)| (r, run.to_owned())).collect();
    prop_assert_eq!(&scanned, &receipts);
    let is_whole = is_whole(store);
    for key in (0..KEYS).map(key_of) {
        let newest = receipts.iter().rfind(|(r, _)| r.key == key);
        let scanned = ledger.find(&key).map(|(r, run)| (r, run.to_owned()));
        prop_assert_eq!(scanned.as_ref(), newest);
        if is_whole {
            // Of lines of which only a part can be read, outputs may be that part.
            let outputs: Option<Outputs> = ledger.outputs(&key).map(|o| (*o).clone());
            prop_assert_eq!(outputs.as_ref(), newest.map(|(r, _)| &r.outputs));
        }
    }
    for study in STUDIES {
        if is_whole {
            let scanned = ledger.newest_of_study(study).map(|stages| stages.into_iter().map(|(stage, key)| (stage.into_owned(), key)).collect());
            prop_assert_eq!(scanned, newest(store, study));
        }
        prop_assert_eq!(ledger.last_of_study(study), last.get(study).cloned().unwrap_or_default());
    }
    Ok(())
}

/// Writes lines as the journal of one run, and checks what is found in it.
fn check_lines(lines: &[Value]) {
    let dir = tempfile::tempdir().unwrap();
    let store = WritableStore::create(dir.path()).unwrap();
    let written: Vec<Written> = lines.iter().map(|line| Written { line: line.clone(), damage: Damage::None }).collect();
    let run = store.run_dir("r0");
    fs::create_dir_all(&run).unwrap();
    fs::write(run.join(FILE), bytes(&written, 0)).unwrap();
    check(&store, &Ledger::load(&store).unwrap()).unwrap();
}

/// Such a line has the receipt where a receipt's line has it, and its last bytes, but for a brace.
#[test]
fn a_line_of_a_newer_type_that_ends_as_a_receipt_is_none() {
    let (receipt, key) = (receipt("a", key_of(0)), key_of(0));
    for kind in ["receipt-2", "reused-2", "x", ""] {
        let nested = json!({ "receipt": { "key": key }, "type": "receipt", "v": 1 });
        check_lines(&[json!({ "type": kind, "receipt": receipt, "study": "s", "stages": { "a": key }, "where": nested })]);
        check_lines(&[json!({ "type": kind, "receipt": receipt, "z": { "type": "reused", "v": 1 } })]);
    }
}

proptest! {
    #[test]
    fn the_scan_finds_what_the_reader_finds(
        runs in prop::collection::vec((prop::collection::vec(written(), 0..7), 0..60usize), 1..4),
        earlier in prop::collection::vec(any::<prop::sample::Index>(), 4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let all: Vec<Vec<u8>> = runs.iter().map(|(lines, torn)| bytes(lines, *torn)).collect();
        let write = |length: &dyn Fn(usize, &[u8]) -> usize| for (n, bytes) in all.iter().enumerate() {
            let run = store.run_dir(&format!("r{n}"));
            fs::create_dir_all(&run).unwrap();
            fs::write(run.join(FILE), &bytes[..length(n, bytes)]).unwrap();
        };
        // A part of each, down to the middle of a line; then the rest is written, as by runs that go on meanwhile.
        write(&|n, bytes| earlier[n].index(bytes.len() + 1));
        let mut ledger = Ledger::load(&store).unwrap();
        check(&store, &ledger)?;
        write(&|_, bytes| bytes.len());
        ledger.refresh(&store, "another").unwrap();
        check(&store, &ledger)?;
        check(&store, &Ledger::load(&store).unwrap())?;
    }
}
