//! What a classifier predicted for each image of a test set: a column per class. Probabilities are written in full, so that
//! whoever reads them computes the same metrics, bit for bit.

use super::cells::{exact, former};
use super::{Record, no_column, unreadable};
use crate::contract::prelude::*;
use crate::files::csv_below;
use hilum_cache::Digest;

/// Before a class's name in its column.
const CLASS: &str = "p-";
/// The columns before those of the classes.
const COLUMNS: [&str; 4] = ["image", "patient", "label", "predicted"];

/// The predictions for the images of a test set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PredictionTable {
    /// The classes in the order of their columns.
    pub classes: Vec<String>,
    /// The images, in the order of the test set.
    pub rows: Vec<PredictedImage>,
}

/// The prediction for one image.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictedImage {
    /// The image.
    pub image: Digest,
    /// The token of its patient.
    pub patient: String,
    /// Its label.
    pub label: String,
    /// The class that it is predicted to be of.
    pub predicted: String,
    /// Probabilities in the order of the classes.
    pub probabilities: Vec<f64>,
}

impl Record for PredictionTable {
    const NAME: &'static str = "predictions";

    fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader.headers().map_err(|e| unreadable(Self::NAME, 1, &e))?.clone();
        let find = |name: &str| header.iter().position(|h| h == name || former(name) == Some(h)).ok_or_else(|| no_column(Self::NAME, name));
        let [image, patient, label, predicted] = COLUMNS.map(find);
        let (image, patient, label, predicted) = (image?, patient?, label?, predicted?);
        let (at, classes): (Vec<usize>, Vec<String>) =
            header.iter().enumerate().filter_map(|(i, h)| h.strip_prefix(CLASS).map(|class| (i, class.to_owned()))).unzip();
        let mut rows = vec![];
        for (record, line) in reader.records().zip(2..) {
            let record = record.map_err(|e| unreadable(Self::NAME, line, &e))?;
            let no = |what: &str, text: &str| Error::data(format!("line {line} of the table `{}` cannot be read: `{text}` is no {what}", Self::NAME));
            let probability = |i: &usize| record[*i].parse::<f64>().map_err(|_| no("probability", &record[*i]));
            rows.push(PredictedImage {
                image: record[image].parse().map_err(|_| no("digest", &record[image]))?,
                patient: record[patient].to_owned(),
                label: record[label].to_owned(),
                predicted: record[predicted].to_owned(),
                probabilities: at.iter().map(probability).collect::<Result<_>>()?,
            });
        }
        Ok(PredictionTable { classes, rows })
    }

    fn to_csv(&self) -> Result<Vec<u8>> {
        let header = COLUMNS.iter().map(|c| (*c).to_owned()).chain(self.classes.iter().map(|c| format!("{CLASS}{c}")));
        let cells = |row: &PredictedImage| {
            let known = [row.image.to_string(), row.patient.clone(), row.label.clone(), row.predicted.clone()];
            known.into_iter().chain(row.probabilities.iter().map(|p| exact(*p))).collect::<Vec<String>>()
        };
        csv_below(header, |writer| self.rows.iter().try_for_each(|row| writer.write_record(cells(row))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::{Seed, Stream};
    use crate::evaluation::metric::measure;
    use crate::evaluation::{METRICS, Predictions};
    use crate::math;
    use crate::records::tests::{speaks_csv, without};

    #[test]
    fn predictions_read_back_and_a_missing_column_is_named() {
        let row = |i: u8, p: f64| PredictedImage {
            image: Digest::of(&[i]),
            patient: String::new(),
            label: "covid, mild".into(),
            predicted: "normal".into(),
            probabilities: vec![p, 1.0 - p],
        };
        let table = PredictionTable { classes: vec!["covid, mild".into(), "normal".into()], rows: vec![row(0, 0.25), row(1, 0.0)] };
        speaks_csv(&table);
        let few = |i, p| PredictionTable { rows: vec![row(i, p)], ..table.clone() };
        assert!(String::from_utf8(few(0, 1e-9).to_csv().unwrap()).unwrap().ends_with(",normal,1e-9,0.999999999\n"));
        assert_eq!(without(&table, "predicted"), "the table `predictions` has no column `predicted`");
        let old = format!("film,patient,label,predicted,p-a\n{},,a,a,1\n", Digest::of(b"x"));
        assert_eq!(PredictionTable::read(old.as_bytes()).unwrap().rows.len(), 1, "tables of old stores");
        let odd = format!("image,patient,label,predicted,p-a\n{},,a,a,likely\n", Digest::of(b"x"));
        let said = PredictionTable::read(odd.as_bytes()).unwrap_err().to_string();
        assert_eq!(said, "line 2 of the table `predictions` cannot be read: `likely` is no probability");
    }
    /// Half of the probabilities are doubles, half are floats, as those of networks; some are tiny.
    #[test]
    fn what_is_recomputed_from_the_file_is_bitwise_equal() {
        let mut stream = Seed(4).stream("test", "predictions");
        let classes = ["a", "b", "c"].map(String::from);
        let row = |i: u32, stream: &mut Stream| {
            let raw: Vec<f64> = (0..3).map(|_| math::exp(stream.normal() * 9.0)).collect();
            let sum: f64 = raw.iter().sum();
            let probabilities = raw.iter().map(|x| if i.is_multiple_of(2) { x / sum } else { f64::from((x / sum) as f32) }).collect();
            let [label, predicted] = [(); 2].map(|()| classes[stream.below(3)].clone());
            PredictedImage { image: Digest::of(&i.to_le_bytes()), patient: String::new(), label, predicted, probabilities }
        };
        let table = PredictionTable { classes: classes.to_vec(), rows: (0..500).map(|i| row(i, &mut stream)).collect() };
        let read = PredictionTable::read(&table.to_csv().unwrap()).unwrap();
        assert_eq!(read, table);
        let values = |t: &PredictionTable| {
            let labels = t.rows.iter().map(|r| classes.iter().position(|c| *c == r.label).unwrap()).collect();
            let predictions = Predictions::new(3, labels, t.rows.iter().map(|r| r.probabilities.clone()).collect());
            measure(METRICS, &predictions, &vec![1.0; t.rows.len()]).into_iter().map(|v| v.unwrap().to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(values(&read), values(&table));
    }
}
