//! IDX files, MNIST and its look-alikes, reproducible batches
