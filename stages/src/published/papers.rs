//! The published tables of the studies in `pipelines`: exactly these cells contradict the numbers of their papers.

use super::{Paper, audit};
use crate::records::{Audited, Verdict};

const ZUNAIR_HAMZA: &str = include_str!("../../../pipelines/zunair-2020/published.yaml");
const ZUNAIR_HAMZA_SHORT: &str = include_str!("../../../pipelines/zunair-2021/published.yaml");
const SCHAUDT: &str = include_str!("../../../pipelines/schaudt-2021/published.yaml");
const LIANG: &str = include_str!("../../../pipelines/liang-2021/published.yaml");
const DAVOODI: &str = include_str!("../../../pipelines/davoodi-2022/published.yaml");

fn audited(text: &str) -> Vec<Audited> {
    audit(&Paper::read(text.as_bytes()).unwrap_or_else(|e| panic!("{e}"))).rows
}

/// How many cells were examined, and what is not consistent, in one line each.
fn contradictions(text: &str) -> (usize, Vec<String>) {
    let all = audited(text);
    let say = |r: &Audited| {
        let by = if r.verdict == Verdict::Explained { format!(" (explained: {})", r.explained_by) } else { String::new() };
        format!("{}, {}, {}: {} for {}{by}", r.table, r.row, r.column, r.printed, r.expected)
    };
    (all.len(), all.iter().filter(|r| r.verdict != Verdict::Consistent).map(say).collect())
}

#[test]
fn zunair_and_hamza_have_one_sum_four_skews_and_four_sensitivities_that_are_wrong() {
    let due = [
        "Images, all images, Pneumonia: 6,012 for 6015",
        "Skew, Normal, plus both: 0.79 for 16537/21475 = 0.770 (explained: 4135)",
        "Skew, Pneumonia, real: 22.9 for 4758/180 = 26.43 (explained: 4135)",
        "Skew, Pneumonia, plus own: 0.95 for 4758/4938 = 0.964 (explained: 4135)",
        "Skew, Pneumonia, plus both: 0.19 for 4758/21475 = 0.222 (explained: 4135)",
        // 13 of 46 is 28.2608…, which is 28.26 rounded and truncated.
        "Table 1, DenseNet-102, plus Normal: 28.27 for 13/46 = 28.261",
        "Table 1, DenseNet-102, plus both: 34.73 for 16/46 = 34.783",
        "Table 2, VGG-16, plus Pneumonia: 29.50 for 22/46 = 47.826",
        "Table 2, DenseNet-102, plus both: 32.43 for 14/46 = 30.435",
    ];
    assert_eq!(contradictions(ZUNAIR_HAMZA), (44, due.map(String::from).to_vec()));
    assert_eq!(contradictions(ZUNAIR_HAMZA_SHORT), (1, vec![]));
}

#[test]
fn all_rows_of_schaudt_follow_from_whole_numbers_but_one_is_padded_with_zeros() {
    // 191 and 194 of 200: precisions of 191/197 = 0.96954 and 194/203 = 0.95567, printed to three digits and a zero.
    let due = [
        "Results, validation, COVIDNet-CXR-2, P+: .9700 for 191/197 = 0.96954 (explained: 3 digits and a zero)",
        "Results, validation, COVIDNet-CXR-2, P-: .9560 for 194/203 = 0.95567 (explained: 3 digits and a zero)",
    ];
    assert_eq!(contradictions(SCHAUDT), (38, due.map(String::from).to_vec()));
    let counts = |row: &str| audited(SCHAUDT).into_iter().filter(|r| r.row == row && r.column.starts_with('R')).map(|r| r.expected).collect::<Vec<_>>();
    assert_eq!(counts("test, COVIDx"), ["84/110 = 0.76364", "214/223 = 0.95964"]);
    assert_eq!(counts("test, plus synthetic"), ["105/110 = 0.95455", "203/223 = 0.91031"]);
}

#[test]
fn no_reading_gives_the_training_images_of_liang_and_all_results_follow_from_whole_numbers() {
    assert_eq!(contradictions(LIANG), (49, vec!["Enhanced data, training, COVID-19: 1,254 for 1259 or 1229 or 1289".into()]));
    let right: Vec<String> = audited(LIANG).into_iter().filter(|r| r.column == "acc").map(|r| r.expected).collect();
    assert_eq!(right, ["173/180 = 0.9611", "172/180 = 0.9556", "176/180 = 0.9778", "173/180 = 0.9611"]);
}

/// Whether the paper rounds or truncates is not known: these contradict it either way.
#[test]
fn the_f1_of_davoodi_and_lo_giudice_is_another_mean_and_rates_are_of_no_four_folds_of_270_images() {
    const F1: &str = "(explained: harmonic mean of sensitivity and specificity)";
    let due = [
        // 27 errors leave 0.8993 at least, 28 leave 0.8971 at most.
        "Classic augmentation, normal, acc: .898 for 0.8971 or 0.8993".into(),
        // Multiples of 1/60.
        "Classic augmentation, covid, sen: .962 for 0.9500 or 0.9667".into(),
        // One error of at most 53 in a fold is more than 0.0047.
        "Classic augmentation, covid, spe: .997 for 0.9953 or 1.0000".into(),
        format!("Classic augmentation, covid, F1: .978 for 0.9552 to 0.9767 {F1}"),
        format!("Classic augmentation, normal, F1: .767 for 0.6113 to 0.7601 {F1}"),
        format!("Classic augmentation, pneumonia_bac, F1: .776 for 0.4973 to 0.7441 {F1}"),
        format!("Classic augmentation, pneumonia_vir, F1: .835 for 0.6118 to 0.8012 {F1}"),
        "Synthetic images, normal, spe: .997 for 0.9951 or 1.0000".into(),
        format!("Synthetic images, pneumonia_bac, F1: .733 for 0.4578 to 0.7005 {F1}"),
        format!("Synthetic images, pneumonia_vir, F1: .852 for 0.6488 to 0.8178 {F1}"),
    ];
    assert_eq!(contradictions(DAVOODI), (39, due.to_vec()));
    // If it rounds, three more do, and F1 is nowhere F1 but where all are 1.
    let rounded = contradictions(&DAVOODI.replace("rounding: either", "rounding: rounded")).1;
    let more: Vec<&String> = rounded.iter().filter(|r| !due.contains(r)).collect();
    let due_more = [
        "Classic augmentation, covid, acc: .988 for 0.9853 or 0.9888".into(),
        "Classic augmentation, pneumonia_vir, sen: .808 for 0.8056 or 0.8088".into(),
        format!("Synthetic images, normal, F1: .888 for 0.7963 to 0.8871 {F1}"),
    ];
    assert_eq!(more, due_more.iter().collect::<Vec<_>>());
    assert_eq!(contradictions(&DAVOODI.replace("rounding: either", "rounding: truncated")).1.len(), due.len());
}
