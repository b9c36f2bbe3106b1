//! The canonical layout of a text.

mod pieces;

use pieces::{Branch, Group, Lead, Piece, pieces};

use crate::{SpecError, parse};

/// The width to which lines are filled, in characters.
const WIDTH: usize = 80;

/// The width of one level of indentation.
const INDENT: usize = 4;

/// Lays out a text: one space between items, bodies that span several lines indented, definitions
/// on lines of their own. Only white space changes, so that the text means the same. Line breaks
/// between items and single blank lines are kept, as are comments; one in the middle of an item is
/// moved before it. Lines are broken between items at 80 characters.
///
/// Laying out the result again doesn't change it.
///
/// # Errors
/// Same as [`parse`](crate::parse()).
///
/// ```
/// let text = "let  block( n )=[ conv2d(n,3)relu_ ];
/// residual[ # the body
///   2*block(8) ]   relu";
/// let error = tapeline_spec::reformat(text).unwrap_err();
/// assert!(error.summary().contains("missing white space"));
///
/// let text = text.replace(")relu_", ") relu");
/// assert_eq!(tapeline_spec::reformat(&text)?, "\
/// let block(n) = [ conv2d(n, 3) relu ];
/// residual[
///     ## the body
///     2*block(8)
/// ] relu
/// ");
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
pub fn reformat(text: &str) -> Result<String, SpecError> {
    parse(text)?;
    let mut layout = Layout::default();
    layout.branch(&pieces(text), 0);
    layout.end_line();
    Ok(layout.done)
}

#[derive(Default)]
struct Layout {
    /// All finished lines.
    done: String,
    line: String,
    /// Number of characters of the line.
    column: usize,
}

impl Layout {
    fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.done += self.line.trim_end();
            self.done.push('\n');
            self.line.clear();
            self.column = 0;
        }
    }

    /// Appends to the line; an empty line begins with the indentation.
    fn write(&mut self, text: &str, indent: usize) {
        if self.line.is_empty() {
            self.line = " ".repeat(indent);
            self.column = indent;
        }
        self.line += text;
        self.column += text.chars().count();
    }

    fn branch(&mut self, branch: &Branch, indent: usize) {
        let mut first = true;
        let mut last: Option<&Piece> = None;
        for piece in &branch.pieces {
            if last.is_none_or(|last| piece.starts_line(last)) {
                self.end_line();
            }
            self.leads(&piece.leads, indent, &mut first);
            self.piece(piece, indent);
            first = false;
            if let Some(comment) = &piece.after {
                self.write(&format!("  {comment}"), indent);
            }
            last = Some(piece);
        }
        self.end_line();
        // A blank line at the end would separate nothing.
        let comments = branch
            .dangling
            .iter()
            .rposition(|lead| *lead != Lead::Blank);
        self.leads(
            &branch.dangling[..comments.map_or(0, |at| at + 1)],
            indent,
            &mut first,
        );
    }

    /// Writes comments and blank lines, but no blank line at the beginning.
    fn leads(&mut self, leads: &[Lead], indent: usize, first: &mut bool) {
        for lead in leads {
            match lead {
                Lead::Blank if *first => {}
                Lead::Blank => self.done.push('\n'),
                Lead::Comment(text) => {
                    self.write(text, indent);
                    self.end_line();
                    *first = false;
                }
            }
        }
    }

    fn piece(&mut self, piece: &Piece, indent: usize) {
        let inline = piece.inline();
        let shortest = match &inline {
            Some(text) => text.chars().count(),
            None => piece.head.chars().count() + 1,
        };
        if !self.line.is_empty() && self.column + 1 + shortest > WIDTH {
            self.end_line();
        }
        if !self.line.is_empty() {
            self.write(" ", indent);
        }
        let start = if self.line.is_empty() {
            indent
        } else {
            self.column
        };
        match (&inline, &piece.group) {
            (None, Some(group)) => self.group(piece, group, indent),
            (Some(_), Some(group)) if start + shortest > WIDTH => self.group(piece, group, indent),
            (Some(text), _) => self.write(text, indent),
            (None, None) => self.write(&piece.head, indent),
        }
    }

    /// Writes a piece with its brackets on several lines.
    fn group(&mut self, piece: &Piece, group: &Group, indent: usize) {
        self.write(&piece.head, indent);
        self.write(group.open, indent);
        for (i, branch) in group.branches.iter().enumerate() {
            self.end_line();
            if i > 0 {
                self.write("|", indent);
                self.end_line();
            }
            self.branch(branch, indent + INDENT);
        }
        self.end_line();
        self.write(group.close, indent);
        self.write(piece.tail, indent);
    }
}

impl Piece {
    /// Returns `true` if it begins a new line after `last`.
    fn starts_line(&self, last: &Piece) -> bool {
        self.breaks
            || !self.leads.is_empty()
            || last.after.is_some()
            || self.is_definition()
            || last.is_definition()
    }

    fn is_definition(&self) -> bool {
        !self.tail.is_empty()
    }

    /// Returns it on one line, unless its brackets are on several.
    fn inline(&self) -> Option<String> {
        let mut text = self.head.clone();
        if let Some(group) = &self.group {
            if group.breaks {
                return None;
            }
            text += group.open;
            for (i, branch) in group.branches.iter().enumerate() {
                text += if i > 0 { "| " } else { " " };
                for piece in &branch.pieces {
                    text += &piece.inline()?;
                    text.push(' ');
                }
            }
            text += group.close;
        }
        Some(text + self.tail)
    }
}
