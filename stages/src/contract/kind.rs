//! Kinds as plain data and function pointers: the rows of the registry, and the object-safe face of a stage.

use super::bad_parameter::BadParameter;
use super::context::Context;
use super::decode;
use super::error::Result;
use super::fit::Written;
use super::port::{Arrival, Inputs, Outputs, Port};
use super::preset::Preset;
use super::source::{Source, SourceFiles};
use super::stage::{BadInput, BadSource, Effort, NamedCell, Namespace, Needs, Stage, Takes, Upstream};
use hilum_cache::receipt::Determinism;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A row of the registry.
pub struct StageKind {
    /// The name after `stage:`.
    pub name: &'static str,
    /// The version of its code.
    pub version: u32,
    /// What it occupies.
    pub needs: Needs,
    /// True where it draws random numbers.
    pub seeded: bool,
    /// True where it makes pseudonyms.
    pub pseudonyms: bool,
    /// True where every image that it makes is synthetic.
    pub synthetic: bool,
    /// True where it draws its images, so that nothing that is measured on them holds for patients.
    pub drawn: bool,
    /// True where its table has changed copies of images beside the images.
    pub copies: bool,
    /// How far its bytes may be expected again.
    pub determinism: Determinism,
    /// Parameters under names.
    pub presets: &'static [Preset],
    /// Input ports.
    pub inputs: &'static [Port],
    /// Output ports; the first is meant where a study names none.
    pub outputs: &'static [Port],
    /// JSON schema of the parameters.
    pub schema: fn() -> schemars::Schema,
    /// Reads and checks parameters.
    pub decode: fn(Value, &dyn Written) -> Result<Box<dyn AnyStage>, Vec<BadParameter>>,
}

impl StageKind {
    /// The row of a stage type.
    pub const fn of<S: Stage>() -> StageKind {
        StageKind {
            name: S::NAME,
            version: S::VERSION,
            needs: S::NEEDS,
            seeded: S::SEEDED,
            pseudonyms: S::PSEUDONYMS,
            synthetic: S::SYNTHETIC,
            drawn: S::DRAWN,
            copies: S::COPIES,
            determinism: S::DETERMINISM,
            presets: S::PRESETS,
            inputs: <S::Inputs as Inputs>::PORTS,
            outputs: <S::Outputs as Outputs>::PORTS,
            schema: || schemars::schema_for!(S),
            decode: |value, written| {
                let (stage, mut bad) = decode::nearest::<S>(value, written);
                let Some(mut stage) = stage else { return Err(bad) };
                stage.complete();
                // What was out of range is said already, and is not what stands there now.
                let others: Vec<_> = stage.check().into_iter().filter(|found| !bad.iter().any(|b| found.is_at_or_below(b))).collect();
                bad.extend(others);
                if bad.is_empty() { Ok(Box::new(stage)) } else { Err(bad) }
            },
        }
    }
    /// The input port of this name.
    pub fn input(&self, name: &str) -> Option<&'static Port> {
        self.inputs.iter().find(|p| p.name == name)
    }
    /// The output port of this name.
    pub fn output(&self, name: &str) -> Option<&'static Port> {
        self.outputs.iter().find(|p| p.name == name)
    }
}

/// The object-safe face of [`Stage`]; implemented for every stage, never by hand.
pub trait AnyStage: Send + Sync {
    /// The parameters with defaults filled in.
    fn parameters(&self) -> Value;
    /// See [`Stage::check_inputs`].
    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput>;
    /// See [`Stage::named_cell`].
    fn named_cell(&self) -> Option<NamedCell<'_>>;
    /// Path parameters.
    fn sources(&self) -> Vec<Source>;
    /// See [`Stage::check_sources`].
    fn check_sources(&self, files: &dyn SourceFiles) -> Option<BadSource>;
    /// See [`Stage::reads`].
    fn reads(&self, port: &str) -> bool;
    /// See [`Stage::requires`].
    fn requires(&self, port: &str) -> Option<&'static str>;
    /// See [`Stage::fills`].
    fn fills(&self, port: &str) -> bool;
    /// See [`Stage::takes`].
    fn takes(&self, input: &str) -> Takes;
    /// See [`Stage::draws`].
    fn draws(&self, input: &str, labels: &dyn Fn(&str) -> Option<BTreeMap<String, usize>>) -> bool;
    /// See [`Stage::images`].
    fn images(&self, files: &dyn Fn(&str) -> Option<u64>) -> Option<u64>;
    /// See [`Stage::disk`].
    fn disk(&self, images: &dyn Fn(&str) -> Option<u64>) -> Option<u64>;
    /// See [`Stage::effort`].
    fn effort(&self) -> Option<Effort>;
    /// See [`Stage::namespace`].
    fn namespace(&self) -> Option<Namespace>;
    /// See [`Stage::is_test`].
    fn is_test(&self) -> bool;
    /// See [`Stage::judges_images`].
    fn judges_images(&self) -> bool;
    /// Opens the inputs, runs, and saves each output into a directory of its port's name below `out`.
    ///
    /// # Errors
    /// Where opening, running or saving fails.
    fn perform(&self, inputs: BTreeMap<String, Vec<Arrival>>, out: &Path, cx: &Context) -> Result<()>;
}

impl<S: Stage> AnyStage for S {
    fn parameters(&self) -> Value {
        serde_json::to_value(self).expect("BUG: parameters are plain JSON")
    }
    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        Stage::check_inputs(self, makers, upstream)
    }
    fn named_cell(&self) -> Option<NamedCell<'_>> {
        Stage::named_cell(self)
    }
    fn sources(&self) -> Vec<Source> {
        Stage::sources(self)
    }
    fn check_sources(&self, files: &dyn SourceFiles) -> Option<BadSource> {
        Stage::check_sources(self, files)
    }
    fn reads(&self, port: &str) -> bool {
        Stage::reads(self, port)
    }
    fn requires(&self, port: &str) -> Option<&'static str> {
        Stage::requires(self, port)
    }
    fn fills(&self, port: &str) -> bool {
        Stage::fills(self, port)
    }
    fn takes(&self, input: &str) -> Takes {
        Stage::takes(self, input)
    }
    fn draws(&self, input: &str, labels: &dyn Fn(&str) -> Option<BTreeMap<String, usize>>) -> bool {
        Stage::draws(self, input, labels)
    }
    fn images(&self, files: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
        Stage::images(self, files)
    }
    fn disk(&self, images: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
        Stage::disk(self, images)
    }
    fn effort(&self) -> Option<Effort> {
        Stage::effort(self)
    }
    fn namespace(&self) -> Option<Namespace> {
        Stage::namespace(self)
    }
    fn is_test(&self) -> bool {
        Stage::is_test(self)
    }
    fn judges_images(&self) -> bool {
        Stage::judges_images(self)
    }
    fn perform(&self, mut inputs: BTreeMap<String, Vec<Arrival>>, out: &Path, cx: &Context) -> Result<()> {
        let inputs = S::Inputs::open(&mut |port| inputs.remove(port).unwrap_or_default())?;
        let outputs = self.run(inputs, cx)?;
        outputs.save(&mut |port| {
            let directory: PathBuf = out.join(port);
            std::fs::create_dir_all(&directory).map_err(super::error::Error::io("create", &directory))?;
            Ok(directory)
        })
    }
}
