"""What the scripts of this directory share: `--only KEY`, and fixtures in which everything else stays as it is.

    python tests/oracle/networks.py --only smallcnn --only resnet18

computes these two keys and writes them into the fixture; all other numbers in it stay as they are, bit for bit, whichever
versions of torch and scikit-learn are installed. So a new metric or network needs its own numbers alone. Without `--only`,
everything is computed and the fixture written anew. What a key is, each script says.
"""

import argparse
import json
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAGES = ROOT / "stages/tests/oracle"
OPS = ROOT / "stages/ops/tests"


def arguments(doc, keys=None, *, diffaugment=False):
    """The arguments of a script whose `__doc__` is `doc`; unknown keys are refused where all `keys` are known beforehand."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="KEY", action="append", default=[], help="compute this key alone; may be given several times")
    if diffaugment:
        parser.add_argument("--diffaugment", type=Path, metavar="CHECKOUT", help="for StyleGAN2: DiffAugment-stylegan2-pytorch")
    found = parser.parse_args()
    if keys is not None:
        known(found.only, keys)
    return found


def known(only, keys):
    """Ends the script if one of `only` is not a key."""
    for key in only:
        if key not in keys:
            raise SystemExit(f"there is no key `{key}`; the keys are: {', '.join(keys)}")


def key_of(name, keys):
    """The key that a name such as `resnet18.eval.d.fc.weight` belongs to: the longest that it begins with, in whole words."""
    return max((k for k in keys if name == k or name.startswith(k + ".")), key=len, default=None)


def merged(old, new, only, key=lambda name: name):
    """`new`; or, if there is `only`, `old` with what belongs to these keys replaced by what `new` has of them. Names stay in
    their order, and new ones come last. `key` gives the key of a name."""
    if not only:
        return new
    fresh = {name: value for name, value in new.items() if key(name) in only}
    return {name: value for name, value in old.items() if key(name) not in only or name in fresh} | fresh


def stored(path):
    """What a JSON fixture contains; nothing if there is none yet."""
    return json.loads(path.read_text()) if path.exists() else {}


KINDS = {"torch.int64": ("I64", 8), "torch.float32": ("F32", 4), "torch.uint8": ("U8", 1)}
WIDTHS = dict(KINDS.values())


def save(path, tensors):
    """Writes safetensors by hand: widest types first, so that all are aligned; the same tensors are the same bytes. Takes
    tensors of torch and what `load` gives."""
    packed = {}
    for name, t in tensors.items():
        if not isinstance(t, tuple):
            t = t.detach().contiguous()
            t = (KINDS[str(t.dtype)][0], list(t.shape), t.numpy().tobytes())
        packed[name] = t
    header, body = {}, b""
    for name in sorted(packed, key=lambda n: (-WIDTHS[packed[n][0]], n)):
        kind, shape, raw = packed[name]
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def load(path):
    """The tensors of a file as (type, shape, bytes); none if there is no file yet."""
    if not path.exists():
        return {}
    file = path.read_bytes()
    size = struct.unpack("<Q", file[:8])[0]
    body = file[8 + size :]
    return {n: (t["dtype"], t["shape"], body[slice(*t["data_offsets"])]) for n, t in json.loads(file[8 : 8 + size]).items()}
