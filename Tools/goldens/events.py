#!/usr/bin/env python3
"""Writes the records that TensorBoard's own writer makes: Tests/TrainerTests/TensorBoardGolden.swift.

    pip install tensorboard==2.21.0
    python3 Tools/goldens/events.py
"""

import io
import pathlib

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.summary.writer.record_writer import RecordWriter

TARGET = pathlib.Path(__file__).resolve().parent.parent.parent / "Tests/TrainerTests/TensorBoardGolden.swift"


def record(event):
    file = io.BytesIO()
    RecordWriter(file).write(event.SerializeToString())
    return file.getvalue().hex()


version = Event(wall_time=1.5, file_version="brain.Event:2")
scalars = Event(wall_time=1.5, step=300)
scalars.summary.value.add(tag="loss", simple_value=0.25)
scalars.summary.value.add(tag="a/b", simple_value=-3)
start = Event(wall_time=1.5, step=7, session_log=SessionLog(status=SessionLog.START))


def constant(name, event):
    hexed = record(event)
    parts = [hexed[at : at + 80] for at in range(0, len(hexed), 80)]
    lines = "\n".join(f'    + "{part}"' if at else f'    "{part}"' for at, part in enumerate(parts))
    return f"  static let {name} =\n{lines}\n"


TARGET.write_text(
    "/// What Tools/goldens/events.py wrote, in hexadecimal.\nenum TensorBoardGolden {\n"
    + constant("version", version) + constant("scalars", scalars) + constant("start", start) + "}\n")
