//! What a chapter is made of: the facts of a run, its store, and the artifacts that the chapter is about. Knows no chapter.

use super::artifacts::{ReportArtifact, Subject};
use super::facts::Facts;
use crate::tables::Summary;
use hilum_cache::{Error, Result, Store};
use hilum_stages::data::sample::Sample;
use std::sync::Arc;

/// What a chapter is made of.
pub(super) struct Material<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) store: &'a Store,
    /// The artifacts that the chapter is about, subject by subject in the order of the study; of a large study the first.
    pub(super) found: Vec<ReportArtifact>,
}

impl Material<'_> {
    /// The artifacts that are this.
    pub(super) fn of(&self, subject: Subject) -> impl Iterator<Item = &ReportArtifact> {
        self.found.iter().filter(move |f| f.subject == subject)
    }
    /// The rows of a table of images, which all chapters share; none if it cannot be read.
    ///
    /// # Errors
    /// If the file is damaged or gone.
    pub(super) fn samples(&self, found: &ReportArtifact) -> Result<Arc<Vec<Sample>>> {
        or_none(self.facts.tables.samples(self.store, &found.artifact))
    }
    /// The same with patients in place of tokens: none where a token is of an image whose patient is not known, and one where two
    /// tokens are of one person.
    ///
    /// # Errors
    /// If the file is damaged or gone.
    pub(super) fn samples_by_patient(&self, found: &ReportArtifact) -> Result<Arc<Vec<Sample>>> {
        let (people, rows) = (self.facts.people(self.store)?, self.samples(found)?);
        Ok(if people.is_by_token() { rows } else { Arc::new(people.named(&rows)) })
    }
    /// The counts of a table of images, by patients and not by tokens, made once for all chapters; those of an empty one if it cannot
    /// be read.
    ///
    /// # Errors
    /// If the file is damaged or gone.
    pub(super) fn summary(&self, found: &ReportArtifact) -> Result<Arc<Summary>> {
        let people = self.facts.people(self.store)?;
        match people.is_by_token() {
            true => or_none(self.facts.tables.summary(self.store, &found.artifact)),
            false => people.summary(found.digest, || self.samples(found)),
        }
    }
    /// Where such files of all stages are, for what is too long for a page.
    pub(super) fn elsewhere(&self, files: &str) -> String {
        format!("{files} of each stage in `results/{}`", self.facts.study)
    }
    /// Where an artifact is among the results.
    pub(super) fn place(&self, found: &ReportArtifact) -> String {
        format!("results/{}/{}/{}", self.facts.study, found.stage(), found.port)
    }
    /// Where the table of an artifact is, for one that is too long for a page.
    pub(super) fn path(&self, found: &ReportArtifact) -> String {
        format!("`{}.csv`", self.place(found))
    }
}

/// Nothing in place of a table that is of another sort than its artifact says.
fn or_none<T: Default>(read: Result<Arc<T>>) -> Result<Arc<T>> {
    match read {
        Err(Error::Record { .. }) => Ok(Arc::default()),
        other => other,
    }
}
