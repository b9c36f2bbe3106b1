"""Trains with `--tensorboard`, stops, resumes, and compares what TensorBoard's own reader finds with `metrics.jsonl`.

    python tensorboard_check.py
"""

import json
import os
import pathlib
import struct
import subprocess
import tempfile

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
subprocess.run("cargo build -p tapeline".split(), cwd=ROOT, check=True)


def tapeline(*args):
    subprocess.run([TARGET / "debug/tapeline", "-q", *map(str, args)], check=True, stdout=subprocess.DEVNULL)


def single(number):
    """The nearest number in 32 bits, as event files have them."""
    return struct.unpack("f", struct.pack("f", number))[0]


def check(run, epochs):
    found = EventAccumulator(str(run))
    found.Reload()
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert len(metrics) == epochs, metrics
    tags = found.Tags()["scalars"]
    assert len(tags) == 9, tags
    for tag in tags:
        key = "_".join(reversed(tag.split("/")))
        wanted = [(line["epoch"], single(line[key])) for line in metrics]
        assert [(event.step, event.value) for event in found.Scalars(tag)] == wanted, tag
    print(f"{len(tags)} curves of {epochs} epochs are read as they were written")


with tempfile.TemporaryDirectory(prefix="tapeline-") as folder:
    run = pathlib.Path(folder) / "run"
    spec = "flatten linear(16) relu linear(10)"
    tapeline("train", spec, "--limit", 2000, "--val", 500, "--epochs", 2, "--tensorboard", "--out", run)
    check(run, 2)
    tapeline("train", "--resume", run, "--epochs", 3)
    check(run, 3)
