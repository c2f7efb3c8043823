"""Twenty training steps of every adversarial network and classifier, for the tests of the networks in stages.

Made with the versions that `networks.py` names, whose networks and numbers these are. Run from anywhere:

    python tests/oracle/steps.py --diffaugment CHECKOUT/DiffAugment-stylegan2-pytorch
    python tests/oracle/steps.py --only dcgan

The second computes one network (see fixtures.py); StyleGAN2 alone needs the checkout.

Writes `stages/tests/oracle/steps.json`: for each network, step by step, what was made small. Weights, images, noise and what
else is drawn are made on both sides from names. Dropout is off: the masks of two libraries cannot be the same. StyleGAN2's
losses are those of the reference's own `training/loss.py`, in the order of its `training_loop.py`; the orders of the others
are written out here after the references named in `stages/src/adversarial`. Where torch can, the same is done in float64
(`….64`): how far float32 drifts from it is the noise of the comparison.
"""

import copy
import json
import sys

import networks as nets
import torch
import torch.nn.functional as F
import torchvision
from fixtures import STAGES, arguments, key_of, merged, stored
from networks import Discriminator, Generator, KERAS, Model, equalised, filled, numbers, patchgan, tensor, usual, zhu_generator

STEPS = 20


def calm(key, name, shape):
    """Weights that twenty steps do not drive apart: kernels of translation networks as Zhu et al. begin, last layers and the
    scales that end residual branches small. As in a new ResNet-50 otherwise, float32 is 200 % from float64 after 20 steps."""
    if key.startswith(("steps.cyclegan", "steps.pix2pix")) and len(shape) == 4:
        return tensor(f"{key}.{name}", shape, 0.035)
    value = usual(key, name, shape)
    return value * 0.125 if name.startswith(("fc.", "classifier.")) or name.endswith("bn3.weight") else value


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def mse(logits, target):
    return F.mse_loss(logits, torch.full_like(logits, target))


def images(key, step, name, shape, kind=torch.float32):
    return tensor(f"steps.{key}.{step}.{name}", shape).to(kind)


def adam(parameters, lr=2e-4, betas=(0.5, 0.999), eps=1e-8):
    return torch.optim.Adam(list(parameters), lr=lr, betas=betas, eps=eps)


def move(optimiser, loss):
    optimiser.zero_grad(), loss.backward(), optimiser.step()


def both(out, key, run):
    out[key], out[f"{key}.64"] = run(torch.float32), run(torch.float64)
    worst = max(abs(a - b) / max(abs(b), 0.1) for x, y in zip(out[key], out[f"{key}.64"]) for a, b in zip(x, y))
    print(f"{key}: {out[key][-1]}, float32 from float64 at most {worst:.1e}", flush=True)


def dcgan(kind):
    g, d = filled("steps.dcgan.g", Generator(), calm).to(kind).train(), filled("steps.dcgan.d", Discriminator(), calm).to(kind).train()
    of_g, of_d, seen = adam(g.parameters()), adam(d.parameters()), []
    for step in range(1, STEPS + 1):
        fake = g(images("dcgan", step, "z", (8, 16, 1, 1), kind))
        d_loss = bce(d(images("dcgan", step, "real", (8, 1, 32, 32), kind)), 1.0) + bce(d(fake.detach()), 0.0)
        move(of_d, d_loss)
        g_loss = bce(d(fake), 1.0)
        move(of_g, g_loss)
        seen.append([d_loss.item(), g_loss.item()])
    return seen


def chosen(key, n):
    """The n-th choice of a pool of three: one of its images, or the new one."""
    u = numbers(f"steps.{key}.pool", n + 1)[n]
    return int((u + 1) / 2 * 3) if numbers(f"steps.{key}.coin", n + 1)[n] > 0 else None


class Pool:
    def __init__(self):
        self.images = []

    def exchange(self, image, choose):
        if len(self.images) < 3:
            self.images.append(image)
            return image
        at = choose()
        if at is None:
            return image
        old, self.images[at] = self.images[at], image
        return old


