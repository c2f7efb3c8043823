//! Classes that a study names and that no image of theirs can have: of networks that it tests or compares, and of tables that it takes
//! images from. Independent of what is done with the class.

use super::expected::possible_labels;
use super::test_sets::comparisons;
use super::{CheckInput, CheckResult};
use crate::diagnostic::did_you_mean;
use crate::pipeline::model::{Input, PerStage, Source, Stage, StageId};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::stage::Takes;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

type Labels = Option<Arc<BTreeSet<String>>>;

/// The labels that images may have: of a table that is known, or as far as the study says it.
struct Possible<'a> {
    look: &'a CheckInput<'a>,
    /// Of what each stage makes.
    made: PerStage<Labels>,
}

impl<'a> Possible<'a> {
    fn of(look: &'a CheckInput<'a>) -> Possible<'a> {
        let mut possible = Possible { look, made: PerStage::repeat(None, look.p.stages.len()) };
        for (id, stage) in look.p.stages.pairs() {
            let is_made = |of: ArtifactType| stage.kind.outputs.iter().any(|o| o.artifact == of);
            if is_made(ArtifactType::Samples) || is_made(ArtifactType::Generator) {
                possible.made[id] = possible.made_by(stage);
            }
        }
        possible
    }

    /// The labels of what a stage makes: those of its parameters, or at most those of what it is given.
    fn made_by(&self, stage: &Stage) -> Labels {
        if stage.inputs.is_empty() {
            let drawn = || stage.parameters["classes"].as_object().filter(|_| stage.kind.drawn).map(|classes| classes.keys().cloned().collect());
            return possible_labels(stage).or_else(drawn).map(Arc::new);
        }
        let given = stage.inputs.iter().filter(|i| [ArtifactType::Samples, ArtifactType::Generator].contains(&i.port.artifact));
        let mut all: BTreeSet<String> = stage.parameters["label"].as_str().filter(|_| stage.kind.synthetic).map(str::to_owned).into_iter().collect();
        for input in given {
            let labels = self.given(&input.from)?;
            match stage.stage.takes(input.port.name) {
                Takes::Labels(taken) => all.extend(labels.iter().filter(|label| taken.contains(label)).cloned()),
                _ => all.extend(labels.iter().cloned()),
            }
        }
        Some(Arc::new(all))
    }

    /// The labels of these outputs; none where those of one are not known, or there is no output.
    fn given(&self, sources: &[Source]) -> Labels {
        let of = |source: &Source| match self.look.summary(source.stage, source.port) {
            Some(summary) => Some(Arc::new(summary.labels.keys().cloned().collect())),
            None => self.made[source.stage].clone(),
        };
        match sources {
            [only] => of(only),
            [] => None,
            _ => {
                let all = sources.iter().map(of).collect::<Option<Vec<_>>>()?;
                Some(Arc::new(all.iter().flat_map(|labels| labels.iter().cloned()).collect()))
            }
        }
    }

    /// The classes of the networks that these stages train.
    fn trained(&self, trainers: impl Iterator<Item = StageId>) -> Labels {
        let tables: Vec<Source> = trainers.filter_map(|t| self.look.p.stages[t].input("samples")).flat_map(|i| i.from.iter().cloned()).collect();
        self.given(&tables)
    }
}

/// A class that a parameter names.
struct Named<'a> {
    /// The way to the parameter.
    path: Vec<&'a str>,
    class: &'a str,
}

/// Comparisons that ask for a metric of a class that no network knows, stages that ask their network for one, and stages that ask for
/// images of a class of which they are given none.
pub(super) fn unknown(look: &CheckInput) -> Vec<CheckResult> {
    let possible = Possible::of(look);
    let compared = |(id, stage, input): (StageId, &Stage, &Input)| {
        let trainers = input.from.iter().flat_map(|s| look.p.stages[s.stage].input("weights")).flat_map(|i| &i.from).map(|t| t.stage);
        let shown = stage.parameters["show"].as_array().into_iter().flatten().map(|name| ("show", name));
        let asked = std::iter::once(("metric", &stage.parameters["metric"])).chain(shown);
        let named = asked.filter_map(|(key, name)| Some(Named { path: vec![key], class: name.as_str()?.split_once('/')?.1 }));
        let asks = |class: &str| format!("a metric of `{class}`, which is no class of the networks that it compares");
        first(id, stage, named, possible.trained(trainers)?, (&asks, "comparisons"))
    };
    let applied = |(id, stage): (StageId, &Stage)| {
        let known = possible.trained(stage.input("weights")?.from.iter().map(|t| t.stage))?;
        let named = ["class", "positive"].into_iter().filter_map(|key| Some(Named { path: vec![key], class: stage.parameters[key].as_str()? }));
        first(id, stage, named, known, (&|class: &str| format!("the class `{class}`, which is no class of its network"), "stages"))
    };
    let taken = |(id, stage): (StageId, &Stage)| {
        let known = possible.given(&stage.input("samples").filter(|_| takes_by_class(stage))?.from)?;
        let asks = |class: &str| format!("images of the class `{class}`, but it is given none");
        first(id, stage, of_images(&stage.parameters).into_iter(), known, (&asks, "stages"))
    };
    let mut out: Vec<CheckResult> = comparisons(look).filter_map(compared).collect();
    out.extend(look.p.stages.pairs().filter_map(applied));
    out.extend(look.p.stages.pairs().filter_map(taken));
    out
}

