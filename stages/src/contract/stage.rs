//! One kind of work. The implementing struct *is* the parameters.

use super::bad_parameter::BadParameter;
use super::context::Context;
use super::error::Result;
use super::port;
use super::preset::Preset;
use super::source::{Source, SourceFiles};
use hilum_cache::receipt::Determinism;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a stage occupies while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Milliseconds to seconds: runs in a thread of the scheduler.
    Light,
    /// A process of its own, all threads it can get.
    Heavy,
    /// As heavy, with tensors: takes a GPU where there is one; the engine enters the recipe.
    Tensor,
}

/// Within which identifiers of patients mean the same people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// True where the study says it, and not only the directory that the images come from.
    pub is_declared: bool,
    /// True where the study says that each image is of another patient.
    pub one_per_image: bool,
}

impl Namespace {
    /// What tells it apart from all others: a directory `rsna` is not the name `rsna`.
    pub fn key(&self) -> String {
        format!("{}:{}", if self.is_declared { "name" } else { "directory" }, self.name)
    }
}

/// How much of an input stands in outputs, or influences them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// All of it.
    All,
    /// Rows of these labels.
    Labels(Vec<String>),
    /// One of its rows at least, nobody knows which before they are chosen.
    Some,
    /// Some of its rows, or none.
    Any,
}

/// The stages above one, with their parameters, before anything has run.
pub trait Upstream {
    /// The name of a stage's kind.
    fn kind(&self, stage: usize) -> &'static str;
    /// A stage with its cell, such as `classifier/arm=real`.
    fn name(&self, stage: usize) -> &str;
    /// A stage's parameters with defaults filled in.
    fn parameters(&self, stage: usize) -> &Value;
    /// Who makes what a stage is given at a port.
    fn makers(&self, stage: usize, port: &str) -> Vec<usize>;
    /// How the study would bind this port of the stage that asks, did it not gather this axis: `scores/arm=*`. None where it would
    /// gather nothing then.
    fn gathering_all_but(&self, port: &str, axis: &str) -> Option<String>;
}

/// A cell, among those that are gathered at a port, that a parameter names by its coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedCell<'a> {
    /// The port.
    pub port: &'static str,
    /// The parameter, a mapping.
    pub parameter: &'static str,
    /// Values by axis: some of the coordinates, or all.
    pub coordinates: &'a BTreeMap<String, String>,
}

/// An input that does not go with these parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadInput {
    /// The port.
    pub port: &'static str,
    /// What does not fit, in the user's words.
    pub why: String,
    /// What to do.
    pub help: String,
}

/// A file that does not fit what parameters say of it.
#[derive(Debug)]
pub struct BadSource {
    /// The parameter that does not fit, such as `reference.table`.
    pub parameter: String,
    /// What is wrong, and what to do.
    pub why: super::error::Error,
}

/// How much a stage has to do. Its time grows with it, for one kind on the same inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effort {
    /// Training steps.
    Steps(u64),
    /// Epochs over a training set.
    Epochs(u64),
    /// Images to make.
    Images(u64),
}

impl Effort {
    /// How many times as much this is as another; none if they are counted in different units.
    pub fn times(self, other: Effort) -> Option<f64> {
        match (self, other) {
            (Effort::Steps(a), Effort::Steps(b)) | (Effort::Epochs(a), Effort::Epochs(b)) | (Effort::Images(a), Effort::Images(b)) if b > 0 => {
                Some(a as f64 / b as f64)
            }
            _ => None,
        }
    }
}

