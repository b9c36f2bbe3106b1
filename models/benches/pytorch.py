"""Compares the time of training and of single layers with PyTorch's, and of evaluation with ONNX Runtime's, in turn.

    cargo build --release
    python3 -m venv /somewhere && /somewhere/bin/pip install torch numpy onnxruntime
    /somewhere/bin/python models/benches/pytorch.py networks [--only mlp cnn] [--images 60000] [--threads 2] [--rounds 3]
    /somewhere/bin/python models/benches/pytorch.py layers [--only gelu]
    /somewhere/bin/python models/benches/pytorch.py evaluation

PyTorch gets its leanest loop: the whole training set as one tensor, `randperm`, `index_select`, no `DataLoader`, fused SGD. The first epoch of
each process warms up and isn't counted. Both sides train on the same files, batch 100, in f32, with the report's recipe. Layers are measured
within a training step here (`--profile`), and alone in PyTorch, which is kinder to PyTorch: its operands stay in cache. Figures are the
minimum of all rounds. Close everything else: PyTorch's threads wait for each other, so that a busy core costs it more than it costs us.
"""

import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MNIST = ROOT / "data" / "mnist"
BATCH = 100

VGG = (
    "conv2d(32, 3, padding=same) relu conv2d(32, 3, padding=same) relu maxpool2d(2) dropout(0.25) "
    "conv2d(64, 3, padding=same) relu conv2d(64, 3, padding=same) relu maxpool2d(2) dropout(0.25) "
    "flatten linear(128) relu dropout(0.5) linear(10)"
)
CONV_MIXER = (
    "conv2d(32, 4, stride=4) gelu batchnorm2d "
    "4*[ residual[ conv2d(32, 5, padding=same, groups=32) gelu batchnorm2d ] conv2d(32, 1) gelu batchnorm2d ] "
    "global_avgpool2d linear(10)"
)
NETWORKS = {
    "mlp": "mlp",
    "cnn": "cnn",
    "wide_mlp": "flatten linear(2048) relu linear(2048) relu linear(10)",
    "layernorm_mlp": "flatten 2*[ linear(512) layernorm gelu dropout(0.1) ] linear(10)",
    "tanh_mlp": "flatten linear(300) tanh linear(100) tanh linear(10)",
    "vgg": VGG,
    "resnet_small": "resnet_small",
    "conv_mixer": CONV_MIXER,
    "mlp_mixer": "mlp_mixer",
    "vit_tiny": "vit_tiny",
    "lstm_rows": "lstm_rows",
}


def residual(shortcut, *body):
    from torch import nn

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.shortcut = nn.Sequential(*body), shortcut or nn.Identity()

        def forward(self, x):
            return self.shortcut(x) + self.body(x)

    return Residual()


