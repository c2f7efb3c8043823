"""Writes the fixture of the tests of extractors: features of whole images, and the distances that follow from them.

Made with Python 3.11, torch 2.15.0, torchvision 0.29.2, pytorch-fid 0.3.0, torch-fidelity 0.4.0, torchxrayvision 1.5.7
and transformers 5.24.0, on the CPU. Run from anywhere:

    python tests/oracle/extractors.py

Writes stages/tests/oracle/extractors.json. Weights and images are not stored: both sides make them, weights from the names of
their tensors (see networks.py), images with `grey`. Per extractor: `small` and `large`, every 16th feature of one image that is
enlarged and of one that is reduced. Of Inception, `fid` of 32 images against 32 others by the program of pytorch-fid, which
reads them from PNG files; `exact`, the same from its features without a root of a singular matrix; `kid` by torch-fidelity from
all images; and `score`, the inception score of all 64 by the plain formula from logits without bias. Of `tiny-dinov2`, a network of
two blocks, `class` is the class token of two images, and `tokens` every seventh number of all tokens. `--only KEY` writes one of
`inception`, `resnet50`, `densenet121`, `torchxrayvision`, `rad-dino` and `tiny-dinov2` (see fixtures.py).
"""

import json
import os
import tempfile
from pathlib import Path
from unittest import mock

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from fixtures import STAGES, arguments, merged, stored
from networks import fid_inception, filled, tensor, usual
from PIL import Image
from quality import frechet, inception, kernel

KEYS = ["inception", "resnet50", "densenet121", "torchxrayvision", "rad-dino", "tiny-dinov2"]
SMALL, LARGE = 64, 320
SETS, COUNT = 2, 32
STEP = 16
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def grey(of, i, side):
    """Greys of image `i` of set `of`: stripes and curves in whole numbers."""
    y, x = np.mgrid[:side, :side]
    return ((x * (3 + i % 5) + y * (2 + i % 7) * (1 + of) + x * y * (i % 3 + 1) // 16 + i * 29 + of * 91) * 64 // side % 256).astype(np.uint8)


def colours(image):
    """[1, 3, side, side] in [0, 1]."""
    return torch.from_numpy(image)[None, None].float().div(255).expand(1, 3, -1, -1)


def both(features):
    """`small` and `large` of a function that takes greys."""
    of = lambda side: features(grey(1, 5, side)).double().flatten()[::STEP].tolist()
    return {"small": of(SMALL), "large": of(LARGE)}


def of_inception():
    from pytorch_fid import fid_score
    from pytorch_fid import inception as fid
    from torch_fidelity.metric_kid import kid_features_to_metric

    whole = filled("extractors.inception", fid_inception()).eval()
    with mock.patch.object(fid, "load_state_dict_from_url", lambda *a, **k: whole.state_dict()):
        model = fid.InceptionV3().eval()
        with tempfile.TemporaryDirectory() as directory:
            paths = [Path(directory) / str(of) for of in range(SETS)]
            for of, path in enumerate(paths):
                path.mkdir()
                for i in range(COUNT):
                    Image.fromarray(grey(of, i, SMALL)).save(path / f"{i:02}.png")
            sets = [fid_score.get_activations(sorted(p.iterdir()), model, 8, num_workers=0) for p in paths]
            value = fid_score.calculate_fid_given_paths([str(p) for p in paths], 8, "cpu", 2048, num_workers=0)
    exact = frechet(*sets)["nuclear"]
    own = {"kid_subsets": 1, "kid_subset_size": COUNT}
    kid = kid_features_to_metric(*map(torch.from_numpy, sets), **own)["kernel_inception_distance_mean"]
    assert abs(kid / kernel(*sets)["value"] - 1) < 1e-9
    logits = np.concatenate(sets) @ whole.fc.weight.detach().double().numpy().T
    powers = np.exp(logits - logits.max(1, keepdims=True))
    score = inception(powers / powers.sum(1, keepdims=True))
    print(f"inception: fid {value}, exact {exact}, kid {kid}, score {score}")
    return both(lambda image: model(colours(image))[0]) | {"fid": value, "exact": exact, "kid": kid, "score": score["value"]}


def imagenet(image):
    x = torchvision.transforms.functional.resize(colours(image), [224, 224], antialias=True)
    return torchvision.transforms.functional.normalize(x, MEAN, STD)


def of_resnet50():
    network = filled("extractors.resnet50", torchvision.models.resnet50()).eval()
    network.fc = torch.nn.Identity()
    return both(lambda image: network(imagenet(image)))


def of_densenet121():
    network = filled("extractors.densenet121", torchvision.models.densenet121()).eval()
    return both(lambda image: F.adaptive_avg_pool2d(F.relu(network.features(imagenet(image))), 1))


def of_torchxrayvision():
    import torchxrayvision as xrv

    network = filled("extractors.torchxrayvision", xrv.models.DenseNet()).eval()
    # As weights of the package set it.
    network.input_resolution = 224
    return both(lambda image: network.features2(torch.from_numpy(xrv.utils.normalize(image, 255))[None, None]))


def dinov2(key, **sizes):
    """A `Dinov2Model` from a file of these sizes, with the names that files have: those of the module are others."""
    from safetensors.torch import load_file, save_file
    from transformers import Dinov2Config, Dinov2Model

    with tempfile.TemporaryDirectory() as directory:
        Dinov2Model(Dinov2Config(patch_size=14, **sizes)).save_pretrained(directory)
        file = Path(directory) / "model.safetensors"
        save_file({n: usual(key, n, tuple(t.shape)) for n, t in load_file(file).items()}, file, {"format": "pt"})
        return Dinov2Model.from_pretrained(directory).eval()


def of_rad_dino():
    from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil

    network = dinov2("extractors.rad-dino", image_size=518)
    # The numbers of preprocessor_config.json of microsoft/rad-dino.
    prepared = BitImageProcessorPil(size={"shortest_edge": 518}, crop_size={"height": 518, "width": 518}, resample=3, image_mean=[0.5307] * 3, image_std=[0.2583] * 3)
    of = lambda image: prepared(Image.fromarray(image).convert("RGB"), return_tensors="pt")["pixel_values"]
    return both(lambda image: network(of(image)).pooler_output)


def of_tiny_dinov2():
    network = dinov2("extractors.tiny-dinov2", image_size=42, hidden_size=32, num_hidden_layers=2, num_attention_heads=4)
    found = network(tensor("extractors.tiny-dinov2.x", (2, 3, 42, 42)))
    plain = lambda t: t.double().flatten().tolist()
    return {"class": plain(found.pooler_output), "tokens": plain(found.last_hidden_state)[::7]}


if __name__ == "__main__":
    only = arguments(__doc__, KEYS).only
    path = STAGES / "extractors.json"
    torch.set_grad_enabled(False)
    found = {key: globals()[f"of_{key.replace('-', '_')}"]() for key in KEYS if not only or key in only}
    path.write_text(json.dumps(merged(stored(path), found, only), separators=(",", ":")) + "\n")
