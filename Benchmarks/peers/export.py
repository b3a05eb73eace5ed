"""Writes transformers' random GIT as a folder that `gitc import` reads: export.py SHAPE FOLDER."""
import sys

import model

shape, folder = sys.argv[1:]
model.random_git(folder, large=shape == "git-large")
special = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]"}
with open(f"{folder}/vocab.txt", "w") as file:
    file.writelines(f"{special.get(i, f'word{i}')}\n" for i in range(30522))
