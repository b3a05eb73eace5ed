#!/usr/bin/env python3
"""Writes small valid inputs for the fuzzer to start from: Fuzzing/Seeds.

    pip install protobuf torch numpy pillow
    python3 Tools/goldens/fuzz-seeds.py

Plans of one step for every opcode, since small inputs run fast and a change meets something that matters,
and one of several functions with a model; pickles, arrays and images of the forms that are read. Graphs,
checkpoints and ONNX models come from elsewhere (Tools/fuzz).
"""

import io
import pathlib
import struct
import subprocess
import tempfile

import numpy
import torch
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SEEDS = ROOT / "Fuzzing" / "Seeds"

# Opcode: operands, results, attributes. An operand is a type and lengths; a letter is a symbol, S is 2*F + T.
# `=` makes it a weight, `#` a packed one.
STEPS = {
    "LINEAR": (["f32 B 2 12", "=f32 6 12", "=f32 6", "f32 2 6"], ["f32 B 2 6"],
               dict(activation="GELU_QUICK", has_bias=True, has_residual=True)),
    "LINEAR-split": (["f32 B 3", "f32 4 3"], ["f32 B 1", "f32 B 3"], {}),
    "QUANTIZED_LINEAR": (["u8 B 2 6", "f32 B 2 2", "#s8 18 6", "=f32 18"], ["f32 B 2 6"] * 3, dict(levels=127)),
    "QUANTIZED_LINEAR-bias": (["u8 2 9", "f32 2 2", "#s8 5 9", "=f32 5", "f32 5", "f32 2 5"], ["f32 2 5"],
                              dict(levels=255, activation="GELU_ERF", has_bias=True, has_residual=True)),
    "MATMUL": (["f32 2 S 3", "f32 2 3 S"], ["f32 2 S S"], {}),
    "MATMUL-transposed": (["f32 3 2", "f32 4 3"], ["f32 2 4"], dict(transpose_a=True, transpose_b=True)),
    "ATTENTION": (["f32 B 4 6"] * 3, ["f32 B 4 6"], dict(heads=2, value=0.5, prefix=2)),
    "ATTENTION-bias": (["f32 4 2 8", "f32 4 3 8", "f32 4 3 8", "f32 2 2 2 3"], ["f32 4 2 8"],
                       dict(heads=2, value=1, has_bias=True)),
    "CACHED_ATTENTION": (["f32 Q R 6"] * 3 + ["f32 B P 6"] * 2 + ["f32 Q L 6"] * 2
                         + ["i32 Q", "i32 Q L", "i32 R"], ["f32 Q R 6"], dict(heads=3, value=1)),
    "CACHED_ATTENTION-known": (["f32 2 1 8"] * 3 + ["f32 1 3 8"] * 2 + ["f32 2 4 8"] * 2
                               + ["i32 2", "=i32 2 4", "i32 1"], ["f32 2 1 8"], dict(heads=1, value=1)),
    "LAYER_NORM": (["f32 B 6", "f32 6", "=f32 6", "=f32 6"], ["f32 B 6", "u8 B 6", "f32 B 2"],
                   dict(epsilon=1e-5, has_residual=True, levels=127, keeps_float=True)),
    "LAYER_NORM-plain": (["f32 2 3", "f32 3", "f32 3"], ["f32 2 3"], dict(epsilon=1e-12)),
    "QUANTIZE_ROWS": (["f32 B 9"], ["u8 B 9", "f32 B 2"], dict(levels=255)),
    "SOFTMAX": (["f32 B 5"], ["f32 B 5"], {}),
    "PREFIX_MASK": (["f32 2 S S"], ["f32 2 S S"], dict(prefix="F")),
    "GELU": (["f32 B 9"], ["f32 B 9"], dict(activation="GELU_TANH")),
    "ADD": (["f32 B 3", "f32 1"], ["f32 B 3"], {}),
    "MULTIPLY": (["f32 B 1", "f32 B 3"], ["f32 B 3"], {}),
    "SCALE": (["f32 B"], ["f32 B"], dict(value=0.5)),
    "FILL": ([], ["f32 3 B"], dict(value=float("-inf"))),
    "TRANSPOSE": (["i32 B 2 3"], ["i32 3 B 2"], dict(axes=[2, 0, 1])),
    "CONCAT": (["f32 B 2", "f32 B 3"], ["f32 B 5"], dict(axes=[1])),
    "SLICE": (["f32 S 4"], ["f32 F 4"], dict(axes=[0], start="T")),
    "BROADCAST": (["i32 1 3"], ["i32 B 3"], {}),
    "PAD": (["f32 2 B"], ["f32 6 B"], dict(axes=[0], start=3)),
    "SUM": (["f32 2 B 4"], ["f32 B"], dict(axes=[0, 2])),
    "EMBEDDING": (["=f32 3 6", "i32 B 2"], ["f32 B 2 6"], {}),
    "PATCHES": (["f32 B 3 4 5"], ["f32 B 4 12"], dict(axes=[2])),
    "PATCHES-overlap": (["f32 B 4 3 2"], ["f32 B 4 18"], dict(axes=[3, 2, 1, 3])),
    "DROPOUT": (["f32 B", "i32 1"], ["f32 B"], dict(value=0.1, salt=2**32 - 1)),
    "CROSS_ENTROPY": (["f32 B 4", "i32 B"], ["f32"], dict(value=0.1, smoothing="UNIFORM")),
    "GELU_GRADIENT": (["f32 B"] * 2, ["f32 B"], dict(activation="GELU_ERF")),
    "SOFTMAX_GRADIENT": (["f32 B 3"] * 2, ["f32 B 3"], {}),
    "LAYER_NORM_GRADIENT": (["f32 B 4", "f32 4", "f32 B 4"], ["f32 B 4", "f32 4", "f32 4"], dict(epsilon=1e-5)),
    "ATTENTION_GRADIENT": (["f32 B 3 4"] * 4, ["f32 B 3 4"] * 3, dict(heads=2, value=1, prefix=1)),
    "ATTENTION_GRADIENT-bias": (["f32 2 2 4"] * 3 + ["f32 1 1 2 2", "f32 2 2 4"], ["f32 2 2 4"] * 3 + ["f32 1 1 2 2"],
                                dict(heads=1, value=1, has_bias=True)),
    "EMBEDDING_GRADIENT": (["i32 B", "f32 B 4"], ["f32 9 4"], {}),
    "CROSS_ENTROPY_GRADIENT": (["f32 B 4", "i32 B", "f32"], ["f32 B 4"], dict(value=0, smoothing="KL")),
    "PATCHES_GRADIENT": (["f32 B 4 9"], ["f32 B 4 3 1"], dict(axes=[3, 2, 1, 3])),
    "RELATIVE_INDEX": ([], ["i32 9 9"], dict(axes=[3])),
    "WINDOW_MASK": ([], ["f32 2 4 4"], dict(axes=[2, 4, 2, 1])),
    "QUANTIZED_EMBEDDING": (["#s8 9 6", "=f32 9", "i32 B"], ["f32 B 6"], {}),
    "INTERPOLATE": (["=f32 2 3 4"], ["f32 S 3 4"], {}),
    "INTERPOLATE_GRADIENT": (["f32 S 3 4"], ["f32 1 2 4"], {}),
}


