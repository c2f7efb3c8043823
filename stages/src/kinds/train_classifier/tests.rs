//! Parameters that make no sense are faults, and those that do are none.

use super::*;

fn faults(text: &str) -> Vec<String> {
    let stage: TrainClassifier = serde_json::from_str(text).unwrap();
    stage.check().iter().map(|b| b.path.join(".")).collect()
}

#[test]
fn what_makes_no_sense_is_found() {
    let cycle = r#""schedule": {"one-cycle": {}}, "optimiser""#;
    assert!(faults(&format!(r#"{{"network": {{"smallcnn64": {{}}}}, "epochs": 1, {cycle}: {{"sgd": {{}}}}}}"#)).is_empty());
    assert_eq!(faults(&format!(r#"{{"network": {{"smallcnn64": {{}}}}, "epochs": 1, {cycle}: {{"adadelta": {{}}}}}}"#)), ["optimiser"]);
    let small = r#"{"network": {"smallcnn64": {"width": 0, "dropout": 1.0}}, "epochs": 1, "normalise": {"given": {"mean": 0.5, "std": 0.0}}}"#;
    assert_eq!(faults(small), ["network.smallcnn64.width", "network.smallcnn64.dropout", "normalise.given"]);
    assert!(faults(r#"{"network": {"resnet18": {}}, "epochs": 0, "trees": {"count": 1}}"#).is_empty());
    assert_eq!(faults(r#"{"network": {"resnet18": {}}, "epochs": 0, "steps": 9, "trees": {"count": 1}}"#).len(), 2);
}
