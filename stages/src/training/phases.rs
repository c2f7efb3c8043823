//! Phases of a training: which weights are trained, for how long, at which learning rate. Independent of what is
//! trained.

use super::schedule::Schedule;
use crate::contract::prelude::*;
use crate::networks::Weights;
use hilum_ops::Group;

/// A phase of a training. Its optimiser, early stopping and plateau start afresh, as in another call of `fit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Which weights are trained; the others are frozen.
    #[serde(default)]
    pub train: Trainable,
    /// Epochs over the training set. Alternative to `steps`.
    #[serde(default)]
    pub epochs: Option<u32>,
    /// Training steps. Alternative to `epochs`.
    #[serde(default)]
    pub steps: Option<u32>,
    /// The learning rate; by default that of `optimiser`.
    #[serde(default)]
    pub learning_rate: Option<Positive>,
    /// The learning rate schedule.
    #[serde(default)]
    pub schedule: Schedule,
}

/// Which weights are trained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Trainable {
    /// All weights.
    #[default]
    All,
    /// The last layer.
    Head,
    /// The last layer and the modules with these names, such as `layer4.2`.
    HeadAnd(Vec<String>),
}

/// How normalisation layers behave when frozen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FrozenNorms {
    /// They use batch statistics and update their running statistics, as in PyTorch.
    #[default]
    Update,
    /// They use their running statistics without updating them, as in Keras.
    Eval,
}

impl Trainable {
    /// Whether the weight of this name is trained; `head` is the prefix of the last layer's names.
    pub fn moves(&self, name: &str, head: &str) -> bool {
        let below = |part: &String| name.strip_prefix(part.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        match self {
            Trainable::All => true,
            Trainable::Head => name.starts_with(head),
            Trainable::HeadAnd(parts) => name.starts_with(head) || parts.iter().any(below),
        }
    }
    /// Groups of weights for an optimiser.
    pub fn groups(&self, weights: &Weights, head: &str) -> Vec<Group> {
        weights.groups(|name| f64::from(u8::from(self.moves(name, head))))
    }
    /// Freezes normalisation layers as the study says.
    pub fn hold(&self, norms: FrozenNorms, weights: &Weights, head: &str) {
        weights.freeze(|name| norms == FrozenNorms::Eval && !self.moves(name, head));
    }
}

/// Finds invalid parameters in the phases of a network with weights of these names.
pub fn check(phases: &[Phase], names: &[String]) -> Vec<BadParameter> {
    let mut bad = vec![];
    for (i, phase) in phases.iter().enumerate() {
        let at = |name: &str| format!("phases.{i}.{name}");
        let in_phase = |b: BadParameter| BadParameter { path: [vec!["phases".into(), i.to_string()], b.path].concat(), ..b };
        bad.extend(super::check_budget(phase.epochs, phase.steps).into_iter().map(in_phase));
        bad.extend(phase.schedule.check(&at("schedule")));
        if let Trainable::HeadAnd(parts) = &phase.train {
            let unknown = parts.iter().find(|part| !names.iter().any(|n| Trainable::HeadAnd(vec![(*part).clone()]).moves(n, "\0")));
            if let Some(part) = unknown {
                let mut tops: Vec<&str> = names.iter().map(|n| n.split('.').next().unwrap_or(n)).collect();
                tops.dedup();
                bad.extend(BadParameter::unless(
                    false,
                    &at("train"),
                    &format!("the network has no weights in `{part}`; its top-level modules are {}", tops.join(", ")),
                ));
            }
        }
    }
    bad
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::decode::nearest;
    use crate::contract::fit::NotWritten;
    use serde_json::json;

    #[test]
    fn names_are_matched_by_their_parts() {
        let last = Trainable::HeadAnd(vec!["layer4.2".into()]);
        assert!(last.moves("layer4.2.conv1.weight", "fc.") && last.moves("fc.weight", "fc."));
        assert!(!last.moves("layer4.20.conv1.weight", "fc.") && !last.moves("layer4.1.conv1.weight", "fc."));
        assert!(Trainable::Head.moves("fc.bias", "fc.") && !Trainable::Head.moves("conv1.weight", "fc."));
    }

    #[test]
    fn invalid_parameters_are_found() {
        let names = ["conv1.weight", "layer4.2.conv1.weight", "fc.weight"].map(String::from);
        let paths = |bad: Vec<BadParameter>| bad.iter().map(|b| b.path.join(".")).collect::<Vec<_>>();
        let written = json!([
            {"epochs": 1, "train": "head"},
            {"epochs": 1, "steps": 2},
            {"epochs": 1, "train": {"head-and": ["layer5"]}, "learning_rate": 0},
        ]);
        let (phases, ranges) = nearest::<Vec<Phase>>(written, &NotWritten);
        assert_eq!(paths(ranges), ["2.learning_rate"]);
        assert_eq!(paths(check(&phases.unwrap(), &names)), ["phases.1", "phases.2.train"]);
    }
}
