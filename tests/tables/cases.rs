//! Sources as people have them, by what is odd about them.

use super::Expected::Refused;
use super::{Case, case, taken};

/// Columns of the plain table.
const PLAIN: &str = "table: t.csv, columns: { patient: who, file: file, label: label }";
/// Files of most cases.
const FOUR: &[&str] = &["a.png", "b.png", "c.png", "d.png"];
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

fn wide(text: &str, big: bool) -> Vec<u8> {
    let mark = if big { [0xfe, 0xff] } else { [0xff, 0xfe] };
    mark.into_iter().chain(text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() })).collect()
}

pub(super) fn encodings_and_delimiters() -> Vec<Case> {
    let plain = "who,file,label\nP1,a.png,covid\nP2,b.png,normal\n";
    let two: &[(&str, usize)] = &[("covid", 1), ("normal", 1)];
    let all = || taken(two, &[], &[]);
    vec![
        case("utf-8", FOUR, plain, PLAIN, all()),
        case("utf-8 with its mark", FOUR, [b"\xef\xbb\xbf", plain.as_bytes()].concat(), PLAIN, all()),
        case("utf-16 of little end", FOUR, wide(plain, false), PLAIN, all()),
        case("utf-16 of big end", FOUR, wide(plain, true), PLAIN, all()),
        case("latin-1, unnamed", FOUR, b"who,file,label\nM\xfcller,a.png,x\n".as_slice(), PLAIN, Refused("line 2 is not UTF-8")),
        case(
            "latin-1, named",
            FOUR,
            b"who,file,label\nM\xfcller,a.png,covid\nP2,b.png,normal\n".as_slice(),
            "encoding: latin1, table: t.csv, columns: { patient: who, file: file, label: label }",
            all(),
        ),
        case(
            "an unknown encoding",
            FOUR,
            plain,
            "encoding: klingon, table: t.csv, columns: { patient: who, file: file, label: label }",
            Refused("this encoding is not known"),
        ),
        case("carriage returns", FOUR, plain.replace('\n', "\r\n"), PLAIN, all()),
        case("carriage returns alone", FOUR, plain.replace('\n', "\r"), PLAIN, all()),
        case("semicolons", FOUR, plain.replace(',', ";"), PLAIN, all()),
        case("tabs", FOUR, plain.replace(',', "\t"), PLAIN, all()),
        case("a line for the spreadsheet", FOUR, format!("sep=;\r\n{}", plain.replace(',', ";")), PLAIN, all()),
        case("blank lines first", FOUR, format!("\n\n{}", plain.replace(',', ";")), PLAIN, all()),
        case("blanks around cells", FOUR, "who , file,label\n P1 , a.png , covid\nP2,b.png,normal  \n", PLAIN, all()),
        case("quotes", FOUR, "\"who\",\"file\",\"label\"\n\"P,1\",\"a.png\",\"covid\"\nP2,b.png,normal\n", PLAIN, all()),
        case("a quote without end", FOUR, "who,file,label\nP1,\"a.png,covid\nP2,b.png,normal\n", PLAIN, Refused("the quote on line 2 of the table never ends")),
        case("a doubled header", FOUR, format!("{plain}{plain}"), PLAIN, Refused("line 4 of the table is its header again")),
        case("a doubled column", FOUR, "who,file,label,label\nP1,a.png,x,y\n", PLAIN, Refused("the table has several columns `label`")),
        case("a row too short", FOUR, "who,file,label\nP1,a.png\n", PLAIN, Refused("line 2: 2 cells where 3 are due")),
        case("no such column", FOUR, "who,file,finding\nP1,a.png,x\n", PLAIN, Refused("no column `label`")),
        case("an empty file", FOUR, "", PLAIN, Refused("no column `who`")),
        case("a header alone", FOUR, "who,file,label\n", PLAIN, Refused("the table has no rows")),
        case("zeros for text", FOUR, vec![0; 512], PLAIN, Refused("no column `who`")),
        case("a picture for a table", FOUR, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), PLAIN, Refused("line 1 is not UTF-8")),
    ]
}

