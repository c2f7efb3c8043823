//! Ports: the named, typed inputs and outputs of a stage kind, and what each output takes from which input.

use super::artifact::ArtifactType;
use super::error::Result;
use std::path::{Path, PathBuf};

/// A file of an opened artifact, already verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name within the artifact.
    pub name: String,
    /// Where it can be read.
    pub path: PathBuf,
}

/// Something that an input port can carry.
pub trait InputArtifact: Sized {
    /// Its type, whose name is recorded with every artifact.
    const TYPE: ArtifactType;
    /// Opens an artifact.
    fn open(files: &[File]) -> Result<Self>;
}

/// Something that an output port can carry.
pub trait OutputArtifact {
    /// Its type.
    const TYPE: ArtifactType;
    /// Writes the artifact's files into an empty directory.
    fn save(&self, directory: &Path) -> Result<()>;
}

impl<T: OutputArtifact> OutputArtifact for Option<T> {
    const TYPE: ArtifactType = T::TYPE;
    fn save(&self, directory: &Path) -> Result<()> {
        self.as_ref().map_or(Ok(()), |t| t.save(directory))
    }
}

/// An artifact on its way into a stage.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The coordinates that distinguish a gathered cell; empty otherwise.
    pub cell: String,
    /// Its verified files.
    pub files: Vec<File>,
}

/// How many artifacts an input port takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// Exactly one.
    One,
    /// One or none.
    Optional,
    /// One or a list.
    Many,
    /// One, a list, or none.
    OptionalMany,
    /// The cells of a matrix (or a single one).
    Gathered,
}

impl Arity {
    /// True for a port that need not be bound.
    pub fn may_be_absent(self) -> bool {
        matches!(self, Arity::Optional | Arity::OptionalMany)
    }
    /// True for a port that a list can be bound to.
    pub fn takes_list(self) -> bool {
        matches!(self, Arity::Many | Arity::OptionalMany)
    }
}

/// A cell of a gathered port.
#[derive(Debug, Clone)]
pub struct Gathered<T> {
    /// Such as `arm=real/repeat=0`.
    pub cell: String,
    /// Its artifact.
    pub value: T,
}

/// What a field of an `Inputs` struct can be.
pub trait InputField: Sized {
    /// The type of artifact that it carries.
    const TYPE: ArtifactType;
    /// How many.
    const ARITY: Arity;
    /// Opens what arrived.
    fn open(arrivals: Vec<Arrival>) -> Result<Self>;
}

impl<T: InputArtifact> InputField for T {
    const TYPE: ArtifactType = T::TYPE;
    const ARITY: Arity = Arity::One;
    fn open(arrivals: Vec<Arrival>) -> Result<Self> {
        T::open(&arrivals.first().expect("BUG: bindings are checked before a stage runs").files)
    }
}
impl<T: InputArtifact> InputField for Option<T> {
    const TYPE: ArtifactType = T::TYPE;
    const ARITY: Arity = Arity::Optional;
    fn open(arrivals: Vec<Arrival>) -> Result<Self> {
        arrivals.first().map(|a| T::open(&a.files)).transpose()
    }
}
impl<T: InputArtifact> InputField for Vec<T> {
    const TYPE: ArtifactType = T::TYPE;
    const ARITY: Arity = Arity::Many;
    fn open(arrivals: Vec<Arrival>) -> Result<Self> {
        arrivals.iter().map(|a| T::open(&a.files)).collect()
    }
}
impl<T: InputArtifact> InputField for Option<Vec<T>> {
    const TYPE: ArtifactType = T::TYPE;
    const ARITY: Arity = Arity::OptionalMany;
    fn open(arrivals: Vec<Arrival>) -> Result<Self> {
        Some(arrivals).filter(|all| !all.is_empty()).map(Vec::open).transpose()
    }
}
impl<T: InputArtifact> InputField for Vec<Gathered<T>> {
    const TYPE: ArtifactType = T::TYPE;
    const ARITY: Arity = Arity::Gathered;
    fn open(arrivals: Vec<Arrival>) -> Result<Self> {
        arrivals.into_iter().map(|a| Ok(Gathered { value: T::open(&a.files)?, cell: a.cell })).collect()
    }
}

/// A port as plain data.
#[derive(Debug, Clone, Copy)]
pub struct Port {
    /// Its name in study files.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// The type of its artifacts.
    pub artifact: ArtifactType,
    /// How many artifacts (inputs).
    pub arity: Arity,
    /// For looked-up images: the samples ports that say which images are meant.
    pub by: &'static [&'static str],
    /// True for a table of which only the images matter, and neither labels nor patients.
    pub images_only: bool,
    /// Inputs whose pixels or labels stand in this output.
    pub contains: &'static [&'static str],
    /// Inputs on which this output was trained, tuned, normalised or evaluated.
    pub influenced: &'static [&'static str],
}

