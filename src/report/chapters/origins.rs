//! What a run was made of: data by their digests, seeds, programs and devices.

use super::{Chapter, Material};
use crate::report::evidence;
use crate::report::wide::{prose, table};
use hilum_cache::{Receipt, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(super) const CHAPTER: Chapter = Chapter { id: "origins", title: "Data, seeds and devices", about: &[], render };

/// Seeds of one stage that are listed.
const SEEDS: usize = 6;

/// Counts of values, in the order in which they were first seen.
#[derive(Default)]
struct Distinct<T>(Vec<T>, BTreeMap<T, usize>);

impl<T: Ord + Clone> Distinct<T> {
    fn add(&mut self, value: T) {
        match self.1.get_mut(&value) {
            Some(n) => *n += 1,
            None => {
                self.0.push(value.clone());
                self.1.insert(value, 1);
            }
        }
    }
    fn iter(&self) -> impl Iterator<Item = (&T, usize)> {
        self.0.iter().map(|value| (value, self.1[value]))
    }
}

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut data, mut programs, mut devices): (Distinct<[String; 3]>, Distinct<[String; 4]>, Distinct<[String; 3]>) = Default::default();
    let mut seeds: Vec<(String, Distinct<String>)> = vec![];
    let mut at_seed: BTreeMap<String, usize> = BTreeMap::new();
    for receipt in m.facts.receipts() {
        of_data(&receipt).into_iter().for_each(|row| data.add(row));
        let (recipe, e) = (&receipt.recipe, &receipt.environment);
        programs.add([
            format!("hilum {}", e.program),
            format!("{}{}", e.commit, if e.dirty { " with changes" } else { "" }),
            e.toolchain.clone(),
            e.lockfile.clone(),
        ]);
        devices.add([recipe.engine.clone().unwrap_or("–".to_owned()), e.fingerprint.clone(), e.threads.to_string()]);
        if let Some(seed) = &recipe.seed {
            let base = receipt.stage.split('/').next().unwrap_or_default().to_owned();
            let at = *at_seed.entry(base.clone()).or_insert_with(|| {
                seeds.push((base, Distinct::default()));
                seeds.len() - 1
            });
            seeds[at].1.add(seed.clone());
        }
    }
    let code = |text: &str| html! { code { (text) } };
    let of_data = data
        .iter()
        .map(|(row, _)| row.each_ref().map(String::as_str))
        .map(|[stage, what, digest]| html! { th scope="row" { (evidence::stage(m.facts, stage)) } td { (prose(what)) } td { (code(digest)) } });
    let of_seeds = seeds.iter().map(|(stage, all)| {
        let shown: Vec<&str> = all.iter().take(SEEDS).map(|(seed, _)| seed.as_str()).collect();
        let more = all.0.len().saturating_sub(SEEDS);
        html! { th scope="row" { (stage) } td { (shown.join(", ")) @if more > 0 { " and " (more) " more" } } }
    });
    let of_programs = programs.iter().map(|(row, n)| row_of(row, n));
    let of_devices = devices.iter().map(|(row, n)| row_of(row, n));
    let elsewhere = format!("`hilum show {}`", m.facts.run);
    let all = [
        ("Data", vec!["stage", "what", "digest"], of_data.collect::<Vec<_>>()),
        ("Seeds", vec!["stage", "seeds of its cells"], of_seeds.collect()),
        ("Programs", vec!["program", "commit", "compiler", "dependencies", "stages"], of_programs.collect()),
        ("Devices", vec!["engine", "fingerprint", "threads", "stages"], of_devices.collect()),
    ];
    let files = data.0.len();
    Ok(Some(html! {
        p {
            (counted(files, "source", "sources")) " of data. The same recipe on an engine with the same fingerprint gives the same bytes; a result that was reused is listed with the program and the device that computed it."
        }
        @for (title, heads, rows) in all.iter().filter(|(_, _, rows)| !rows.is_empty()) { h4 { (title) } (table(title, heads, rows, &elsewhere)) }
    }))
}

fn row_of<const N: usize>(row: &[String; N], stages: usize) -> Markup {
    html! { @for cell in row { td { (cell) } } td.num { (stages) } }
}

/// Files and directories that a stage read, and the tables of images that came from no other.
fn of_data(receipt: &Receipt) -> Vec<[String; 3]> {
    let base = || receipt.stage.split('/').next().unwrap_or_default().to_owned();
    let sources = receipt.recipe.sources.iter().map(|(parameter, digest)| [base(), format!("what `{parameter}` names"), digest.to_string()]);
    let roots = receipt.outputs.iter().filter(|(_, a)| receipt.recipe.inputs.is_empty() && ArtifactType::Samples.is(a));
    sources.chain(roots.map(|(port, a)| [base(), format!("table of images `{port}`"), a.digest.to_string()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::{made, output};
    use hilum_cache::{Digest, WritableStore};
    use serde_json::json;

    #[test]
    fn digests_of_data_and_seeds_of_cells_are_listed_once() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let import = made(&store, "import", ("samples", "samples.csv"), b"x", json!({ "sources": { "images": Digest::of(b"d") } }));
        let table = output(&import);
        let train = |cell: &str, seed: &str| {
            made(&store, cell, ("weights", "w"), cell.as_bytes(), json!({ "seed": seed, "engine": "cpu-<1>", "inputs": { "samples": table } }))
        };
        let stages = vec![import, train("gan/a=1", "7"), train("gan/a=2", "7"), train("gan/a=3", "9")];
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        assert!(page.contains(&format!("what <code>images</code> names</td><td><code>{}</code>", Digest::of(b"d"))), "{page}");
        assert!(page.contains(&format!("table of images <code>out</code></td><td><code>{table}</code>")), "{page}");
        assert!(page.contains("<th scope=\"row\">gan</th><td>7, 9</td>"), "{page}");
        assert!(page.contains("<td>cpu-&lt;1&gt;</td><td></td><td>1</td><td class=\"num\">3</td>"), "{page}");
    }
}
