"""Writes the goldens of Tests/MediaTests: files, and the pixels Pillow makes of them.

    python3 -m venv /tmp/goldens && /tmp/goldens/bin/pip install pillow==12.3.0 numpy
    /tmp/goldens/bin/python Tools/goldens/media/make.py

Made with Pillow 12.3.0 (libjpeg-turbo 3.1, libwebp 1.6). Pillow 13 resizes vertically first where the
height shrinks more than the width, which can change a sample by one; the released models were trained
with the older order, horizontal first always, and so gitc keeps it. Tests read the results only; the pixels are
PPM files, which a test can parse without the decoders it tests. Every random number is seeded.
"""

import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

HERE = pathlib.Path(__file__).parent


def scene(width, height, seed):
    """Gradients, hard black and white edges (which make a cubic overshoot), and noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack(
        [255 * x / max(width - 1, 1), 255 * y / max(height - 1, 1), 127 + 127 * np.sin(x * y / 40)],
        axis=-1,
    )
    picture += random.normal(0, 12, picture.shape)
    picture[height // 3 : height // 2, width // 4 : width // 2] = 255
    picture[height // 2 : 2 * height // 3, width // 3 : width // 2] = 0
    checks = (x // 2 + y // 2) % 2 == 0
    corner = (x > 2 * width / 3) & (y > 2 * height / 3)
    picture[corner & checks] = 255
    picture[corner & ~checks] = 0
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def write_ppm(name, image):
    pixels = np.asarray(image.convert("RGB"))
    head = f"P6\n{pixels.shape[1]} {pixels.shape[0]}\n255\n".encode()
    (HERE / name).write_bytes(head + pixels.tobytes())


# -- Resize ---------------------------------------------------------------------------------------

RESIZES = [
    # source, target, as width x height
    ((61, 47), (97, 113)),
    ((61, 47), (13, 9)),
    ((61, 47), (61, 20)),
    ((61, 47), (20, 47)),
    ((61, 47), (7, 120)),
    ((61, 47), (60, 46)),
    ((61, 47), (1, 1)),
    ((5, 3), (31, 17)),
    ((1, 1), (4, 6)),
    ((2, 50), (33, 3)),
]
FILTERS = {"bicubic": Image.BICUBIC, "bilinear": Image.BILINEAR}


def resizes():
    for (width, height), target in RESIZES:
        source = Image.fromarray(scene(width, height, seed=width * 1000 + height))
        write_ppm(f"scene-{width}x{height}.ppm", source)
        for name, code in FILTERS.items():
            result = source.resize(target, code)
            write_ppm(f"resize-{width}x{height}-{target[0]}x{target[1]}-{name}.ppm", result)


# -- Preprocessing: shorter side to S, centre crop with Python's round -------------------------------

# With Python's round, as the original crops, and rounded down, as the Hugging Face port does: they differ
# for 47x32 to 24, where 11 pixels are cut.
CROPS = [(75, 50, 32), (50, 75, 32), (60, 41, 24), (47, 32, 24), (64, 64, 24), (24, 31, 24)]


def crops():
    for width, height, size in CROPS:
        source = Image.fromarray(scene(width, height, seed=width * 1000 + height))
        write_ppm(f"scene-{width}x{height}.ppm", source)
        short, long = min(width, height), max(width, height)
        longer = int(size * long / short)
        target = (size, longer) if width <= height else (longer, size)
        resized = source.resize(target, Image.BICUBIC)
        left = int(round((target[0] - size) / 2))
        top = int(round((target[1] - size) / 2))
        crop = resized.crop((left, top, left + size, top + size))
        write_ppm(f"crop-{width}x{height}-{size}.ppm", crop)
        left, top = (target[0] - size) // 2, (target[1] - size) // 2
        write_ppm(f"crop-floor-{width}x{height}-{size}.ppm",
                  resized.crop((left, top, left + size, top + size)))


# -- Decoding -------------------------------------------------------------------------------------


def keep(name, data):
    """Writes a file and what Pillow reads from it."""
    (HERE / name).write_bytes(data)
    write_ppm(name + ".ppm", Image.open(io.BytesIO(data)))


def saved(image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def chunk(tag, body):
    return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))


def raw_png(width, height, depth, colour, rows, interlace=0, extra=b""):
    """A PNG from rows that are already filtered; for kinds Pillow does not write."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra
        + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    )


