//! Tensors to draw.

use std::ops::RangeInclusive;

use ndarray::{ArrayD, Axis, ShapeBuilder, Slice};
use proptest::{collection::vec, prelude::*, strategy::Union};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tapeline_tensor::{Scalar, Tensor};

/// A tensor to draw.
#[derive(Clone, Debug)]
pub struct Input {
    pub shape: Vec<usize>,
    pub layout: Layout,
    pub numbers: Numbers,
    pub seed: u64,
}

/// How a tensor lies in memory.
#[derive(Clone, Copy, Debug)]
pub enum Layout {
    RowMajor,
    ColumnMajor,
    /// The second dimension running fastest, as PyTorch's `channels_last`.
    ChannelsLast,
    /// Every second element of a larger one.
    Strided,
    /// Backwards along each dimension.
    Reversed,
}

/// What numbers a tensor holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numbers {
    /// -2 to 2.
    Any,
    /// 0.25 to 2.
    Positive,
    /// -2, -1, 0, 1 or 2.
    Few,
    /// Zero in four of five places, else -2 to 2.
    Sparse,
}

impl Numbers {
    pub fn without_ties(self) -> Self {
        match self {
            Numbers::Few => Numbers::Any,
            other => other,
        }
    }
}

impl Input {
    pub fn new(shape: &[usize], numbers: Numbers) -> Self {
        Input {
            shape: shape.to_vec(),
            layout: Layout::RowMajor,
            numbers,
            seed: shape.len() as u64,
        }
    }

    /// The same numbers in each type and layout.
    pub fn tensor<T: Scalar>(&self) -> Tensor<T> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let values = ArrayD::from_shape_simple_fn(self.shape.clone(), || {
            T::of(f64::from(match self.numbers {
                Numbers::Any => random.random_range(-2f32..2.0),
                Numbers::Positive => random.random_range(0.25f32..2.0),
                Numbers::Few => random.random_range(-2i8..=2).into(),
                Numbers::Sparse if random.random_bool(0.8) => 0.0,
                Numbers::Sparse => random.random_range(-2f32..2.0),
            }))
        });
        let mut out = match self.layout {
            Layout::RowMajor => return values.into_shared(),
            Layout::ColumnMajor => ArrayD::zeros(self.shape.clone().f()).into_shared(),
            Layout::ChannelsLast if self.shape.len() < 2 => return values.into_shared(),
            Layout::ChannelsLast => {
                let mut shape = self.shape.clone();
                let channels = shape.remove(1);
                shape.push(channels);
                let mut axes: Vec<_> = (0..shape.len() - 1).collect();
                axes.insert(1, shape.len() - 1);
                Tensor::zeros(shape).permuted_axes(axes)
            }
            Layout::Strided => {
                let doubled: Vec<_> = self.shape.iter().map(|n| 2 * n).collect();
                let mut larger = Tensor::zeros(doubled);
                for axis in 0..larger.ndim() {
                    larger.slice_axis_inplace(Axis(axis), Slice::new(0, None, 2));
                }
                larger
            }
            Layout::Reversed => {
                let mut out = Tensor::zeros(self.shape.clone());
                (0..out.ndim()).for_each(|axis| out.invert_axis(Axis(axis)));
                out
            }
        };
        out.assign(&values);
        out
    }
}

pub fn layout() -> impl Strategy<Value = Layout> {
    prop_oneof![
        Just(Layout::RowMajor),
        Just(Layout::ColumnMajor),
        Just(Layout::ChannelsLast),
        Just(Layout::Strided),
        Just(Layout::Reversed),
    ]
}

pub fn size() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(1), 3 => 1..=5usize]
}

pub fn shape(dimensions: RangeInclusive<usize>) -> impl Strategy<Value = Vec<usize>> {
    vec(size(), dimensions)
}

pub fn input(shape: Vec<usize>, numbers: Numbers) -> impl Strategy<Value = Input> {
    (layout(), any::<u64>()).prop_map(move |(layout, seed)| Input {
        shape: shape.clone(),
        layout,
        numbers,
        seed,
    })
}

/// An input of `shape`, sometimes with ties and numbers at a kink.
pub fn kinked(shape: Vec<usize>) -> impl Strategy<Value = Input> {
    let few = input(shape.clone(), Numbers::Few);
    Union::new_weighted(vec![
        (3, input(shape, Numbers::Any).boxed()),
        (1, few.boxed()),
    ])
}
