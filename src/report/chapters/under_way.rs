//! Trainings that are running or will resume when the study is run again.

use super::images::MOMENTS;
use super::{Chapter, warning};
use crate::report::drawing::{Picture, drawing};
use crate::report::facts::Facts;
use hilum_stages::figures;
use maud::{Markup, html};

pub(super) const CHAPTER: Chapter =
    Chapter { id: "in-progress", title: "In progress", about: &[], render: |m| Ok((!m.facts.under_way.is_empty()).then(|| render(m.facts))) };

fn render(f: &Facts) -> Markup {
    html! {
        p { "As of the latest checkpoint." }
        @for (stage, step, preview) in &f.under_way {
            h4 { (stage) ", after step " (step) }
            @for note in preview.notes.iter().filter(|n| n.is_warning()) { (warning(None, note)) }
            @for figure in figures::of_unfinished(&preview.history, stage).iter().chain(&figures::of_watched(&preview.watched, stage)) {
                (drawing(figure.figure.name, &figure.drawing))
            }
            @if let Some(images) = &preview.images { figure.sheet.synthetic { figcaption { (MOMENTS) } (Picture::png(images, "images so far").html()) } }
        }
    }
}
