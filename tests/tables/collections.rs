//! Collections that many people have, in the layouts in which they are handed out.

use super::Expected::Refused;
use super::cases::FOUR;
use super::{Case, case, taken};

const NIH: &str = "table: t.csv, columns: { patient: Patient ID, file: Image Index, label: { column: Finding Labels, separator: '|' }, age: Patient Age, sex: Patient Gender, view: View Position }";
const NIH_FILES: &[&str] = &["images_001/images/00000001_000.png", "images_001/images/00000001_001.png", "images_002/images/00000002_000.png"];
const NIH_TABLE: &str = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n00000001_000.png,Cardiomegaly,0,1,058,M,PA,2682,2749,0.143,0.143,\n00000001_001.png,Cardiomegaly|Emphysema,1,1,058,M,PA,2894,2729,0.143,0.143,\n00000002_000.png,No Finding,0,2,081,M,PA,2500,2048,0.171,0.171,\n";
const COHEN: &str = "patientid,offset,sex,age,finding,view,modality,date,folder,filename,clinical_notes\n2,0,M,65,Pneumonia/Viral/COVID-19,PA,X-ray,\"January 22, 2020\",images,a.jpg,\"On January 22, 2020, a man.\nSecond line\"\n2,3,M,65,Pneumonia/Viral/COVID-19,PA,X-ray,,images,b.jpeg,\n4,,F,52,Pneumonia/Bacterial,AP,X-ray,,images,c.png,\n5,,,,No Finding,L,X-ray,,images,d.png,\n6,,F,70,todo,Axial,CT,,volumes,e.nii.gz,\n";
const CHEXPERT: &str = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Pneumonia,Edema\nCheXpert-v1.0/train/patient00001/study1/view1.png,Female,68,Frontal,AP,1.0,,\nCheXpert-v1.0/train/patient00002/study1/view1.png,Male,87,Frontal,AP,,1.0,\nCheXpert-v1.0/train/patient00002/study2/view1.png,Male,87,Lateral,,,-1.0,\nCheXpert-v1.0/train/patient00003/study1/view1.png,Male,41,Frontal,PA,,1.0,1.0\n";
const CHEXPERT_FILES: &[&str] = &[
    "train/patient00001/study1/view1.png",
    "train/patient00002/study1/view1.png",
    "train/patient00002/study2/view1.png",
    "train/patient00003/study1/view1.png",
];

