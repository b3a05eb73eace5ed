#!/usr/bin/env python3
"""Compiles models that PyTorch exports and compares the plans with onnxruntime.

    Tools/checks/onnx-import.py [vit-b bert-base …]     needs torch, transformers, onnx, onnxscript, onnxruntime

Each model has random weights and is exported by both of PyTorch's exporters. Prints, per export, the
largest difference between `gitc call` and onnxruntime, in parts of the largest result, and the steps of
the plan. Fails above 1e-4, and where the plan has other steps that compute than the same model has in our
own ops (EXPECTED).
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy
import onnxruntime
import torch
from torch import nn
from transformers import BertConfig, BertModel, GitConfig, GitForCausalLM, ViTConfig, ViTModel

warnings.filterwarnings("ignore")
# A layer has four projections (q, k and v are one) and two norms. GIT's decoder has each twice, for image
# and text rows, but for the last layer's image rows, of which only keys and values are read.
EXPECTED = {
    "vit-b": {"attention": 12, "linear": 12 * 4 + 1, "layerNorm": 12 * 2 + 1, "patches": 1},
    "bert-base": {"attention": 12, "linear": 12 * 4, "layerNorm": 12 * 2 + 1, "embedding": 1},
    "git-base": {
        "attention": 12 + 5 + 6, "linear": 1 + 12 * 4 + 1 + 5 * 4 + 1 + 6 * 4 + 1,
        "layerNorm": 1 + 12 * 2 + 2 + 5 * 2 + 1 + 6 * 2, "embedding": 1, "patches": 1},
}
# What moves data, and sums that no projection or norm takes.
MOVES = {"add", "broadcast", "concat", "slice", "transpose"}
GITC = pathlib.Path(__file__).resolve().parents[2] / ".build/release/gitc"


class Call(nn.Module):
    def __init__(self, model, function):
        super().__init__()
        self.model, self.function = model, function

    def forward(self, *inputs):
        return self.function(self.model, *inputs)


def models(names):
    torch.manual_seed(0)
    if "vit-b" in names:
        vit = ViTModel(ViTConfig(), add_pooling_layer=False)
        yield "vit-b", Call(vit, lambda m, x: m(x).last_hidden_state), {
            "pixels": torch.randn(2, 3, 224, 224)}, {"pixels": {0: "B"}}
    if "bert-base" in names:
        bert = BertModel(BertConfig(), add_pooling_layer=False)
        yield "bert-base", Call(bert, lambda m, t: m(t).last_hidden_state), {
            "tokens": torch.randint(0, 30522, (2, 48))}, {"tokens": {0: "B", 1: "T"}}
    if "git-base" in names:
        git = GitForCausalLM(GitConfig())
        yield "git-base", Call(
            git,
            lambda m, t, x: m(input_ids=t, pixel_values=x, use_cache=False).logits[:, -t.shape[1]:]
        ), {"tokens": torch.randint(0, 30522, (1, 12)), "pixels": torch.randn(1, 3, 224, 224)}, {}


def export(model, inputs, axes, path, dynamo):
    if dynamo:
        dims = {s: torch.export.Dim(s, min=2, max=512) for s in "BT"}
        shapes = (tuple(
            {axis: dims[s] for axis, s in axes.get(name, {}).items()} for name in inputs),)
        torch.onnx.export(
            model, tuple(inputs.values()), path, dynamo=True, input_names=list(inputs),
            output_names=["y"], dynamic_shapes=shapes if axes else None, verbose=False)
    else:
        torch.onnx.export(
            model, tuple(inputs.values()), path, dynamo=False, input_names=list(inputs),
            output_names=["y"], dynamic_axes=axes, opset_version=17)


def check(name, model, inputs, axes, dynamo, folder):
    path, plan, report = f"{folder}/model.onnx", f"{folder}/model.plan", f"{folder}/report.json"
    export(model, inputs, axes, path, dynamo)
    subprocess.run(
        [GITC, "compile", path, "-o", plan, "--precision", "fp32", "--report", report],
        check=True, stdout=subprocess.DEVNULL)
    arguments = []
    for key, value in inputs.items():
        numpy.save(f"{folder}/{key}.npy", value.numpy())
        arguments += ["--input", f"{key}={folder}/{key}.npy"]
    subprocess.run(
        [GITC, "call", plan, "main", *arguments, "--output", f"y={folder}/y.npy"], check=True,
        stdout=subprocess.DEVNULL)
    found = numpy.load(f"{folder}/y.npy")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {key: value.numpy() for key, value in inputs.items()})
    error = numpy.abs(found - expected).max() / numpy.abs(expected).max()
    opcodes = json.load(open(report))["functions"][0]["opcodes"]
    steps = ", ".join(f"{count} {opcode}" for opcode, count in sorted(opcodes.items()))
    print(f"{name} by {'dynamo' if dynamo else 'traced'}: {error:.1e}; {steps}", flush=True)
    computing = {opcode: count for opcode, count in opcodes.items() if opcode not in MOVES}
    if computing != EXPECTED[name]:
        print(f"  expected {EXPECTED[name]}")
    return error <= 1e-4 and computing == EXPECTED[name]


def main():
    good = True
    for name, model, inputs, axes in models(sys.argv[1:] or ["vit-b", "bert-base", "git-base"]):
        for dynamo in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                good &= check(name, model.eval(), inputs, axes, dynamo, folder)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
