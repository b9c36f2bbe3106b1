//! The options that select a dataset and the settings of a run. Those of the settings are made from
//! their descriptions (`tapeline_experiments::settings`), so that a new setting is an option
//! without any change here.

use std::ffi::{OsStr, OsString};

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches,
    builder::{OsStringValueParser, TypedValueParser},
};
use tapeline_experiments::{
    memory::bytes::{Bytes, size},
    run::{
        dataset::DataChoice,
        model::{Sizes, weights_file},
    },
    settings::{Kind, SETTINGS, SettingDef, Settings, alternatives::Given},
};

use crate::program::{
    error::CliError,
    numbers::{Shape, shape, whole},
};

/// Options of commands that read a dataset.
#[derive(Args)]
pub struct DataArgs {
    /// Name from `data`, call or path [default: the run's, else mnist]
    #[arg(long, value_name = "DATA")]
    data: Option<OsString>,
    /// Swap rows and columns, as EMNIST needs [default: as in the run]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, hide_possible_values = true, default_missing_value = "true")]
    transpose: Option<bool>,
}

impl DataArgs {
    pub fn choice(&self) -> DataChoice {
        DataChoice {
            data: self.data.clone(),
            transpose: self.transpose,
        }
    }
}

/// The sizes for which a spec is built by a command that reads no dataset.
#[derive(Args)]
pub struct SizeArgs {
    /// Input shape [default: from the run or model file, else 1x28x28]
    #[arg(long, value_name = "SHAPE", value_parser = shape)]
    input: Option<Shape>,
    /// Number that `classes` stands for in a spec [default: 10]
    #[arg(long, value_name = "N", value_parser = whole(1..=1_usize << 16), allow_negative_numbers = true)]
    classes: Option<usize>,
}

impl SizeArgs {
    pub fn sizes(&self) -> Sizes<'_> {
        Sizes {
            input: self.input.as_deref(),
            classes: self.classes,
        }
    }
}

/// The settings of a run except the model and the seed, and its limits. Numbers and specs may have
/// alternatives.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub settings: SettingArgs,
    /// Refuse runs that need more than 2GB, 500MiB… [default: free memory]
    #[arg(long, value_name = "SIZE", value_parser = size, allow_hyphen_values = true)]
    pub max_memory: Option<Bytes>,
}

/// The options of the settings, as they were given.
pub struct SettingArgs(pub Vec<Given>);

impl SettingArgs {
    /// Returns the settings of one run with the spec `model`.
    ///
    /// # Errors
    /// When an option has alternatives.
    pub fn settings(&self, model: String, seed: u64) -> Result<Settings, CliError> {
        let mut settings = Settings {
            model,
            seed,
            ..Settings::default()
        };
        for given in &self.0 {
            let applied = given.apply(&mut settings);
            applied.map_err(|error| error.help("use `compare`"))?;
        }
        Ok(settings)
    }

    /// Returns the value of `--epochs`, if it was given.
    ///
    /// # Errors
    /// When it has alternatives.
    pub fn given_epochs(&self) -> Result<Option<u64>, CliError> {
        let is_given = self.0.iter().any(|given| given.setting.name == "epochs");
        let settings = self.settings(String::new(), 0)?;
        Ok(is_given.then_some(settings.epochs))
    }
}

/// The names of all arguments that a resumed run takes from its `config.toml`.
pub fn configured() -> Vec<&'static str> {
    let settings = SETTINGS.iter().map(|setting| setting.name);
    let settings = settings.filter(|&name| name != "epochs");
    settings
        .chain(["model", "seed", "out", "data", "transpose"])
        .collect()
}

impl Args for SettingArgs {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().map(arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        SettingArgs::augment_args(command)
    }
}

impl FromArgMatches for SettingArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = SETTINGS.iter().filter_map(|setting| {
            let texts = matches.get_many::<OsString>(setting.name)?;
            let texts: Vec<_> = texts.map(OsString::as_os_str).collect();
            let text = texts.join(OsStr::new(", "));
            Some(Given {
                setting: *setting,
                text,
            })
        });
        Ok(SettingArgs(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = SettingArgs::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The option of a setting. Its help names the default.
fn arg(setting: &SettingDef) -> Arg {
    let value = match setting.kind {
        Kind::Integer | Kind::Amount => "N",
        Kind::Number => "X",
        Kind::Part => "I/K",
        Kind::Word(_) => "HOW",
        Kind::Spec => "SPEC",
        Kind::File => "FILE",
        Kind::Flag => "BOOL",
        Kind::List => "LIST",
    };
    let default = Settings::default().get(setting);
    let default = default.map_or_else(String::new, |default| {
        format!(" [default: {}]", default.display())
    });
    let arg = Arg::new(setting.name)
        .long(setting.name.replace('_', "-"))
        .value_name(value)
        .help(format!("{}{default}", setting.about));
    match setting.kind {
        Kind::File => arg.value_parser(OsStringValueParser::new().map(|text| weights_file(&text))),
        Kind::Spec => arg.value_parser(|text: &str| Ok::<_, String>(OsString::from(text))),
        Kind::Flag => {
            let arg = arg.num_args(0..=1).require_equals(true);
            let arg = arg.default_missing_value("true");
            arg.value_parser(parser(*setting))
        }
        Kind::List => arg.action(ArgAction::Append).value_parser(parser(*setting)),
        Kind::Integer | Kind::Number | Kind::Amount | Kind::Word(_) | Kind::Part => {
            arg.allow_hyphen_values(true).value_parser(parser(*setting))
        }
    }
}

/// Returns the parser of a value.
fn parser(setting: SettingDef) -> impl Fn(&str) -> Result<OsString, String> + Clone {
    move |text| checked(setting, text.as_ref())
}

/// Checks all alternatives of a number.
fn checked(setting: SettingDef, text: &OsStr) -> Result<OsString, String> {
    let given = Given {
        setting,
        text: text.into(),
    };
    let expanded = given.expanded().map_err(|error| error.to_string())?;
    let mut settings = Settings::default();
    for (_, text) in &expanded.texts {
        settings.set(&setting, text)?;
    }
    Ok(given.text)
}
