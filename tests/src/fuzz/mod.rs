//! Fuzz targets: functions of bytes for everything that reads external input.
//!
//! They panic if a property is violated.
//!
//! Fuzzers run them (`fuzz/` at the top of the repository), and tests run them on committed and
//! random inputs.
//!
//! ```
//! let idx = tapeline_tests::fuzz::target("idx");
//! (idx.run)(b"\0\0\x08\x01\0\0\0\x02\x07\x07");
//! assert!(idx.seeds().iter().all(|seed| !seed.is_empty()));
//! ```

mod checkpoint;
mod datasets;
mod idx;
mod message;
mod model;
mod picture;
mod recipe;
mod safetensors;
mod spec;

/// A fuzz target.
pub struct Target {
    /// Its name, which is also the name of its corpus folder.
    pub name: &'static str,
    /// The input that it reads.
    pub about: &'static str,
    /// The maximum total allocation in bytes for an empty input.
    pub memory: usize,
    /// Additional bytes that it may allocate for each byte of the input.
    pub memory_per_byte: usize,
    /// Reads an input; panics if a property is violated.
    pub run: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
}

const KIB: usize = 1 << 10;

const MIB: usize = 1 << 20;

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "spec",
        about: "arbitrary text, by the grammar alone: parsing, printing, alternatives",
        memory: 8 * MIB,
        // Up to a thousand alternatives, each of which needs part of a tree for each byte.
        memory_per_byte: 160 * KIB,
        run: spec::run,
        seeds: model::seeds,
    },
    Target {
        name: "model",
        about: "a model: names, arguments, shapes; small models run forward and backward passes",
        memory: 128 * MIB,
        memory_per_byte: 64 * KIB,
        run: model::run,
        seeds: model::seeds,
    },
    Target {
        name: "recipe",
        about: "a loss, an optimizer, a schedule, an augmentation; each is run briefly",
        memory: 4 * MIB,
        memory_per_byte: 32 * KIB,
        run: recipe::run,
        seeds: recipe::seeds,
    },
    Target {
        name: "idx",
        about: "an IDX file of images or labels",
        memory: 4 * KIB,
        memory_per_byte: 16,
        run: idx::raw,
        seeds: idx::raw_seeds,
    },
    Target {
        name: "gzip",
        about: "a gzipped IDX file, or an IDX file that the target gzips",
        memory: 2 * MIB,
        memory_per_byte: 16 * KIB,
        run: idx::gzipped,
        seeds: idx::gzipped_seeds,
    },
    Target {
        name: "safetensors",
        about: "a model file, and weights of any origin",
        memory: 128 * MIB,
        memory_per_byte: 64 * KIB,
        run: safetensors::run,
        seeds: safetensors::seeds,
    },
    Target {
        name: "checkpoint",
        about: "a checkpoint to resume from",
        memory: 4 * MIB,
        memory_per_byte: 4 * KIB,
        run: checkpoint::run,
        seeds: checkpoint::seeds,
    },
    Target {
        name: "picture",
        about: "a picture file as input of a model",
        memory: 768 * MIB,
        memory_per_byte: 16 * KIB,
        run: picture::run,
        seeds: picture::seeds,
    },
    Target {
        name: "csv",
        about: "a CSV file of pixels or paths of pictures",
        memory: 64 * MIB,
        memory_per_byte: 16 * KIB,
        run: datasets::csv,
        seeds: datasets::csv_seeds,
    },
    Target {
        name: "npz",
        about: "a NumPy archive of images and labels",
        memory: 64 * MIB,
        memory_per_byte: 64 * KIB,
        run: datasets::npz,
        seeds: datasets::npz_seeds,
    },
    Target {
        name: "cifar",
        about: "the binary files of CIFAR-10 and CIFAR-100",
        memory: 64 * MIB,
        memory_per_byte: 4 * KIB,
        run: datasets::cifar,
        seeds: datasets::cifar_seeds,
    },
    Target {
        name: "folders",
        about: "a folder of pictures, with links",
        memory: 256 * MIB,
        memory_per_byte: 4 * MIB,
        run: datasets::folders,
        seeds: datasets::folder_seeds,
    },
];

/// Returns the target with this name.
///
/// # Panics
/// Panics if there is none.
#[track_caller]
pub fn target(name: &str) -> &'static Target {
    let mut targets = TARGETS.iter();
    targets
        .find(|target| target.name == name)
        .unwrap_or_else(|| panic!("no target `{name}`"))
}

impl Target {
    /// Returns generated seed inputs: the examples of the registries, and small valid files.
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        (self.seeds)()
    }

    /// Runs the target and checks its memory use.
    ///
    /// `allocated` returns the total number of bytes that the program has allocated so far,
    /// including those already freed.
    ///
    /// # Panics
    /// Panics if a property is violated, or the target allocates more than allowed for the size of
    /// the input.
    pub fn check(&self, input: &[u8], allocated: impl Fn() -> usize) {
        let before = allocated();
        (self.run)(input);
        let taken = allocated() - before;
        let most = self.memory + self.memory_per_byte * input.len();
        assert!(
            taken <= most,
            "`{}` allocated {taken} bytes for an input of {} bytes, wanted at most {most}",
            self.name,
            input.len()
        );
    }
}
