//! Maps of images.

use super::{Chapter, Material};
use crate::report::artifacts::Subject;
use crate::report::drawing::svg;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::figures;
use maud::{Markup, html};

const MAP: Subject = Subject { artifact: ArtifactType::Figure, name: figures::map::FIGURE.name };

pub(super) const CHAPTER: Chapter = Chapter { id: "maps", title: Some("Map of images"), about: &[MAP], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut out = vec![];
    for found in m.of(MAP) {
        if let Some(bytes) = found.bytes(m.store, ".svg")? {
            out.push(html! { h3 { (found.stage()) } figure { (svg(&bytes, &format!("Map of {}", found.stage()))) } });
        }
    }
    Ok((!out.is_empty()).then(|| {
        html! {
            p { "Near images look alike to the network. Distances between groups, and how dense they look, mean little; separation on a map proves nothing." }
            @for o in &out { (o) }
        }
    }))
}
