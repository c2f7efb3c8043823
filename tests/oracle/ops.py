"""Reference values and gradients of tensor operations, for stages/ops/tests/oracle.rs.

Made with Python 3.11+, torch 2.15.0 (CPU, float32). Run from anywhere:

    python tests/oracle/ops.py

Writes one safetensors file per theme to stages/ops/tests/oracle/. Names are `<operation>.<case>.<tensor>`; `d<tensor>` is the
gradient of `sum(y * q)` by that tensor, `dd<tensor>` the gradient of the sum of the squares of these gradients (by `q`, too),
where a second order is claimed; `geometry` holds the integer parameters, `numbers` the others. Tensors are in torch's order.
`--only OPERATION` writes one (see fixtures.py); all are computed, since those of a theme draw from one generator.
"""

import torch
import torch.nn.functional as F
from fixtures import OPS, arguments, known, load, merged, save

OUT = OPS / "oracle"


def leaf(*shape):
    return torch.randn(shape).requires_grad_()


def put(out, prefix, named, y, geometry=None, numbers=None, second=False):
    """Stores inputs `named`, `y`, a random `q` and the gradients of `sum(y * q)`; of second order if asked for."""
    q = torch.randn_like(y).requires_grad_(second)
    inputs = list(named.values())
    gradients = torch.autograd.grad((y * q).sum(), inputs, create_graph=second)
    out |= {f"{prefix}.{n}": t for n, t in named.items()} | {f"{prefix}.y": y, f"{prefix}.q": q}
    out |= {f"{prefix}.d{n}": g for n, g in zip(named, gradients)}
    if second:
        penalty = sum(g.square().sum() for g in gradients)
        for n, g in zip([*named, "q"], torch.autograd.grad(penalty, [*inputs, q], allow_unused=True)):
            if g is not None:
                out[f"{prefix}.dd{n}"] = g
    if geometry is not None:
        out[f"{prefix}.geometry"] = torch.tensor(geometry)
    if numbers is not None:
        out[f"{prefix}.numbers"] = torch.tensor(numbers)


def convolutions(out):
    sizes = [(9, 7), (7, 11), (8, 9)]
    cases = []
    for k in (1, 3, 4, 5, 7):
        for stride in (1, 2, 3):
            for padding in range(4):
                h, w = sizes[len(cases) % 3]
                cases.append((2, 2, h, w, 2, k, stride, padding))
    cases += [
        (8, 2, 12, 12, 2, 3, 1, 1),  # a tile of seven samples and one of a single sample
        (3, 40, 6, 6, 3, 5, 1, 2),  # deep: input channels in several parts
        (1, 4, 70, 65, 1, 3, 1, 1),  # bands of rows
        (1, 3, 70, 65, 1, 7, 2, 3),  # bands of rows, of the gradients too
    ]
    for i, (n, ci, h, w, co, k, stride, padding) in enumerate(cases):
        x, kernel = leaf(n, ci, h, w), leaf(co, ci, k, k)
        large = n * ci * h * w > 10_000
        if large:  # stored as bytes: (byte - 128) / 64
            stored = torch.randint(0, 256, (n, ci, h, w), dtype=torch.uint8)
            x = ((stored.float() - 128) / 64).requires_grad_()
        put(out, f"conv2d.{i}", {"x": x, "w": kernel}, F.conv2d(x, kernel, None, stride, padding), [stride, padding])
        if large:
            out[f"conv2d.{i}.x"] = stored
    transposed = [(4, 1, 0, 0), (4, 2, 1, 0), (3, 2, 1, 1), (5, 3, 2, 1)]
    shapes = [(3, 5, 1, 1, 4), (2, 3, 5, 7, 2), (9, 2, 5, 4, 3)]
    cases = [(shape, g) for g in transposed for shape in shapes]
    for i, ((n, ci, h, w, co), (k, stride, padding, extra)) in enumerate(cases):
        x, kernel = leaf(n, ci, h, w), leaf(ci, co, k, k)
        y = F.conv_transpose2d(x, kernel, None, stride, padding, extra)
        put(out, f"conv_transpose2d.{i}", {"x": x, "w": kernel}, y, [stride, padding, extra])


