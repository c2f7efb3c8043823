//! Inception-v3 (Szegedy et al. 2016) in the variant whose features the FID is computed from: average pooling excludes
//! the padding, the last block has max pooling, and there are 1,008 outputs. Tensor names are torchvision's, which
//! pytorch-fid keeps.

use super::Scope;
use super::blocks::{BatchNorm, Conv, Linear, NormSettings, Shape, kaiming};
use crate::contract::prelude::*;
use hilum_ops::{PoolWindow, Rectifier, Value, Window, avg_pool2d, concat_channels, global_average_pool, max_pool2d};

const NORM: NormSettings = NormSettings { eps: 1e-3, momentum: 0.1 };

/// A convolution without bias, norm and ReLU.
struct Basic(Conv, BatchNorm);

impl Basic {
    fn new(name: &str, shape: Shape, scope: &mut Scope) -> Result<Self> {
        let mut s = scope.at(name);
        Ok(Basic(Conv::new(shape, kaiming(shape.co, shape.k[0]), None, &mut s.at("conv"))?, BatchNorm::new(shape.co, NORM, &mut s.at("bn"))?))
    }
    fn forward(&self, x: &Value) -> Result<Value> {
        self.1.forward(&self.0.forward(x)?, false, Rectifier::Relu)
    }
}

/// The pooling at the start of a branch.
#[derive(Clone, Copy)]
enum Pool {
    None,
    Mean,
    Max { stride: usize },
}

/// Convolutions in sequence; the last may be several in parallel.
struct Branch {
    pool: Pool,
    chain: Vec<Basic>,
    fork: Vec<Basic>,
}

impl Branch {
    fn forward(&self, x: &Value) -> Result<Value> {
        let x = match self.pool {
            Pool::None => x.clone(),
            Pool::Mean => avg_pool2d(x, PoolWindow { k: 3, stride: 1, padding: 1 }, false)?,
            Pool::Max { stride } => max_pool2d(x, PoolWindow { k: 3, stride, padding: if stride == 1 { 1 } else { 0 } })?,
        };
        let x = self.chain.iter().try_fold(x, |x, conv| conv.forward(&x))?;
        match self.fork.as_slice() {
            [] => Ok(x),
            fork => {
                let sides = fork.iter().map(|conv| conv.forward(&x)).collect::<Result<Vec<_>>>()?;
                Ok(concat_channels(&sides.iter().collect::<Vec<_>>())?)
            }
        }
    }
}

/// Images `[n, s, s, 3]` in [−1, 1], `s` at least 75 (299 for the FID) → features and logits. For inference only.
pub struct FidInception {
    stem: [Basic; 5],
    mixed: Vec<Vec<Branch>>,
    fc: Linear,
}

fn square(ci: usize, co: usize, k: usize) -> Shape {
    Shape::square(ci, co, k, 1, k / 2)
}
/// Without padding, stride 2.
fn halving(ci: usize, co: usize) -> Shape {
    Shape::square(ci, co, 3, 2, 0)
}
/// A kernel of one row or one column.
fn row(ci: usize, co: usize, k: usize) -> Shape {
    Shape { ci, co, k: [1, k], window: Window { padding: [0, k / 2], ..Window::square(1, 0) } }
}
fn column(ci: usize, co: usize, k: usize) -> Shape {
    Shape { ci, co, k: [k, 1], window: Window { padding: [k / 2, 0], ..Window::square(1, 0) } }
}

/// A block with its scope; branches in the order of their channels.
struct Block<'a> {
    scope: Scope<'a>,
    branches: Vec<Branch>,
}

impl Block<'_> {
    fn branch(&mut self, pool: Pool, chain: &[(&str, Shape)], fork: &[(&str, Shape)]) -> Result<()> {
        let mut all = |list: &[(&str, Shape)]| list.iter().map(|(name, shape)| Basic::new(name, *shape, &mut self.scope)).collect::<Result<Vec<_>>>();
        let branch = Branch { pool, chain: all(chain)?, fork: all(fork)? };
        self.branches.push(branch);
        Ok(())
    }
}

/// Maps of 35 × 35.
fn block_a(ci: usize, pooled: usize, b: &mut Block) -> Result<()> {
    b.branch(Pool::None, &[("branch1x1", square(ci, 64, 1))], &[])?;
    b.branch(Pool::None, &[("branch5x5_1", square(ci, 48, 1)), ("branch5x5_2", square(48, 64, 5))], &[])?;
    b.branch(Pool::None, &[("branch3x3dbl_1", square(ci, 64, 1)), ("branch3x3dbl_2", square(64, 96, 3)), ("branch3x3dbl_3", square(96, 96, 3))], &[])?;
    b.branch(Pool::Mean, &[("branch_pool", square(ci, pooled, 1))], &[])
}

/// To maps of 17 × 17.
fn block_b(ci: usize, b: &mut Block) -> Result<()> {
    b.branch(Pool::None, &[("branch3x3", halving(ci, 384))], &[])?;
    b.branch(Pool::None, &[("branch3x3dbl_1", square(ci, 64, 1)), ("branch3x3dbl_2", square(64, 96, 3)), ("branch3x3dbl_3", halving(96, 96))], &[])?;
    b.branch(Pool::Max { stride: 2 }, &[], &[])
}

