"""Reference passes of whole networks and of single training steps, for the tests of the networks in stages.

Made with Python 3.11+, torch 2.15.0, torchvision 0.29.2, keras 3 (torch backend), pytorch-fid 0.3.0, all on the CPU in float32,
and, for StyleGAN2, a checkout of mit-han-lab/data-efficient-gans. Run from anywhere:

    python tests/oracle/networks.py --diffaugment CHECKOUT/DiffAugment-stylegan2-pytorch
    python tests/oracle/networks.py --only smallcnn

The second computes one key (see fixtures.py); keys are those of `PASSES`, and of `STYLEGAN2`, which alone needs the checkout.
Weights are not stored: both sides make them with `numbers`, from the network's and the tensor's name. Per network, below its
key: `eval`, `train` (outputs), `eval.d.<tensor>`, `train.d.<tensor>` (gradients of sum(output * q) for the first and the last
layer, in float64), `….noise.<tensor>` (how far torch's float32 is from them, relative), `after.<tensor>` (running statistics
afterwards), `count` (trained numbers), `seed` (of the input), `sensitivity` (see there). Of more than 4096 numbers every n-th is kept. All are in torch's order.
"""

import copy
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from fixtures import STAGES, arguments, key_of, load, merged, save
from torch import nn

MOST = 4096


