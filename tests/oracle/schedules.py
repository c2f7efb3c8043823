"""Learning rates of torch's schedules, step by step, for stages/src/training/schedule.rs.

Made with Python 3.11+ and torch 2.15.0. Run from anywhere:

    python tests/oracle/schedules.py

Writes stages/tests/oracle/schedules.json: per schedule a list of [rate, momentum]; for `plateau` of [rate after, loss].
`--only SCHEDULE` computes one (see fixtures.py)."""

import json

import torch
from fixtures import STAGES, arguments, merged, stored

OUT = STAGES / "schedules.json"
S = torch.optim.lr_scheduler
RATE = 6e-3


def optimiser():
    return torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=RATE)


def run(make, steps=50):
    o = optimiser()
    schedule, out = make(o), []
    for _ in range(steps):
        out.append([o.param_groups[0]["lr"], o.param_groups[0]["betas"][0]])
        o.step()
        if len(out) < steps:
            schedule.step()
    return out


def plateau():
    o = optimiser()
    schedule, out = S.ReduceLROnPlateau(o, factor=0.1, patience=2, min_lr=1e-6), []
    losses = [1.0, 0.8, 0.8, 0.79999, 0.81, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.65] + [0.66] * 37
    for loss in losses:
        o.step()
        schedule.step(loss)
        out.append([o.param_groups[0]["lr"], loss])
    return out


# junyanz/pytorch-CycleGAN-and-pix2pix with epoch_count 1.
zhu = lambda constant, decay: lambda epoch: 1.0 - max(0, epoch + 1 - constant) / float(decay + 1)
schedules = {
    "constant": lambda: run(lambda o: S.ConstantLR(o, factor=1.0)),
    "linear-decay": lambda: run(lambda o: S.LambdaLR(o, zhu(20, 30))),
    "cosine": lambda: run(lambda o: S.CosineAnnealingLR(o, 50, eta_min=0.1 * RATE)),
    "step": lambda: run(lambda o: S.StepLR(o, 7, 0.3)),
    "one-cycle": lambda: run(lambda o: S.OneCycleLR(o, RATE, total_steps=50), 50),
    "one-cycle-six": lambda: run(lambda o: S.OneCycleLR(o, RATE, total_steps=53, div_factor=6, cycle_momentum=False), 53),
    "plateau": plateau,
}
only = arguments(__doc__, schedules).only
found = {name: make() for name, make in schedules.items() if not only or name in only}
OUT.write_text(json.dumps(merged(stored(OUT), found, only)) + "\n")
print(OUT.stat().st_size, "bytes")
