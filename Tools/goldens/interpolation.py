#!/usr/bin/env python3
"""Writes what PyTorch makes of grids at other sizes: Tests/Goldens/interpolation.safetensors.

    pip install torch==2.15.0 safetensors
    python3 Tools/goldens/interpolation.py

Per case `from-to`: a grid `x` [h, w, D], its bicubic interpolation `y` [H, W, D], a derivative `dy` and
what it gives for the grid, `dx`; computed in float64 and stored as F32.
"""

import pathlib

import torch
from safetensors.torch import save_file

SEED = 20240603
GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Goldens"
CASES = [(3, 2, 5, 4), (14, 14, 9, 22), (4, 4, 4, 4), (1, 1, 3, 2), (7, 5, 2, 9), (2, 6, 6, 1)]
WIDTH = 3

torch.manual_seed(SEED)
tensors = {}
for h, w, rows, columns in CASES:
    x = torch.randn(h, w, WIDTH, dtype=torch.float64, requires_grad=True)
    dy = torch.randn(rows, columns, WIDTH, dtype=torch.float64)
    y = torch.nn.functional.interpolate(
        x.permute(2, 0, 1)[None], size=(rows, columns), mode="bicubic", align_corners=False)
    y = y[0].permute(1, 2, 0)
    y.backward(dy)
    name = f"{h}x{w}-{rows}x{columns}"
    for key, value in {"x": x, "y": y, "dy": dy, "dx": x.grad}.items():
        tensors[f"{name}.{key}"] = value.detach().float().contiguous()
save_file(tensors, GOLDEN / "interpolation.safetensors",
          {"script": "Tools/goldens/interpolation.py", "torch": torch.__version__})
