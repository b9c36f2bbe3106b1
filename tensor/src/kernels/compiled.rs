//! Kernels that are compiled with this crate, once for each scalar type. As generic functions they
//! would be compiled again in every crate that calls them, which takes minutes.

use ndarray::{Array2, ArrayView2};

use super::{
    attention::Heads,
    avg_pool2d,
    channels::{self, Channels, Groups},
    conv2d, elementwise, gather2d, gemm, maxpool2d, recurrent,
    rows::{RowMoments, Rows},
    simd::Lanes,
    sparse::Sparse,
    sum,
};
use crate::{Scalar, Tensor, buffer::Buffer, ops::Window};

type Index<T> = <T as Lanes>::Index;

/// Declares the methods of [`Kernels`], each of which calls the function named after it.
macro_rules! kernels {
    ($($name:ident($($arg:ident: $type:ty),*) -> $result:ty = $function:path;)*) => {
        /// The kernels of a scalar type.
        pub trait Kernels: Lanes {
            $(#[doc(hidden)] fn $name($($arg: $type),*) -> $result where Self: Scalar;)*
        }

        kernels!(impl f32: $($name($($arg: $type),*) -> $result = $function;)*);
        kernels!(impl f64: $($name($($arg: $type),*) -> $result = $function;)*);
    };
    (impl $float:ty: $($name:ident($($arg:ident: $type:ty),*) -> $result:ty = $function:path;)*) => {
        impl Kernels for $float {
            $(fn $name($($arg: $type),*) -> $result {
                $function($($arg),*)
            })*
        }
    };
}

kernels! {
    matmul(a: ArrayView2<Self>, b: ArrayView2<Self>, bias: Option<&[Self]>) -> Array2<Self> = gemm::matmul;
    sparse(x: &[Self], columns: usize) -> Sparse<Self> = Sparse::new;
    sparse_matmul(x: &Sparse<Self>, weights: &[Self], n: usize, bias: Option<&[Self]>) -> Array2<Self> = Sparse::matmul;
    sparse_transposed_matmul(x: &Sparse<Self>, g: &[Self], n: usize) -> Array2<Self> = Sparse::transposed_matmul;
    pack_conv2d(w: &[Self], sizes: &conv2d::Sizes) -> conv2d::Packed<Self> = conv2d::Packed::new;
    conv2d(x: &[Self], w: &conv2d::Packed<Self>, bias: Option<&[Self]>, sizes: &conv2d::Sizes) -> (Buffer<Self>, Buffer<Index<Self>>) = conv2d::forward;
    conv2d_backward(from: conv2d::Operands<Self>, sizes: &conv2d::Sizes, want: [bool; 3]) -> conv2d::Gradients<Self> = conv2d::backward;
    max_pool2d(x: &[Self], side: usize, window: &Window) -> (Buffer<Self>, Buffer<Index<Self>>) = maxpool2d::forward;
    max_pool2d_backward(g: &[Self], index: &[Index<Self>], side: usize, window: &Window) -> Buffer<Self> = maxpool2d::backward;
    attention(heads: &Heads<Self>, x: &[Self]) -> (Buffer<Self>, Buffer<Self>) = Heads::forward;
    attention_backward(heads: &Heads<Self>, g: &[Self], x: &[Self], moments: &[Self]) -> Buffer<Self> = Heads::backward;
    avg_pool2d(x: &[Self], images: usize, windows: &avg_pool2d::Windows<Self>) -> Buffer<Self> = avg_pool2d::forward;
    avg_pool2d_backward(g: &[Self], images: usize, windows: &avg_pool2d::Windows<Self>) -> Buffer<Self> = avg_pool2d::backward;
    gather2d(x: &[Self], images: usize, table: &gather2d::Table) -> Buffer<Self> = gather2d::forward;
    gather2d_backward(g: &[Self], images: usize, table: &gather2d::Table) -> Buffer<Self> = gather2d::backward;
    moments(x: &[Self], channels: usize) -> (Vec<Self>, Vec<Self>) = channels::moments;
    norm_channels(by: &Channels<Self>, x: &[Self]) -> Buffer<Self> = Channels::forward;
    norm_channels_backward(by: &Channels<Self>, g: &[Self], x: &[Self], y: &[Self], need_x: bool) -> (Option<Buffer<Self>>, [Vec<f64>; 2]) = Channels::backward;
    norm_groups(by: &Groups<Self>, x: &[Self]) -> (Buffer<Self>, Buffer<Self>) = Groups::forward;
    norm_groups_backward(by: &Groups<Self>, g: &[Self], x: &[Self], moments: &[Self]) -> (Buffer<Self>, [Vec<f64>; 2]) = Groups::backward;
    norm_rows(rows: &Rows<Self>, x: &[Self]) -> (Buffer<Self>, Vec<RowMoments<Self>>) = Rows::forward;
    norm_rows_backward(rows: &Rows<Self>, g: &[Self], x: &[Self], moments: &[RowMoments<Self>]) -> (Buffer<Self>, Buffer<Self>) = Rows::backward;
    recurrent(x: &[Self], weights: recurrent::Weights<Self>, sizes: &recurrent::Sizes) -> (Buffer<Self>, recurrent::Saved<Self>) = recurrent::forward;
    recurrent_backward(g: &[Self], y: &[Self], saved: &recurrent::Saved<Self>, hidden: ArrayView2<Self>, sizes: &recurrent::Sizes) -> (Buffer<Self>, Option<Buffer<Self>>) = recurrent::backward;
    sum_rows(x: &[Self], out: &mut [Self]) -> () = sum::rows;
    add_tensors(x: Tensor<Self>, y: &Tensor<Self>) -> Tensor<Self> = elementwise::add;
    map_chunks(x: &Tensor<Self>, f: elementwise::Map<Self>) -> Tensor<Self> = elementwise::map_chunks;
    change_chunks(x: &mut [Self], f: elementwise::Change<Self>) -> () = elementwise::change_chunks;
    zip_channels(x: &Tensor<Self>, y: &Tensor<Self>, f: elementwise::Zip<Self>) -> Option<Tensor<Self>> = elementwise::zip_images;
    zip_chunks(x: Tensor<Self>, y: &Tensor<Self>, f: elementwise::Zip<Self>) -> Tensor<Self> = elementwise::zip_chunks;
}