def network(name):
    """The same network in PyTorch."""
    from torch import nn
    from torch.nn import BatchNorm2d, Conv2d, Dropout, Flatten, GELU, LayerNorm, Linear, MaxPool2d, ReLU, Tanh

    def normalized(*sizes, **options):
        return [Conv2d(*sizes, bias=False, **options), BatchNorm2d(sizes[1])]

    def block(before, after, stride):
        shortcut = None if stride == 1 else Conv2d(before, after, 1, stride=stride)
        body = [*normalized(before, after, 3, stride=stride, padding=1), ReLU(), *normalized(after, after, 3, padding=1)]
        return [residual(shortcut, *body), ReLU()]

    def mixed():
        depthwise = [Conv2d(32, 32, 5, padding=2, groups=32), GELU(), BatchNorm2d(32)]
        return [residual(None, *depthwise), Conv2d(32, 32, 1), GELU(), BatchNorm2d(32)]

    def convolved(before, after):
        return [Conv2d(before, after, 3, padding=1), ReLU()]

    def standardized(before):
        return [Linear(before, 512), LayerNorm(512), GELU(), Dropout(0.1)]

    def patches():
        return [Conv2d(1, 64, 4, stride=4), called(lambda x: x.flatten(2).mT)]

    def wider(features):
        return [Linear(features, 2 * features), GELU(), Linear(2 * features, features)]

    def mixer():
        turn = called(lambda x: x.mT)
        mixes_tokens = residual(None, LayerNorm(64), turn, *wider(49), turn)
        return [mixes_tokens, residual(None, LayerNorm(64), *wider(64))]

    def transformer():
        return [residual(None, LayerNorm(64), attention(64, 4)), residual(None, LayerNorm(64), *wider(64))]

    def repeated(block):
        return [layer for _ in range(4) for layer in block()]

    average = [nn.AdaptiveAvgPool2d(1), Flatten()]
    layers = {
        "mlp": lambda: [Flatten(), Linear(784, 456), ReLU(), Linear(456, 128), ReLU(), Linear(128, 10)],
        "cnn": lambda: [
            *[Conv2d(1, 8, 5, padding=2), ReLU(), MaxPool2d(2), Conv2d(8, 16, 5, padding=2), ReLU(), MaxPool2d(2)],
            *[Flatten(), Linear(784, 128), ReLU(), Linear(128, 10)],
        ],
        "wide_mlp": lambda: [Flatten(), Linear(784, 2048), ReLU(), Linear(2048, 2048), ReLU(), Linear(2048, 10)],
        "layernorm_mlp": lambda: [Flatten(), *standardized(784), *standardized(512), Linear(512, 10)],
        "tanh_mlp": lambda: [Flatten(), Linear(784, 300), Tanh(), Linear(300, 100), Tanh(), Linear(100, 10)],
        "vgg": lambda: [
            *[*convolved(1, 32), *convolved(32, 32), MaxPool2d(2), Dropout(0.25)],
            *[*convolved(32, 64), *convolved(64, 64), MaxPool2d(2), Dropout(0.25)],
            *[Flatten(), Linear(3136, 128), ReLU(), Dropout(0.5), Linear(128, 10)],
        ],
        "resnet_small": lambda: [
            *[*normalized(1, 16, 3, padding=1), ReLU()],
            *[*block(16, 32, 2), *block(32, 32, 1), *block(32, 64, 2), *average, Linear(64, 10)],
        ],
        "conv_mixer": lambda: [
            *[Conv2d(1, 32, 4, stride=4), GELU(), BatchNorm2d(32)],
            *[layer for _ in range(4) for layer in mixed()],
            *[*average, Linear(32, 10)],
        ],
        "mlp_mixer": lambda: [
            *[*patches(), *repeated(mixer)],
            *[LayerNorm(64), called(lambda x: x.mean(1)), Linear(64, 10)],
        ],
        "vit_tiny": lambda: [
            *[*patches(), tokens(50, 64), *repeated(transformer)],
            *[LayerNorm(64), called(lambda x: x[:, 0]), Linear(64, 10)],
        ],
        "lstm_rows": lambda: [
            *[Flatten(1, 2), sequential(nn.LSTM)],
            *[called(lambda x: x[:, -1]), Linear(128, 10)],
        ],
    }
    return nn.Sequential(*layers[name]())


# What stands before a layer so that its input has a shape; the layer after it takes its gradient.
WIDE, FLAT, SEQUENCE = "conv2d({}, 1, stride={}) tanh", "flatten linear({}) tanh", "reshape(({}, {})) conv1d({}, 1)"