def numbers(name, n):
    """`n` numbers in [-1, 1) that look random: splitmix64 from FNV-1a of the name, 24 bits of each."""
    with np.errstate(over="ignore"):
        seed = np.uint64(0xCBF29CE484222325)
        for byte in name.encode():
            seed = (seed ^ np.uint64(byte)) * np.uint64(0x100000001B3)
        z = seed + (np.arange(n, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1


def tensor(name, shape, scale=1.0, offset=0.0):
    values = numbers(name, int(np.prod(shape, dtype=np.int64))) * scale + offset
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def usual(key, name, shape):
    """Weights as He et al. 2015 with uniform numbers; running statistics that are not those of a new network."""
    last = name.split(".")[-1]
    if last == "running_var":
        return tensor(f"{key}.{name}", shape, 0.5, 1.0)
    if last in ("running_mean", "bias", "beta"):
        return tensor(f"{key}.{name}", shape, 0.1)
    if len(shape) == 1:
        return tensor(f"{key}.{name}", shape, 0.1, 1.0)
    return tensor(f"{key}.{name}", shape, (6.0 / np.prod(shape[1:])) ** 0.5)


def equalised(key, name, shape):
    """Weights of StyleGAN2: deviation one, or a hundred where the learning rate is a hundredth."""
    rate = 100.0 if name.startswith("mapping.fc") else 1.0
    if name.endswith("affine.bias"):
        return tensor(f"{key}.{name}", shape, 0.1, 1.0)
    if name.endswith("noise_strength"):
        return tensor(f"{key}.{name}", shape, 0.05, 0.1)
    if name.endswith("bias") or name.endswith("w_avg"):
        return tensor(f"{key}.{name}", shape, 0.1 * rate)
    return tensor(f"{key}.{name}", shape, 3.0**0.5 * rate)


def filled(key, network, rule=usual):
    state = network.state_dict()
    for name, t in state.items():
        if "num_batches" not in name and "resample_filter" not in name:
            t.copy_(rule(key, name, tuple(t.shape)))
    return network


def thinned(t):
    flat = t.detach().flatten()
    return flat[:: -(-flat.numel() // MOST)].clone()


def relative(found, wanted):
    return ((found.double() - wanted.double()).abs().max() / wanted.abs().max()).item()


def gradients(out, key, scalar, names, network, single):
    """Gradients of a scalar in float64, and how far torch's own float32 is from them: a test cannot ask for much less."""
    precise = copy.deepcopy(network).double()
    exact = torch.autograd.grad(scalar(precise, torch.float64), [dict(precise.named_parameters())[n] for n in names])
    for name, g, own in zip(names, exact, single):
        out[f"{key}.d.{name}"] = thinned(g.float())
        out[f"{key}.noise.{name}"] = torch.tensor([relative(own, g)])


def sensitivity(network, forward, x, q, layer):
    """How far a gradient moves when images move by some parts in a million: activations near a kink change sides, and single
    paths of the gradient with them. No float32 computation can be compared more closely. Several directions are tried, since
    one alone may leave the nearest activation on its side."""
    network = copy.deepcopy(network).double()
    weight = dict(network.named_parameters())[layer]
    grad = lambda x: torch.autograd.grad((forward(network, *x) * q.double()).sum(), weight)[0]
    exact = grad([v.double() for v in x])
    near = lambda i: [v.double() * (1 + 4e-6 * tensor(f"near{i}", v.shape).double()) for v in x]
    return max(relative(grad(near(i)), exact) for i in range(6))


def passes(out, key, network, inputs, first, last, forward=None, train=True):
    """Outputs in evaluation and training, gradients of two layers in both, running statistics afterwards."""
    forward = forward or (lambda m, *x: m(*x))
    images = lambda seed: [tensor(f"{key}.in{seed}.{i}", shape) for i, shape in enumerate(inputs)]
    out[f"{key}.count"] = torch.tensor([sum(p.numel() for p in network.parameters())])
    names = (first, last)
    network.eval()
    q = tensor(f"{key}.q", forward(network, *images(0)).shape)
    found = []
    while len(found) < 6 and (not found or min(found) > 2e-4):
        found.append(sensitivity(network, forward, images(len(found)), q, first))
    seed = found.index(min(found))
    x = images(seed)
    out[f"{key}.sensitivity"] = torch.tensor([min(found)])
    print(f"{key}: sensitivity {min(found):.1e} with seed {seed}", flush=True)
    out[f"{key}.seed"] = torch.tensor([seed])
    loss = lambda m, kind: (forward(m, *[v.to(kind) for v in x]) * q.to(kind)).sum()
    for mode in ("eval", "train") if train else ("eval",):
        network.train(mode == "train")
        before = copy.deepcopy(network)
        y = forward(network, *x)
        own = torch.autograd.grad((y * q).sum(), [dict(network.named_parameters())[n] for n in names])
        out[f"{key}.{mode}"] = thinned(y)
        gradients(out, f"{key}.{mode}", loss, names, before, own)
    norms = [n for n in network.state_dict() if n.endswith(("running_mean", "running_var"))]
    for n in norms[:2] + norms[-2:] if train else []:
        out[f"{key}.after.{n}"] = thinned(network.state_dict()[n])


class Generator(nn.Module):
    def __init__(self, latent=16, width=8, levels=3):
        super().__init__()
        channels = [latent] + [width << i for i in reversed(range(levels))] + [1]
        layers = []
        for i, (a, b) in enumerate(zip(channels, channels[1:])):
            layers.append(nn.ConvTranspose2d(a, b, 4, *((1, 0) if i == 0 else (2, 1)), bias=False))
            layers += [nn.BatchNorm2d(b), nn.ReLU()] if b > 1 else [nn.Tanh()]
        self.main = nn.Sequential(*layers)

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self, width=8, levels=3):
        super().__init__()
        self.levels = levels
        channels = [1] + [width << i for i in range(levels)] + [1]
        for i, (a, b) in enumerate(zip(channels, channels[1:])):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, 4, *((2, 1) if i < levels else (1, 0)), bias=False))
            if 0 < i < levels:
                setattr(self, f"norm{i}", nn.BatchNorm2d(b))

    def forward(self, x):
        for i in range(self.levels):
            x = getattr(self, f"conv{i}")(x)
            x = F.leaky_relu(x if i == 0 else getattr(self, f"norm{i}")(x), 0.2)
        return getattr(self, f"conv{self.levels}")(x).flatten()


class Critic(nn.Module):
    """A discriminator without batch norm, as WGAN-GP needs it: layer norm without scales."""

    def __init__(self, width=8, levels=3):
        super().__init__()
        self.inner = Discriminator(width, levels)
        self.inner.norm1 = self.inner.norm2 = nn.Identity()
        self.levels = levels

    def forward(self, x):
        for i in range(self.levels):
            x = getattr(self.inner, f"conv{i}")(x)
            x = F.leaky_relu(x if i == 0 else F.layer_norm(x, x.shape[1:]), 0.2)
        return getattr(self.inner, f"conv{self.levels}")(x).flatten()


class SmallCnn(nn.Module):
    def __init__(self, width=4, classes=3):
        super().__init__()
        channels = [1, width, width, 2 * width, 2 * width, 4 * width, 4 * width]
        for i, (a, b) in enumerate(zip(channels, channels[1:]), 1):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, 3, 1, 1))
            setattr(self, f"bn{i}", nn.BatchNorm2d(b))
        self.fc = nn.Linear(4 * width, classes)

    def forward(self, x):
        for i in range(1, 7):
            x = F.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
            if i in (2, 4):
                x = F.max_pool2d(x, 2)
        return self.fc(x.mean((2, 3)))


