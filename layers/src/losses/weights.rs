//! How much each class counts.

/// A number for each class, or one for all: the value of an argument.
pub struct Weights {
    name: &'static str,
    given: Vec<f64>,
}

impl Weights {
    /// The numbers given for the argument `name`, at least one.
    pub fn new(name: &'static str, given: Vec<f64>) -> Self {
        Weights { name, given }
    }

    /// Whether all classes have the same one.
    pub fn one_for_all(&self) -> bool {
        self.given.len() == 1
    }

    /// Makes sure that they are for so many classes.
    pub fn expect_classes(&self, classes: usize) -> Result<(), String> {
        if self.one_for_all() || self.given.len() == classes {
            return Ok(());
        }
        let (name, found) = (self.name, self.given.len());
        Err(format!(
            "`{name}` holds {found} numbers; it takes one for each of the {classes} classes, or one for all"
        ))
    }

    /// The sum of the weights of some samples. One weight for all is divided out: each sample counts 1.
    ///
    /// # Panics
    /// When a target is not a class.
    pub fn of(&self, targets: &[usize]) -> f64 {
        match self.one_for_all() {
            true => targets.len() as f64,
            false => targets.iter().map(|&target| self.given[target]).sum(),
        }
    }

    /// The number of each class.
    ///
    /// # Panics
    /// When they are for another number of classes.
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
