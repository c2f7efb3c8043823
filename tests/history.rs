//! `benches/history.jsonl`: every line is a figure that can be compared, and names no machine. Measures nothing.

use crate::space::root;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;

/// A line; `benches/history.py` says what the fields mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Figure {
    date: String,
    commit: String,
    machine: String,
    bench: String,
    unit: String,
    value: f64,
    beside: BTreeMap<String, f64>,
    ratio: Option<f64>,
}

/// What is wrong with a figure, if anything.
fn fault(f: &Figure) -> Option<String> {
    let is_date = f.date.len() == 10 && f.date.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let is_commit = f.commit.len() >= 7 && f.commit.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let words: Vec<&str> = f.machine.split(' ').collect();
    let is_class = matches!(words[..], [n, "core" | "cores", kind, ..] if n.parse::<u32>().is_ok() && ["x86-64", "arm64"].contains(&kind))
        && words[3..].iter().all(|v| ["AVX2", "AVX-512"].contains(v));
    let file = f.bench.split('/').next().unwrap();
    let is_there = ["rs", "sh"].iter().any(|e| root().join(format!("benches/{file}.{e}")).is_file());
    let least = f.beside.values().copied().fold(f64::INFINITY, f64::min);
    let ratio = (!f.beside.is_empty()).then(|| f.value / least);
    let is_ratio = match (f.ratio, ratio) {
        (Some(said), Some(is)) => (said - is).abs() <= 0.0051,
        (None, None) => true,
        _ => false,
    };
    [
        (is_date, format!("`{}` is not a date such as 2026-01-31", f.date)),
        (is_commit, format!("`{}` is not a commit", f.commit)),
        (is_class, format!("`{}` is not a class of machines such as `2 cores x86-64 AVX-512`", f.machine)),
        (is_there && f.bench.contains('/'), format!("`{}` is not a file below benches and one of its figures, such as `steps/dcgan`", f.bench)),
        (["ms", "s", "MiB", "images/s", "%"].contains(&f.unit.as_str()), format!("`{}` is not a unit", f.unit)),
        (f.value > 0.0 && least > 0.0, "nothing takes no time".to_owned()),
        (is_ratio, format!("the ratio is {ratio:?}, not {:?}", f.ratio)),
    ]
    .into_iter()
    .find_map(|(holds, why)| (!holds).then_some(why))
}

#[test]
fn every_figure_can_be_compared() {
    let text = fs::read_to_string(root().join("benches/history.jsonl")).unwrap();
    let mut before = String::new();
    for (number, line) in text.lines().enumerate() {
        let at = format!("benches/history.jsonl:{}", number + 1);
        let figure: Figure = serde_json::from_str(line).unwrap_or_else(|e| panic!("{at}: {e}"));
        let why = fault(&figure);
        assert!(why.is_none(), "{at}: {}", why.unwrap());
        assert!(figure.date >= before, "{at}: {} comes after {before}: figures are appended", figure.date);
        before = figure.date;
    }
    assert!(text.ends_with('\n') && !before.is_empty(), "benches/history.jsonl has no figure, or its last line does not end");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let good = r#"{"date":"2026-11-21","commit":"66b9c42","machine":"2 cores x86-64 AVX-512","bench":"noop/100","unit":"ms","value":5.1,"beside":{"ninja":3.6},"ratio":1.42}"#;
    let parsed = |text: &str| serde_json::from_str::<Figure>(text).unwrap();
    assert_eq!(fault(&parsed(good)), None);
    for (from, to) in [
        ("2026-11-21", "21.11.2026"),
        ("66b9c42", "main"),
        ("2 cores x86-64 AVX-512", "anna-laptop"),
        ("2 cores x86-64 AVX-512", "2 cores x86-64 anna-laptop"),
        ("noop/100", "nothing/100"),
        ("noop/100", "noop"),
        ("\"ms\"", "\"parsecs\""),
        ("5.1", "-5.1"),
        ("1.42", "0.71"),
        ("1.42", "null"),
    ] {
        assert!(fault(&parsed(&good.replace(from, to))).is_some(), "{to} instead of {from} must be refused");
    }
}
