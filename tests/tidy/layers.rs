//! Which layer knows what: the rules of `docs/architecture.md` about crates and directories.

use super::never::{Never, crate_of, uses_between};
use super::paths::Crate;
use super::source::{below, code, outside, without_tests};
use crate::space::root;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_cache_knows_no_stage_no_tensor_and_no_yaml() {
    Never {
        words: &["Pipeline", "yaml", "YAML"],
        paths: &["hilum", "hilum_stages", "hilum_ops", "candle_core", "candle_nn", "saphyr_parser", "serde_yaml"],
        why: "cache knows bytes and records",
    }
    .in_files(
        &below(&["cache/src"]),
        &["use hilum_stages::{KINDS};", "fn f() { candle_core::Tensor::new() }", "use {serde_yaml as y};", "let p: Pipeline;"],
        &["use hilum_stagesque::a; // as hilum_stages does"],
    );
    // What is no dependency cannot be used.
    let manifest = |krate: &str| fs::read_to_string(root().join(krate).join("Cargo.toml")).unwrap();
    let above = |text: &str, others: &[&str]| {
        others.iter().find(|o| text.lines().any(|l| l.starts_with(&format!("{o} ")) || l.starts_with(&format!("{o}.")))).map(|o| (*o).to_owned())
    };
    assert!(
        above("[dependencies]\nhilum-stages = { path = \"..\" }", &["hilum-stages"]).is_some()
            && above("candle-core.workspace = true", &["candle-core"]).is_some()
    );
    assert_eq!(above(&manifest("cache"), &["hilum", "hilum-stages", "hilum-ops", "candle-core", "candle-nn", "saphyr-parser", "serde_yaml"]), None);
    assert_eq!(above(&manifest("stages/ops"), &["hilum", "hilum-stages", "hilum-cache"]), None);
    assert_eq!(above(&manifest("stages"), &["hilum", "petgraph", "saphyr-parser"]), None);
}

#[test]
fn contract_evaluation_and_records_import_no_tensor_library() {
    Never { words: &[], paths: &["candle_core", "candle_nn", "hilum_ops"], why: "contract, evaluation, statistics and records are plain" }.in_files(
        &below(&["stages/src/contract", "stages/src/evaluation", "stages/src/statistics", "stages/src/records"]),
        &["use candle_core::Tensor;", "use hilum_ops::{Value, conv2d};", "fn f(x: &hilum_ops::Value) {}", "use hilum_ops as ops;"],
        &["use crate::contract::candle_core_like;"],
    );
}

#[test]
fn networks_and_models_touch_no_file() {
    Never { words: &["File::", "OpenOptions"], paths: &["std::fs", "std::os", "tempfile"], why: "networks touch no file" }.in_files(
        &below(&["stages/src/networks", "stages/src/models"]),
        &["use std::fs;", "use std::{collections::BTreeMap, fs::{self, read}};", "std::fs::read(p)", "let f = File::open(p);"],
        &["use crate::contract::port::File;"],
    );
}

/// Kinds that use another one: modules below `kinds`, by the names of their files.
fn imports_of_kinds(all: &Crate, kinds: &BTreeSet<String>) -> BTreeSet<String> {
    let path = |kind: &String| format!("kinds::{kind}");
    // What stages share, such as `classifier`, may know none of them either.
    let modules = all.uses().into_iter().filter_map(|(way, _)| (way.len() > 1 && way[0] == "kinds").then(|| way[1].clone())).collect::<BTreeSet<String>>();
    let others = |own: &String| kinds.iter().filter(|k| *k != own).map(path).collect::<Vec<_>>();
    let of = |own: &String| uses_between(all, &[&path(own)], &others(own).iter().map(String::as_str).collect::<Vec<_>>());
    modules.iter().flat_map(of).collect()
}