def layers():
    """Name: shape of the input without the batch, our layer, and PyTorch's."""
    from torch import nn
    from torch.nn import functional

    image, small, vector = (32, 14, 14), (32, 7, 7), (512,)
    elementwise = {
        "relu": nn.ReLU,
        "leaky_relu": nn.LeakyReLU,
        "elu": nn.ELU,
        "selu": nn.SELU,
        "gelu": nn.GELU,
        "silu": nn.SiLU,
        "mish": nn.Mish,
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "softplus": nn.Softplus,
        "softsign": nn.Softsign,
        "log_sigmoid": nn.LogSigmoid,
        "hard_swish": nn.Hardswish,
        "hard_sigmoid": nn.Hardsigmoid,
    }
    table = {name: (image, name, make()) for name, make in elementwise.items()}
    for name, spec, module in [
        ("conv 3x3, 32 to 32", "conv2d(32, 3, padding=1)", nn.Conv2d(32, 32, 3, padding=1)),
        ("conv 5x5, 32 to 32", "conv2d(32, 5, padding=2)", nn.Conv2d(32, 32, 5, padding=2)),
        ("conv 3x3, 32 to 64, stride 2", "conv2d(64, 3, stride=2, padding=1)", nn.Conv2d(32, 64, 3, stride=2, padding=1)),
        ("conv 3x3, dilation 2", "conv2d(32, 3, dilation=2, padding=2)", nn.Conv2d(32, 32, 3, dilation=2, padding=2)),
        ("conv 1x1, 32 to 64", "conv2d(64, 1)", nn.Conv2d(32, 64, 1)),
        ("conv 3x3, depthwise", "conv2d(32, 3, padding=1, groups=32)", nn.Conv2d(32, 32, 3, padding=1, groups=32)),
        ("conv 3x3, 4 groups", "conv2d(32, 3, padding=1, groups=4)", nn.Conv2d(32, 32, 3, padding=1, groups=4)),
        ("batchnorm2d", "batchnorm2d", nn.BatchNorm2d(32)),
        ("groupnorm", "groupnorm(4)", nn.GroupNorm(4, 32)),
        ("maxpool2d", "maxpool2d(2)", nn.MaxPool2d(2)),
        ("avgpool2d", "avgpool2d(2)", nn.AvgPool2d(2)),
        ("global_avgpool2d", "global_avgpool2d", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())),
        ("upsample2d", "upsample2d(scale_factor=2)", nn.Upsample(scale_factor=2)),
        ("dropout", "dropout(0.25)", nn.Dropout(0.25)),
        ("dropout2d", "dropout2d(0.25)", nn.Dropout2d(0.25)),
    ]:
        table[name] = (image, spec, module)
    table["conv 5x5, depthwise, 7x7"] = (
        small,
        "conv2d(32, 5, padding=2, groups=32)",
        nn.Conv2d(32, 32, 5, padding=2, groups=32),
    )
    for name, spec, module in [
        ("linear 512 to 512", "linear(512)", nn.Linear(512, 512)),
        ("linear 512 to 10", "linear(10)", nn.Linear(512, 10)),
        ("layernorm", "layernorm", nn.LayerNorm(512)),
        ("rmsnorm", "rmsnorm", nn.RMSNorm(512)),
        ("batchnorm1d", "batchnorm1d", nn.BatchNorm1d(512)),
        ("softmax", "softmax", nn.Softmax(1)),
        ("log_softmax", "log_softmax", nn.LogSoftmax(1)),
        ("alpha_dropout", "alpha_dropout(0.1)", nn.AlphaDropout(0.1)),
    ]:
        table[name] = (vector, spec, module)
    for name, spec, module in [
        ("lstm", "lstm(128)", sequential(nn.LSTM)),
        ("lstm, bidirectional", "lstm(128, bidirectional=true)", sequential(nn.LSTM, bidirectional=True)),
        ("gru", "gru(128)", sequential(nn.GRU)),
        ("rnn", "rnn(128)", sequential(nn.RNN)),
        ("conv1d 3, 28 to 128", "conv1d(128, 3, padding=1)", sequential(nn.Conv1d, 3, padding=1)),
    ]:
        table[name] = ((28, 28), spec, module)
    for name, spec, module in [
        ("attention, 4 heads", "attention(4)", attention(64, 4)),
        ("attention, causal", "attention(4, causal=true)", attention(64, 4, causal=True)),
        ("linear 64 to 128, tokens", "linear(128)", nn.Linear(64, 128)),
        ("linear 64 to 64, tokens", "linear(64)", nn.Linear(64, 64)),
        ("layernorm, tokens", "layernorm", nn.LayerNorm(64)),
        ("rmsnorm, tokens", "rmsnorm", nn.RMSNorm(64)),
        ("gelu, tokens", "gelu", nn.GELU()),
        ("geglu", "geglu", gated(functional.gelu)),
        ("swiglu", "swiglu", gated(functional.silu)),
        ("transpose", "transpose", called(lambda x: x.mT.contiguous())),
    ]:
        table[name] = ((49, 64), spec, module)
    return table


