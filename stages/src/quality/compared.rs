//! Which images two sets are of, so that a reason for a missing figure names them rightly: a baseline has no synthetic images. Independent
//! of figures.

use crate::words::counted;

/// Which images two sets are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// Real images, and synthetic ones.
    WithSynthetic,
    /// Two halves of the real images.
    Halves,
}

impl Compared {
    /// So many images of the first set (0) or the second.
    pub(super) fn counted(self, set: usize, count: usize) -> String {
        match self {
            Compared::WithSynthetic if set == 0 => counted(count, "real image", "real images"),
            Compared::WithSynthetic => counted(count, "synthetic image", "synthetic images"),
            Compared::Halves => counted(count, "real image of one half", "real images of one half"),
        }
    }

    /// Each image of the first set (0) or the second.
    pub(super) fn every(self, set: usize) -> &'static str {
        match self {
            Compared::WithSynthetic if set == 0 => "every real image",
            Compared::WithSynthetic => "every synthetic image",
            Compared::Halves => "every real image of one half",
        }
    }
}
