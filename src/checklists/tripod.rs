//! TRIPOD+AI, for studies of prediction models: 27 items with 52 parts, in words of our own.

use super::{Checklist, Evidence as E, Item};

pub(super) const CHECKLIST: Checklist = Checklist {
    name: "tripod-ai",
    title: "TRIPOD+AI",
    source: "Collins GS, Moons KGM, Dhiman P, et al. TRIPOD+AI statement: updated guidance for reporting clinical prediction models that use \
             regression or machine learning methods. BMJ 2024; 385: e078378. https://doi.org/10.1136/bmj-2023-078378",
    items: ITEMS,
};

const AUTHORS: &str = "the authors";
const CLINIC: &str = "whoever took the images";
const READERS: &str = "whoever labelled the images";

const fn item(number: &'static str, part: &'static str, asks: &'static str, evidence: &'static [E], left: &'static str, who: &'static str) -> Item {
    Item { number, part, asks, evidence, left, who }
}

#[rustfmt::skip]
const ITEMS: &[Item] = &[
    item("1", "Title", "Says that a model is developed or evaluated, for whom, and what it predicts", &[], "", AUTHORS),
    item("2", "Abstract", "A summary after TRIPOD+AI for abstracts", &[], "", AUTHORS),
    item("3a", "Introduction", "Clinical context, rationale, existing models", &[], "", AUTHORS),
    item("3b", "Introduction", "Whom it is for, what for, and who would use it", &[], "", AUTHORS),
    item("3c", "Introduction", "Known inequalities between groups of people", &[], "", AUTHORS),
    item("4", "Introduction", "Objectives: development, evaluation, or both", &[E::Study], "objectives that are not in the description of the study", AUTHORS),
    item("5a", "Methods: data", "Sources of data for development and for evaluation, and how representative they are", &[E::Imported, E::Split], "how representative they are", CLINIC),
    item("5b", "Methods: data", "Dates of the data", &[], "", CLINIC),
    item("6a", "Methods: participants", "Setting, number and place of the centres", &[], "", CLINIC),
    item("6b", "Methods: participants", "Who was eligible", &[E::Selected], "how patients came to be in the source", CLINIC),
    item("6c", "Methods: participants", "Treatments, and how they were handled", &[], "", CLINIC),
    item("7", "Methods: data preparation", "How data were prepared and checked, and whether alike for all groups of people", &[E::Prepared, E::LeftOut], "whether alike for all groups of people", AUTHORS),
    item("8a", "Methods: outcome", "What is predicted, over which time, how it was assessed and why so", &[E::Imported], "how labels were assessed, and why so", READERS),
    item("8b", "Methods: outcome", "Who assessed the outcome, where that takes judgement", &[], "", READERS),
    item("8c", "Methods: outcome", "Whether the assessment was blinded", &[], "", READERS),
    item("9a", "Methods: predictors", "Why these predictors: the images as they are", &[E::Prepared], "why images alone", AUTHORS),
    item("9b", "Methods: predictors", "How predictors are defined and measured", &[E::Prepared], "how the images were taken", CLINIC),
    item("9c", "Methods: predictors", "Who assessed predictors, where that takes judgement", &[], "", READERS),
    item("10", "Methods: sample size", "How the sample size was arrived at, for development and for evaluation", &[E::Split], "why it is enough (`hilum power` helps)", AUTHORS),
    item("11", "Methods: missing data", "How missing data were handled", &[E::LeftOut], "why data are missing", CLINIC),
    item("12a", "Methods: analysis", "How data were used and parted for development and evaluation", &[E::Split, E::Subsets], "", AUTHORS),
    item("12b", "Methods: analysis", "How predictors were transformed", &[E::Prepared], "", AUTHORS),
    item("12c", "Methods: analysis", "The sort of model, how it was built, tuned and validated", &[E::Networks, E::Chosen], "why this sort of model", AUTHORS),
    item("12d", "Methods: analysis", "Differences between centres", &[E::Robustness], "what the sources are, and whether they are centres", CLINIC),
    item("12e", "Methods: analysis", "Measures and plots of performance, and how models were compared", &[E::Metrics, E::Comparison], "", AUTHORS),
    item("12f", "Methods: analysis", "Whether a model was updated, such as recalibrated", &[E::Recalibrated], "", AUTHORS),
    item("12g", "Methods: analysis", "How predictions were calculated", &[E::Metrics, E::Networks], "", AUTHORS),
    item("13", "Methods: class imbalance", "Whether classes were balanced, why and how", &[E::Subsets], "why", AUTHORS),
    item("14", "Methods: fairness", "What was done for fairness", &[E::Subgroups], "what else was considered", AUTHORS),
    item("15", "Methods: model output", "What the model gives, and how classes follow from it", &[E::Metrics], "which threshold is meant for use", AUTHORS),
    item("16", "Methods: development and evaluation", "Differences between the data of development and of evaluation", &[E::Split, E::Checks], "differences that the imported tables do not show", CLINIC),
    item("17", "Methods: ethics", "Approval by a committee, and consent", &[], "", AUTHORS),
    item("18a", "Open science", "Funding and the role of funders", &[], "", AUTHORS),
    item("18b", "Open science", "Conflicts of interest", &[], "", AUTHORS),
    item("18c", "Open science", "Where the protocol is", &[E::Study], "where it is published, and when it was fixed", AUTHORS),
    item("18d", "Open science", "Registration", &[], "", AUTHORS),
    item("18e", "Open science", "Whether data are available", &[E::Imported], "where they can be had", AUTHORS),
    item("18f", "Open science", "Whether code is available", &[E::Software], "where it can be had", AUTHORS),
    item("19", "Patients and the public", "Whether they were involved", &[], "", AUTHORS),
    item("20a", "Results: participants", "The flow of participants, with numbers", &[E::Selected, E::LeftOut, E::Split], "", AUTHORS),
    item("20b", "Results: participants", "Characteristics, overall and by source", &[E::Split], "characteristics that the imported tables do not have", CLINIC),
    item("20c", "Results: participants", "Development and evaluation data compared", &[E::Split], "characteristics that the imported tables do not have", CLINIC),
    item("21", "Results: model development", "How many participants and events were in each analysis", &[E::Split, E::Subsets], "", AUTHORS),
    item("22", "Results: model", "The model in full, such that others can use it", &[E::Networks], "where it can be had, and who may", AUTHORS),
    item("23a", "Results: performance", "Performance with intervals, and in subgroups", &[E::Metrics, E::Subgroups], "which subgroups matter", AUTHORS),
    item("23b", "Results: performance", "Performance by centre", &[E::Robustness], "what the sources are, and whether they are centres", CLINIC),
    item("24", "Results: updating", "Results of updating a model", &[E::Recalibrated], "", AUTHORS),
    item("25", "Discussion", "An interpretation, with fairness, in the light of other studies", &[E::Comparison], "the interpretation itself", AUTHORS),
    item("26", "Discussion", "Limitations, and what they do to bias and to whom results apply", &[E::Checks, E::Warnings], "limitations that no check knows", AUTHORS),
    item("27a", "Discussion: usability", "What to do with poor or missing images in use", &[E::LeftOut], "what would be done in use", AUTHORS),
    item("27b", "Discussion: usability", "Whether users need expertise, and how they interact", &[], "", AUTHORS),
    item("27c", "Discussion: usability", "What should come next", &[], "", AUTHORS),
];
