#!/usr/bin/env python3
"""Writes small plans of the version that a gitc writes, and what they say: Tests/Goldens/plans/vN.

    python3 Tools/goldens/plans.py .build/release/gitc

Run it once, with the first release that writes a version; the files stay as they are for ever, since they
are there to show that later releases run them. The models are those of Tests/Goldens/imports, the input is
samples/scene.png. `expected.json` holds per plan the question, tokens, caption and log-probabilities that
that release printed.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
IMAGE = ROOT / "samples" / "scene.png"
# Name, model, precision, question.
PLANS = [("image-int8", "hf-image", "int8", None), ("vqa-fp32", "hf-vqa", "fp32", "what is it?")]
KEPT = ["tokens", "caption", "token_logprobs"]


def main(gitc):
    with tempfile.TemporaryDirectory() as scratch:
        expected = []
        for name, model, precision, question in PLANS:
            checkpoint, plan = f"{scratch}/{model}.ckpt", f"{scratch}/{name}.plan"
            folder = ROOT / "Tests" / "Goldens" / "imports" / model
            subprocess.run([gitc, "import", folder, "-o", checkpoint], check=True)
            subprocess.run([gitc, "compile", checkpoint, "-o", plan, "--precision", precision], check=True,
                           stdout=subprocess.DEVNULL)
            asked = ["--question", question] if question else []
            run = subprocess.run([gitc, "run", plan, IMAGE, "--format", "json", *asked], check=True,
                                 stdout=subprocess.PIPE)
            result = json.loads(run.stdout)[0]
            expected.append({"plan": name, "question": question} | {key: result[key] for key in KEPT})
        # A plan begins with its version, a number below 128, as field 1.
        version = pathlib.Path(plan).read_bytes()[1]
        target = ROOT / "Tests" / "Goldens" / "plans" / f"v{version}"
        target.mkdir(parents=True)
        for name, *_ in PLANS:
            (target / f"{name}.plan").write_bytes(pathlib.Path(f"{scratch}/{name}.plan").read_bytes())
        (target / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
