//! The table of operations: how arguments for each are drawn, and what the operation and its plain twin make of them.

use std::{
    fmt::{self, Debug},
    ops::RangeInclusive,
};

use proptest::prelude::*;
use tapeline_tensor::{Grads, MaxPool2d, Params, Scalar, Tensor, Var, value_and_grad};

mod attention;
mod axes;
mod choose;
mod draw;
mod elementwise;
mod lines;
mod norms;
mod planes;
mod products;
mod recurrent;
mod shapes;

pub use draw::{Input, Layout, Numbers};

/// An operation with its arguments.
#[derive(Debug)]
pub struct Case {
    pub op: &'static str,
    pub inputs: Vec<Input>,
    /// The arguments that are no tensors.
    #[expect(dead_code, reason = "printed when a case fails")]
    pub arguments: String,
    pub ways: Ways,
}

/// The operation in both types of number, and its twin if it has one.
pub struct Ways {
    pub f32: (Fast<f32>, Option<Plain<f32>>),
    pub f64: (Fast<f64>, Option<Plain<f64>>),
}

impl Debug for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

pub type Fast<T> = Box<dyn for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T>>;

/// From the inputs and the gradient of the value: the value, and the gradients of the inputs.
pub type Plain<T> = Box<dyn Fn(&[Tensor<T>], &Tensor<T>) -> (Tensor<T>, Vec<Tensor<T>>)>;

fn fast<T: Scalar>(f: impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T> + 'static) -> Fast<T> {
    Box::new(f)
}

fn twin<T: Scalar>(
    f: impl Fn(&[Tensor<T>], &Tensor<T>) -> (Tensor<T>, Vec<Tensor<T>>) + 'static,
) -> Plain<T> {
    Box::new(f)
}

/// `case!("name", inputs, arguments, |x| the operation)`, and `|x, g| (value, gradients)` by its plain twin.
macro_rules! case {
    ($op:expr, $inputs:expr, $arguments:ident, |$x:ident| $fast:expr $(, |$y:ident, $g:ident| $plain:expr)?) => {{
        #[allow(unused_variables, clippy::clone_on_copy, clippy::redundant_clone, clippy::let_unit_value)]
        let ways = Ways {
            f32: case!(ways f32, $arguments, |$x| $fast $(, |$y, $g| $plain)?),
            f64: case!(ways f64, $arguments, |$x| $fast $(, |$y, $g| $plain)?),
        };
        Case { op: $op, inputs: $inputs, arguments: format!("{:?}", $arguments), ways }
    }};
    (ways $T:ident, $arguments:ident, |$x:ident| $fast:expr $(, |$y:ident, $g:ident| $plain:expr)?) => {(
        { let $arguments = $arguments.clone(); fast::<$T>(move |$x| $fast) },
        None $(.or(Some({ let $arguments = $arguments.clone(); twin::<$T>(move |$y, $g| $plain) })))?
    )};
}
use case;

impl Case {
    pub fn tensors<T: Scalar>(&self) -> Vec<Tensor<T>> {
        self.inputs.iter().map(Input::tensor).collect()
    }

    /// A gradient for the value, in any layout: another rule may have left it so.
    pub fn upstream<T: Scalar>(&self, shape: &[usize]) -> Tensor<T> {
        let seed = self.inputs[0].seed.wrapping_add(99);
        let layouts = [
            Layout::RowMajor,
            Layout::ColumnMajor,
            Layout::ChannelsLast,
            Layout::Strided,
            Layout::Reversed,
        ];
        let input = Input {
            seed,
            layout: layouts[seed as usize % layouts.len()],
            ..Input::new(shape, Numbers::Any)
        };
        input.tensor()
    }
}

/// The value of `f`, and the gradients of its inputs when its own is `upstream` of its shape. No gradient is zeros.
pub fn run<T: Scalar>(
    f: &Fast<T>,
    inputs: &[Tensor<T>],
    upstream: impl Fn(&[usize]) -> Tensor<T>,
) -> (Tensor<T>, Vec<Tensor<T>>) {
    let (_, Grads { inputs: grads, .. }, value) =
        value_and_grad(&Params::new(), inputs, |tape, _, x| {
            let y = f(x);
            let g = upstream(&y.shape());
            let loss = tape.op("upstream", Tensor::zeros(vec![]), [y], |_, _| [Some(g)]);
            (loss, y.value())
        });
    let zeros = |x: &Tensor<T>| Tensor::zeros(x.shape());
    let grads = grads.into_iter().zip(inputs);
    (
        value,
        grads.map(|(g, x)| g.unwrap_or_else(|| zeros(x))).collect(),
    )
}

/// One operation: small cases to draw, and a large one that is cut into several tasks.
pub struct Op {
    pub small: BoxedStrategy<Case>,
    pub large: Case,
}

/// All operations.
pub fn ops() -> Vec<Op> {
    let mut ops = elementwise::ops();
    ops.extend(choose::ops());
    ops.extend(shapes::ops());
    ops.extend(axes::ops());
    ops.extend(lines::ops());
    ops.extend(planes::ops());
    ops.extend(norms::ops());
    ops.extend(products::ops());
    ops.extend(attention::ops());
    ops.extend(recurrent::ops());
    ops
}

/// An operation of one input of any shape.
fn unary(
    dimensions: RangeInclusive<usize>,
    numbers: Numbers,
    large: &[usize],
    case: fn(Input) -> Case,
) -> Op {
    let drawn = draw::shape(dimensions).prop_flat_map(move |shape| match numbers {
        Numbers::Few => draw::kinked(shape).boxed(),
        _ => draw::input(shape, numbers).boxed(),
    });
    Op {
        small: drawn.prop_map(case).boxed(),
        large: case(Input::new(large, numbers.without_ties())),
    }
}

/// A max-pooling in short.
pub fn pooling(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> MaxPool2d {
    MaxPool2d {
        kernel,
        stride,
        padding,
    }
}

/// Several chunks of the elementwise kernels, the last one shorter.
const LONG: [usize; 2] = [167, 1197];
