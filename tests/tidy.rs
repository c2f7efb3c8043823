//! Rules of the source code, enforced by tests. The list is in docs/architecture.md.

use crate::space::root;
use hilum_stages::models::{ClassifierNetwork, GanNetwork};
use std::fs;
use std::path::{Path, PathBuf};

/// The files with this extension, by their paths in the repository.
fn files(below: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let mut out = vec![];
    let mut directories = vec![root().join(below)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                out.push((path.strip_prefix(root()).unwrap().to_path_buf(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    out
}

fn sources(below: &str) -> Vec<(PathBuf, String)> {
    files(below, "rs")
}

fn code() -> Vec<(PathBuf, String)> {
    ["src", "cache/src", "stages/src", "stages/ops/src"].iter().flat_map(|f| sources(f)).collect()
}

/// The text without tests, comments and string literals.
fn bare(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// True for a file that its parent, or one above it, declares for tests only.
fn is_of_tests(path: &Path) -> bool {
    let Some((name, above)) = path.file_stem().and_then(|n| n.to_str()).zip(path.parent()) else { return false };
    let parents = [above.with_extension("rs"), above.join("lib.rs")];
    let declares = |file: &PathBuf| fs::read_to_string(root().join(file)).is_ok_and(|text| text.contains(&format!("#[cfg(test)]\nmod {name};")));
    parents.iter().any(declares) || parents[0].is_relative() && root().join(&parents[0]).is_file() && is_of_tests(&parents[0])
}

fn none_has(files: &[(PathBuf, String)], words: &[&str], rule: &str) {
    for (path, text) in files.iter().filter(|f| !is_of_tests(&f.0)) {
        for word in words {
            assert!(!bare(text).contains(word), "{}: `{word}`: {rule}", path.display());
        }
    }
}

#[test]
fn no_file_is_long_and_every_file_says_what_it_is() {
    for (path, text) in code().into_iter().chain(sources("tests")).chain(sources("stages/ops/tests")) {
        assert!(text.lines().count() <= 400, "{} has {} lines", path.display(), text.lines().count());
        assert!(text.starts_with("//!"), "{} does not begin with `//!` and what the file is", path.display());
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(!["util", "utils", "helper", "helpers", "common", "misc", "manager"].contains(&name), "{}: call the file by what it contains", path.display());
    }
}

/// Documents that the program makes, with a line for each item.
const MADE: [&str; 3] = ["docs/stages", "docs/errors.md", "docs/metrics.md"];

#[test]
fn documents_are_wrapped_at_120_characters() {
    for (path, text) in files("docs", "md").into_iter().filter(|(path, _)| !MADE.iter().any(|made| path.starts_with(made))) {
        let mut is_code = false;
        for (n, line) in text.lines().enumerate() {
            is_code ^= line.trim_start().starts_with("```");
            // Rows of tables and addresses cannot be broken.
            let can_break = !is_code && !line.starts_with('|') && !line.contains("]: http");
            assert!(!can_break || line.chars().count() <= 120, "{}:{}: a line of more than 120 characters", path.display(), n + 1);
        }
    }
}

#[test]
fn the_cache_knows_no_stage_no_tensor_and_no_yaml() {
    none_has(&sources("cache/src"), &["hilum_stages", "candle", "yaml", "Pipeline"], "cache knows bytes and records");
}

#[test]
fn contract_and_evaluation_import_no_tensor_library_and_networks_touch_no_file() {
    let plain: Vec<_> = ["contract", "evaluation", "records"].iter().flat_map(|f| sources(&format!("stages/src/{f}"))).collect();
    none_has(&plain, &["candle", "hilum_ops"], "contract, evaluation and records are plain");
    let networks: Vec<_> = ["networks", "models"].iter().flat_map(|f| sources(&format!("stages/src/{f}"))).collect();
    none_has(&networks, &["std::fs", "File::"], "networks touch no file");
}

#[test]
fn networks_are_named_in_their_tables_alone() {
    let generators = GanNetwork::table();
    let names = ClassifierNetwork::NAMES.iter().copied().chain(generators.iter().map(|row| row.0));
    // As it is written in studies, as a module and as a variant.
    let spellings: Vec<String> = names.flat_map(|name| [name.to_owned(), name.replace('-', "_"), name.replace('-', "")]).collect();
    let names_one = |text: &str| spellings.iter().find(|s| bare(text).to_lowercase().contains(s.as_str())).cloned();
    for (path, text) in sources("stages/src").into_iter().filter(|(p, _)| !p.starts_with("stages/src/models") && !is_of_tests(p)) {
        let found = names_one(&text);
        assert!(found.is_none(), "{} names {}: what a network is and needs belongs into its file below stages/src/models", path.display(), found.unwrap());
    }
    assert!(names_one("GanNetwork::CycleganZunair(_) => 1").is_some() && names_one("// dcgan").is_none());
    // Its own file, and that of its table, are all that speak of one.
    for (path, text) in sources("stages/src/models").into_iter().filter(|(p, _)| !is_of_tests(p)) {
        let table = ["stages/src/models/classifiers.rs", "stages/src/models/generators.rs"].iter().any(|t| path == Path::new(t));
        let used = |name: &String| {
            bare(&text).contains(&format!("::{name}::")) && !path.components().any(|c| c.as_os_str().to_str().unwrap().trim_end_matches(".rs") == name)
        };
        let other = spellings.iter().find(|name| used(name)).filter(|_| !table);
        assert!(other.is_none(), "{} uses {}: what two networks share belongs beside them or into stages/src/networks", path.display(), other.unwrap());
    }
}

#[test]
fn a_stage_never_imports_another_stage() {
    let kinds: Vec<String> = hilum_stages::KINDS.iter().map(|k| k.name.replace('-', "_")).collect();
    for (path, text) in sources("stages/src/kinds") {
        for kind in &kinds {
            let own = path.components().any(|c| Path::new(c.as_os_str()).file_stem().is_some_and(|s| s.to_str() == Some(kind.as_str())));
            let imports =
                |text: &str| ["super", "kinds"].iter().any(|from| text.contains(&format!("{from}::{kind}::")) || text.contains(&format!("{from}::{kind};")));
            assert!(own || !imports(&bare(&text)), "{} imports {kind}", path.display());
        }
    }
}

#[test]
fn only_the_pipeline_knows_yaml_and_only_cli_and_progress_print() {
    let src = sources("src");
    let outside: Vec<_> = src.iter().filter(|(p, _)| !p.starts_with("src/pipeline") && p != Path::new("src/pipeline.rs")).cloned().collect();
    none_has(&outside, &["serde_yaml", "saphyr"], "only src/pipeline knows YAML");
    let stages: Vec<_> = sources("stages/src").into_iter().filter(|(p, _)| p != Path::new("stages/src/published/read.rs")).collect();
    none_has(&stages, &["serde_yaml", "saphyr"], "of the stages, only the format of published tables knows YAML");
    let quiet: Vec<_> =
        code().into_iter().filter(|(p, _)| !["src/cli", "src/cli.rs", "src/progress", "src/progress.rs"].iter().any(|f| p.starts_with(f))).collect();
    none_has(&quiet, &["println!", "eprintln!", "print!(", "dbg!"], "libraries return errors and emit events");
    let graph: Vec<_> = src.into_iter().filter(|(p, _)| p != Path::new("src/pipeline/model.rs")).collect();
    none_has(&graph, &["petgraph"], "petgraph stays inside the model");
}

#[test]
fn journals_have_one_reader() {
    let others: Vec<_> = code().into_iter().filter(|(p, _)| !["cache/src/journal", "cache/src/journal.rs"].iter().any(|f| p.starts_with(f))).collect();
    none_has(&others, &["journal.jsonl", "\"type\":\"receipt\""], "a journal is read by `journal::entries` or `RunRecord`");
    let interpreters: Vec<_> = others.into_iter().filter(|(p, _)| p != Path::new("src/cli/show.rs")).collect();
    none_has(&interpreters, &["journal::objects"], "raw lines are printed, never interpreted");
}

#[test]
fn stages_have_no_clock_and_no_environment() {
    none_has(&sources("stages/src"), &["SystemTime", "Instant::now", "std::env::var", "thread_rng", "rand::rng"], "a stage is a function of its recipe");
    none_has(&sources("src/plan"), &["fs::write", "WritableStore", ".put(", "Journal"], "the plan writes nothing");
    let writers = ["src/run", "src/engine.rs", "src/engine/run.rs", "src/cli/open.rs"];
    let readers: Vec<_> = sources("src").into_iter().filter(|(p, _)| !writers.iter().any(|w| p.starts_with(w))).collect();
    none_has(&readers, &["WritableStore"], "only runs, verify and gc open a store for writing");
}

#[test]
fn gradients_stay_tracked_and_wrong_operations_unused() {
    none_has(&sources("stages"), &["_no_bwd"], "an untracked operation in a backward makes second order silently partial");
    none_has(
        &sources("stages/src"),
        &[".max_pool2d(", ".upsample_nearest2d(", ".avg_pool2d(", ".conv2d(", ".conv_transpose2d(", "candle_nn::ops::leaky_relu", "randn(", "rand("],
        "networks use hilum-ops and streams",
    );
    none_has(&sources("stages"), &[".apply_op", "Var::", "CustomOp", "GradStore"], "the graph of a training step is that of hilum-ops, not candle's");
}

/// Crates whose floats take what the C library computes from their module `math` alone.
const SAME_EVERYWHERE: [&str; 2] = ["stages/src", "stages/ops/src"];
/// What it computes; the last bit is another one on another machine. Roots, whole parts and `mul_add` are exact.
const SYSTEMS: [&str; 26] = [
    "exp", "exp2", "exp_m1", "ln", "ln_1p", "log", "log2", "log10", "powf", "powi", "sin", "cos", "sin_cos", "tan", "asin", "acos", "atan", "atan2", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "hypot", "cbrt",
];

/// Where a text calls the system's `name` on a float: as a method or by its path. What returns a `Result` is an operation on
/// tensors, which `?` gives away.
fn calls(text: &str, name: &str) -> bool {
    let fallible = |from: usize| {
        let mut depth = 0;
        let end = text[from..].find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ')' && depth == 0
        });
        end.is_some_and(|end| text[from + end + 1..].starts_with('?'))
    };
    let method = text.match_indices(&format!(".{name}(")).any(|(at, _)| !fallible(at));
    let whole = |at: usize, path: &str| !text[at + path.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    method || ["f32", "f64"].map(|float| format!("{float}::{name}")).iter().any(|path| text.match_indices(path.as_str()).any(|(at, _)| whole(at, path)))
}

#[test]
fn what_the_c_library_computes_is_computed_by_the_modules_of_mathematics() {
    for (path, text) in
        SAME_EVERYWHERE.iter().flat_map(|f| sources(f)).filter(|(p, _)| !p.components().any(|c| ["math", "math.rs"].contains(&c.as_os_str().to_str().unwrap())))
    {
        for name in SYSTEMS.iter().filter(|_| !is_of_tests(&path)) {
            assert!(!calls(&bare(&text), name), "{}: `{name}` of the system's library: take it from `crate::math`", path.display());
        }
    }
    assert!(calls("y = (x + 1.0).exp();", "exp") && calls("v.map(f64::exp)", "exp") && calls("a.powf(f(b)) * c", "powf"));
    assert!(
        !calls("x.exp()?.ln()?", "exp")
            && !calls("f64::exp2(x)", "exp")
            && !calls("x.exp_m1()", "exp")
            && !calls("math::exp(x)", "exp")
            && !calls("a.powf(f(b))?", "powf")
    );
}

/// True if a variable for a row is indexed by a number.
fn counts_columns(text: &str) -> bool {
    let names = ["r", "row", "record", "cells", "line"];
    names.iter().any(|name| {
        text.match_indices(&format!("{name}[")).any(|(at, found)| {
            let is_whole = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            is_whole && text[at + found.len()..].starts_with(|c: char| c.is_ascii_digit())
        })
    })
}

#[test]
fn columns_have_names_and_the_report_asks_for_no_kind() {
    for (path, text) in ["src/report", "src/progress", "stages/src/records", "stages/src/figures", "stages/src/kinds"].iter().flat_map(|f| sources(f)) {
        assert!(is_of_tests(&path) || !counts_columns(&bare(&text)), "{} reads a column by its number: use the fields of the record", path.display());
    }
    assert!(counts_columns("if row[7].is_empty()") && counts_columns("f(&r[0])") && !counts_columns("for[0]") && !counts_columns("row[at]"));
    none_has(&sources("src/report"), &["recipe.kind ==", "of_kind(f"], "a chapter is about artifacts, whichever stage made them");
    let elsewhere: Vec<_> = code().into_iter().filter(|(p, _)| !p.starts_with("stages/src/figures") && p != Path::new("stages/src/figures.rs")).collect();
    none_has(&elsewhere, &["kuva::"], "only figures know the plotting library");
}

#[test]
fn gpus_are_spoken_to_in_one_place() {
    let places = ["stages/ops/src/cuda", "stages/ops/src/cuda.rs"];
    let others: Vec<_> = code().into_iter().filter(|(p, _)| !places.iter().any(|f| p.starts_with(f))).collect();
    none_has(&others, &["cudarc", "CudaSlice"], "what a GPU does is decided below stages/ops/src/cuda");
}

#[test]
fn nothing_is_unfinished_and_unsafe_code_stays_in_its_places() {
    let files = code();
    none_has(&files, &["todo!(", "unimplemented!("], "no stub");
    for (path, text) in sources("tests").into_iter().chain(files.clone()).filter(|(p, _)| !p.ends_with("tidy.rs")) {
        assert!(!text.contains("#[ignore"), "{} ignores a test", path.display());
    }
    let places = [
        "stages/ops/src/allocator.rs",
        "stages/ops/src/cpu/columns.rs",
        "stages/ops/src/cpu/convolution.rs",
        "stages/ops/src/cpu/elementwise.rs",
        "stages/ops/src/cpu/grid.rs",
        "stages/ops/src/cpu/outer.rs",
        "stages/ops/src/cpu/product/micro.rs",
        "stages/ops/src/cpu/product/simd.rs",
        "stages/ops/src/cpu/product/table.rs",
        "stages/ops/src/cpu/slices.rs",
        "stages/ops/src/cpu/widest.rs",
        "stages/ops/src/cuda/convolution.rs",
        "stages/ops/src/cuda/gpu.rs",
        "stages/ops/src/cuda/machine.rs",
        "stages/ops/src/cuda/pool.rs",
        "stages/src/data/grey.rs",
        "stages/src/data/pack.rs",
    ];
    for (path, text) in files.iter().filter(|(p, _)| !places.contains(&p.to_str().unwrap())) {
        assert!(!bare(text).contains("unsafe "), "{} has unsafe code, and is not listed as a place for it", path.display());
    }
    for (path, text) in files.iter().filter(|(p, _)| places.contains(&p.to_str().unwrap())) {
        assert!(bare(text).matches("unsafe {").count() == 0 || text.contains("// SAFETY"), "{} has unsafe code without a comment `// SAFETY`", path.display());
    }
}

#[test]
fn the_registry_is_in_alphabetical_order_and_the_manual_of_what_must_never_be_is_there() {
    let names: Vec<&str> = hilum_stages::KINDS.iter().map(|k| k.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    let architecture = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    assert!(architecture.contains("## Never"));
    for directory in [
        "cache",
        "stages",
        "stages/ops",
        "stages/src/evaluation",
        "stages/src/records",
        "stages/src/figures",
        "stages/src/models",
        "stages/src/networks",
        "src/pipeline",
        "src/plan",
        "src/run",
        "src/lineage",
        "src/provenance",
        "src/progress",
        "src/report",
        "src/cli",
    ] {
        assert!(architecture.contains(directory), "docs/architecture.md does not speak of {directory}");
    }
}

/// The modules below a crate's root that a file uses, by their names.
fn used(text: &str, own: &str) -> std::collections::BTreeSet<String> {
    let text = bare(text);
    let mut out = std::collections::BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let names = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap().split(',').map(str::trim).collect(),
            None => vec![rest],
        };
        let name = |n: &str| n.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap().to_owned();
        out.extend(names.into_iter().map(name).filter(|n| n.starts_with(|c: char| c.is_ascii_lowercase()) && n != own));
    }
    out
}

/// Crates in which no module needs, by whatever way, one that needs it.
const WITHOUT_CYCLES: [&str; 4] = ["src", "stages/src", "stages/ops/src", "cache/src"];

#[test]
fn modules_do_not_depend_on_each_other_in_a_cycle() {
    for krate in WITHOUT_CYCLES {
        let mut needs: std::collections::BTreeMap<String, std::collections::BTreeSet<String>> = Default::default();
        for (path, text) in sources(krate).into_iter().filter(|f| !is_of_tests(&f.0)) {
            let below = path.strip_prefix(krate).unwrap();
            let module = below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
            // The root, and the words between one line, are used by all.
            if !["lib", "main"].contains(&module.as_str()) {
                needs.entry(module.clone()).or_default().extend(used(&text, &module));
            }
        }
        for start in needs.keys() {
            let (mut seen, mut queue) = (std::collections::BTreeSet::new(), vec![vec![start.clone()]]);
            while let Some(way) = queue.pop() {
                for next in needs.get(way.last().unwrap()).into_iter().flatten() {
                    assert!(next != start, "{krate}: a cycle: {} → {next}", way.join(" → "));
                    if seen.insert(next.clone()) {
                        queue.push([way.clone(), vec![next.clone()]].concat());
                    }
                }
            }
        }
    }
}

/// Names of a private vocabulary, and what they are called in the field: `docs/glossary.md`.
const NOT_OUR_WORDS: [&str; 19] = [
    "Course",
    "Onlooker",
    "Gallery",
    "Shipment",
    "Waiter",
    "Flight",
    "Berth",
    "Parcel",
    "Luck",
    "Film",
    "Films",
    "hold_still",
    "truths",
    "onlooker",
    "strangers",
    "seers",
    "ToWinners",
    "extents",
    "Pairwise",
];
/// Phrases that read like a translation.
const NOT_OUR_PHRASES: [&str; 7] =
    ["their ways back", "it has not run in this study", "does not read as", "is no name for", "is no value of", "in a circle", "films of nobody"];

#[test]
fn the_code_speaks_the_words_of_the_field() {
    for (path, text) in code() {
        let words: std::collections::BTreeSet<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        for word in NOT_OUR_WORDS {
            assert!(!words.contains(word), "{}: `{word}` has another name in the field: see docs/glossary.md", path.display());
        }
        for phrase in NOT_OUR_PHRASES {
            assert!(!text.contains(phrase), "{}: `{phrase}` is not idiomatic: see docs/glossary.md", path.display());
        }
    }
}
