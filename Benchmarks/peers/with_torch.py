"""PyTorch: the modules of model.py, fp32 or with its dynamic int8 quantization."""
import copy
import os

import torch

from workload import HEADS, LENGTH, Engine


class Torch(Engine):
    @staticmethod
    def prepare(git, w, int8, folder):
        import model

        for index, part in enumerate((model.Encoder, model.Prefix, model.Step)):
            module = copy.deepcopy(part(git)).eval()
            if int8:
                module = torch.ao.quantization.quantize_dynamic(
                    module, {torch.nn.Linear}, torch.qint8)
            torch.save(module, os.path.join(folder, f"{index}.pt"))

    def __init__(self, folder, w, threads):
        torch.set_num_threads(threads)
        self.encoder, self.prefixer, self.stepper = (
            torch.load(os.path.join(folder, f"{index}.pt"), weights_only=False)
            for index in range(3))

    @torch.inference_mode()
    def encode(self, pixels):
        return self.encoder(torch.from_numpy(pixels))

    @torch.inference_mode()
    def prefix(self, features):
        return self.prefixer(features)

    def begin(self, w, caches):
        # Text so far: slices of one buffer, no mask needed.
        shape = (w.sequences, HEADS, LENGTH, 64)
        self.images, self.text = caches, [torch.zeros(shape) for _ in caches]
        self.mask = torch.zeros(1, 1, 1, 1)

    @torch.inference_mode()
    def step(self, tokens, position):
        caches = []
        for i in range(0, len(self.images), 2):
            caches += self.images[i : i + 2]
            caches += [t[:, :, :position] for t in self.text[i : i + 2]]
        logits, *new = self.stepper(
            torch.from_numpy(tokens), torch.tensor([[position]]), self.mask, *caches)
        for cache, row in zip(self.text, new):
            cache[:, :, position : position + 1] = row
        return logits.numpy()
