//! Embeddings of images (UMAP).

use super::{Chapter, Material};
use crate::report::artifacts::Subject;
use crate::report::drawing::svg;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::figures;
use maud::{Markup, html};

const EMBEDDING: Subject = Subject { artifact: ArtifactType::Figure, name: figures::embedding::FIGURE.name };

pub(super) const CHAPTER: Chapter = Chapter { id: "embeddings", title: "Embedding of images", about: &[EMBEDDING], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut out = vec![];
    for found in m.of(EMBEDDING) {
        if let Some(bytes) = found.bytes(m.store, ".svg")? {
            out.push(html! { h4 { (found.stage()) } figure { (svg(&bytes, &format!("Embedding of {}", found.stage()))) } });
        }
    }
    Ok((!out.is_empty()).then(|| {
        html! {
            p { "Nearby points have similar features. Distances between groups, and how dense they look, mean little; separation in an embedding proves nothing." }
            @for o in &out { (o) }
        }
    }))
}
