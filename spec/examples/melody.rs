//! A language of one's own: melodies as text, each note with its arguments.
//!
//! Try `cargo run -p tapeline-spec --example melody -- "2*[ note(A, 0.5) nte(C) ] rest(0)"`.
#![allow(clippy::print_stdout)]

use tapeline_spec::{Arg, ArgInfo, Named, Preset, Presets, Registry, read};

const PITCH: Arg<&str> =
    Arg::new("pitch", "name of the tone").choices(&["C", "D", "E", "F", "G", "A", "B"]);
const BEATS: Arg<f64> = Arg::new("beats", "how long").default(1.0).above(0.0);

struct Sound {
    name: &'static str,
    about: &'static str,
    args: &'static [ArgInfo],
}

impl Named for Sound {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn args(&self) -> &'static [ArgInfo] {
        self.args
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sounds = Registry::new("sound")
        .with(Sound {
            name: "note",
            about: "a tone",
            args: const { &[PITCH.info(), BEATS.info()] },
        })?
        .with(Sound {
            name: "rest",
            about: "silence",
            args: const { &[BEATS.info()] },
        })?;
    let presets = Presets::new().with(Preset {
        name: "bell",
        text: "note(F) note(C) rest",
        about: "a bell",
    })?;

    let text = std::env::args()
        .nth(1)
        .unwrap_or("2*[ note(C) note(D) note(E) note(C) ] 2*bell".into());
    match read(&text, &sounds, &presets) {
        Ok(melody) => {
            let beats: f64 = melody.calls().iter().map(|call| call.args.get(BEATS)).sum();
            println!("{} sounds, {beats} beats", melody.calls().len());
            println!("in full: {}", melody.full());
        }
        Err(errors) => {
            for error in errors {
                println!("{}", text.replace('\n', " "));
                let indent = text[..error.span.start].chars().count();
                let carets = text[error.span.start..error.span.end]
                    .chars()
                    .count()
                    .max(1);
                println!("{}{} {error}", " ".repeat(indent), "^".repeat(carets));
            }
        }
    }
    Ok(())
}
