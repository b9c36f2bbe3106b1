//! Class weights.

/// One weight per class, or a single one for all classes, as passed to an argument.
pub struct Weights {
    name: &'static str,
    given: Vec<f64>,
}

impl Weights {
    /// Creates class weights from the values passed to the argument `name`, at least one.
    pub fn new(name: &'static str, given: Vec<f64>) -> Self {
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