def pools(out):
    for i, (k, stride, padding) in enumerate([(2, 2, 0), (3, 2, 1), (3, 1, 1)]):
        # Few levels, so that most windows have ties; some maps are all negative, so that zero padding would show.
        x = torch.randint(-3, 2, (2, 2, 9, 7)).float()
        x[1, 1] -= 5
        x.requires_grad_()
        put(out, f"max_pool2d.{i}", {"x": x}, F.max_pool2d(x, k, stride, padding), [k, stride, padding])
    for i, (k, stride, padding, inside) in enumerate([(2, 2, 0, 0), (3, 1, 1, 0), (3, 1, 1, 1), (5, 3, 2, 1), (3, 2, 0, 0)]):
        x = leaf(2, 3, 9, 7)
        y = F.avg_pool2d(x, k, stride, padding, count_include_pad=bool(inside))
        put(out, f"avg_pool2d.{i}", {"x": x}, y, [k, stride, padding, inside], second=True)
    x = leaf(3, 2, 5, 3)
    put(out, "average.0", {"x": x}, x.mean((2, 3)), second=True)
    for i, scale in enumerate([2, 3]):
        x = leaf(2, 3, 3, 5)
        put(out, f"nearest.{i}", {"x": x}, F.interpolate(x, scale_factor=scale, mode="nearest"), [scale], second=True)
    for i, (h, w, corners) in enumerate([(6, 10, 0), (7, 4, 0), (6, 10, 1), (2, 13, 1), (1, 1, 0)]):
        x = leaf(2, 3, 3, 5)
        y = F.interpolate(x, (h, w), mode="bilinear", align_corners=bool(corners))
        put(out, f"bilinear.{i}", {"x": x}, y, [h, w, corners], second=True)
    for i, p in enumerate([1, 3, 4]):
        x = leaf(2, 3, 5, 7)
        put(out, f"reflect.{i}", {"x": x}, F.pad(x, (p, p, p, p), mode="reflect"), [p], second=True)
    x = leaf(2, 3, 5, 7)
    put(out, "zero_pad.0", {"x": x}, F.pad(x, (2, 0, 1, 3)), [1, 3, 2, 0], second=True)
    for i, (up, down, before, after, taps) in enumerate(
        [(1, 1, 1, 2, [1, 3, 3, 1]), (2, 1, 2, 1, [1, 3, 3, 1]), (1, 2, 1, 1, [1, 3, 3, 1]), (3, 2, -1, 4, [1, 2, 5]), (1, 2, 2, 2, [1, 4, 2, 0, 3])]
    ):
        x, f = leaf(2, 3, 6, 7), torch.tensor(taps) / sum(taps)
        put(out, f"upfirdn.{i}", {"x": x}, upfirdn(x, f, up, down, before, after), [up, down], [before, after, *f.tolist()], second=True)
    for i, (h, w) in enumerate([(6, 7), (4, 9)]):
        x, theta = leaf(3, 2, 6, 7), torch.randn(3, 2, 3) * 0.5
        theta[:, 0, 0] += 1
        theta[:, 1, 1] += 1
        y = F.grid_sample(x, F.affine_grid(theta.double(), (3, 2, h, w), align_corners=False).float(), align_corners=False)
        put(out, f"affine.{i}", {"x": x}, y, [h, w], theta.flatten().tolist(), second=True)


def upfirdn(x, f, up, down, before, after):
    """As NVlabs' reference: zeros between, zeros around (or cropped), convolution with the filter in both directions, every n-th."""
    n, c, h, w = x.shape
    x = F.pad(x.reshape(n, c, h, 1, w, 1), [0, up - 1, 0, 0, 0, up - 1]).reshape(n, c, h * up, w * up)
    x = F.pad(x, [before, after, before, after])
    kernel = f.flip(0).repeat(c, 1, 1, 1)
    x = F.conv2d(F.conv2d(x, kernel.reshape(c, 1, -1, 1), groups=c), kernel.reshape(c, 1, 1, -1), groups=c)
    return x[:, :, ::down, ::down]