class VggMean(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.features, self.fc = torchvision.models.vgg16().features, nn.Linear(512, classes)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))


class ResidualBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        pad, conv, norm = nn.ReflectionPad2d(1), lambda: nn.Conv2d(c, c, 3), nn.InstanceNorm2d(c)
        self.conv_block = nn.Sequential(pad, conv(), norm, nn.ReLU(), pad, conv(), norm)

    def forward(self, x):
        return x + self.conv_block(x)


def zhu_generator(c, blocks):
    """The layers and positions of junyanz/pytorch-CycleGAN-and-pix2pix, models/networks.py, ResnetGenerator."""
    norm = lambda n: [nn.InstanceNorm2d(n), nn.ReLU()]
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(c, 64, 7), *norm(64)]
    layers += [nn.Conv2d(64, 128, 3, 2, 1), *norm(128), nn.Conv2d(128, 256, 3, 2, 1), *norm(256)]
    layers += [ResidualBlock(256) for _ in range(blocks)]
    layers += [nn.ConvTranspose2d(256, 128, 3, 2, 1, 1), *norm(128), nn.ConvTranspose2d(128, 64, 3, 2, 1, 1), *norm(64)]
    layers += [nn.ReflectionPad2d(3), nn.Conv2d(64, c, 7), nn.Tanh()]
    return nn.Sequential(*layers)


def patchgan(c, batch):
    """The same, NLayerDiscriminator."""
    norm = lambda n: [nn.BatchNorm2d(n) if batch else nn.InstanceNorm2d(n), nn.LeakyReLU(0.2)]
    conv = lambda a, b, s: nn.Conv2d(a, b, 4, s, 1, bias=not batch)
    layers = [nn.Conv2d(c, 64, 4, 2, 1), nn.LeakyReLU(0.2)]
    layers += [conv(64, 128, 2), *norm(128), conv(128, 256, 2), *norm(256), conv(256, 512, 1), *norm(512), nn.Conv2d(512, 1, 4, 1, 1)]
    return nn.Sequential(*layers)


class Model(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)


def fid_inception():
    """pytorch-fid's network, without its weights."""
    from pytorch_fid import inception as fid

    net = fid._inception_v3(num_classes=1008, aux_logits=False, weights=None)
    net.Mixed_5b, net.Mixed_5c, net.Mixed_5d = fid.FIDInceptionA(192, 32), fid.FIDInceptionA(256, 64), fid.FIDInceptionA(288, 64)
    net.Mixed_6b, net.Mixed_6c = fid.FIDInceptionC(768, 128), fid.FIDInceptionC(768, 160)
    net.Mixed_6d, net.Mixed_6e = fid.FIDInceptionC(768, 160), fid.FIDInceptionC(768, 192)
    net.Mixed_7b, net.Mixed_7c = fid.FIDInceptionE_1(1280), fid.FIDInceptionE_2(2048)
    return net


# Keras builds the networks of the papers that used it; its layers are given names that become ours.


def keras_layers():
    import keras

    class WholeNorm(keras.layers.Layer):
        """keras-contrib's InstanceNormalization() as it is without arguments."""

        def build(self, shape):
            self.gamma = self.add_weight(shape=(1,), name="gamma", initializer="ones")
            self.beta = self.add_weight(shape=(1,), name="beta", initializer="zeros")

        def call(self, x):
            mean = keras.ops.mean(x, axis=(1, 2, 3), keepdims=True)
            std = keras.ops.std(x, axis=(1, 2, 3), keepdims=True) + 1e-3
            return (x - mean) / std * self.gamma + self.beta

    return keras, WholeNorm


def keras_generator(c):
    keras, WholeNorm = keras_layers()
    k = keras.layers
    image = x = keras.Input((None, None, c))
    downs = []
    for i, width in enumerate((32, 64, 128, 256), 1):
        x = k.Conv2D(width, 4, strides=2, padding="same", name=f"down{i}_conv")(x)
        x = WholeNorm(name=f"down{i}_norm")(k.LeakyReLU(negative_slope=0.2)(x))
        downs.append(x)
    for i, (width, skip) in enumerate(zip((128, 64, 32), reversed(downs[:-1])), 1):
        x = k.Conv2D(width, 4, padding="same", activation="relu", name=f"up{i}_conv")(k.UpSampling2D(2)(x))
        x = k.Concatenate()([WholeNorm(name=f"up{i}_norm")(x), skip])
    x = k.Conv2D(c, 4, padding="same", activation="tanh", name="last")(k.UpSampling2D(2)(x))
    return keras.Model(image, x)


