//! Figures as artifacts: named files. Independent of what they show and of how they were drawn.

use crate::contract::prelude::*;
use crate::files::write;

/// One or more files of a figure.
#[derive(Debug, Clone, Default)]
pub struct FigureFiles {
    /// Files by name, such as `umap.svg`.
    pub files: Vec<(String, Vec<u8>)>,
}

impl InputArtifact for FigureFiles {
    const TYPE: ArtifactType = ArtifactType::Figure;
    fn open(files: &[File]) -> Result<Self> {
        let read = |f: &File| Ok((f.name.clone(), std::fs::read(&f.path).map_err(Error::io("read", &f.path))?));
        Ok(FigureFiles { files: files.iter().map(read).collect::<Result<_>>()? })
    }
}

impl OutputArtifact for FigureFiles {
    const TYPE: ArtifactType = ArtifactType::Figure;
    fn save(&self, directory: &Path) -> Result<()> {
        self.files.iter().try_for_each(|(name, bytes)| write(&directory.join(name), bytes))
    }
}
