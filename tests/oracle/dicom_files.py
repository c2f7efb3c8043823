"""The DICOM files of the fixture: a few pixels each, made of a formula. `CASES` names them; `named` makes one.

A case is a function that gives the bytes of a file and what is expected: `steps`, which hilum applies, or `why`, which it says
of a file that it does not read; `frame`, the one that is chosen, and `index`, which that is; `off`, by how much grey values may
be wrong where decoders round differently; `grey`, where pydicom does not know what is meant.
"""

import io

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import UID

ROWS, COLUMNS = 5, 7
SYNTAX = "1.2.840.10008.1.2"
IMPLICIT, EXPLICIT, DEFLATED, BIG = SYNTAX, SYNTAX + ".1", SYNTAX + ".1.99", SYNTAX + ".2"
RLE, JPEG, EXTENDED, LOSSLESS, FIRST_ORDER = (SYNTAX + end for end in (".5", ".4.50", ".4.51", ".4.57", ".4.70"))
J2K_LOSSLESS, J2K, JPEG_LS = (SYNTAX + end for end in (".4.90", ".4.91", ".4.80"))

CASES = {}


def named(name):
    return CASES[name]()


def add(name, **expected):
    """Names a function that makes a data set, or the bytes of a file."""

    def register(make):
        def made():
            found = make()
            return {"file": found if isinstance(found, bytes) else written(found), **expected}

        CASES[name] = made
        return make

    return register


def values(bits, signed=False, frames=1, rows=ROWS, columns=COLUMNS):
    """Values of so many bits, the lowest and the highest among them."""
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else (0, 2**bits)
    found = np.random.RandomState(1).randint(low, high, (frames, rows, columns))
    found[:, 0, 0], found[:, 0, 1] = low, high - 1
    return found.astype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}")


