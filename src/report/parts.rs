//! The sections of a report.

use super::Facts;
use super::drawing::drawing;
use crate::progress::words::{duration, size};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hilum_cache::{Receipt, Result, Store};
use hilum_stages::contract::port::{ArtifactType, File};
use hilum_stages::data::figure;
use hilum_stages::data::film;
use hilum_stages::data::film::Fit;
use hilum_stages::data::pack::Images;
use hilum_stages::data::sample::{Origin, Sample};
use hilum_stages::data::table::Table;
use maud::{Markup, html};
use serde_json::Value;

/// When, what, how much.
pub(super) fn summary(f: &Facts) -> Markup {
    let (executed, reused) =
        (f.stages.iter().filter(|(_, r)| r.as_ref().is_some_and(|r| r.1)).count(), f.stages.iter().filter(|(_, r)| r.as_ref().is_some_and(|r| !r.1)).count());
    let missing = f.stages.len() - executed - reused;
    let code = f.receipts().next().map(|r| &r.environment);
    html! {
        ul.facts {
            li { b { "run " } (f.run) }
            li { b { "begun " } (f.started) }
            li { b { (executed) } " executed, " b { (reused) } " reused" @if missing > 0 { ", " b { (missing) } " missing" } }
            @if let Some(e) = code { li { b { "hilum " } (e.program) " " (e.commit) @if e.dirty { " with changes" } } }
            @if f.finished.is_none() { li { b { "this run is not finished" } } }
        }
    }
}

