//! A small vocabulary for the tests: layers, as a network would have them.

use tapeline_spec::{Arg, ArgInfo, Body, Named, Preset, Presets, Registry, SizeOrWord};

pub const SIZE: Arg<usize> = Arg::new("out_features", "size of the output")
    .range(1..=65536)
    .tried(1..=5);
pub const BIAS: Arg<bool> = Arg::new("bias", "whether a bias is added").default(true);
pub const CHANNELS: Arg<usize> = Arg::new("out_channels", "number of filters")
    .range(1..=65536)
    .tried(1..=4);
pub const KERNEL: Arg<[usize; 2]> = Arg::new("kernel_size", "size of a filter")
    .range(1..=65536)
    .tried(1..=3);
pub const STRIDE: Arg<[usize; 2]> = Arg::new("stride", "steps")
    .range(1..=65536)
    .default_as("kernel_size")
    .tried(1..=3);
pub const PADDING: Arg<SizeOrWord> = Arg::new("padding", "zeros around")
    .choices(&["same", "valid"])
    .range(0..=65536)
    .default(SizeOrWord::Size(0))
    .tried(0..=2);
pub const P: Arg<f64> = Arg::new("p", "probability of dropping a value")
    .default(0.5)
    .range(0.0..=1.0)
    .tried(0.0..=0.9);
pub const BETAS: Arg<[f64; 2]> = Arg::new("betas", "shares that are kept")
    .default([0.9, 0.999])
    .from(0.0)
    .below(1.0);
pub const RATE: Arg<f64> = Arg::new("rate", "speed").above(0.0);
pub const MODE: Arg<&str> = Arg::new("mode", "what is beyond the edge")
    .choices(&["zeros", "reflect"])
    .default("zeros");

#[derive(Debug)]
pub struct Word {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub args: &'static [ArgInfo],
    pub body: Body,
}

const WORD: Word = Word {
    name: "",
    aliases: &[],
    args: &[],
    body: Body::None,
};

impl Named for Word {
    fn name(&self) -> &'static str {
        self.name
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    fn about(&self) -> &'static str {
        "a word for tests"
    }

    fn args(&self) -> &'static [ArgInfo] {
        self.args
    }

    fn body(&self) -> Body {
        self.body
    }
}

pub fn layers() -> Registry<Word> {
    let all = [
        Word {
            name: "linear",
            aliases: &["dense"],
            args: const { &[SIZE.info(), BIAS.info()] },
            ..WORD
        },
        Word {
            name: "conv2d",
            aliases: &["conv"],
            args: const {
                &[
                    CHANNELS.info(),
                    KERNEL.info(),
                    STRIDE.info(),
                    PADDING.info(),
                    MODE.info(),
                ]
            },
            ..WORD
        },
        Word {
            name: "maxpool2d",
            aliases: &["maxpool"],
            args: const { &[KERNEL.info(), STRIDE.info()] },
            ..WORD
        },
        Word {
            name: "dropout",
            args: const { &[P.info()] },
            ..WORD
        },
        Word {
            name: "adam",
            args: const { &[RATE.info(), BETAS.info()] },
            ..WORD
        },
        Word {
            name: "relu",
            ..WORD
        },
        Word {
            name: "flatten",
            ..WORD
        },
        Word {
            name: "residual",
            body: Body::One,
            ..WORD
        },
        Word {
            name: "concat",
            body: Body::Branches,
            ..WORD
        },
    ];
    all.into_iter()
        .fold(Registry::new("layer"), |registry, word| {
            registry.with(word).unwrap()
        })
}

pub fn presets() -> Presets {
    let presets = [
        Preset {
            name: "head",
            text: "flatten linear(10)",
            about: "an end",
        },
        Preset {
            name: "net",
            text: "2*[ conv(8, 5, padding=same) relu ] head",
            about: "a network",
        },
        Preset {
            name: "empty",
            text: "# nothing",
            about: "nothing",
        },
        Preset {
            name: "broken",
            text: "relu linear(0)",
            about: "a preset with a mistake",
        },
    ];
    presets.into_iter().fold(Presets::new(), |presets, preset| {
        presets.with(preset).unwrap()
    })
}
