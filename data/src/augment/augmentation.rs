//! Augmentations in the spec language.

use std::{fmt, sync::Arc};

use ndarray::ArrayViewMut3;
use rand_chacha::ChaCha8Rng;
use tapeline_spec::{ArgInfo, Args, Call, Diagnostic, Registry, SpecError, named, read_chain};

use super::{Draws, Mix, Warp};

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
/// let augmentation = Augmentation::read("mirror", &augmentations)?;
/// let mut seen = Vec::new();
/// for index in 0..20 {
///     let mut image = [0.0; 2];
///     augmentation.draws(0, 1).apply(index, &[10, 20], [1, 1, 2], &mut image);
///     seen.push(image);
/// }
/// assert!(seen.contains(&[10.0, 20.0]) && seen.contains(&[20.0, 10.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct AugmentDef {
    /// Its name in a spec.
    pub name: &'static str,
    /// Other names that are accepted.
    pub aliases: &'static [&'static str],
    /// A one-line description.
    pub about: &'static str,
    /// Its arguments.
    pub args: &'static [ArgInfo],
    /// Example specs that contain it; checks run them.
    pub examples: &'static [&'static str],
    /// Builds the change, or rejects inconsistent arguments; the caller sets the span of the error.
    pub build: fn(&Args) -> Result<Change, Diagnostic>,
}

impl AugmentDef {
    /// A base for definitions with `..AugmentDef::BASE`: without a name or arguments, changing
    /// nothing.
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

/// The change that an entry makes to an image.
///
/// Its only source of randomness is the generator passed to it.
#[derive(Clone)]
pub struct Change(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    Warp(Arc<WarpFn>),
    Pixels(Arc<PixelsFn>),
    Mix(Arc<MixFn>),
}

type WarpFn = dyn Fn(&mut Warp, &mut ChaCha8Rng) + Send + Sync;
type PixelsFn = dyn Fn(ArrayViewMut3<'_, f32>, &mut ChaCha8Rng) + Send + Sync;
type MixFn = dyn Fn([usize; 2], &mut ChaCha8Rng) -> Mix + Send + Sync;

impl Change {
    /// Creates a geometric change, which is composed with the warp of one image.
    pub fn warp(f: impl Fn(&mut Warp, &mut ChaCha8Rng) + Send + Sync + 'static) -> Self {
        Change(Kind::Warp(Arc::new(f)))
    }

    /// Creates a change of the pixel values of one image, `[channels, rows, columns]`.
    ///
    /// The values range from 0 to 255 and must stay in this range.
    pub fn pixels(
        f: impl Fn(ArrayViewMut3<'_, f32>, &mut ChaCha8Rng) + Send + Sync + 'static,
    ) -> Self {
        Change(Kind::Pixels(Arc::new(f)))
    }

    /// Creates a change that mixes one image of `[rows, columns]`, which has pixels, with another
    /// one, and their targets.
    pub fn mix(f: impl Fn([usize; 2], &mut ChaCha8Rng) -> Mix + Send + Sync + 'static) -> Self {
        Change(Kind::Mix(Arc::new(f)))
    }
}

/// An augmentation: a chain of changes, read from a spec.
///
/// The default is empty and leaves images unchanged.
///
/// All geometric changes are composed, so an image is resampled only once. Changes of pixel values
/// are applied afterwards, wherever they are in the chain. Images are mixed at the end; of several
/// entries that mix, each image takes one at random.
///
/// ```
/// use tapeline_data::{Augmentation, augmentations};
///
/// let augmentation = Augmentation::read("translate(pixels=2) erase(0.1)", &augmentations())?;
/// assert_eq!(augmentation.short(), "shift(2) erase(p=0.1)");
/// assert_eq!(augmentation.full(), "shift(pixels=2) erase(p=0.1, scale=(0.02, 0.33), ratio=(0.3, 3.3))");
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
#[derive(Clone, Default)]
pub struct Augmentation {
    pub(super) changes: Vec<Change>,
    short: String,
    full: String,
}

impl Augmentation {
    /// Reads an augmentation from a spec.
    ///
    /// # Errors
    /// Returns all errors of the spec: syntax errors, unknown names, and invalid
    /// or inconsistent arguments.
    pub fn read(text: &str, registry: &Registry<AugmentDef>) -> Result<Self, SpecError> {
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
            return Err(SpecError::new(text, errors));
        }
        let short: Vec<_> = calls.iter().map(Call::text).collect();
        let full: Vec<_> = calls.iter().map(Call::full).collect();
        Ok(Augmentation {
            changes,
            short: short.join(" "),
            full: full.join(" "),
        })
    }

    /// Returns the random changes for one epoch of a run.
    pub fn draws(&self, seed: u64, epoch: u64) -> Draws<'_> {
        Draws::new(self, seed, epoch)
    }

    /// Returns whether images are mixed, so that a target has two classes. The loss must accept
    /// mixed targets then.
    pub fn mixes(&self) -> bool {
        self.mixers().next().is_some()
    }

    /// Returns the entries that mix images.
    pub(super) fn mixers(&self) -> impl Iterator<Item = &MixFn> {
        self.changes.iter().filter_map(|change| match &change.0 {
            Kind::Mix(mix) => Some(&**mix),
            _ => None,
        })
    }

    /// Returns the spec for display, without default arguments.
    ///
    /// Reading it gives the same augmentation.
    pub fn short(&self) -> &str {
        &self.short
    }

    /// Returns the spec for storage, with every argument written out.
    ///
    /// Reading it gives the same augmentation.
    pub fn full(&self) -> &str {
        &self.full
    }
}

impl fmt::Debug for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Augmentation({})", self.full)
    }
}