def keras_discriminator(c):
    keras, WholeNorm = keras_layers()
    k = keras.layers
    image = x = keras.Input((None, None, c))
    for i, width in enumerate((64, 128, 256, 512), 1):
        x = k.LeakyReLU(negative_slope=0.2)(k.Conv2D(width, 4, strides=2, padding="same", name=f"conv{i}")(x))
        x = x if i == 1 else WholeNorm(name=f"norm{i}")(x)
    return keras.Model(image, k.Conv2D(1, 4, padding="same", name="conv5")(x))


def pix2pix_generator(c, levels):
    """The TensorFlow tutorial's; dropout set to zero, so that both sides draw alike."""
    keras, _ = keras_layers()
    k = keras.layers
    image = x = keras.Input((None, None, c))
    width = lambda level: 64 << min(level, 3)
    downs = []
    for level in range(levels):
        x = k.Conv2D(width(level), 4, strides=2, padding="same", use_bias=False, name=f"down{level + 1}_conv")(x)
        x = x if level == 0 else k.BatchNormalization(name=f"down{level + 1}_bn")(x)
        x = k.LeakyReLU()(x)
        downs.append(x)
    for i, level in enumerate(reversed(range(levels - 1)), 1):
        x = k.Conv2DTranspose(width(level), 4, strides=2, padding="same", use_bias=False, name=f"up{i}_conv")(x)
        x = k.Concatenate()([k.ReLU()(k.BatchNormalization(name=f"up{i}_bn")(x)), downs[level]])
    return keras.Model(image, k.Conv2DTranspose(c, 4, strides=2, padding="same", activation="tanh", name="last")(x))


def pix2pix_discriminator(c):
    keras, _ = keras_layers()
    k = keras.layers
    image, target = keras.Input((None, None, c)), keras.Input((None, None, c))
    x = k.Concatenate()([image, target])
    for i, width in enumerate((64, 128, 256), 1):
        x = k.Conv2D(width, 4, strides=2, padding="same", use_bias=False, name=f"down{i}_conv")(x)
        x = k.LeakyReLU()(x if i == 1 else k.BatchNormalization(name=f"down{i}_bn")(x))
    x = k.Conv2D(512, 4, use_bias=False, name="conv")(k.ZeroPadding2D()(x))
    x = k.ZeroPadding2D()(k.LeakyReLU()(k.BatchNormalization(name="bn")(x)))
    return keras.Model([image, target], k.Conv2D(1, 4, name="last")(x))


KERAS = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def keras_passes(out, key, model, shapes, first, last, seed=0):
    tensors = {}
    for layer in model.layers:
        for v in layer.weights:
            name = v.name if type(layer).__name__ == "WholeNorm" else KERAS[v.name]
            name = layer.name.replace("_", ".") + "." + name
            tensors[name] = (v, len(v.shape) == 4)
            shape = tuple(v.shape[i] for i in (3, 2, 0, 1)) if len(v.shape) == 4 else tuple(v.shape)
            # Kernels are [kh, kw, in, out], transposed ones [kh, kw, out, in]: torch's order is the same from the end.
            value = usual(key, name, shape)
            v.assign(value.permute(2, 3, 1, 0) if len(v.shape) == 4 else value)
    out[f"{key}.count"] = torch.tensor([sum(int(np.prod(v.shape)) for v in model.trainable_weights)])
    out[f"{key}.seed"] = torch.tensor([seed])
    x = [tensor(f"{key}.in{seed}.{i}", shape).permute(0, 2, 3, 1) for i, shape in enumerate(shapes)]
    variables = [tensors[n][0].value for n in (first, last)]
    start = [(v, v.value.detach().clone()) for layer in model.layers for v in layer.weights]

    def run(x, training):
        for v, value in start:
            v.assign(value)
        y = model(x[0] if len(x) == 1 else x, training=training).permute(0, 3, 1, 2)
        return y, torch.autograd.grad((y * tensor(f"{key}.q", y.shape)).sum(), variables)

    for mode in ("eval", "train"):
        # Keras computes in float32 only: what a change of the images by a millionth does stands for its noise.
        near = lambda i: [v * (1 + 1e-6 * tensor(f"near{i}", v.shape)) for v in x]
        others = [run(near(i), mode == "train")[1] for i in range(3)]
        y, found = run(x, mode == "train")
        out[f"{key}.{mode}"] = thinned(y)
        for at, (n, g) in enumerate(zip((first, last), found)):
            out[f"{key}.{mode}.d.{n}"] = thinned(g.permute(3, 2, 0, 1) if g.dim() == 4 else g)
            out[f"{key}.{mode}.noise.{n}"] = torch.tensor([max(relative(o[at], g) for o in others)])
    # Running variances are left out: this backend of Keras takes biased ones, TensorFlow's fused norm does not.
    norms = [n for n in tensors if "running_mean" in n]
    for n in norms[:1] + norms[-1:]:
        out[f"{key}.after.{n}"] = thinned(tensors[n][0].value)


