"""Reference passes of whole networks and of one adversarial step, for the tests of the networks in stages.

Made with Python 3.11+, torch 2.15.0 (CPU, float32). Run from anywhere:

    python tests/oracle/networks.py

Writes stages/tests/oracle/networks.safetensors. For each of the networks `dcgan.g`, `dcgan.d` (size 32, latent 16,
width 8, no dropout) and `smallcnn` (width 4, 3 classes, no dropout), below its prefix:

    <tensor>            weights and running statistics before anything, named as the Rust networks name them
    in, q               input, and weights of the scalar sum(y * q)
    eval, train         outputs in evaluation and, from the same weights, in training
    gradient.<tensor>   gradient of sum(train * q) for the first and the last layer
    after.<tensor>      running statistics after that one forward in training

`step.*` is one adversarial step from the same weights and statistics, all in training mode, betas (0.5, 0.999), rate 2e-4:
fake = G(step.z); loss.d_real + loss.d_fake = BCE(D(step.real), 1) + BCE(D(fake detached), 0), Adam of D;
loss.g = BCE(updated D(same fake), 1), Adam of G. `step.after.g.*` and `step.after.d.*` are trained tensors and running
statistics of the first layers and norms afterwards.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from ops import save
from torch import nn

OUT = Path(__file__).resolve().parents[2] / "stages/tests/oracle/networks.safetensors"
LATENT, WIDTH, LEVELS = 16, 8, 3


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        channels = [LATENT] + [WIDTH << i for i in reversed(range(LEVELS))] + [1]
        layers = []
        for i, (a, b) in enumerate(zip(channels, channels[1:])):
            layers.append(nn.ConvTranspose2d(a, b, 4, *((1, 0) if i == 0 else (2, 1)), bias=False))
            layers += [nn.BatchNorm2d(b), nn.ReLU()] if b > 1 else [nn.Tanh()]
        self.main = nn.Sequential(*layers)

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        channels = [1] + [WIDTH << i for i in range(LEVELS)] + [1]
        for i, (a, b) in enumerate(zip(channels, channels[1:])):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, 4, *((2, 1) if i < LEVELS else (1, 0)), bias=False))
            if 0 < i < LEVELS:
                setattr(self, f"norm{i}", nn.BatchNorm2d(b))

    def forward(self, x):
        for i in range(LEVELS):
            x = getattr(self, f"conv{i}")(x)
            x = F.leaky_relu(x if i == 0 else getattr(self, f"norm{i}")(x), 0.2)
        return getattr(self, f"conv{LEVELS}")(x).flatten()


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


def randomise(network, std):
    """Random weights; running statistics too, so that a test sees whether they are used."""
    for name, t in network.state_dict().items():
        if name.endswith("running_var"):
            t.uniform_(0.5, 1.5)
        elif name.endswith("running_mean") or name.endswith("bias"):
            t.normal_(0, 0.1)
        elif t.dim() == 1:
            t.normal_(1, 0.1)
        elif t.dim() > 1:
            t.normal_(0, std or (2.0 / t[0].numel()) ** 0.5)
    return network


def state(network):
    return {n: t.detach().clone() for n, t in network.state_dict().items() if not n.endswith("num_batches_tracked")}


def passes(prefix, network, x, q, layers):
    out = {f"{prefix}.{n}": t for n, t in state(network).items()} | {f"{prefix}.in": x, f"{prefix}.q": q}
    out[f"{prefix}.eval"] = network.eval()(x)
    y = network.train()(x)
    out[f"{prefix}.train"] = y
    parameters = dict(network.named_parameters())
    gradients = torch.autograd.grad((y * q).sum(), [parameters[n] for n in layers])
    out |= {f"{prefix}.gradient.{n}": g for n, g in zip(layers, gradients)}
    return out | {f"{prefix}.after.{n}": t for n, t in state(network).items() if "running" in n}


def adversarial_step(generator, discriminator, real, z):
    optimisers = [torch.optim.Adam(n.train().parameters(), lr=2e-4, betas=(0.5, 0.999)) for n in (generator, discriminator)]
    loss = lambda logits, target: F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
    fake = generator(z)
    d_real, d_fake = loss(discriminator(real), 1.0), loss(discriminator(fake.detach()), 0.0)
    optimisers[1].zero_grad()
    (d_real + d_fake).backward()
    optimisers[1].step()
    g = loss(discriminator(fake), 1.0)
    optimisers[0].zero_grad()
    g.backward()
    optimisers[0].step()
    out = {"step.real": real, "step.z": z, "step.loss.d_real": d_real, "step.loss.d_fake": d_fake, "step.loss.g": g}
    out |= {f"step.after.g.{n}": t for n, t in state(generator).items() if n.startswith(("main.0.", "main.1."))}
    return out | {f"step.after.d.{n}": t for n, t in state(discriminator).items() if n.startswith(("conv0.", "norm1."))}


def everything(dtype):
    torch.manual_seed(20262)
    g, d, c = randomise(Generator(), 0.05), randomise(Discriminator(), 0.05), randomise(SmallCnn(), None)
    for parameters in (g, d, c):
        parameters.to(dtype)
    normal = lambda *shape: torch.randn(shape).to(dtype)
    z, films, small = normal(4, LATENT, 1, 1), torch.tanh(normal(4, 1, 32, 32)), torch.rand(4, 1, 16, 16).to(dtype)
    g_q, d_q, c_q = normal(4, 1, 32, 32), normal(4), normal(4, 3)
    real, noise = torch.tanh(normal(4, 1, 32, 32)), normal(4, LATENT, 1, 1)
    before = [{n: t.clone() for n, t in m.state_dict().items()} for m in (g, d)]
    out = passes("dcgan.g", g, z, g_q, ["main.0.weight", "main.9.weight"])
    out |= passes("dcgan.d", d, films, d_q, ["conv0.weight", "conv3.weight"])
    out |= passes("smallcnn", c, small, c_q, ["conv1.weight", "fc.weight", "fc.bias"])
    for m, b in zip((g, d), before):
        m.load_state_dict(b)
    return out | adversarial_step(g, d, real, noise)


def main():
    torch.set_num_threads(1)
    single, double = everything(torch.float32), everything(torch.float64)
    save(OUT, single)
    print(f"{len(single)} tensors, {OUT.stat().st_size} bytes")
    # What float32 itself costs: a test cannot ask for less than a few times this.
    for name in sorted(single):
        error = ((single[name].double() - double[name]).abs().max() / double[name].abs().max()).item()
        if error > 2e-7:
            print(f"  {name}: float32 is {error:.1e} from float64 (largest {double[name].abs().max().item():.2e})")


if __name__ == "__main__":
    main()
