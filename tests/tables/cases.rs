//! Sources as people have them, by what is odd about them.

use super::Expected::Refused;
use super::{Case, case, taken};

/// Columns of the plain table.
pub(super) const PLAIN: &str = "table: t.csv, columns: { patient: who, file: file, label: label }";
/// Files of most cases.
pub(super) const FOUR: &[&str] = &["a.png", "b.png", "c.png", "d.png"];

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
            Refused("unknown encoding"),
        ),
        case("carriage returns", FOUR, plain.replace('\n', "\r\n"), PLAIN, all()),
        case("carriage returns alone", FOUR, plain.replace('\n', "\r"), PLAIN, all()),
        case("semicolons", FOUR, plain.replace(',', ";"), PLAIN, all()),
        case("tabs", FOUR, plain.replace(',', "\t"), PLAIN, all()),
        case("a line for the spreadsheet", FOUR, format!("sep=;\r\n{}", plain.replace(',', ";")), PLAIN, all()),
        case("blank lines first", FOUR, format!("\n\n{}", plain.replace(',', ";")), PLAIN, all()),
        case("blanks around cells", FOUR, "who , file,label\n P1 , a.png , covid\nP2,b.png,normal  \n", PLAIN, all()),
        case("quotes", FOUR, "\"who\",\"file\",\"label\"\n\"P,1\",\"a.png\",\"covid\"\nP2,b.png,normal\n", PLAIN, all()),
        case(
            "a quote without end",
            FOUR,
            "who,file,label\nP1,\"a.png,covid\nP2,b.png,normal\n",
            PLAIN,
            Refused("the quote on line 2 of the table is not closed"),
        ),
        case("a doubled header", FOUR, format!("{plain}{plain}"), PLAIN, Refused("line 4 of the table repeats its header")),
        case("a doubled column", FOUR, "who,file,label,label\nP1,a.png,x,y\n", PLAIN, Refused("the table has several columns `label`")),
        case("a row too short", FOUR, "who,file,label\nP1,a.png\n", PLAIN, Refused("line 2: 2 cells, expected 3")),
        case("no such column", FOUR, "who,file,finding\nP1,a.png,x\n", PLAIN, Refused("no column `label`")),
        case("an empty file", FOUR, "", PLAIN, Refused("no column `who`")),
        case("a header alone", FOUR, "who,file,label\n", PLAIN, Refused("the table has no rows")),
        case("zeros for text", FOUR, vec![0; 512], PLAIN, Refused("this is not text in UTF-8")),
        case("a picture for a table", FOUR, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), PLAIN, Refused("this is not text in UTF-8")),
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
            taken(&[("x", 1), ("y", 1)], &["with and without `.0` at its end"], &[]),
        ),
        case(
            "ages and sexes",
            FOUR,
            "who,file,label,age,sex\nP1,a.png,x,055Y,male\nP2,b.png,x,018M,F\nP3,c.png,y,50+,\nP4,d.png,y,999,female\n",
            "table: t.csv, columns: { patient: who, file: file, label: label, age: age, sex: sex }",
            taken(&[("x", 2), ("y", 2)], &["1 age is not a number of years from 0 to 130"], &[]),
        ),
        case(
            "only some views",
            FOUR,
            "who,file,label,view\nP1,a.png,x,PA\nP2,b.png,x,pa\nP3,c.png,y,AP Supine\nP4,d.png,y,AP\n",
            "table: t.csv, columns: { patient: who, file: file, label: label }, only: { view: [PA, AP] }",
            taken(
                &[("x", 1), ("y", 1)],
                &["1 row has `pa` in the column `view`, which is not `PA`"],
                &[("b.png", "not selected by `only`"), ("c.png", "not selected by `only`")],
            ),
        ),
        case(
            "all views but one",
            FOUR,
            "who,file,label,view\nP1,a.png,x,PA\nP2,b.png,x,L\nP3,c.png,y,AP\n",
            "table: t.csv, columns: { patient: who, file: file, label: label }, only: { view: { not: [L] } }",
            taken(&[("x", 1), ("y", 1)], &[], &[("b.png", "not selected")]),
        ),
        case(
            "only what nobody has",
            FOUR,
            "who,file,label,view\nP1,a.png,x,PA\n",
            "table: t.csv, columns: { patient: who, file: file, label: label }, only: { view: AP }",
            Refused("`only` selects no row"),
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
            Refused("this is not a regular expression"),
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
        case("one image twice", FOUR, "who,file,label\nP1,a.png,x\nP1,a.png,x\nP2,b.png,y\n", PLAIN, taken(&[("x", 1), ("y", 1)], &["was ignored"], &[])),
    ]
}

