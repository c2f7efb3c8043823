"""The training steps of benches/steps.rs in PyTorch.

    python benches/steps.py NAME [STEPS] [--best] [--diffaugment CHECKOUT/DiffAugment-stylegan2-pytorch]

--best: channels_last and fused Adam. Prints the median milliseconds of a step and the peak memory of the process."""

import argparse
import os
import statistics
import sys
import time

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

p = argparse.ArgumentParser()
p.add_argument("name")
p.add_argument("steps", type=int, nargs="?", default=5)
p.add_argument("--best", action="store_true")
p.add_argument("--diffaugment")
A = p.parse_args()
torch.set_num_threads(len(os.sched_getaffinity(0)))


def placed(m):
    return m.to(memory_format=torch.channels_last) if A.best else m


def batch(n, c, side):
    return placed(torch.rand(n, c, side, side) * 2 - 1)


def adam(beta1, *networks):
    return torch.optim.Adam([w for m in networks for w in m.parameters()], 2e-4, (beta1, 0.999), fused=A.best)


def classifier(m):
    m = placed(m.train())
    x, y, o = batch(16, 3, 224), torch.arange(16) % 2, adam(0.9, m)

    def run():
        o.zero_grad()
        F.cross_entropy(m(x), y).backward()
        o.step()

    return run


def vgg16():
    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.features, self.fc = torchvision.models.vgg16().features, nn.Linear(512, 2)

        def forward(self, x):
            return self.fc(self.features(x).mean((2, 3)))

    return classifier(Mean())


def dcgan():
    up = lambda i, o, s, p: nn.ConvTranspose2d(i, o, 4, s, p, bias=False)
    down = lambda i, o, s, p: nn.Conv2d(i, o, 4, s, p, bias=False)
    g, d, widths = [], [], [64, 128, 256, 512]
    for i, o in zip([100] + widths[:0:-1], widths[::-1]):
        g += [up(i, o, *((1, 0) if i == 100 else (2, 1))), nn.BatchNorm2d(o), nn.ReLU(True)]
    g = placed(nn.Sequential(*g, up(64, 1, 2, 1), nn.Tanh()))
    for i, o in zip([1] + widths, widths):
        d += [down(i, o, 2, 1)] + ([nn.BatchNorm2d(o)] if i > 1 else []) + [nn.LeakyReLU(0.2, True)] + ([nn.Dropout(0.5)] if o != 128 else [])
    d = placed(nn.Sequential(*d, down(512, 1, 1, 0)))
    of_g, of_d, loss = adam(0.5, g), adam(0.5, d), nn.BCEWithLogitsLoss()
    real, z, one, zero = batch(32, 1, 64), torch.randn(32, 100, 1, 1), torch.ones(32), torch.zeros(32)

    def run():
        of_d.zero_grad()
        fake = g(z)
        loss(d(real).view(-1), one).backward()
        loss(d(fake.detach()).view(-1), zero).backward()
        of_d.step()
        of_g.zero_grad()
        d.requires_grad_(False)
        loss(d(fake).view(-1), one).backward()
        d.requires_grad_(True)
        of_g.step()

    return run


class ResidualBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        pad, conv, norm = nn.ReflectionPad2d(1), lambda: nn.Conv2d(c, c, 3), nn.InstanceNorm2d(c)
        self.body = nn.Sequential(pad, conv(), norm, nn.ReLU(True), pad, conv(), norm)

    def forward(self, x):
        return x + self.body(x)


def patchgan(c, norm):
    layers, widths = [nn.Conv2d(c, 64, 4, 2, 1), nn.LeakyReLU(0.2, True)], [64, 128, 256, 512]
    for i, o in zip(widths, widths[1:]):
        layers += [nn.Conv2d(i, o, 4, 1 if o == 512 else 2, 1, bias=norm is nn.InstanceNorm2d), norm(o), nn.LeakyReLU(0.2, True)]
    return placed(nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 1)))


def cyclegan():
    def generator():
        norm = lambda n: [nn.InstanceNorm2d(n), nn.ReLU(True)]
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, 64, 7), *norm(64)]
        layers += [nn.Conv2d(64, 128, 3, 2, 1), *norm(128), nn.Conv2d(128, 256, 3, 2, 1), *norm(256)]
        layers += [ResidualBlock(256) for _ in range(9)]
        layers += [nn.ConvTranspose2d(256, 128, 3, 2, 1, 1), *norm(128), nn.ConvTranspose2d(128, 64, 3, 2, 1, 1), *norm(64)]
        return placed(nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(64, 3, 7), nn.Tanh()))

    ga, gb = generator(), generator()
    da, db = patchgan(3, nn.InstanceNorm2d), patchgan(3, nn.InstanceNorm2d)
    of_g, of_d = adam(0.5, ga, gb), adam(0.5, da, db)
    a, b = batch(1, 3, 128), batch(1, 3, 128)
    square = lambda x, t: F.mse_loss(x, torch.full_like(x, t))

    def run():
        for d in (da, db):
            d.requires_grad_(False)
        of_g.zero_grad()
        fakes = []
        for there, back, judge, x, y in ((ga, gb, da, a, b), (gb, ga, db, b, a)):
            fake = there(x)
            fakes.append(fake.detach())
            (square(judge(fake), 1.0) + 10 * F.l1_loss(back(fake), x)).backward()
            del fake
            (5 * F.l1_loss(there(y), y)).backward()
        of_g.step()
        for d in (da, db):
            d.requires_grad_(True)
        of_d.zero_grad()
        for judge, fake, real in ((da, fakes[0], b), (db, fakes[1], a)):
            (0.5 * square(judge(real), 1.0)).backward()
            (0.5 * square(judge(fake), 0.0)).backward()
        of_d.step()

    return run