def activations(out):
    for i, slope in enumerate([0.2, 0.01, 0.0]):
        x = torch.randn(2, 3, 5, 4)
        x.view(-1)[::4] = 0.0
        x.view(-1)[1::8] = -0.0
        x.requires_grad_()
        put(out, f"leaky_relu.{i}", {"x": x}, F.leaky_relu(x, slope), numbers=[slope])
        # Not zero, where a second order of penalties would depend on the rounding of a sum.
        x = (torch.rand(2, 3, 5, 4) + 0.1) * torch.randn(2, 3, 5, 4).sign()
        put(out, f"leaky_relu.{i + 3}", {"x": x.requires_grad_()}, F.leaky_relu(x, slope), numbers=[slope])
    wide = lambda: (torch.randn(3, 2, 5, 7) * 4).requires_grad_()
    for name, f in {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": F.softplus, "exp": torch.exp}.items():
        x = wide()
        put(out, f"{name}.0", {"x": x}, f(x), second=True)
    for name, f in {"sqrt": torch.sqrt, "ln": torch.log, "reciprocal": torch.reciprocal, "power": lambda x: x**1.7}.items():
        x = (torch.rand(3, 2, 5, 7) + 0.3).requires_grad_()
        put(out, f"{name}.0", {"x": x}, f(x), second=True)
    x = wide()
    put(out, "abs.0", {"x": x}, x.abs())
    shapes = [((2, 3, 5, 4),) * 2, ((2, 3, 5, 4), (3, 1, 1)), ((2, 3, 5, 4), (2, 3, 1, 1)), ((2, 1, 1, 1), (2, 3, 5, 4)), ((), (2, 3, 5, 4)), ((4, 3, 1, 1), (1, 3, 2, 5))]
    for i, (a, b) in enumerate(shapes):
        for name, f in {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div}.items():
            x, w = leaf(*a), (torch.rand(b) + 0.5).requires_grad_()
            put(out, f"{name}.{i}", {"x": x, "w": w}, f(x, w), second=True)


def norms(out):
    for i, (shape, offset) in enumerate([((4, 3, 5, 7), 0.5), ((5, 3, 1, 1), 0.0), ((1, 1, 70, 65), 3.0)]):
        c = shape[1]
        x, w, b = (torch.randn(shape) * 2 + offset).requires_grad_(), leaf(c), leaf(c)
        mean, variance = torch.zeros(c), torch.zeros(c)
        # Momentum 1: the running statistics become those of the batch, with the unbiased variance.
        put(out, f"batch_norm.{i}", {"x": x, "w": w, "b": b}, F.batch_norm(x, mean, variance, w, b, True, 1.0, 1e-5))
        out |= {f"batch_norm.{i}.mean": mean, f"batch_norm.{i}.variance": variance}
    x, w, b, mean, variance = leaf(3, 4, 5, 3), leaf(4), leaf(4), torch.randn(4), torch.rand(4) + 0.1
    put(out, "batch_norm_fixed.0", {"x": x, "w": w, "b": b}, F.batch_norm(x, mean, variance, w, b, False, 0.1, 1e-5), second=True)
    out |= {"batch_norm_fixed.0.mean": mean, "batch_norm_fixed.0.variance": variance}
    x, w, b, mean, variance, add = leaf(3, 4, 5, 3), leaf(4), leaf(4), torch.randn(4), torch.rand(4) + 0.1, leaf(3, 4, 5, 3)
    y = F.relu(F.batch_norm(x, mean, variance, w, b, False, 0.1, 1e-3) + add)
    put(out, "batch_norm_fixed_add_relu.0", {"x": x, "w": w, "b": b, "add": add}, y)
    out |= {"batch_norm_fixed_add_relu.0.mean": mean, "batch_norm_fixed_add_relu.0.variance": variance}
    # A large mean: sums of squares would cancel.
    x, w, b, add = (torch.randn(4, 3, 5, 7) + 300).requires_grad_(), leaf(3), leaf(3), leaf(4, 3, 5, 7)
    put(out, "batch_norm_far.0", {"x": x, "w": w, "b": b}, F.batch_norm(x.double(), None, None, w.double(), b.double(), True).float())
    x, w, b, add = leaf(4, 3, 5, 7), leaf(3), leaf(3), leaf(4, 3, 5, 7)
    normal = lambda: F.batch_norm(x, None, None, w, b, True)
    put(out, "batch_norm_leaky.0", {"x": x, "w": w, "b": b}, F.leaky_relu(normal(), 0.2))
    put(out, "batch_norm_add_relu.0", {"x": x, "w": w, "b": b, "add": add}, F.relu(normal() + add))
    for i, (n, c, h, k) in enumerate([(3, 4, 5, 7), (2, 70, 3, 2), (2, 3, 9, 9)]):
        x, w, b = leaf(n, c, h, k), leaf(c), leaf(c)
        put(out, f"instance_norm.{i}", {"x": x, "w": w, "b": b}, F.instance_norm(x, None, None, w, b), second=True)
        x = leaf(n, c, h, k)
        put(out, f"instance_norm_plain.{i}", {"x": x}, F.relu(F.instance_norm(x)), second=True)
        x, w, b = leaf(n, c, h, k), leaf(c), leaf(c)
        put(out, f"layer_norm.{i}", {"x": x, "w": w, "b": b}, F.layer_norm(x, x.shape[1:]) * w.view(-1, 1, 1) + b.view(-1, 1, 1), second=True)
        x, w, b = leaf(n, c, h, k), leaf(1), leaf(1)
        # keras-contrib's InstanceNormalization() as it is by default: one mean, one deviation, one scale and one shift for a sample.
        mean, std = x.mean((1, 2, 3), keepdim=True), x.var((1, 2, 3), unbiased=False, keepdim=True).sqrt()
        put(out, f"keras_norm.{i}", {"x": x, "w": w, "b": b}, (x - mean) / (std + 1e-3) * w + b, second=True)
    x, b = leaf(2, 5, 3, 4), leaf(5)
    put(out, "bias_leaky.0", {"x": x, "b": b}, F.leaky_relu(x + b.view(-1, 1, 1), 0.2), second=True)
    x, b = leaf(2, 5, 3, 4), leaf(5)
    put(out, "bias.0", {"x": x, "b": b}, x + b.view(-1, 1, 1), second=True)
    x, w, b = leaf(5, 7), leaf(3, 7), leaf(3)
    put(out, "linear.0", {"x": x, "w": w, "b": b}, F.linear(x, w, b), second=True)


def losses(out):
    usual = torch.cat([torch.tensor([50.0, -50.0, 1e-3, -1e-3]), torch.randn(13) * 3])
    zeros = torch.tensor([0.0, -0.0, 1.0, -2.0, 0.0])
    confident = torch.rand(16) * 4 + 8
    for i, (name, logits, target) in enumerate(
        [("usual", usual, 0.0), ("usual", usual, 1.0), ("usual", usual, 0.9), ("zero", zeros, 0.0), ("zero", zeros, 1.0), ("confident", confident, 1.0)]
    ):
        x = logits.clone().requires_grad_()
        loss = F.binary_cross_entropy_with_logits(x, torch.full_like(x, target))
        loss.backward()
        out |= {f"bce_{name}.{i}.x": x, f"bce_{name}.{i}.target": torch.tensor([target]), f"bce_{name}.{i}.loss": loss, f"bce_{name}.{i}.dx": x.grad}
    weights = torch.tensor([0.5, 2.0, 1.0, 3.0])
    for i, (n, k, scale, weighted, smoothing, gamma) in enumerate(
        [(7, 3, 1.0, 0, 0.0, 0.0), (5, 4, 40.0, 0, 0.0, 0.0), (1, 2, 1.0, 0, 0.0, 0.0), (9, 4, 2.0, 1, 0.0, 0.0), (9, 4, 2.0, 1, 0.1, 0.0), (9, 3, 2.0, 0, 0.2, 0.0), (9, 4, 2.0, 1, 0.0, 2.0), (6, 3, 1.0, 0, 0.0, 1.5)]
    ):
        x, targets = (torch.randn(n, k) * scale).requires_grad_(), torch.randint(0, k, (n,))
        w = weights[:k] if weighted else torch.ones(k)
        loss = F.cross_entropy(x, targets, w, label_smoothing=smoothing)
        if gamma:
            log_p = F.log_softmax(x, 1).gather(1, targets[:, None])[:, 0]
            loss = -(w[targets] * (1 - log_p.exp()) ** gamma * log_p).sum() / w[targets].sum()
        put(out, f"cross_entropy.{i}", {"x": x}, loss, numbers=[smoothing, gamma, *(w.tolist() if weighted else [])], second=scale < 10)
        out[f"cross_entropy.{i}.targets"] = targets
    for i, target in enumerate([0.0, 1.0]):
        x = leaf(7)
        put(out, f"squared.{i}", {"x": x}, F.mse_loss(x, torch.full_like(x, target)), numbers=[target], second=True)
        x = (torch.randn(9) * 2).requires_grad_()
        put(out, f"hinge.{i}", {"x": x}, F.relu(1 - x if target else 1 + x).mean(), numbers=[target])
    x, w = leaf(3, 2, 4, 4), leaf(3, 2, 4, 4)
    put(out, "absolute.0", {"x": x, "w": w}, F.l1_loss(x, w))


def optimisers(out):
    x, y = torch.randn(12, 4), torch.randn(12, 3)
    start = {"a": torch.randn(4, 5), "b": torch.randn(5, 3), "c": torch.randn(3)}
    out |= {"optimiser.x": x, "optimiser.y": y} | {f"optimiser.{n}": t for n, t in start.items()}
    kinds = {
        "adam5": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.5, 0.999), eps=1e-8),
        "adam9": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.9, 0.999), eps=1e-8),
        "nesterov": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
        "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.05),
    }
    # Rates at which rounding does not grow: RMSprop at 0.01 is 5e-3 from itself in float64 after fifty steps.
    kinds |= {
        "adam_decay": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.0, 0.99), eps=1e-7, weight_decay=0.03),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.05, weight_decay=0.01),
        "adadelta": lambda p: torch.optim.Adadelta(p, lr=1.0, rho=0.95, eps=1e-7),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.001, alpha=0.9, eps=1e-8),
        "rmsprop_torch": lambda p: torch.optim.RMSprop(p, lr=0.001, alpha=0.99, eps=1e-8),
        "groups": lambda p: torch.optim.Adam([{"params": p[:1], "lr": 0.001}, {"params": p[1:2], "lr": 0.0}, {"params": p[2:]}], lr=0.01),
        "clipped": lambda p: torch.optim.SGD(p, lr=0.1),
    }
    for kind, make in kinds.items():
        p = {n: t.clone().requires_grad_() for n, t in start.items()}
        optimiser = make(list(p.values()))
        for step in range(1, 51):
            optimiser.zero_grad()
            (((x @ p["a"]).tanh() @ p["b"] + p["c"] - y) ** 2).mean().backward()
            if kind == "clipped":
                norm = torch.nn.utils.clip_grad_norm_(list(p.values()), 0.5)
                out[f"clipped.{step}.norm"] = norm
            optimiser.step()
            if step in (1, 50):
                out |= {f"{kind}.{step}.{n}": t.detach().clone() for n, t in p.items()}


