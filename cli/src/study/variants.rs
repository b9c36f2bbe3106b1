//! Expands options with alternatives into the configurations of a comparison.

use std::fmt::Display;

use tapeline_spec::{MAX_ALTERNATIVES, SpecError, choices, expand, parse};

use crate::{
    error::{CliError, in_option},
    model_arg::Source,
    stored_path::StoredPath,
    study::{Comparison, Row},
    training::{choices::Choices, options::Options, settings::Settings},
};

/// Maximum width of a column name, in characters.
const COLUMN: usize = 32;

/// One option with all its alternatives.
struct Varied {
    /// Names of the columns that distinguish the alternatives; empty if there is only one.
    columns: Vec<String>,
    ways: Vec<Way>,
}

/// An alternative: its table cells, and a function that applies it to the settings.
struct Way {
    cells: Vec<String>,
    set: Box<dyn Fn(&mut Settings)>,
}

/// Builds one configuration for every combination of alternatives; those of the last option vary
/// fastest.
///
/// # Errors
/// If an option can't be parsed, or there are too many combinations.
pub fn comparison(
    models: &[Source],
    options: &Options,
    seeds: u64,
) -> Result<Comparison, CliError> {
    let varied = varied(models, options)?;
    let ways = varied.iter().map(|option| option.ways.len() as u64);
    let count = ways.fold(1u64, u64::saturating_mul);
    if count > MAX_ALTERNATIVES {
        let message = format!("{count} combinations of alternatives are too many");
        return Err(CliError::usage(message).help(format!("at most {MAX_ALTERNATIVES}")));
    }
    let mut rows = vec![(Vec::new(), Settings::default())];
    for option in &varied {
        let longer = rows.iter().flat_map(|(cells, settings)| {
            option.ways.iter().map(move |way| {
                let mut settings = settings.clone();
                (way.set)(&mut settings);
                ([&cells[..], &way.cells].concat(), settings)
            })
        });
        rows = longer.collect();
    }
    let row = |(cells, settings)| Row {
        cells,
        settings,
        seeds,
        runs: Vec::new(),
        extra: false,
        known: Vec::new(),
    };
    let mut columns: Vec<_> = varied
        .into_iter()
        .flat_map(|option| option.columns)
        .collect();
    let mut rows: Vec<_> = rows.into_iter().map(row).collect();
    if columns.is_empty() {
        // A single configuration still needs a name.
        columns.push("model".into());
        for row in &mut rows {
            row.cells.push(row.settings.model.clone());
        }
    }
    // The title is on one line, without comments. Specs that can't be parsed were rejected above.
    let title =
        |model: &Source| parse(&model.text).map_or_else(|_| String::new(), |tree| tree.to_string());
    let titles: Vec<_> = models.iter().map(title).collect();
    Ok(Comparison {
        title: titles.join(" vs "),
        text: String::new(),
        columns,
        rows,
        claims: Vec::new(),
        gradients: false,
    })
}

fn varied(models: &[Source], options: &Options) -> Result<Vec<Varied>, CliError> {
    let mut all = vec![self::models(models)?];
    let mut texts = |option: &'static str, text: &str, set: fn(&mut Settings, String)| {
        let varied = self::texts(&option[2..], text, set);
        varied
            .map(|varied| all.push(varied))
            .map_err(in_option(option))
    };
    texts("--optimizer", &options.optimizer, |s, text| {
        s.optimizer = text
    })?;
    texts("--loss", &options.loss, |s, text| s.loss = text)?;
    texts("--schedule", &options.schedule, |s, text| s.schedule = text)?;
    if let Some(augment) = &options.augment {
        texts("--augment", augment, |s, text| s.augment = Some(text))?;
    }
    if let Some(lr) = &options.lr {
        all.push(numbers("lr", lr, |s, lr| s.lr = Some(lr)));
    }
    if let Some(max) = &options.max_grad_norm {
        all.push(numbers("max grad norm", max, |s, max| {
            s.max_grad_norm = Some(max)
        }));
    }
    all.push(numbers("epochs", &options.epochs(), |s, n| s.epochs = n));
    all.push(numbers("batch size", &options.batch_size, |s, n| {
        s.batch_size = n
    }));
    if let Some(val) = &options.val {
        all.push(numbers("val", val, |s, n| s.val = Some(n)));
    }
    if let Some(limit) = &options.limit {
        all.push(numbers("images", limit, |s, n| s.limit = Some(n)));
    }
    if let Some(weights) = &options.weights {
        let weights = StoredPath::from(weights);
        let set: Box<dyn Fn(&mut Settings)> = Box::new(move |s| s.weights = Some(weights.clone()));
        all.push(Varied {
            columns: Vec::new(),
            ways: vec![Way {
                cells: Vec::new(),
                set,
            }],
        });
    }
    Ok(all)
}

/// The models: one spec with alternatives, or several specs, each with its own alternatives.
fn models(models: &[Source]) -> Result<Varied, CliError> {
    let set = |settings: &mut Settings, text| settings.model = text;
    let read = |model: &Source| {
        let varied = texts("model", &model.text, set);
        varied.map_err(|error| model.error(error))
    };
    if let [only] = models {
        return read(only);
    }
    let mut ways = Vec::new();
    for model in models {
        let varied = read(model)?;
        // Several specs have no common structure, so each is shown in full.
        ways.extend(varied.ways.into_iter().map(|way| {
            let mut settings = Settings::default();
            (way.set)(&mut settings);
            Way {
                cells: vec![settings.model],
                ..way
            }
        }));
    }
    Ok(Varied {
        columns: vec!["model".into()],
        ways,
    })
}

/// Expands the alternatives of a spec.
fn texts(name: &str, text: &str, set: fn(&mut Settings, String)) -> Result<Varied, SpecError> {
    let tree = parse(text)?;
    let (trees, choices) = (expand(&tree)?, choices(&tree)?);
    let columns = match &choices.places[..] {
        [_] => vec![name.into()],
        places => places.iter().map(|place| shortened(place)).collect(),
    };
    let ways = trees.into_iter().zip(choices.chosen).map(|(tree, cells)| {
        let text = tree.to_string();
        Way {
            cells,
            set: Box::new(move |settings| set(settings, text.clone())),
        }
    });
    Ok(Varied {
        columns,
        ways: ways.collect(),
    })
}

fn numbers<T: Copy + Display + 'static>(
    name: &str,
    numbers: &Choices<T>,
    set: fn(&mut Settings, T),
) -> Varied {
    let several = numbers.0.len() > 1;
    let way = |&number: &T| Way {
        cells: if several {
            vec![number.to_string()]
        } else {
            Vec::new()
        },
        set: Box::new(move |settings| set(settings, number)),
    };
    Varied {
        columns: if several {
            vec![name.into()]
        } else {
            Vec::new()
        },
        ways: numbers.0.iter().map(way).collect(),
    }
}

/// Truncates a column name.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(COLUMN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}
