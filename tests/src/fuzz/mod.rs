//! Everything that reads input from outside, as functions of bytes that panic when something doesn't hold: for fuzzers (`fuzz/` at the top of the
//! repository), and for tests that run the same functions on committed inputs and on random ones.
//!
//! ```
//! let idx = tapeline_tests::fuzz::target("idx");
//! (idx.run)(b"\0\0\x08\x01\0\0\0\x02\x07\x07");
//! assert!(idx.seeds().iter().all(|seed| !seed.is_empty()));
//! ```

mod checkpoint;
mod idx;
mod message;
mod model;
mod picture;
mod recipe;
mod safetensors;
mod spec;

/// Something that reads input from outside.
pub struct Target {
    /// Its name, also that of its folder of inputs.
    pub name: &'static str,
    /// What it reads.
    pub about: &'static str,
    /// The most bytes that it may allocate in all, whatever the input.
    pub memory: usize,
    /// How many bytes more it may allocate for each byte of the input.
    pub memory_per_byte: usize,
    /// Reads an input, and panics when a property doesn't hold.
    pub run: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
}

const KIB: usize = 1 << 10;

const MIB: usize = 1 << 20;

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "spec",
        about: "any text, by the grammar alone: parsing, printing, alternatives",
        memory: 8 * MIB,
        // A thousand alternatives, and for each byte of one a piece of a tree.
        memory_per_byte: 160 * KIB,
        run: spec::run,
        seeds: model::seeds,
    },
    Target {
        name: "model",
        about: "a model: names, arguments, shapes; a small one runs, forwards and backwards",
        memory: 128 * MIB,
        memory_per_byte: 64 * KIB,
        run: model::run,
        seeds: model::seeds,
    },
    Target {
        name: "recipe",
        about: "a loss, an optimizer, a schedule, an augmentation; each is used a little",
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
        about: "a gzipped IDX file, and what is one when it is gzipped",
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
        about: "a training to go on with",
        memory: 4 * MIB,
        memory_per_byte: 4 * KIB,
        run: checkpoint::run,
        seeds: checkpoint::seeds,
    },
    Target {
        name: "picture",
        about: "a PNG or JPEG as input of a model",
        memory: 768 * MIB,
        memory_per_byte: 16 * KIB,
        run: picture::run,
        seeds: picture::seeds,
    },
];

/// The target of a name.
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn target(name: &str) -> &'static Target {
    let mut targets = TARGETS.iter();
    targets
        .find(|target| target.name == name)
        .unwrap_or_else(|| panic!("no target `{name}`"))
}

impl Target {
    /// Inputs to begin with, made by code: what the registries give as examples, small files that are right.
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        (self.seeds)()
    }

    /// Runs it with a look at memory. `allocated` says how many bytes the program has allocated since it began, those given back included.
    ///
    /// # Panics
    /// When a property doesn't hold, or it allocates more than such an input is worth.
    pub fn check(&self, input: &[u8], allocated: impl Fn() -> usize) {
        let before = allocated();
        (self.run)(input);
        let taken = allocated() - before;
        let most = self.memory + self.memory_per_byte * input.len();
        assert!(
            taken <= most,
            "`{}` allocates {taken} bytes for an input of {}, {most} at most are allowed",
            self.name,
            input.len()
        );
    }
}
