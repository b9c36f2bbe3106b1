//! Norms of the gradients of the loss with respect to each weight.

use tapeline_data::{Dataset, Normalisation};
use tapeline_layers::{AnyLoss, Ctx, Element, Mode};
use tapeline_tensor::{Params, Tensor, is_finite, value_and_grad};

use crate::{Model, NotFinite, error::Subject, evaluate::batch};

/// Returns the name of each weight and the Euclidean norm of the loss's gradient with respect to
/// it, *‖∂L/∂W‖₂ = √Σ (∂L/∂w)²*, in parameter order.
///
/// The gradients are those of the first step of a run with this `seed` on the images at `indices`,
/// before the update. Buffers are excluded; a weight that the loss doesn't depend on has norm 0.
///
/// Norms that shrink from the last layer to the first show the vanishing-gradient problem of
/// Bengio, Simard and Frasconi (1994).
///
/// ```
/// use tapeline_data::{Dataset, Images, Normalisation};
/// use tapeline_layers::{NamedLoss, layers, losses};
/// use tapeline_models::{Model, gradient_norms, presets};
///
/// // An image x = [1, 1, 1, 1] and weights of zero: both classes have probability ½, so the gradient by the bias is [−½, ½], and by
/// // the weight its outer product with x.
/// let data = Dataset::new(Images::new(vec![255; 4], [1, 1, 2, 2]), vec![0], ["a", "b"].map(String::from))?;
/// let model = Model::build("flatten linear(2)", &data.shape(), &layers(), &presets())?;
/// let mut params = model.init(0);
/// params.values_mut().for_each(|mut value| value.fill(0.0));
/// let loss = NamedLoss::read("cross_entropy", &losses())?.loss;
///
/// let norms = gradient_norms(&model, &params, &*loss, &data, &[0], Normalisation::default(), 0)?;
/// assert_eq!((norms[0].0.as_str(), norms[1].0.as_str()), ("1.weight", "1.bias"));
/// assert!((norms[0].1 - 2.0f64.sqrt()).abs() < 1e-6 && (norms[1].1 - 0.5f64.sqrt()).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns an error if a gradient isn't finite.
///
/// # Panics
/// Panics if there are no indices, an index is out of bounds, the shape of the images differs from
/// the model's input, or a label is not an output of the model.
#[track_caller]
pub fn gradient_norms(
    model: &Model,
    params: &Params,
    loss: &dyn AnyLoss,
    data: &Dataset,
    indices: &[usize],
    normalisation: Normalisation,
    seed: u64,
) -> Result<Vec<(String, f64)>, NotFinite> {
    assert!(!indices.is_empty(), "gradient_norms: the batch is empty");
    let images = batch(data, indices, normalisation, None);
    let targets = data.labels_of(indices);
    let (_, grads, ()) = value_and_grad(params, &[], |tape, params, _| {
        let cx = Ctx::new(tape, params, Mode::Training { seed, step: 0 });
        let output = model.forward(&cx, tape.constant(images));
        (f32::loss(loss).value(output, &targets), ())
    });
    let weights = params.iter().zip(&grads.params);
    let weights = weights.filter(|(param, _)| param.role.is_learned());
    let norms = weights.map(|(param, grad)| {
        let name = param.name.clone();
        match grad {
            Some(grad) if !is_finite(grad) => Err(NotFinite::of(Subject::Gradient(name))),
            grad => Ok((name, grad.as_ref().map_or(0.0, norm))),
        }
    });
    let norms = norms.collect();
    grads.give_back();
    norms
}

/// Computes the norm in `f64`, where the square of an `f32` neither overflows nor underflows.
fn norm(gradient: &Tensor) -> f64 {
    let squares = gradient.iter().map(|&g| f64::from(g).powi(2));
    squares.sum::<f64>().sqrt()
}
