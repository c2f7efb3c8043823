//! The vision transformer of DINOv2 (Oquab et al. 2024; Dosovitskiy et al. 2021), without registers: patches become tokens, a class token
//! is put before them, learned positions are added, and blocks with LayerScale (Touvron et al. 2021) follow, each normalised before
//! attention and before its two layers. For inference only. Tensor names are those of Hugging Face's `Dinov2Model`.

use super::blocks::{Conv, Linear, Shape, normal};
use super::{Classifier, Mode, Scope};
use crate::contract::prelude::*;
use candle_nn::init::Init;
use hilum_ops::{Affine, Divisor, Epilogue, Value, gelu, layer_norm, linear, softmax};

/// Added to the variance by norms.
const EPS: f64 = 1e-6;
/// The standard deviation of initial values.
const STDEV: f64 = 0.02;

/// What a network consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The side of images in pixels; a multiple of `patch`. Learned positions are of this size alone.
    pub side: usize,
    /// The side of a patch in pixels.
    pub patch: usize,
    /// Channels of an image.
    pub channels: usize,
    /// Numbers of a token; a multiple of `heads`.
    pub width: usize,
    /// Blocks.
    pub blocks: usize,
    /// Heads of attention.
    pub heads: usize,
    /// Numbers between the two layers of a block.
    pub hidden: usize,
}

impl Sizes {
    /// ViT-B/14 for images of 518 × 518: 86,579,712 parameters; the token in place of hidden patches, which only training needs, is left out.
    pub const BASE_518: Sizes = Sizes { side: 518, patch: 14, channels: 3, width: 768, blocks: 12, heads: 12, hidden: 3072 };

    /// Patches of an image.
    fn patches(self) -> usize {
        (self.side / self.patch).pow(2)
    }
}

/// Layer normalisation of each token.
struct Norm {
    weight: Value,
    bias: Value,
}

impl Norm {
    fn new(width: usize, scope: &mut Scope) -> Result<Norm> {
        Ok(Norm { weight: scope.parameter("weight", &[width], Init::Const(1.0))?, bias: scope.parameter("bias", &[width], Init::Const(0.0))? })
    }
    /// `[rows, width] → [rows, width]`
    fn forward(&self, x: &Value) -> Result<Value> {
        let (rows, width) = (x.dims()[0], self.weight.elem_count());
        let affine = Affine { weight: &self.weight, bias: &self.bias };
        let y = layer_norm(&x.reshape(&[rows, 1, 1, width])?, Some(affine), Divisor::EpsInside(EPS), Epilogue::NONE)?;
        Ok(y.reshape(&[rows, width])?)
    }
}

/// Attention of tokens to one another.
struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    heads: usize,
}

/// `[inputs] → [outputs]` with the initial values of the paper.
fn layer(inputs: usize, outputs: usize, scope: &mut Scope) -> Result<Linear> {
    Linear::with(inputs, outputs, normal(STDEV), Init::Const(0.0), scope)
}

impl Attention {
    fn new(sizes: Sizes, scope: &mut Scope) -> Result<Attention> {
        let Sizes { width, heads, .. } = sizes;
        let mut of = scope.at("attention");
        let (query, key, value) =
            (layer(width, width, &mut of.at("query"))?, layer(width, width, &mut of.at("key"))?, layer(width, width, &mut of.at("value"))?);
        Ok(Attention { query, key, value, output: layer(width, width, &mut scope.at("output.dense"))?, heads })
    }
    /// Tokens of `n` images, `[n · tokens, width]`, and the same of what they attend to. The weights `[tokens, tokens]` of one head and one
    /// image are in memory at a time: at 1,370 tokens, those of all heads would take 90 MB an image.
    fn forward(&self, x: &Value, n: usize) -> Result<Value> {
        let (rows, width) = (x.dims()[0], x.dims()[1]);
        let (tokens, depth) = (rows / n, width / self.heads);
        let split = |y: Value, order: &[usize]| y.reshape(&[n, tokens, self.heads, depth])?.permute(order);
        let query = split(self.query.forward(x)?.scale(1.0 / (depth as f64).sqrt())?, &[0, 2, 1, 3])?.reshape(&[n * self.heads, tokens, depth])?;
        let key = split(self.key.forward(x)?, &[0, 2, 1, 3])?.reshape(&[n * self.heads, tokens, depth])?;
        let value = split(self.value.forward(x)?, &[0, 2, 3, 1])?.reshape(&[n * self.heads, depth, tokens])?;
        let of = |head: usize| -> Result<Value> {
            let one = |all: &Value| all.narrow(0, head, 1)?.reshape(&all.dims()[1..]);
            let weights = softmax(&linear(&one(&query)?, &one(&key)?, None)?)?;
            Ok(linear(&weights, &one(&value)?, None)?)
        };
        let heads = (0..n * self.heads).map(of).collect::<Result<Vec<_>>>()?;
        let seen = Value::concat(&heads.iter().collect::<Vec<_>>(), 0)?.reshape(&[n, self.heads, tokens, depth])?;
        self.output.forward(&seen.permute(&[0, 2, 1, 3])?.reshape(&[rows, width])?)
    }
}

