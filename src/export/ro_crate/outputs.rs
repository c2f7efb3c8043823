//! The outputs of all stages as entities: files that are in the crate, and what is named by its digest alone.

use super::graph::{Graph, encoded, one_or_list, reference};
use crate::export::artifacts::{self, REMOVED};
use crate::export::directory::Directory;
use crate::export::error::Result;
use crate::export::facts::{Facts, Made, described};
use hilum_cache::receipt::Artifact;
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::collections::HashMap;

/// What there is of the outputs.
#[derive(Default)]
pub(super) struct Outputs {
    /// The entity of each, by stage and port.
    by_output: HashMap<(String, String), String>,
    /// References to the files that are in the crate.
    pub(super) files: Vec<Value>,
    /// References to outputs of several files.
    pub(super) collections: Vec<Value>,
    /// What is not in the crate, for the journal's file: outputs or files with digest and reason.
    pub(super) left_out: Vec<Value>,
    /// How many of these were removed from the store.
    pub(super) removed: usize,
}

impl Outputs {
    /// Writes what may be passed on, and adds an entity for every output.
    ///
    /// # Errors
    /// If something cannot be read or written.
    pub(super) fn write(facts: &Facts, directory: &mut Directory, graph: &mut Graph) -> Result<Outputs> {
        let mut out = Outputs::default();
        for made in facts.made() {
            for (port, artifact) in made.result.outputs.iter() {
                let id = out.output(facts, made, port, artifact, directory, graph)?;
                out.by_output.insert((made.node.stage.clone(), port.clone()), id);
            }
        }
        Ok(out)
    }

    /// The entity of an output of a stage.
    pub(super) fn id(&self, stage: &str, port: &str) -> Option<&str> {
        self.by_output.get(&(stage.to_owned(), port.to_owned())).map(String::as_str)
    }

    fn output(&mut self, facts: &Facts, made: Made, port: &str, artifact: &Artifact, directory: &mut Directory, graph: &mut Graph) -> Result<String> {
        let name = made.output(port);
        let id = format!("#output/{}", encoded(&name));
        let common = |about: String| json!({ "@id": id, "name": name, "description": about, "sha256": artifact.sha256.hex(), "identifier": artifact.digest });
        let Some(parts) = artifacts::parts(facts, made, artifact)? else {
            self.leave_out(&name, None, &artifact.sha256.hex(), REMOVED);
            let about =
                format!("A {} whose files are not known any more: the list of them was {REMOVED}. The sha256 is that of the list.", described(artifact));
            graph.add(with_type(common(about), "CreativeWork"));
            return Ok(id);
        };
        let stage = &made.node.stage;
        if let ([part], Some(file)) = (parts.as_slice(), &artifact.file) {
            if let Some(why) = part.left_out {
                self.leave_out(&name, None, &artifact.sha256.hex(), why);
                graph.add(with_type(common(format!("A {} that is not in this crate: it {}.", described(artifact), clause(why))), "CreativeWork"));
                return Ok(id);
            }
            let ending = file.rsplit_once('.').map_or(String::new(), |(_, ending)| format!(".{ending}"));
            let path = format!("results/{stage}/{port}{ending}");
            let written = directory.copy(&path, &part.file, facts.store)?;
            graph.file(&path, &written, json!({ "name": name, "identifier": artifact.digest }));
            self.files.push(reference(&encoded(&path)));
            return Ok(encoded(&path));
        }
        let mut inside = vec![];
        for part in &parts {
            if let Some(why) = part.left_out {
                self.leave_out(&name, Some(&part.file.name), &part.file.sha256.hex(), why);
                continue;
            }
            let path = format!("results/{stage}/{port}/{}", part.file.name);
            let written = directory.copy(&path, &part.file, facts.store)?;
            graph.file(&path, &written, json!({ "name": format!("{name} {}", part.file.name), "identifier": part.file.digest }));
            inside.push(reference(&encoded(&path)));
        }
        let about = format!(
            "A {} of {}, {} in this crate. The sha256 is that of the list of the files with their digests.",
            described(artifact),
            counted(parts.len(), "file", "files"),
            if inside.is_empty() { "none of them".to_owned() } else { format!("{} of them", inside.len()) }
        );
        self.files.extend(inside.iter().cloned());
        let mut entity = with_type(common(about), "Collection");
        if let Some(first) = inside.first() {
            entity["mainEntity"] = first.clone();
            entity["hasPart"] = one_or_list(inside);
        }
        graph.add(entity);
        self.collections.push(reference(&id));
        Ok(id)
    }

    fn leave_out(&mut self, output: &str, file: Option<&str>, sha256: &str, why: &str) {
        self.removed += usize::from(why == REMOVED);
        self.left_out.push(json!({ "output": output, "file": file, "sha256": sha256, "reason": why }));
    }
}

fn with_type(mut entity: Value, kind: &str) -> Value {
    entity["@type"] = kind.into();
    entity
}

/// A reason as the end of a sentence about it.
fn clause(why: &str) -> String {
    if why == REMOVED { format!("was {why}") } else { why.to_owned() }
}
