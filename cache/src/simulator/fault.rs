//! What goes wrong, and when. Independent of what it does to a store.

use super::Random;
use crate::effects::Op;
use std::io::ErrorKind;

/// A fault of one process. `at` counts its changes of the disk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// It dies. Of a write, the first bytes may have reached the disk.
    Death { at: usize, torn: u64 },
    /// The power fails: as death, of all processes, and what was not made durable may be lost.
    PowerLoss { at: usize, torn: u64 },
    /// Some changes fail, and the first of them, if it is a write, perhaps in the middle.
    Fails { at: usize, until: usize, torn: Option<u64>, why: ErrorKind },
}

/// What becomes of a change.
pub(crate) enum Verdict {
    Done,
    /// It fails.
    Fails(ErrorKind),
    /// It happens, and the process dies before it knows.
    LastOne,
    /// It does not happen any more.
    TooLate,
}

impl Fault {
    /// One of those that a process may meet.
    pub(crate) fn draw(random: &mut Random, within: usize) -> Option<Fault> {
        let (at, torn) = (random.below(within), random.next());
        let until = at + random.below(8) * random.below(2);
        let fails = |why, random: &mut Random| Some(Fault::Fails { at, until, torn: random.once_in(2).then_some(torn), why });
        match random.below(12) {
            0..4 => Some(Fault::PowerLoss { at, torn }),
            4..7 => Some(Fault::Death { at, torn }),
            7 | 8 => fails(ErrorKind::StorageFull, random),
            9 => fails(ErrorKind::Other, random),
            10 => fails(ErrorKind::Interrupted, random),
            _ => None,
        }
    }

    /// How many bytes of the write with this number are taken.
    pub(crate) fn taken(self, number: usize, bytes: usize) -> usize {
        match self {
            Fault::Death { at, torn } | Fault::PowerLoss { at, torn } if number == at => (torn % (bytes as u64 + 1)) as usize,
            // One byte at least: no byte would be an error of its own.
            Fault::Fails { at, torn: Some(torn), .. } if number == at => (1 + torn % (bytes as u64).max(1)) as usize,
            _ => bytes,
        }
        .min(bytes)
    }

    /// What becomes of the change with this number.
    pub(crate) fn verdict(self, number: usize, op: Op) -> Verdict {
        let grows = matches!(op, Op::New(_) | Op::NewPath(_) | Op::Write(_) | Op::SyncFile(_));
        match self {
            Fault::Death { at, torn } | Fault::PowerLoss { at, torn } if number == at => {
                if matches!(op, Op::Write(_)) && torn > 0 {
                    Verdict::LastOne
                } else {
                    Verdict::TooLate
                }
            }
            Fault::Death { at, .. } | Fault::PowerLoss { at, .. } if number > at => Verdict::TooLate,
            Fault::Fails { at, until, torn, why } if (at..=until).contains(&number) => {
                // Only writes are interrupted on a local disk, and only what grows finds it full.
                let concerns = match why {
                    ErrorKind::Interrupted => matches!(op, Op::Write(_)),
                    ErrorKind::StorageFull => grows,
                    _ => true,
                };
                let is_torn = number == at && torn.is_some() && matches!(op, Op::Write(_));
                if concerns && !is_torn { Verdict::Fails(why) } else { Verdict::Done }
            }
            _ => Verdict::Done,
        }
    }
}
