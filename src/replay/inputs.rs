//! What a stage was given when it ran, found in the store: artifacts by the digests of its recipe, as the graph of its run binds them, and
//! packs of images by the list of their pixels. What does not fit together is not used.

use crate::plan::recipe::list_of;
use crate::provenance::{History, Output};
use crate::tables::Tables;
use hilum_cache::receipt::Artifact;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Receipt};
use hilum_stages::contract::kind::StageKind;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Artifacts with their cells, by port.
pub(super) type Given = BTreeMap<String, Vec<(String, Artifact)>>;

/// Why a result cannot be computed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// What it takes is not in the store, and need not be.
    NotHere(String),
    /// An object is not there, or is damaged.
    Object(Digest),
    /// What the store says does not fit together.
    Unsound(String),
}

/// Finds what the receipt at this place was made of.
pub(super) fn given(history: &History, tables: &Tables, at: usize, kind: &StageKind) -> Result<Given, Obstacle> {
    let (receipt, run) = &history.receipts()[at];
    let bound = |port: &str| history.bound(*run, &receipt.stage).iter().find(|(name, _)| name == port).map_or(&[][..], |(_, outputs)| outputs);
    let finder = Finder { history, tables, receipt, run: *run };
    let (mut out, mut looked_up) = (Given::new(), vec![]);
    for (port, input) in &receipt.recipe.inputs {
        let Some(known) = kind.input(port) else {
            return Err(Obstacle::Unsound(format!("`{}` has no input `{port}`, which its recipe names", kind.name)));
        };
        let found = match input {
            Input::One(digest) => vec![(String::new(), finder.artifact(port, bound(port), digest)?)],
            Input::List(all) => all.iter().map(|digest| Ok((String::new(), finder.artifact(port, bound(port), digest)?))).collect::<Result<_, Obstacle>>()?,
            Input::Gathered(cells) => {
                cells.iter().map(|cell| Ok((cell.cell.clone(), finder.artifact(port, bound(port), &cell.digest)?))).collect::<Result<_, Obstacle>>()?
            }
            // They need the tables, which may come later.
            Input::Lookup { lookup, .. } if !known.by.is_empty() => {
                looked_up.push((known, lookup));
                continue;
            }
            Input::Lookup { lookup, .. } => finder.tables(port, bound(port), lookup)?,
        };
        out.insert(port.clone(), found);
    }
    for (port, lookup) in looked_up {
        let found = finder.packs(port.name, port.by, bound(port.name), lookup, &out)?;
        out.insert(port.name.to_owned(), found);
    }
    Ok(out)
}

struct Finder<'a, 'h> {
    history: &'a History<'h>,
    tables: &'a Tables,
    receipt: &'a Receipt,
    run: usize,
}

impl Finder<'_, '_> {
    /// What a stage of the same run has at an output.
    fn of_run(&self, output: &Output) -> Option<&Artifact> {
        let at = self.history.result(self.run, &output.stage)?;
        self.history.receipts()[at].0.outputs.get(&output.port)
    }

    /// The artifact with this digest: what is bound to the port comes before what only has the same bytes.
    fn artifact(&self, port: &str, bound: &[Output], digest: &Digest) -> Result<Artifact, Obstacle> {
        let is_it = |artifact: &&Artifact| artifact.digest == *digest;
        let here = bound.iter().filter_map(|output| self.of_run(output)).find(is_it);
        let anywhere = || self.history.receipts().iter().rev().flat_map(|(receipt, _)| receipt.outputs.values()).find(is_it);
        here.or_else(anywhere).cloned().ok_or_else(|| Obstacle::Unsound(format!("no receipt has {digest}, which its recipe has at `{port}`")))
    }

    /// The tables of a port of which only the images are a part of the recipe.
    fn tables(&self, port: &str, bound: &[Output], lookup: &Digest) -> Result<Vec<(String, Artifact)>, Obstacle> {
        let found = self.all_bound(port, bound)?;
        let images = self.images(&found)?;
        self.is_list(&list_of(&images, |_| None), lookup, port)?;
        Ok(found)
    }

    /// The packs of a port where images are looked up by tables: as when the recipe was formed, those that hold one that is not in an
    /// earlier pack.
    fn packs(&self, port: &str, by: &[&str], bound: &[Output], lookup: &Digest, given: &Given) -> Result<Vec<(String, Artifact)>, Obstacle> {
        if bound.is_empty() {
            return Err(self.without_graph(port));
        }
        let tables: Vec<(String, Artifact)> = by.iter().filter_map(|by| given.get(*by)).flatten().cloned().collect();
        let images = self.images(&tables)?;
        let mut pixels: HashMap<Digest, Digest> = HashMap::new();
        let mut used = vec![];
        // One that was not made by then was not needed.
        for artifact in bound.iter().filter_map(|output| self.of_run(output)) {
            let pack = self.tables.pack(self.history.store(), artifact).map_err(obstacle)?;
            let before = pixels.len();
            for image in &images {
                if let Some(found) = pack.get(image) {
                    pixels.entry(*image).or_insert(*found);
                }
            }
            if pixels.len() > before {
                used.push((String::new(), artifact.clone()));
            }
        }
        self.is_list(&list_of(&images, |image| pixels.get(image)), lookup, port)?;
        Ok(used)
    }

    fn all_bound(&self, port: &str, bound: &[Output]) -> Result<Vec<(String, Artifact)>, Obstacle> {
        if bound.is_empty() {
            return Err(self.without_graph(port));
        }
        let of = |output: &Output| {
            let found =
                self.of_run(output).ok_or_else(|| Obstacle::Unsound(format!("its run has no result of `{}`, which is bound to `{port}`", output.stage)))?;
            Ok((String::new(), found.clone()))
        };
        bound.iter().map(of).collect()
    }

    fn images(&self, tables: &[(String, Artifact)]) -> Result<BTreeSet<Digest>, Obstacle> {
        let mut images = BTreeSet::new();
        for (_, table) in tables {
            images.extend(self.tables.samples(self.history.store(), table).map_err(obstacle)?.iter().map(|row| row.image));
        }
        Ok(images)
    }

    fn is_list(&self, list: &[u8], lookup: &Digest, port: &str) -> Result<(), Obstacle> {
        let fault = || Obstacle::Unsound(format!("the images that its recipe has at `{port}` are not those of the tables and packs that are bound there"));
        if Digest::of(list) == *lookup { Ok(()) } else { Err(fault()) }
    }

    fn without_graph(&self, port: &str) -> Obstacle {
        Obstacle::NotHere(format!("the journal does not say what was bound to `{port}` of `{}`", self.receipt.stage))
    }
}

/// What stands in the way where the store cannot be read.
pub(super) fn obstacle(e: hilum_cache::Error) -> Obstacle {
    match e {
        hilum_cache::Error::Missing(digest) | hilum_cache::Error::Damaged(digest) => Obstacle::Object(digest),
        other => Obstacle::Unsound(other.to_string()),
    }
}
