//! The collections: names, tables and lists in the form in which they are handed out.

use super::Fixture;

/// What most of them have in common.
const PLAIN: Fixture =
    Fixture { preset: "", with: "", data: "", images: &[], texts: &[], labels: &[], patients: 0, views: &[""], sources: &[], notes: &[], left_out: &[] };

const RSNA: Fixture = Fixture {
    preset: "rsna-2018",
    data: "rsna",
    images: &[
        "stage_2_train_images/0004cfab-14fd.png",
        "stage_2_train_images/00313ee0-9eaa.png",
        "stage_2_train_images/003d8fa0-6bf1.png",
        "stage_2_train_images/00436515-870c.png",
    ],
    // A row for each box.
    texts: &[(
        "stage_2_detailed_class_info.csv",
        "patientId,class\n0004cfab-14fd,No Lung Opacity / Not Normal\n00313ee0-9eaa,No Lung Opacity / Not Normal\n003d8fa0-6bf1,Normal\n\
         00436515-870c,Lung Opacity\n00436515-870c,Lung Opacity\n00704310-78a8,Lung Opacity\n",
    )],
    labels: &[("abnormal", 2), ("normal", 1), ("opacity", 1)],
    patients: 4,
    sources: &["rsna"],
    notes: &["1 row repeats the image, patient and label of another row", "4 images were found with other extensions"],
    left_out: &[("00704310-78a8", "no such file")],
    ..PLAIN
};

const NIH_IMAGES: &[&str] =
    &["images_001/images/00000001_000.png", "images_001/images/00000001_001.png", "images_002/images/00000002_000.png", "images_012/images/00000013_005.png"];

const RADIOGRAPHY: Fixture = Fixture { preset: "covid-19-radiography-database", data: "radiography", sources: &["radiography"], ..PLAIN };

const CHEXPERT: Fixture = Fixture {
    preset: "chexpert",
    data: "chexpert",
    images: &[
        "train/patient00001/study1/view1_frontal.jpg",
        "train/patient00002/study1/view1_frontal.jpg",
        "train/patient00002/study1/view2_lateral.jpg",
        "train/patient00002/study2/view1_frontal.jpg",
        "train/patient00003/study1/view1_frontal.jpg",
        "train/patient00004/study1/view1_frontal.jpg",
    ],
    texts: &[(
        "train.csv",
        "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices\n\
         CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,0.0,,,,,,1.0\n\
         CheXpert-v1.0-small/train/patient00002/study1/view1_frontal.jpg,Male,87,Frontal,PA,,,,,,,,1.0,,,,,,\n\
         CheXpert-v1.0-small/train/patient00002/study1/view2_lateral.jpg,Male,87,Lateral,,,,,,,,,1.0,,,,,,\n\
         CheXpert-v1.0-small/train/patient00002/study2/view1_frontal.jpg,Male,87,Frontal,AP,,,,,,1.0,,1.0,,,,,,\n\
         CheXpert-v1.0-small/train/patient00003/study1/view1_frontal.jpg,Male,41,Frontal,AP,,,,,,,,-1.0,,,,,,\n\
         CheXpert-v1.0-small/train/patient00004/study1/view1_frontal.jpg,Female,20,Frontal,PA,,,,,,,,,,,,,,1.0\n",
    )],
    sources: &["chexpert"],
    ..PLAIN
};

