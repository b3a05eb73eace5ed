#!/usr/bin/env python3
"""Writes what GIT makes of a CoSwin with random weights: Tests/Goldens/git/coswin.safetensors.

    pip install torch==2.15.0 transformers==5.23.0 safetensors
    python3 Tools/goldens/coswin.py

Nobody publishes a CoSwin, so one is put together from HuggingFace's ports of its parts, SwinLayer and
CvtConvEmbeddings, and stands in the place of the image encoder of their GitForCausalLM. Two stages:
maps of 8 tokens a side in windows of 4, shifted by 2 in the second and fourth block; then one window.
The file has every parameter under its own name, kernels after the first as [out, k, k, in], `pixels`,
`tokens` and `logits`, all F32; the model runs in float64.
"""

import pathlib
import types

import torch
import transformers
from safetensors.torch import save_file
from torch import nn
from transformers.models.cvt.modeling_cvt import CvtConvEmbeddings
from transformers.models.swin.modeling_swin import SwinLayer

SEED = 20240603
GOLDENS = pathlib.Path(__file__).resolve().parent.parent.parent / "Tests" / "Goldens" / "git"

IMAGE, STEM, WIDTH, DEPTHS, HEADS, WINDOW = 32, (7, 4, 2), 8, (4, 1), (2, 4), 4
TEXT = dict(vocab_size=23, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=24, max_position_embeddings=8)


class Stage(nn.Module):
    def __init__(self, channels, embedding, side, width, depth, heads):
        super().__init__()
        size, stride, padding = embedding
        self.side = side
        self.patch_embedding = CvtConvEmbeddings(size, channels, width, stride, padding)
        config = transformers.SwinConfig(window_size=min(WINDOW, side), mlp_ratio=4.0)
        config._attn_implementation = "eager"
        self.blocks = nn.ModuleList(
            SwinLayer(config, width, (side, side), heads,
                      shift_size=config.window_size // 2 if index % 2 else 0)
            for index in range(depth))

    def forward(self, x):
        x = self.patch_embedding(x)
        rows = x.flatten(2).transpose(1, 2)
        for block in self.blocks:
            rows = block(rows, (self.side, self.side))[0]
        return rows.transpose(1, 2).reshape(x.shape)


class CoSwin(nn.Module):
    def __init__(self):
        super().__init__()
        stages, side, channels = [], IMAGE, 3
        for index, (depth, heads) in enumerate(zip(DEPTHS, HEADS)):
            embedding = STEM if index == 0 else (3, 2, 1)
            side = (side + 2 * embedding[2] - embedding[0]) // embedding[1] + 1
            stages.append(Stage(channels, embedding, side, WIDTH << index, depth, heads))
            channels = WIDTH << index
        self.stages = nn.ModuleList(stages)
        self.layernorm = nn.LayerNorm(channels, eps=1e-5)

    def forward(self, pixel_values, **_):
        x = pixel_values
        for stage in self.stages:
            x = stage(x)
        rows = self.layernorm(x.flatten(2).transpose(1, 2))
        return types.SimpleNamespace(last_hidden_state=rows, pooler_output=None)


def main() -> None:
    torch.manual_seed(SEED)
    width = WIDTH << (len(DEPTHS) - 1)
    vision = dict(image_size=16, patch_size=8, hidden_size=width, num_hidden_layers=1,
                  num_attention_heads=2, intermediate_size=8)
    config = transformers.GitConfig(
        vision_config=vision, attn_implementation="eager", hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, **TEXT)
    model = transformers.GitForCausalLM(config)
    model.git.image_encoder = CoSwin()
    model.eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            center = 1.0 if "norm" in key.lower() and key.endswith("weight") else 0.0
            if key.endswith("visual_projection.1.weight"):
                center = 1.0
            # Tables large enough to matter beside the scores.
            spread = 1.0 if key.endswith("bias_table") else 0.3
            parameter.copy_(center + spread * torch.randn(parameter.shape))
    tensors = {key: value.detach().clone() for key, value in model.named_parameters()}
    for key, value in tensors.items():
        if key.endswith("patch_embedding.projection.weight") and ".stages.0." not in key:
            tensors[key] = value.permute(0, 2, 3, 1)

    pixels = torch.randn([2, 1, 3, IMAGE, IMAGE])
    tokens = torch.randint(1, TEXT["vocab_size"], [2, 4])
    with torch.no_grad():
        logits = model.double()(input_ids=tokens, pixel_values=pixels[:, 0].double()).logits
    logits = logits[:, -tokens.shape[1]:, :]

    tensors |= {"pixels": pixels, "tokens": tokens.float(), "logits": logits.float()}
    metadata = {
        "script": "Tools/goldens/coswin.py", "seed": str(SEED), "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    save_file({key: value.contiguous() for key, value in tensors.items()},
              GOLDENS / "coswin.safetensors", metadata)


if __name__ == "__main__":
    main()
