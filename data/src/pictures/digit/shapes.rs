//! Connected shapes of ink.

use ndarray::{Array2, s};

/// Shapes with less than this share of the largest one's area are specks.
const SPECK: f64 = 0.02;

/// Shapes closer than this share of the larger one's longest side belong together.
const GAP: f64 = 0.12;

/// Shares of the height and area of the largest shape above which another one is like it.
const ALIKE: (f64, f64) = (0.5, 0.15);

/// The largest shape in a picture, possibly of several parts, and the number of shapes like it.
pub(super) struct Shapes {
    /// Which pixels belong to the shape or are next to it.
    member: Array2<bool>,
    bounds: [[usize; 2]; 2],
    count: usize,
}

/// One or several parts that belong together.
#[derive(Clone)]
struct Shape {
    parts: Vec<usize>,
    area: usize,
    /// First row and column, and the row and column after the last ones.
    from: [usize; 2],
    to: [usize; 2],
}

impl Shape {
    fn longest(&self) -> usize {
        (self.to[0] - self.from[0]).max(self.to[1] - self.from[1])
    }

    /// Returns the number of pixels between the bounds of two shapes.
    fn gap(&self, other: &Shape) -> usize {
        let gap = |axis: usize| {
            let (a, b) = (self, other);
            let after = b.from[axis].saturating_sub(a.to[axis]);
            after.max(a.from[axis].saturating_sub(b.to[axis]))
        };
        gap(0).max(gap(1))
    }

    fn touches(&self, border: [usize; 2]) -> bool {
        self.from.contains(&0) || self.to[0] == border[0] || self.to[1] == border[1]
    }

    fn join(&mut self, other: Shape) {
        self.parts.extend(other.parts);
        self.area += other.area;
        for axis in [0, 1] {
            self.from[axis] = self.from[axis].min(other.from[axis]);
            self.to[axis] = self.to[axis].max(other.to[axis]);
        }
    }
}

impl Shapes {
    /// Finds the shapes in a mask; `None` if it is empty.
    ///
    /// A shape at the border, such as the edge of the paper, is taken only if there is no other.
    pub fn of(mask: Array2<bool>) -> Option<Self> {
        let border = [mask.nrows(), mask.ncols()];
        let (parts, labels) = parts(&mask);
        let inner = |shape: &&Shape| !shape.touches(border);
        let area = |shape: &Shape| shape.area;
        let largest = parts.iter().filter(inner).map(area).max();
        let at_border = largest.is_none_or(|largest| largest < 4);
        let largest = parts
            .iter()
            .map(area)
            .max()
            .filter(|_| at_border)
            .or(largest)?;
        let parts = parts.into_iter().filter(|part| {
            (at_border || !part.touches(border)) && part.area as f64 >= SPECK * largest as f64
        });
        let mut shapes = joined(parts.collect());
        shapes.sort_by_key(|shape| std::cmp::Reverse(shape.area));
        let shape = shapes.first()?;
        let is_alike = |other: &&Shape| {
            let height = |shape: &Shape| (shape.to[0] - shape.from[0]) as f64;
            height(other) >= ALIKE.0 * height(shape)
                && other.area as f64 >= ALIKE.1 * shape.area as f64
        };
        let count = shapes.iter().filter(is_alike).count();
        let mut member = Array2::from_elem(labels.dim(), false);
        for ((row, col), &label) in labels.indexed_iter() {
            if label > 0 && shape.parts.contains(&(label - 1)) {
                let near = |at: usize, size: usize| at.saturating_sub(2)..(at + 3).min(size);
                let near = s![near(row, border[0]), near(col, border[1])];
                member.slice_mut(near).fill(true);
            }
        }
        let from = shape.from.map(|at| at.saturating_sub(2));
        let to = [0, 1].map(|axis| (shape.to[axis] + 2).min(border[axis]));
        Some(Shapes {
            member,
            bounds: [from, to],
            count,
        })
    }

    /// Returns the first row and column of the shape with a margin, and the row and column after
    /// the last ones.
    pub fn bounds(&self) -> [[usize; 2]; 2] {
        self.bounds
    }

    /// Returns the number of shapes that are about as large as this one, including it.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns whether a place is in the shape or next to it.
    pub fn holds(&self, [row, col]: [f64; 2]) -> bool {
        let at = [row, col].map(|at| at.round().max(0.0) as usize);
        self.member.get(at).copied().unwrap_or(false)
    }
}

/// Joins shapes that are close, until none are.
fn joined(mut shapes: Vec<Shape>) -> Vec<Shape> {
    let close = |a: &Shape, b: &Shape| a.gap(b) as f64 <= GAP * a.longest().max(b.longest()) as f64;
    let mut i = 0;
    while i < shapes.len() {
        match (i + 1..shapes.len()).find(|&j| close(&shapes[i], &shapes[j])) {
            Some(j) => {
                let other = shapes.swap_remove(j);
                shapes[i].join(other);
                // It may now be close to one before it.
                i = 0;
            }
            None => i += 1,
        }
    }
    shapes
}

/// Returns the parts whose pixels are neighbours, also diagonally, and the number of its part, from
/// 1, for each pixel.
fn parts(mask: &Array2<bool>) -> (Vec<Shape>, Array2<usize>) {
    let mut labels = Array2::zeros(mask.dim());
    let mut shapes = Vec::new();
    let mut waiting = Vec::new();
    for ((row, col), _) in mask.indexed_iter().filter(|(_, is_ink)| **is_ink) {
        if labels[[row, col]] > 0 {
            continue;
        }
        let mut shape = Shape {
            parts: vec![shapes.len()],
            area: 0,
            from: [row, col],
            to: [row + 1, col + 1],
        };
        labels[[row, col]] = shapes.len() + 1;
        waiting.push([row, col]);
        while let Some([row, col]) = waiting.pop() {
            shape.area += 1;
            for (axis, at) in [row, col].into_iter().enumerate() {
                shape.from[axis] = shape.from[axis].min(at);
                shape.to[axis] = shape.to[axis].max(at + 1);
            }
            for row in row.saturating_sub(1)..(row + 2).min(mask.nrows()) {
                for col in col.saturating_sub(1)..(col + 2).min(mask.ncols()) {
                    if mask[[row, col]] && labels[[row, col]] == 0 {
                        labels[[row, col]] = shapes.len() + 1;
                        waiting.push([row, col]);
                    }
                }
            }
        }
        shapes.push(shape);
    }
    (shapes, labels)
}
