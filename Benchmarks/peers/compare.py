"""Measures rivals and gitc in turn on the same weights and prints a table; see README.md."""
import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import time

from workload import WORKLOADS

ENGINES = {
    "torch": ("torch fp32", "with_torch", "Torch", False),
    "torch8": ("torch dynamic int8", "with_torch", "Torch", True),
    "ort": ("onnxruntime fp32", "with_onnxruntime", "OnnxRuntime", False),
    "ort8": ("onnxruntime int8", "with_onnxruntime", "OnnxRuntime", True),
    "ov": ("OpenVINO fp32", "with_openvino", "OpenVINO", False),
    "ov8": ("OpenVINO int8", "with_openvino", "OpenVINO", True),
}
# What is told by each clock, and where gitc's report has it.
PHASES = {
    "wall": {"encode": "encode_ms", "prefix": "prefix_ms", "token": "per_token_ms",
             "total": "total_ms"},
    "cpu": {"image": "cpu_image_ms", "token": "cpu_per_token_ms", "total": "cpu_total_ms"},
}
HERE = os.path.dirname(os.path.abspath(__file__))


def engine_class(key):
    _, module, name, _ = ENGINES[key]
    return getattr(importlib.import_module(module), name)


def hold_to_avx2(work):
    """Starts this program again so that ONNX Runtime and OpenVINO see a CPU without AVX-512 and VNNI."""
    folder = os.path.abspath(os.path.join(work, "avx2"))
    if not os.path.exists(os.path.join(folder, "withhold.so")):
        subprocess.run([sys.executable, os.path.join(HERE, "withhold.py"), folder], check=True)
    os.environ.update(
        PYTHONPATH=folder, LD_PRELOAD=os.path.join(folder, "withhold.so"), GITC_PEERS_HELD="1")
    os.execv(sys.executable, [sys.executable, *sys.argv])


def prepared(key, args, w):
    """The folder with the engine's own models; made if it is not there."""
    folder = os.path.join(args.work, "models", f"{args.workload}-{key}")
    if not os.path.exists(folder):
        import model

        os.makedirs(folder + ".part", exist_ok=True)
        if args.git is None:
            args.git = model.random_git(w.shape)
        engine_class(key).prepare(args.git, w, ENGINES[key][3], folder + ".part")
        os.rename(folder + ".part", folder)
        print("prepared:", ENGINES[key][0], file=sys.stderr)
    return folder


def gitc_times(args, w):
    """One process: its fastest round stands for its turn."""
    kind = "video" if w.frames > 1 else "batch" if w.images > 1 else "image"
    command = [
        args.gitc, "bench", args.plan, "--workload", kind, "--beam", str(w.beams), "--rounds",
        "5", "--max-tokens", str(w.tokens), "--threads", str(args.threads), "--format", "json"]
    if args.isa:
        command += ["--isa", args.isa]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {phase: report[key]["minimum"] for phase, key in PHASES[args.clock].items()}


def captions(args, w, engines):
    """Phases of every contender by turn; the first turn warms up."""
    pixels = w.pixels()
    now = time.process_time if args.clock == "cpu" else time.perf_counter
    contenders = {
        ENGINES[key][0]: engine_class(key)(folder, w, args.threads)
        for key, folder in engines.items()}
    times = {name: [] for name in [*contenders, "gitc"]}
    for turn in range(args.rounds + 1):
        for name in times:
            # Rivals, too, get five captions in a row, the fastest of which stands for the turn.
            runs = ([gitc_times(args, w)] if name == "gitc" else
                    [contenders[name].caption(w, pixels, now) for _ in range(5)])
            if turn > 0:
                times[name].append(min(runs, key=lambda run: run["total"]))
    return list(PHASES[args.clock]), times


def cold_starts(args, w, engines):
    """Wall time in milliseconds and peak memory in MB of processes that start and caption once."""
    commands = {
        ENGINES[key][0]: [sys.executable, os.path.join(HERE, "cold.py"), key, folder,
                          args.workload, str(args.threads)]
        for key, folder in engines.items()}
    commands["gitc"] = [
        args.gitc, "run", args.plan, *[args.image] * w.images, "--threads", str(args.threads),
        "--max-tokens", str(w.tokens), "--beam", str(w.beams)]
    if args.isa:
        commands["gitc"] += ["--isa", args.isa]
    times = {name: [] for name in commands}
    for turn in range(args.rounds + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            end = time.perf_counter()
            if status != 0:
                raise SystemExit(f"{' '.join(command)}: status {status}")
            if turn > 0:
                times[name].append(dict(total=1e3 * (end - start), memory=usage.ru_maxrss / 1e3))
    return ["total", "memory"], times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gitc", default=".build/release/gitc")
    parser.add_argument("--plan", required=True)
    parser.add_argument("--work", default="build/peers", help="where the rivals' models are kept")
    parser.add_argument("--workload", default="W1", choices=WORKLOADS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--clock", default="wall", choices=["wall", "cpu"],
        help="cpu: time that all threads computed; with --threads 1 right on a busy machine, too")
    parser.add_argument(
        "--isa", choices=["avx2"],
        help="hold gitc, ONNX Runtime and OpenVINO to AVX2, as on a CPU without VNNI")
    parser.add_argument("--cold", action="store_true", help="whole processes, and their memory")
    parser.add_argument("--image", default="samples/scene.png", help="for gitc's cold start")
    parser.add_argument("--prepare", action="store_true", help="make the rivals' models only")
    parser.add_argument("--engines", help="default: all; with --isa all but PyTorch")
    args = parser.parse_args()
    args.git = None
    if args.engines is None:
        args.engines = "ort,ort8,ov,ov8" if args.isa else ",".join(ENGINES)

    # Before any of the libraries starts its threads.
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    w = WORKLOADS[args.workload]
    engines = {key: prepared(key, args, w) for key in args.engines.split(",")}
    if args.prepare:
        return
    if args.isa and "GITC_PEERS_HELD" not in os.environ:
        hold_to_avx2(args.work)
    phases, times = (cold_starts if args.cold else captions)(args, w, engines)
    print(f"{args.workload}, {w.title}, {w.tokens} tokens, {args.threads} threads, "
          f"{args.isa or 'best instructions'}; "
          + ("process: milliseconds, MB at its peak; " if args.cold else
             f"milliseconds by the {args.clock} clock, ")
          + "minimum / median of turns, and share of the least rival's minimum")
    print("| engine | " + " | ".join(phases) + " |")
    print("|---" * (len(phases) + 1) + "|")
    least = {
        phase: min(run[phase] for name, runs in times.items() if name != "gitc" for run in runs)
        for phase in phases}
    for name, runs in times.items():
        cells = []
        for phase in phases:
            values = [run[phase] for run in runs]
            cells.append(f"{min(values):.1f} / {statistics.median(values):.1f} · "
                         f"{min(values) / least[phase]:.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
