"""Has training steps of gitc and PyTorch take turns and prints a table; see README.md."""
import argparse
import os
import statistics
import subprocess
import sys

import model

parser = argparse.ArgumentParser()
parser.add_argument("--tool", default=".build/release/Benchmarks")
parser.add_argument("--shape", default="micro", choices=model.SHAPES)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--tokens", type=int, default=16)
parser.add_argument("--turns", type=int, default=5)
parser.add_argument("--steps", type=int, default=3, help="steps of each engine in a turn")
parser.add_argument("--clock", default="wall", choices=["wall", "cpu"])
parser.add_argument("--isa", default="", help="instruction set for gitc beside the best")
parser.add_argument("--engines", default="gitc,eager,compiled")
args = parser.parse_args()

sizes = model.SHAPES[args.shape]
folder = os.path.dirname(os.path.abspath(__file__))
common = ["--tokens", str(args.tokens), "--threads", str(args.threads)]
gitc = [args.tool, "training", *common]
for key, value in [
    ("model.preset", f"git-{args.shape}"), ("batch_size", sizes["batch"]),
    ("text.vocabulary_size", sizes["words"])]:
    gitc += ["--set", f"{key}={value}"]
torch = [sys.executable, os.path.join(folder, "worker.py"), "--shape", args.shape, *common]
commands = {
    "gitc": gitc, "eager": torch, "compiled": torch + ["--compiled"]}
names = {"gitc": "gitc", "eager": "PyTorch eager", "compiled": "PyTorch compiled"}
engines = {names[key]: commands[key] for key in args.engines.split(",")}
if args.isa:
    engines[f"gitc --isa {args.isa}"] = gitc + ["--isa", args.isa]

environment = dict(os.environ, OMP_NUM_THREADS=str(args.threads), MKL_NUM_THREADS=str(args.threads))
processes = {
    name: subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    for name, command in engines.items()}
for name, process in processes.items():
    line = process.stdout.readline()
    if not line.startswith("loss"):
        sys.exit(f"{name} did not start: {line}")
    print(f"ready: {name}: {line.strip()}", file=sys.stderr)


def steps(process):
    process.stdin.write(f"{args.steps}\n")
    process.stdin.flush()
    numbers = [float(x) for x in process.stdout.readline().split()]
    return numbers[0::2] if args.clock == "wall" else numbers[1::2]


def peak(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) / 1e3 for line in status if line.startswith("VmHWM"))


times = {name: [] for name in processes}
for turn in range(args.turns + 1):
    for name, process in processes.items():
        numbers = steps(process)
        if turn > 0:  # the first turn warms up
            times[name] += numbers
medians = {name: statistics.median(numbers) for name, numbers in times.items()}
first = next(iter(medians))
print(f"{args.shape}, batch {sizes['batch']}, {args.threads} threads, {args.clock} ms")
print(f"| engine | step, minimum / median | of {first} | memory at most |\n|---|---|---|---|")
for name, process in processes.items():
    print(
        f"| {name} | {min(times[name]):.1f} / {medians[name]:.1f} | "
        f"{medians[name] / medians[first]:.2f} | {peak(process):.0f} MB |")
    process.stdin.close()
    process.wait()
