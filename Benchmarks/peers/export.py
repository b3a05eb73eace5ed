"""Writes transformers' random GIT as a folder that `gitc import` reads: export.py SHAPE FOLDER."""
import json
import sys

import model

shape, folder = sys.argv[1:]
model.random_git(shape, folder)
special = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]"}
with open(f"{folder}/vocab.txt", "w") as file:
    file.writelines(f"{special.get(i, f'word{i}')}\n" for i in range(30522))
# As the released models have it: the shorter side to 224 pixels, a square, CLIP's mean and deviation.
preprocessing = dict(
    image_processor_type="CLIPImageProcessor", do_resize=True, size=dict(shortest_edge=224),
    resample=3, do_center_crop=True, crop_size=dict(height=224, width=224), do_rescale=True,
    rescale_factor=1 / 255, do_normalize=True, image_mean=[0.48145466, 0.4578275, 0.40821073],
    image_std=[0.26862954, 0.26130258, 0.27577711], do_convert_rgb=True)
with open(f"{folder}/preprocessor_config.json", "w") as file:
    json.dump(preprocessing, file, indent=2)
