//! A registry to read texts with.

use tapeline_spec::{
    Arg, ArgInfo, Body, Diagnostic, Name, Named, NumbersOrWord, Preset, Presets, Registry,
    SizeOrWord, SpecError, read,
};

pub const OUT: Arg<usize> = Arg::new("out", "size of the output")
    .range(1..=65536)
    .tried(1..=5);
pub const BIAS: Arg<bool> = Arg::new("bias", "whether a bias is added").default(true);
pub const KERNEL: Arg<[usize; 2]> = Arg::new("kernel", "size of a filter")
    .range(1..=64)
    .tried(1..=3);
pub const STRIDE: Arg<[usize; 2]> = Arg::new("stride", "steps between places")
    .from(1)
    .default([1, 1])
    .tried(1..=3);
pub const STEP: Arg<[usize; 2]> = Arg::new("stride", "steps between windows")
    .from(1)
    .default_as("kernel")
    .tried(1..=3);
pub const PADDING: Arg<SizeOrWord> = Arg::new("padding", "zeros around the image")
    .choices(&["same", "valid"])
    .range(0..=64)
    .default(SizeOrWord::Size(0))
    .tried(0..=2);
pub const P: Arg<f64> = Arg::new("p", "probability")
    .default(0.5)
    .range(0.0..=1.0)
    .tried(0.0..=0.9);
pub const LR: Arg<f64> = Arg::new("lr", "learning rate").above(0.0);
pub const BETAS: Arg<[f64; 2]> = Arg::new("betas", "shares kept")
    .default([0.9, 0.999])
    .from(0.0)
    .below(1.0);
pub const MODE: Arg<&str> = Arg::new("mode", "what is outside")
    .choices(&["zeros", "reflect"])
    .default("zeros");
pub const NAME: Arg<Name> = Arg::new("name", "name of a value");
pub const GREETING: Arg<String> = Arg::new("text", "what is said").default("hello");

pub const AT: Arg<Vec<usize>> = Arg::new("at", "steps at which it drops")
    .from(1)
    .tried(1..=9);
pub const WEIGHTS: Arg<Vec<f64>> = Arg::new("weights", "one for each class")
    .above(0.0)
    .default(&[1.0] as &[f64])
    .tried(0.5..=2.0);

pub const SHARES: Arg<NumbersOrWord> = Arg::new("shares", "one for each class")
    .alias("parts")
    .choices(&["equal"])
    .above(0.0)
    .default(&[1.0] as &[f64])
    .tried(0.5..=2.0);

#[derive(Clone, Copy, Debug)]
pub struct Def {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub args: &'static [ArgInfo],
    pub body: Body,
}

impl Named for Def {
    fn name(&self) -> &'static str {
        self.name
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    fn about(&self) -> &'static str {
        "for a test"
    }

    fn args(&self) -> &'static [ArgInfo] {
        self.args
    }

    fn body(&self) -> Body {
        self.body
    }
}

impl Def {
    pub const fn new(name: &'static str, args: &'static [ArgInfo]) -> Def {
        Def {
            name,
            aliases: &[],
            args,
            body: Body::None,
        }
    }
}

/// Every type of argument, every sort of default and of body.
pub const DEFS: [Def; 15] = [
    Def {
        aliases: &["dense"],
        ..Def::new("linear", const { &[OUT.info(), BIAS.info()] })
    },
    Def {
        aliases: &["conv"],
        ..Def::new(
            "conv2d",
            const {
                &[
                    OUT.info(),
                    KERNEL.info(),
                    STRIDE.info(),
                    PADDING.info(),
                    BIAS.info(),
                ]
            },
        )
    },
    Def::new("maxpool2d", const { &[KERNEL.info(), STEP.info()] }),
    Def::new("dropout", const { &[P.info()] }),
    Def::new("adam", const { &[LR.info(), BETAS.info()] }),
    Def::new("pad", const { &[MODE.info(), OUT.info()] }),
    Def::new("say", const { &[GREETING.info()] }),
    Def::new("steps", const { &[AT.info(), WEIGHTS.info()] }),
    Def::new("split", const { &[SHARES.info(), OUT.info()] }),
    Def::new("tag", const { &[NAME.info()] }),
    Def::new("relu", &[]),
    Def::new("flatten", &[]),
    Def {
        body: Body::One,
        ..Def::new("residual", &[])
    },
    Def {
        body: Body::One,
        ..Def::new("gated", const { &[P.info(), LR.info()] })
    },
    Def {
        body: Body::Branches,
        ..Def::new("concat", &[])
    },
];

pub fn registry() -> Registry<Def> {
    DEFS.into_iter()
        .try_fold(Registry::new("layer"), Registry::with)
        .unwrap()
}

pub fn presets() -> Presets {
    let preset = |name, text| Preset {
        name,
        text,
        about: "for a test",
    };
    let all = [
        preset("nothing", "# to come"),
        preset("block", "dense(8) nothing relu"),
        preset("tower", "2*[ block relu ] 2*block residual[ block ]"),
    ];
    all.into_iter()
        .try_fold(Presets::new(), Presets::with)
        .unwrap()
}

/// Reads a text and prints it in its short form.
pub fn short(text: &str, presets: &Presets) -> Result<String, SpecError> {
    read(text, &registry(), presets).map(|spec| spec.short())
}

/// Returns the only error in a text, with the part of the text at its location.
#[track_caller]
pub fn error<'t>(text: &'t str, presets: &Presets) -> (Diagnostic, &'t str) {
    let mut errors = short(text, presets).unwrap_err().diagnostics;
    assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    let error = errors.remove(0);
    let at = &text[error.span.start..error.span.end];
    (error, at)
}

/// Each error as the place it points at, its message and its help.
pub fn told(SpecError { text, diagnostics }: &SpecError) -> Vec<String> {
    let told = diagnostics.iter().map(|error| {
        let help = error
            .help
            .as_ref()
            .map_or(String::new(), |help| format!(" ({help})"));
        format!(
            "{}: {}{help}",
            &text[error.span.start..error.span.end],
            error.message
        )
    });
    told.collect()
}