#[test]
fn a_stage_never_imports_another_stage() {
    let kinds: BTreeSet<String> = hilum_stages::KINDS.iter().map(|k| k.name.replace('-', "_")).collect();
    let planted = |split: &str| {
        let files = [
            ("lib.rs", "mod kinds;"),
            ("kinds.rs", "mod split; mod umap; mod generator; pub use umap::Umap;"),
            ("kinds/umap.rs", "pub struct Umap;"),
            ("kinds/generator.rs", ""),
            ("kinds/split.rs", split),
        ];
        imports_of_kinds(&Crate::of(files.map(|(path, text)| (Path::new(path), text))), &kinds).len()
    };
    for import in [
        "use super::umap;",
        "use super::{generator::{x}, umap::{self as other}};",
        "use crate::kinds::Umap;",
        "fn f() { super::umap::g() }",
        "mod a { use super::super::umap::x; }",
    ] {
        assert!(planted(import) > 0, "{import}");
    }
    assert_eq!(planted("use crate::umap::Umap; use super::generator::open; use crate::words::umap;"), 0);
    let found = imports_of_kinds(&crate_of("stages/src"), &kinds);
    assert!(found.is_empty(), "a stage is given artifacts, never another stage: {found:?}");
}

#[test]
fn only_the_pipeline_knows_yaml_and_petgraph_stays_in_the_model() {
    Never { words: &["saphyr"], paths: &["serde_yaml", "saphyr_parser"], why: "only src/pipeline and the format of published tables know YAML" }.in_files(
        &outside(&["src/pipeline", "stages/src/published/read"]),
        &["use serde_yaml::Value;", "serde_yaml::to_string(&x)", "use {saphyr_parser::Parser};"],
        &["let yaml = path.ends_with(\".yaml\");"],
    );
    Never { words: &["petgraph"], paths: &[], why: "petgraph stays in src/pipeline/model.rs" }.in_files(
        &outside(&["src/pipeline/model"]),
        &["use petgraph::Graph;"],
        &[],
    );
}

#[test]
fn the_plan_neither_executes_nor_writes() {
    let writes = ["fs::write", "fs::rename", "fs::remove", "fs::create_dir", "File::create", "OpenOptions", "WritableStore", ".put(", "Journal::"];
    const WRITES: Never = Never {
        words: &["fs::write", "fs::rename", "fs::remove", "fs::create_dir", "File::create", "OpenOptions", "WritableStore", ".put(", "Journal::"],
        paths: &["hilum_cache::Journal", "hilum_cache::WritableStore", "std::process"],
        why: "the plan writes nothing",
    };
    WRITES.in_files(
        &below(&["src/plan"]),
        &[&writes[..], &["use hilum_cache::{Digest, WritableStore as Store};", "use std::process::{self};"]].concat(),
        &["use hilum_cache::journal;"],
    );
    let planted = |plan: &str| {
        let files = [
            ("lib.rs", "mod plan; mod run; mod driver;"),
            ("plan.rs", "mod current;"),
            ("plan/current.rs", plan),
            ("run.rs", "pub mod job; pub use job::Job;"),
            ("run/job.rs", "pub struct Job;"),
            ("driver.rs", ""),
        ];
        uses_between(&Crate::of(files.map(|(path, text)| (Path::new(path), text))), &["plan"], &["run", "driver", "cli"]).len()
    };
    assert_eq!(
        [
            planted("use crate::run::Job;"),
            planted("fn f() { crate::{run} }"),
            planted("use super::super::{driver, run::job};"),
            planted("use crate::running::a;")
        ],
        [1, 0, 2, 0]
    );
    let found = uses_between(&crate_of("src"), &["plan"], &["run", "driver", "cli"]);
    assert!(found.is_empty(), "the plan executes nothing: {found:?}");
}

#[test]
fn a_worker_never_sees_the_graph() {
    let seen = |all: &Crate| uses_between(all, &["run::worker", "run::job"], &["pipeline", "session", "lineage", "driver"]);
    let files = [
        ("lib.rs", "mod pipeline; mod run;"),
        ("pipeline.rs", "pub struct Pipeline;"),
        ("run.rs", "mod worker; mod job; use crate::pipeline::Pipeline;"),
        ("run/worker.rs", "use super::Pipeline;"),
        ("run/job.rs", ""),
    ];
    assert_eq!(seen(&Crate::of(files.map(|(path, text)| (Path::new(path), text)))).len(), 1);
    let found = seen(&crate_of("src"));
    assert!(found.is_empty(), "a worker knows its job and nothing else: {found:?}");
}

