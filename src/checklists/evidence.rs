//! What in the record of a run is evidence for something: artifacts by what they are, and receipts by what they took and gave, never by
//! the name of a kind. One sort of evidence is one row of [`RULES`].

use hilum_cache::receipt::Artifact;
use hilum_cache::{Receipt, Sha256, StageKey};
use hilum_stages::KINDS;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{
    Attention, AttentionSummary, Compared, History, MetricRow, PredictionTable, ProbeRow, Record, Row, ShortcutRow, SubgroupRow, WithinGroupsRow,
};
use std::collections::BTreeMap;

/// A sort of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Evidence {
    /// The study as it was run.
    Study,
    /// What the checks found, and which were decided.
    Checks,
    Imported,
    Selected,
    LeftOut,
    Pseudonyms,
    Prepared,
    Subsets,
    Split,
    TestSets,
    Networks,
    Histories,
    Chosen,
    Software,
    Metrics,
    Recalibrated,
    Comparison,
    Subgroups,
    Robustness,
    Attention,
    Predictions,
    Warnings,
}

/// What is pointed to.
enum Place {
    /// Outputs of a stage, by their ports.
    Outputs(Vec<String>),
    /// The receipt of a stage: its parameters, notes and environment.
    Receipt,
    Nothing,
}

/// Where evidence is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pointer {
    /// In the journal of the run itself: the study that it starts with, or its checks.
    Journal(Evidence),
    /// In the receipt of a stage.
    Receipt { stage: String, key: StageKey },
    /// In an output of a stage.
    Output { stage: String, key: StageKey, port: String, sha256: Sha256 },
}

/// The first pointers to evidence of a sort, and how many there are.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) first: Vec<Pointer>,
    pub(crate) all: usize,
}

/// Pointers of a sort that are kept: a study may have thousands of cells.
const KEPT: usize = 4;

/// What was found in the record of a run.
#[derive(Debug, Default)]
pub(crate) struct Gathered(BTreeMap<Evidence, Found>);

type Rule = (Evidence, &'static str, fn(&Receipt) -> Place);

/// Which receipts are evidence for what, and what it says.
const RULES: &[Rule] = &[
    (Evidence::Imported, "images and labels as they were imported, with the digests of what was read", |r| {
        if is_import(r) { of_type(r, ArtifactType::Samples) } else { Place::Nothing }
    }),
    (Evidence::Selected, "which rows and files were kept (parameters), and how many were not (notes)", |r| whole(is_import(r))),
    (Evidence::LeftOut, "what was left out or unknown, with counts and reasons (notes)", |r| whole(takes_files_or_decodes(r) && !r.notes.is_empty())),
    (Evidence::Pseudonyms, "tokens and keyed pseudonyms in place of identifiers", |r| of_type(r, ArtifactType::Patients)),
    (Evidence::Prepared, "how images became grey values (parameters)", |r| whole(decodes(r))),
    (Evidence::Subsets, "which images of a table were taken, repeated or added (parameters)", |r| {
        if is_subset(r) { of_type(r, ArtifactType::Samples) } else { Place::Nothing }
    }),
    (Evidence::Split, "the parts, with their images and patients", |r| {
        if ports(r, ArtifactType::Samples).len() > 1 { of_type(r, ArtifactType::Samples) } else { Place::Nothing }
    }),
    (Evidence::TestSets, "the test sets, by the evaluations that were given them", |r| whole(!of_rows::<MetricRow>(r).is_nothing())),
    (Evidence::Networks, "networks: architecture, all parameters, seed and initial weights (receipt), and their digests", networks),
    (Evidence::Histories, "losses of every step", |r| if networks(r).is_nothing() { Place::Nothing } else { of_record::<History>(r) }),
    (Evidence::Chosen, "validation images by which epochs or weights were chosen", |r| {
        whole(!networks(r).is_nothing() && r.recipe.inputs.contains_key("validation"))
    }),
    (Evidence::Software, "program, commit, locked dependencies, compiler, instruction set", |r| whole(!networks(r).is_nothing())),
    (Evidence::Metrics, "metrics on a test set, each with its interval and how that was computed", of_rows::<MetricRow>),
    (Evidence::Recalibrated, "probabilities scaled by validation images (notes)", |r| {
        whole(r.notes.iter().any(|note| note.contains("scaled by a temperature")))
    }),
    (Evidence::Comparison, "differences between arms, with intervals", of_rows::<Compared>),
    (Evidence::Subgroups, "metrics by sex, age and other groups", |r| either(of_rows::<SubgroupRow>(r), of_rows::<WithinGroupsRow>(r))),
    (Evidence::Robustness, "metrics by group and source, and what gives a source away", |r| {
        either(either(of_rows::<SubgroupRow>(r), of_rows::<WithinGroupsRow>(r)), either(of_rows::<ShortcutRow>(r), of_rows::<ProbeRow>(r)))
    }),
    (Evidence::Attention, "where classifiers find a class", |r| either(of_rows::<Attention>(r), of_rows::<AttentionSummary>(r))),
    (Evidence::Predictions, "the prediction for every test image, by digest", of_record::<PredictionTable>),
    (Evidence::Warnings, "what stages warned of (notes)", |r| whole(r.notes.iter().any(|note| note.starts_with("warning: ")))),
];

impl Evidence {
    /// What it says, in a few words.
    pub(crate) fn says(self) -> &'static str {
        match self {
            Evidence::Study => "the study as it was run, every cell with its parameters",
            Evidence::Checks => "what the checks of the study found, and which of them could be decided",
            other => RULES.iter().find(|rule| rule.0 == other).map_or("", |rule| rule.1),
        }
    }
}

