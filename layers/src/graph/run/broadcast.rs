//! Broadcasting. (<https://github.com/onnx/onnx/blob/main/docs/Broadcasting.md>)

use ndarray::{ArcArray, ArrayD, ArrayViewD, IxDyn, Zip};
use tapeline_tensor::Tensor;

/// Returns the shape to which all shapes are broadcast together: missing leading dimensions count
/// as 1, and a dimension of 1 is repeated.
pub fn common(shapes: &[&[usize]]) -> Result<Vec<usize>, String> {
    let dimensions = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut common = vec![1; dimensions];
    for shape in shapes {
        let trailing = common.iter_mut().rev();
        for (common, &size) in trailing.zip(shape.iter().rev()) {
            match (*common, size) {
                (_, 1) => {}
                (1, _) => *common = size,
                (a, b) if a == b => {}
                _ => return Err(format!("the shapes {shapes:?} can't be broadcast together")),
            }
        }
    }
    Ok(common)
}

/// Broadcasts to a given shape.
pub fn spread<'a, A>(
    x: &'a ArcArray<A, IxDyn>,
    shape: &[usize],
) -> Result<ArrayViewD<'a, A>, String> {
    let from = x.shape();
    x.broadcast(shape)
        .ok_or_else(|| format!("the shape {from:?} can't be broadcast to {shape:?}"))
}

/// Computes `f` of each pair of elements.
pub fn pairwise<B>(
    a: &Tensor<f64>,
    b: &Tensor<f64>,
    f: impl Fn(f64, f64) -> B,
) -> Result<ArrayD<B>, String> {
    let shape = common(&[a.shape(), b.shape()])?;
    let pairs = Zip::from(spread(a, &shape)?).and(spread(b, &shape)?);
    Ok(pairs.map_collect(|&a, &b| f(a, b)))
}
