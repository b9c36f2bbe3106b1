//! The files of a run folder.

/// Everything that the training's result depends on.
pub const CONFIG: &str = "config.toml";

/// The figures of each epoch, as lines of JSON.
pub const METRICS: &str = "metrics.jsonl";

/// The same as a table. It grows by a line an epoch, and `--resume` takes the epochs before the checkpoint from it. It is locked while a
/// training runs: of all files in the folder, this one is there from the first moment on and is never replaced.
pub const CSV: &str = "metrics.csv";

/// The same as a picture.
pub const CURVES: &str = "curves.svg";

/// The model after the last epoch.
pub const MODEL: &str = "model.safetensors";

/// The model after the epoch that did best on the validation data.
pub const BEST: &str = "best.safetensors";

/// What `--resume` goes on from.
pub const CHECKPOINT: &str = "checkpoint.safetensors";

/// What the training came to: it is there when the run is done.
pub const RESULT: &str = "result.json";
