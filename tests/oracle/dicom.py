"""Writes the fixture of the tests of DICOM, or compares hilum with pydicom on any files.

Run from anywhere:

    python tests/oracle/dicom.py
    python tests/oracle/dicom.py --compare target/debug/examples/grey FILE_OR_DIRECTORY ...

The first writes stages/tests/oracle/dicom.json: small files made here, of every transfer syntax that is read, with the grey
values from 0 to 65535 that pydicom makes of them (`apply_modality_lut`, `apply_voi_lut`, then MONOCHROME1 and padding), and
files that are broken or not read, with what must be said of them. The second runs a program, `cargo build -p hilum-stages
--example grey`, on each file and prints for each whether its grey values are those of pydicom, or why there are none.
`--compare` without files takes those of pydicom and of the package pydicom-data.

Needs pydicom, numpy, Pillow, pylibjpeg, pylibjpeg-libjpeg, pylibjpeg-openjpeg and pylibjpeg-rle, and pydicom-data for the
last. `--only NAME` computes one file (see fixtures.py).
"""

import argparse
import base64
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
from dicom_files import CASES, named
from fixtures import STAGES, known, merged, stored
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.pixels.decoders.base import get_decoder

FIXTURE = STAGES / "dicom.json"
LOSSY_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")


def pixels(ds, frame):
    """Stored values of a frame as pydicom reads them, without a change of colours."""
    decoder = get_decoder(ds.file_meta.TransferSyntaxUID)
    return decoder.as_array(ds, index=frame, raw=True)[0]


def in_range(ds, values):
    """What is shown, from 0 to 1, where neither a table nor a window says it."""
    bits, signed = ds.BitsStored, ds.PixelRepresentation
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if ds.get("ModalityLUTSequence"):
        low, high = 0, 2 ** ds.ModalityLUTSequence[0].LUTDescriptor[2] - 1
    elif ds.get("RescaleSlope") is not None and ds.get("RescaleIntercept") is not None:
        low, high = (float(ds.RescaleSlope) * v + float(ds.RescaleIntercept) for v in (low, high))
    return low, high, (values.astype(np.float64) - min(low, high)) / abs(high - low)


def grey(ds, frame=0):
    """Grey values from 0 to 65535, not rounded."""
    found = pixels(ds, frame)
    if ds.get("SamplesPerPixel", 1) == 3:
        white = 2**ds.BitsStored - 1
        if ds.PhotometricInterpretation.startswith("YBR_FULL"):
            return found[..., 0] / white * 65535
        return found.astype(np.float64) @ [0.299, 0.587, 0.114] / white * 65535
    values = apply_modality_lut(found, ds)
    if ds.get("VOILUTSequence"):
        shown = apply_voi_lut(values, ds) / (2 ** ds.VOILUTSequence[0].LUTDescriptor[2] - 1)
    elif ds.get("WindowWidth") is not None:
        low, high, _ = in_range(ds, values)
        shown = (apply_voi_lut(values, ds) - low) / (high - low)
    else:
        shown = in_range(ds, values)[2]
    shown = shown.astype(np.float64) * 65535
    if ds.PhotometricInterpretation == "MONOCHROME1":
        shown = 65535 - shown
    if ds.get("PixelPaddingValue") is not None:
        ends = [ds.PixelPaddingValue, ds.get("PixelPaddingRangeLimit", ds.PixelPaddingValue)]
        is_padding = (found >= min(ends)) & (found <= max(ends))
        if is_padding.any() and not is_padding.all():
            shown[is_padding] = shown[~is_padding].min()
    return shown


def case(made):
    """What the fixture says of a file."""
    out = {"file": base64.b64encode(made["file"]).decode(), **{k: made[k] for k in ("why", "steps", "frame", "off") if k in made}}
    if "why" not in made:
        ds = pydicom.dcmread(pydicom.filebase.DicomBytesIO(made["file"]))
        shown = made["grey"](ds) if "grey" in made else grey(ds, made.get("index", 0))
        out |= {"width": int(ds.Columns), "height": int(ds.Rows), "grey": base64.b64encode(shown.astype("<f4").tobytes()).decode()}
    return out


def ours(program, path):
    """Grey values and steps that the program makes of the first frame, or what it says."""
    done = subprocess.run([program, path, "first"], capture_output=True)
    if done.returncode:
        return None, done.stderr.decode().strip()
    head, rest = done.stdout.split(b"\n", 1)
    width, height, steps = head.decode().split(" ", 2)
    return np.frombuffer(rest, "<u2").reshape(int(height), int(width)).astype(np.float64), steps


def compared(program, path):
    """Transfer syntax of a file, and how its grey values compare; nothing if it is no DICOM file at all."""
    found, said = ours(program, path)
    try:
        ds = pydicom.dcmread(path)
        syntax = ds.file_meta.TransferSyntaxUID
        name = f"{syntax.name} ({str(syntax).removeprefix('1.2.840.10008.')})"
    except Exception:
        name, syntax = "-", None
    if found is None:
        return name, f"left out: {said}"
    try:
        reference = grey(ds)
    except Exception as error:
        return name, f"pydicom fails ({type(error).__name__}); hilum: {said}"
    off = np.abs(found - reference)
    if off.max() <= 0.5 + 1e-6:
        return name, f"equal; {said}"
    what = f"differs by up to {off.max() / 257:.2f} of 255 in {(off > 128).mean():.2%} of pixels; {said}"
    return name, f"{'decoders round differently, ' if syntax in LOSSY_JPEG else ''}{what}"


def compare(program, places):
    """Prints a table; fails if the grey values of a file without loss are others."""
    files = [f for place in places for f in ([place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file()))]
    wrong = 0
    for path in files:
        name, what = compared(program, path)
        wrong += what.startswith("differs")
        print(f"| {path.name} | {name} | {what} |")
    print(f"{len(files)} files, {wrong} of them wrong")
    sys.exit(wrong > 0)


def bundled():
    """Where pydicom and pydicom-data keep their files."""
    import data_store

    data = Path(data_store.__file__).parent / "data"
    return [Path(pydicom.__file__).parent / "data/test_files", *([data] if data.is_dir() else [])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="compute this file alone; may be given several times")
    parser.add_argument("--compare", metavar="PROGRAM", help="compare this program with pydicom")
    parser.add_argument("files", nargs="*", type=Path, help="files and directories to compare")
    given = parser.parse_args()
    if given.compare:
        compare(given.compare, given.files or bundled())
    known(given.only, list(CASES))
    new = {name: case(named(name)) for name in CASES if not given.only or name in given.only}
    found = merged(stored(FIXTURE), new, given.only)
    FIXTURE.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in found.items()) + "\n}\n")


if __name__ == "__main__":
    main()