/// Fails to compile where a flow names what is not an input: a leak through a misspelt name would never be found.
pub const fn assert_inputs(named: &[&str], inputs: &[&str]) {
    let mut n = 0;
    while n < named.len() {
        let mut i = 0;
        while i < inputs.len() && !equal(named[n].as_bytes(), inputs[i].as_bytes()) {
            i += 1;
        }
        assert!(i < inputs.len(), "`ports!` names an input that the stage kind does not have");
        n += 1;
    }
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// The inputs of a kind.
pub trait Inputs: Sized {
    /// The ports, in the order in which people think of them.
    const PORTS: &'static [Port];
    /// Opens all ports; `take` gives what arrived at a port.
    fn open(take: &mut dyn FnMut(&str) -> Vec<Arrival>) -> Result<Self>;
}

/// The outputs of a kind.
pub trait Outputs {
    /// The ports; the first is meant where a study names none.
    const PORTS: &'static [Port];
    /// Writes every port into the directory that `directory` gives for it.
    fn save(&self, directory: &mut dyn FnMut(&str) -> Result<PathBuf>) -> Result<()>;
}

/// Declares the ports of a kind.
///
/// ```text
/// ports! {
///     inputs {
///         /// Images to draw from.
///         samples: Samples,
///         /// Their pixels.
///         images: Vec<Images> [by samples],
///         /// A table whose labels and patients decide nothing.
///         shown: Samples [images only],
///     }
///     outputs {
///         /// The images that stay.
///         samples: Samples [contains samples],
///     }
/// }
/// ```
#[macro_export]
macro_rules! ports {
    (@by) => { &[] };
    (@by by $($by:ident)+) => { &[$(stringify!($by)),+] };
    (@by images only) => { &[] };
    (@images_only images only) => { true };
    (@images_only $($other:tt)*) => { false };
    (@contains) => { INPUT_NAMES };
    (@contains contains $($port:ident)+ $(; $($rest:tt)*)?) => { &[$(stringify!($port)),+] };
    (@contains influenced $($rest:tt)*) => { &[] };
    (@influenced) => { INPUT_NAMES };
    (@influenced influenced $($port:ident)+) => { &[$(stringify!($port)),+] };
    (@influenced contains $($port:ident)+) => { &[] };
    (@influenced contains $($port:ident)+ ; $($rest:tt)*) => { $crate::ports!(@influenced $($rest)*) };
    (
        inputs { $($(#[doc = $idoc:literal])* $iname:ident : $ity:ty $([$($iattr:tt)*])? ,)* }
        outputs { $($(#[doc = $odoc:literal])* $oname:ident : $oty:ty $([$($oattr:tt)*])? ,)* }
    ) => {
        const INPUT_NAMES: &[&str] = &[$(stringify!($iname)),*];
        const _: () = {
            $( $crate::contract::port::assert_inputs($crate::ports!(@contains $($($oattr)*)?), INPUT_NAMES); )*
            $( $crate::contract::port::assert_inputs($crate::ports!(@influenced $($($oattr)*)?), INPUT_NAMES); )*
            $( $crate::contract::port::assert_inputs($crate::ports!(@by $($($iattr)*)?), INPUT_NAMES); )*
        };
        /// What the stage is given.
        pub struct Inputs { $($(#[doc = $idoc])* pub $iname: $ity,)* }
        impl $crate::contract::port::Inputs for Inputs {
            const PORTS: &'static [$crate::contract::port::Port] = &[$($crate::contract::port::Port {
                name: stringify!($iname),
                doc: concat!($($idoc),*),
                artifact: <$ity as $crate::contract::port::InputField>::TYPE,
                arity: <$ity as $crate::contract::port::InputField>::ARITY,
                by: $crate::ports!(@by $($($iattr)*)?),
                images_only: $crate::ports!(@images_only $($($iattr)*)?),
                contains: &[],
                influenced: &[],
            },)*];
            #[allow(unused_variables)]
            fn open(take: &mut dyn FnMut(&str) -> Vec<$crate::contract::port::Arrival>) -> $crate::contract::error::Result<Self> {
                Ok(Inputs { $($iname: <$ity as $crate::contract::port::InputField>::open(take(stringify!($iname)))?,)* })
            }
        }
        /// What the stage makes.
        pub struct Outputs { $($(#[doc = $odoc])* pub $oname: $oty,)* }
        impl $crate::contract::port::Outputs for Outputs {
            const PORTS: &'static [$crate::contract::port::Port] = &[$($crate::contract::port::Port {
                name: stringify!($oname),
                doc: concat!($($odoc),*),
                artifact: <$oty as $crate::contract::port::OutputArtifact>::TYPE,
                arity: $crate::contract::port::Arity::One,
                by: &[],
                images_only: false,
                contains: $crate::ports!(@contains $($($oattr)*)?),
                influenced: $crate::ports!(@influenced $($($oattr)*)?),
            },)*];
            fn save(&self, directory: &mut dyn FnMut(&str) -> $crate::contract::error::Result<std::path::PathBuf>) -> $crate::contract::error::Result<()> {
                $( $crate::contract::port::OutputArtifact::save(&self.$oname, &directory(stringify!($oname))?)?; )*
                Ok(())
            }
        }
    };
}
