//! Parameters that make no sense are faults, and those that do are none.

use super::*;
use crate::contract::fit::NotWritten;
use crate::contract::kind::StageKind;

fn faults(text: &str) -> Vec<String> {
    let decoded = (StageKind::of::<TrainClassifier>().decode)(serde_json::from_str(text).unwrap(), &NotWritten);
    decoded.err().into_iter().flatten().map(|b| b.path.join(".")).collect()
}

#[test]
fn what_makes_no_sense_is_found() {
    let cycle = r#""schedule": {"one-cycle": {}}, "optimiser""#;
    assert!(faults(&format!(r#"{{"network": {{"smallcnn64": {{}}}}, "epochs": 1, {cycle}: {{"sgd": {{}}}}}}"#)).is_empty());
    assert_eq!(faults(&format!(r#"{{"network": {{"smallcnn64": {{}}}}, "epochs": 1, {cycle}: {{"adadelta": {{}}}}}}"#)), ["optimiser"]);
    let small = r#"{"network": {"smallcnn64": {"width": 0, "dropout": 1.0}}, "epochs": 1, "steps": 2, "normalise": {"given": {"mean": 0.5, "std": 0.0}}, "loss": {"label_smoothing": 1, "class_weights": {"given": {"a": 0}}}}"#;
    let ranges = ["loss.class_weights.given.a", "loss.label_smoothing", "network.smallcnn64.dropout", "network.smallcnn64.width", "normalise.given.std"];
    assert_eq!(faults(small), [&ranges[..], &[""]].concat(), "what is out of range does not hide that `epochs` and `steps` exclude each other");
    assert!(faults(r#"{"network": {"resnet18": {}}, "epochs": 0, "trees": {"count": 1}}"#).is_empty());
    assert_eq!(faults(r#"{"network": {"resnet18": {}}, "epochs": 0, "steps": 9, "trees": {"count": 1}}"#).len(), 2);
}
