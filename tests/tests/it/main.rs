//! All tests of the system in one program, which is linked once, except the fuzz targets.

mod networks;
mod not_finite;
mod onnx;
mod photos;
mod presets;
mod roles;
mod training;
mod weighted_losses;
