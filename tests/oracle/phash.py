"""Writes the fixture of the perceptual hash's test.

Run from anywhere:

    python tests/oracle/phash.py

Writes stages/tests/oracle/phash.json: images made of formulas and of a seeded generator, what Pillow
makes of each at 32 by 32 (LANCZOS), and the hash that ImageHash gives it.
Needs imagehash, numpy, scipy and a Pillow before 13: since then images that
are higher than wide are shrunk along columns first, which moves some greys by
one. `--only NAME` computes one image (see fixtures.py).
"""

import json

import imagehash
import numpy as np
import PIL
from fixtures import STAGES, arguments, merged, stored
from PIL import Image


def waves(width, height, seed):
    """Soft blobs and a gradient, with some noise: an image as a hash expects one."""
    stream = np.random.RandomState(seed)
    y, x = np.mgrid[0:height, 0:width] / [[[height]], [[width]]]
    grey = 40 + 60 * x + 30 * y
    for _ in range(9):
        centre, size, strength = stream.rand(2), 0.05 + 0.25 * stream.rand(), 120 * stream.randn()
        grey += strength * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * size**2))
    grey += stream.randn(height, width) * 4
    return grey.clip(0, 255).round().astype(np.uint8)


def noise(width, height, seed):
    return np.random.RandomState(seed).randint(0, 256, (height, width)).astype(np.uint8)


def edges(width, height):
    """Hard edges of black and white, where Lanczos overshoots and must be cut off."""
    y, x = np.mgrid[0:height, 0:width]
    return (((x * 7 // width + 2 * (y * 5 // height)) % 3 == 0) * 255).astype(np.uint8)


def main():
    assert int(PIL.__version__.split(".")[0]) < 13, "a Pillow before 13 is needed"
    images = {
        "waves of 40 by 52": waves(40, 52, 1),
        "waves of 32 by 32": waves(32, 32, 2),
        "waves of 100 by 80": waves(100, 80, 3),
        "waves of 33 by 31": waves(33, 31, 4),
        "waves of 20 by 17, which grow": waves(20, 17, 5),
        "waves of 32 by 90": waves(32, 90, 6),
        "waves of 131 by 32": waves(131, 32, 7),
        "noise of 64 by 64": noise(64, 64, 8),
        "noise of 32 by 32": noise(32, 32, 9),
        "noise of 5 by 7": noise(5, 7, 10),
        "edges of 97 by 61": edges(97, 61),
        "edges of 48 by 75": edges(48, 75),
    }
    only = arguments(__doc__, images).only
    cases = {}
    for name, grey in images.items():
        if only and name not in only:
            continue
        image = Image.fromarray(grey)
        square = np.asarray(image.resize((32, 32), Image.Resampling.LANCZOS))
        cases[name] = {
            "name": name,
            "width": grey.shape[1],
            "height": grey.shape[0],
            "grey": grey.tobytes().hex(),
            "square": square.tobytes().hex(),
            "hash": str(imagehash.phash(image)),
        }
    out = STAGES / "phash.json"
    found = merged({c["name"]: c for c in stored(out)}, cases, only)
    out.write_text(json.dumps(list(found.values()), indent=1) + "\n")


if __name__ == "__main__":
    main()
