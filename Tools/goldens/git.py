#!/usr/bin/env python3
"""Writes what HuggingFace's GitForCausalLM makes of random weights and inputs: Tests/Goldens/git.

With `generate`, only generate.json, from the weights and pixels that are there.

    pip install torch==2.15.0 transformers==5.23.0 safetensors
    python3 Tools/goldens/git.py

Tiny models of images and of clips, and one of images that are larger than its positions were made for
and not square ("sizes"), each a safetensors file with every parameter under its own name, `pixels`
[B, F, 3, H, W], `tokens` [B, T] and `logits` [B, T, V], all F32; row t scores the token after position t.
The model runs in float64, so the logits are exact to f32's last digit.

Weights are drawn so that every constant shows in the logits: rows entering the text embedding's, the
encoder's first and the projection's layer norm have variances near their epsilons, and biases,
temporal vectors and norms' gains differ from their usual 0 and 1. Head widths are 4 and 16, whose
square roots are exact.

generate.json: what `generate` finds for the first input of each model, greedily and with beams, with and
without a question: tokens, best first, and sequence scores.
"""

import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file

SEED = 20240602
GOLDENS = pathlib.Path(__file__).resolve().parent.parent.parent / "Tests" / "Goldens" / "git"

VISION = dict(image_size=20, patch_size=8, hidden_size=16, num_hidden_layers=2,
              num_attention_heads=4, intermediate_size=40)
TEXT = dict(vocab_size=41, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=40, max_position_embeddings=12)

# [CLS] of generate.json.
START = 2


def spread(name: str) -> float:
    """The standard deviation of a parameter."""
    if "word_embeddings" in name or "position_embeddings" in name:
        return 0.003
    if "vision_model.embeddings" in name or "visual_projection.0" in name:
        return 0.004
    return 0.3


def write(name: str, frames: int, batch: int, length: int, size=None) -> None:
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

    height, width = size or [VISION["image_size"]] * 2
    shape = [batch, max(frames, 1), 3, height, width]
    pixels = torch.randn(shape)
    tokens = torch.randint(1, TEXT["vocab_size"], [batch, length])
    with torch.no_grad():
        given = pixels if frames else pixels[:, 0]
        logits = model.double()(
            input_ids=tokens, pixel_values=given.double(),
            interpolate_pos_encoding=size is not None).logits
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


def generate(name: str, frames: int, end: int) -> dict:
    """Cases for one of the models that `write` wrote; `end` is a token that it likes."""
    config = transformers.GitConfig(
        vision_config=VISION, num_image_with_embedding=frames or None, attn_implementation="eager",
        bos_token_id=START, eos_token_id=end, pad_token_id=0, **TEXT)
    model = transformers.GitForCausalLM(config).eval()
    tensors = load_file(GOLDENS / f"{name}.safetensors")
    pixels = tensors["pixels"][:1] if frames else tensors["pixels"][:1, 0]
    model.load_state_dict({key: value for key, value in tensors.items()
                           if key not in ["pixels", "tokens", "logits"]})
    model = model.double()
    cases = []
    for prompt in [[START], [START, 7, 30, 12]]:
        for beams in [1, 2, 4]:
            for penalty in [0.0, 0.6, 1.0, 2.0] if beams > 1 else [1.0]:
                for limit in [3, TEXT["max_position_embeddings"] - len(prompt)]:
                    found = model.generate(
                        input_ids=torch.tensor([prompt]), pixel_values=pixels.double(),
                        num_beams=beams, num_return_sequences=beams, length_penalty=penalty,
                        max_new_tokens=limit, do_sample=False, output_scores=True,
                        return_dict_in_generate=True)
                    texts = []
                    for row in found.sequences.tolist():
                        ends = [at for at in range(len(prompt), len(row)) if row[at] == end]
                        texts.append(row[:ends[0] + 1] if ends else row)
                    scores = found.sequences_scores.tolist() if beams > 1 else []
                    cases.append(dict(prompt=prompt, beams=beams, lengthPenalty=penalty,
                                      maximumTokens=limit, texts=texts,
                                      scores=[round(score, 5) for score in scores]))
    return dict(name=name, end=end, cases=cases)


if __name__ == "__main__":
    if sys.argv[1:] != ["generate"]:
        GOLDENS.mkdir(parents=True, exist_ok=True)
        write("image", frames=0, batch=2, length=5)
        write("video", frames=3, batch=2, length=7)
        # Three rows of five patches, and pixels left over that make none.
        write("sizes", frames=0, batch=1, length=4, size=(27, 41))
    models = [generate("image", frames=0, end=23), generate("video", frames=3, end=10)]
    (GOLDENS / "generate.json").write_text(json.dumps(
        {"script": "Tools/goldens/git.py", "transformers": transformers.__version__,
         "models": models}, separators=(",", ":")) + "\n")
