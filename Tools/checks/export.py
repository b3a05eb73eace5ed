#!/usr/bin/env python3
"""Runs what `gitc export` writes in transformers and onnxruntime, and compares with gitc itself.

    Tools/checks/export.py CHECKPOINT…            needs torch, transformers, onnxruntime

For each checkpoint: the folder for transformers, of a model with a ViT, loads without a missing or
unexpected tensor; its logits for random pixels and tokens, those of the three ONNX models step by step (the tokens in two steps, two
sequences that exchange their pasts by `slots`), and those of the fp32 plan agree. Prints the largest
differences in parts of the largest logit; fails above 1e-4.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnxruntime
import torch
from transformers import GitForCausalLM

GITC = pathlib.Path(__file__).resolve().parents[2] / ".build/release/gitc"


def gitc(*arguments):
    subprocess.run([GITC, *arguments], check=True, stdout=subprocess.DEVNULL)


class Plan:
    """The functions of a plan through `gitc call`."""

    def __init__(self, path, folder):
        self.path, self.folder = path, folder

    def run(self, function, outputs, inputs, symbols=()):
        arguments = []
        for name, value in inputs.items():
            numpy.save(f"{self.folder}/{name}.npy", value)
            arguments += ["--input", f"{name}={self.folder}/{name}.npy"]
        for name in outputs:
            arguments += ["--output", f"{name}={self.folder}/out-{name}.npy"]
        for symbol in symbols:
            arguments += ["--symbol", symbol]
        gitc("call", self.path, function, *arguments)
        return [numpy.load(f"{self.folder}/out-{name}.npy") for name in outputs]


class Models:
    """The same functions in onnxruntime."""

    def __init__(self, path):
        self.sessions = {
            name: onnxruntime.InferenceSession(
                path.replace(".onnx", f".{name}.onnx"), providers=["CPUExecutionProvider"])
            for name in ("encode", "prefix", "step")}

    def run(self, function, outputs, inputs, symbols=()):
        session = self.sessions[function]
        known = {port.name for port in session.get_inputs()}
        inputs = {
            name: value.astype(numpy.int64) if value.dtype.kind == "i" else value
            for name, value in inputs.items()}
        for symbol in symbols:
            name, value = symbol.split("=")
            if name in known:
                inputs[name] = numpy.array([int(value)])
        names = {port.name for port in session.get_outputs()}
        return session.run([f"new_{o}" if o not in names else o for o in outputs], inputs)

    @property
    def layers(self):
        return sum(p.name.startswith("prefix_k.") for p in self.sessions["prefix"].get_outputs())


def logits(functions, layers, pixels, tokens):
    """Logits of every text row, by encode, prefix, a step for all tokens but one, and one for the rest.

    Before the second step sequence s reads the past that sequence 1 - s wrote.
    """
    batch, frames = pixels.shape[:2]
    (features,) = functions.run(
        "encode", ["features"], {"pixels": pixels.reshape(-1, *pixels.shape[2:])})
    names = [f"{kind}.{layer}" for layer in range(layers) for kind in ("prefix_k", "prefix_v")]
    results = functions.run(
        "prefix", names, {"features": features}, [f"B={batch}", f"F={frames}"])
    state = dict(zip(names, results))
    caches = [name.replace("prefix", "text") for name in names]
    length = tokens.shape[1] + 1
    for name in caches:
        state[name] = numpy.zeros((batch, length, state["prefix_k.0"].shape[2]), numpy.float32)
    rows = numpy.arange(batch, dtype=numpy.int32)
    state["source"] = rows
    found = []
    for start, end in ((0, tokens.shape[1] - 1), (tokens.shape[1] - 1, tokens.shape[1])):
        state["slots"] = numpy.repeat(rows[:, None], length, 1)
        step_tokens = tokens[:, start:end]
        if start:
            state["slots"][:, :start] = rows[::-1, None]
            state["source"], step_tokens = rows[::-1].copy(), step_tokens[::-1].copy()
        state["positions"] = numpy.arange(start, end, dtype=numpy.int32)
        state["tokens"] = step_tokens
        results = functions.run("step", ["logits"] + caches, state)
        state.update(zip(caches, results[1:]))
        found.append(results[0][::-1] if start else results[0])
    return numpy.concatenate(found, 1)


def configuration(checkpoint):
    """The sizes in a checkpoint's header."""
    with open(checkpoint, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(header["__metadata__"]["gitc.configuration"])


def transformers_logits(checkpoint, folder, pixels, tokens):
    gitc("export", checkpoint, "-o", f"{folder}/model.safetensors")
    model, info = GitForCausalLM.from_pretrained(folder, output_loading_info=True)
    wrong = {key: value for key, value in info.items() if value}
    assert not wrong, wrong
    model.eval()
    given = pixels if model.config.num_image_with_embedding else pixels[:, 0]
    with torch.no_grad():
        return model(input_ids=tokens, pixel_values=given).logits[:, -tokens.shape[1]:].numpy()


def check(checkpoint, folder):
    gitc("export", checkpoint, "-o", f"{folder}/model.onnx")
    gitc("compile", checkpoint, "-o", f"{folder}/model.plan", "--precision", "fp32")
    sizes = configuration(checkpoint)
    generator = torch.Generator().manual_seed(1)
    side = sizes["vision"]["imageSize"]
    pixels = torch.randn(2, max(1, sizes["frames"]), 3, side, side, generator=generator)
    tokens = torch.randint(0, sizes["text"]["vocabularySize"], (2, 7), generator=generator)
    models = Models(f"{folder}/model.onnx")
    arguments = (models.layers, pixels.numpy(), tokens.numpy().astype(numpy.int32))
    plan = logits(Plan(f"{folder}/model.plan", folder), *arguments)
    onnx = logits(models, *arguments)
    largest = numpy.abs(plan).max()
    errors = {"onnxruntime": numpy.abs(plan - onnx).max() / largest}
    if "patchSize" in sizes["vision"]:
        expected = transformers_logits(checkpoint, folder, pixels, tokens)
        errors["transformers"] = numpy.abs(plan - expected).max() / largest
    found = ", ".join(f"{name} {error:.1e}" for name, error in errors.items())
    print(f"{checkpoint}: {found} of {largest:.3g}", flush=True)
    return max(errors.values()) <= 1e-4


def main():
    good = True
    for checkpoint in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            good &= check(checkpoint, folder)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