def messages():
    """The message classes of formats/plan.proto."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["protoc", "-I", ROOT / "formats", "--descriptor_set_out", file.name,
                        ROOT / "formats" / "plan.proto"], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"gitc.{name}"))


class Builder:
    def __init__(self):
        self.message = messages()
        self.plan = self.message("Plan")(version=1, producer="seed")
        self.weights = b""

    def function(self, name, opcode, operands, results, attributes):
        function = self.plan.functions.add(name=name)
        step = function.steps.add()
        step.opcode = self.message("PlanStep").DESCRIPTOR.fields_by_name["opcode"].enum_type.values_by_name[
            opcode.split("-")[0]].number
        for operand in operands:
            step.operands.append(self.tensor(function, operand))
        for result in results:
            step.results.append(self.tensor(function, result, isInput=False))
            function.outputs.add(name=f"y{len(function.outputs)}", tensor=step.results[-1])
        for key, value in attributes.items():
            if key in ("prefix", "start"):
                self.dimension(function, getattr(step, key), str(value))
            elif key == "axes":
                step.axes.extend(value)
            elif isinstance(value, str):
                values = step.DESCRIPTOR.fields_by_name[key].enum_type.values_by_name
                setattr(step, key, values[value].number)
            else:
                setattr(step, key, value)

    def tensor(self, function, text, isInput=True):
        mark = text[0] if text[0] in "=#" else ""
        dtype, *lengths = text.lstrip("=#").split()
        dtypes = self.message("PlanTensor").DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_name
        tensor = function.tensors.add(dtype=dtypes[dtype.upper()].number)
        for length in lengths:
            self.dimension(function, tensor.shape.add(), length)
        index = len(function.tensors) - 1
        if mark:
            tensor.weight = self.weight(dtypes[dtype.upper()].number, [int(x) for x in lengths], mark == "#")
        elif isInput:
            function.inputs.add(name=f"x{index}", tensor=index)
        return index

    def dimension(self, function, dimension, text):
        if text.isdigit():
            if int(text):
                dimension.terms.add(coefficient=int(text))
            return
        for coefficient, symbol in [(2, "F"), (1, "T")] if text == "S" else [(1, text)]:
            if symbol not in function.symbols:
                function.symbols.append(symbol)
            dimension.terms.add(coefficient=coefficient, symbols=[list(function.symbols).index(symbol)])

    def weight(self, dtype, shape, packed):
        self.weights += bytes(-len(self.weights) % 64)
        entry = self.plan.weight_table.add(name=f"w{len(self.plan.weight_table)}", dtype=dtype, shape=shape,
                                           layout=2 if packed else 1, offset=len(self.weights))
        if packed:
            rows, columns = shape
            sums = [0] * rows
            data = bytearray((rows + 7) // 8 * ((columns + 3) // 4) * 32)
            for n in range(rows):
                for k in range(columns):
                    value = (n * 71 + k * 37) % 255 - 127
                    sums[n] += value
                    data[(n // 8 * ((columns + 3) // 4) + k // 4) * 32 + n % 8 * 4 + k % 4] = value & 255
            data += bytes(-len(data) % 64) + struct.pack(f"<{rows}i", *sums)
            entry.partial_sums.extend([254 << i for i in range(5)])
        else:
            count = numpy.prod(shape, dtype=int)
            data = bytes(4 * count) if dtype == 2 else struct.pack(f"<{count}f", *[0.5] * count)
        entry.byte_count = len(data)
        self.weights += bytes(data)
        return len(self.plan.weight_table) - 1

    def bytes(self):
        self.plan.weights = self.weights
        return self.plan.SerializeToString(deterministic=True)


def plans():
    for name, step in STEPS.items():
        builder = Builder()
        builder.function("f", name, *step)
        yield f"{name.lower()}.plan", builder.bytes()
    builder = Builder()
    for name in ["ATTENTION", "EMBEDDING", "SLICE"]:
        builder.function(name.lower(), name, *STEPS[name])
    model = builder.plan.model
    model.preprocessing.image_size = 4
    model.preprocessing.resample = "bicubic"
    model.preprocessing.mean.extend([0.5] * 3)
    model.preprocessing.standard_deviation.extend([0.25] * 3)
    model.vocabulary.extend(["[PAD]", "[CLS]", "é"])
    model.maximum_text_length, model.maximum_frames, model.precision = 8, 0, "int8"
    yield "model.plan", builder.bytes()
    builder = Builder()
    builder.function("f", "EMBEDDING", *STEPS["EMBEDDING"])
    builder.plan.version = 2
    builder.plan.sha256 = bytes(32)
    for weight in builder.plan.weight_table:
        weight.sha256 = bytes(range(32))
    # An alias of a result, as another output.
    function = builder.plan.functions[0]
    alias = function.tensors.add(dtype=1, alias_of=2)
    builder.dimension(function, alias.shape.add(), "12")
    alias.shape[0].terms[0].symbols.append(0)
    function.outputs.add(name="flat", tensor=3)
    yield "checksums.plan", builder.bytes()


def pickles():
    torch.manual_seed(0)
    base = torch.rand(4, 3)
    model = {"a": base[:2], "b.t": base.t(), "c": torch.rand(2).half(), "d": torch.arange(3)}
    for name, value in [("dict.pt", {"model": model}), ("ordered.pt", {"model": torch.nn.Linear(2, 1).state_dict()})]:
        file = io.BytesIO()
        torch.save(value, file)
        yield name, file.getvalue()


def arrays():
    for name, array in [("f4.npy", numpy.zeros((2, 3), "<f4")), ("i4.npy", numpy.arange(4, dtype="<i4")),
                        ("i8.npy", numpy.arange(2, dtype="<i8")), ("scalar.npy", numpy.float32(1))]:
        file = io.BytesIO()
        numpy.save(file, array)
        yield name, file.getvalue()


def images():
    random = numpy.random.default_rng(0)
    rgb = Image.fromarray(random.integers(0, 256, (9, 7, 3), "uint8"))
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, image, form, options in [
        ("rgb.png", rgb, "PNG", {}), ("palette.png", rgb.quantize(7), "PNG", dict(transparency=1)),
        ("grey.png", rgb.convert("L"), "PNG", {}), ("bits.png", rgb.convert("1"), "PNG", {}),
        ("alpha.png", rgb.convert("RGBA"), "PNG", {}), ("grey16.png", rgb.convert("I;16"), "PNG", {}),
        ("rgb.jpg", rgb, "JPEG", dict(exif=exif)), ("progressive.jpg", rgb, "JPEG", dict(progressive=True)),
        ("grey.jpg", rgb.convert("L"), "JPEG", {}), ("cmyk.jpg", rgb.convert("CMYK"), "JPEG", {}),
        ("lossy.webp", rgb, "WEBP", {}), ("lossless.webp", rgb.convert("RGBA"), "WEBP", dict(lossless=True)),
    ]:
        file = io.BytesIO()
        image.save(file, form, **options)
        yield name, file.getvalue()


for target, seeds in [("plan", plans()), ("torch", pickles()), ("array", arrays()), ("image", images())]:
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds:
        (folder / name).write_bytes(data)