def adam7(pixels):
    """The rows of the seven passes, each with filter type 0."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
              (1, 0, 2, 1)]
    rows = b""
    for y, x, dy, dx in passes:
        part = pixels[y::dy, x::dx]
        if part.size:
            rows += b"".join(b"\0" + row.tobytes() for row in part)
    return rows


def decodes():
    picture = scene(37, 23, seed=1)
    rgb = Image.fromarray(picture)
    random = np.random.default_rng(2)
    alpha = random.integers(0, 256, (23, 37, 1), dtype=np.uint8)
    alpha[5:9] = 0
    rgba = Image.fromarray(np.concatenate([picture, alpha], axis=-1))

    for quality, sampling in [(90, "4:4:4"), (75, "4:2:2"), (60, "4:2:0")]:
        keep(f"jpeg-{sampling.replace(':', '')}.jpg",
             saved(rgb, "JPEG", quality=quality, subsampling=sampling))
    keep("jpeg-progressive.jpg", saved(rgb, "JPEG", quality=80, progressive=True))
    keep("jpeg-grey.jpg", saved(rgb.convert("L"), "JPEG", quality=80))
    cmyk = np.concatenate([255 - picture, random.integers(0, 200, (23, 37, 1), dtype=np.uint8)], -1)
    keep("jpeg-cmyk.jpg", saved(Image.fromarray(cmyk, mode="CMYK"), "JPEG", quality=90))
    adobe = (HERE / "jpeg-cmyk.jpg").read_bytes()
    at = adobe.index(b"Adobe")
    assert adobe[at + 11] == 0 and adobe[at - 4 : at - 2] == b"\xff\xee"
    keep("jpeg-ycck.jpg", adobe[: at + 11] + b"\x02" + adobe[at + 12 :])
    keep("jpeg-cmyk-plain.jpg", adobe[: at - 4] + adobe[at + 12 :])
    keep("jpeg-rgb.jpg", saved(rgb, "JPEG", quality=90, keep_rgb=True))
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate to view": not applied
    keep("jpeg-orientation.jpg", saved(rgb, "JPEG", quality=80, exif=exif))

    keep("png-rgb.png", saved(rgb, "PNG"))
    keep("png-rgba.png", saved(rgba, "PNG"))
    keep("png-grey.png", saved(rgb.convert("L"), "PNG"))
    keep("png-grey-alpha.png", saved(rgba.convert("LA"), "PNG"))
    keep("png-bilevel.png", saved(rgb.convert("1"), "PNG"))
    keep("png-palette.png", saved(rgb.quantize(13), "PNG"))
    keep("png-palette-transparent.png", saved(rgb.quantize(100), "PNG", transparency=3))
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", struct.pack(">I", 100000))
    keep("png-gamma.png", saved(rgb, "PNG", pnginfo=info))
    wide = random.integers(0, 65536, (23, 37, 3), dtype=np.uint16).astype(">u2")
    keep("png-rgb16.png", raw_png(37, 23, 16, 2, b"".join(b"\0" + r.tobytes() for r in wide)))
    keep("png-rgb-transparent.png",
         raw_png(37, 23, 8, 2, b"".join(b"\0" + r.tobytes() for r in picture),
                 extra=chunk(b"tRNS", struct.pack(">HHH", 255, 255, 255))))
    keep("png-interlaced.png", raw_png(37, 23, 8, 2, adam7(picture), interlace=1))
    nibbles = random.integers(0, 256, (23, 19), dtype=np.uint8)
    keep("png-grey4.png", raw_png(37, 23, 4, 0, b"".join(b"\0" + r.tobytes() for r in nibbles)))
    grey16 = random.integers(0, 65536, (23, 37), dtype=np.uint16).astype(">u2")
    grey16[3:19] //= 200  # Pillow clips 16-bit grey: beyond 255 everything is white
    keep("png-grey16.png", raw_png(37, 23, 16, 0, b"".join(b"\0" + r.tobytes() for r in grey16)))
    keep("png-grey16-interlaced.png", raw_png(37, 23, 16, 0, adam7(grey16), interlace=1))
    greys = random.integers(0, 65536, (23, 37, 2), dtype=np.uint16).astype(">u2")
    keep("png-grey-alpha16.png", raw_png(37, 23, 16, 4, b"".join(b"\0" + r.tobytes() for r in greys)))
    keep("png-palette4.png", saved(rgb.quantize(13), "PNG", bits=4))
    two = rgb.quantize(200)
    two.putpalette(two.getpalette()[: 3 * 40])  # indices beyond the palette
    keep("png-palette-short.png", saved(two, "PNG"))

    keep("webp-lossy.webp", saved(rgb, "WEBP", quality=70))
    keep("webp-lossless.webp", saved(rgb, "WEBP", lossless=True))
    keep("webp-lossy-alpha.webp", saved(rgba, "WEBP", quality=80))
    keep("webp-lossless-alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True))
    frames = [rgb, Image.fromarray(255 - picture)]
    (HERE / "webp-animated.webp").write_bytes(
        saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))


# -- EXIF orientation, applied --------------------------------------------------------------------


def orientations():
    """`upright-…`: a file, and what Pillow makes of it with exif_transpose."""
    picture = Image.fromarray(scene(7, 4, seed=3))
    for kind, suffix, options in [("PNG", "png", {}), ("JPEG", "jpg", {"quality": 90}),
                                  ("WEBP", "webp", {"lossless": True})]:
        for value in range(1, 9) if kind == "PNG" else [6]:
            exif = Image.Exif()
            exif.endian = "<" if value % 2 else ">"
            exif[0x010F] = "a camera"
            exif[0x0112] = value
            name = f"upright-{value}.{suffix}"
            data = saved(picture, kind, exif=exif, **options)
            (HERE / name).write_bytes(data)
            write_ppm(name + ".ppm", ImageOps.exif_transpose(Image.open(io.BytesIO(data))))


# -- Preprocessing of the models of questions -------------------------------------------------------

ASPECTS = [(75, 50, 16, 20), (60, 41, 16, 30), (64, 64, 12, 16), (24, 31, 10, 12), (47, 32, 14, 18)]


def aspects():
    """Of the scenes of CROPS. `pixels-…`: float32 [3, H, W], normalised, of the whole image in its proportions."""
    mean = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
    deviation = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
    for width, height, size, maximum in ASPECTS:
        source = Image.fromarray(scene(width, height, seed=width * 1000 + height))
        short, long = float(min(width, height)), float(max(width, height))
        target = size
        if long / short * size > maximum:
            target = int(round(maximum * short / long))
        w, h = (target, int(target * height / width)) if width < height else (
            int(target * width / height), target)
        picture = np.asarray(source.resize((w, h), Image.BICUBIC))
        pixels = (picture.astype(np.float32) / np.float32(255) - mean) / deviation
        np.save(HERE / f"pixels-{width}x{height}-{size}-{maximum}.npy",
                np.ascontiguousarray(pixels.transpose(2, 0, 1)))


resizes()
crops()
decodes()
orientations()
aspects()
