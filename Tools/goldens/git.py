#!/usr/bin/env python3
"""Writes what HuggingFace's GitForCausalLM makes of random weights and inputs: Tests/Goldens/git.

    pip install torch==2.15.0 transformers==5.23.0 safetensors
    python3 Tools/goldens/git.py

Two tiny models, one of images and one of clips, each a safetensors file with every parameter under
its own name, `pixels` [B, F, 3, H, W], `tokens` [B, T] and `logits` [B, T, V], all F32; row t scores the
token after position t. The model runs in float64, so the logits are exact to f32's last digit.

Weights are drawn so that every constant shows in the logits: rows entering the text embedding's, the
encoder's first and the projection's layer norm have variances near their epsilons, and biases,
temporal vectors and norms' gains differ from their usual 0 and 1. Head widths are 4 and 16, whose
square roots are exact.
"""

import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file

SEED = 20240602
GOLDENS = pathlib.Path(__file__).resolve().parent.parent.parent / "Tests" / "Goldens" / "git"

VISION = dict(image_size=20, patch_size=8, hidden_size=16, num_hidden_layers=2,
              num_attention_heads=4, intermediate_size=40)
TEXT = dict(vocab_size=41, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=40, max_position_embeddings=12)


def spread(name: str) -> float:
    """The standard deviation of a parameter."""
    if "word_embeddings" in name or "position_embeddings" in name:
        return 0.003
    if "vision_model.embeddings" in name or "visual_projection.0" in name:
        return 0.004
    return 0.3


def write(name: str, frames: int, batch: int, length: int) -> None:
    torch.manual_seed(SEED + frames)
    config = transformers.GitConfig(
        vision_config=VISION, num_image_with_embedding=frames or None, attn_implementation="eager",
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **TEXT)
    model = transformers.GitForCausalLM(config).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            center = 1.0 if "norm" in key.lower() and key.endswith("weight") else 0.0
            if key.endswith("visual_projection.1.weight"):
                center = 1.0
            parameter.copy_(center + spread(key) * torch.randn(parameter.shape))
    tensors = {key: value.detach().clone() for key, value in model.named_parameters()}

    shape = [batch, max(frames, 1), 3, VISION["image_size"], VISION["image_size"]]
    pixels = torch.randn(shape)
    tokens = torch.randint(1, TEXT["vocab_size"], [batch, length])
    with torch.no_grad():
        given = pixels if frames else pixels[:, 0]
        logits = model.double()(input_ids=tokens, pixel_values=given.double()).logits
    # Rows of image tokens come first.
    logits = logits[:, -length:, :]

    tensors |= {"pixels": pixels, "tokens": tokens.float(), "logits": logits.float()}
    metadata = {
        "script": "Tools/goldens/git.py", "seed": str(SEED + frames),
        "torch": torch.__version__, "transformers": transformers.__version__,
        "vision": json.dumps(VISION), "text": json.dumps(TEXT), "frames": str(frames),
    }
    save_file({key: value.contiguous() for key, value in tensors.items()},
              GOLDENS / f"{name}.safetensors", metadata)


if __name__ == "__main__":
    GOLDENS.mkdir(parents=True, exist_ok=True)
    write("image", frames=0, batch=2, length=5)
    write("video", frames=3, batch=2, length=7)
