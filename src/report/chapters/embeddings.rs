//! Embeddings of images (UMAP): side by side where there are several, and each by itself.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::{drawing, stored};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::note::Note;
use hilum_stages::figures::{self, ColouredBy, Embedding};
use hilum_stages::records::{Embedded, Record, Table};
use maud::{Markup, html};

const EMBEDDING: Subject = Subject { artifact: ArtifactType::Figure, name: figures::embedding::FIGURE.name };
const PLACES: Subject = Subject { artifact: ArtifactType::Table, name: Table::<Embedded>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "embeddings", title: "Embedding of images", about: &[EMBEDDING, PLACES], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut tables, mut out): (Vec<(String, String, Table<Embedded>, ColouredBy)>, Vec<Markup>) = (vec![], vec![]);
    for found in m.of(PLACES) {
        match found.record::<Table<Embedded>>(m.store)? {
            Ok(table) => {
                let by = serde_json::from_value(found.receipt.recipe.parameters["colour"].clone()).unwrap_or_default();
                tables.push((found.stage().to_owned(), how(found), table, by));
            }
            Err(why) => out.push(unreadable(found, &why)),
        }
    }
    let all: Vec<Embedding> = tables.iter().map(|(title, how, table, by)| Embedding { title, how, table, by: *by }).collect();
    if all.len() > 1 {
        out.extend(figures::of_embeddings(&all, "Embeddings of images (UMAP)").iter().map(|figure| drawing(figure.figure.name, &figure.drawing)));
    }
    // Drawn again where there are several, since a class has one marker in all of them.
    for one in all.iter().filter(|_| all.len() > 1) {
        let picture = drawing(figures::embedding::FIGURE.name, &figures::embedding::single(one, &all, &format!("UMAP of {}; {}", one.title, one.how)));
        out.push(html! { details { summary { (one.title) } (picture) } });
    }
    for found in m.of(EMBEDDING).filter(|_| all.len() <= 1) {
        if let Some(bytes) = found.bytes(m.store, ".svg")? {
            let picture = stored(&bytes, &format!("Embedding of {}", found.stage()), &m.place(found));
            out.push(html! { h4 { (found.stage()) } (picture) });
        }
    }
    Ok((!out.is_empty()).then(|| {
        html! {
            p { "Nearby points have similar features. Distances between groups, and how dense they look, mean little; separation in an embedding proves nothing." }
            @for o in &out { (o) }
        }
    }))
}

/// What an embedding was computed with, and how far it keeps neighbours, as the stage noted it.
fn how(found: &ReportArtifact) -> String {
    let parameters = &found.receipt.recipe.parameters;
    let known = [("neighbours", "n_neighbors"), ("min_dist", "min_dist")].into_iter().filter(|(name, _)| !parameters[*name].is_null());
    let known = known.map(|(name, shown)| format!("{shown} {}", parameters[name]));
    let metric = (parameters["metric"] == "cosine").then(|| "cosine distances".to_owned());
    let trust = found.receipt.notes.iter().map(|note| Note::read(note).text).find(|note| note.starts_with("trustworthiness"));
    known.chain(metric).chain(trust).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::{Facts, StageResult};
    use crate::report::tests::made;
    use hilum_cache::{Receipt, WritableStore};
    use serde_json::json;
    use std::rc::Rc;

    #[test]
    fn several_stand_beside_each_other() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let csv = format!("image,label,origin,x,y\n{},a,real,1,2\n", hilum_cache::Digest::of(b"x"));
        let recipe = json!({ "parameters": { "neighbours": 15, "min_dist": 0.1, "metric": "cosine", "colour": "source" } });
        let mut stages: Vec<_> =
            ["map/arm=real", "map/arm=gan"].map(|cell| made(&store, cell, ("table", "embedding.csv"), csv.as_bytes(), recipe.clone())).into();
        if let Some((result, _)) = &mut stages[0].1 {
            let receipt = Receipt { notes: vec!["trustworthiness at 15 neighbours: 0.981".into()], ..(*result.receipt("")).clone() };
            *result = StageResult::Held(Rc::new(receipt));
        }
        let facts = Facts { stages, ..Facts::default() };
        let page = CHAPTER.of(&facts, &store.into_store()).unwrap().into_string();
        let svg = page.split_once("data:image/svg+xml;base64,").unwrap().1.split_once('"').unwrap().0;
        let svg = String::from_utf8(base64::Engine::decode(&base64::engine::general_purpose::STANDARD, svg).unwrap()).unwrap();
        assert!(svg.contains("n_neighbors 15, min_dist 0.1") && svg.contains("cosine") && svg.contains("0.981") && svg.contains(">map/arm=gan<"), "{svg}");
        assert_eq!((page.matches("<img").count(), page.matches("<details").count()), (3, 2), "beside each other, and each by itself");
    }
}