def without_casts(f):
    """The reference casts to float32 on its way; for a pass in float64 it must not."""

    def run(network, kind):
        single, torch.float32 = torch.float32, torch.float64
        try:
            return f(network, kind)
        finally:
            torch.float32 = single

    return run


STYLEGAN2 = ["stylegan2.32.1.2", "stylegan2.32.3.8", "diffaugment.1", "diffaugment.3"]


def stylegan2(out, checkout, keys):
    sys.path.insert(0, str(checkout))
    import DiffAugment_pytorch as diffaugment
    from training.networks import Discriminator as D
    from training.networks import Generator as G

    for size, channels, depth, width in ((32, 1, 2, 1 / 16), (32, 3, 8, 1 / 32)):
        key = f"stylegan2.{size}.{channels}.{depth}"
        if key not in keys:
            continue
        base = int(32768 * width)
        g = G(64, 0, 64, size, channels, {"num_layers": depth}, {"channel_base": base})
        d = D(0, size, channels, channel_base=base, epilogue_kwargs={"mbstd_group_size": 2})
        filled(f"{key}.g", g, equalised), filled(f"{key}.d", d, equalised)
        kept = lambda f: lambda m, x: without_casts(lambda m, _: f(m, x))(m, None) if x.dtype == torch.float64 else f(m, x)
        forward = kept(lambda m, z: m.synthesis(m.mapping(z, None, skip_w_avg_update=True), noise_mode="const"))
        judge = kept(lambda m, x: m(x, None)[:, 0])
        passes(out, f"{key}.g", g, [(4, 64)], "mapping.fc0.weight", f"synthesis.b{size}.torgb.weight", forward)
        passes(out, f"{key}.d", d, [(4, channels, size, size)], f"b{size}.fromrgb.weight", "b4.out.weight", judge)
        # Truncation and the mean style.
        z = tensor(f"{key}.z", (4, 64))
        with torch.no_grad():
            out[f"{key}.g.truncated"] = thinned(g.eval()(z, None, truncation_psi=0.7, noise_mode="const"))
            g.train()
            g.mapping(z, None)
            out[f"{key}.g.w_avg"] = g.mapping.w_avg.clone()
            filled(f"{key}.g", g, equalised)
        # R1: gradients of 5 * |d D(x) / d x|^2, and the path length against a hundredth of its mean.
        def r1(d, kind, move=1.0):
            real = (tensor(f"{key}.real", (4, channels, size, size)).to(kind) * move).requires_grad_()
            first = torch.autograd.grad(d(real, None).sum(), real, create_graph=True)[0]
            return (first.square().sum([1, 2, 3]) * 5).mean()

        def path(g, kind, move=1.0):
            w = g.mapping(tensor(f"{key}.path", (2, 64)).to(kind) * tensor("way", (2, 64), (move - 1.0), 1.0), None, skip_w_avg_update=True).to(kind)
            image = g.synthesis(w, noise_mode="const")
            noise = tensor(f"{key}.path.noise", image.shape).to(kind) / size
            lengths = torch.autograd.grad((image * noise).sum(), w, create_graph=True)[0].square().sum(2).mean(1).sqrt()
            return ((lengths - 0.01 * lengths.mean()).square() * 2).mean()

        of_d = [f"b{size}.fromrgb.weight", f"b{size}.conv0.weight", f"b{size}.conv0.bias", f"b{size // 2}.skip.weight", "b4.conv.weight", "b4.fc.weight", "b4.out.weight"]
        of_g = ["mapping.fc0.weight", "synthesis.b4.const", "synthesis.b4.conv1.weight", "synthesis.b8.conv0.weight", "synthesis.b8.conv0.affine.weight", f"synthesis.b{size}.conv1.bias", f"synthesis.b{size}.torgb.weight"]
        for name, penalty, network, names in (("r1", r1, d, of_d), ("path", path, g, of_g)):
            value = penalty(network, torch.float32)
            own = torch.autograd.grad(value, [dict(network.named_parameters())[n] for n in names])
            out[f"{key}.{name}"] = value.reshape(1)
            gradients(out, f"{key}.{name}", without_casts(penalty), names, network, own)
            # Deviations within a group bend near zero: what a change by a millionth does belongs to the noise.
            for n in names:
                precise = copy.deepcopy(network).double()
                at = lambda move: torch.autograd.grad(without_casts(lambda m, k: penalty(m, k, move))(precise, torch.float64), dict(precise.named_parameters())[n])[0]
                moved = max(relative(at(1 + 1e-6), at(1.0)), relative(at(1 - 1e-6), at(1.0)))
                out[f"{key}.{name}.noise.{n}"] = torch.maximum(out[f"{key}.{name}.noise.{n}"], torch.tensor([moved]))
    # DiffAugment: what was drawn, read from the generator in the order in which it is asked.
    for channels in (1, 3):
        key = f"diffaugment.{channels}"
        if key not in keys:
            continue
        x = tensor(key, (5, channels, 16, 16)).requires_grad_()
        drawn = {}
        keep = lambda name, f: lambda *a, **k: drawn.setdefault(name, []).append(f(*a, **k)) or drawn[name][-1]
        rand, randint = torch.rand, torch.randint
        torch.manual_seed(7)
        torch.rand, torch.randint = keep("rand", rand), keep("randint", randint)
        y = diffaugment.DiffAugment(x, "color,translation,cutout")
        torch.rand, torch.randint = rand, randint
        q = tensor(f"{key}.q", y.shape)
        out[f"{key}.y"], out[f"{key}.dx"] = y, torch.autograd.grad((y * q).sum(), x)[0]
        out[f"{key}.uniform"] = torch.stack([r.flatten() for r in drawn["rand"]], 1)
        out[f"{key}.whole"] = torch.stack([r.flatten() for r in drawn["randint"]], 1)


