//! What a study may name in this program: its stage kinds and its checks. Passed to the pipeline, so that it depends on neither.

use crate::checks;
use crate::pipeline::Language;
use hilum_stages::KINDS;

/// The kinds and checks of this program.
pub fn language() -> Language {
    Language { kinds: KINDS, checks: checks::ids().collect() }
}
