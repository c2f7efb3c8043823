"""The training step of benches/dcgan.sh in PyTorch: DCGAN 64 px, both networks, two Adams, at torch's best settings.

Prints the median milliseconds of a step, first as usual, then with channels_last and fused Adam."""

import statistics
import sys
import time

import torch
import torch.nn as nn

torch.set_num_threads(int(sys.argv[1]))
BATCH = int(sys.argv[2])


def step(best):
    up = lambda i, o, s, p: nn.ConvTranspose2d(i, o, 4, s, p, bias=False)
    down = lambda i, o, s, p: nn.Conv2d(i, o, 4, s, p, bias=False)
    g, d, widths = [], [], [64, 128, 256, 512]
    for i, o in zip([100] + widths[:0:-1], widths[::-1]):
        g += [up(i, o, *((1, 0) if i == 100 else (2, 1))), nn.BatchNorm2d(o), nn.ReLU(True)]
    g = nn.Sequential(*g, up(64, 1, 2, 1), nn.Tanh())
    for i, o in zip([1] + widths, widths):
        d += [down(i, o, 2, 1)] + ([nn.BatchNorm2d(o)] if i > 1 else []) + [nn.LeakyReLU(0.2, True)] + ([nn.Dropout(0.5)] if o != 128 else [])
    d = nn.Sequential(*d, down(512, 1, 1, 0))
    if best:
        g, d = (m.to(memory_format=torch.channels_last) for m in (g, d))
    adam = lambda m: torch.optim.Adam(m.parameters(), 2e-4, (0.5, 0.999), fused=best)
    of_g, of_d, loss = adam(g), adam(d), nn.BCEWithLogitsLoss()
    real, z = torch.randn(BATCH, 1, 64, 64).tanh(), torch.randn(BATCH, 100, 1, 1)
    one, zero = torch.ones(BATCH), torch.zeros(BATCH)

    def run():
        d.zero_grad()
        fake = g(z)
        (loss(d(real).view(-1), one) + loss(d(fake.detach()).view(-1), zero)).backward()
        of_d.step()
        g.zero_grad()
        d.requires_grad_(False)  # as hilum: nobody needs these gradients here
        loss(d(fake).view(-1), one).backward()
        d.requires_grad_(True)
        of_g.step()

    return run


for best in (False, True):
    run, times = step(best), []
    for i in range(14):
        begun = time.perf_counter()
        run()
        if i > 2:
            times.append((time.perf_counter() - begun) * 1e3)
    print(f"torch{', channels_last and fused Adam' if best else ''}: {statistics.median(times):.0f} ms a step")