def cyclegan(kind):
    """As `optimize_parameters` of junyanz' `cycle_gan_model.py`."""
    there, back = (filled(f"steps.cyclegan.{n}", Model(zhu_generator(1, 2)), calm).to(kind) for n in ("there", "back"))
    of_from, of_to = (filled(f"steps.cyclegan.{n}", Model(patchgan(1, False)), calm).to(kind) for n in ("from", "to"))
    # A tenth of the usual rate. Adam's first steps are plus or minus the rate wherever a gradient is near zero: at 2e-4 and
    # least squares float32 is 5 % from float64 after 14 steps.
    of_g, of_d = (adam([*a.parameters(), *b.parameters()], 2e-5) for a, b in ((there, back), (of_from, of_to)))
    pools, draws, seen = (Pool(), Pool()), iter(range(1000)), []
    for step in range(1, STEPS + 1):
        a, b = (images("cyclegan", step, n, (1, 1, 64, 64), kind) for n in ("from", "to"))
        for d in (of_from, of_to):
            d.requires_grad_(False)
        made_b, made_a = there(a), back(b)
        adversarial = mse(of_to(made_b), 1.0) + mse(of_from(made_a), 1.0)
        cycle = 10 * (F.l1_loss(back(made_b), a) + F.l1_loss(there(made_a), b))
        identity = 5 * (F.l1_loss(there(b), b) + F.l1_loss(back(a), a))
        move(of_g, adversarial + cycle + identity)
        for d in (of_from, of_to):
            d.requires_grad_(True)
        total = 0
        for judge, real, made, pool in ((of_to, b, made_b, pools[0]), (of_from, a, made_a, pools[1])):
            shown = pool.exchange(made.detach(), lambda: chosen("cyclegan", next(draws)))
            total = total + 0.5 * (mse(judge(real), 1.0) + mse(judge(shown), 0.0))
        move(of_d, total)
        seen.append([v.item() for v in (total, adversarial + cycle + identity, adversarial, cycle, identity)])
    return seen


def keras_named(key, model):
    """Fills a Keras model; its trained tensors."""
    for layer in model.layers:
        for v in layer.weights:
            name = v.name if type(layer).__name__ == "WholeNorm" else KERAS[v.name]
            name = layer.name.replace("_", ".") + "." + name
            shape = tuple(v.shape[i] for i in (3, 2, 0, 1)) if len(v.shape) == 4 else tuple(v.shape)
            value = calm(key, name, shape)
            v.assign(value.permute(2, 3, 1, 0) if len(v.shape) == 4 else value)
    return [v.value for v in model.trainable_weights]


def keras_forward(model):
    turn = lambda x: x.permute(0, 2, 3, 1)
    return lambda *x: model([turn(v) for v in x] if len(x) > 1 else turn(x[0]), training=True).permute(0, 3, 1, 2)


def zunair():
    """In the order of `train_cyclegan.ipynb`: d_A on real, on made, d_B on real, on made, then the combined model."""
    built = {n: nets.keras_generator(3) for n in ("there", "back")} | {n: nets.keras_discriminator(3) for n in ("from", "to")}
    weights = {n: keras_named(f"steps.zunair.{n}", m) for n, m in built.items()}
    net = {n: keras_forward(m) for n, m in built.items()}
    of_g = adam([*weights["there"], *weights["back"]], 2e-5, eps=1e-7)
    of_d = {n: adam(weights[n], 2e-5, eps=1e-7) for n in ("from", "to")}
    seen = []
    for step in range(1, STEPS + 1):
        a, b = (images("zunair", step, n, (1, 3, 32, 32)) for n in ("from", "to"))
        made_b, made_a = net["there"](a), net["back"](b)
        total = 0.0
        for n, real, made in (("from", a, made_a), ("to", b, made_b)):
            for x, target in ((real, 1.0), (made.detach(), 0.0)):
                loss = mse(net[n](x), target)
                move(of_d[n], loss)
                total += loss.item()
        adversarial = mse(net["from"](made_a), 1.0) + mse(net["to"](made_b), 1.0)
        cycle = 10 * (F.l1_loss(net["back"](made_b), a) + F.l1_loss(net["there"](made_a), b))
        identity = F.l1_loss(net["back"](a), a) + F.l1_loss(net["there"](b), b)
        move(of_g, adversarial + cycle + identity)
        seen.append([total] + [v.item() for v in (adversarial + cycle + identity, adversarial, cycle, identity)])
    return seen


