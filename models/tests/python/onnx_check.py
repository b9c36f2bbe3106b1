"""Holds exported ONNX files to what our models and our interpreter of ONNX nodes compute.

    python onnx_check.py

Cases are every example of every layer, every preset, random networks and trained presets; the interpreter does without the last. Needs onnx,
onnxruntime, safetensors. Files go through the command line, onnx.checker and ONNX Runtime, with batches of 1, 2 and 7, and 1000 images of MNIST for
what is trained here for an epoch. Logits must be equal within 1e-5 of the largest output.
"""

import collections
import json
import re
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file
from travel import cases, tapeline, work

TOLERANCE = 1e-5


def session(file):
    message = onnx.load(file)
    onnx.checker.check_model(message, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def apart(session, x, y):
    """The largest difference, relative to the largest output."""
    (found,) = session.run(None, {"input": x})
    assert found.shape == y.shape, (found.shape, y.shape)
    assert np.isfinite(found).all()
    return float(np.abs(found - y).max() / max(1.0, np.abs(y).max()))


def softmax(y):
    e = np.exp(y - y.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def check(folder, worst):
    for number, spec, shape in cases(folder):
        model, file = folder / f"{number}.safetensors", folder / f"{number}.onnx"
        tapeline("export", spec, file, "--weights", model, "--input", shape)
        run = session(str(file))
        assert [i.shape[0] for i in run.get_inputs()] == ["n"]
        values = load_file(folder / f"{number}.values.safetensors")
        for batch in {name[1:] for name in values}:
            found = apart(run, values["x" + batch], values["y" + batch])
            if "i" + batch in values:
                interpreted = apart(run, values["x" + batch], values["i" + batch])
                worst["interpreter"] = max(worst["interpreter"], interpreted)
                if interpreted > TOLERANCE:
                    print(f"interpreter {interpreted:.1e} apart with {batch}: {spec} on {shape}")
            for name in set(re.findall(r"[a-z]\w*(?=[\[( ]|$)", spec)):
                worst[name] = max(worst[name], found)
            if found > TOLERANCE:
                print(f"{found:.1e} apart with {batch}: {spec} on {shape}")


def main():
    worst = collections.Counter()
    check(work("everything"), worst)

    # Trained models, and the same with pixels in and probabilities out.
    folder = work("trained", [])
    trained = [folder / preset for preset in ["mlp", "cnn", "with_batchnorm"]]
    specs = ["mlp", "cnn", "conv2d(4, 5) batchnorm2d relu maxpool2d(2) dropout flatten linear(10)"]
    for spec, run in zip(specs, trained):
        tapeline("train", spec, "--epochs", "1", "--out", run)
    lines = [f"@{run / 'model.safetensors'}" for run in trained]
    folder = work("trained", lines)
    check(folder, worst)
    for number, (spec, run) in enumerate(zip(specs, trained)):
        tapeline("export", f"@{run}", folder / "whole.onnx", "--normalise", "--softmax")
        values = load_file(folder / f"{number}.values.safetensors")
        found = apart(session(str(folder / "whole.onnx")), values["x1000"] * 255, softmax(values["y1000"]))
        print(f"{found:.1e}  {spec}, pixels in, probabilities out")
        worst["whole"] = max(worst["whole"], found)
        tapeline("export", f"@{run}", folder / "bytes.onnx", "--uint8", "--softmax")
        bytes = session(str(folder / "bytes.onnx"))
        found = apart(bytes, np.round(values["x1000"] * 255).astype(np.uint8), softmax(values["y1000"]))
        print(f"{found:.1e}  {spec}, bytes in, probabilities out")
        worst["bytes"] = max(worst["bytes"], found)
        classes = json.loads(bytes.get_modelmeta().custom_metadata_map["classes"])
        assert classes == [str(digit) for digit in range(10)], classes

    for name, found in sorted(worst.items()):
        print(f"{found:.1e}  {name}")
    sys.exit(max(worst.values()) > TOLERANCE)


main()
