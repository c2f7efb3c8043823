//! `hilum trace`: where a result, an object or a stage came from.

mod document;
mod number;
mod state;
mod tree;

use super::{DONE, StoreArgs, WRONG, WrongCall, open, say, say_error, wrong};
use crate::diagnostic::{did_you_mean, similar_path};
use crate::pipeline::binding::{self, Binding};
use crate::pipeline::matrix::is_same;
use crate::provenance::{History, Origin, Place};
use clap::Args;
use hilum_cache::{Store, store};
use number::Numbers;
use serde_json::{Value, json};
use std::path::Path;

#[derive(Args)]
pub(super) struct TraceArgs {
    /// Files or directories under results, digests or their first digits, stages (`scores`, `scores/arm=real`, `split.train`)
    #[arg(required = true)]
    what: Vec<String>,
    /// Of a table, trace only the rows with this arm or value, such as arm=real/network=vgg16
    #[arg(long, value_name = "CELL")]
    cell: Option<String>,
    /// Of a table, trace the numbers of this column, or of this metric [default: value]
    #[arg(long, value_name = "COLUMN")]
    column: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn trace(args: &TraceArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(&args.store)?;
    let history = History::read(&store)?;
    open::remark_ledger(&store, &ledger)?;
    let mut origins: Vec<Origin> = vec![];
    let mut code = DONE;
    for what in &args.what {
        match origins_of(&history, what)? {
            Ok(found) => found.into_iter().for_each(|o| {
                if !origins.contains(&o) {
                    origins.push(o)
                }
            }),
            Err(why) => {
                say_error(&why.message, why.help.as_deref());
                code = WRONG;
            }
        }
    }
    if code == DONE {
        let mut graph = history.walk(origins.iter().map(|o| (o.run, o.stage.as_str())));
        let numbers = if args.cell.is_some() || args.column.is_some() { Some(numbers(args, &store, &origins)?) } else { None };
        if let Some(numbers) = &numbers {
            let root = graph.roots[0];
            numbers.narrow(&mut graph, root);
        }
        match (args.store.json, &numbers) {
            (true, None) => say(document::document(&graph, &origins))?,
            (true, Some(numbers)) => {
                let rows: Vec<Value> = numbers.rows.iter().map(|(row, value)| json!({ "row": row, "value": value })).collect();
                say(json!({ "column": numbers.column, "rows": rows, "trace": document::document(&graph, &origins) }))?;
            }
            (false, numbers) => {
                let rows = numbers.iter().flat_map(|n| n.rows.iter().map(|(row, value)| format!("{row}  {}: {value}", n.column)));
                rows.collect::<Vec<_>>().into_iter().try_for_each(say)?;
                tree::lines(&graph, &origins).into_iter().chain(state::lines(&store, &graph)?).try_for_each(say)?;
            }
        }
    }
    Ok(code)
}

/// The numbers of a table that are asked for.
fn numbers(args: &TraceArgs, store: &Store, origins: &[Origin]) -> anyhow::Result<Numbers> {
    let [Origin { part: Some(part), .. }] = origins else {
        return Err(wrong("--cell and --column are of one table").help("name its file, such as `results/STUDY/comparison/table.csv`").into());
    };
    let bytes = store.read(&part.digest)?;
    Ok(Numbers::find(&bytes, args.cell.as_deref().unwrap_or_default(), args.column.as_deref())?)
}

/// What an argument means, or why it means nothing.
pub(super) fn origins_of(history: &History, what: &str) -> anyhow::Result<Result<Vec<Origin>, WrongCall>> {
    let path = Path::new(what);
    // What lies here is meant before a stage of that name; results of another study may have one, too.
    let place = if path.exists() { history.at(path)? } else { Place::Elsewhere };
    if let Place::Results(origins) = place {
        return Ok(Ok(origins));
    }
    let wanted = binding::parse(what);
    let of_bytes = match place == Place::Elsewhere && path.is_file() {
        true => Some(store::hash_file(path)?.0),
        false => None,
    };
    let meanings: [&dyn Fn() -> Vec<Origin>; 3] = [
        &|| of_bytes.map(|digest| history.holding(&|d, _| *d == digest)).unwrap_or_default(),
        &|| wanted.as_ref().map(|wanted| history.selected(wanted)).unwrap_or_default(),
        &|| of_digest(history, what),
    ];
    if let Some(origins) = meanings.iter().map(|meaning| meaning()).find(|origins| !origins.is_empty()) {
        return Ok(Ok(origins));
    }
    Ok(Err(match (place, wanted) {
        (Place::Changed(file), _) => wrong(format!("`{}` was modified after it was written: no run made its present bytes", file.display()))
            .help("name its stage to see where the recorded result came from"),
        (_, Some(wanted)) if history.all_stages().any(|s| base(s) == wanted.stage) => why_no_cell(history, what, &wanted),
        _ if path.is_file() => {
            wrong(format!("no run in this store made `{what}`")).help("files are identified by their bytes: it was modified, or made elsewhere")
        }
        _ if path.is_dir() => wrong(format!("`{what}` contains no results of a run in this store")).help("name a directory below `results/STUDY`, or a file"),
        (_, wanted) => {
            let stage = wanted.and_then(|w| did_you_mean(&w.stage, history.all_stages().map(base), "stage"));
            let help = stage.or_else(|| similar_path(path).map(|found| format!("a path with a similar name exists: `{}`", found.display())));
            let help = help.unwrap_or_else(|| {
                format!("name a file or directory under results, a stage, or at least {MIN_DIGITS} digits of a digest that `hilum ls RUN` prints")
            });
            wrong(format!("nothing in the store is called `{what}`")).help(help)
        }
    }))
}

/// Digits of a digest below which too much would begin with them.
const MIN_DIGITS: usize = 4;

/// What has a digest that begins so: blake3 or sha256 where it does not say which.
fn of_digest(history: &History, what: &str) -> Vec<Origin> {
    let (b3, sha256) = (what.strip_prefix("b3:"), what.strip_prefix("sha256:"));
    let digits = b3.or(sha256).unwrap_or(what).to_ascii_lowercase();
    if digits.len() < MIN_DIGITS || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return vec![];
    }
    history.holding(&|d, s| sha256.is_none() && d.hex().starts_with(&digits) || b3.is_none() && s.hex().starts_with(&digits))
}