def pix2pix():
    """As `train_step` of TensorFlow's tutorial: both gradients from one forward pass, both applied."""
    g, d = nets.pix2pix_generator(1, 5), nets.pix2pix_discriminator(1)
    wg, wd = keras_named("steps.pix2pix.g", g), keras_named("steps.pix2pix.d", d)
    (of_g, of_d), (g, d), seen = (adam(wg, eps=1e-7), adam(wd, eps=1e-7)), (keras_forward(g), keras_forward(d)), []
    for step in range(1, STEPS + 1):
        x, y = (images("pix2pix", step, n, (2, 1, 64, 64)) for n in ("from", "to"))
        made = g(x)
        on_real, on_made = d(x, y), d(x, made)
        error = F.l1_loss(made, y)
        g_loss, d_loss = bce(on_made, 1.0) + 100 * error, bce(on_real, 1.0) + bce(on_made, 0.0)
        to_g, to_d = torch.autograd.grad(g_loss, wg, retain_graph=True), torch.autograd.grad(d_loss, wd)
        for optimiser, weights, gradients in ((of_g, wg, to_g), (of_d, wd, to_d)):
            for w, gradient in zip(weights, gradients):
                w.grad = gradient
            optimiser.step()
        seen.append([v.item() for v in (d_loss, g_loss, bce(on_made, 1.0), error)])
    return seen


def stylegan2(out, checkout):
    sys.path.insert(0, str(checkout))
    import DiffAugment_pytorch as diffaugment
    from training import loss as reference
    from training.networks import Discriminator as D
    from training.networks import Generator as G

    g = filled("stylegan2.steps.g", G(32, 0, 32, 32, 1, {"num_layers": 2}, {"channel_base": 1024}), equalised).train()
    d = filled("stylegan2.steps.d", D(0, 32, 1, channel_base=1024, epilogue_kwargs={"mbstd_group_size": 4}), equalised).train()
    average = copy.deepcopy(g).eval()
    calls = {name: iter(range(10_000)) for name in ("z", "mixed", "cut", "changes", "direction")}
    key = lambda name: f"steps.stylegan2.{name}{next(calls[name])}"
    rand, randint = torch.rand, torch.randint

    def changed(x, policy):
        rows = iter((tensor(key("changes"), (7, x.shape[0])) + 1) / 2)
        torch.rand = lambda *size, **_: next(rows).reshape(-1, 1, 1, 1)
        torch.randint = lambda low, high, size, **_: (low + (next(rows).double() * (high - low)).long()).reshape(size)
        try:
            return diffaugment.DiffAugment(x, policy)
        finally:
            torch.rand, torch.randint = rand, randint

    reference.DiffAugment = changed
    # Every fourth time styles are not mixed.
    def cut(self, low, high):
        cut.n = next(calls["cut"])
        return self.fill_(low + cut.n % (high - low))

    torch.Tensor.random_ = cut
    torch.rand = lambda *size, **_: torch.tensor(1.0 if cut.n % 4 == 3 else 0.0)
    mixed = {}

    def randn_like(x):
        if x.dim() == 2:
            return tensor(f"steps.stylegan2.mixed{cut.n}", x.shape, 3**0.5)
        return tensor(key("direction"), x.shape)

    torch.randn_like = randn_like
    rand = torch.rand
    seen, now = [], {}
    reference.training_stats.report = lambda name, value: now.__setitem__(name, float(value.detach().mean()))

    class Synthesis(torch.nn.Module):
        forward = staticmethod(lambda ws: g.synthesis(ws, noise_mode="const"))

    synthesis = Synthesis()
    loss = reference.StyleGAN2Loss("cpu", g.mapping, synthesis, d, diffaugment="color,translation,cutout")
    lazy = lambda every: every / (every + 1)
    # A tenth of the usual rate, for the reason given for CycleGAN; without momentum every step is plus or minus the rate.
    optimiser = lambda n, every: adam(n.parameters(), 2e-4 * lazy(every), tuple(b ** lazy(every) for b in (0.0, 0.99)))
    of = {g: optimiser(g, 4), d: optimiser(d, 16)}
    now |= {"Loss/D/reg": 0.0, "Loss/G/reg": 0.0}
    for batch in range(STEPS):
        real = tensor(f"steps.stylegan2.{batch + 1}.real", (8, 1, 32, 32))
        for phase, network, every in (("Gmain", g, 1), ("Greg", g, 4), ("Dmain", d, 1), ("Dreg", d, 16)):
            if batch % every:
                continue
            # The reference draws noise for R1, too, and leaves it unused.
            z = None if phase == "Dreg" else tensor(key("z"), (8, 32), 3**0.5)
            of[network].zero_grad(set_to_none=True)
            g.requires_grad_(network is g), d.requires_grad_(network is d)
            loss.accumulate_gradients(phase=phase, real_img=real, real_c=None, gen_z=z, gen_c=torch.zeros(8, 0), sync=True, gain=every)
            of[network].step()
        kept = 0.5 ** (8 / 10_000)
        for a, p in zip(average.parameters(), g.parameters()):
            a.data.copy_(p.data.lerp(a.data, kept))
        for a, p in zip(average.buffers(), g.buffers()):
            a.copy_(p)
        seen.append([now[n] for n in ("Loss/D/loss", "Loss/G/loss", "Loss/D/reg", "Loss/G/reg")])
    out["stylegan2"] = seen
    with torch.no_grad():
        z = tensor("steps.stylegan2.look", (2, 32), 3**0.5)
        out["stylegan2.average"] = average.synthesis(average.mapping(z, None), noise_mode="const").flatten()[::16].tolist()
    print(f"stylegan2: {seen[-1]}", flush=True)


