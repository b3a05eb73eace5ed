"""Copies ONNX Runtime and OpenVINO with every CPUID instruction replaced by UD2, for withhold.c.

    python withhold.py FOLDER

The copies in FOLDER, put before others with PYTHONPATH and run with FOLDER/withhold.so preloaded, see
a CPU with AVX2 and nothing newer: their own choice of kernels, on this machine, as on a CPU without VNNI.
"""
import importlib.util
import os
import re
import shutil
import subprocess
import sys

CPUID, UD2 = b"\x0f\xa2", b"\x0f\x0b"


def cpuid_offsets(path):
    """File offsets of CPUID instructions, by disassembly: the two bytes also occur inside others."""
    sections = subprocess.run(
        ["objdump", "-h", path], check=True, capture_output=True, text=True).stdout
    places = []  # (address, size, file offset) of code
    for match in re.finditer(
            r"^\s*\d+ \S+\s+([0-9a-f]+)\s+([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+).*\n.*CODE",
            sections, re.MULTILINE):
        size, address, offset = (int(group, 16) for group in match.groups())
        places.append((address, size, offset))
    listing = subprocess.Popen(
        ["objdump", "-d", "--no-show-raw-insn", path], stdout=subprocess.PIPE, text=True)
    for line in listing.stdout:
        if line.rstrip().endswith("\tcpuid"):
            address = int(line.split(":")[0], 16)
            for start, size, offset in places:
                if start <= address < start + size:
                    yield address - start + offset
    if listing.wait() != 0:
        raise SystemExit(f"objdump failed on {path}")


def withhold(path):
    """Replaces the instructions in a library, in place."""
    offsets = list(cpuid_offsets(path))
    with open(path, "r+b") as library:
        for offset in offsets:
            library.seek(offset)
            if library.read(2) != CPUID:
                raise SystemExit(f"{path}: no CPUID at {offset}")
            library.seek(offset)
            library.write(UD2)
    print(f"{path}: {len(offsets)} CPUID instructions replaced", file=sys.stderr)


# Kernels are chosen by these; other libraries ask for cache sizes and topology.
CHOOSERS = re.compile(r"libonnxruntime\.so|onnxruntime_pybind|intel_cpu_plugin|libopenvino\.so")


def main(folder):
    here = os.path.dirname(os.path.abspath(__file__))
    for package in ["onnxruntime", "openvino"]:
        source = os.path.dirname(importlib.util.find_spec(package).origin)
        target = os.path.join(folder, package)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        for root, _, names in os.walk(target):
            for name in filter(CHOOSERS.search, names):
                withhold(os.path.join(root, name))
    subprocess.run(
        ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
         os.path.join(here, "withhold.c"), "-o", os.path.join(folder, "withhold.so")], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