/// `x + λ₁ · attention(norm(x))`, then the same with two layers in place of attention.
struct Block {
    norms: [Norm; 2],
    attention: Attention,
    layers: [Linear; 2],
    scales: [Value; 2],
}

impl Block {
    fn new(sizes: Sizes, scope: &mut Scope) -> Result<Block> {
        let Sizes { width, hidden, .. } = sizes;
        let norm = |name: &str, scope: &mut Scope| Norm::new(width, &mut scope.at(name));
        let scale = |name: &str, scope: &mut Scope| scope.at(name).parameter("lambda1", &[width], Init::Const(1.0));
        Ok(Block {
            norms: [norm("norm1", scope)?, norm("norm2", scope)?],
            attention: Attention::new(sizes, &mut scope.at("attention"))?,
            layers: [layer(width, hidden, &mut scope.at("mlp.fc1"))?, layer(hidden, width, &mut scope.at("mlp.fc2"))?],
            scales: [scale("layer_scale1", scope)?, scale("layer_scale2", scope)?],
        })
    }
    fn forward(&self, x: &Value, n: usize) -> Result<Value> {
        let seen = self.attention.forward(&self.norms[0].forward(x)?, n)?;
        let x = x.add(&seen.mul(&self.scales[0])?)?;
        let hidden = gelu(&self.layers[0].forward(&self.norms[1].forward(&x)?)?)?;
        Ok(x.add(&self.layers[1].forward(&hidden)?.mul(&self.scales[1])?)?)
    }
}

/// Images `[n, side, side, channels]`, normalised → the class token `[n, width]`.
pub struct Dinov2 {
    sizes: Sizes,
    class_token: Value,
    positions: Value,
    patches: Conv,
    blocks: Vec<Block>,
    norm: Norm,
}

impl Dinov2 {
    /// The network with random weights; real ones are loaded from a file.
    ///
    /// # Errors
    /// Where the device has no memory left.
    ///
    /// # Panics
    /// Where the side is no multiple of that of a patch, or the width none of the heads.
    pub fn new(sizes: Sizes, scope: &mut Scope) -> Result<Dinov2> {
        let Sizes { side, patch, channels, width, heads, .. } = sizes;
        assert!(side.is_multiple_of(patch) && width.is_multiple_of(heads), "BUG: sizes that do not fit: {sizes:?}");
        let mut embeddings = scope.at("embeddings");
        let class_token = embeddings.parameter("cls_token", &[1, 1, width], normal(STDEV))?;
        let positions = embeddings.parameter("position_embeddings", &[1, sizes.patches() + 1, width], normal(STDEV))?;
        let shape = Shape::square(channels, width, patch, patch, 0);
        let patches = Conv::new(shape, normal(STDEV), Some(Init::Const(0.0)), &mut embeddings.at("patch_embeddings.projection"))?;
        let blocks = (0..sizes.blocks).map(|i| Block::new(sizes, &mut scope.at(format!("encoder.layer.{i}")))).collect::<Result<_>>()?;
        Ok(Dinov2 { sizes, class_token, positions, patches, blocks, norm: Norm::new(width, &mut scope.at("layernorm"))? })
    }
}

impl Classifier for Dinov2 {
    /// All tokens as one line of a map: `[n, 1, 1 + patches, width]`, the class token first.
    fn maps(&self, x: &Value, _mode: &mut Mode) -> Result<Value> {
        let Sizes { side, width, .. } = self.sizes;
        let (n, h, w, _) = x.dims4()?;
        if [h, w] != [side, side] {
            return Err(Error::data(format!("images of {h} × {w} for a network whose positions are of {side} × {side}")));
        }
        let patches = self.patches.forward(x)?.reshape(&[n, self.sizes.patches(), width])?;
        let tokens = Value::concat(&[&self.class_token.repeat_to(&[n, 1, width])?, &patches], 1)?.add(&self.positions)?;
        let (count, tokens) = (tokens.dims()[1], tokens.reshape(&[n * (self.sizes.patches() + 1), width])?);
        let tokens = self.blocks.iter().try_fold(tokens, |x, block| block.forward(&x, n))?;
        Ok(self.norm.forward(&tokens)?.reshape(&[n, 1, count, width])?)
    }
    fn pool(&self, maps: &Value) -> Result<Value> {
        let (n, _, _, width) = maps.dims4()?;
        Ok(maps.narrow(2, 0, 1)?.reshape(&[n, width])?)
    }
    /// There are no classes: features as they are.
    fn head(&self, features: &Value, _mode: &mut Mode) -> Result<Value> {
        Ok(features.clone())
    }
}
