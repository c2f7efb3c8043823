//! A temporary directory with a study in it, and the program.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What writes all files that tests compare with and that the program makes; every message and page that speaks of it says this.
pub const RENEW: &str = "HILUM_UPDATE=1 cargo test --release --test hilum -- documents golden faults";

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A temporary directory.
pub struct Space {
    path: PathBuf,
    /// Removed with the space, where it made the directory itself.
    _held: Option<tempfile::TempDir>,
}

/// The output of the program.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Space {
    pub fn new() -> Space {
        let held = tempfile::tempdir().unwrap();
        Space { path: held.path().to_path_buf(), _held: Some(held) }
    }
    /// An existing directory, which is kept.
    pub fn at(path: PathBuf) -> Space {
        Space { path, _held: None }
    }
    /// With the tiny study in `study.yaml`.
    pub fn tiny() -> Space {
        let space = Space::new();
        space.write("study.yaml", fs::read_to_string(root().join("pipelines/tiny.yaml")).unwrap());
        space
    }
    /// The same, with a directory of it as the current one.
    pub fn enter(self, directory: &str) -> Space {
        Space { path: self.path.join(directory), ..self }
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }
    /// Changes the study's text; the text must be there.
    pub fn edit(&self, from: &str, to: &str) {
        let text = self.read("study.yaml");
        assert!(text.contains(from), "study.yaml has no `{from}` to replace");
        self.write("study.yaml", text.replace(from, to));
    }
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hilum"));
        command.args(args).current_dir(&self.path).env_remove("HILUM_STORE").env("NO_COLOR", "1").env("XDG_STATE_HOME", self.path(".state"));
        command
    }
    /// A pseudonym key that this user adopted.
    pub fn give_key(&self, key: [u8; 32]) {
        use std::os::unix::fs::PermissionsExt;
        self.write(".hilum-private/study.key", key);
        for (path, mode) in [(".hilum-private", 0o700), (".hilum-private/study.key", 0o600)] {
            fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        assert_eq!(self.hilum(&["key", "adopt", "study.yaml"]).code, 0);
    }
    pub fn hilum(&self, args: &[&str]) -> Said {
        said(self.command(args).output().unwrap())
    }
    /// The list of what a stage left out last; empty where there is none.
    pub fn left_out(&self, stage: &str) -> String {
        let lists = fs::read_dir(self.path(".hilum-private/left-out")).into_iter().flatten().map(|e| e.unwrap().path());
        let of_stage = lists.filter(|p| p.file_name().unwrap().to_string_lossy().starts_with(&format!("{stage}-")));
        let newest = of_stage.max_by_key(|p| fs::metadata(p).unwrap().modified().unwrap());
        newest.map(|p| fs::read_to_string(p).unwrap()).unwrap_or_default()
    }
    /// Runs the study, which must succeed; gives the names of the stages that were executed.
    pub fn executed(&self) -> Vec<String> {
        let said = self.hilum(&["run", "study.yaml", "--json"]);
        assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
        done(&said.out)
    }
    /// The plan as `stage → decision`.
    pub fn plan(&self) -> Vec<(String, String, Value)> {
        let said = self.hilum(&["plan", "study.yaml", "--json"]);
        assert_eq!(said.code, 0, "{}", said.err);
        let plan: Value = serde_json::from_str(&said.out).unwrap();
        let stage = |s: &Value| (s["id"].as_str().unwrap().to_owned(), s["decision"].as_str().unwrap().to_owned(), s["reasons"].clone());
        plan["stages"].as_array().unwrap().iter().map(stage).collect()
    }
    /// Digests of all artifacts by study, stage and port, newest last.
    pub fn digests(&self) -> std::collections::BTreeMap<String, String> {
        let said = self.hilum(&["ls", "--json"]);
        let all: Value = serde_json::from_str(&said.out).unwrap();
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        all["artifacts"].as_array().unwrap().iter().map(|a| (format!("{} {}", text(&a["stage"]), text(&a["port"])), text(&a["digest"]))).collect()
    }
}

/// Stages that a run's events say were executed.
pub fn done(events: &str) -> Vec<String> {
    let mut names: Vec<String> = events
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap())
        .filter(|e| e["event"] == "stage-finished")
        .map(|e| e["stage"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// The last event of a run.
pub fn finished(events: &str) -> Value {
    serde_json::from_str(events.lines().last().unwrap()).unwrap()
}

pub fn said(o: Output) -> Said {
    let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
    Said { code: o.status.code().unwrap_or(-1), out: text(o.stdout), err: text(o.stderr) }
}