def tokens(count, features):
    """Prepends a learned token, and adds learned positions."""
    import torch
    from torch import nn

    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Parameter(torch.randn(1, 1, features) * 0.02)
            self.position = nn.Parameter(torch.randn(1, count, features) * 0.02)

        def forward(self, x):
            return torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.position

    return Tokens()


def called(f):
    """A module that computes a function."""
    from torch import nn

    class Called(nn.Module):
        def forward(self, x):
            return f(x)

    return Called()


def gated(f):
    """One half of the features times a function of the other."""

    def gate(x):
        value, by = x.chunk(2, -1)
        return value * f(by)

    return called(gate)


def attention(features, heads, causal=False):
    """Self-attention, which returns no weights and so takes PyTorch's fast path."""
    import torch
    from torch import nn

    class SelfAttention(nn.MultiheadAttention):
        def forward(self, x):
            mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if causal else None
            return super().forward(x, x, x, need_weights=False, attn_mask=mask, is_causal=causal)[0]

    return SelfAttention(features, heads, batch_first=True)


def sequential(module, *args, **options):
    """A module of sequences, [n, tokens, features], with 28 features and 128 outputs."""
    from torch import nn

    class Sequential(module):
        def forward(self, x):
            if module is nn.Conv1d:
                return super().forward(x.transpose(1, 2)).transpose(1, 2)
            return super().forward(x)[0]

    if module is not nn.Conv1d:
        options["batch_first"] = True
    return Sequential(28, 128, *args, **options)


def idx(name, header):
    import numpy

    return numpy.frombuffer(gzip.open(MNIST / name).read(), numpy.uint8, offset=header)


def pixels(name):
    return idx(name, 16).reshape(-1, 1, 28, 28).astype("float32") / 255


def pytorch_network(name, args):
    """Seconds of each epoch."""
    import torch

    images = torch.tensor(pixels("train-images-idx3-ubyte.gz")[: args.images])
    labels = torch.tensor(idx("train-labels-idx1-ubyte.gz", 8)[: args.images].astype("int64"))
    torch.manual_seed(0)
    model = network(name).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9, weight_decay=0.005, fused=True)
    loss_function = torch.nn.CrossEntropyLoss()
    seconds = []
    for _ in range(args.epochs):
        begun = time.perf_counter()
        order = torch.randperm(len(images))
        for start in range(0, len(images), BATCH):
            batch = order[start : start + BATCH]
            optimizer.zero_grad(set_to_none=True)
            loss_function(model(images.index_select(0, batch)), labels.index_select(0, batch)).backward()
            optimizer.step()
        seconds.append(time.perf_counter() - begun)
    return seconds


def pytorch_layer(name, _):
    """Microseconds forward and backward."""
    import torch

    shape, _, module = layers()[name]
    module.train()
    x = torch.randn(BATCH, *shape, requires_grad=True)
    gradient = torch.randn_like(module(x))
    best = [float("inf")] * 2
    for _ in range(100):
        begun = time.perf_counter()
        y = module(x)
        between = time.perf_counter()
        y.backward(gradient)
        best = [min(best[0], between - begun), min(best[1], time.perf_counter() - between)]
    return [seconds * 1e6 for seconds in best]


