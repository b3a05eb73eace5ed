#!/usr/bin/env python3
"""Writes what PyTorch's training of a tiny GIT gives: Tests/Goldens/training/clips.safetensors.

    pip install torch transformers==5.23.0 safetensors
    python3 Tools/goldens/training.py

Holds the initial parameters under their own names, four batches (`pixels` [4, B, F, 3, H, W], `tokens` and
`labels` [4, B, T], labels -1 where nothing is learnt), and for both forms of label smoothing (`kl`, the
original repository's, and `uniform`, PyTorch's own) the losses of 20 steps over the batches in turn
(`losses.FORM` [20]), the norms of their gradients (`norms.FORM` [20]), every gradient of the first step
(`gradient.FORM.NAME`) and, for `kl`, the parameters after the last step (`final.NAME`).

AdamW in two groups for decay and two for the encoder's rate, clipping by norm, warm-up and cosine: the
settings are in the metadata. float64 throughout, so the values are exact to f32's last digit.
"""

import json
import math
import pathlib

import torch
import transformers
from safetensors.torch import save_file

SEED = 20261125
GOLDENS = pathlib.Path(__file__).resolve().parent.parent.parent / "Tests" / "Goldens" / "training"

VISION = dict(image_size=8, patch_size=4, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
              intermediate_size=12)
TEXT = dict(vocab_size=23, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=24, max_position_embeddings=8)
FRAMES, BATCH, LENGTH, BATCHES, STEPS = 2, 3, 6, 4, 20
OPTIMIZER = dict(learning_rate=3e-3, encoder_ratio=0.2, weight_decay=0.5, beta1=0.9, beta2=0.98,
                 epsilon=1e-8, warmup_steps=5, final_ratio=0.1, clip_norm=0.5)
SMOOTHING = 0.1


def rate(step: int) -> float:
    """The learning rate of step 1 ... STEPS."""
    o = OPTIMIZER
    if step <= o["warmup_steps"]:
        return o["learning_rate"] * step / o["warmup_steps"]
    progress = (step - o["warmup_steps"]) / (STEPS - o["warmup_steps"])
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return o["learning_rate"] * (o["final_ratio"] + (1 - o["final_ratio"]) * cosine)


def loss_of(form: str, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    counted = labels >= 0
    logits, labels = logits[counted], labels[counted]
    if form == "uniform":
        return torch.nn.functional.cross_entropy(logits, labels, label_smoothing=SMOOTHING)
    target = torch.full_like(logits, SMOOTHING / (logits.shape[1] - 1))
    target.scatter_(1, labels[:, None], 1 - SMOOTHING)
    log_p = torch.nn.functional.log_softmax(logits, dim=1)
    return torch.nn.functional.kl_div(log_p, target, reduction="batchmean")


def train(form: str, model, initial, pixels, tokens, labels) -> dict[str, torch.Tensor]:
    model.load_state_dict(initial, strict=False)
    o = OPTIMIZER
    groups = {}
    for name, parameter in model.named_parameters():
        decays = sum(length > 1 for length in parameter.shape) >= 2
        ratio = o["encoder_ratio"] if name.startswith("git.image_encoder.") else 1.0
        groups.setdefault((decays, ratio), []).append(parameter)
    optimizer = torch.optim.AdamW(
        [dict(params=p, weight_decay=o["weight_decay"] if decays else 0.0, ratio=ratio)
         for (decays, ratio), p in groups.items()],
        lr=0.0, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])
    losses, norms, result = [], [], {}
    for step in range(1, STEPS + 1):
        batch = (step - 1) % BATCHES
        logits = model(input_ids=tokens[batch], pixel_values=pixels[batch]).logits[:, -LENGTH:]
        loss = loss_of(form, logits, labels[batch])
        optimizer.zero_grad()
        loss.backward()
        if step == 1:
            for name, parameter in model.named_parameters():
                result[f"gradient.{form}.{name}"] = parameter.grad.float().clone()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), o["clip_norm"])))
        for group in optimizer.param_groups:
            group["lr"] = rate(step) * group["ratio"]
        optimizer.step()
        losses.append(float(loss.detach()))
    if form == "kl":
        for name, parameter in model.named_parameters():
            result[f"final.{name}"] = parameter.detach().float().clone()
    result[f"losses.{form}"] = torch.tensor(losses)
    result[f"norms.{form}"] = torch.tensor(norms)
    return result


def main() -> None:
    torch.manual_seed(SEED)
    config = transformers.GitConfig(
        vision_config=VISION, num_image_with_embedding=FRAMES, attn_implementation="eager",
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **TEXT)
    model = transformers.GitForCausalLM(config).double().train()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            center = 1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0
            center = 1.0 if name.endswith("visual_projection.1.weight") else center
            drawn = (center + 0.15 * torch.randn(parameter.shape)).float()
            parameter.copy_(drawn.double())
    initial = {name: p.detach().clone() for name, p in model.named_parameters()}

    pixels = torch.randn([BATCHES, BATCH, FRAMES, 3, VISION["image_size"], VISION["image_size"]])
    # Token 0 is the port's padding_idx, which takes no gradient there.
    tokens = torch.randint(1, TEXT["vocab_size"], [BATCHES, BATCH, LENGTH])
    labels = torch.roll(tokens, -1, dims=2)
    labels[:, :, -1] = torch.randint(1, TEXT["vocab_size"], [BATCHES, BATCH])
    labels[:, 1, :2] = -1  # a question
    labels[:, 2, 4:] = -1  # a short text
    tensors = {name: p.float() for name, p in initial.items()}
    tensors |= {"pixels": pixels, "tokens": tokens.float(), "labels": labels.float()}
    for form in ["kl", "uniform"]:
        tensors |= train(form, model, initial, pixels.double(), tokens, labels)
    metadata = {
        "script": "Tools/goldens/training.py", "seed": str(SEED), "torch": torch.__version__,
        "transformers": transformers.__version__, "vision": json.dumps(VISION),
        "text": json.dumps(TEXT), "optimizer": json.dumps(OPTIMIZER), "smoothing": str(SMOOTHING),
    }
    GOLDENS.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in tensors.items()},
              GOLDENS / "clips.safetensors", metadata)


if __name__ == "__main__":
    main()
