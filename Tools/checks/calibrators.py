#!/usr/bin/env python3
"""Compares ways to choose the range of 7-bit activations and 8-bit weights.

    Tools/checks/calibrators.py CHECKPOINT IMAGES.tsv        needs onnx, onnxruntime, pillow

Runs the image encoder that `gitc export` writes on the first 64 photos, which must have the model's size,
and prints for each way the mean over all projections of the products' signal to quantization noise, in
decibels. Activations have a range per row, or one for all rows (static); weights one per output channel.
"""
import base64
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from PIL import Image

GITC = pathlib.Path(__file__).resolve().parents[2] / ".build/release/gitc"
ROWS, PHOTOS = 600, 64


def quantized(x, low, high, levels=127):
    scale = (high - low) / levels
    scale = numpy.where(scale == 0, 1, scale)
    zero = numpy.rint(-low / scale)
    return (numpy.clip(numpy.rint(x / scale) + zero, 0, levels) - zero) * scale


def best(x, candidates, axis):
    """Of several versions of x, the one with the least squared error over `axis`."""
    chosen, least = x, numpy.inf
    for version in candidates:
        error = ((version - x) ** 2).sum(axis, keepdims=True)
        chosen = numpy.where(error < least, version, chosen)
        least = numpy.minimum(error, least)
    return chosen


def ways(x, axis):
    """x quantized with a range of its own along `axis`, or one for all."""
    def ends(q):
        low = numpy.percentile(x, 100 - q, axis=axis, keepdims=True)
        return numpy.minimum(low, 0), numpy.maximum(
            numpy.percentile(x, q, axis=axis, keepdims=True), 0)
    low, high = ends(100)
    yield "min-max", quantized(x, low, high)
    for q in (99.9, 99):
        yield f"percentile {q}", quantized(x, *ends(q))
    shares = numpy.arange(1, 0.3, -0.05)
    yield "MSE", best(x, (quantized(x, low * s, high * s) for s in shares), axis)


def weight_ways(w):
    largest = numpy.abs(w).max(1, keepdims=True) / 127
    def rounded(scale):
        return numpy.clip(numpy.rint(w / scale), -127, 127) * scale
    yield "min-max", rounded(largest)
    for q in (99.9, 99):
        yield f"percentile {q}", rounded(numpy.percentile(numpy.abs(w), q, 1, keepdims=True) / 127)
    yield "MSE", best(w, (rounded(largest * 0.95 ** i) for i in range(24)), 1)


def decibels(signal, found):
    return 10 * numpy.log10((signal ** 2).sum() / ((signal - found) ** 2).sum())


def pixels(checkpoint, images):
    with open(checkpoint, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    preprocessing = json.loads(header["__metadata__"]["gitc.preprocessing"])
    mean, deviation = (
        numpy.array(preprocessing[key], numpy.float32) for key in ("mean", "standardDeviation"))
    with open(images) as lines:
        for line, _ in zip(lines, range(PHOTOS)):
            image = Image.open(io.BytesIO(base64.b64decode(line.rstrip("\n").split("\t")[1])))
            samples = numpy.asarray(image.convert("RGB"), numpy.float32) / 255
            yield ((samples - mean) / deviation).transpose(2, 0, 1)


def projections(model, photos):
    """The rows and weight of every product by a parameter."""
    weights = {w.name: onnx.numpy_helper.to_array(w) for w in model.graph.initializer}
    producers = {name: node for node in model.graph.node for name in node.output}
    found = []
    for node in model.graph.node:
        matrix = producers.get(node.input[1]) if node.op_type == "MatMul" else None
        if matrix and matrix.op_type == "Transpose" and matrix.input[0] in weights:
            found.append((node.input[0], weights[matrix.input[0]]))
    names = sorted({name for name, _ in found} - {o.name for o in model.graph.output})
    for name in names:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, 1, None))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs = [o.name for o in session.get_outputs()]
    values = dict(zip(outputs, session.run(None, {"pixels": photos})))
    for name, weight in found:
        rows = values[name].reshape(-1, weight.shape[1])
        chosen = numpy.random.default_rng(0).permutation(len(rows))[:ROWS]
        yield rows[chosen], weight


def main():
    checkpoint, images = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [GITC, "export", checkpoint, "-o", f"{folder}/m.onnx"], check=True,
            stdout=subprocess.DEVNULL)
        model = onnx.load(f"{folder}/m.encode.onnx")
    photos = numpy.stack(list(pixels(checkpoint, images)))
    results = {}
    for x, w in projections(model, photos):
        product = x @ w.T
        for way, found in ways(x, 1):
            results.setdefault(f"rows, {way}", []).append(decibels(product, found @ w.T))
        for way, found in ways(x, (0, 1)):
            results.setdefault(f"static, {way}", []).append(decibels(product, found @ w.T))
        for way, found in weight_ways(w):
            results.setdefault(f"weights, {way}", []).append(decibels(w, found))
    for way, values in results.items():
        print(f"{way:24} {numpy.mean(values):.1f} dB")


if __name__ == "__main__":
    main()