#[test]
fn only_runs_verify_and_gc_open_a_store_for_writing() {
    let writers = ["src/run", "src/driver/run", "src/cli/open", "src/cli/replay", "src/audit", "src/forget/erase", "src/replay", "cache/src"];
    // What `driver` itself opens is what it hands to a run.
    Never { words: &["WritableStore"], paths: &[], why: "only runs, verify, gc and audits open a store for writing" }.in_files(
        &outside(&[&writers[..], &["src/driver"]].concat()),
        &["use hilum_cache::{Store, WritableStore};"],
        &["use hilum_cache::Store;"],
    );
}

#[test]
fn only_cli_and_progress_print() {
    Never {
        words: &["println!", "eprintln!", "print!(", "eprint!(", "dbg!"],
        paths: &["std::io::stdout", "std::io::stderr"],
        why: "libraries return errors and emit events",
    }
    .in_files(
        // A worker's standard output is its line to the run.
        &outside(&["src/cli", "src/progress", "src/run/worker"]),
        &["println!(\"{x}\")", "eprint!(\"\")", "dbg!(x);", "use std::io::{self, stdout};", "std::io::stderr().write_all(b)"],
        &["write!(out, \"{x}\")", "use std::io::{Read, Write};"],
    );
}

#[test]
fn journals_have_one_reader() {
    Never { words: &["journal.jsonl", "\"type\":\"receipt\""], paths: &[], why: "a journal is read by `journal::entries` or `RunRecord`" }.in_files(
        &outside(&["cache/src/journal", "cache/src/journal_file"]),
        &["dir.join(\"journal.jsonl\")", "line.contains(r#\"\"type\":\"receipt\"\"#)"],
        &["use hilum_cache::journal;"],
    );
    Never {
        words: &["journal::objects"],
        paths: &["hilum_cache::journal::objects", "crate::journal::objects"],
        why: "raw lines are printed, never interpreted",
    }
    .in_files(
        &outside(&["cache/src/journal", "src/cli/show"]),
        &["journal::objects(&store)", "use hilum_cache::journal::{entries, objects};"],
        &["store.objects()"],
    );
}

#[test]
fn gpus_are_spoken_to_in_one_place() {
    Never { words: &["cudarc", "CudaSlice"], paths: &["candle_core::cuda_backend"], why: "what a GPU does is decided below stages/ops/src/cuda" }.in_files(
        &outside(&["stages/ops/src/cuda"]),
        &["use candle_core::cuda_backend::cudarc::driver;", "fn f(x: &CudaSlice<f32>) {}", "use candle_core::{Tensor, cuda_backend::{CudaStorage}};"],
        &["use candle_core::Device;"],
    );
}

#[test]
fn no_network_is_reached_and_no_other_program_started() {
    Never {
        words: &["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "UnixListener", "UnixDatagram", "ToSocketAddrs"],
        paths: &["std::net", "core::net", "std::os::unix::net", "rustix::net", "libc::socket", "libc::connect"],
        why: "studies, images and weights are files: nothing is asked of a network",
    }
    .in_files(
        code().iter().collect::<Vec<_>>().as_slice(),
        &[
            "use std::net;",
            "use std::{io, net::{IpAddr}};",
            "std::net::lookup_host(a)",
            "use std::os::{unix::{net as sockets}};",
            "let s: TcpStream;",
            "unsafe { libc::socket(a, b, c) }",
        ],
        &["use crate::networks::net;", "let net = classifier.net;"],
    );
    Never {
        words: &["Command::new", "posix_spawn", "execv"],
        paths: &["libc::system", "libc::fork"],
        why: "a run starts workers of its own program, and nothing else",
    }
    .in_files(
        &outside(&["src/run/worker", "src/run/launch/process"]),
        &["std::process::Command::new(\"git\")", "libc::system(c)"],
        &["clap::Command::about(x)"],
    );
    let started = |text: &str| text.split("Command::new(").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned()).collect::<Vec<_>>();
    let all: Vec<String> = below(&["src/run/worker", "src/run/launch/process"]).iter().flat_map(|s| started(&s.code)).collect();
    assert_eq!(all, ["&self.hilum", "\"/proc/self/exe\""], "a run starts workers of its own program, and nothing else");
    assert_eq!(started(&without_tests("Command::new(a); // Command::new(b)")), ["a"]);
}
