//! Helpers that run the program on tiny datasets.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tapeline_data::{Images, write_images, write_labels};
use tempfile::TempDir;

/// A temporary working directory with a dataset in `data`: images of 6x6 pixels in three classes,
/// which differ in which band is bright.
pub struct Bench {
    pub dir: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let bench = Bench {
            dir: TempDir::new().unwrap(),
        };
        bench.data("data", 6, 61, 23);
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a dataset of square images.
    pub fn data(&self, name: &str, side: usize, train: usize, test: usize) {
        let folder = self.path(name);
        fs::create_dir(&folder).unwrap();
        for (part, count) in [("train", train), ("t10k", test)] {
            let pixel = |i: usize| {
                let (image, row) = (i / (side * side), i / side % side);
                let noise = (i * 7919 % 60) as u8;
                if row * 3 / side == image % 3 {
                    180 + noise
                } else {
                    noise
                }
            };
            let pixels = (0..count * side * side).map(pixel).collect();
            let labels: Vec<u8> = (0..count).map(|i| (i % 3) as u8).collect();
            let images = Images::new(pixels, [count, 1, side, side]);
            write_images(folder.join(format!("{part}-images-idx3-ubyte")), &images).unwrap();
            write_labels(folder.join(format!("{part}-labels-idx1-ubyte")), &labels).unwrap();
        }
    }

    /// Builds a command that runs the program in this directory.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tapeline"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_remove("NO_COLOR");
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::new(self.command(args).output().unwrap())
    }

    /// Trains a model with three classes on `data`, with the run folder `out`.
    pub fn train(&self, out: &str, more: &[&str]) -> Ran {
        let args = [
            "train",
            "flatten linear(3)",
            "--data",
            "data",
            "--epochs",
            "2",
            "--batch-size",
            "10",
            "--lr",
            "0.1",
            "--out",
            out,
        ];
        self.run(&[&args, more].concat()).succeeded()
    }
}

/// The note about the folder `data` when only its path is given.
pub const READ_AS: &str = "note: data: read as `idx`: IDX files\n";

/// The result of running the program.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Ran {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!ran.stderr.contains("panicked"), "{ran:#?}");
        ran
    }

    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// Asserts that the program failed with the given exit code and a message that contains all
    /// `parts`, without output on stdout.
    #[track_caller]
    pub fn failed(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "");
        for part in parts {
            assert!(self.stderr.contains(part), "no `{part}` in {self:#?}");
        }
        self
    }

    /// Parses the lines of stdout as JSON.
    pub fn json(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    }
}

/// The keys of a line of JSON without nested objects, in order.
pub fn keys(line: &str) -> Vec<&str> {
    let parts: Vec<_> = line.split('"').collect();
    let is_key = |&i: &usize| parts.get(i + 1).is_some_and(|next| next.starts_with(':'));
    (1..parts.len())
        .step_by(2)
        .filter(is_key)
        .map(|i| parts[i])
        .collect()
}

/// Path of a file in the `fixtures` folder.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/fixtures")
        .join(name)
}