/// True for stages that take images of classes which they name: those that train a generator, and those that make a table of tables.
fn takes_by_class(stage: &Stage) -> bool {
    let makes = |of: ArtifactType| stage.kind.outputs.iter().any(|o| o.artifact == of);
    makes(ArtifactType::Generator) || makes(ArtifactType::Samples)
}

/// The classes of images that parameters name.
fn of_images(parameters: &Value) -> Vec<Named<'_>> {
    let mut out: Vec<Named> = parameters["label"].as_str().map(|class| Named { path: vec!["label"], class }).into_iter().collect();
    for (name, network) in parameters["network"].as_object().into_iter().flatten() {
        let of = |key: &'static str| Some(Named { path: vec!["network", name.as_str(), key], class: network[key].as_str()? });
        out.extend(["from", "to"].into_iter().filter_map(of));
    }
    out.extend(parameters["labels"].as_array().into_iter().flatten().filter_map(|v| Some(Named { path: vec!["labels"], class: v.as_str()? })));
    for key in ["take", "times"] {
        out.extend(parameters[key].as_object().into_iter().flatten().map(|(class, _)| Named { path: vec![key, class.as_str()], class }));
    }
    out
}

/// What is found of the first of these that is not among the known classes.
fn first<'a>(
    id: StageId,
    stage: &Stage,
    mut named: impl Iterator<Item = Named<'a>>,
    known: Arc<BTreeSet<String>>,
    (asks, unit): (&dyn Fn(&str) -> String, &'static str),
) -> Option<CheckResult> {
    let Named { path, class } = named.find(|named| !known.contains(named.class))?;
    let path: Vec<String> = path.into_iter().map(str::to_owned).collect();
    let all = format!("the classes are: {}", known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", "));
    Some(CheckResult {
        stage: id,
        at: stage.places.with.place_of(&path, true),
        label: format!("no class `{class}`"),
        message: format!("`{}` asks for {}", stage.base, asks(class)),
        notes: did_you_mean(class, known.iter().map(String::as_str), "class").into_iter().chain([all]).collect(),
        help: "correct the class",
        count: 1,
        unit,
        path: vec![],
    })
}

#[cfg(test)]
mod tests {
    use crate::checks::findings;
    use crate::language::study;
    use crate::lineage::Evidence;
    use crate::tables::Tables;
    use hilum_cache::{Ledger, Store};
    use std::collections::HashMap;
    use std::path::Path;

    /// What is said of unknown classes before any table is there: the stage, and the label and the notes of the finding.
    fn found(images: &str, others: &str) -> Vec<(String, String, Vec<String>)> {
        let text = format!(
            "study: s\nseed: 1\nstages:\n  images: {images}\n  pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: 32 }} }}\n  \
             parts: {{ stage: split, in: {{ samples: images }}, with: {{ train: 0.5, test: 0.5 }} }}\n{others}"
        );
        let p = study(&text);
        let store = Store::open(Path::new("/nonexistent")).unwrap();
        let (ledger, tables) = (Ledger::load(&store).unwrap(), Tables::default());
        let evidence = Evidence { store: &store, tables: &tables, ledger: &ledger, made: &[], listings: &HashMap::new(), pseudonyms: "" };
        let all = findings(&p, &|_, _| None, &evidence).unwrap();
        let unknown = all.into_iter().filter(|f| f.check.id == "metric.unknown_class" && f.refuses());
        unknown.map(|f| (p.stages[f.stage].name.clone(), f.found.label, f.found.notes)).collect()
    }