pub(super) const FIXTURES: &[Fixture] = &[
    RSNA,
    // As papers do that know two classes.
    Fixture { with: "labels: { No Lung Opacity / Not Normal: normal }", labels: &[("normal", 3), ("opacity", 1)], ..RSNA },
    Fixture {
        preset: "rsna-2018-nih",
        texts: &[
            RSNA.texts[0],
            (
                "pneumonia-challenge-dataset-mappings_2018.json",
                r#"[{"subset_img_id": "0004cfab-14fd", "img_id": "00000013_005.png", "orig_labels": ["Mass", "Nodule"], "subset_group": "1"},
                    {"subset_img_id": "003d8fa0-6bf1", "img_id": "00000013_011.png", "orig_labels": ["No Finding"], "subset_group": "1"},
                    {"subset_img_id": "00436515-870c", "img_id": "00010007_000.png", "orig_labels": [], "subset_group": "2"},
                    {"subset_img_id": "00704310-78a8", "img_id": "00000019_000.png", "orig_labels": ["Hernia"], "subset_group": "2"},
                    {"subset_img_id": "fff00000-0000", "img_id": "00030000_000.png", "orig_labels": ["Hernia"], "subset_group": "3"}]"#,
            ),
        ],
        labels: &[("abnormal", 1), ("normal", 1), ("opacity", 1)],
        patients: 2,
        notes: &["`join`: 1 row of the second table is in no row of the first table"],
        left_out: &[("00704310-78a8", "no such file"), ("00313ee0-9eaa", "no row in the table of `join`")],
        ..RSNA
    },
    Fixture {
        preset: "nih-cxr14",
        with: "labels: { Cardiomegaly: heart, No Finding: normal }",
        data: "nih",
        images: NIH_IMAGES,
        texts: &[(
            "Data_Entry_2017_v2020.csv",
            "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Sex,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n\
             00000001_000.png,Cardiomegaly,0,1,57,M,PA,2682,2749,0.143,0.143\n00000001_001.png,Cardiomegaly|Emphysema,1,1,58,M,PA,2894,2729,0.143,0.143\n\
             00000002_000.png,No Finding,0,2,80,M,AP,2500,2048,0.171,0.171\n00000013_005.png,Infiltration,5,13,59,M,PA,2500,2048,0.171,0.171\n",
        )],
        labels: &[("heart", 2), ("normal", 1)],
        patients: 2,
        views: &["AP", "PA"],
        sources: &["nih"],
        notes: &["3 images were found in other directories than those named"],
        left_out: &[("00000013_005.png", "another label")],
    },
    Fixture {
        preset: "nih-cxr14-2017",
        data: "nih",
        images: NIH_IMAGES,
        texts: &[(
            "Data_Entry_2017.csv",
            "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n\
             00000001_000.png,Cardiomegaly,000,00000001,058Y,M,PA,2682,2749,0.143,0.143,\n00000001_001.png,Cardiomegaly|Emphysema,001,1,058Y,M,PA,2894,2729,0.143,0.143,\n\
             00000002_000.png,No Finding,000,2,414Y,M,PA,2500,2048,0.171,0.171,\n00000013_005.png,Infiltration,005,00000013,059Y,M,AP,2500,2048,0.171,0.171,\n",
        )],
        labels: &[("Cardiomegaly", 1), ("Infiltration", 1), ("No Finding", 1)],
        patients: 3,
        views: &["AP", "PA"],
        sources: &["nih"],
        notes: &["1 age is not a number of years"],
        left_out: &[("00000001_001.png", "labels of several classes")],
        ..PLAIN
    },
    Fixture {
        preset: "covid-19-image-data-collection",
        with: "labels: { Pneumonia/Bacterial*: bacterial }",
        data: "cohen",
        images: &["images/a.jpg", "images/b.jpeg", "images/c.png", "images/d.png", "images/e.png", "images/f.png"],
        texts: &[(
            "metadata.csv",
            "patientid,offset,sex,age,finding,RT_PCR_positive,survival,view,modality,date,location,folder,filename,doi,clinical_notes,other_notes,\n\
             2,0,M,65,Pneumonia/Viral/COVID-19,Y,Y,PA,X-ray,\"January 22, 2020\",\"Cho Ray Hospital, Vietnam\",images,a.jpg,10.1056/x,\"On January 22, a man.\nSecond line\",,\n\
             2,3,M,65,Pneumonia/Viral/COVID-19,Y,Y,AP Supine,X-ray,,,images,b.jpeg,,,,\n4,,F,52,Pneumonia/Bacterial/Streptococcus,,,AP,X-ray,,,images,c.png,,,,\n\
             4,,F,52,Pneumonia/Viral/COVID-19,,,L,X-ray,,,images,d.png,,,,\n5,,,,No Finding,,,PA,X-ray,,,images,e.png,,,,\n\
             6,,F,70,Pneumonia/Viral/COVID-19,,,Axial,CT,,,images,f.png,,,,\n7,,F,70,Pneumonia/Viral/COVID-19,,,Coronal,CT,,,volumes,g.nii.gz,,,,\n",
        )],
        labels: &[("bacterial", 1), ("covid", 2)],
        patients: 2,
        views: &["AP", "AP Supine", "PA"],
        sources: &["cohen"],
        left_out: &[
            ("d.png", "not selected by `only`"),
            ("e.png", "another label"),
            ("f.png", "not selected by `only`"),
            ("g.nii.gz", "not selected by `only`"),
        ],
        ..PLAIN
    },
    // V8B: an identifier with a space, and two images of one patient.
    Fixture {
        preset: "covidx-train",
        data: "covidx",
        images: &["train/ARDSSevere.png", "train/MIDRC-1.png", "train/MIDRC-2.png", "train/COVID(1).png", "train/COVID(2).png", "train/fe267737-99e1.png"],
        texts: &[(
            "train.txt",
            "5 ARDSSevere.png negative cohen\n419639-000025 MIDRC-1.png positive ricord\n419639-000025 MIDRC-2.png positive ricord\nCOVID 1 COVID(1).png positive sirm\n\
             COVID 2 COVID(2).png positive sirm\nfe267737-99e1 fe267737-99e1.png negative rnsa\nANON5 CR.1.2.840.png negative actmed\n",
        )],
        labels: &[("negative", 2), ("positive", 4)],
        patients: 5,
        sources: &["cohen", "ricord", "rnsa", "sirm"],
        left_out: &[("CR.1.2.840.png", "no such file")],
        ..PLAIN
    },
    // V1: another name of the list, three classes and no source.
    Fixture {
        preset: "covidx-train",
        with: "list: \"covidx:labels/train_COVIDx.txt\", images: \"covidx:data/train\", labels: { COVID-19: covid, normal: normal, pneumonia: pneumonia }",
        data: "covidx",
        images: &["data/train/SARS-day0.jpeg", "data/train/SARS-day5.jpeg", "data/train/covid.jpg", "data/train/0004cfab-14fd.png"],
        texts: &[(
            "labels/train_COVIDx.txt",
            "3 SARS-day0.jpeg pneumonia\n3 SARS-day5.jpeg pneumonia\n11 covid.jpg COVID-19\n0004cfab-14fd 0004cfab-14fd.png normal\n",
        )],
        labels: &[("covid", 1), ("normal", 1), ("pneumonia", 2)],
        patients: 3,
        sources: &["import"],
        ..PLAIN
    },
    // V3: some lines have a source.
    Fixture {
        preset: "covidx-test",
        data: "covidx",
        images: &["test/47c78742-4998.png", "test/strep-day0.jpg", "test/strep-day1.jpg"],
        texts: &[("test.txt", "47c78742-4998 47c78742-4998.png normal\n31 strep-day0.jpg pneumonia cohen\n31 strep-day1.jpg pneumonia cohen\n")],
        labels: &[("normal", 1), ("pneumonia", 2)],
        patients: 2,
        sources: &["cohen", "import"],
        ..PLAIN
    },
    Fixture {
        preset: "covidx-validation",
        data: "covidx",
        images: &["val/1e64990d1b40_jumbo.jpeg", "val/A223587-CHEST_AP.jpg"],
        texts: &[("val.txt", "379 1e64990d1b40_jumbo.jpeg negative cohen\nA223587 A223587-CHEST_AP.jpg positive stonybrook\n")],
        labels: &[("negative", 1), ("positive", 1)],
        patients: 2,
        sources: &["cohen", "stonybrook"],
        ..PLAIN
    },
    Fixture {
        images: &[
            "COVID/images/COVID-1.png",
            "COVID/images/COVID-2.png",
            "COVID/masks/COVID-1.png",
            "Lung_Opacity/images/Lung_Opacity-1.png",
            "Lung_Opacity/masks/Lung_Opacity-1.png",
            "Normal/images/Normal-1.png",
            "Viral Pneumonia/images/Viral Pneumonia-1.png",
            "Viral Pneumonia/masks/Viral Pneumonia-1.png",
        ],
        texts: &[("COVID.metadata.xlsx", "PK\u{3}\u{4}"), ("README.md.txt", "read me")],
        labels: &[("covid", 2), ("normal", 1), ("opacity", 1), ("viral-pneumonia", 1)],
        patients: 5,
        notes: &["patients are unknown: each of the 5 images counts as a patient of its own"],
        left_out: &[
            ("COVID/masks/COVID-1.png", "a mask, by its directory"),
            ("Lung_Opacity/masks/Lung_Opacity-1.png", "a mask, by its directory"),
            ("Viral Pneumonia/masks/Viral Pneumonia-1.png", "a mask, by its directory"),
        ],
        ..RADIOGRAPHY
    },
    // The first release.
    Fixture {
        with: "labels: { Lung_Opacity: null }",
        images: &["COVID-19/COVID-19 (1).png", "NORMAL/NORMAL (1).png", "NORMAL/NORMAL (2).png", "Viral Pneumonia/Viral Pneumonia (1).png"],
        labels: &[("covid", 1), ("normal", 2), ("viral-pneumonia", 1)],
        patients: 4,
        ..RADIOGRAPHY
    },
    Fixture {
        preset: "four-class-tree",
        data: "four-class",
        images: &[
            "train/COVID19/COVID19(1).jpg",
            "train/NORMAL/IM-0115-0001.jpeg",
            "train/PNEUMONIA/person1_bacteria_1.jpeg",
            "train/PNEUMONIA/person1_bacteria_2.jpeg",
            "train/TURBERCULOSIS/Tuberculosis-1.png",
            "test/COVID19/COVID19(2).jpg",
            "test/NORMAL/IM-0001-0001.jpeg",
            "test/TURBERCULOSIS/Tuberculosis-2.png",
            "val/NORMAL/NORMAL2-IM-1427-0001.jpeg",
        ],
        labels: &[("covid", 2), ("normal", 3), ("pneumonia", 2), ("tuberculosis", 2)],
        patients: 9,
        sources: &["four-class-tree"],
        notes: &["are parts of an earlier split", "patients are unknown"],
        ..PLAIN
    },
    Fixture {
        preset: "figure1",
        data: "figure1",
        images: &[
            "images/COVID-00001.jpg",
            "images/COVID-00002.jpg",
            "images/COVID-00013a.jpg",
            "images/COVID-00013b.png",
            "images/COVID-00020.jpg",
            "images/COVID-00021.jpg",
        ],
        texts: &[(
            "metadata.csv",
            "patientid,offset,sex,age,finding,survival,temperature,pO2 saturation,view,modality,artifacts/distortion,notes\n\
             COVID-00001,13,M,33,COVID-19,,,58,AP erect,X-ray,,38.5\u{b0}C\nCOVID-00002,,M,50+,,,,,AP erect,X-ray,,\nCOVID-00013a,2,F,60,COVID-19,,,,PA,X-ray,,\n\
             COVID-00013b,5,F,60,COVID-19,,,,,X-ray,,\nCOVID-00020,,,early 40s,No finding,,,,,X-ray,,\nCOVID-00021,,,,Pneumonia,,,,AP,X-ray,,\n",
        )],
        labels: &[("covid", 3), ("normal", 1), ("pneumonia", 1)],
        patients: 4,
        views: &["", "AP", "AP erect", "PA"],
        sources: &["figure1"],
        notes: &["1 age is not a number of years"],
        left_out: &[("COVID-00002", "no label")],
        ..PLAIN
    },
    Fixture {
        preset: "actualmed",
        data: "actualmed",
        images: &["images/CR.1.2.1.png", "images/CR.1.2.2.png", "images/CR.1.2.3.png", "images/CR.1.2.4.png"],
        texts: &[(
            "metadata.csv",
            "patientid,offset,sex,age,finding,survival,temperature,pO2 saturation,view,modality,imagename,artifacts/distortion,notes\n\
             ANON196,,,,,,,,PA,X-ray,CR.1.2.1.png,,\"Inconclusive, date taken (YYYYMMDD): 20200313\"\nANON196,,,,COVID-19,,,,PA,X-ray,CR.1.2.2.png,,\n\
             ANON56,,,,No finding,,,,PA,X-ray,CR.1.2.3.png,,\nANON91,,,,No finding,,,,AP,X-ray,CR.1.2.4.png,,\n",
        )],
        labels: &[("covid", 1), ("normal", 2)],
        patients: 3,
        views: &["AP", "PA"],
        sources: &["actualmed"],
        left_out: &[("CR.1.2.1.png", "no label")],
        ..PLAIN
    },
    Fixture {
        preset: "mimic-cxr-jpg",
        data: "mimic",
        images: &[
            "files/p10/p10000032/s50000001/02aa804e-bde0.jpg",
            "files/p10/p10000032/s50000001/174413ec-4ec4.jpg",
            "files/p10/p10000032/s50000002/2a2277a9-b0de.jpg",
            "files/p11/p11000011/s50000003/68b5c4b1-227d.jpg",
            "files/p11/p11000011/s50000004/e084de3b-be89.jpg",
            "files/p12/p12000022/s50000005/c50494f1-90e2.jpg",
            "files/p12/p12000022/s50000006/fffabebf-74fd.jpg",
        ],
        texts: &[
            (
                "mimic-cxr-2.0.0-metadata.csv",
                "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime\n\
                 02aa804e-bde0,10000032,50000001,CHEST (PA AND LAT),PA,3056,2544,21800506,213014.531\n174413ec-4ec4,10000032,50000001,CHEST (PA AND LAT),LATERAL,3056,2544,21800506,213014.531\n\
                 2a2277a9-b0de,10000032,50000002,CHEST (PORTABLE AP),AP,2544,3056,21800626,165500.312\n68b5c4b1-227d,11000011,50000003,,AP,2539,2705,21800723,80556.875\n\
                 e084de3b-be89,11000011,50000004,,AP,2539,2705,21800724,80556.875\nc50494f1-90e2,12000022,50000005,,PA,2539,2705,21800725,80556.875\n\
                 fffabebf-74fd,12000022,50000006,,AP,2539,2705,21800726,80556.875\n",
            ),
            (
                "mimic-cxr-2.0.0-chexpert.csv",
                "subject_id,study_id,Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,Fracture,Lung Lesion,Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,Support Devices\n\
                 10000032,50000001,,,,,,,,,1.0,,,,,\n10000032,50000002,,,,,,,,,,,,1.0,0.0,1.0\n11000011,50000003,,,,-1.0,,,,,,,,,,\n11000011,50000004,,,,1.0,,,,,,,,1.0,,\n\
                 12000022,50000005,,,,,,,,,,,,,0.0,\n19999999,59999999,,,,,,,,,1.0,,,,,\n",
            ),
        ],
        labels: &[("No Finding", 1), ("Pneumonia", 1)],
        patients: 1,
        views: &["AP", "PA"],
        sources: &["mimic"],
        notes: &["2 images were found with other extensions", "`join`: 1 row of the second table is in no row of the first table"],
        left_out: &[
            ("174413ec-4ec4", "not selected by `only`"),
            ("68b5c4b1-227d", "the label is uncertain"),
            ("c50494f1-90e2", "no label"),
            ("e084de3b-be89", "several labels"),
            ("fffabebf-74fd", "no row in the table of `join`"),
        ],
        ..PLAIN
    },
    Fixture {
        labels: &[("No Finding", 1), ("Pneumonia", 1)],
        patients: 2,
        views: &["AP", "PA"],
        notes: &["2 images were found in other directories than those named"],
        left_out: &[
            ("CheXpert-v1.0-small/train/patient00002/study1/view2_lateral.jpg", "not selected by `only`"),
            ("CheXpert-v1.0-small/train/patient00002/study2/view1_frontal.jpg", "several labels"),
            ("CheXpert-v1.0-small/train/patient00003/study1/view1_frontal.jpg", "the label is uncertain"),
            ("CheXpert-v1.0-small/train/patient00004/study1/view1_frontal.jpg", "no label"),
        ],
        ..CHEXPERT
    },
    // One finding against its absence.
    Fixture {
        with: "columns: { label: Pneumonia }, labels: { '1': pneumonia, '0': normal }",
        labels: &[("normal", 1), ("pneumonia", 2)],
        patients: 2,
        views: &["AP", "PA"],
        left_out: &[
            ("CheXpert-v1.0-small/train/patient00002/study1/view2_lateral.jpg", "not selected by `only`"),
            ("CheXpert-v1.0-small/train/patient00003/study1/view1_frontal.jpg", "another label"),
            ("CheXpert-v1.0-small/train/patient00004/study1/view1_frontal.jpg", "no label"),
        ],
        ..CHEXPERT
    },
];
