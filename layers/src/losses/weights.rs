//! Class weights.

use tapeline_spec::{Arg, Args, NumbersOrWord, Value};

/// The limits of a weight. Those of balanced classes are inside, for up to 10,000 classes and two
/// million samples.
pub const SMALLEST: f64 = 1e-4;
pub const LARGEST: f64 = 1e6;

/// The word for weights that are inversely proportional to the numbers of training samples.
pub const BALANCED: &str = "balanced";

/// One weight per class, or a single one for all classes, as passed to an argument.
pub struct Weights {
    name: &'static str,
    given: Vec<f64>,
}

/// Declares an argument for class weights.
pub const fn argument(name: &'static str, doc: &'static str) -> Arg<NumbersOrWord> {
    Arg::new(name, doc)
        .choices(&[BALANCED])
        .default(&[1.0] as &[f64])
}

/// Replaces `balanced` by numbers: *n* / (*k* · *count*) for a class with *count* of the *n*
/// training samples, where *k* is the number of classes that have any, as in scikit-learn. A class
/// without samples has weight 1.
pub fn balance(args: &Args, name: &'static str, key: Arg<NumbersOrWord>, counts: &[usize]) -> Args {
    let NumbersOrWord::Word(_) = args.get(key) else {
        return args.clone();
    };
    let samples = counts.iter().sum::<usize>() as f64;
    let classes = counts.iter().filter(|&&count| count > 0).count() as f64;
    let weight = |count: usize| match count {
        0 => 1.0,
        count => (samples / (classes * count as f64)).clamp(SMALLEST, LARGEST),
    };
    let weights = counts.iter().map(|&count| Value::Float(weight(count)));
    args.with(name, Value::Tuple(weights.collect()))
        .unwrap_or_else(|error| unreachable!("the weights of at least one class: {error}"))
}

impl Weights {
    /// Creates class weights from the value passed to the argument `name`. Those of `balanced` are
    /// not known.
    pub fn new(name: &'static str, given: NumbersOrWord) -> Self {
        let given = match given {
            NumbersOrWord::Numbers(given) => given,
            NumbersOrWord::Word(_) => Vec::new(),
        };
        Weights { name, given }
    }

    /// Returns whether a single weight applies to all classes.
    pub fn one_for_all(&self) -> bool {
        self.given.len() == 1
    }

    /// Checks that the weights match the number of classes.
    pub fn expect_classes(&self, classes: usize) -> Result<(), String> {
        if self.one_for_all() || self.given.len() == classes {
            return Ok(());
        }
        let (name, found) = (self.name, self.given.len());
        if found == 0 {
            return Err(format!(
                "`{name}={BALANCED}` depends on training data, which are not known here"
            ));
        }
        Err(format!(
            "`{name}` has {found} values; expected one for each of the {classes} classes, or one for all"
        ))
    }

    /// Returns the sum of the weights of some samples. A single weight for all classes cancels out,
    /// so each sample then counts as 1.
    ///
    /// # Panics
    /// When a target is not a class.
    pub fn of(&self, targets: &[usize]) -> f64 {
        match self.one_for_all() {
            true => targets.len() as f64,
            false => targets.iter().map(|&target| self.given[target]).sum(),
        }
    }

    /// Returns the weight of each class.
    ///
    /// # Panics
    /// When the weights don't match the number of classes.
    pub fn each(&self, classes: usize) -> Vec<f64> {
        if let Err(message) = self.expect_classes(classes) {
            panic!("{message}");
        }
        match self.given[..] {
            [one] => vec![one; classes],
            _ => self.given.clone(),
        }
    }
}
