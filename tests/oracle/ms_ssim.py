"""Writes the fixture of the tests of MS-SSIM.

Run from anywhere:

    python tests/oracle/ms_ssim.py

Writes stages/tests/oracle/ms_ssim.json: similarities by torchmetrics, in double precision, of pairs of images that the test
makes by the same formulas. Sides with fewer than five scales have the weights of those that there are, in parts of their
sum. torchmetrics asks for larger sides than its windows need with three and four scales, and for smaller ones than
they need with two; only sides that it takes are here. Needs torch and torchmetrics.
"""

import json

import numpy as np
import torch
from fixtures import STAGES, arguments
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure as ms_ssim

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# Side, scales.
SIDES = [(11, 1), (16, 1), (22, 2), (31, 2), (44, 3), (63, 3), (99, 4), (128, 4), (176, 5), (181, 5), (224, 5)]
PAIRS = [(0, 1), (1, 2), (0, 2), (0, 3), (1, 4)]


def made(side, kind):
    y, x = np.mgrid[:side, :side].astype(np.int64)
    grey = [
        (x * 3 + y * 2) % 256,
        (x * 3 + y * 2 + (x * 31 + y * 17 + x * y % 23) % 40) % 256,
        (x * 7919 + y * 104729 + x * x * y % 977) % 256,
        255 - (x * 3 + y * 2) % 256,
        np.full((side, side), 90),
    ][kind]
    return torch.tensor(grey, dtype=torch.float64)[None, None]


arguments(__doc__, [])
found = []
for side, scales in SIDES:
    some = WEIGHTS[:scales]
    weights = tuple(w / sum(some) for w in some)
    for a, b in PAIRS:
        value = ms_ssim(made(side, a), made(side, b), data_range=255.0, betas=weights, normalize="relu")
        found.append({"side": side, "scales": scales, "a": a, "b": b, "value": float(value)})
(STAGES / "ms_ssim.json").write_text(json.dumps(found, indent=1) + "\n")
