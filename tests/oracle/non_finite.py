"""What becomes of infinities and NaN, and of norms whose first number is an outlier, for stages/ops/tests/non_finite.rs.

Made with Python 3.11+, torch 2.15.0 (CPU, float32). Run from anywhere:

    python tests/oracle/non_finite.py

`--only OPERATION` writes one (see fixtures.py); all are computed, since they draw from one generator.

Writes stages/ops/tests/non_finite.json: a list of cases for each operation. `x` and its `shape` are what goes in, in torch's order, `y` what
comes out, `d<tensor>` the gradient of `sum(y * q)` by that tensor; `numbers` holds parameters. What is not finite is written as text.
"""

import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from fixtures import OPS, arguments, known, merged, stored

OUT = OPS / "non_finite.json"
INF, NAN = math.inf, math.nan
BAD = [INF, -INF, NAN]
cases = {}


def plain(value):
    """A number as JSON takes it, of as many digits as float32 has."""
    return float(str(np.float32(value))) if math.isfinite(value) else str(float(value))


def numbers(tensor):
    return [plain(v) for v in tensor.detach().flatten().tolist()]


def put(name, f, x, others=None, q=None, parameters=(), extra=None):
    """A case of `f(x, **others)`; `q` is ones where it is not given."""
    x = torch.as_tensor(x).clone().requires_grad_()
    others = {n: t.clone().requires_grad_() for n, t in (others or {}).items()}
    y = f(x, **others)
    q = torch.ones_like(y) if q is None else torch.full_like(y, q) if isinstance(q, float) else q
    gradients = torch.autograd.grad(y, [x, *others.values()], q)
    case = {"shape": list(x.shape), "x": numbers(x), "q": numbers(q), "y": numbers(y), "numbers": [plain(p) for p in parameters]}
    case |= {n: numbers(t) for n, t in others.items()}
    case |= {f"d{n}": numbers(g) for n, g in zip(["x", *others], gradients)}
    case |= {n: numbers(t) for n, t in (extra() if extra else {}).items()}
    cases.setdefault(name, []).append(case)


def eighths(*shape):
    """Random numbers that are short in decimals."""
    return torch.randint(-16, 17, shape) / 8


def functions():
    special = torch.tensor([NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 3.5, -0.25, 30.0, -30.0] * 2)
    ordinary = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": F.softplus, "erf": torch.erf, "exp": torch.exp, "ln": torch.log, "sqrt": torch.sqrt}
    ordinary |= {"abs": torch.abs, "reciprocal": torch.reciprocal, "power": lambda x: x**1.7, "relu": F.relu, "leaky_relu": lambda x: F.leaky_relu(x, 0.2)}
    for name, f in ordinary.items():
        for q in [0.5, INF, NAN]:
            put(name, f, special, q=q)
    for row in [[1.0, 2.0, NAN], [1.0, INF, 2.0], [1.0, -INF, 2.0], [-INF, -INF, -INF], [1e30, 0.0, -1e30]]:
        put("softmax", lambda x: F.softmax(x, -1), row, q=0.5)
    x, keep = torch.tensor([*BAD, 2.0] * 4), torch.tensor([0.0] * 4 + [1.0] * 4 + [0.0, 1.0] * 4)
    for q in [0.5, INF]:
        put("masked", lambda x: x * (keep * 1.25), x, q=q, parameters=keep)
    torch.manual_seed(1)
    dropped = F.dropout(torch.tensor([INF] * 8), 0.5)
    assert dropped.isnan().any() and dropped.isinf().any(), "dropout multiplies, as `masked` is taken to"