def onnx_runtime(file, args):
    """Seconds for the test images, and for one image."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name, images = session.get_inputs()[0].name, pixels("t10k-images-idx3-ubyte.gz")
    all_images, one_image = [], []
    for _ in range(7):
        begun = time.perf_counter()
        for start in range(0, len(images), 1000):
            session.run(None, {name: images[start : start + 1000]})
        all_images.append(time.perf_counter() - begun)
    for _ in range(300):
        begun = time.perf_counter()
        session.run(None, {name: images[:1]})
        one_image.append(time.perf_counter() - begun)
    return [min(all_images), min(one_image)]


def tapeline(args, spec, *options):
    """The events of a training run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [args.binary, "train", spec, "--threads", str(args.threads), "--epochs", str(args.epochs), *options]
        command += ["--limit", str(args.images), "--json", "--quiet", "--out", f"{folder}/run"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def other_process(kind, subject, args):
    command = [sys.executable, __file__, "--in-this-process", kind, subject]
    for option in ["threads", "epochs", "images"]:
        command += [f"--{option}", str(getattr(args, option))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare_networks(args):
    print(f"{'network':14} {'Tapeline':>9} {'PyTorch':>9}  ratio")
    for name in args.only or NETWORKS:
        ours, theirs = [], []
        for _ in range(args.rounds):
            events = tapeline(args, NETWORKS[name])
            ours += [event["train_seconds"] for event in events if event["event"] == "epoch"][1:]
            theirs += other_process("networks", name, args)[1:]
        print(f"{name:14} {min(ours):7.3f} s {min(theirs):7.3f} s {min(ours) / min(theirs):6.2f}", flush=True)


def compare_layers(args):
    args.images, args.epochs = 6000, 1
    print(f"{'layer':30} {'input':11} {'forward':>17} {'ratio':>6} {'backward':>17} {'ratio':>6}")
    for name, (shape, spec, _) in layers().items():
        if args.only and name not in args.only:
            continue
        if len(shape) == 3:
            place, before = 2, WIDE.format(shape[0], 28 // shape[1])
        elif len(shape) == 2:
            place, before = 2, SEQUENCE.format(shape[0], 784 // shape[0], shape[1])
        else:
            place, before = 3, FLAT.format(shape[0])
        after = "tanh linear(10)" if len(shape) == 1 or name == "global_avgpool2d" else "tanh flatten linear(10)"
        ours, theirs = [float("inf")] * 2, [float("inf")] * 2
        for _ in range(args.rounds):
            events = tapeline(args, f"{before} {spec} {after}", "--profile")
            parts = next(event["parts"] for event in events if event["event"] == "profile")
            part = next(part for part in parts if part["layer"].startswith(f"{place} "))
            measured = [part["forward_microseconds"], part["backward_microseconds"]]
            ours = [min(pair) for pair in zip(ours, measured)]
            theirs = [min(pair) for pair in zip(theirs, other_process("layers", name, args))]
        cells = [f"{a:7.0f} / {b:4.0f} µs {a / b:6.2f}" for a, b in zip(ours, theirs)]
        print(f"{name:30} {'x'.join(map(str, shape)):11} {' '.join(cells)}", flush=True)


def compare_evaluation(args):
    print("ONNX Runtime, batch 1000: seconds for 10,000 images, microseconds for one")
    for name in args.only or ["mlp", "cnn", "resnet_small", "conv_mixer"]:
        with tempfile.TemporaryDirectory() as folder:
            options = ["--limit", "1000", "--epochs", "1", "--quiet", "--out", f"{folder}/run"]
            subprocess.run([args.binary, "train", NETWORKS[name], *options], check=True, capture_output=True)
            subprocess.run([args.binary, "export", f"@{folder}/run", f"{folder}/model.onnx"], check=True, capture_output=True)
            many, one = other_process("evaluation", f"{folder}/model.onnx", args)
        print(f"{name:14} {many:7.4f} s {one * 1e6:7.0f} µs", flush=True)
    print("ours: cargo bench -p tapeline-models -- \"evaluate|predict\"")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["networks", "layers", "evaluation"], nargs="?", default="networks")
    parser.add_argument("--binary", default=str(ROOT / "target" / "release" / "tapeline"))
    parser.add_argument("--only", nargs="+", help="names of the table")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=6000, help="training images of an epoch")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4, help="epochs in each round, the first not counted")
    parser.add_argument("--in-this-process", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.in_this_process:
        kind, subject = args.in_this_process
        if kind != "evaluation":
            import torch

            torch.set_num_threads(args.threads)
        run = {"networks": pytorch_network, "layers": pytorch_layer, "evaluation": onnx_runtime}[kind]
        print(json.dumps(run(subject, args)))
        return
    {"networks": compare_networks, "layers": compare_layers, "evaluation": compare_evaluation}[args.what](args)


main()
