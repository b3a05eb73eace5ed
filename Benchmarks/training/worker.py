"""Training steps of PyTorch, as many as each line of stdin asks for; answers as `Benchmarks training`."""
import argparse
import sys
import time

import torch
from torch.nn import functional as F

import model

parser = argparse.ArgumentParser()
parser.add_argument("--shape", required=True)
parser.add_argument("--tokens", type=int, required=True)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--compiled", action="store_true")
args = parser.parse_args()
torch.set_num_threads(args.threads)
git, (pixels, tokens, labels) = model.make(args.shape, args.tokens)
optimizer = torch.optim.AdamW(git.parameters(), lr=1e-5, weight_decay=0.01, fused=True)


def loss_of(pixels, tokens, labels):
    logits = git(pixels, tokens)
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), label_smoothing=0.1)


if args.compiled:
    loss_of = torch.compile(loss_of)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(pixels, tokens, labels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(git.parameters(), 1.0)
    optimizer.step()
    return loss.item()


print("loss", step(), flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        wall, cpu = time.perf_counter(), time.process_time()
        step()
        times += [(time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3]
    print(*times, flush=True)
