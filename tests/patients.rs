//! Questions about patients: stores that are drawn at random, against a walk of the plainest kind; the file that keeps the answers; and
//! the three commands from outside.

mod asked;
mod drawn;
mod kept;
mod plain;

use drawn::Store;
use hilum::patients::{Action, Gap, Index, Person, Plan, Reached, Recorded, Sought, plan};
use hilum_cache::Digest;
use plain::{Plain, Walked};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is said of a result: study, stage, port, digest, images that it contains and that influenced it, and gaps.
type Said = (String, String, String, Option<Digest>, u64, u64, Vec<&'static str>);

fn by_index(index: &Index, results: &[&Recorded], counts: &dyn Fn(&Recorded) -> (u64, u64)) -> BTreeSet<Said> {
    let gaps = |r: &Recorded| index.flow(r).gaps.iter().map(|gap| gap.words()).collect();
    let one = |r: &&Recorded| (r.study.clone(), r.stage.clone(), r.port.clone(), r.digest, counts(r).0, counts(r).1, gaps(r));
    results.iter().map(one).collect()
}

fn by_walk(walked: &[(usize, String, String, Option<Digest>, Walked)], store: &Store) -> BTreeSet<Said> {
    let one = |(run, stage, port, digest, w): &(usize, String, String, Option<Digest>, Walked)| {
        let gaps = w.gaps.iter().map(|gap| gap.words()).collect();
        (store.runs[*run].study.clone(), stage.clone(), port.clone(), *digest, w.contains.len() as u64, w.influenced.len() as u64, gaps)
    };
    walked.iter().map(one).collect()
}

/// The names of a person: namespace, whether it is a pseudonym, and the name.
fn names(index: &Index, person: &Person) -> BTreeSet<(String, bool, String)> {
    person.names.iter().map(|name| (index.namespaces()[name.namespace as usize].clone(), name.is_pseudonym, name.text.clone())).collect()
}

/// Compares a store; none if a stage is above itself, which no study can say: the index says then that it is not known.
fn compare(store: &Store, what: &str) -> Option<(usize, BTreeMap<Action, u64>)> {
    let index = hilum::patients::open(&store.opened()).unwrap();
    let plain = Plain::of(store);
    if plain.is_cyclic() {
        assert!(index.results().iter().any(|r| index.flow(r).gaps.has(Gap::Record)), "{what}");
        return None;
    }
    let all: Vec<&Recorded> = index.results().iter().collect();
    let current: Vec<&Recorded> = index.results().iter().filter(|r| r.is_current).collect();
    let is_current =
        |walked: &[(usize, String, String, Option<Digest>, Walked)]| -> Vec<_> { walked.iter().filter(|w| plain.is_current(w.0, &w.1)).cloned().collect() };
    // Everybody at once, and whoever has no name.
    let everyone = plain.walk(&plain.all_images());
    let images = |r: &Recorded| (index.images(index.flow(r).contains), index.images(index.flow(r).influenced));
    assert_eq!(by_index(&index, &all, &images), by_walk(&everyone, store), "{what}");
    assert_eq!(by_index(&index, &current, &images), by_walk(&is_current(&everyone), store), "{what}: current");
    assert_eq!(current.len(), is_current(&everyone).len(), "{what}: current results, each once");
    let nobody = plain.walk(&plain.images_of_nobody());
    let unnamed = |r: &Recorded| (index.of_no_patient(index.flow(r).contains), index.of_no_patient(index.flow(r).influenced));
    assert_eq!(by_index(&index, &all, &unnamed), by_walk(&nobody, store), "{what}: of no patient");
    let (mut asked, mut actions) = (0, BTreeMap::new());
    for group in plain.people() {
        let (space, pseudonym) = group.iter().find(|name| name.1).map(|name| (name.0.clone(), name.2.clone())).unwrap_or_default();
        let found = index.find(&pseudonym, Some(&space));
        let person = if pseudonym.is_empty() { index.people.iter().find(|p| names(&index, p) == group) } else { found.people.first().copied() };
        let person = person.unwrap_or_else(|| panic!("{what}: {group:?} is not found"));
        assert_eq!(names(&index, person), group, "{what}");
        let sought = Sought { people: vec![person] };
        let mine = plain.images_of(&group);
        let walked = plain.walk(&mine);
        let answer = index.who_used(&sought);
        assert_eq!(answer.images, mine.len() as u64, "{what}: {group:?}");
        let counts: HashMap<*const Recorded, (u64, u64)> = answer.found.iter().map(|f| (std::ptr::from_ref(f.result), (f.contains, f.influenced))).collect();
        let count = |r: &Recorded| counts[&std::ptr::from_ref(r)];
        assert_eq!(by_index(&index, &all, &count), by_walk(&walked, store), "{what}: {group:?}");
        let current_walked = is_current(&walked);
        assert_eq!(by_index(&index, &current, &count), by_walk(&current_walked, store), "{what}: {group:?}");
        compare_plan(&plan(&index, &sought), &current_walked, store, what);
        for found in &answer.found {
            let expected = if found.contains > 0 {
                Reached::Contains
            } else if found.influenced > 0 {
                Reached::Influenced
            } else if found.gaps.is_missing() {
                Reached::NotKnown
            } else {
                Reached::Not
            };
            assert_eq!(found.reached, expected);
            // The other way round: who is in it.
            let [contains, influenced] = index.patients_of(found.result);
            let of = |holding: &hilum::patients::Holding| holding.patients.iter().find(|p| std::ptr::eq(p.person, person)).map_or(0, |p| p.images);
            assert_eq!((of(&contains), of(&influenced)), (found.contains, found.influenced), "{what}");
            asked += 1;
        }
        plan(&index, &sought).planned.iter().for_each(|p| *actions.entry(p.action).or_default() += 1);
    }
    // One pseudonym in several namespaces is several people.
    for pseudonym in plain.pseudonyms() {
        let expected: BTreeSet<_> = plain.people().into_iter().filter(|group| group.iter().any(|name| name.1 && name.2 == pseudonym)).collect();
        let found: BTreeSet<_> = index.find(&pseudonym, None).people.iter().map(|p| names(&index, p)).collect();
        assert_eq!(found, expected, "{what}");
    }
    Some((asked, actions))
}

fn compare_plan(plan: &Plan, walked: &[(usize, String, String, Option<Digest>, Walked)], store: &Store, what: &str) {
    let action = |w: &Walked, kind: &str| match () {
        () if !w.contains.is_empty() => Action::Delete,
        () if !w.influenced.is_empty() => match kind {
            "generator" | "weights" => Action::Retrain,
            "samples" | "images" => Action::Regenerate,
            _ => Action::Recompute,
        },
        () if w.gaps.iter().any(|gap| gap.is_missing()) => Action::NotKnown,
        () => Action::Keep,
    };
    let (mut results, mut millis, mut bytes) = (BTreeMap::new(), HashMap::new(), HashMap::new());
    let mut planned = BTreeSet::new();
    for (run, stage, port, digest, w) in walked {
        let receipt = store.result(*run, stage).map(|at| &store.receipts[at]);
        let artifact = receipt.map(|r| &r.outputs[port]);
        let action = action(w, artifact.map_or("", |a| a.kind));
        *results.entry(action).or_insert(0u64) += 1;
        planned.insert((store.runs[*run].study.clone(), stage.clone(), port.clone(), *digest, action));
        if let (Some(receipt), Some(artifact)) = (receipt, artifact) {
            let known = millis.entry(receipt.key).or_insert((action, receipt.millis));
            *known = (known.0.min(action), receipt.millis);
            let known = bytes.entry(artifact.digest).or_insert((action, artifact.bytes));
            known.0 = known.0.min(action);
        }
    }
    let said: BTreeSet<_> = plan.planned.iter().map(|p| (p.found.result.clone(), p.action)).map(|(r, a)| (r.study, r.stage, r.port, r.digest, a)).collect();
    assert_eq!(said, planned, "{what}");
    let sum = |of: &HashMap<_, (Action, u64)>, action: Action| of.values().filter(|v| v.0 == action).map(|v| v.1).sum::<u64>();
    for action in [Action::Delete, Action::Retrain, Action::Regenerate, Action::Recompute, Action::NotKnown, Action::Keep] {
        let total = plan.totals.get(&action).copied().unwrap_or_default();
        let in_bytes = bytes.values().filter(|v: &&(Action, u64)| v.0 == action).map(|v| v.1).sum::<u64>();
        assert_eq!(
            (total.results, total.millis, total.bytes),
            (results.get(&action).copied().unwrap_or(0), sum(&millis, action), in_bytes),
            "{what}: {action:?}"
        );
    }
}

/// Stores of several runs, with stages that take what they like of what they like, and with things that are gone.
#[test]
fn a_thousand_random_stores_are_answered_as_a_plain_walk_does() {
    let wanted: u64 = std::env::var("HILUM_PATIENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let all: Vec<_> = (0..wanted + wanted / 10).into_par_iter().filter_map(|seed| compare(&drawn::draw(seed), &format!("store {seed}"))).collect();
    let count = all.len() as u64;
    let asked: usize = all.iter().map(|one| one.0).sum();
    let mut actions: BTreeMap<Action, u64> = BTreeMap::new();
    all.iter().flat_map(|one| &one.1).for_each(|(action, n)| *actions.entry(*action).or_default() += n);
    println!("{count} stores, {asked} answers, actions {actions:?}");
    assert_eq!(actions.len(), 6, "every action occurs");
    assert!(count >= wanted, "{count} of {wanted}");
    assert!(actions.values().all(|n| *n >= count), "{actions:?}");
}
