//! How pictures are prepared for a model.

/// How the images of a dataset were prepared, and pictures of another size should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preparation {
    /// In no particular way.
    #[default]
    None,
    /// As MNIST's: light on black, in a box of 20 pixels, centred by mass in 28 by 28.
    Mnist,
}

impl Preparation {
    /// All preparations.
    pub const ALL: [Preparation; 2] = [Preparation::None, Preparation::Mnist];

    /// Returns its name in a model file.
    pub fn name(self) -> &'static str {
        match self {
            Preparation::None => "none",
            Preparation::Mnist => "mnist",
        }
    }

    /// Returns the preparation with this name.
    pub fn named(name: &str) -> Option<Self> {
        Preparation::ALL.into_iter().find(|one| one.name() == name)
    }
}
