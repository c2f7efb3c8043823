//! What stages and what they compute with must not do: clocks, systems' mathematics, candle's graph, columns by number, networks by
//! name.

use super::never::Never;
use super::paths::named;
use super::source::{Source, below, files, outside, without_comments};
use hilum_stages::models::{ClassifierNetwork, GanNetwork};
use std::path::Path;

#[test]
fn stages_have_no_clock_no_environment_and_no_randomness_of_their_own() {
    Never {
        words: &["SystemTime", "Instant::now", "env::var", "env::args", "thread_rng", "OsRng", "ThreadRng", "RandomState"],
        paths: &["std::env", "std::time::Instant", "std::time::SystemTime", "rand", "getrandom", "fastrand"],
        why: "a stage is a function of its recipe",
    }
    .in_files(
        &below(&["stages/src"]),
        &[
            "use std::{env, fs};",
            "std::env::var(\"HOME\")",
            "use std::time::{Duration, Instant};",
            "rand::rng().random()",
            "use rand::Rng;",
            "SystemTime::now()",
        ],
        &["use std::time::Duration;", "env!(\"CARGO_MANIFEST_DIR\")", "let strand = a::brand::b;"],
    );
    Never { words: &["SystemTime", "Instant::now", "env::var", "thread_rng"], paths: &["rand", "getrandom"], why: "an operation is a function of its inputs" }
        .in_files(&below(&["stages/ops/src"]), &["let t = std::time::Instant::now();", "use rand::rng;"], &["std::env::consts::ARCH"]);
}

/// All Rust below `stages` with its tests.
fn with_tests() -> Vec<(std::path::PathBuf, String)> {
    files("stages", "rs").into_iter().map(|(path, text)| (path, without_comments(&text))).collect()
}

#[test]
fn no_operation_of_candles_own_graph_is_used() {
    let all = with_tests();
    let all = || all.iter().map(|(path, text)| (path.as_path(), text.as_str()));
    Never { words: &["_no_bwd"], paths: &[], why: "an untracked operation in a backward makes second order silently partial" }.in_texts(
        all(),
        &["x.apply_op1_no_bwd(&f)"],
        &[],
    );
    Never {
        words: &[".apply_op", "Var::", "CustomOp", "GradStore", "VarMap", "VarBuilder"],
        paths: &["candle_core::Var", "candle_core::backprop", "candle_nn::VarMap", "candle_nn::Optimizer"],
        why: "the graph of a training step is that of hilum-ops, not candle's",
    }
    .in_texts(
        all(),
        &["use candle_core::{Tensor, Var};", "Var::from_tensor(x)", "use candle_core::backprop::GradStore;", "x.apply_op2(&y, f)", "let v: candle_core::Var;"],
        &["use candle_core::Tensor; let variance = 1;", "crate::tape::Variable::new()"],
    );
    Never {
        words: &[".max_pool2d(", ".upsample_nearest2d(", ".avg_pool2d(", ".conv2d(", ".conv_transpose2d(", "randn(", "rand("],
        paths: &[],
        why: "networks use hilum-ops and streams",
    }
    .in_files(&below(&["stages/src"]), &["x.conv2d(&w, 1, 1, 1, 1)", "Tensor::randn(0.0, 1.0, s, d)"], &["hilum_ops::conv2d(&x, &w, window)"]);
    // How weights begin is all that is taken from there.
    let layers = |code: &str| named(code).into_iter().find(|path| path.starts_with("candle_nn") && !path.starts_with("candle_nn::init"));
    for file in below(&["stages/src"]) {
        assert_eq!(layers(&file.code), None, "{}: networks use hilum-ops", file.path.display());
    }
    assert!(
        layers("use candle_nn::{init::Init, ops::leaky_relu};").is_some()
            && layers("use candle_nn as nn;").is_some()
            && layers("use candle_nn::init::{self};").is_none()
    );
}

/// What the C library computes; the last bit is another one on another machine. Roots, whole parts and `mul_add` are exact.
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
    for file in outside(&["stages/src/math", "stages/ops/src/math", "src", "cache/src"]) {
        let found = SYSTEMS.iter().find(|name| calls(&file.code, name));
        assert!(found.is_none(), "{}: `{}` of the system's library: take it from `crate::math`", file.path.display(), found.unwrap());
    }
    for planted in ["y = (x + 1.0).exp();", "a.exp()", "v.map(f64::exp)"] {
        assert!(calls(planted, "exp"), "{planted}");
    }
    assert!(calls("a.powf(f(b)) * c", "powf") && !calls("a.powf(f(b))?", "powf"));
    for fine in ["x.exp()?.ln()?", "f64::exp2(x)", "x.exp_m1()", "math::exp(x)"] {
        assert!(!calls(fine, "exp"), "{fine}");
    }
}

/// True if a variable for a row is indexed by a number.
fn counts_columns(text: &str) -> bool {
    ["r", "row", "record", "cells", "line"].iter().any(|name| {
        text.match_indices(&format!("{name}[")).any(|(at, found)| {
            let is_whole = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            is_whole && text[at + found.len()..].starts_with(|c: char| c.is_ascii_digit())
        })
    })
}

