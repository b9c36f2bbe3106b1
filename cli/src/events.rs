//! What `train --json` says, one object a line; a number that is not finite is `null`.

use serde::Serialize;
use tapeline_models::Epoch;

use crate::profile::Part;

/// An event. Keys come in this order.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event<'a> {
    Start {
        schema: u32,
        spec: &'a str,
        parameters: usize,
        train_samples: usize,
        test_samples: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        val_samples: Option<usize>,
        seed: u64,
        threads: usize,
    },
    Epoch {
        epoch: u64,
        #[serde(flatten)]
        figures: Figures,
    },
    Profile {
        parts: &'a [Part],
    },
    Done {
        epochs: u64,
        #[serde(flatten)]
        figures: Figures,
        out: &'a str,
    },
    Diverged {
        epoch: u64,
        step: u64,
        layer: Option<&'a str>,
        out: &'a str,
    },
    Stopped {
        signal: usize,
        epoch: u64,
        step: u64,
        out: &'a str,
    },
}

/// The figures of an epoch.
#[derive(Clone, Copy, Serialize)]
pub struct Figures {
    train_loss: f64,
    train_accuracy: f64,
    test_loss: f64,
    test_accuracy: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    val_loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    val_accuracy: Option<f64>,
    train_seconds: f64,
    test_seconds: f64,
}

impl From<&Epoch> for Figures {
    fn from(epoch: &Epoch) -> Self {
        Figures {
            train_loss: epoch.train_loss,
            train_accuracy: epoch.train_accuracy,
            test_loss: epoch.test_loss,
            test_accuracy: epoch.test_accuracy,
            val_loss: epoch.val.map(|(loss, _)| loss),
            val_accuracy: epoch.val.map(|(_, accuracy)| accuracy),
            train_seconds: epoch.train_seconds,
            test_seconds: epoch.test_seconds,
        }
    }
}

impl<'a> Event<'a> {
    /// The event of an epoch.
    pub fn epoch(epoch: &Epoch) -> Self {
        Event::Epoch {
            epoch: epoch.epoch,
            figures: epoch.into(),
        }
    }
}

/// The names of the columns of `metrics.csv`.
pub fn csv_heading(with_val: bool) -> String {
    let val = if with_val {
        "val_loss,val_accuracy,"
    } else {
        ""
    };
    format!(
        "epoch,train_loss,train_accuracy,test_loss,test_accuracy,{val}train_seconds,test_seconds\n"
    )
}

/// A row of `metrics.csv`.
pub fn csv_row(epoch: &Epoch) -> String {
    let Epoch {
        epoch: number,
        train_loss,
        train_accuracy,
        test_loss,
        test_accuracy,
        ..
    } = epoch;
    let val = epoch.val.map_or_else(String::new, |(loss, accuracy)| {
        format!("{loss},{accuracy},")
    });
    let seconds = format!("{},{}", epoch.train_seconds, epoch.test_seconds);
    format!("{number},{train_loss},{train_accuracy},{test_loss},{test_accuracy},{val}{seconds}\n")
}
