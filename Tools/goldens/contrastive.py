#!/usr/bin/env python3
"""Writes what PyTorch's training of two tiny towers gives: Tests/Goldens/training/pairs.safetensors.

    pip install torch transformers==5.23.0 safetensors
    python3 Tools/goldens/contrastive.py

The towers are transformers' GitVisionModel and BertModel (causal, without token types), the losses torch's
cross_entropy: for `clip` with the labels 0, 1, … and the class token as the image, for `unicl` with
probabilities shared by equal texts and the mean of all tokens. Holds the initial parameters under our names,
four batches (`pixels` [4, B, F, 3, H, W], `tokens` [4, B, T], `ends` [4, B], `texts` [4, B]), and for both
forms the losses of 20 steps over the batches in turn (`losses.FORM` [20]), the norms of their gradients
(`norms.FORM` [20]) and every gradient of the first step (`gradient.FORM.NAME`). AdamW and its settings are
those of training.py; the logit scale is set back to ln 100 where it exceeds it. float64 throughout.
"""

import json
import math

import torch
import transformers
from safetensors.torch import save_file

from training import GOLDENS, OPTIMIZER, STEPS, VISION, rate

SEED = 20261126
TEXT = dict(vocab_size=23, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=24, max_position_embeddings=8)
FRAMES, BATCH, LENGTH, BATCHES, WIDTH = 2, 5, 6, 4, 12
POOLING = {"clip": "class", "unicl": "mean"}


class Towers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        eager = dict(attn_implementation="eager")
        vision = transformers.GitVisionConfig(**VISION, **eager)
        self.image_encoder = transformers.GitVisionModel(vision)
        text = transformers.BertConfig(**TEXT, **eager, is_decoder=True, type_vocab_size=1,
                                       hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        self.text_tower = transformers.BertModel(text, add_pooling_layer=False)
        self.image_projection = torch.nn.Linear(VISION["hidden_size"], WIDTH, bias=False)
        self.text_projection = torch.nn.Linear(TEXT["hidden_size"], WIDTH, bias=False)
        self.logit_scale = torch.nn.Parameter(torch.zeros(1))

    def forward(self, pixels, tokens, ends, pooling):
        frames = self.image_encoder(pixel_values=pixels.flatten(0, 1)).last_hidden_state
        kept = frames[:, :1] if pooling == "class" else frames
        image = self.image_projection(kept.reshape(BATCH, -1, VISION["hidden_size"]).mean(dim=1))
        rows = self.text_tower(input_ids=tokens).last_hidden_state
        text = self.text_projection(rows[torch.arange(BATCH), ends])
        image = torch.nn.functional.normalize(image, dim=1)
        text = torch.nn.functional.normalize(text, dim=1)
        return self.logit_scale.exp() * image @ text.T


def our_name(name: str) -> str:
    return "git." + name if name.startswith("image_encoder.") else name


def loss_of(form: str, logits: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
    target = torch.arange(BATCH)
    if form == "unicl":
        equal = (texts[:, None] == texts[None, :]).double()
        target = equal / equal.sum(dim=1, keepdim=True)
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2


def train(form: str, model, initial, batches) -> dict[str, torch.Tensor]:
    model.load_state_dict(initial)
    o, groups = OPTIMIZER, {}
    learnt = [(name, p) for name, p in model.named_parameters() if "token_type" not in name]
    for name, parameter in learnt:
        decays = sum(length > 1 for length in parameter.shape) >= 2
        ratio = o["encoder_ratio"] if name.startswith("image_encoder.") else 1.0
        groups.setdefault((decays, ratio), []).append(parameter)
    optimizer = torch.optim.AdamW(
        [dict(params=p, weight_decay=o["weight_decay"] if decays else 0.0, ratio=ratio)
         for (decays, ratio), p in groups.items()],
        lr=0.0, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])
    losses, norms, result = [], [], {}
    for step in range(1, STEPS + 1):
        pixels, tokens, ends, texts = (part[(step - 1) % BATCHES] for part in batches)
        loss = loss_of(form, model(pixels, tokens, ends, POOLING[form]), texts)
        optimizer.zero_grad()
        loss.backward()
        if step == 1:
            for name, parameter in learnt:
                result[f"gradient.{form}.{our_name(name)}"] = parameter.grad.float().clone()
        parameters = [parameter for _, parameter in learnt]
        norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, o["clip_norm"])))
        for group in optimizer.param_groups:
            group["lr"] = rate(step) * group["ratio"]
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=math.log(100))
        losses.append(float(loss.detach()))
    return result | {f"losses.{form}": torch.tensor(losses), f"norms.{form}": torch.tensor(norms)}


def main() -> None:
    torch.manual_seed(SEED)
    model = Towers().double().train()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            center = 1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0
            center = 2.0 if name == "logit_scale" else center
            drawn = (center + 0.15 * torch.randn(parameter.shape)).float()
            parameter.copy_(0.0 * drawn.double() if "token_type" in name else drawn.double())
    initial = {name: p.detach().clone() for name, p in model.state_dict().items()}

    side = VISION["image_size"]
    pixels = torch.randn([BATCHES, BATCH, FRAMES, 3, side, side])
    tokens = torch.randint(1, TEXT["vocab_size"], [BATCHES, BATCH, LENGTH])
    ends = torch.tensor([[5, 3, 5, 2, 4]]).repeat(BATCHES, 1)
    texts = torch.arange(BATCH).repeat(BATCHES, 1)
    for batch, (first, second) in enumerate([(0, 2), (1, 4), (0, 2), (2, 3)]):
        tokens[batch, second], ends[batch, second] = tokens[batch, first], ends[batch, first]
        texts[batch, second] = texts[batch, first]
    for batch in range(BATCHES):
        for row in range(BATCH):
            tokens[batch, row, ends[batch, row] + 1:] = 0  # [PAD]
    tensors = {our_name(name): p.detach().float() for name, p in model.named_parameters()
               if "token_type" not in name}
    tensors |= {"pixels": pixels, "tokens": tokens.float(), "ends": ends.float(),
                "texts": texts.float()}
    for form in POOLING:
        tensors |= train(form, model, initial, (pixels.double(), tokens, ends, texts))
    metadata = {
        "script": "Tools/goldens/contrastive.py", "seed": str(SEED), "torch": torch.__version__,
        "transformers": transformers.__version__, "vision": json.dumps(VISION),
        "text": json.dumps(TEXT), "optimizer": json.dumps(OPTIMIZER), "pooling": json.dumps(POOLING),
    }
    save_file({key: value.contiguous() for key, value in tensors.items()},
              GOLDENS / "pairs.safetensors", metadata)


if __name__ == "__main__":
    main()
