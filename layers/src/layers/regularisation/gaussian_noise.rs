//! Gaussian noise.

use ndarray_rand::rand_distr::{Distribution, StandardNormal};
use tapeline_spec::Arg;
use tapeline_tensor::{Var, buffer::Buffer};

use super::shaped;
use crate::{Batch, Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Stream};

const STD: Arg<f64> = Arg::new("std", "standard deviation of the noise")
    .default(0.1)
    .from(0.0)
    .tried(0.0..=1.0);

/// In training, adds samples of a normal distribution with mean 0 and standard deviation `std`.
/// (Keras' `GaussianNoise`; Bishop 1995)
pub const GAUSSIAN_NOISE: LayerDef = LayerDef {
    name: "gaussian_noise",
    about: "adds Gaussian noise in training",
    args: &[STD.info()],
    examples: &[
        ("gaussian_noise", &[7]),
        ("gaussian_noise(0.5)", &[2, 3, 4]),
    ],
    batch: Batch::MixedInTraining,
    build: |args, build| {
        let (std, stream) = (args.get(STD), build.stream());
        Ok(build
            .same_shape(GaussianNoise { std, stream })
            .only_in_training())
    },
    ..LayerDef::BASE
};

struct GaussianNoise {
    std: f64,
    stream: Stream,
}

impl<T: Element> Layer<T> for GaussianNoise {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        if !cx.training() || self.std == 0.0 {
            return x;
        }
        let mut rng = cx.rng(self.stream);
        // Sampled in `f32`, so that both scalar types get the same values.
        let shape = x.shape();
        let mut noise: Buffer<T> = Buffer::any(shape.iter().product());
        noise.fill_with(|| {
            let normal: f32 = StandardNormal.sample(&mut rng);
            T::of(self.std * f64::from(normal))
        });
        x + cx.tape().constant(shaped(noise, &shape))
    }

    fn nodes(&self, _: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok(x)
    }
}
