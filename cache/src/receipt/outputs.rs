//! Artifacts by output port. Stages have one to four outputs, and a plan contains those of thousands of stages: a sorted list
//! takes a tenth of the memory of a tree.

use super::Artifact;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Artifacts by output port, sorted by port; a map in records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outputs(Vec<(String, Artifact)>);

impl Outputs {
    /// The artifact of a port.
    pub fn get(&self, port: &str) -> Option<&Artifact> {
        self.0.iter().find(|o| o.0 == port).map(|o| &o.1)
    }
    /// Sets the artifact of a port.
    pub fn insert(&mut self, port: String, artifact: Artifact) {
        match self.0.binary_search_by(|o| o.0.cmp(&port)) {
            Ok(at) => self.0[at].1 = artifact,
            Err(at) => self.0.insert(at, (port, artifact)),
        }
    }
    /// Ports with their artifacts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Artifact)> {
        self.0.iter().map(|o| (&o.0, &o.1))
    }
    /// The artifacts, in the order of their ports.
    pub fn values(&self) -> impl Iterator<Item = &Artifact> {
        self.0.iter().map(|o| &o.1)
    }
}

impl FromIterator<(String, Artifact)> for Outputs {
    fn from_iter<I: IntoIterator<Item = (String, Artifact)>>(all: I) -> Self {
        let mut out = Outputs::default();
        all.into_iter().for_each(|(port, artifact)| out.insert(port, artifact));
        out
    }
}

impl Serialize for Outputs {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Outputs {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Outputs;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("artifacts by output port")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outputs, A::Error> {
                let mut out = Outputs(Vec::with_capacity(1));
                while let Some((port, artifact)) = map.next_entry()? {
                    out.insert(port, artifact);
                }
                Ok(out)
            }
        }
        d.deserialize_map(Map)
    }
}
