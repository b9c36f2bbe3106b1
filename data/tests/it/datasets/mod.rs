//! Datasets by name: the registry, and each of its readers.

mod cifar;
mod common;
mod csv;
mod formats;
mod idx;
mod images;
mod npz;
mod registry;
mod same;
mod split;
mod storage;
