//! A language of sounds and filters, plotted as text: `sound ["tone(440, 0.05) 2*[ echo(0.01) ]"]`.
#![allow(clippy::print_stdout)]

use std::{env, error::Error, f64::consts::TAU};

use tapeline_spec::{Arg, ArgInfo, Args, Call, Named, Preset, Presets, Registry, read};

/// Sampling rate in hertz.
const RATE: f64 = 4000.0;

const PITCH: Arg<f64> = Arg::new("pitch", "in hertz").above(0.0).below(2000.0);
const LENGTH: Arg<f64> = Arg::new("length", "in seconds")
    .above(0.0)
    .up_to(10.0)
    .default(0.05);
const DELAY: Arg<f64> = Arg::new("delay", "in seconds").range(0.0..=1.0);
const GAIN: Arg<f64> = Arg::new("gain", "loudness of the echo")
    .range(0.0..=1.0)
    .default(0.5);
const SHAPE: Arg<&str> = Arg::new("shape", "waveform")
    .choices(&["sine", "square"])
    .default("sine");

/// A word of the language: transforms a sound, which is a list of samples.
#[derive(Clone, Copy)]
struct Word {
    name: &'static str,
    about: &'static str,
    args: &'static [ArgInfo],
    apply: fn(&Args, Vec<f64>) -> Vec<f64>,
}

impl Named for Word {
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

const TONE: Word = Word {
    name: "tone",
    about: "appends a tone",
    args: &[PITCH.info(), LENGTH.info(), SHAPE.info()],
    apply: |args, mut sound| {
        let count = (args.get(LENGTH) * RATE) as usize;
        sound.extend((0..count).map(|i| {
            let wave = (i as f64 / RATE * args.get(PITCH) * TAU).sin();
            if args.get(SHAPE) == "square" {
                wave.signum()
            } else {
                wave
            }
        }));
        sound
    },
};

const ECHO: Word = Word {
    name: "echo",
    about: "adds a delayed and softer copy of the sound",
    args: &[DELAY.info(), GAIN.info()],
    apply: |args, sound| {
        let late = (args.get(DELAY) * RATE) as usize;
        let at = |i: usize| sound.get(i).copied().unwrap_or(0.0);
        let both = (0..sound.len() + late)
            .map(|i| at(i) + args.get(GAIN) * i.checked_sub(late).map_or(0.0, at));
        both.collect()
    },
};

fn play(calls: &[Call<Word>]) -> Vec<f64> {
    calls.iter().fold(Vec::new(), |sound, call| {
        (call.def.apply)(&call.args, sound)
    })
}

fn show(sound: &[f64]) {
    let loudest = sound.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
    for part in sound.chunks(sound.len().div_ceil(20).max(1)) {
        let level = part.iter().fold(0.0_f64, |most, x| most.max(x.abs())) / loudest;
        println!("{}", "#".repeat((level * 60.0).round() as usize));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let words = Registry::new("word").with(TONE)?.with(ECHO)?;
    let chime = Preset {
        name: "chime",
        text: "tone(880, 0.02) tone(660, 0.02) 2*echo(0.03)",
        about: "ding dong",
    };
    let presets = Presets::new().with(chime)?;

    let text = env::args()
        .nth(1)
        .unwrap_or("chime 3*[ tone(440, shape=square) echo(0.1) ]".into());
    let resolved = read(&text, &words, &presets)?;
    println!("{}", resolved.full());
    show(&play(&resolved.calls()));
    Ok(())
}