pub(super) fn collections() -> Vec<Case> {
    vec![
        case(
            "NIH, one finding each",
            NIH_FILES,
            NIH_TABLE,
            NIH,
            taken(&[("Cardiomegaly", 1), ("No Finding", 1)], &[], &[("00000001_001.png", "several labels")]),
        ),
        case(
            "NIH, any finding",
            NIH_FILES,
            NIH_TABLE,
            "table: t.csv, columns: { patient: Patient ID, file: Image Index, label: { column: Finding Labels, separator: '|', several: any } }, labels: { Cardiomegaly: heart, No Finding: normal }",
            taken(&[("heart", 2), ("normal", 1)], &[], &[]),
        ),
        case(
            "Cohen",
            &["images/a.jpg", "images/b.jpeg", "images/c.png", "images/d.png"],
            COHEN,
            "table: t.csv, columns: { patient: patientid, file: filename, label: finding, sex: sex, age: age, view: view }, labels: { '*COVID-19': covid, 'Pneumonia/Bacterial': bacterial, No Finding: normal }, only: { modality: X-ray }",
            taken(&[("covid", 2), ("bacterial", 1), ("normal", 1)], &[], &[("e.nii.gz", "not selected by `only`")]),
        ),
        case(
            "CheXpert",
            CHEXPERT_FILES,
            CHEXPERT,
            "table: t.csv, columns: { patient: { column: Path, pattern: 'patient\\d+' }, file: Path, label: { columns: [No Finding, Pneumonia, Edema] }, sex: Sex }",
            taken(
                &[("No Finding", 1), ("Pneumonia", 1)],
                &[],
                &[
                    ("CheXpert-v1.0/train/patient00002/study2/view1.png", "the label is uncertain"),
                    ("CheXpert-v1.0/train/patient00003/study1/view1.png", "several labels"),
                ],
            ),
        ),
        case(
            "CheXpert, uncertain taken for positive",
            CHEXPERT_FILES,
            CHEXPERT,
            "table: t.csv, columns: { patient: { column: Path, pattern: 'patient\\d+' }, file: Path, label: { columns: [No Finding, Pneumonia], uncertain: positive } }",
            taken(&[("No Finding", 1), ("Pneumonia", 3)], &[], &[]),
        ),
        case(
            "RSNA, a row per box",
            &["0004cfab.png", "00313ee0.png"],
            "patientId,x,y,width,height,Target\n0004cfab,,,,,0\n00313ee0,264.0,152.0,213.0,379.0,1\n00313ee0,562.0,152.0,256.0,453.0,1\n",
            "table: t.csv, columns: { patient: patientId, file: patientId, label: Target }, labels: { '0': normal, '1': opacity }",
            taken(&[("normal", 1), ("opacity", 1)], &["ignored"], &[]),
        ),
        case(
            "COVIDx",
            FOUR,
            "P1 a.png positive cohen\nP2 b.png negative rsna\nP3 c.png negative rsna\n",
            "list: t.csv, only: { source: { not: [cohen] } }",
            taken(&[("negative", 2)], &[], &[("a.png", "not selected")]),
        ),
        case(
            "COVIDx with a mark",
            FOUR,
            "\u{feff}P1 a.png positive\r\nP1 b.png negative\r\n",
            "list: t.csv",
            taken(&[("positive", 1), ("negative", 1)], &[], &[]),
        ),
        case(
            "Kaggle's pneumonia",
            &["train/NORMAL/a.png", "test/PNEUMONIA/b.png", "val/NORMAL/c.png"],
            "",
            "",
            taken(&[("NORMAL", 2), ("PNEUMONIA", 1)], &["parts of an earlier split"], &[]),
        ),
        case(
            "and in a directory of its own",
            &["chest_xray/train/NORMAL/a.png", "chest_xray/test/NORMAL/c.png", "chest_xray/test/PNEUMONIA/b.png"],
            "",
            "",
            taken(&[("NORMAL", 2), ("PNEUMONIA", 1)], &["parts of an earlier split"], &[]),
        ),
        case(
            "Kaggle's radiography database",
            &["COVID/images/a.png", "COVID/masks/a.png", "Normal/images/b.png", "Normal/masks/b.png"],
            "",
            "",
            taken(
                &[("COVID", 1), ("Normal", 1)],
                &["2 images were left out: a mask, by its directory"],
                &[("COVID/masks/a.png", "a mask"), ("Normal/masks/b.png", "a mask")],
            ),
        ),
        case(
            "COVID-QU-Ex",
            &[
                "Lung Segmentation Data/Train/COVID-19/images/a.png",
                "Lung Segmentation Data/Train/COVID-19/lung masks/a.png",
                "Lung Segmentation Data/Val/COVID-19/images/c.png",
                "Lung Segmentation Data/Val/Normal/images/b.png",
            ],
            "",
            "",
            taken(&[("COVID-19", 2), ("Normal", 1)], &["parts of an earlier split"], &[("Lung Segmentation Data/Train/COVID-19/lung masks/a.png", "a mask")]),
        ),
        case(
            "class directories, with files beside them",
            &["covid/a.png", "normal/b.png", "c.png"],
            "",
            "",
            taken(&[("covid", 1), ("normal", 1)], &["not in the directory of a class"], &[("c.png", "not in the directory of a class")]),
        ),
        case("files and no directories", FOUR, "", "", Refused("not in the directory of a class")),
        case("files of one label", FOUR, "", "label: covid", taken(&[("covid", 4)], &[], &[])),
        case(
            "directories that are left out",
            &["covid/a.png", "normal/b.png", "drafts/c.png", "covid/x_copy.png"],
            "",
            "exclude: [drafts/, '*_copy.png']",
            taken(&[("covid", 1), ("normal", 1)], &[], &[("drafts/c.png", "excluded"), ("covid/x_copy.png", "excluded")]),
        ),
        case(
            "a patient's directory under two classes",
            &["covid/P1/a.png", "normal/P1/b.png", "normal/P2/c.png"],
            "",
            "",
            taken(&[("covid", 1), ("normal", 2)], &[], &[]),
        ),
    ]
}
