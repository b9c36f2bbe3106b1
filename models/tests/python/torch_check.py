"""Holds model files to PyTorch: for every layer it has, our file loads into nn.Sequential, strictly, and gives our outputs; and the other way round.

    python torch_check.py

Needs torch, safetensors. The modules are those of layers/tests/fixtures/layers.py. Outputs must be equal within 1e-5 of the largest. Then PyTorch's
own state_dict, in f32, f64, f16 and bf16, goes through `tapeline export` and must come back as the same numbers. Last, every example, every preset
and random networks are exported as Python source, whose module must load the model file and give our outputs.
"""

import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from travel import ROOT, cases, tapeline, work

sys.path.insert(0, str(ROOT / "layers/tests/fixtures"))
from layers import MODULES  # noqa: E402

TOLERANCE = 1e-5
TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]


def apart(found, y):
    """The largest difference, relative to the largest output."""
    assert found.shape == y.shape, (found.shape, y.shape)
    return ((found - y).abs().max() / y.abs().max().clamp(min=1)).item()


def sources(folder, worst):
    """Exports models as Python source, which must run, load its weights by itself and compute the same."""
    for number, spec, shape in cases(folder):
        weights, file = folder / f"{number}.safetensors", folder / "source.py"
        tapeline("export", spec, file, "--weights", weights, "--input", shape)
        source = {"__file__": str(file)}
        exec(compile(file.read_text(), str(file), "exec"), source)
        module = source["load"]()
        assert isinstance(module, nn.Sequential)
        assert set(load_file(weights)) == {name for name in module.state_dict() if not name.endswith("num_batches_tracked")}, spec
        values = load_file(folder / f"{number}.values.safetensors")
        for batch in {name[1:] for name in values}:
            try:
                with torch.no_grad():
                    found = apart(module(values["x" + batch]), values["y" + batch])
            except ValueError as error:
                # PyTorch refuses to normalise a group of a single value; ours gives its bias.
                if "more than 1 value per channel" not in str(error):
                    raise
                continue
            worst["source"] = max(worst.get("source", 0), found)
            if found > TOLERANCE:
                print(f"{found:.1e} apart with {batch} as source: {spec} on {shape}")


def main():
    table = [(spec, module, shape[1:]) for spec, module, shapes in MODULES for shape in shapes]
    # Of a random layer, what it does in evaluation is compared.
    lines = [f"{spec}\t{'x'.join(map(str, shape))}" for spec, _, shape in table]
    folder, worst = work("torch", lines), {}
    for (number, spec, shape), (_, module, _) in zip(cases(folder), table):
        module = nn.Sequential(module).float().eval()
        state = load_file(folder / f"{number}.safetensors")
        module.load_state_dict(state, strict=True)
        values = load_file(folder / f"{number}.values.safetensors")
        for batch in [1, 2, 7]:
            y = values[f"y{batch}"]
            with torch.no_grad():
                found = module(values[f"x{batch}"])
            difference = apart(found, y)
            name = spec.split("(")[0].split("[")[0]
            worst[name] = max(worst.get(name, 0), difference)
            if difference > TOLERANCE:
                print(f"{difference:.1e} apart with {batch}: {spec} on {shape}")

        for dtype in TYPES:
            theirs = {name: x.to(dtype) if x.is_floating_point() else x for name, x in module.state_dict().items()}
            save_file(theirs, folder / "theirs.safetensors")
            back = folder / "back.safetensors"
            # A model file is for a classifier, whose output is a row.
            tapeline("export", f"{spec} flatten", back, "--weights", folder / "theirs.safetensors", "--input", shape)
            back = load_file(back)
            assert back.keys() == state.keys(), (spec, back.keys())
            for name, x in back.items():
                assert torch.equal(x, theirs[name].float()), (spec, dtype, name)
    sources(work("everything"), worst)
    for name, difference in sorted(worst.items()):
        print(f"{difference:.1e}  {name}")
    sys.exit(max(worst.values()) > TOLERANCE)


main()