def second_order(out):
    """Penalties on first gradients of a small network, and the gradients of these penalties."""
    x, w1, w2, w3 = leaf(3, 2, 8, 6), leaf(4, 2, 4, 4), leaf(4, 3, 4, 4), leaf(2, 3, 3, 3)
    a1 = F.conv2d(x, w1, None, 2, 1)
    a2 = F.conv_transpose2d(F.leaky_relu(a1, 0.2), w2, None, 2, 1)
    y = F.conv2d(F.leaky_relu(a2, 0.2), w3, None, 1, 0)
    # No value so near zero that rounding decides its sign.
    assert min(a1.abs().min(), a2.abs().min()) > 1e-4, (a1.abs().min(), a2.abs().min())
    named = {"x": x, "w1": w1, "w2": w2, "w3": w3}
    out |= {f"second.{n}": t for n, t in named.items()}
    # R1 as in GANs: |d sum(D(x)) / dx|². By kernels only: D is piecewise linear in x.
    r1 = torch.autograd.grad(y.sum(), x, create_graph=True)[0].square().sum()
    out["second.r1"] = r1
    out |= {f"second.r1.d{n}": g for n, g in zip(("w1", "w2", "w3"), torch.autograd.grad(r1, [w1, w2, w3], retain_graph=True))}
    # Gradients with respect to kernels, penalised: the kernel gradient's own gradients.
    first = torch.autograd.grad(y.square().sum() / 1000, list(named.values()), create_graph=True)
    penalty = sum(g.square().sum() for g in first)
    out["second.all"] = penalty
    out |= {f"second.all.d{n}": g for n, g in zip(named, torch.autograd.grad(penalty, list(named.values())))}


