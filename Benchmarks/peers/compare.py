"""Measures rivals and gitc in turn on the same weights and prints a table; see README.md."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

WORKLOADS = {
    "W1": dict(name="one image, greedy"),
    "W2": dict(name="one image, 4 beams", beams=4),
    "W3": dict(name="clip of six frames, greedy", frames=6),
    "W4": dict(name="batch of 8 images, greedy", images=8),
    "W5": dict(name="git-large shape, one image", per_frame=257),
}
# What is told by each clock, and where gitc's report has it.
PHASES = {
    "wall": {"encode": "encode_ms", "prefix": "prefix_ms", "token": "per_token_ms",
             "total": "total_ms"},
    "cpu": {"image": "cpu_image_ms", "token": "cpu_per_token_ms", "total": "cpu_total_ms"},
}


def gitc_times(args, work, isa):
    """One process: its fastest round stands for its turn."""
    kind = "video" if work.frames > 1 else "batch" if work.images > 1 else "image"
    command = [
        args.gitc, "bench", args.plan, "--workload", kind, "--beam", str(work.beams), "--rounds",
        "5", "--max-tokens", str(work.tokens), "--threads", str(args.threads), "--format", "json"]
    if isa:
        command += ["--isa", isa]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {phase: report[key]["minimum"] for phase, key in PHASES[args.clock].items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gitc", default=".build/release/gitc")
    parser.add_argument("--plan", required=True)
    parser.add_argument("--workload", default="W1", choices=WORKLOADS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--clock", default="wall", choices=["wall", "cpu"],
        help="cpu: time that all threads computed; with --threads 1 right on a busy machine, too")
    parser.add_argument("--isa", default="avx2", help="instruction sets for gitc beside the best")
    parser.add_argument("--engines", default="torch,torch8,ort,ort8,ov,ov8")
    args = parser.parse_args()

    # Before any of the libraries starts its threads.
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    import engines
    import model

    work = engines.Workload(**WORKLOADS[args.workload])
    git = model.random_git(large=args.workload == "W5")
    makers = {
        "torch": (engines.Torch, False), "torch8": (engines.Torch, True),
        "ort": (engines.OnnxRuntime, False), "ort8": (engines.OnnxRuntime, True),
        "ov": (engines.OpenVINO, False), "ov8": (engines.OpenVINO, True)}
    now = time.process_time if args.clock == "cpu" else time.perf_counter
    contenders = {}
    for key in args.engines.split(","):
        maker, int8 = makers[key]
        engine = maker(git, work, args.threads, int8)
        print("ready:", engine.name, file=sys.stderr)
        contenders[engine.name] = lambda engine=engine: engine.caption(work, pixels, now)
    for isa in [None] + [name for name in args.isa.split(",") if name]:
        contenders["gitc" + (f" --isa {isa}" if isa else "")] = (
            lambda isa=isa: gitc_times(args, work, isa))
    pixels = work.pixels()
    times = {name: [] for name in contenders}
    for turn in range(args.rounds + 1):
        for name, caption in contenders.items():
            # Rivals, too, get five captions in a row, the fastest of which stands for the turn.
            runs = [caption()] if name.startswith("gitc") else [caption() for _ in range(5)]
            if turn > 0:
                times[name].append(min(runs, key=lambda run: run["total"]))
    best = min(
        min(run["total"] for run in runs)
        for name, runs in times.items() if not name.startswith("gitc"))
    print(f"{args.workload}, {work.name}, {work.tokens} tokens, {args.threads} threads; "
          f"milliseconds by the {args.clock} clock, minimum / median of turns")
    print("| engine | " + " | ".join(PHASES[args.clock]) + " | of the best rival |")
    print("|---" * (len(PHASES[args.clock]) + 2) + "|")
    for name, runs in times.items():
        cells = []
        for phase in PHASES[args.clock]:
            values = [run[phase] for run in runs]
            cells.append(f"{min(values):.1f} / {statistics.median(values):.1f}")
        ratio = min(run["total"] for run in runs) / best
        print(f"| {name} | " + " | ".join(cells) + f" | {ratio:.2f} |")


if __name__ == "__main__":
    main()