/// Allowed findings, warnings of stages, and failures.
pub(super) fn findings(f: &Facts) -> Markup {
    html! {
        @for finding in &f.findings {
            div class=(if finding["allowed"].is_string() || finding["severity"] == "warning" { "warn" } else { "bad" }) {
                b { (text(&finding["id"])) } " at " (text(&finding["stage"])) ": "
                @match finding["message"].as_str() {
                    Some(message) => (message),
                    // Journals of store format 1 have no message.
                    None => { (finding["patients"].to_string()) " patients of the test set reached the model" },
                }
                @for unit in ["patients", "images"] { @if finding["message"].is_string() && finding[unit].is_u64() { " (" (finding[unit].to_string()) " " (unit) ")" } }
                @if let Some(path) = finding["path"].as_array() { ", by way of " (path.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ← ")) }
                "."
                @if let Some(reason) = finding["allowed"].as_str() { br; "Allowed: " (reason) }
            }
        }
        @for r in f.receipts() {
            @for note in r.notes.iter().filter(|n| is_warning(n)) { div.warn { b { (r.stage) } " " (note) } }
        }
        @for failure in &f.failures { div.bad { b { (text(&failure["stage"])) } " failed: " (text(&failure["message"])) } }
    }
}

/// True for notes that say that something may be wrong.
pub(super) fn is_warning(note: &str) -> bool {
    note.starts_with("warning: ")
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap_or_default()
}

pub(super) fn of_kind<'a>(f: &'a Facts, kind: &'a str) -> impl Iterator<Item = &'a Receipt> {
    f.receipts().filter(move |r| r.recipe.kind == kind)
}

/// The bytes of a file of an output.
fn file(store: &Store, r: &Receipt, port: &str, ending: &str) -> Result<Option<Vec<u8>>> {
    let Some(artifact) = r.outputs.get(port) else { return Ok(None) };
    let found = store.files(artifact)?.into_iter().find(|f| f.name.ends_with(ending));
    found.map(|f| store.read(&f.digest)).transpose()
}

pub(super) fn png(bytes: &[u8], alt: &str) -> Markup {
    html! { img alt=(alt) src={ "data:image/png;base64," (STANDARD.encode(bytes)) }; }
}

/// The table of an output; empty where there is none that reads.
pub(super) fn table(store: &Store, r: &Receipt, port: &str) -> Result<Table> {
    let mut table = Table::default();
    if let Some(bytes) = file(store, r, port, ".csv")? {
        table.read_csv(&bytes).unwrap_or_default();
    }
    Ok(table)
}

/// Arms of a comparison's table, whose rows come metric by metric, each with all arms in their order.
pub(super) fn arms(rows: &[Vec<String>]) -> Vec<&str> {
    let mut arms: Vec<&str> = vec![];
    for row in rows {
        if !arms.contains(&row[0].as_str()) {
            arms.push(&row[0]);
        }
    }
    arms
}

/// Tables of arms, and the figure.
pub(super) fn comparisons(f: &Facts, store: &Store) -> Result<Markup> {
    let mut out = vec![];
    for r in of_kind(f, "compare") {
        let rows = table(store, r, "table")?.rows;
        let svg = file(store, r, "figures", ".svg")?.unwrap_or_default();
        let short = |v: &str| v.parse::<f64>().map_or("–".to_owned(), |v| format!("{v:.3}"));
        let mut metrics: Vec<(&str, &str)> = rows.iter().filter(|r| r.len() > 9).map(|r| (r[2].as_str(), r[3].as_str())).collect();
        metrics.dedup();
        let in_order = arms(&rows);
        out.push(html! {
            h3 { (r.stage) }
            figure { (drawing(&svg, &format!("Figure of {}", r.stage))) }
            details open[metrics.len() < 12] {
                summary { "All metrics, with the difference from the arm compared against" }
                div.scroll { table {
                    thead { tr { th { "metric" } th { "class" } @for arm in &in_order { th { (arm) } } } }
                    tbody { @for (metric, class) in &metrics { tr {
                        td { (metric) } td { (class) }
                        @for arm in &in_order {
                            @if let Some(row) = rows.iter().find(|r| r[0] == *arm && r[2] == *metric && r[3] == *class) {
                                td.num { (short(&row[4])) br; small { "[" (short(&row[5])) ", " (short(&row[6])) "]" @if !row[7].is_empty() { br; "Δ " (short(&row[7])) " [" (short(&row[8])) ", " (short(&row[9])) "]" } } }
                            }
                        }
                    } } }
                } }
            }
        });
    }
    Ok(if out.is_empty() {
        html! {}
    } else {
        html! { section { h2 { "Comparison" } p { "Means over repeats. Intervals hold 95 % of a bootstrap over patients in which all arms see the same resample." } @for o in &out { (o) } } }
    })
}

/// What a grid shows.
pub(super) const MOMENTS: &str =
    "films as the training went on, earliest above: from the same noise, or, where films are translated, of the real ones in the first row";
/// Films shown on a sheet.
const SHOWN: usize = 24;

/// Real films beside synthetic ones.
pub(super) fn films(f: &Facts, store: &Store) -> Result<Markup> {
    let mut out = vec![];
    for r in of_kind(f, "synthesize") {
        let mut sheet = vec![];
        if let Some(artifact) = r.outputs.get("samples") {
            for entry in store.files(artifact)?.into_iter().filter(|e| e.name.ends_with(".png")).take(SHOWN) {
                sheet.extend(film::decode(&store.read(&entry.digest)?).map(|d| film::to_square(&d.grey, d.grey.width, Fit::Stretch, false)));
            }
        }
        let side = sheet.first().map_or(0, |s: &Vec<u8>| s.len().isqrt());
        // What the synthetic films are called is what real ones are shown of, whether or not the study said it.
        let label = rows(store, r)?.first().map(|row| row.label.clone());
        let real = real_films(f, store, label.as_deref(), side)?;
        let picture = |films: &[Vec<u8>]| figure::sheet(films, side, 8).unwrap_or_default();
        out.push(html! {
            h3 { (r.stage) }
            div.pair.sheet {
                @if !real.is_empty() { figure { figcaption { "Real films" @if let Some(l) = &label { " of " (l) } } (png(&picture(&real), "real films")) } }
                @if !sheet.is_empty() { figure.synthetic { figcaption { "films, not for diagnosis" } (png(&picture(&sheet), "synthetic films")) } }
            }
        });
    }
    for r in of_kind(f, "train-gan") {
        if let Some(grid) = file(store, r, "grid", ".png")? {
            out.push(html! { h3 { (r.stage) } figure.sheet.synthetic { figcaption { (MOMENTS) } (png(&grid, "films during training")) } });
        }
    }
    Ok(if out.is_empty() {
        html! {}
    } else {
        html! { section { h2 { "Films" } @for o in &out { (o) } } }
    })
}

/// The rows of a stage's table of samples.
fn rows(store: &Store, r: &Receipt) -> Result<Vec<Sample>> {
    let bytes = file(store, r, "samples", "samples.csv")?;
    Ok(bytes.and_then(|b| hilum_stages::data::sample::Samples::read_rows(&b).ok()).unwrap_or_default())
}

/// Packed real films of a label, from the first pack that has their size.
fn real_films(f: &Facts, store: &Store, label: Option<&str>, side: usize) -> Result<Vec<Vec<u8>>> {
    let mut wanted: Vec<hilum_cache::Digest> = vec![];
    for r in f.receipts().filter(|r| matches!(r.recipe.kind.as_str(), "phantoms" | "import")) {
        let rows = rows(store, r)?;
        wanted
            .extend(rows.iter().filter(|s| s.origin == Origin::Real && label.is_none_or(|l| s.label == l)).map(|s| s.image).step_by((rows.len() / 200).max(1)));
    }
    for r in of_kind(f, "prepare") {
        let Some(artifact) = r.outputs.get("images") else { continue };
        let files = store.files(artifact)?.into_iter().map(|e| Ok(File { path: store.verified_path(&e.digest)?, name: e.name })).collect::<Result<Vec<_>>>()?;
        if let Ok(pack) = Images::open(&files)
            && pack.side == side
        {
            return Ok(wanted.iter().filter_map(|d| pack.get(d).map(<[u8]>::to_vec)).take(SHOWN).collect());
        }
    }
    Ok(vec![])
}

/// Maps of films.
pub(super) fn maps(f: &Facts, store: &Store) -> Result<Markup> {
    let mut out = vec![];
    for r in of_kind(f, "umap") {
        if let Some(bytes) = file(store, r, "figure", ".svg")? {
            out.push(html! { h3 { (r.stage) } figure { (drawing(&bytes, &format!("Map of {}", r.stage))) } });
        }
    }
    Ok(if out.is_empty() {
        html! {}
    } else {
        html! { section { h2 { "Map of films" } p { "Near films look alike to the network. Distances between groups, and how dense they look, mean little; separation on a map proves nothing." } @for o in &out { (o) } } }
    })
}

/// Every stage with its parameters, times and notes.
pub(super) fn stages(f: &Facts) -> Markup {
    html! {
        section {
            h2 { "Stages" }
            div.scroll { table {
                thead { tr { th { "stage" } th { "kind" } th { "" } th { "time" } th { "memory" } th { "details" } } }
                tbody { @for (name, known) in &f.stages { tr {
                    td { (name) }
                    @match known {
                        None => {
                            td { (text(&f.resolved["stages"][name]["stage"])) }
                            td { @match f.under_way.iter().find(|u| u.0 == *name) { Some((_, step, _)) => { "after step " (step) } None => { "missing" } } }
                            td {} td {} td {}
                        }
                        Some((r, executed)) => {
                            td { (r.recipe.kind) }
                            td { @if *executed { "executed" } @else { "reused" } }
                            td.num { (duration(r.millis)) }
                            td.num { @if let Some(m) = r.peak_memory { (size(m)) } }
                            td { details {
                                summary { "recipe" @if !r.notes.is_empty() { ", notes" } }
                                @for note in &r.notes { p { (note) } }
                                pre { (serde_json::to_string_pretty(&r.recipe).unwrap_or_default()) }
                                @for (port, a) in r.outputs.iter() { div { code { (port) " " (a.digest.short()) " sha256 " (&a.sha256.hex()[..16]) "…" } } }
                            } }
                        }
                    }
                } } }
            } }
        }
    }
}
