//! Presets of the import, one file and one row each: how a public collection is imported as it is distributed. The files say what
//! to know of it.

use crate::contract::preset::Preset;

macro_rules! presets {
    ($($name:literal $about:literal)+) => { &[$(Preset { name: $name, about: $about, text: include_str!(concat!("presets/", $name, ".yaml")) }),+] };
}

/// By name.
pub(super) const PRESETS: &[Preset] = presets! {
    "actualmed" "Actualmed COVID-19 Chest X-ray Dataset Initiative"
    "chexpert" "CheXpert, frontal images with exactly one finding"
    "covid-19-image-data-collection" "COVID-19 Image Data Collection (Cohen et al.), X-rays that are not lateral"
    "covid-19-radiography-database" "COVID-19 Radiography Database, without its masks"
    "covidx-test" "COVIDx, test list, of any version"
    "covidx-train" "COVIDx, training list, of any version"
    "covidx-validation" "COVIDx CXR-4, validation list"
    "figure1" "Figure 1 COVID-19 Chest X-ray Dataset Initiative"
    "four-class-tree" "Tree of COVID19, NORMAL, PNEUMONIA and TUBERCULOSIS below train and test"
    "mimic-cxr-jpg" "MIMIC-CXR-JPG with CheXpert's labels, frontal images with exactly one finding"
    "nih-cxr14" "NIH ChestX-ray14, table of 2020"
    "nih-cxr14-2017" "NIH ChestX-ray14, table of 2017"
    "rsna-2018" "RSNA Pneumonia Detection Challenge, three classes"
    "rsna-2018-nih" "RSNA Pneumonia Detection Challenge, with the patients of the NIH from RSNA's mapping"
};
