//! Named points: values that a chain saves under a name, for layers further on.

use tapeline_spec::{Note, nearest, quote};

use crate::{Meaning, Refusal};

/// A value that a chain saves under a name, as known when the model is built. It is visible in the
/// rest of the chain and in the bodies of its layers; a body, whatever it saves, changes nothing
/// outside. A name saved again is that of the newer value.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// Its name.
    pub name: String,
    /// Identifies the value in a pass.
    pub id: SavedId,
    /// Its shape, without the batch.
    pub shape: Vec<usize>,
    /// Its meaning in evaluation.
    pub meaning: Meaning,
    /// The place where it is saved.
    pub(crate) note: Note,
}

/// Identifies a saved value: [`Ctx::save`](crate::Ctx::save) stores it in each pass, and
/// [`Ctx::saved`](crate::Ctx::saved) returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedId(pub(crate) usize);

/// A saved value, and what is known of its use while the model is built.
pub(crate) struct Entry {
    pub saved: Saved,
    /// The row of the layer that saves it.
    pub row: usize,
    /// The row of the last layer that uses it.
    pub last_use: Option<usize>,
}

/// All saved values of a model, and the names that are visible at the current layer.
#[derive(Default)]
pub(crate) struct SavedValues {
    all: Vec<Entry>,
    /// Indices of those that are visible, in the order in which they were saved.
    visible: Vec<usize>,
}

impl SavedValues {
    /// Returns the number of visible values: a chain hides its own at its end.
    pub fn visible(&self) -> usize {
        self.visible.len()
    }

    /// Hides the values that were saved since [`visible`](Self::visible) was `count`, and returns
    /// them.
    pub fn hide(&mut self, count: usize) -> impl Iterator<Item = &Entry> {
        let hidden = self.visible.drain(count..);
        let hidden: Vec<_> = hidden.collect();
        hidden.into_iter().map(|place| &self.all[place])
    }

    /// Returns all values, in the order in which they were saved.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.all.iter()
    }

    /// Saves a value of this shape and meaning. `row` is that of the layer that saves it.
    pub fn save(
        &mut self,
        name: &str,
        (shape, meaning): (&[usize], Meaning),
        row: usize,
        note: Note,
    ) -> SavedId {
        let id = SavedId(self.all.len());
        self.visible.push(id.0);
        self.all.push(Entry {
            saved: Saved {
                name: name.into(),
                id,
                shape: shape.into(),
                meaning,
                note,
            },
            row,
            last_use: None,
        });
        id
    }

    /// Returns the newest visible value of a name, which the layer of row `row` uses.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&mut self, name: &str, row: usize) -> Result<Saved, Refusal> {
        let mut visible = self.visible.iter().rev();
        if let Some(&place) = visible.find(|&&place| self.all[place].saved.name == name) {
            let entry = &mut self.all[place];
            entry.last_use = Some(row);
            return Ok(entry.saved.clone());
        }
        let names = self
            .visible
            .iter()
            .map(|&place| &*self.all[place].saved.name);
        let hidden = self.all.iter().any(|entry| entry.saved.name == name);
        let help = match nearest(name, names) {
            Some(near) => format!("did you mean {}?", quote(near)),
            None if hidden => format!("{} is saved in a body, and visible only there", quote(name)),
            None => format!("put {} where the value is", quote(&format!("save({name})"))),
        };
        let message = format!("no value is saved as {}", quote(name));
        Err(Refusal::from(message).help(help))
    }
}