def classifier(key, network, channels, side, rate):
    def run(kind):
        net = filled(f"steps.{key}", copy.deepcopy(network), calm).to(kind).train()
        sgd, seen = torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9, nesterov=True), []
        for step in range(1, STEPS + 1):
            x = (images(key, step, "films", (4, 1, side, side), kind) + 1) / 2
            loss = F.cross_entropy(net(x.expand(-1, channels, -1, -1)), torch.tensor([0, 1, 0, 1]))
            move(sgd, loss)
            seen.append([loss.item()])
        return seen

    return run


def alone(out, key, run):
    """Of Keras, which computes in float32 only."""
    out[key] = run()
    print(f"{key}: {out[key][-1]}", flush=True)


models = torchvision.models
CLASSIFIERS = {
    "smallcnn64": (nets.SmallCnn, 1, 16, 1e-2),
    "resnet18": (lambda: models.resnet18(num_classes=2), 3, 64, 1e-3),
    "resnet50": (lambda: models.resnet50(num_classes=2), 3, 64, 1e-3),
    "vgg16": (lambda: nets.VggMean(2), 3, 64, 1e-3),
    "densenet121": (lambda: models.densenet121(num_classes=2), 3, 64, 1e-4),
    "densenet201": (lambda: models.densenet201(num_classes=2), 3, 64, 1e-4),
}
KEYS = ["dcgan", "cyclegan", "zunair", "pix2pix", *CLASSIFIERS, "stylegan2"]


def main():
    found = arguments(__doc__, KEYS, diffaugment=True)
    wanted = [k for k in KEYS if not found.only or k in found.only]
    if "stylegan2" in wanted and not found.diffaugment:
        raise SystemExit("StyleGAN2 needs --diffaugment CHECKOUT/DiffAugment-stylegan2-pytorch")
    torch.set_num_threads(2)
    out = {}
    for key in wanted:
        if key in ("dcgan", "cyclegan"):
            both(out, key, {"dcgan": dcgan, "cyclegan": cyclegan}[key])
        elif key in ("zunair", "pix2pix"):
            alone(out, key, {"zunair": zunair, "pix2pix": pix2pix}[key])
        elif key in CLASSIFIERS:
            network, channels, side, rate = CLASSIFIERS[key]
            both(out, key, classifier(key, network(), channels, side, rate))
        else:
            stylegan2(out, found.diffaugment)
    path = STAGES / "steps.json"
    out = merged(stored(path), out, found.only, lambda name: key_of(name, KEYS))
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")


main()