def pix2pix():
    class UNet(nn.Module):
        def __init__(self, levels=5):
            super().__init__()
            width = lambda level: 64 << min(level, 3)
            bn = lambda c: nn.BatchNorm2d(c, 1e-3, 0.01)
            self.down, self.up = nn.ModuleList(), nn.ModuleList()
            for level in range(levels):
                conv = nn.Conv2d(3 if level == 0 else width(level - 1), width(level), 4, 2, 1, bias=False)
                self.down.append(nn.Sequential(conv, *([bn(width(level))] if level else []), nn.LeakyReLU(0.3, True)))
            for i, level in enumerate(reversed(range(levels - 1))):
                ci = width(levels - 1) if i == 0 else 2 * width(level + 1)
                conv = nn.ConvTranspose2d(ci, width(level), 4, 2, 1, bias=False)
                self.up.append(nn.Sequential(conv, bn(width(level)), *([nn.Dropout(0.5)] if i < 3 else []), nn.ReLU(True)))
            self.last = nn.ConvTranspose2d(128, 3, 4, 2, 1)

        def forward(self, x):
            maps = []
            for down in self.down:
                x = down(x)
                maps.append(x)
            for i, up in enumerate(self.up):
                x = torch.cat([up(x), maps[-2 - i]], 1)
            return self.last(x).tanh()

    layers = []
    for i, o in ((6, 64), (64, 128), (128, 256)):
        layers += [nn.Conv2d(i, o, 4, 2, 1, bias=False), *([nn.BatchNorm2d(o, 1e-3, 0.01)] if i > 6 else []), nn.ReLU(True)]
    layers += [nn.ZeroPad2d(1), nn.Conv2d(256, 512, 4, bias=False), nn.BatchNorm2d(512, 1e-3, 0.01), nn.ReLU(True), nn.ZeroPad2d(1)]
    g, d = placed(UNet()), placed(nn.Sequential(*layers, nn.Conv2d(512, 1, 4)))
    of_g, of_d = adam(0.5, g), adam(0.5, d)
    x, y = batch(1, 3, 224), batch(1, 3, 224)
    bce = lambda l, t: F.binary_cross_entropy_with_logits(l, torch.full_like(l, t))
    pair = lambda a, b: d(torch.cat([a, b], 1))

    def run():
        of_g.zero_grad()
        of_d.zero_grad()
        fake = g(x)
        bce(pair(x, y), 1.0).backward()
        bce(pair(x, fake.detach()), 0.0).backward()
        d.requires_grad_(False)
        (bce(pair(x, fake), 1.0) + 100 * F.l1_loss(y, fake)).backward()
        d.requires_grad_(True)
        of_g.step()
        of_d.step()

    return run


def stylegan2():
    sys.path.insert(0, A.diffaugment)
    from training.networks import Discriminator, Generator

    g = placed(Generator(512, 0, 512, 64, 3, {"num_layers": 2}).train())
    d = placed(Discriminator(0, 64, 3).train())
    of_g, of_d = adam(0.0, g), adam(0.0, d)
    real, z = batch(8, 3, 64), torch.randn(8, 512)

    def run():
        d.requires_grad_(False)
        of_g.zero_grad()
        F.softplus(-d(g(z, None), None)).mean().backward()
        of_g.step()
        d.requires_grad_(True)
        of_d.zero_grad()
        with torch.no_grad():
            fake = g(z, None)
        F.softplus(d(fake, None)).mean().backward()
        image = real.detach().requires_grad_()
        logits = d(image, None)
        slope = torch.autograd.grad(logits.sum(), image, create_graph=True)[0]
        (F.softplus(-logits)[:, 0] + slope.square().sum([1, 2, 3]) * 5).mean().backward()
        of_d.step()

    return run


m = torchvision.models
run = {
    "dcgan": dcgan, "cyclegan": cyclegan, "pix2pix": pix2pix, "stylegan2": stylegan2, "vgg16": vgg16,
    "resnet50": lambda: classifier(m.resnet50(num_classes=2)), "densenet121": lambda: classifier(m.densenet121(num_classes=2)),
}[A.name]()
times = []
for i in range(A.steps + 1):
    begun = time.perf_counter()
    run()
    if i:
        times.append((time.perf_counter() - begun) * 1e3)
peak = next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM")) / 1024
print(f"{A.name} ms {statistics.median(times):.0f} MiB {peak:.0f}")
