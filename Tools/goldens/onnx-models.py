#!/usr/bin/env python3
"""Writes Tests/Goldens/onnx: tiny models as PyTorch exports them, with inputs and results.

    Tools/goldens/onnx-models.py         needs torch, transformers, onnx, onnxscript, onnxruntime, safetensors

Each NAME.onnx has NAME.safetensors beside it: the inputs under their names, and what onnxruntime gives
for them. Both exporters are there, because they spell the same model differently: `traced` is the
TorchScript one, `dynamo` the newer. Weights are random with a fixed seed; what exporters say of
the source, and the names of nodes and of values between them, are taken out to keep the files small.
"""
import pathlib
import warnings

import numpy
import onnx
import onnxruntime
import torch
from safetensors.numpy import save_file
from torch import nn
from transformers import BertConfig, BertForMaskedLM, GitConfig, GitForCausalLM, ViTConfig, ViTModel

warnings.filterwarnings("ignore")
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Tests/Goldens/onnx"
WIDTH, HEADS, MLP = 8, 2, 12


class Call(nn.Module):
    """A model as a function of tensors alone."""

    def __init__(self, model, function):
        super().__init__()
        self.model, self.function = model, function

    def forward(self, *inputs):
        return self.function(self.model, *inputs)


class Norm(nn.Module):
    """Layer norm written out."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(WIDTH)), nn.Parameter(torch.zeros(WIDTH))

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        variance = (x - mean).pow(2).mean(-1, keepdim=True)
        return self.weight * ((x - mean) / torch.sqrt(variance + 1e-6)) + self.bias


class Block(nn.Module):
    """A ViT block with q, k and v in one projection and everything written out."""

    def __init__(self, activation):
        super().__init__()
        self.norm1, self.norm2, self.activation = Norm(), Norm(), activation
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, MLP), nn.Linear(MLP, WIDTH)

    def forward(self, x):
        batch, rows, width = x.shape
        y = self.qkv(self.norm1(x)).reshape(batch, rows, 3, HEADS, width // HEADS)
        q, k, v = y.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q * (width // HEADS) ** -0.5) @ k.transpose(-2, -1)
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, rows, width)
        x = x + self.out(y)
        return x + self.down(self.activation(self.up(self.norm2(x))))


class Causal(Block):
    """The same under a causal mask, with q, k and v cut from columns."""

    def forward(self, x):
        batch, rows, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).split(width, dim=-1)
        q, k, v = (y.view(batch, rows, HEADS, width // HEADS).transpose(1, 2) for y in (q, k, v))
        scores = q @ k.transpose(-2, -1) / (width // HEADS) ** 0.5
        hidden = torch.ones(rows, rows, dtype=torch.bool).tril().logical_not()
        scores = scores.masked_fill(hidden, float("-inf"))
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, rows, width)
        x = x + self.out(y)
        return x + self.down(self.activation(self.up(self.norm2(x))))


def randomize(model):
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.4)
            if "norm" in name.lower() and name.endswith("weight"):
                parameter.add_(1)
    return model.eval()


def models():
    sizes = dict(
        hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=HEADS, intermediate_size=MLP)
    vit = ViTModel(
        ViTConfig(**sizes, image_size=8, patch_size=4), add_pooling_layer=False)
    bert = BertForMaskedLM(BertConfig(**sizes, vocab_size=11, max_position_embeddings=12))
    git = GitForCausalLM(
        GitConfig(
            **sizes, vocab_size=11, max_position_embeddings=12, bos_token_id=1, eos_token_id=2,
            vision_config=dict(**sizes, image_size=8, patch_size=4)))
    rows = torch.randn(2, 5, WIDTH, generator=torch.Generator().manual_seed(1))
    pixels = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    tokens = torch.randint(0, 11, (2, 5), generator=torch.Generator().manual_seed(3))
    yield "vit", Call(vit, lambda m, x: m(x).last_hidden_state), {"pixels": pixels}, {"pixels": "B"}
    yield "bert", Call(bert, lambda m, x: m(x).logits), {"tokens": tokens}, {"tokens": "BT"}
    yield "git", Call(
        git, lambda m, t, x: m(input_ids=t, pixel_values=x, use_cache=False).logits[:, -t.shape[1] :]
    ), {"tokens": tokens[:1], "pixels": pixels[:1]}, {}
    quick = Call(None, lambda _, x: x * torch.sigmoid(1.702 * x))
    yield "block-quick", Block(quick), {"x": rows}, {"x": "B"}
    yield "block-tanh", Block(nn.GELU(approximate="tanh")), {"x": rows}, {"x": "B"}
    yield "causal", Causal(nn.GELU()), {"x": rows}, {"x": "B"}


def export(model, inputs, symbols, path, dynamo):
    names = list(inputs)
    if dynamo:
        dims = {s: torch.export.Dim(s, min=2, max=12) for s in "BT"}
        shapes = tuple(
            {i: dims[s] for i, s in enumerate(symbols.get(name, ""))} for name in names)
        if isinstance(model, Call):
            shapes = (shapes,)
        torch.onnx.export(
            model, tuple(inputs.values()), path, dynamo=True, input_names=names,
            output_names=["y"], dynamic_shapes=shapes if any(symbols) else None,
            external_data=False, verbose=False)
    else:
        torch.onnx.export(
            model, tuple(inputs.values()), path, dynamo=False, input_names=names,
            output_names=["y"], opset_version=17,
            dynamic_axes={name: dict(enumerate(s)) for name, s in symbols.items()})


def shrink(path):
    model = onnx.load(path)
    model.ClearField("doc_string")
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for entry in list(model.graph.node) + list(model.graph.initializer):
        entry.ClearField("doc_string")
        del entry.metadata_props[:]
    # Names of nodes and of values between them are paths of modules: half of the file.
    kept = {p.name for p in [*model.graph.input, *model.graph.output, *model.graph.initializer]}
    short = {}
    for node in model.graph.node:
        node.name = ""
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name and name not in kept:
                    names[i] = short.setdefault(name, f"v{len(short)}")
    for port in list(model.graph.input) + list(model.graph.output):
        del port.metadata_props[:]
    onnx.save(model, path)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, model, inputs, symbols in models():
        randomize(model)
        for dynamo in (False, True):
            path = FOLDER / f"{name}-{'dynamo' if dynamo else 'traced'}.onnx"
            export(model, inputs, symbols, str(path), dynamo)
            shrink(str(path))
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            arrays = {key: value.numpy() for key, value in inputs.items()}
            (y,) = session.run(None, arrays)
            with torch.no_grad():
                expected = model(*inputs.values()).numpy()
            assert numpy.abs(y - expected).max() <= 1e-4 * numpy.abs(expected).max(), path
            arrays["y"] = y
            # Token ids are exact as floats, which is what the tests read.
            arrays = {key: value.astype(numpy.float32) for key, value in arrays.items()}
            save_file(arrays, path.with_suffix(".safetensors"))
            print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
