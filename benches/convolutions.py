"""The convolutions of benches/convolutions.rs in PyTorch, channels_last.

    python benches/convolutions.py

Prints milliseconds, the least of several passes: forward, gradient of the input, gradient of the kernel."""

import os
import re
import time
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch
import torch.nn.functional as F

torch.set_num_threads(len(os.sched_getaffinity(0)))
text = (Path(__file__).parent / "convolutions.rs").read_text()


def least(f):
    times, begun = [], time.perf_counter()
    while len(times) < 3 or (len(times) < 40 and time.perf_counter() - begun < 0.5):
        at = time.perf_counter()
        f()
        times.append((time.perf_counter() - at) * 1e3)
    return min(times)


for name, *numbers, transposed in re.findall(r'\("([a-z0-9 ]+)", (\d+), (\d+), (\d+), (\d+), (\d+), (\d+), (\d+), (true|false)\)', text):
    n, ci, side, co, k, stride, padding = map(int, numbers)
    last = lambda t: t.to(memory_format=torch.channels_last).requires_grad_()
    x = last(torch.randn(n, ci, side, side))
    w = last(torch.randn(*((ci, co) if transposed == "true" else (co, ci)), k, k))
    run = (lambda: F.conv_transpose2d(x, w, None, stride, padding, k % 2)) if transposed == "true" else (lambda: F.conv2d(x, w, None, stride, padding))
    with torch.no_grad():
        forward = least(run)
    y = run()
    q = torch.randn_like(y)
    back = lambda by: least(lambda: torch.autograd.grad(y, by, q, retain_graph=True))
    print(f"{name:<18} {forward:8.2f} {back(x):8.2f} {back(w):8.2f}")
