//! What a command knows besides the study: the store and what was recorded in it, what path parameters name, which engines'
//! results are accepted, which stages are wanted. Independent of what is decided with it.

use crate::diagnostic::Texts;
use crate::lineage::Evidence;
use crate::pipeline::model::{PerStage, StageId};
use crate::tables::Tables;
use crate::workspace::Listings;
use hilum_cache::receipt::Outputs;
use hilum_cache::{Digest, Ledger, Receipt, Store};
use std::cell::RefCell;
use std::collections::HashSet;

/// What a study is planned, checked and run with.
pub struct Session<'a> {
    /// The store.
    pub store: Store,
    /// What was recorded.
    pub ledger: Ledger,
    /// What path parameters name.
    pub listings: Listings,
    /// Cached tables.
    pub tables: Tables,
    /// The fingerprint of the pseudonym key.
    pub pseudonyms: String,
    /// Engines whose receipts are accepted, the one that would execute first.
    pub engines: Vec<String>,
    /// Stages to run again.
    pub forced: Vec<StageId>,
    /// Stages that are wanted with all they need.
    pub wanted: PerStage<bool>,
    /// The texts that places of the study point into.
    pub texts: &'a Texts,
    /// Artifacts found intact: shared outputs are checked once.
    intact: RefCell<HashSet<Digest>>,
}

impl<'a> Session<'a> {
    /// Knows a store with what was recorded, and where the texts of the study are; wants its `stages` stages, all of them.
    pub fn new(store: Store, ledger: Ledger, texts: &'a Texts, stages: usize) -> Session<'a> {
        Session {
            store,
            ledger,
            listings: Listings::new(),
            tables: Tables::default(),
            pseudonyms: String::new(),
            engines: vec![],
            forced: vec![],
            wanted: PerStage::repeat(true, stages),
            texts,
            intact: RefCell::default(),
        }
    }

    /// True if every object of these outputs is there and untouched, as far as `stat` can tell.
    pub fn has_intact(&self, outputs: &Outputs) -> bool {
        outputs.values().all(|a| self.intact.borrow().contains(&a.digest) || self.store.has_intact(a) && self.intact.borrow_mut().insert(a.digest))
    }

    /// Objects are looked at again: time has passed, or one was found damaged.
    pub fn look_again(&self) {
        self.intact.borrow_mut().clear();
    }

    /// What lineage is composed from; `made` are the receipts of this run.
    pub fn evidence<'b>(&'b self, made: &'b [Receipt]) -> Evidence<'b> {
        Evidence { store: &self.store, tables: &self.tables, ledger: &self.ledger, made, listings: &self.listings, pseudonyms: &self.pseudonyms }
    }
}