def step(out):
    """One adversarial step of DCGAN with Adam."""
    g, d = filled("step.g", Generator()), filled("step.d", Discriminator())
    optimisers = [torch.optim.Adam(n.train().parameters(), lr=2e-4, betas=(0.5, 0.999)) for n in (g, d)]
    loss = lambda logits, target: F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
    fake = g(tensor("step.z", (4, 16, 1, 1)))
    d_loss = loss(d(tensor("step.real", (4, 1, 32, 32))), 1.0) + loss(d(fake.detach()), 0.0)
    optimisers[1].zero_grad(), d_loss.backward(), optimisers[1].step()
    g_loss = loss(d(fake), 1.0)
    optimisers[0].zero_grad(), g_loss.backward(), optimisers[0].step()
    out |= {"step.loss.d": d_loss.reshape(1), "step.loss.g": g_loss.reshape(1)}
    for name, net, tensors in (("g", g, ("main.0.weight", "main.9.weight")), ("d", d, ("conv0.weight", "conv3.weight"))):
        out |= {f"step.after.{name}.{n}": thinned(net.state_dict()[n]) for n in tensors}


def wgan(out):
    """One step of a critic of WGAN-GP."""
    critic = filled("wgan.d", Critic())
    real, made = tensor("wgan.real", (4, 1, 32, 32)), tensor("wgan.made", (4, 1, 32, 32))
    share = tensor("wgan.share", (4, 1, 1, 1), 0.5, 0.5)
    between = (real + share * (made - real)).requires_grad_()
    slope = torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0]
    penalty = 10 * ((slope.square().sum([1, 2, 3]).sqrt() - 1) ** 2).mean()
    total = critic(made).mean() - critic(real).mean() + penalty
    out |= {"wgan.loss": total.detach().reshape(1), "wgan.penalty": penalty.detach().reshape(1)}
    named = dict(critic.named_parameters())
    for n, v in zip(named, torch.autograd.grad(total, list(named.values()))):
        out[f"wgan.d.{n.removeprefix('inner.')}"] = thinned(v)