def windows(out):
    """Convolutions with oblong kernels, dilation and groups; channels that reach every width of a product."""
    cases = [
        (2, 3, 9, 8, 5, (1, 7), (1, 1), (0, 3), (1, 1), 1),
        (2, 9, 8, 9, 6, (7, 1), (1, 2), (3, 0), (1, 1), 1),
        (1, 4, 11, 10, 6, (3, 3), (1, 1), (2, 2), (2, 2), 2),
        (2, 6, 9, 7, 6, (3, 3), (2, 1), (1, 1), (1, 1), 6),
        (2, 12, 7, 7, 8, (3, 2), (2, 2), (1, 0), (1, 2), 4),
        (1, 10, 5, 6, 70, (3, 3), (1, 1), (1, 1), (1, 1), 1),
        (2, 70, 4, 4, 10, (2, 2), (2, 2), (0, 0), (1, 1), 1),
        (1, 2, 10, 9, 3, (3, 3), (3, 3), (0, 0), (1, 1), 1),
        (3, 34, 2, 3, 36, (1, 1), (1, 1), (0, 0), (1, 1), 2),
        (2, 3, 12, 12, 4, (3, 5), (2, 2), (2, 4), (2, 2), 1),
    ]
    for i, (n, ci, h, w, co, kernel, stride, padding, dilation, groups) in enumerate(cases):
        x, k = leaf(n, ci, h, w), leaf(co, ci // groups, *kernel)
        y = F.conv2d(x, k, None, stride, padding, dilation, groups)
        put(out, f"window.{i}", {"x": x, "w": k}, y, [*stride, *padding, *dilation, groups, 0, 0], second=True)
    transposed = [
        (2, 6, 4, 5, 4, (3, 3), (2, 2), (1, 1), (1, 1), 2, (1, 1)),
        (1, 4, 5, 4, 6, (3, 2), (1, 2), (0, 0), (2, 1), 1, (0, 1)),
        (2, 5, 3, 3, 40, (4, 4), (2, 2), (1, 1), (1, 1), 1, (0, 0)),
        (1, 3, 4, 4, 3, (2, 2), (3, 3), (0, 0), (1, 1), 3, (1, 0)),
    ]
    for i, (n, ci, h, w, co, kernel, stride, padding, dilation, groups, extra) in enumerate(transposed):
        x, k = leaf(n, ci, h, w), leaf(ci, co // groups, *kernel)
        y = F.conv_transpose2d(x, k, None, stride, padding, extra, groups, dilation)
        put(out, f"window_transposed.{i}", {"x": x, "w": k}, y, [*stride, *padding, *dilation, groups, *extra], second=True)


def transformers(out):
    wide = lambda *shape: (torch.randn(shape) * 4).requires_grad_()
    for name, f in {"erf": torch.erf, "gelu": F.gelu}.items():
        x = wide(3, 2, 5, 7)
        put(out, f"{name}.0", {"x": x}, f(x), second=True)
    for i, shape in enumerate([(5, 7), (2, 3, 37), (1, 16)]):
        x = wide(*shape)
        put(out, f"softmax.{i}", {"x": x}, F.softmax(x, -1), second=True)


FILES = {
    "convolutions": [convolutions],
    "windows": [windows],
    "operations": [pools, activations, norms],
    "training": [losses, optimisers, second_order],
    "transformers": [transformers],
}


def main():
    only = arguments(__doc__).only
    torch.set_num_threads(1)
    operation = lambda name: name.split(".")[0]
    seed, made = 20260, {}
    for name, parts in FILES.items():
        made[name] = {}
        for part in parts:
            torch.manual_seed(seed := seed + 1)
            part(made[name])
    known(only, sorted({operation(n) for out in made.values() for n in out}))
    for name, out in made.items():
        path = OUT / f"{name}.safetensors"
        out = merged(load(path), out, only, operation)
        save(path, out)
        print(f"{name}: {len(out)} tensors, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
