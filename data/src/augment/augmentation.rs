//! From text to changes of images.

use std::{fmt, sync::Arc};

use ndarray::ArrayViewMut3;
use rand_chacha::ChaCha8Rng;
use tapeline_spec::{ArgInfo, Args, Call, Diagnostic, Registry, named, read_chain};

use super::{Draws, Warp};

/// An entry of the registry of augmentations.
///
/// ```
/// use rand::Rng;
/// use tapeline_data::{AugmentDef, Augmentation, Change, augmentations};
///
/// const MIRROR: AugmentDef = AugmentDef {
///     name: "mirror",
///     about: "swaps left and right in half of the images",
///     examples: &["mirror", "mirror shift(2)"],
///     build: |_| Ok(Change::warp(|warp, random| {
///         if random.random_bool(0.5) {
///             warp.linear([[-1.0, 0.0], [0.0, 1.0]]);
///         }
///     })),
///     ..AugmentDef::BASE
/// };
///
/// let augmentations = augmentations().with(MIRROR)?;
/// let augmentation = Augmentation::read("mirror", &augmentations).unwrap();
/// let mut seen = Vec::new();
/// for index in 0..20 {
///     let mut image = [0.0; 2];
///     augmentation.draws(0, 1).apply(index, &[10, 20], [1, 1, 2], &mut image);
///     seen.push(image);
/// }
/// assert!(seen.contains(&[10.0, 20.0]) && seen.contains(&[20.0, 10.0]));
/// # Ok::<(), tapeline_spec::RegistryError>(())
/// ```
#[derive(Clone, Copy)]
pub struct AugmentDef {
    /// Its name in a spec.
    pub name: &'static str,
    /// Other names that are accepted.
    pub aliases: &'static [&'static str],
    /// What it does, in a line.
    pub about: &'static str,
    /// Its arguments.
    pub args: &'static [ArgInfo],
    /// Augmentations that have it in them, as texts; checks try them.
    pub examples: &'static [&'static str],
    /// Makes it, or refuses arguments that don't go together; the place of the refusal is filled in.
    pub build: fn(&Args) -> Result<Change, Diagnostic>,
}

impl AugmentDef {
    /// A definition to start from with `..AugmentDef::BASE`: nameless, without arguments, changing nothing.
    pub const BASE: AugmentDef = AugmentDef {
        name: "",
        aliases: &[],
        about: "",
        args: &[],
        examples: &[],
        build: |_| Ok(Change::warp(|_, _| ())),
    };
}

named!(AugmentDef);

/// What an entry does to an image. It draws from the generator that it is given and from nothing else.
#[derive(Clone)]
pub struct Change(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    Warp(Arc<WarpFn>),
    Pixels(Arc<PixelsFn>),
}

type WarpFn = dyn Fn(&mut Warp, &mut ChaCha8Rng) + Send + Sync;
type PixelsFn = dyn Fn(ArrayViewMut3<'_, f32>, &mut ChaCha8Rng) + Send + Sync;

impl Change {
    /// A change of place, added to the warp of one image.
    pub fn warp(f: impl Fn(&mut Warp, &mut ChaCha8Rng) + Send + Sync + 'static) -> Self {
        Change(Kind::Warp(Arc::new(f)))
    }

    /// A change of the values of one image, `[channels, rows, columns]`, which are numbers of 0 to 255 and stay in this range.
    pub fn pixels(
        f: impl Fn(ArrayViewMut3<'_, f32>, &mut ChaCha8Rng) + Send + Sync + 'static,
    ) -> Self {
        Change(Kind::Pixels(Arc::new(f)))
    }
}

/// An augmentation read from text: one change after another. The default is the empty one, which leaves images as they are.
///
/// All changes of place are composed, so that an image is resampled once; those of values come after it, wherever they stand.
///
/// ```
/// use tapeline_data::{Augmentation, augmentations};
///
/// let augmentation = Augmentation::read("translate(pixels=2) erase(0.1)", &augmentations()).unwrap();
/// assert_eq!(augmentation.short(), "shift(2) erase(p=0.1)");
/// assert_eq!(augmentation.full(), "shift(pixels=2) erase(p=0.1, scale=(0.02, 0.33), ratio=(0.3, 3.3))");
/// ```
#[derive(Clone, Default)]
pub struct Augmentation {
    pub(super) changes: Vec<Change>,
    short: String,
    full: String,
}

impl Augmentation {
    /// Reads a text.
    ///
    /// # Errors
    /// All errors of the text, with their places: those of the language, arguments that don't go together.
    pub fn read(text: &str, registry: &Registry<AugmentDef>) -> Result<Self, Vec<Diagnostic>> {
        let calls = read_chain(text, registry)?;
        let (mut changes, mut errors) = (Vec::new(), Vec::new());
        for call in &calls {
            match (call.def.build)(&call.args) {
                Ok(change) => changes.push(change),
                Err(error) => errors.push(Diagnostic {
                    span: call.span,
                    ..error
                }),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let short: Vec<_> = calls.iter().map(Call::text).collect();
        let full: Vec<_> = calls.iter().map(Call::full).collect();
        Ok(Augmentation {
            changes,
            short: short.join(" "),
            full: full.join(" "),
        })
    }

    /// What it draws in an epoch of a run.
    pub fn draws(&self, seed: u64, epoch: u64) -> Draws<'_> {
        Draws::new(self, seed, epoch)
    }

    /// A text for people, which reads back as the same augmentation: what is a default is left out.
    pub fn short(&self) -> &str {
        &self.short
    }

    /// A text for files, which reads back as the same augmentation: every argument is written out.
    pub fn full(&self) -> &str {
        &self.full
    }
}

impl fmt::Debug for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Augmentation({})", self.full)
    }
}
