"""A process that opens an engine's models and captions once: cold.py ENGINE FOLDER WORKLOAD THREADS."""
import sys
import time

from compare import engine_class
from workload import WORKLOADS

key, folder, name, threads = sys.argv[1:]
w = WORKLOADS[name]
engine_class(key)(folder, w, int(threads)).caption(w, w.pixels(), time.perf_counter)