pub(super) fn cells() -> Vec<Case> {
    vec![
        case(
            "cells that say nothing",
            FOUR,
            "who,file,label\nP1,a.png,nan\nP2,b.png,NaN\nP3,c.png,covid\n,d.png,covid\n",
            PLAIN,
            taken(
                &[("covid", 1)],
                &["2 images were left out: no label", "1 image was left out: no patient (covid 1)"],
                &[("a.png", "no label"), ("b.png", "no label"), ("d.png", "no patient")],
            ),
        ),
        case(
            "labels in several spellings",
            FOUR,
            "who,file,label\nP1,a.png,Covid\nP2,b.png,covid\nP3,c.png,no  finding\nP4,d.png,No Finding\n",
            PLAIN,
            taken(&[("Covid", 1), ("covid", 1), ("no  finding", 1), ("No Finding", 1)], &["labels that differ only in case or spaces", "Covid / covid"], &[]),
        ),
        case(
            "numbers for names",
            FOUR,
            "who,file,label\n12,a.png,x\n12.0,b.png,y\n",
            PLAIN,
            taken(&[("x", 1), ("y", 1)], &["with `.0` at its end and without it"], &[]),
        ),
        case(
            "ages and sexes",
            FOUR,
            "who,file,label,age,sex\nP1,a.png,x,055Y,male\nP2,b.png,x,018M,F\nP3,c.png,y,50+,\nP4,d.png,y,999,female\n",
            "table: t.csv, columns: { patient: who, file: file, label: label, age: age, sex: sex }",
            taken(&[("x", 2), ("y", 2)], &["1 age is no number of years from 0 to 130"], &[]),
        ),
        case(
            "only some views",
            FOUR,
            "who,file,label,view\nP1,a.png,x,PA\nP2,b.png,x,pa\nP3,c.png,y,AP Supine\nP4,d.png,y,AP\n",
            "table: t.csv, columns: { patient: who, file: file, label: label }, only: { view: [PA, AP] }",
            taken(
                &[("x", 1), ("y", 1)],
                &["1 row has `pa` in the column `view`, which is not `PA`"],
                &[("b.png", "not taken by `only`"), ("c.png", "not taken by `only`")],
            ),
        ),
        case(
            "all views but one",
            FOUR,
            "who,file,label,view\nP1,a.png,x,PA\nP2,b.png,x,L\nP3,c.png,y,AP\n",
            "table: t.csv, columns: { patient: who, file: file, label: label }, only: { view: { not: [L] } }",
            taken(&[("x", 1), ("y", 1)], &[], &[("b.png", "not taken")]),
        ),
        case(
            "only what nobody has",
            FOUR,
            "who,file,label,view\nP1,a.png,x,PA\n",
            "table: t.csv, columns: { patient: who, file: file, label: label }, only: { view: AP }",
            Refused("no row that `only` takes"),
        ),
        case(
            "one label for all",
            FOUR,
            "who,file\nP1,a.png\nP2,b.png\n",
            "table: t.csv, label: covid, columns: { patient: who, file: file }",
            taken(&[("covid", 2)], &[], &[]),
        ),
        case(
            "patients within file names",
            FOUR,
            "file,label\na.png,x\nb.png,y\n",
            "table: t.csv, columns: { patient: { column: file, pattern: '^(.)' }, file: file, label: label }",
            taken(&[("x", 1), ("y", 1)], &[], &[]),
        ),
        case(
            "a pattern that is none",
            FOUR,
            "file,label\na.png,x\n",
            "table: t.csv, columns: { patient: { column: file, pattern: '(' }, file: file, label: label }",
            Refused("this is no regular expression"),
        ),
        case(
            "labels with stars",
            FOUR,
            "who,file,label\nP1,a.png,Pneumonia/Viral/COVID-19\nP2,b.png,Pneumonia/Bacterial\nP3,c.png,No Finding\n",
            "table: t.csv, columns: { patient: who, file: file, label: label }, labels: { 'Pneumonia/Viral/*': covid, 'Pneumonia/*': pneumonia }",
            taken(&[("covid", 1), ("pneumonia", 1)], &[], &[("c.png", "another label")]),
        ),
        case(
            "labels that nobody has",
            FOUR,
            "who,file,label\nP1,a.png,x\n",
            "table: t.csv, columns: { patient: who, file: file, label: label }, labels: { z: z }",
            Refused("no image has the label `z`"),
        ),
        case("one image twice", FOUR, "who,file,label\nP1,a.png,x\nP1,a.png,x\nP2,b.png,y\n", PLAIN, taken(&[("x", 1), ("y", 1)], &["taken once"], &[])),
    ]
}