def classifier(network, first, last):
    return lambda out, key: passes(out, key, filled(key, network()), [(2, 3, 96, 96)], first, last)


def model(network, shape, first, last):
    return lambda out, key: passes(out, key, filled(key, Model(network())), [shape], first, last)


def keras_model(network, shapes, first, last, **more):
    return lambda out, key: keras_passes(out, key, network(), shapes, first, last, **more)


# One row for a key: its tensors have names that begin with it.
models = torchvision.models
PASSES = {
    "dcgan.g": lambda out, key: passes(out, key, filled(key, Generator()), [(4, 16, 1, 1)], "main.0.weight", "main.9.weight"),
    "dcgan.d": lambda out, key: passes(out, key, filled(key, Discriminator()), [(4, 1, 32, 32)], "conv0.weight", "conv3.weight"),
    "smallcnn": lambda out, key: passes(out, key, filled(key, SmallCnn()), [(4, 1, 16, 16)], "conv1.weight", "fc.weight"),
    "resnet18": classifier(lambda: models.resnet18(num_classes=2), "conv1.weight", "fc.weight"),
    "resnet50": classifier(lambda: models.resnet50(num_classes=3), "conv1.weight", "fc.weight"),
    "vgg16": classifier(lambda: VggMean(2), "features.0.weight", "fc.weight"),
    "densenet121": classifier(lambda: models.densenet121(num_classes=2), "features.conv0.weight", "classifier.weight"),
    "densenet201": classifier(lambda: models.densenet201(num_classes=2), "features.conv0.weight", "classifier.weight"),
    "fid_inception": lambda out, key: passes(out, key, filled(key, fid_inception()), [(2, 3, 139, 139)], "Conv2d_1a_3x3.conv.weight", "fc.weight", train=False),
    "zhu9": model(lambda: zhu_generator(3, 9), (2, 3, 32, 32), "model.1.weight", "model.26.weight"),
    "zhu6": model(lambda: zhu_generator(1, 6), (2, 1, 32, 32), "model.1.weight", "model.23.weight"),
    "patchgan": model(lambda: patchgan(3, False), (2, 3, 64, 64), "model.0.weight", "model.11.weight"),
    "patchgan_batch": model(lambda: patchgan(6, True), (2, 6, 64, 64), "model.0.weight", "model.11.weight"),
    "keras.g": keras_model(lambda: keras_generator(3), [(2, 3, 64, 64)], "down1.conv.weight", "last.weight"),
    "keras.d": keras_model(lambda: keras_discriminator(3), [(2, 3, 64, 64)], "conv1.weight", "conv5.weight"),
    "pix2pix.5": keras_model(lambda: pix2pix_generator(3, 5), [(2, 3, 64, 64)], "down1.conv.weight", "last.weight", seed=1),
    "pix2pix.8": keras_model(lambda: pix2pix_generator(1, 8), [(2, 1, 512, 256)], "down1.conv.weight", "last.weight"),
    "pix2pix.d": keras_model(lambda: pix2pix_discriminator(3), [(2, 3, 48, 48)] * 2, "down1.conv.weight", "last.weight"),
    "step": lambda out, key: step(out),
    "wgan": lambda out, key: wgan(out),
}


def written(name, out, keys, only):
    path = STAGES / f"{name}.safetensors"
    save(path, merged(load(path), out, only, lambda n: key_of(n, keys)))
    print(name, path.stat().st_size, "bytes")


def main():
    found = arguments(__doc__, [*PASSES, *STYLEGAN2], diffaugment=True)
    wanted = lambda keys: [k for k in keys if not found.only or k in found.only]
    if wanted(STYLEGAN2) and not found.diffaugment:
        raise SystemExit("StyleGAN2 needs --diffaugment CHECKOUT/DiffAugment-stylegan2-pytorch")
    torch.set_num_threads(2)
    if wanted(PASSES):
        out = {}
        for key in wanted(PASSES):
            PASSES[key](out, key)
        written("networks", out, PASSES, found.only)
    if wanted(STYLEGAN2):
        out = {}
        stylegan2(out, found.diffaugment, wanted(STYLEGAN2))
        written("stylegan2", out, STYLEGAN2, found.only)


if __name__ == "__main__":
    main()