impl Gathered {
    /// Starts with what the journal of a run itself says: whether it holds the study, and whether it says which checks were decided.
    pub(crate) fn of_journal(has_study: bool, has_checks: bool) -> Gathered {
        let mut out = Gathered::default();
        for (evidence, is_there) in [(Evidence::Study, has_study), (Evidence::Checks, has_checks)] {
            if is_there {
                out.add(evidence, Pointer::Journal(evidence));
            }
        }
        out
    }

    /// Adds what the receipt of a stage shows, under the name that the stage has in the run.
    pub(crate) fn receipt(&mut self, stage: &str, receipt: &Receipt) {
        for (evidence, _, place) in RULES {
            match place(receipt) {
                Place::Nothing => {}
                Place::Receipt => self.add(*evidence, Pointer::Receipt { stage: stage.to_owned(), key: receipt.key }),
                Place::Outputs(ports) => {
                    for port in ports {
                        let Some(artifact) = receipt.outputs.get(&port) else { continue };
                        self.add(*evidence, Pointer::Output { stage: stage.to_owned(), key: receipt.key, sha256: artifact.sha256, port });
                    }
                }
            }
        }
    }

    fn add(&mut self, evidence: Evidence, pointer: Pointer) {
        let found = self.0.entry(evidence).or_default();
        found.all += 1;
        if found.first.len() < KEPT {
            found.first.push(pointer);
        }
    }

    /// True if there is evidence of a sort.
    pub(crate) fn has(&self, evidence: Evidence) -> bool {
        self.0.contains_key(&evidence)
    }

    /// The evidence of a sort.
    pub(crate) fn of(&self, evidence: Evidence) -> Option<&Found> {
        self.0.get(&evidence)
    }
}

impl Place {
    fn is_nothing(&self) -> bool {
        matches!(self, Place::Nothing)
    }
}

fn whole(is_it: bool) -> Place {
    if is_it { Place::Receipt } else { Place::Nothing }
}

fn either(one: Place, other: Place) -> Place {
    if one.is_nothing() { other } else { one }
}

fn ports(receipt: &Receipt, wanted: ArtifactType) -> Vec<String> {
    receipt.outputs.iter().filter(|(_, artifact)| wanted.is(artifact)).map(|(port, _)| port.clone()).collect()
}

fn outputs(ports: Vec<String>) -> Place {
    if ports.is_empty() { Place::Nothing } else { Place::Outputs(ports) }
}

fn of_type(receipt: &Receipt, wanted: ArtifactType) -> Place {
    outputs(ports(receipt, wanted))
}

/// Outputs of one file of this name, and of more than so many bytes.
fn named(receipt: &Receipt, file: &str, least: usize) -> Place {
    let is_it = |artifact: &Artifact| artifact.file.as_deref() == Some(file) && artifact.bytes > least as u64;
    outputs(receipt.outputs.iter().filter(|(_, artifact)| is_it(artifact)).map(|(port, _)| port.clone()).collect())
}

fn of_record<R: Record>(receipt: &Receipt) -> Place {
    named(receipt, &R::file_name(), 0)
}

/// Tables with more than their header: one without a row says nothing.
fn of_rows<T: Row>(receipt: &Receipt) -> Place {
    named(receipt, &format!("{}.csv", T::RECORD), T::COLUMNS.join(",").len() + 1)
}

fn networks(receipt: &Receipt) -> Place {
    outputs(receipt.outputs.iter().filter(|(_, a)| ArtifactType::of(a).is_some_and(ArtifactType::is_network)).map(|(port, _)| port.clone()).collect())
}

/// True for images from outside: files became a table, without any input.
fn is_import(receipt: &Receipt) -> bool {
    receipt.recipe.inputs.is_empty() && !receipt.recipe.sources.is_empty() && !ports(receipt, ArtifactType::Samples).is_empty()
}

/// True where images that are none of a generator became pixels.
fn decodes(receipt: &Receipt) -> bool {
    let makes = KINDS.iter().any(|kind| kind.name == receipt.recipe.kind && (kind.synthetic || kind.drawn));
    !makes && !ports(receipt, ArtifactType::Images).is_empty()
}

fn takes_files_or_decodes(receipt: &Receipt) -> bool {
    is_import(receipt) || decodes(receipt)
}

/// True where one table was made of others, and no network had to do with it.
fn is_subset(receipt: &Receipt) -> bool {
    let is_made = KINDS.iter().any(|kind| kind.name == receipt.recipe.kind && kind.synthetic);
    ports(receipt, ArtifactType::Samples).len() == 1 && !receipt.recipe.inputs.is_empty() && !is_made
}