pub(super) fn files() -> Vec<Case> {
    vec![
        case(
            "files without endings in the table",
            FOUR,
            "who,file,label\nP1,a,x\nP2,b,y\n",
            PLAIN,
            taken(&[("x", 1), ("y", 1)], &["2 images were found under names with other endings"], &[]),
        ),
        case(
            "files in subdirectories",
            &["s1/a.png", "s2/b.png"],
            "who,file,label\nP1,a.png,x\nP2,b.png,y\n",
            PLAIN,
            taken(&[("x", 1), ("y", 1)], &["2 images were found in other directories"], &[]),
        ),
        case(
            "a name in two directories",
            &["s1/a.png", "s2/a.png", "b.png"],
            "who,file,label\nP1,a.png,x\nP2,b.png,y\n",
            PLAIN,
            taken(&[("y", 1)], &[], &[("a.png", "several files have this name in different directories")]),
        ),
        case("backslashes and drives", FOUR, "who,file,label\nP1,C:\\x\\a.png,x\nP2,.\\b.png,y\n", PLAIN, taken(&[("x", 1), ("y", 1)], &[], &[])),
        case("other case", FOUR, "who,file,label\nP1,A.PNG,x\nP2,b.Png,y\n", PLAIN, taken(&[("x", 1), ("y", 1)], &["spelled in another way"], &[])),
        case(
            "another Unicode form",
            &["cafe\u{301}.png", "b.png"],
            "who,file,label\nP1,caf\u{e9}.png,x\nP2,b.png,y\n",
            PLAIN,
            taken(&[("x", 1), ("y", 1)], &["spelled in another way"], &[]),
        ),
        case("paths of another machine", FOUR, "who,file,label\nP1,/mnt/data/a.png,x\nP2,images/b.png,y\n", PLAIN, taken(&[("x", 1), ("y", 1)], &[], &[])),
        case("names with spaces", &["a b (1).png", "b.png"], "who,file,label\nP1,a b (1).png,x\nP2,b.png,y\n", PLAIN, taken(&[("x", 1), ("y", 1)], &[], &[])),
        case(
            "files that are not there",
            FOUR,
            "who,file,label\nP1,a.png,x\nP2,nowhere.png,y\nP3,gone.png,y\n",
            PLAIN,
            taken(
                &[("x", 1)],
                &["2 images were left out: no such file (y 2)", "only 1 of 3 rows are used"],
                &[("nowhere.png", "no such file"), ("gone.png", "no such file")],
            ),
        ),
        case("no file is there", &["z.png"], "who,file,label\nP1,a.png,x\nP2,b.png,y\n", PLAIN, Refused("no image is usable; 2 of them: no such file")),
        case(
            "other formats",
            &["a.png", "b.tif", "c.dcm", "d.bmp", "e.gif", "f.webp", "g.jpe", "h"],
            "who,file,label\nP1,a.png,x\nP2,b.tif,x\nP3,c.dcm,x\nP4,d.bmp,x\nP5,e.gif,x\nP6,f.webp,x\nP7,g.jpe,x\nP8,h,y\n",
            PLAIN,
            taken(&[("x", 2), ("y", 1)], &[], &[("b.tif", "TIFF"), ("c.dcm", "DICOM"), ("d.bmp", "BMP"), ("e.gif", "GIF"), ("f.webp", "WebP")]),
        ),
    ]
}

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
            taken(&[("covid", 2), ("bacterial", 1), ("normal", 1)], &[], &[("e.nii.gz", "not taken by `only`")]),
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
            taken(&[("normal", 1), ("opacity", 1)], &["taken once"], &[]),
        ),
        case(
            "COVIDx",
            FOUR,
            "P1 a.png positive cohen\nP2 b.png negative rsna\nP3 c.png negative rsna\n",
            "list: t.csv, only: { source: { not: [cohen] } }",
            taken(&[("negative", 2)], &[], &[("a.png", "not taken")]),
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
            &["chest_xray/train/NORMAL/a.png", "chest_xray/test/PNEUMONIA/b.png"],
            "",
            "",
            taken(&[("NORMAL", 1), ("PNEUMONIA", 1)], &["parts of an earlier split"], &[]),
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
                "Lung Segmentation Data/Val/Normal/images/b.png",
            ],
            "",
            "",
            taken(&[("COVID-19", 1), ("Normal", 1)], &["parts of an earlier split"], &[("Lung Segmentation Data/Train/COVID-19/lung masks/a.png", "a mask")]),
        ),
        case(
            "class directories, with files beside them",
            &["covid/a.png", "normal/b.png", "c.png"],
            "",
            "",
            taken(&[("covid", 1), ("normal", 1)], &["beside the class directories"], &[("c.png", "beside the class directories")]),
        ),
        case("files and no directories", FOUR, "", "", Refused("beside the class directories, in none of them")),
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
