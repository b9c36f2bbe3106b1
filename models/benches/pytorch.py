"""Trains the report's two models here and in PyTorch, in turn, and prints seconds an epoch and their ratio.

    cargo build --release
    python3 -m venv /somewhere && /somewhere/bin/pip install torch numpy
    /somewhere/bin/python models/benches/pytorch.py [--model mlp cnn] [--threads 2 1] [--rounds 5] [--epochs 3]

PyTorch gets its leanest loop: the whole training set as one tensor, `randperm`, `index_select`, no `DataLoader`, fused SGD. The first epoch of
each process warms up and isn't counted. Both sides train on the same files, batch 100, in f32, with the report's recipe. Close everything
else: PyTorch's threads wait for each other, so that a busy core costs it more than it costs us.
"""

import argparse
import gzip
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MNIST = ROOT / "data" / "mnist"


def pytorch(model, threads, epochs):
    import numpy
    import torch
    from torch import nn

    def idx(name, header):
        return numpy.frombuffer(gzip.open(MNIST / name).read(), numpy.uint8, offset=header)

    torch.set_num_threads(threads)
    images = idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28).astype("float32") / 255
    images, labels = torch.tensor(images), torch.tensor(idx("train-labels-idx1-ubyte.gz", 8).astype("int64"))
    torch.manual_seed(0)
    if model == "mlp":
        layers = [nn.Flatten(), nn.Linear(784, 456), nn.ReLU(), nn.Linear(456, 128), nn.ReLU(), nn.Linear(128, 10)]
    else:
        layers = [nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)]
    network = nn.Sequential(*layers)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9, weight_decay=0.005, fused=True)
    loss_function = nn.CrossEntropyLoss()
    seconds = []
    for _ in range(epochs):
        begun = time.perf_counter()
        order = torch.randperm(len(images))
        for start in range(0, len(images), 100):
            batch = order[start : start + 100]
            optimizer.zero_grad(set_to_none=True)
            loss_function(network(images.index_select(0, batch)), labels.index_select(0, batch)).backward()
            optimizer.step()
        seconds.append(time.perf_counter() - begun)
    return seconds


def tapeline(binary, model, threads, epochs):
    with tempfile.TemporaryDirectory() as folder:
        command = [binary, "train", model, "--threads", str(threads), "--epochs", str(epochs)]
        command += ["--json", "--quiet", "--out", f"{folder}/run"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    events = [json.loads(line) for line in lines]
    return [event["train_seconds"] for event in events if event["event"] == "epoch"]


def other_process(model, threads, epochs):
    command = [sys.executable, __file__, "--pytorch", model, str(threads), str(epochs)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "target" / "release" / "tapeline"))
    parser.add_argument("--model", nargs="+", default=["mlp", "cnn"])
    parser.add_argument("--threads", nargs="+", type=int, default=[2, 1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3, help="epochs in each round, the first not counted")
    parser.add_argument("--pytorch", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.pytorch:
        model, threads, epochs = args.pytorch
        print(json.dumps(pytorch(model, int(threads), int(epochs))))
        return
    print("model threads round   tapeline  PyTorch  ratio")
    for model in args.model:
        for threads in args.threads:
            pairs = []
            for number in range(1, args.rounds + 1):
                ours = statistics.median(tapeline(args.binary, model, threads, args.epochs)[1:])
                theirs = statistics.median(other_process(model, threads, args.epochs)[1:])
                pairs.append((ours, theirs))
                print(f"{model:5} {threads:7} {number:5}   {ours:8.3f} {theirs:8.3f}  {ours / theirs:5.3f}", flush=True)
            ours, theirs = (statistics.median(side) for side in zip(*pairs))
            ratio = statistics.median(a / b for a, b in pairs)
            print(f"{model:5} {threads:7} median  {ours:8.3f} {theirs:8.3f}  {ratio:5.3f}", flush=True)


main()