/// One kind of work. The implementing struct *is* the parameters.
pub trait Stage: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The name after `stage:` in study files, in kebab-case.
    const NAME: &'static str;
    /// Raised when the same recipe would now yield different bytes.
    const VERSION: u32;
    /// What it occupies.
    const NEEDS: Needs = Needs::Light;
    /// True where it draws random numbers: then the seed enters the recipe.
    const SEEDED: bool = false;
    /// True where every image that it makes is synthetic.
    const SYNTHETIC: bool = false;
    /// True where it draws its images, so that nothing that is measured on them holds for patients.
    const DRAWN: bool = false;
    /// True where its table has changed copies of images beside the images.
    const COPIES: bool = false;
    /// True where it turns patient identifiers into pseudonyms.
    const PSEUDONYMS: bool = false;
    /// How far its bytes may be expected again.
    const DETERMINISM: Determinism = Determinism::Bitwise;
    /// Parameters under names, over which those of a study are laid.
    const PRESETS: &'static [Preset] = &[];
    /// Input ports.
    type Inputs: port::Inputs;
    /// Output ports.
    type Outputs: port::Outputs;

    /// Fills in defaults that depend on other parameters, before anything else looks at them: recipes hold them.
    fn complete(&mut self) {}
    /// Finds parameters that parse but make no sense.
    fn check(&self) -> Vec<BadParameter> {
        vec![]
    }
    /// Finds inputs that do not go with these parameters, as far as the parameters of those who make them say it:
    /// whatever is found here need not wait for hours of training. `makers` are the stages that make what is given at a
    /// port.
    fn check_inputs(&self, _makers: &dyn Fn(&str) -> Vec<usize>, _upstream: &dyn Upstream) -> Vec<BadInput> {
        vec![]
    }
    /// A cell that parameters name among those that are gathered: it has to be there.
    fn named_cell(&self) -> Option<NamedCell<'_>> {
        None
    }
    /// Path parameters.
    fn sources(&self) -> Vec<Source> {
        vec![]
    }
    /// Finds what does not fit in the files that path parameters name, before anything runs. Large ones are better not read as a whole.
    fn check_sources(&self, _files: &dyn SourceFiles) -> Option<BadSource> {
        None
    }
    /// False for an input that these parameters leave unread: it is not waited for and is no part of the recipe.
    fn reads(&self, _port: &str) -> bool {
        true
    }
    /// Why an input that may be absent may not be so with these parameters.
    fn requires(&self, _port: &str) -> Option<&'static str> {
        None
    }
    /// False for an output that these parameters do not fill: to use it is a fault.
    fn fills(&self, _port: &str) -> bool {
        true
    }
    /// How much of an input its outputs take with these parameters, which decides a leak before the outputs are there.
    fn takes(&self, _input: &str) -> Takes {
        Takes::All
    }
    /// False where it surely takes nothing from an input of which it takes some, by the images per label of its other
    /// inputs, as far as they are known.
    fn draws(&self, _input: &str, _labels: &dyn Fn(&str) -> Option<BTreeMap<String, usize>>) -> bool {
        true
    }
    /// How many images its table will name at most, where that is known before it runs: files that turn out to be
    /// damaged are left out later. Where parameters choose among the images, it is unknown. `files` counts the files
    /// that a path parameter names.
    fn images(&self, _files: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
        None
    }
    /// How many bytes it will write at most, where that is known before it runs and is worth counting. `images` counts
    /// the images that an input of samples names.
    fn disk(&self, _images: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
        None
    }
    /// How much it has to do, where parameters say so: a receipt of other parameters then tells how long it may take.
    fn effort(&self) -> Option<Effort> {
        None
    }
    /// Whose identifiers it reads, for kinds that read any.
    fn namespace(&self) -> Option<Namespace> {
        None
    }
    /// True where it measures a model on images of patients who may not have reached the model.
    fn is_test(&self) -> bool {
        false
    }
    /// True for a test that says how good synthetic images are: where they stand in place of the real ones of a class,
    /// patients may stand on both sides.
    fn judges_images(&self) -> bool {
        false
    }
    /// Does the work: a function of the parameters, the inputs and the seed's streams alone.
    ///
    /// # Errors
    /// Where data or parameters do not allow it.
    fn run(&self, inputs: Self::Inputs, cx: &Context) -> Result<Self::Outputs>;
}