#[test]
fn columns_have_names_and_the_report_asks_for_no_kind() {
    for file in below(&["src/report", "src/progress", "stages/src/records", "stages/src/figures", "stages/src/kinds"]) {
        assert!(!counts_columns(&file.code), "{} reads a column by its number: use the fields of the record", file.path.display());
    }
    assert!(counts_columns("if row[7].is_empty()") && counts_columns("f(&r[0])") && !counts_columns("for[0]") && !counts_columns("row[at]"));
    Never {
        words: &["recipe.kind ==", "kind.name ==", "of_kind(f"],
        paths: &["hilum_stages::kinds", "hilum_stages::KINDS"],
        why: "a chapter is about artifacts, whichever stage made them",
    }
    .in_files(
        &below(&["src/report"]),
        &["receipt.recipe.kind == \"umap\"", "use hilum_stages::{KINDS, words};", "hilum_stages::kinds::umap::Umap"],
        &["let kind = &recipe.kind;"],
    );
    Never { words: &[], paths: &["kuva"], why: "only figures know the plotting library" }.in_files(
        &outside(&["stages/src/figures"]),
        &["use kuva::plot;", "kuva::render(p)", "use kuva as k;"],
        &["use crate::figures::kuva_like;"],
    );
}

/// Networks as they are written in studies, as modules and as variants.
fn spellings() -> Vec<String> {
    let names = ClassifierNetwork::NAMES.iter().copied().chain(GanNetwork::table().into_iter().map(|row| row.0));
    names.flat_map(|name| [name.to_owned(), name.replace('-', "_"), name.replace('-', "")]).collect()
}

/// A network that a text speaks of in whatever way.
fn spoken_of(code: &str) -> Option<String> {
    let code = code.to_lowercase();
    spellings().into_iter().find(|name| code.contains(name.as_str()))
}

/// A network's module or variant in a path that a file names, its own aside.
fn used(path: &Path, code: &str) -> Option<String> {
    let plain = |name: &str| name.to_lowercase().replace(['-', '_'], "");
    let own: Vec<String> = path.iter().map(|part| plain(part.to_str().unwrap().trim_end_matches(".rs"))).collect();
    let all: Vec<String> = spellings().iter().map(|name| plain(name)).filter(|name| !own.contains(name)).collect();
    named(code).into_iter().find(|way| way.split("::").any(|part| all.contains(&plain(part))))
}

#[test]
fn networks_are_named_in_their_tables_alone() {
    let elsewhere: Vec<&Source> = outside(&["stages/src/models", "stages/ops/src", "src", "cache/src"]);
    for file in elsewhere {
        let found = spoken_of(&file.code);
        assert!(found.is_none(), "{} names {}: what a network is and needs belongs into its file below stages/src/models", file.path.display(), found.unwrap());
    }
    assert!(spoken_of("GanNetwork::CycleganZunair(_) => 1").is_some() && spoken_of("\"dcgan\"").is_some() && spoken_of("gan").is_none());
    // Its own file, and that of its table, are all that use one.
    let tables = ["stages/src/models/classifiers.rs", "stages/src/models/extractors.rs", "stages/src/models/generators.rs"];
    for file in below(&["stages/src/models"]).into_iter().filter(|s| !tables.iter().any(|t| s.path == Path::new(t))) {
        let found = used(&file.path, &file.code);
        assert!(found.is_none(), "{} uses {}: what two networks share belongs beside them or into stages/src/networks", file.path.display(), found.unwrap());
    }
    let own = Path::new("stages/src/models/generators/dcgan/step.rs");
    for planted in [
        "use super::super::pix2pix;",
        "use crate::models::{generators::{pix2pix::{self as p}}};",
        "fn f() { crate::models::generators::pix2pix::step() }",
        "GanNetwork::Pix2pix(c)",
    ] {
        assert!(used(own, planted).is_some(), "{planted}");
    }
    assert_eq!(used(own, "use super::super::dcgan::networks; use crate::networks::resnet::Blocks;"), None);
}

/// The types of rows and tables that code defines.
fn records(code: &str) -> Vec<&str> {
    ["impl Row for ", "impl Record for "].iter().flat_map(|start| code.split(start).skip(1)).filter_map(|rest| rest.split([' ', '<']).next()).collect()
}

/// What a stage writes down is somewhere in the report.
#[test]
fn every_table_has_a_place_in_the_report() {
    // Of each image, heat maps are too many: their summary and their figure are shown. Patients who count as one are counted.
    const SHOWN_OTHERWISE: [&str; 2] = ["Attention", "JoinedPatient"];
    let report: String = below(&["src/report"]).iter().map(|file| file.code.as_str()).collect();
    let is_shown = |record: &str| [format!("Table::<{record}>::NAME"), format!("{record}::NAME")].iter().any(|name| report.contains(name.as_str()));
    let all: Vec<&str> = below(&["stages/src/records"]).iter().flat_map(|file| records(&file.code)).collect();
    assert!(all.len() > 15 && SHOWN_OTHERWISE.iter().all(|name| all.contains(name) && !is_shown(name)));
    let missing: Vec<&&str> = all.iter().filter(|record| !is_shown(record) && !SHOWN_OTHERWISE.contains(record)).collect();
    assert!(missing.is_empty(), "no chapter of the report is about {missing:?}: see docs/adding-a-chapter.md");
    assert_eq!(records("impl Row for Toy {}\nimpl Record for Toys<T> {}"), ["Toy", "Toys"]);
}
