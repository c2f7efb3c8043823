//! CLAIM, the checklist for artificial intelligence in medical imaging, as updated in 2024: 44 items, in words of our own.

use super::{AUTHORS, CLINIC, Checklist, Evidence as E, Item, READERS, item};

pub(super) const CHECKLIST: Checklist = Checklist {
    name: "claim-2024",
    title: "CLAIM 2024",
    source: "Tejani AS, Klontzas ME, Gatti AA, et al. Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024 Update. \
             Radiology: Artificial Intelligence 2024; 6(4): e240300. https://doi.org/10.1148/ryai.240300",
    items: ITEMS,
};

#[rustfmt::skip]
const ITEMS: &[Item] = &[
    item("1", "Title", "Says that it is a study of AI, and of which technique", &[E::Networks], "the title itself", AUTHORS),
    item("2", "Abstract", "A structured summary", &[], "", AUTHORS),
    item("3", "Introduction", "Background, intended use and role of the AI", &[], "", AUTHORS),
    item("4", "Introduction", "Aims and hypotheses", &[E::Study], "hypotheses that are not in the description of the study", AUTHORS),
    item("5", "Study design", "Prospective or retrospective", &[], "", AUTHORS),
    item("6", "Study design", "The goal of the study", &[E::Study, E::Comparison], "why this is the goal", AUTHORS),
    item("7", "Data", "Where the data come from", &[E::Imported], "hospitals, dates, and the rights to use them", CLINIC),
    item("8", "Data", "Which cases were included and excluded", &[E::Selected], "how patients came to be in the source, and why these criteria", CLINIC),
    item("9", "Data", "How data were prepared", &[E::Prepared], "", AUTHORS),
    item("10", "Data", "How subsets were selected", &[E::Subsets], "", AUTHORS),
    item("11", "Data", "How data were de-identified", &[E::Pseudonyms], "what was done with the images before they were imported, and text in their pixels", CLINIC),
    item("12", "Data", "How missing data were handled", &[E::LeftOut], "why data are missing", CLINIC),
    item("13", "Data", "How images were acquired", &[], "", CLINIC),
    item("14", "Reference standard", "How the reference standard was obtained", &[], "", READERS),
    item("15", "Reference standard", "Why this reference standard", &[], "", AUTHORS),
    item("16", "Reference standard", "Who annotated, and from what", &[], "", READERS),
    item("17", "Reference standard", "How the test set was annotated", &[E::TestSets], "who labelled them, and how", READERS),
    item("18", "Reference standard", "Variability between and within readers", &[], "", READERS),
    item("19", "Data partitions", "How data were assigned to partitions", &[E::Split], "", AUTHORS),
    item("20", "Data partitions", "At which level partitions are disjoint", &[E::Split, E::Checks], "", AUTHORS),
    item("21", "Testing data", "The intended sample size", &[E::TestSets], "which size was intended, and how it was determined (`hilum power` helps)", AUTHORS),
    item("22", "Model", "The model in detail", &[E::Networks], "", AUTHORS),
    item("23", "Model", "Software, libraries, packages", &[E::Software], "", AUTHORS),
    item("24", "Model", "How weights were initialised", &[E::Networks], "", AUTHORS),
    item("25", "Training", "The training in detail", &[E::Networks, E::Histories], "", AUTHORS),
    item("26", "Training", "How the final model was selected", &[E::Chosen], "what was tried outside of the study", AUTHORS),
    item("27", "Training", "Ensembles", &[], "", AUTHORS),
    item("28", "Evaluation", "Metrics of performance", &[E::Metrics], "why these metrics", AUTHORS),
    item("29", "Evaluation", "Significance and uncertainty", &[E::Metrics, E::Comparison], "", AUTHORS),
    item("30", "Evaluation", "Robustness and sensitivity", &[E::Robustness], "whether these analyses are the right ones", AUTHORS),
    item("31", "Evaluation", "Explainability", &[E::Attention], "how readers judge the maps", AUTHORS),
    item("32", "Evaluation", "Evaluation on internal data", &[E::Metrics, E::TestSets], "which of the test sets are internal", AUTHORS),
    item("33", "Evaluation", "Testing on external data", &[], "", AUTHORS),
    item("34", "Evaluation", "Registration of a clinical trial", &[], "", AUTHORS),
    item("35", "Results", "How many patients and examinations were included and excluded", &[E::Selected, E::LeftOut, E::Split], "", AUTHORS),
    item("36", "Results", "Demographic and clinical characteristics in each partition", &[E::Split], "characteristics that the imported tables do not have", CLINIC),
    item("37", "Results", "Performance with its uncertainty", &[E::Metrics, E::Comparison], "", AUTHORS),
    item("38", "Results", "Diagnostic accuracy and its precision", &[E::Metrics], "", AUTHORS),
    item("39", "Results", "Failures: cases that were misjudged", &[E::Predictions], "what a reader sees in these cases", "a radiologist"),
    item("40", "Discussion", "Limitations", &[E::Checks, E::Warnings], "limitations that no check knows", AUTHORS),
    item("41", "Discussion", "What follows for practice, and the intended use", &[], "", AUTHORS),
    item("42", "Other", "Where the protocol and further details are", &[E::Study], "where they are published", AUTHORS),
    item("43", "Other", "Whether software, models and data are available", &[E::Software, E::Networks], "where they can be had", AUTHORS),
    item("44", "Other", "Funding and the role of funders", &[], "", AUTHORS),
];
