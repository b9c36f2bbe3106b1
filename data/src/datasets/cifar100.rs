use tapeline_spec::Arg;

use super::{DatasetDef, Lookup, PATH, cifar::Format};

const LABELS: Arg<&str> = Arg::new("labels", "the 100 classes, or the 20 groups of classes")
    .choices(&["fine", "coarse"])
    .default("fine")
    .keyword_only();

const FINE: Format = Format {
    train: &["train.bin"],
    test: "test.bin",
    labels: 2,
    label: 1,
    classes: 100,
    names: "fine_label_names.txt",
};

const COARSE: Format = Format {
    label: 0,
    classes: 20,
    names: "coarse_label_names.txt",
    ..FINE
};

/// The binary version of [CIFAR-100](https://www.cs.toronto.edu/~kriz/cifar.html): `train.bin`,
/// `test.bin` and, if they are there, `fine_label_names.txt` and `coarse_label_names.txt`.
pub(super) const CIFAR100: DatasetDef = DatasetDef {
    name: "cifar100",
    about: "the binary files of CIFAR-100: colour images of 32x32 in 100 classes",
    args: &[PATH.info(), LABELS.info()],
    examples: &[
        "cifar100(\"cifar-100-binary\")",
        "cifar100(\"cifar-100-binary\", labels=coarse)",
    ],
    recognises: |lookup: &Lookup| {
        let is_there = lookup.has(FINE.train[0]) && lookup.has(FINE.test);
        is_there.then_some("binary files of CIFAR-100")
    },
    load: |loading| match loading.args.get(LABELS) {
        "coarse" => COARSE.load(loading),
        _ => FINE.load(loading),
    },
    ..DatasetDef::BASE
};