pub(super) fn files() -> Vec<Case> {
    vec![
        case(
            "files without extensions in the table",
            FOUR,
            "who,file,label\nP1,a,x\nP2,b,y\n",
            PLAIN,
            taken(&[("x", 1), ("y", 1)], &["2 images were found with other extensions"], &[]),
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
        case("other case", FOUR, "who,file,label\nP1,A.PNG,x\nP2,b.Png,y\n", PLAIN, taken(&[("x", 1), ("y", 1)], &["under different spellings"], &[])),
        case(
            "another Unicode form",
            &["cafe\u{301}.png", "b.png"],
            "who,file,label\nP1,caf\u{e9}.png,x\nP2,b.png,y\n",
            PLAIN,
            taken(&[("x", 1), ("y", 1)], &["under a different spelling"], &[]),
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
                &["2 images were left out: no such file (2 with 1 label that no image keeps)", "only 1 of 3 rows are used"],
                &[("nowhere.png", "no such file"), ("gone.png", "no such file")],
            ),
        ),
        case("no file is there", &["z.png"], "who,file,label\nP1,a.png,x\nP2,b.png,y\n", PLAIN, Refused("no image is usable; 2 of them: no such file")),
        case(
            "one stray file and rows of several patients",
            &["view.png", "p1/view.png"],
            "who,file,label\nA,p1/view.png,x\nB,p2/view.png,y\nC,p3/view.png,y\n",
            PLAIN,
            taken(
                &[("x", 1)],
                &["no image is left of 1 label of the source"],
                &[("p2/view.png", "several names match its file"), ("p3/view.png", "several names match its file")],
            ),
        ),
        case(
            "a row that names what is left out",
            &["old/a.png", "a.png", "b.png"],
            "who,file,label\nA,old/a.png,x\nB,b.png,y\n",
            "table: t.csv, columns: { patient: who, file: file, label: label }, exclude: [old/]",
            taken(&[("y", 1)], &[], &[("old/a.png", "excluded")]),
        ),
        case(
            "patients in the paths, names in the table",
            &["P1/a.png", "P2/b.png"],
            "file,label\na.png,x\nb.png,y\n",
            "table: t.csv, columns: { file: file, label: label }, patient: { from: path, pattern: '^(P[0-9]+)/' }",
            taken(&[("x", 1), ("y", 1)], &[], &[]),
        ),
        case(
            "a pattern for nothing",
            &["x/a.png", "y/b.png"],
            "",
            "exclude: [drafts/]",
            taken(&[("x", 1), ("y", 1)], &["nothing in `images` matches `drafts/`"], &[]),
        ),
        case(
            "a directory around the classes",
            &["top/COVID/images/a.png", "top/COVID/masks/a.png", "top/Normal/images/b.png"],
            "",
            "",
            taken(&[("COVID", 1), ("Normal", 1)], &["one directory only contains the others"], &[("top/COVID/masks/a.png", "a mask")]),
        ),
        case("one directory that may be a class", &["top/A/a.png", "top/B/b.png"], "", "", taken(&[("top", 2)], &["all images are in one directory"], &[])),
        case(
            "parts of a split beside something else",
            &["train/c/a.png", "sample/c/b.png"],
            "",
            "",
            taken(&[("train", 1), ("sample", 1)], &["are they parts of an earlier split?"], &[]),
        ),
        case("masks by their names", &["x/a.png", "x/a_mask.png", "y/b.png"], "", "", taken(&[("x", 1), ("y", 1)], &[], &[("x/a_mask.png", "a mask")])),
        case(
            "what systems leave behind",
            &["x/a.png", "y/b.png", "lost+found/c.png", "x/@eaDir/d.png", "README"],
            "",
            "",
            taken(&[("x", 1), ("y", 1)], &[], &[]),
        ),
        case(
            "other formats",
            &["a.png", "b.tif", "c.dcm", "d.bmp", "e.gif", "f.webp", "g.jpe", "h"],
            "who,file,label\nP1,a.png,x\nP2,b.tif,x\nP3,c.dcm,x\nP4,d.bmp,x\nP5,e.gif,x\nP6,f.webp,x\nP7,g.jpe,x\nP8,h,y\n",
            PLAIN,
            taken(
                &[("x", 2), ("y", 1)],
                &[],
                &[("b.tif", "TIFF"), ("c.dcm", "the DICOM file does not say its transfer syntax"), ("d.bmp", "BMP"), ("e.gif", "GIF"), ("f.webp", "WebP")],
            ),
        ),
    ]
}
