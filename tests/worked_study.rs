//! The worked study: its page is made of the files of one run of the very study, its figure is drawn from them, and its command runs.

mod page;

use crate::space::{RENEW, Space, root};
use hilum_stages::figures;
use hilum_stages::records::{ArmRow, Compared, Record, Row, Table};
use std::fs;
use std::path::{Path, PathBuf};

/// What the page is made of. None of it has an image or a patient.
const RESULTS: [&str; 11] = [
    "comparison/table.csv",
    "comparison/answers.csv",
    "comparison/arms.csv",
    "beyond-repetition/answers.csv",
    "dose-curve/table.csv",
    "dose-curve/answers.csv",
    "dose-curve/arms.csv",
    "unique/summary.csv",
    "quality/fold=*/gan=*/figures.csv",
    "memorisation/fold=*/gan=*/summary.csv",
    "shortcuts/arm=*/fold=*/probes.csv",
];

/// What `hilum power` said before any training, and the study that was run.
const BESIDE: [&str; 2] = ["power.txt", "study.yaml"];

fn here(name: &str) -> PathBuf {
    root().join("docs/worked-study").join(name)
}

fn study() -> String {
    fs::read_to_string(root().join("pipelines/worked-study/study.yaml")).unwrap()
}

fn page(tables: &Path) -> String {
    page::render(&fs::read_to_string(here("page.md")).unwrap(), tables, &study())
}

/// Renews a file, where that is asked for, and compares it.
fn fresh(path: &Path, bytes: &[u8]) {
    if std::env::var_os("HILUM_UPDATE").is_some() {
        fs::write(path, bytes).unwrap();
    }
    assert!(fs::read(path).unwrap_or_default() == bytes, "{} is stale: run `{RENEW}`, and commit what it writes", path.display());
}

fn table<T: Row>(name: &str) -> Table<T> {
    Table::read(&fs::read(here("tables").join(name)).unwrap()).unwrap()
}

/// Takes over what the page is made of from the directory in which the study was run.
fn take_over(run: &Path) {
    let (results, tables) = (run.join("results/worked-study"), here("tables"));
    fs::remove_dir_all(&tables).ok();
    for (from, _) in RESULTS.iter().flat_map(|pattern| page::files(&results, pattern)) {
        let to = tables.join(from.strip_prefix(&results).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&from, to).unwrap();
    }
    for name in BESIDE {
        fs::copy(run.join(name), tables.join(name)).unwrap();
    }
}

/// With `HILUM_WORKED_STUDY`, the results of a run are taken over first.
#[test]
fn documents_of_the_worked_study() {
    if let Some(run) = std::env::var_os("HILUM_WORKED_STUDY") {
        take_over(Path::new(&run));
    }
    assert_eq!(fs::read_to_string(here("tables/study.yaml")).unwrap(), study(), "the tables are of another study");
    let made = page(&here("tables"));
    fresh(&root().join("docs/worked-study.md"), made.as_bytes());
    let (comparison, arms) = (table::<Compared>("dose-curve/table.csv"), table::<ArmRow>("dose-curve/arms.csv"));
    fresh(&here("dose.svg"), figures::of_doses(&comparison, &arms)[0].drawing.svg().as_bytes());
    // A row of the page, from its file.
    let row = comparison.rows.iter().find(|row| row.metric == "auroc" && row.class == "covid" && row.arm == "added=dcgan/dose=1").unwrap();
    let cells = format!("| {} | {:.3} [{:.3}, {:.3}] |", row.arm, row.value.unwrap(), row.low.unwrap(), row.high.unwrap());
    assert!(made.contains(&cells), "{cells}");
}

#[test]
fn its_command_runs_on_drawn_images_and_makes_what_the_page_is_made_of() {
    let space = Space::new();
    space.write("study.yaml", study());
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let power = space.hilum(&["power", "study.yaml", "--only", "comparison", "--no-past", "--simulations", "50"]);
    assert_eq!(power.code, 0, "{}", power.err);
    space.write("results/worked-study/power.txt", &power.out);
    let made = page(&space.path("results/worked-study"));
    for arm in ["weighted", "plus-dcgan", "plus-cyclegan", "only-cyclegan", "marked"] {
        assert!(made.contains(&format!("| arm={arm}/network=smallcnn64 | ")), "{made}");
    }
    assert!(!made.contains("{{") && !made.contains("}}"), "{made}");
}