def losses():
    for x in [*BAD, 0.0, 100.0, -100.0]:
        for t in [0.0, 0.9, 1.0]:
            target = torch.tensor([t])
            put("bce_with_logits", lambda x: F.binary_cross_entropy_with_logits(x, target), [x], parameters=[t])
        put("squared_error", lambda x: F.mse_loss(x, torch.ones(1)), [x])
        put("absolute_error", lambda x: F.l1_loss(x, torch.ones(1)), [x])
        put("hinge", lambda x: F.relu(1 - x).mean(), [x])
    rows = [[0.0, -INF, 1.0], [-INF, -INF, 1.0], [-INF, 1.0, 2.0], [-INF] * 3, [0.0, INF, 1.0], [INF, 0.0, 1.0], [0.5, NAN, 1.0], [NAN, 0.5, 1.0], [90.0, -INF, -60.0]]
    for row in rows:
        x, targets, weights = torch.tensor([row, [0.125, 0.25, 0.375]]), torch.tensor([0, 2]), torch.tensor([0.5, 2.0, 1.0])
        for smoothing in [0.0, 0.1]:
            put("cross_entropy", lambda x: F.cross_entropy(x, targets, weights, label_smoothing=smoothing), x, parameters=[smoothing, 0])
        for gamma in [1.0, 2.0]:

            def focal(x):
                log_p = F.log_softmax(x, 1).gather(1, targets[:, None])[:, 0]
                return -(weights[targets] * (1 - log_p.exp()) ** gamma * log_p).sum() / weights[targets].sum()

            put("cross_entropy", focal, x, parameters=[0.0, gamma])


def norms():
    places = [(0, 1, 0, 0), (1, 1, 2, 1)]
    for bad in BAD:
        for place in places:
            x = eighths(2, 2, 3, 3)
            x[place] = bad
            q, wide = eighths(*x.shape), dict(w=eighths(2), b=eighths(2))
            for name, after in {"batch_norm": lambda y: y, "batch_norm_relu": F.relu}.items():
                mean, variance = torch.zeros(2), torch.zeros(2)
                # Momentum 1: the running statistics become those of the batch.
                normal = lambda x, w, b: after(F.batch_norm(x, mean, variance, w, b, True, 1.0))
                put(name, normal, x, wide, q, extra=lambda: {"mean": mean, "variance": variance})
            given = torch.tensor([0.25, -0.5]), torch.tensor([1.5, 0.75])
            fixed = lambda: {"mean": given[0], "variance": given[1]}
            put("batch_norm_fixed", lambda x, w, b: F.relu(F.batch_norm(x, *given, w, b)), x, wide, q, extra=fixed)
            put("instance_norm", lambda x, w, b: F.instance_norm(x, None, None, w, b), x, wide, q)
            put("layer_norm", lambda x, w, b: F.layer_norm(x, x.shape[1:]) * w.view(-1, 1, 1) + b.view(-1, 1, 1), x, wide, q)

            def keras(x, w, b):
                deviation = x.var((1, 2, 3), unbiased=False, keepdim=True).sqrt()
                return (x - x.mean((1, 2, 3), keepdim=True)) / (deviation + 1e-3) * w.view(-1, 1, 1) + b.view(-1, 1, 1)

            put("keras_norm", keras, x, wide, q)


def maps():
    for bad in BAD:
        x = eighths(1, 2, 5, 5)
        x[0, 0, 1, 1], x[0, 0, 3, 3], x[0, 1, 0, 0] = bad, NAN, bad
        x[0, 1, 2:4, 2:4] = -INF
        for k, stride, padding in [(2, 2, 0), (3, 2, 1), (3, 1, 1)]:
            y = F.max_pool2d(x, k, stride, padding)
            put("max_pool2d", lambda x: F.max_pool2d(x, k, stride, padding), x, q=eighths(*y.shape), parameters=[k, stride, padding])
            put("avg_pool2d", lambda x: F.avg_pool2d(x, k, stride, padding), x, q=eighths(*y.shape), parameters=[k, stride, padding])
        put("average", lambda x: x.mean((2, 3)), x, q=eighths(1, 2))
        small = eighths(1, 2, 3, 3)
        small[0, 0, 1, 1], small[0, 1, 2, 2] = bad, bad
        for h, w, corners in [(6, 6, 0), (6, 6, 1), (3, 3, 0)]:
            resize = lambda x: F.interpolate(x, (h, w), mode="bilinear", align_corners=bool(corners))
            put("bilinear", resize, small, q=eighths(1, 2, h, w), parameters=[h, w, corners])
        small[0, 0, 0, 0] = bad
        for theta in [[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], [1.0, 0.0, -0.5, 0.0, 1.0, -0.5], [1.0, 0.0, 0.75, 0.0, 1.0, 0.25], [2.0, 0.0, 0.0, 0.0, 2.0, 0.0]]:
            four = torch.zeros(1, 2, 4, 4)
            four[:, :, :3, :3] = small

            def sample(x):
                return F.grid_sample(x, F.affine_grid(torch.tensor(theta).view(1, 2, 3), (1, 2, 4, 4), align_corners=False), align_corners=False)

            # An infinite gradient stays where its pixel came from.
            q = eighths(1, 2, 4, 4)
            q[0, 0, 1, 2] = bad
            put("affine", sample, four, q=q, parameters=theta)
        x, kernel = eighths(1, 2, 4, 4), eighths(3, 2, 3, 3)
        kernel[kernel == 0] = 0.5
        x[0, 0, 0, 1] = bad
        put("conv2d_relu", lambda x, w: F.relu(F.conv2d(x, w)), x, dict(w=kernel), q=eighths(1, 3, 2, 2))


