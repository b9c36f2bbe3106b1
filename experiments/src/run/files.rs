//! The files of a run folder.

/// The configuration: everything that the result depends on.
pub const CONFIG: &str = "config.toml";

/// The metrics of each epoch, as lines of JSON.
pub const METRICS: &str = "metrics.jsonl";

/// The metrics as a table, to which each epoch appends a line. `--resume` reads the epochs before
/// the checkpoint from it. The file is locked while a run is active, because it is the only file in
/// the folder that exists from the start and is never replaced.
pub const CSV: &str = "metrics.csv";

/// The metrics as a plot.
pub const CURVES: &str = "curves.svg";

/// The model after the last epoch.
pub const MODEL: &str = "model.safetensors";

/// The model after the epoch with the best result on the validation data.
pub const BEST: &str = "best.safetensors";

/// The state that `--resume` continues from.
pub const CHECKPOINT: &str = "checkpoint.safetensors";

/// The outcome of the run; the file exists once the run is finished.
pub const RESULT: &str = "result.json";
