//! Warnings about pictures that are unlike the training data: one for each kind, not one for each
//! picture.

use std::fmt::Display;

use tapeline_data::Figure;
use tapeline_experiments::Messages;
use tapeline_models::Labels;

use crate::program::{context::Context, pictures::Picture};

/// What is unusual about a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Dark content on a light background.
    Dark,
    /// No ink was found.
    Empty,
    /// Several shapes were found, and the largest one was used.
    Several,
    /// A figure is far outside of those of the training data.
    Figure(Figure),
}

/// The pictures with something unusual, by kind.
pub struct Unusual<'l> {
    labels: &'l Labels,
    /// Whether the brightness was inverted.
    inverted: bool,
    /// The kinds that were found, with the first place and the number of pictures.
    found: Vec<(Kind, String, usize)>,
}

impl<'l> Unusual<'l> {
    pub fn new(labels: &'l Labels, inverted: bool) -> Self {
        Unusual {
            labels,
            inverted,
            found: Vec::new(),
        }
    }

    /// Looks at a picture as the model will see it.
    pub fn look_at(&mut self, picture: &Picture<'_>, place: impl Display) {
        match picture.shapes {
            Some(0) => return self.add(Kind::Empty, place),
            Some(2..) => self.add(Kind::Several, &place),
            _ if picture.is_dark_on_light => return self.add(Kind::Dark, place),
            _ => {}
        }
        let Some(statistics) = self.labels.statistics else {
            return;
        };
        for figure in Figure::ALL {
            if statistics.is_far(figure, picture.pixels) {
                self.add(Kind::Figure(figure), &place);
            }
        }
    }

    fn add(&mut self, kind: Kind, place: impl Display) {
        match self.found.iter_mut().find(|(found, ..)| *found == kind) {
            Some((_, _, count)) => *count += 1,
            None => self.found.push((kind, place.to_string(), 1)),
        }
    }

    /// Warns of each kind, for a total of `total` pictures.
    pub fn warn(&self, total: usize, cx: &Context) {
        for (kind, first, count) in &self.found {
            let what = self.describe(*kind);
            let message = match count {
                1 => format!("{first}: {what}"),
                count => format!("{first} and {} more of {total} images: {what}", count - 1),
            };
            cx.terminal.warn(&message);
        }
    }

    fn describe(&self, kind: Kind) -> String {
        let figure = match kind {
            Kind::Dark => {
                let advice = match self.inverted {
                    true => "omit `--invert`",
                    false => "use `--invert`",
                };
                return format!(
                    "dark content on a light background; {advice} if the model was trained on light on dark"
                );
            }
            Kind::Empty => return "no ink was found, so the prediction means nothing".into(),
            Kind::Several => {
                return "several shapes were found, and the largest one was classified; crop the picture to one".into();
            }
            Kind::Figure(figure) => figure,
        };
        let what = match figure {
            Figure::Mean => "mean brightness",
            Figure::Ink => "share of bright pixels",
            Figure::Contrast => "contrast",
        };
        let [low, high] = self
            .labels
            .statistics
            .map_or([0.0; 2], |all| all.range(figure));
        format!(
            "the {what} is far outside that of the training data, {low:.2} to {high:.2}; the prediction may be wrong"
        )
    }
}