def data_set(found, bits, syntax=EXPLICIT, photometric="MONOCHROME2", **attributes):
    """A data set with these values; colours are in the last axis, frames in the first."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.1")
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = UID("1.2.3")
    ds.Modality = "DX"
    ds.Rows, ds.Columns = found.shape[1:3]
    ds.SamplesPerPixel = 3 if found.ndim == 4 else 1
    if found.ndim == 4:
        ds.PlanarConfiguration = 0
    if len(found) > 1:
        ds.NumberOfFrames = len(found)
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8 * found.dtype.itemsize, bits, bits - 1
    ds.PixelRepresentation = int(found.dtype.kind == "i")
    found = found.astype(found.dtype.newbyteorder(">")) if syntax == BIG else found
    ds.PixelData = found.tobytes() + b"\0" * (found.nbytes % 2)
    ds["PixelData"].VR = "OB" if ds.BitsAllocated == 8 and syntax != BIG else "OW"
    for name, value in attributes.items():
        setattr(ds, name, value)
    return ds


def written(ds):
    out = io.BytesIO()
    syntax = ds.file_meta.TransferSyntaxUID
    if syntax == BIG and ds.BitsAllocated == 8:
        ds.PixelData = np.frombuffer(ds.PixelData, "u2").byteswap().tobytes()
    dcmwrite(out, ds, implicit_vr=syntax == IMPLICIT, little_endian=syntax != BIG, enforce_file_format=True)
    return out.getvalue()


def coded(ds, frames, syntax):
    """The data set with frames that are coded already."""
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.PixelData = encapsulate(frames, has_bot=False)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return ds


def compressed(ds, syntax, **how):
    ds.compress(UID(syntax), generate_instance_uid=False, **how)
    return ds


def wavelets(bits, signed=False, syntax=J2K_LOSSLESS, **how):
    """JPEG 2000, which halves a picture five times."""
    return compressed(data_set(values(bits, signed, rows=32, columns=33), bits), syntax, **how)


def lossless_jpeg(plane, bits, predictor, restart=0):
    """A plane as lossless JPEG (ITU-T T.81, annex H). Each of 17 numbers of bits has a code of five."""
    rows, columns = plane.shape
    v = plane.astype(int)
    out = bytearray(b"\xff\xd8\xff\xc3\x00\x0b" + bytes([bits, *rows.to_bytes(2, "big"), *columns.to_bytes(2, "big"), 1, 1, 0x11, 0]))
    out += b"\xff\xc4" + (2 + 17 + 17).to_bytes(2, "big") + bytes([0, 0, 0, 0, 0, 17] + [0] * 11) + bytes(range(17))
    if restart:
        out += b"\xff\xdd\x00\x04" + (restart * columns).to_bytes(2, "big")
    out += b"\xff\xda\x00\x08\x01\x01\x00" + bytes([predictor, 0, 0])

    def line(rows_of):
        text = ""
        for y in rows_of:
            for x in range(columns):
                first = y == rows_of[0]
                a, b = v[y, x - 1] if x else 0, v[y - 1, x] if not first else 0
                c = v[y - 1, x - 1] if x and not first else 0
                by = {1: a, 2: b, 3: c, 4: a + b - c, 5: a + ((b - c) >> 1), 6: b + ((a - c) >> 1), 7: (a + b) >> 1}[predictor]
                predicted = (1 << (bits - 1)) if first and not x else a if first else b if not x else by
                d = (int(v[y, x]) - int(predicted) + 32768) % 65536 - 32768
                d = 32768 if d == -32768 else d
                size = abs(d).bit_length()
                text += f"{size:05b}" + ("" if size in (0, 16) else f"{d if d > 0 else d + (1 << size) - 1:0{size}b}")
        text += "1" * (-len(text) % 8)
        return bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8)).replace(b"\xff", b"\xff\0")

    step = restart or rows
    for n, start in enumerate(range(0, rows, step)):
        out += (b"\xff" + bytes([0xD0 + (n - 1) % 8]) if n else b"") + line(range(start, min(start + step, rows)))
    return bytes(out + b"\xff\xd9")


def table(first, entries, bits, signed=False, as_bytes=False):
    """A sequence with one look-up table."""
    item = Dataset()
    item.add_new(0x00283002, "SS" if signed else "US", [len(entries), first, bits])
    item.add_new(0x00283006, "OW", bytes(entries) + b"\0" * (len(entries) % 2) if as_bytes else np.array(entries, "<u2").tobytes())
    return Sequence([item])


# Transfer syntaxes.
for name, syntax in (("implicit", IMPLICIT), ("explicit", EXPLICIT), ("deflated", DEFLATED), ("big-endian", BIG)):
    add(f"{name} 16", steps="full-range")(lambda syntax=syntax: data_set(values(16), 16, syntax))
    add(f"{name} 8", steps="full-range")(lambda syntax=syntax: data_set(values(8), 8, syntax))
    add(f"{name} signed 12", steps="signed full-range")(lambda syntax=syntax: data_set(values(12, True), 12, syntax))
for bits, signed in ((8, False), (10, False), (12, False), (12, True), (16, False), (16, True)):
    start, sign = f"{'signed ' if signed else ''}{bits}", "signed " if signed else ""
    add(f"rle {start}", steps=sign + "full-range")(lambda b=bits, s=signed: compressed(data_set(values(b, s), b), RLE))
    add(f"jpeg 2000 {start}", steps=sign + "full-range")(lambda b=bits, s=signed: wavelets(b, s))
add("jpeg 2000 with loss", steps="full-range")(lambda: wavelets(12, False, J2K, j2k_cr=[4]))
for predictor in range(1, 8):
    add(f"lossless jpeg predictor {predictor}", steps="full-range")(
        lambda p=predictor: coded(data_set(values(12), 12), [lossless_jpeg(values(12)[0], 12, p)], LOSSLESS)
    )
add("lossless jpeg 16", steps="full-range")(lambda: coded(data_set(values(16), 16), [lossless_jpeg(values(16)[0], 16, 1)], FIRST_ORDER))
add("lossless jpeg 8", steps="full-range")(lambda: coded(data_set(values(8), 8), [lossless_jpeg(values(8)[0], 8, 1)], FIRST_ORDER))
add("lossless jpeg restarts", steps="full-range")(
    lambda: coded(data_set(values(12), 12), [lossless_jpeg(values(12)[0], 12, 4, 2)], LOSSLESS)
)


def smooth():
    y, x = np.mgrid[0:16, 0:24]
    return (40 + 5 * x + 3 * y).astype("u1")[None]


def baseline():
    out = io.BytesIO()
    Image.fromarray(smooth()[0]).save(out, "JPEG", quality=90)
    return out.getvalue()


add("jpeg", steps="full-range", off=258)(lambda: coded(data_set(smooth(), 8), [baseline()], JPEG))
add("jpeg extended 8", steps="full-range", off=258)(lambda: coded(data_set(smooth(), 8), [baseline()], EXTENDED))
add("jpeg in two fragments", steps="full-range", off=258)(
    lambda: fragments(baseline()[:100], baseline()[100:])
)


def fragments(*parts, frames=1):
    """A file of JPEG whose frames are in these fragments."""
    ds = coded(data_set(smooth(), 8, NumberOfFrames=frames), [b"xx"], JPEG)
    item = lambda part: b"\xfe\xff\x00\xe0" + (len(part) + len(part) % 2).to_bytes(4, "little") + part + b"\0" * (len(part) % 2)
    whole = written(ds)
    return whole[: whole.rindex(b"\xfe\xff\x00\xe0\x00\x00\x00\x00")] + b"".join(map(item, [b"", *parts])) + b"\xfe\xff\xdd\xe0\0\0\0\0"


# Bits.
add("overlay in unused bits", steps="masked full-range")(lambda: data_set(values(12) | np.uint16(0x5000), 12))
add("sign not extended", steps="masked signed full-range")(lambda: data_set(values(12, True), 12, PixelData=(values(12, True) & 0xFFF).tobytes()))
add("high bit above", steps="masked full-range", grey=lambda ds: values(12)[0] / 4095 * 65535)(
    lambda: data_set(values(12) << np.uint16(4), 12, HighBit=15)
)


@add("jpeg 2000 without the sign of the header", steps="signed sign-of-header full-range")
def _():
    ds = wavelets(13)
    ds.PixelRepresentation = 1
    return ds


# What values mean, and which are shown.
U12, S12 = (lambda **more: data_set(values(12), 12, **more)), (lambda **more: data_set(values(12, True), 12, **more))
add("monochrome1", steps="full-range inverted")(lambda: U12(photometric="MONOCHROME1"))
add("padding", steps="full-range padding")(lambda: U12(PixelPaddingValue=0))
add("padding of a range", steps="full-range inverted padding")(
    lambda: U12(photometric="MONOCHROME1", PixelPaddingValue=4095, PixelPaddingRangeLimit=3000)
)
add("signed padding", steps="signed linear padding")(
    lambda: S12(PixelPaddingValue=-2048, PixelPaddingRangeLimit=-1500, WindowCenter=0, WindowWidth=1500)
)
add("rescale", steps="signed rescale full-range")(lambda: S12(RescaleSlope="0.5", RescaleIntercept="-10.25"))
add("rescale of nothing", steps="full-range")(lambda: U12(RescaleSlope="1", RescaleIntercept="0"))
add("falling rescale", steps="rescale linear")(lambda: U12(RescaleSlope="-1", RescaleIntercept="4095", WindowCenter=1500, WindowWidth=2001))
add("linear", steps="linear")(lambda: U12(WindowCenter=2048, WindowWidth=1000))
add("linear by its name", steps="signed linear inverted")(
    lambda: S12(photometric="MONOCHROME1", WindowCenter=100, WindowWidth=777, VOILUTFunction="LINEAR")
)
add("linear of width 1", steps="linear")(lambda: U12(WindowCenter=2048, WindowWidth=1))
add("several windows", steps="linear")(lambda: U12(WindowCenter=[1000, 2000], WindowWidth=[900, 10]))
add("linear exact", steps="linear-exact")(lambda: U12(WindowCenter="2048.5", WindowWidth="0.5", VOILUTFunction="LINEAR_EXACT"))
add("linear exact of signed", steps="signed linear-exact")(lambda: S12(WindowCenter=-100, WindowWidth=1500, VOILUTFunction="LINEAR_EXACT"))
add("sigmoid", steps="sigmoid")(lambda: U12(WindowCenter=2048, WindowWidth=1200, VOILUTFunction="SIGMOID"))
add("sigmoid after rescale", steps="signed rescale sigmoid")(
    lambda: S12(RescaleSlope="2", RescaleIntercept="7", WindowCenter=10, WindowWidth=3000, VOILUTFunction="SIGMOID")
)
SQUARES, ROOTS = [i * i // 16 for i in range(256)], [int(255 * (i / 255) ** 0.5) for i in range(255)]
add("voi lut", steps="voi-lut")(lambda: U12(VOILUTSequence=table(1800, SQUARES, 12), WindowCenter=1, WindowWidth=2))
add("voi lut of bytes", steps="voi-lut inverted", grey=lambda ds: 65535 - np.take(ROOTS, np.clip(values(12)[0].astype(int) - 100, 0, 254)) * 257)(
    lambda: U12(photometric="MONOCHROME1", VOILUTSequence=table(100, ROOTS, 8, as_bytes=True))
)
add("voi lut from below 0", steps="signed voi-lut")(lambda: S12(VOILUTSequence=table(-100, SQUARES, 12, signed=True)))
add("voi lut after rescale", steps="rescale voi-lut")(
    lambda: U12(RescaleSlope="0.25", RescaleIntercept="3.5", VOILUTSequence=table(200, SQUARES, 12))
)
add("modality lut", steps="modality-lut full-range")(lambda: U12(ModalityLUTSequence=table(1000, [3 * i for i in range(2000)], 16)))
add("modality lut and window", steps="signed modality-lut linear")(
    lambda: S12(ModalityLUTSequence=table(-1000, [3 * i for i in range(2000)], 16, signed=True), WindowCenter=3000, WindowWidth=4000)
)
add("both tables", steps="modality-lut voi-lut inverted")(
    lambda: U12(
        photometric="MONOCHROME1",
        ModalityLUTSequence=table(0, [i // 16 for i in range(4096)], 8),
        VOILUTSequence=table(0, SQUARES, 12),
        RescaleSlope="5",
        RescaleIntercept="5",
    )
)

# Frames and colours.
add("first of three frames", steps="frame full-range", frame="first")(lambda: data_set(values(12, frames=3), 12))
add("middle of three frames", steps="frame full-range", frame="middle", index=1)(lambda: data_set(values(12, frames=3), 12))
add("third of three frames", steps="frame full-range", frame=3, index=2)(lambda: compressed(data_set(values(12, frames=3), 12), RLE))
COLOURS = lambda: np.random.RandomState(3).randint(0, 256, (1, ROWS, COLUMNS, 3)).astype("u1")
add("colours", steps="colour")(lambda: data_set(COLOURS(), 8, photometric="RGB"))
add("colours by planes", steps="colour")(
    lambda: data_set(COLOURS(), 8, photometric="RGB", PlanarConfiguration=1, PixelData=np.moveaxis(COLOURS(), 3, 1).tobytes() + b"\0")
)
add("luminance and differences", steps="colour")(lambda: data_set(COLOURS(), 8, photometric="YBR_FULL"))
add("colours in runs", steps="colour")(lambda: compressed(data_set(COLOURS(), 8, photometric="RGB"), RLE))


# What is broken, and what is not read.
def cut(by, ds):
    return written(ds)[:-by]


LESS, MORE = "contains less data than its header declares", "contains more data than its header declares"
add("cut", why="the DICOM file is truncated")(lambda: cut(10, U12()))
add("cut and deflated", why="the DICOM file is truncated")(lambda: cut(10, data_set(values(12), 12, DEFLATED)))
add("fewer rows than pixels", why=MORE)(lambda: U12(Rows=ROWS - 1))
add("more rows than pixels", why=LESS)(lambda: U12(Rows=ROWS + 1))
add("a bomb", why=LESS)(lambda: U12(Rows=65535, Columns=65535))
add("a bomb in runs", why="its header promises 65535 × 65535 pixels")(lambda: compressed_and(RLE, Rows=65535, Columns=65535))
add("a large picture in jpeg 2000", why="pixels have another size")(lambda: compressed_and(J2K_LOSSLESS, Rows=7000, Columns=7000))
add("without an end of fragments", why="the DICOM file is truncated")(lambda: cut(8, compressed(U12(), RLE)))
add("a frame without a fragment", why="fewer fragments than frames")(lambda: fragments(baseline(), frames=2))
add("more fragments than frames", why="does not say which fragments belong to which frame", frame="first")(
    lambda: fragments(baseline(), baseline()[:50], baseline()[50:], frames=2)
)
add("runs cut", why=LESS)(lambda: recoded(RLE, lambda b: b[:-20]))
add("jpeg cut", why="the JPEG")(lambda: fragments(baseline()[:-30]))
add("lossless jpeg cut", why="the JPEG is truncated")(lambda: coded(U12(), [lossless_jpeg(values(12)[0], 12, 1)[:-12]], LOSSLESS))
add("lossless jpeg cut before its end", why="contains less data")(
    lambda: coded(U12(), [lossless_jpeg(values(12)[0], 12, 1)[:-12] + b"\xff\xd9"], LOSSLESS)
)
add("lossless jpeg of another size", why="pixels have another size")(lambda: coded(U12(Rows=4), [lossless_jpeg(values(12)[0], 12, 1)], LOSSLESS))
add("lossless jpeg of more bits", why="have more bits than its header declares")(
    lambda: coded(U12(BitsStored=10, HighBit=9), [lossless_jpeg(values(12)[0], 12, 1)], LOSSLESS)
)
add("jpeg 2000 cut", why="the JPEG 2000 image is truncated")(lambda: recoded(J2K_LOSSLESS, lambda b: b[:-20]))
add("jpeg 2000 cut before its end", why="the JPEG 2000 image is damaged")(lambda: recoded(J2K_LOSSLESS, lambda b: b.rstrip(b"\0")[:-30] + b"\xff\xd9"))
add("jpeg 2000 of more bits", why="have more bits than its header declares")(lambda: compressed_and(J2K_LOSSLESS, BitsStored=10, HighBit=9))
add("frames without a choice", why="DICOM with several frames, which is not read unless `frame` chooses one")(
    lambda: data_set(values(12, frames=3), 12)
)
add("a frame that is not there", why="fewer frames than `frame` says", frame=4)(lambda: data_set(values(12, frames=3), 12))
add("slope 0", why="rescale slope is 0")(lambda: U12(RescaleSlope="0", RescaleIntercept="1"))
add("slope alone", why="without the other")(lambda: U12(RescaleSlope="2"))
add("a slope beyond numbers", why="beyond all numbers")(lambda: U12(RescaleSlope="1e308", RescaleIntercept="0"))
add("window of width 0", why="window has a width of 0")(lambda: U12(WindowCenter=1, WindowWidth=0))
add("linear below 1", why="window has a width of 0.5, below 1")(lambda: U12(WindowCenter=1, WindowWidth="0.5"))
add("window without a width", why="window centre or width without the other")(lambda: U12(WindowCenter=1))
add("a function of its own", why="VOI LUT function is not known")(lambda: U12(WindowCenter=1, WindowWidth=9, VOILUTFunction="CUBIC"))
add("a window that is no number", why="window is no number")(lambda: written(U12(WindowCenter="12", WindowWidth="345")).replace(b"345 ", b"nan "))
add("a short table", why="more or fewer entries")(lambda: U12(VOILUTSequence=short_table()))
add("jpeg-ls", why="DICOM in JPEG-LS, which is not read")(lambda: coded(U12(), [b"\xff\xd8"], JPEG_LS))
add("jpeg of 12 bits", why="DICOM in JPEG of 12 bits, which is not read")(lambda: coded(U12(), [b"\xff\xd8"], EXTENDED))
add("without pixels", why="DICOM without an image, which is not read")(lambda: without("PixelData", "Rows"))
add("32 bits", why="DICOM with 32 bits for each sample, which is not read")(lambda: U12(BitsAllocated=32))
add("a palette", why="DICOM in colours of a palette, which is not read")(lambda: U12(photometric="PALETTE COLOR"))
add("functional groups", why="DICOM with functional groups (enhanced multi-frame), which is not read")(
    lambda: U12(SharedFunctionalGroupsSequence=Sequence([Dataset()]))
)
add("more bits stored than allocated", why="header is damaged")(lambda: U12(BitsStored=17))
add("without a preamble", why="DICOM without its preamble (128 bytes and `DICM`), which is not read")(lambda: written(U12())[132:])
add("without a transfer syntax", why="does not say its transfer syntax")(lambda: bytes(128) + b"DICM" + written(U12())[132:158])


def compressed_and(syntax, **attributes):
    ds = wavelets(12, False, syntax)
    for name, value in attributes.items():
        setattr(ds, name, value)
    return ds


def recoded(syntax, change):
    """A file whose only fragment was changed."""
    from pydicom.encaps import generate_fragments

    ds = wavelets(12, False, syntax)
    (part,) = list(generate_fragments(ds.PixelData))[1:]
    return coded(ds, [change(part)], syntax)


def short_table():
    found = table(0, SQUARES, 12)
    found[0].LUTData = found[0].LUTData[:-2]
    return found


def without(*names):
    ds = U12()
    for name in names:
        delattr(ds, name)
    return ds