    /// Without a table, of phantoms and of an import that says its labels: a class that is misspelt is found, and the one that is meant is
    /// not; of an import that does not say them, nothing is.
    fn is_found(stage: &str, others: &dyn Fn(&str) -> String) {
        let phantoms = "{ stage: phantoms, with: { size: 32, classes: { normal: { images: 40 }, covid: { images: 40 } } } }";
        let import = "{ stage: import, with: { images: data, labels: { \"0\": normal, \"1\": covid } } }";
        for images in [phantoms, import] {
            let similar = "a class with a similar name exists: `covid`".to_owned();
            let wanted = (stage.to_owned(), "no class `Covid`".to_owned(), vec![similar, "the classes are: `covid`, `normal`".to_owned()]);
            assert_eq!(found(images, &others("Covid")), [wanted], "{images}");
            assert_eq!(found(images, &others("covid")), [], "{images}");
        }
        assert_eq!(found("{ stage: import, with: { images: data } }", &others("Covid")), []);
    }

    const TRAINED: &str =
        "  net: { stage: train-classifier, in: { samples: parts.train, images: pixels }, with: { network: { smallcnn64: { width: 2 } }, steps: 1 } }\n";

    #[test]
    fn a_misspelt_class_of_a_network_is_found_before_any_table_is_there() {
        is_found("asks", &|class| {
            format!("{TRAINED}  asks: {{ stage: evaluate, in: {{ weights: net, samples: parts.test, images: pixels }}, with: {{ positive: {class} }} }}\n")
        });
        let compared = |with: &str| {
            format!(
                "{TRAINED}  scores: {{ stage: evaluate, in: {{ weights: net, samples: parts.test, images: pixels }} }}\n  asks: {{ stage: compare, in: {{ scores: [scores] }}, with: {{ {with} }} }}\n"
            )
        };
        is_found("asks", &|class| compared(&format!("metric: sensitivity/{class}")));
        is_found("asks", &|class| compared(&format!("metric: accuracy, show: [sensitivity/{class}]")));
    }

    #[test]
    fn a_misspelt_class_of_images_is_found_before_any_table_is_there() {
        let gan =
            |samples: &str, with: &str| format!("  gan: {{ stage: train-gan, in: {{ samples: {samples}, images: pixels }}, with: {{ {with}, steps: 1 }} }}\n");
        is_found("gan", &|class| gan("parts.train", &format!("network: {{ dcgan: {{ size: 32 }} }}, label: {class}")));
        is_found("gan", &|class| gan("parts.train", &format!("network: {{ cyclegan: {{ from: normal, to: {class} }} }}")));
        is_found("some", &|class| format!("  some: {{ stage: combine, in: {{ samples: [parts.train] }}, with: {{ take: {{ {class}: 3 }} }} }}\n"));
        is_found("some", &|class| format!("  some: {{ stage: combine, in: {{ samples: [parts.train] }}, with: {{ times: {{ {class}: 3 }} }} }}\n"));
        is_found("some", &|class| format!("  some: {{ stage: combine, in: {{ samples: [parts.train] }}, with: {{ labels: [{class}] }} }}\n"));
    }

    /// A table of one class has no other, and a synthetic one has those that it may be of.
    #[test]
    fn labels_are_followed_through_tables_and_generators() {
        let phantoms = "{ stage: phantoms, with: { size: 32, classes: { normal: { images: 40 }, covid: { images: 40 } } } }";
        let of = |label: &str| {
            format!(
                "  one: {{ stage: combine, in: {{ samples: [parts.train] }}, with: {{ labels: [covid] }} }}\n  \
                 gan: {{ stage: train-gan, in: {{ samples: one, images: pixels }}, with: {{ network: {{ dcgan: {{ size: 32 }} }}, label: covid, steps: 1 }} }}\n  \
                 made: {{ stage: synthesize, in: {{ generator: gan }}, with: {{ count: 3 }} }}\n  \
                 some: {{ stage: combine, in: {{ samples: [made] }}, with: {{ labels: [{label}] }} }}\n"
            )
        };
        assert_eq!(found(phantoms, &of("covid")), []);
        assert_eq!(
            found(phantoms, &of("normal")).into_iter().map(|(stage, label, _)| (stage, label)).collect::<Vec<_>>(),
            [("some".into(), "no class `normal`".into())]
        );
    }
}
