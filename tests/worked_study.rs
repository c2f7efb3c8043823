//! The worked study: its page is made of the files of its results, its figures are drawn from them, and its command runs.

mod page;

use crate::space::{RENEW, Space, root};
use hilum_stages::figures;
use hilum_stages::records::{ArmRow, Compared, Record, Row, Table};
use std::fs;
use std::path::{Path, PathBuf};

/// What the page is made of. None of it has an image or a patient.
const RESULTS: [&str; 14] = [
    "comparison/table.csv",
    "comparison/answers.csv",
    "comparison/arms.csv",
    "beyond-repetition/table.csv",
    "beyond-repetition/answers.csv",
    "dose-curve/table.csv",
    "dose-curve/answers.csv",
    "dose-curve/arms.csv",
    "unique/summary.csv",
    "quality/fold=*/gan=*/figures.csv",
    "quality/fold=*/gan=*/agreement.csv",
    "memorisation/fold=*/gan=*/summary.csv",
    "shortcuts/arm=*/fold=*/groups.csv",
    "shortcuts/arm=*/fold=*/probes.csv",
];

fn here(name: &str) -> PathBuf {
    root().join("docs/worked-study").join(name)
}

fn page(results: &Path) -> String {
    let study = fs::read_to_string(root().join("pipelines/worked-study/study.yaml")).unwrap();
    page::render(&fs::read_to_string(here("page.md")).unwrap(), results, &study)
}

/// Renews a file, where that is asked for, and compares it.
fn fresh(path: &Path, bytes: &[u8]) {
    if std::env::var_os("HILUM_UPDATE").is_some() {
        fs::write(path, bytes).unwrap();
    }
    assert!(fs::read(path).unwrap_or_default() == bytes, "{} is stale: run `{RENEW}`, and commit what it writes", path.display());
}

fn table<T: Row>(name: &str) -> Table<T> {
    Table::read(&fs::read(here("results").join(name)).unwrap()).unwrap()
}

/// With `HILUM_WORKED_STUDY`, the results of a run are taken over first.
#[test]
fn documents_of_the_worked_study() {
    if let Some(run) = std::env::var_os("HILUM_WORKED_STUDY").map(PathBuf::from) {
        for (from, _) in RESULTS.iter().flat_map(|pattern| page::files(&run, pattern)) {
            let to = here("results").join(from.strip_prefix(&run).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(&from, to).unwrap();
        }
    }
    fresh(&root().join("docs/worked-study.md"), page(&here("results")).as_bytes());
    let (comparison, arms) = (table::<Compared>("dose-curve/table.csv"), table::<ArmRow>("dose-curve/arms.csv"));
    fresh(&here("dose.svg"), figures::of_doses(&comparison, &arms)[0].drawing.svg().as_bytes());
}

#[test]
fn its_command_runs_on_drawn_images_and_makes_what_the_page_is_made_of() {
    let space = Space::new();
    space.write("study.yaml", fs::read_to_string(root().join("pipelines/worked-study/study.yaml")).unwrap());
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let results = space.path("results/worked-study");
    assert!(RESULTS.iter().all(|pattern| !page::files(&results, pattern).is_empty()));
    assert!(page(&results).len() > 1000);
}
