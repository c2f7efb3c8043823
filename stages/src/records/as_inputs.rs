//! Tables and figures as inputs of a stage, shown by a kind that is in no registry.
#![allow(unreachable_pub, reason = "`ports!` makes the ports of a kind public")]

use super::{MetricRow, Record, Table};
use crate::contract::kind::{AnyStage, StageKind};
use crate::contract::port::Arrival;
use crate::contract::prelude::*;
use crate::data::figure::FigureFiles;
use std::collections::BTreeMap;

ports! {
    inputs {
        /// Metrics to copy.
        metrics: Table<MetricRow>,
        /// A figure to copy.
        figure: Option<FigureFiles>,
    }
    outputs {
        /// The copied metrics.
        metrics: Table<MetricRow> [influenced metrics],
        /// The copied figure.
        figure: Option<FigureFiles> [influenced figure],
    }
}

/// Copies.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Copies {}

impl Stage for Copies {
    const NAME: &'static str = "copies";
    const VERSION: u32 = 1;
    type Inputs = Inputs;
    type Outputs = Outputs;
    fn run(&self, inputs: Inputs, _: &Context) -> Result<Outputs> {
        Ok(Outputs { metrics: inputs.metrics, figure: inputs.figure })
    }
}

#[test]
fn a_kind_may_take_tables_and_figures() {
    let kind = StageKind::of::<Copies>();
    assert_eq!(kind.inputs.iter().map(|p| p.artifact).collect::<Vec<_>>(), [ArtifactType::Table, ArtifactType::Figure]);

    let held = tempfile::tempdir().unwrap();
    let row = MetricRow { metric: "auroc".into(), value: Some(0.5), ..MetricRow::default() };
    let table = Table { rows: vec![row] };
    let figure = FigureFiles { files: vec![("map.svg".into(), b"<svg/>".to_vec())] };
    table.save(held.path()).unwrap();
    figure.save(held.path()).unwrap();
    let arrival = |name: &str, cell: &str| vec![Arrival { cell: cell.into(), files: vec![File { name: name.into(), path: held.path().join(name) }] }];
    let copy = |inputs: &[(&str, Vec<Arrival>)]| {
        let inputs: BTreeMap<String, Vec<Arrival>> = inputs.iter().map(|(port, a)| ((*port).to_owned(), a.clone())).collect();
        AnyStage::perform(&Copies {}, inputs, &held.path().join("out"), &Context::for_tests(Copies::NAME))
    };

    let metrics = ("metrics", arrival("metrics.csv", ""));
    copy(&[metrics.clone(), ("figure", arrival("map.svg", ""))]).unwrap();
    let written = |name: &str| std::fs::read(held.path().join("out").join(name)).unwrap();
    assert_eq!(Table::<MetricRow>::read(&written("metrics/metrics.csv")).unwrap(), table);
    assert_eq!(written("figure/map.svg"), b"<svg/>");
    copy(&[metrics]).expect("the figure may be absent");
    let other = copy(&[("metrics", arrival("map.svg", ""))]).unwrap_err().to_string();
    assert_eq!(other, "this input takes the table `metrics`, but was given another one");
}
