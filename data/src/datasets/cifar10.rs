use super::{DatasetDef, Lookup, PATH, cifar::Format};

const FORMAT: Format = Format {
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test: "test_batch.bin",
    labels: 1,
    label: 0,
    classes: 10,
    names: "batches.meta.txt",
};

/// The binary version of [CIFAR-10](https://www.cs.toronto.edu/~kriz/cifar.html): five files
/// `data_batch_1.bin` to `data_batch_5.bin`, `test_batch.bin` and, if it is there,
/// `batches.meta.txt` with the names of the classes.
pub(super) const CIFAR10: DatasetDef = DatasetDef {
    name: "cifar10",
    about: "the binary files of CIFAR-10: colour images of 32x32 in 10 classes",
    args: &[PATH.info()],
    examples: &["cifar10(\"cifar-10-batches-bin\")"],
    recognises: |lookup: &Lookup| {
        let is_there = lookup.has(FORMAT.train[0]) || lookup.has(FORMAT.test);
        is_there.then_some("binary files of CIFAR-10")
    },
    load: |loading| FORMAT.load(loading),
    ..DatasetDef::BASE
};
