//! Where the run is in the ledger, who vouches for its record, and what follows from that and what does not.

use super::{Chapter, Material};
use hilum_cache::evidence::checkpoint::{KIND, UNREADABLE, of_run};
use hilum_cache::evidence::{LedgerCheckpoint, Signed};
use hilum_cache::{Error, Result, Sha256};
use hilum_stages::words::counted;
use maud::{Markup, html};

pub(super) const CHAPTER: Chapter = Chapter { id: "ledger", title: "The ledger", about: &[], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    Ok(Some(match of_run(m.store, &m.facts.run) {
        Ok((envelope, says)) => {
            let digest = envelope.payload(KIND).map(|payload| Sha256::of(&payload));
            content(&says, digest, &envelope.signed(&[]))
        }
        Err(Error::Record { why, .. }) if why == UNREADABLE => html! {
            p.bad { "The checkpoint of this run is not as it was written: nothing vouches for its journal. See " code { "hilum verify" } "." }
        },
        Err(Error::Record { .. }) => html! {
            p { "This run has no checkpoint: it may go on, have been killed, or be of an older program; or its checkpoint was removed. Nothing vouches for the end of its journal." }
        },
        Err(e) => return Err(e),
    }))
}

fn content(says: &LedgerCheckpoint, digest: Option<Sha256>, signed: &Signed) -> Markup {
    let signer = match signed {
        Signed::No => html! { "nobody: whoever can write to the store can have written this record anew" },
        Signed::By(key) | Signed::ByUnknown(key) | Signed::Forged(key) => html! { "the key " code { (key) } ", which a report cannot check" },
    };
    html! {
        dl.facts {
            div { dt { "Checkpoint" } dd { (says.index) ", of " (counted(says.size as usize, "line", "lines")) ", written " (says.time) } }
            div { dt { "Signed by" } dd { (signer) } }
            div { dt { "Last line" } dd { code { "sha256:" (says.head.hex()) } } }
            div { dt { "Root of the lines" } dd { code { "sha256:" (says.root.hex()) } } }
            div { dt { "Checkpoint before" } dd { @match says.prev_checkpoint { Some(before) => code { "sha256:" (before.hex()) }, None => "none: it is the first" } } }
            @if let Some(digest) = digest { div { dt { "Digest of this checkpoint (the head of the ledger, if no run is newer)" } dd { code { "sha256:" (digest.hex()) } } } }
        }
        p {
            "Whoever has noted this digest somewhere else can tell later whether this run, or one before it, was altered or removed: "
            code { "hilum log" } " prints that of the newest run, and " code { "hilum verify --trusted-key FILE" } " follows the ledger, compares journals with it and checks signatures, which a report does not. "
            "The format is specified for other programs in docs/ledger.md. A signature says who vouches for the record, and not that it is true."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chapter_says_who_vouches_for_the_record() {
        let hash = |text: &str| Sha256::of(text.as_bytes());
        let says = |prev_checkpoint| LedgerCheckpoint {
            v: 1,
            run: "r".into(),
            study: "s".into(),
            index: 4,
            size: 12,
            head: hash("head"),
            root: hash("root"),
            prev_checkpoint,
            time: "2026-11-30T20:43:48.300Z".into(),
        };
        let unsigned = content(&says(None), Some(hash("digest")), &Signed::No).into_string();
        for part in ["4, of 12 lines, written 2026", "nobody: whoever can write", &hash("digest").hex(), &hash("root").hex(), "it is the first"] {
            assert!(unsigned.contains(part), "{part}: {unsigned}");
        }
        let signed = content(&says(Some(hash("before"))), None, &Signed::ByUnknown("7d9d".into())).into_string();
        assert!(signed.contains("<code>7d9d</code>") && signed.contains(&hash("before").hex()) && !signed.contains("nobody"), "{signed}");
    }
}
