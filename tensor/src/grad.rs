//! The value and the gradient of a function on a tape.

use crate::{
    Params, Profile, Scalar, Tape, Tensor, Var,
    buffer::give_back,
    kernels::layout::{self, laid_out_like},
    tape::Tamper,
};

/// Gradients of a loss, each in the memory layout of its parameter or input.
#[derive(Clone, Debug, PartialEq)]
pub struct Grads<T = f32> {
    /// One for each entry of the parameters; `None` for buffers and for weights that the loss
    /// doesn't depend on.
    pub params: Vec<Option<Tensor<T>>>,
    /// One for each input; `None` where the loss doesn't depend on it.
    pub inputs: Vec<Option<Tensor<T>>>,
}

impl<T: Scalar> Grads<T> {
    /// Recycles the memory of all gradients. See [`buffer`](crate::buffer).
    pub fn give_back(self) {
        let all = self.params.into_iter().chain(self.inputs);
        all.flatten().for_each(give_back);
    }
}

/// Runs `f` on a new tape and propagates gradients from its loss, the first of what it returns, to
/// `params` and `inputs`. Returns the loss, the gradients and the second of what `f` returned.
///
/// `f` gets the tape, a value for each entry of `params`, and one for each of `inputs`; these get a
/// gradient. Data without a gradient, such as a batch of images, is a [`Tape::constant`]. The tape
/// is gone when this returns, so that an optimizer can write parameters in place.
///
/// ```
/// use tapeline_tensor::{Params, Role, tensor, value_and_grad};
///
/// let mut params = Params::<f64>::new();
/// params.push("slope", Role::Weight, tensor([2.0, -1.0]));
/// let (loss, grads, ()) = value_and_grad(&params, &[], |tape, params, _| {
///     let x = tape.constant(tensor([3.0, 4.0]));
///     ((params[0] * x).sum(), ())
/// });
/// assert_eq!(loss, 2.0);
/// assert_eq!(grads.params[0], Some(tensor([3.0, 4.0])));
/// ```
///
/// No value outlives its tape:
///
/// ```compile_fail
/// use tapeline_tensor::{Params, tensor, value_and_grad};
///
/// let (_, _, leaked) = value_and_grad(&Params::new(), &[tensor([1.0f64])], |_, _, x| (x[0].sum(), x[0]));
/// ```
///
/// # Panics
/// When the loss has more than one element.
#[track_caller]
pub fn value_and_grad<T: Scalar, X>(
    params: &Params<T>,
    inputs: &[Tensor<T>],
    f: impl for<'t> FnOnce(&'t Tape<T>, &[Var<'t, T>], &[Var<'t, T>]) -> (Var<'t, T>, X),
) -> (T, Grads<T>, X) {
    run(params, inputs, (None, None), f)
}

/// As [`value_and_grad`], with every gradient that a rule returns passed through `tamper`, so that
/// a check can show that it notices wrong rules.
#[track_caller]
pub fn value_and_grad_tampered<T: Scalar, X>(
    params: &Params<T>,
    inputs: &[Tensor<T>],
    tamper: Tamper<'_, T>,
    f: impl for<'t> FnOnce(&'t Tape<T>, &[Var<'t, T>], &[Var<'t, T>]) -> (Var<'t, T>, X),
) -> (T, Grads<T>, X) {
    run(params, inputs, (Some(tamper), None), f)
}

/// As [`value_and_grad`], and adds the time of each operation to `profile`.
///
/// ```
/// use tapeline_tensor::{Params, Profile, tensor, value_and_grad_profiled};
///
/// let mut profile = Profile::default();
/// let x = [tensor([1.0f32, 2.0])];
/// value_and_grad_profiled(&Params::new(), &x, &mut profile, |tape, _, x| {
///     (tape.scope("square", || x[0].square()).sum(), ())
/// });
/// let entry = profile.entries().iter().find(|entry| entry.place.op == "square").unwrap();
/// assert_eq!((entry.calls, entry.place.scope.as_deref()), (1, Some("square")));
/// ```
#[track_caller]
pub fn value_and_grad_profiled<T: Scalar, X>(
    params: &Params<T>,
    inputs: &[Tensor<T>],
    profile: &mut Profile,
    f: impl for<'t> FnOnce(&'t Tape<T>, &[Var<'t, T>], &[Var<'t, T>]) -> (Var<'t, T>, X),
) -> (T, Grads<T>, X) {
    run(params, inputs, (None, Some(profile)), f)
}

#[track_caller]
fn run<T: Scalar, X>(
    params: &Params<T>,
    inputs: &[Tensor<T>],
    (tamper, mut profile): (Option<Tamper<'_, T>>, Option<&mut Profile>),
    f: impl for<'t> FnOnce(&'t Tape<T>, &[Var<'t, T>], &[Var<'t, T>]) -> (Var<'t, T>, X),
) -> (T, Grads<T>, X) {
    let tape = Tape::new(true);
    let params_on_tape: Vec<_> = params
        .iter()
        .map(|p| tape.leaf(p.value.clone(), p.role.is_learned()))
        .collect();
    let inputs_on_tape: Vec<_> = inputs.iter().map(|x| tape.leaf(x.clone(), true)).collect();
    tape.profile(profile.as_deref_mut().map(std::mem::take));
    let (loss, extra) = f(&tape, &params_on_tape, &inputs_on_tape);
    let value = loss.value().sum();
    let mut gradients = tape.backward(loss, params.len() + inputs.len(), tamper);
    if let (Some(profile), Some(measured)) = (profile, tape.profile(None)) {
        *profile = measured;
    }
    let like = params.iter().map(|p| &p.value).chain(inputs);
    for (gradient, like) in gradients.iter_mut().zip(like) {
        if let Some(gradient) = gradient
            .as_mut()
            .filter(|g| !layout::same(g.view(), like.view()))
        {
            let laid_out = laid_out_like(gradient, like);
            give_back(std::mem::replace(gradient, laid_out));
        }
    }
    let of_inputs = gradients.split_off(params.len());
    (
        value,
        Grads {
            params: gradients,
            inputs: of_inputs,
        },
        extra,
    )
}

/// Runs `f` on a tape that records no rules and frees values early: for evaluation. Operations that
/// are called one by one keep their values; see [`Tape::release`].
///
/// ```
/// use tapeline_tensor::{Params, no_grad, tensor};
///
/// let y = no_grad(&Params::<f32>::new(), |tape, _| tape.constant(tensor([1.0, -1.0])).relu().value());
/// assert_eq!(y, tensor([1.0, 0.0]));
/// ```
pub fn no_grad<T: Scalar, X>(
    params: &Params<T>,
    f: impl for<'t> FnOnce(&'t Tape<T>, &[Var<'t, T>]) -> X,
) -> X {
    let tape = Tape::releasing(params.prepared().share());
    let params: Vec<_> = params
        .iter()
        .map(|p| tape.leaf(p.value.clone(), false))
        .collect();
    f(&tape, &params)
}
