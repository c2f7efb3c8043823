//! What lies outside of a store and a study names: files by their digests, images, the pseudonym key. It is taken if it is what a recipe
//! names, whatever the study says now.

use crate::pipeline::Pipeline;
use crate::workspace::{ImageMap, Listings, Places, Workspace};
use hilum_cache::Recipe;
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::contract::source::Listing;
use serde_json::Value;
use std::collections::BTreeMap;

/// Files, images and a key.
#[derive(Default)]
pub struct Outside {
    stages: Vec<Named>,
    pub(super) images: ImageMap,
    /// The directories of the study.
    pub(super) places: Places,
    key: Option<PseudonymKey>,
}

/// What a stage of the study names.
struct Named {
    kind: &'static str,
    parameters: Value,
    sources: BTreeMap<String, Listing>,
}

impl Outside {
    /// What a study names, as its files are now.
    pub fn of(p: &Pipeline, workspace: &Workspace, listings: &Listings, key: Option<PseudonymKey>) -> Outside {
        let of = |(id, sources): (&crate::pipeline::model::StageId, &BTreeMap<String, std::sync::Arc<Listing>>)| Named {
            kind: p.stages[*id].kind.name,
            parameters: p.stages[*id].parameters.clone(),
            sources: sources.iter().map(|(parameter, listing)| (parameter.clone(), (**listing).clone())).collect(),
        };
        Outside { stages: listings.iter().map(of).collect(), images: ImageMap::of(listings), places: workspace.places(), key }
    }

    /// The parameters of a recipe with those that name files, and these files; none if they are not there, or are others.
    pub(super) fn sources(&self, recipe: &Recipe) -> Option<(Value, BTreeMap<String, Listing>)> {
        let is_it = |named: &&Named| {
            named.kind == recipe.kind
                && named.sources.len() == recipe.sources.len()
                && recipe.sources.iter().all(|(name, digest)| named.sources.get(name).is_some_and(|listing| listing.digest == *digest))
        };
        let named = self.stages.iter().find(is_it)?;
        let mut parameters = recipe.parameters.clone();
        for name in recipe.sources.keys() {
            let place = name.split('.').try_fold(&named.parameters, |node, key| node.get(key))?;
            let (above, last) = name.rsplit_once('.').unwrap_or(("", name));
            let holder = above.split('.').filter(|key| !key.is_empty()).try_fold(&mut parameters, |node, key| node.get_mut(key))?;
            holder.as_object_mut()?.insert(last.to_owned(), place.clone());
        }
        Some((parameters, named.sources.clone()))
    }

    /// The pseudonym key with this fingerprint.
    pub(super) fn key(&self, fingerprint: &str) -> Option<PseudonymKey> {
        self.key.clone().filter(|key| key.fingerprint() == fingerprint)
    }
}