/// Maps of 17 × 17; `m` inner channels.
fn block_c(ci: usize, m: usize, b: &mut Block) -> Result<()> {
    b.branch(Pool::None, &[("branch1x1", square(ci, 192, 1))], &[])?;
    b.branch(Pool::None, &[("branch7x7_1", square(ci, m, 1)), ("branch7x7_2", row(m, m, 7)), ("branch7x7_3", column(m, 192, 7))], &[])?;
    let double = [
        ("branch7x7dbl_1", square(ci, m, 1)),
        ("branch7x7dbl_2", column(m, m, 7)),
        ("branch7x7dbl_3", row(m, m, 7)),
        ("branch7x7dbl_4", column(m, m, 7)),
        ("branch7x7dbl_5", row(m, 192, 7)),
    ];
    b.branch(Pool::None, &double, &[])?;
    b.branch(Pool::Mean, &[("branch_pool", square(ci, 192, 1))], &[])
}

/// To maps of 8 × 8.
fn block_d(ci: usize, b: &mut Block) -> Result<()> {
    b.branch(Pool::None, &[("branch3x3_1", square(ci, 192, 1)), ("branch3x3_2", halving(192, 320))], &[])?;
    let seven = [
        ("branch7x7x3_1", square(ci, 192, 1)),
        ("branch7x7x3_2", row(192, 192, 7)),
        ("branch7x7x3_3", column(192, 192, 7)),
        ("branch7x7x3_4", halving(192, 192)),
    ];
    b.branch(Pool::None, &seven, &[])?;
    b.branch(Pool::Max { stride: 2 }, &[], &[])
}

/// Maps of 8 × 8.
fn block_e(ci: usize, pool: Pool, b: &mut Block) -> Result<()> {
    b.branch(Pool::None, &[("branch1x1", square(ci, 320, 1))], &[])?;
    b.branch(Pool::None, &[("branch3x3_1", square(ci, 384, 1))], &[("branch3x3_2a", row(384, 384, 3)), ("branch3x3_2b", column(384, 384, 3))])?;
    let chain = [("branch3x3dbl_1", square(ci, 448, 1)), ("branch3x3dbl_2", square(448, 384, 3))];
    b.branch(Pool::None, &chain, &[("branch3x3dbl_3a", row(384, 384, 3)), ("branch3x3dbl_3b", column(384, 384, 3))])?;
    b.branch(pool, &[("branch_pool", square(ci, 192, 1))], &[])
}

impl FidInception {
    /// The network with random weights; real ones are loaded from a file.
    pub fn new(scope: &mut Scope) -> Result<Self> {
        let stem = [
            Basic::new("Conv2d_1a_3x3", halving(3, 32), scope)?,
            Basic::new("Conv2d_2a_3x3", Shape::square(32, 32, 3, 1, 0), scope)?,
            Basic::new("Conv2d_2b_3x3", square(32, 64, 3), scope)?,
            Basic::new("Conv2d_3b_1x1", square(64, 80, 1), scope)?,
            Basic::new("Conv2d_4a_3x3", Shape::square(80, 192, 3, 1, 0), scope)?,
        ];
        type Make = fn(&mut Block) -> Result<()>;
        let plan: [(&str, Make); 11] = [
            ("Mixed_5b", |b| block_a(192, 32, b)),
            ("Mixed_5c", |b| block_a(256, 64, b)),
            ("Mixed_5d", |b| block_a(288, 64, b)),
            ("Mixed_6a", |b| block_b(288, b)),
            ("Mixed_6b", |b| block_c(768, 128, b)),
            ("Mixed_6c", |b| block_c(768, 160, b)),
            ("Mixed_6d", |b| block_c(768, 160, b)),
            ("Mixed_6e", |b| block_c(768, 192, b)),
            ("Mixed_7a", |b| block_d(768, b)),
            ("Mixed_7b", |b| block_e(1280, Pool::Mean, b)),
            ("Mixed_7c", |b| block_e(2048, Pool::Max { stride: 1 }, b)),
        ];
        let mut mixed = vec![];
        for (name, make) in plan {
            let mut block = Block { scope: scope.at(name), branches: vec![] };
            make(&mut block)?;
            mixed.push(block.branches);
        }
        Ok(FidInception { stem, mixed, fc: Linear::new(2048, 1008, &mut scope.at("fc"))? })
    }

    /// The last feature maps, `[n, h, w, 2048]`.
    pub fn maps(&self, x: &Value) -> Result<Value> {
        let mut x = x.clone();
        for (i, conv) in self.stem.iter().enumerate() {
            x = conv.forward(&x)?;
            if i == 2 || i == 4 {
                x = max_pool2d(&x, PoolWindow { k: 3, stride: 2, padding: 0 })?;
            }
        }
        for branches in &self.mixed {
            let maps = branches.iter().map(|b| b.forward(&x)).collect::<Result<Vec<_>>>()?;
            x = concat_channels(&maps.iter().collect::<Vec<_>>())?;
        }
        Ok(x)
    }
    /// The 2,048 features `[n, 2048]` of feature maps.
    pub fn pool(&self, maps: &Value) -> Result<Value> {
        Ok(global_average_pool(maps)?)
    }
    /// The 2,048 features of each image, `[n, 2048]`.
    pub fn features(&self, x: &Value) -> Result<Value> {
        self.pool(&self.maps(x)?)
    }
    /// Logits `[n, 1008]` of features.
    pub fn logits(&self, features: &Value) -> Result<Value> {
        self.fc.forward(features)
    }
    /// The same without bias, of which the inception score is computed.
    pub fn unbiased_logits(&self, features: &Value) -> Result<Value> {
        self.fc.unbiased(features)
    }
}
