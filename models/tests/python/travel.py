"""What the checks beside this file share: our program, and cases with what our models make of them."""

import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = tempfile.TemporaryDirectory(prefix="tapeline-")


TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
subprocess.run("cargo build --release -p tapeline -p tapeline-tests --bins --examples".split(), cwd=ROOT, check=True)


def tapeline(*args):
    """Runs the command line."""
    subprocess.run([TARGET / "release/tapeline", "-q", *map(str, args)], check=True, stdout=subprocess.DEVNULL)


def work(name, lines=None):
    """A folder of cases: those that the program `travel` thinks of, or a line each."""
    folder = pathlib.Path(FOLDER.name) / name
    folder.mkdir(exist_ok=True)
    args = []
    if lines is not None:
        args = [folder / "lines.txt"]
        args[0].write_text("\n".join(lines))
    subprocess.run([TARGET / "release/examples/travel", folder, *args], check=True)
    return folder


def cases(folder):
    """Number, spec and input shape of each."""
    return [line.split("\t") for line in (folder / "cases.tsv").read_text().splitlines()]