def optimisers():
    gradients, start = [[NAN, INF, -INF, 1.0, 1.0, 1.0], [1.0] * 6], [1.0, 1.0, 1.0, INF, NAN, -INF]
    kinds = {
        "adam": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.9, 0.999), eps=1e-8),
        "adam_decay": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.5, 0.999), eps=1e-8, weight_decay=0.1),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
        "adadelta": lambda p: torch.optim.Adadelta(p, lr=1.0, rho=0.95, eps=1e-7),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.1, alpha=0.9, eps=1e-8),
    }
    for name, make in kinds.items():
        p = torch.tensor(start, requires_grad=True)
        optimiser = make([p])
        for g in gradients:
            p.grad = torch.tensor(g)
            optimiser.step()
        cases[f"optimiser_{name}"] = [{"shape": [6], "x": numbers(torch.tensor(start)), "gradients": [numbers(torch.tensor(g)) for g in gradients], "y": numbers(p)}]
    for g in [[INF, 1.0], [NAN, 1.0], [3.0, 4.0]]:
        p = torch.zeros(2, requires_grad=True)
        p.grad = torch.tensor(g)
        norm = torch.nn.utils.clip_grad_norm_([p], 1.0)
        cases.setdefault("clip", []).append({"shape": [2], "x": numbers(torch.tensor(g)), "norm": numbers(norm), "y": numbers(p.grad)})


def outliers():
    """Numbers near one thousandth and a single one of ten thousand: what a norm gives at the outlier and beside it, in float64."""
    n, h, w, c = 2, 48, 48, 3
    i = torch.arange(n * h * w * c, dtype=torch.float64)
    ordinary = ((i * 7919 % 1013 - 506) / 1e6 + 1e-3).float().reshape(n, h, w, c)
    for at in [0, 1, 67, 69, 2303, n * h * w - 1]:
        x = ordinary.clone()
        x.view(-1, c)[at] = 1e4
        wide = x.double().permute(0, 3, 1, 2)
        for name, f in {"batch": lambda x: F.batch_norm(x, None, None, None, None, True), "instance": F.instance_norm, "layer": lambda x: F.layer_norm(x, x.shape[1:])}.items():
            y = f(wide).permute(0, 2, 3, 1).reshape(-1, c)
            places = [at, (at + 1) % len(y), (at + 100) % len(y)]
            cases.setdefault(f"outlier_{name}", []).append({"shape": [n, h, w, c], "at": at, "places": places, "y": numbers(y[places])})


if __name__ == "__main__":
    only = arguments(__doc__).only
    torch.manual_seed(20)
    for theme in [functions, losses, norms, maps, optimisers, outliers]:
        theme()
    known(only, cases)
    cases = merged(stored(OUT), cases, only)
    lines = [f'"{name}": [\n' + ",\n".join(json.dumps(c, separators=(",", ":")) for c in some) + "\n]" for name, some in cases.items()]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
