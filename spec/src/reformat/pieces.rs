//! A text in pieces: items and comments, as written.

use crate::{
    diagnostic::Report,
    lex::{Kind, Token, lex},
};

/// An item, or a definition: `3*residual(…)[ … ]`, `let block(n) = [ … ];`.
pub(super) struct Piece {
    /// Comments and blank lines before it.
    pub leads: Vec<Lead>,
    /// Whether it begins a line.
    pub breaks: bool,
    /// The text before the brackets.
    pub head: String,
    pub group: Option<Group>,
    /// The text after the brackets, which only definitions have.
    pub tail: &'static str,
    /// The comment behind it.
    pub after: Option<String>,
}

/// Branches in brackets.
pub(super) struct Group {
    pub open: &'static str,
    pub close: &'static str,
    pub branches: Vec<Branch>,
    /// Whether it spans several lines.
    pub breaks: bool,
}

#[derive(Default)]
pub(super) struct Branch {
    pub pieces: Vec<Piece>,
    /// Comments and blank lines after the last piece.
    pub dangling: Vec<Lead>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Lead {
    Comment(String),
    Blank,
}

/// Splits a text that can be parsed.
pub(super) fn pieces(text: &str) -> Branch {
    let tokens = lex(text, &mut Report::default());
    let mut reader = Reader {
        text,
        tokens,
        at: 0,
    };
    reader.branch()
}

struct Reader<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'t> Reader<'t> {
    fn kind(&self, ahead: usize) -> Kind {
        let last = self.tokens.len() - 1;
        self.tokens[(self.at + ahead).min(last)].kind
    }

    fn at_mark(&self, mark: u8) -> bool {
        self.kind(0) == Kind::Mark(mark)
    }

    /// Returns the text before the current token: white space and comments.
    fn gap(&self) -> &'t str {
        let before = self.at.checked_sub(1);
        let start = before.map_or(0, |before| self.tokens[before].span.end);
        &self.text[start..self.tokens[self.at].span.start]
    }

    /// Consumes a token. Comments before it are added to `leads`.
    fn bump(&mut self, leads: &mut Vec<Lead>) -> &'t str {
        leads.extend(lines(self.gap()).filter_map(comment));
        let span = self.tokens[self.at].span;
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        &self.text[span.start..span.end]
    }

    /// Reads pieces up to a closing bracket, a `|`, or the end.
    fn branch(&mut self) -> Branch {
        let mut branch = Branch::default();
        loop {
            let mut gap = lines(self.gap());
            let rest = gap.next().and_then(comment);
            let mut leads: Vec<_> = gap.clone().filter_map(lead).collect();
            // The last line of the gap is the beginning of the line of the token.
            if gap
                .clone()
                .last()
                .is_some_and(|line| line.trim().is_empty())
            {
                leads.pop();
            }
            leads.dedup_by(|a, b| *a == Lead::Blank && *b == Lead::Blank);
            match (branch.pieces.last_mut(), rest) {
                (Some(last), Some(Lead::Comment(text))) => last.after = Some(text),
                (_, rest) => leads.splice(..0, rest).for_each(drop),
            }
            if matches!(self.kind(0), Kind::End | Kind::Mark(b']' | b'}' | b'|')) {
                branch.dangling = leads;
                return branch;
            }
            let breaks = gap.next().is_some();
            branch.pieces.push(self.piece(leads, breaks));
        }
    }

    fn piece(&mut self, leads: Vec<Lead>, breaks: bool) -> Piece {
        let mut piece = Piece {
            leads,
            breaks,
            head: String::new(),
            group: None,
            tail: "",
            after: None,
        };
        // The comments before the first token are among those before the piece already.
        let first = self.tokens[self.at].span;
        let mut inside = Vec::new();
        match self.kind(0) {
            Kind::Let => {
                piece.head = "let ".into();
                self.at += 1;
                piece.head += self.bump(&mut inside);
                self.arguments(&mut piece.head, &mut inside);
                piece.head += " = ";
                self.bump(&mut inside);
                inside.extend(lines(self.gap()).filter_map(comment));
                piece.group = Some(self.group());
                self.bump(&mut inside);
                piece.tail = ";";
            }
            Kind::Mark(b'{') if !self.at_count() => piece.group = Some(self.group()),
            kind => {
                piece.head += &self.text[first.start..first.end];
                self.at += 1;
                if kind == Kind::Mark(b'{') {
                    self.rest(&mut piece.head, &mut inside);
                }
                // The asterisk after a count.
                if kind != Kind::Name {
                    piece.head += self.bump(&mut inside);
                }
                if kind != Kind::Name && self.kind(0) == Kind::Name {
                    piece.head += self.bump(&mut inside);
                }
                self.arguments(&mut piece.head, &mut inside);
                if self.at_mark(b'[') {
                    piece.group = Some(self.group());
                }
            }
        }
        piece.leads.extend(inside);
        piece
    }

    /// Returns `true` at `{1, 2}*`, rather than at alternatives of items.
    fn at_count(&self) -> bool {
        matches!(self.kind(1), Kind::Int(_)) && self.kind(2) == Kind::Mark(b',')
    }

    /// Copies everything in parentheses, if there are any here.
    fn arguments(&mut self, head: &mut String, leads: &mut Vec<Lead>) {
        if self.at_mark(b'(') {
            *head += self.bump(leads);
            self.rest(head, leads);
        }
    }

    /// Copies everything up to the bracket that closes the last one.
    fn rest(&mut self, head: &mut String, leads: &mut Vec<Lead>) {
        let mut depth = 1_usize;
        while depth > 0 && self.kind(0) != Kind::End {
            match self.kind(0) {
                Kind::Mark(b'(' | b'{') => depth += 1,
                Kind::Mark(b')' | b'}') => depth -= 1,
                _ => {}
            }
            let comma = self.at_mark(b',');
            *head += self.bump(leads);
            if comma && !matches!(self.kind(0), Kind::Mark(b')' | b'}')) {
                head.push(' ');
            }
        }
    }

    /// Reads `[ … | … ]`, or alternatives in braces.
    fn group(&mut self) -> Group {
        let start = self.tokens[self.at].span.end;
        let (open, close) = match self.at_mark(b'{') {
            true => ("{", "}"),
            false => ("[", "]"),
        };
        self.at += 1;
        let mut branches = vec![self.branch()];
        while self.at_mark(b'|') {
            self.at += 1;
            branches.push(self.branch());
        }
        let end = self.tokens[self.at].span.start;
        self.at += 1;
        Group {
            open,
            close,
            branches,
            breaks: self.text[start..end].contains(['\n', '\r']),
        }
    }
}

/// Splits the text between two tokens into lines. The first is the rest of the line of the token
/// before, the last the beginning of the line of the token after.
fn lines(gap: &str) -> impl Iterator<Item = &str> + Clone {
    let mut rest = Some(gap);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.find(['\n', '\r']);
        rest = end.map(|end| match text[end..].starts_with("\r\n") {
            true => &text[end + 2..],
            false => &text[end + 1..],
        });
        Some(end.map_or(text, |end| &text[..end]))
    })
}

fn comment(line: &str) -> Option<Lead> {
    let line = line.trim();
    line.starts_with('#').then(|| Lead::Comment(line.into()))
}

fn lead(line: &str) -> Option<Lead> {
    match line.trim().is_empty() {
        true => Some(Lead::Blank),
        false => comment(line),
    }
}