/// The stage without its cell.
fn base(stage: &str) -> &str {
    stage.split('/').next().unwrap_or(stage)
}

/// Why a selection of a stage that there is selects nothing.
fn why_no_cell(history: &History, what: &str, wanted: &Binding) -> WrongCall {
    let cells = || history.all_stages().filter(|s| base(s) == wanted.stage);
    let parts = || cells().flat_map(|s| s.split('/').skip(1));
    let is_known = |(axis, value): &&(String, Option<String>)| match value {
        Some(value) => parts().any(|p| p.split_once('=').is_some_and(|(a, v)| a == axis && is_same(v, value))),
        None => parts().any(|p| p.split_once('=').is_some_and(|(a, _)| a == axis)),
    };
    if let Some((axis, value)) = wanted.axes.iter().find(|part| !is_known(part)) {
        let part = format!("{axis}={}", value.as_deref().unwrap_or("*"));
        let help = did_you_mean(&part, parts(), "coordinate").or_else(|| cells().next().map(|cell| format!("a stage of this name is `{cell}`")));
        return wrong(format!("no cell of `{}` has `{part}`", wanted.stage)).maybe_help(help);
    }
    let without_port = Binding { port: None, ..wanted.clone() };
    let results = history.selected(&without_port);
    if let (Some(port), Some(found)) = (&wanted.port, results.first()) {
        let graph = history.walk([(found.run, found.stage.as_str())]);
        let ports: Vec<&str> = graph.nodes[graph.roots[0]].result.iter().flat_map(|r| r.outputs.iter().map(|o| o.0.as_str())).collect();
        let help = did_you_mean(port, ports.iter().copied(), "output").unwrap_or_else(|| format!("it has {}", ports.join(", ")));
        return wrong(format!("`{}` has no output `{port}`", found.stage)).help(help);
    }
    wrong(format!("no run has a result of `{what}`"))
        .help(format!("there is no such cell, it failed, or no run got that far; `{}` selects all its cells", wanted.stage))
}
