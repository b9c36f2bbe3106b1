//! The parser, by recursive descent.
//!
//! ```text
//! spec       := definition* items            white space or a comment between items
//! definition := 'let' NAME [ '(' params ')' ] '=' '[' items ']' ';'
//! items      := item*
//! params     := param (',' param)* [',']     those without a default first
//! param      := NAME [ '=' value ]
//! item       := [ count '*' ] call | count '*' '[' items ']' | '{' items ('|' items)+ '}'
//! count      := DIGITS | '{' DIGITS (',' DIGITS)+ '}'
//! call       := NAME [ '(' args ')' ] [ '[' items ('|' items)* ']' ]
//! args       := [ arg (',' arg)* [','] ]     those without a name first
//! arg        := [ NAME '=' ] value
//! value      := term (('+' | '-') term)*     operands are integers and names
//! term       := primary (('*' | '/') primary)*
//! primary    := INT | FLOAT | BOOL | NAME | STRING | tuple | '{' value (',' value)+ '}'
//! tuple      := '(' value (',' value)* [','] ')'
//! ```
//!
//! `(3)` is a tuple of one value. Parentheses around arithmetic, or around an operand, only group
//! it. `true`, `false` and `let` are not names.

mod arithmetic;
mod definitions;
mod items;
mod repeat;
mod values;

use crate::{
    Diagnostic, Span, SpecError, Tree,
    diagnostic::{Report, quote},
    lex::{Kind, Token, lex},
    tree::{Let, MAX_DEPTH},
};

/// The maximum repetition count.
pub const MAX_COUNT: u16 = 1000;

/// Parses a text, in time linear in its length.
///
/// # Errors
/// All syntax errors in the order of their locations, but at most twenty.
///
/// ```
/// let tree = tapeline_spec::parse("residual[relu  conv2d(8,5)] # a comment").unwrap();
/// assert_eq!(tree.to_string(), "residual[ relu conv2d(8, 5) ]");
///
/// let error = tapeline_spec::parse("relu )").unwrap_err();
/// assert_eq!(error.to_string(), "error: unmatched `)`\n  │ relu )\n  │      ^");
/// ```
pub fn parse(text: &str) -> Result<Tree, SpecError> {
    let (tree, report) = read(text);
    if report.is_empty() {
        Ok(tree)
    } else {
        Err(tree.error(report.sorted()))
    }
}

/// Parses as much of a text as possible, and returns the tree with the errors. Calls that contain
/// an error are marked as broken.
pub(crate) fn read(text: &str) -> (Tree, Report) {
    let mut report = Report::default();
    let mut parser = Parser {
        tokens: lex(text, &mut report),
        text,
        at: 0,
        open: Vec::new(),
        base: 0,
        lets: Vec::new(),
        defining: false,
        report,
        faults: 0,
        stopped: false,
    };
    parser.definitions();
    let mut items = parser.items();
    let mut lets = parser.lets;
    if parser.stopped {
        items.clear();
        lets.clear();
    }
    let text = text.into();
    (Tree { text, lets, items }, parser.report)
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    /// The closing brackets expected for the open ones.
    open: Vec<u8>,
    /// How many of `open` lie outside of the arguments being parsed. The nesting of calls and that
    /// of values are limited separately, so arguments are allowed wherever a call is.
    base: usize,
    /// The definitions so far.
    lets: Vec<Let>,
    /// Whether the body of a definition is being parsed.
    defining: bool,
    report: Report,
    /// Number of errors and bad tokens seen so far.
    faults: usize,
    stopped: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Token {
        self.tokens[self.at]
    }

    fn at_mark(&self, mark: u8) -> bool {
        self.peek().kind == Kind::Mark(mark)
    }

    fn next_is(&self, ahead: usize, mark: u8) -> bool {
        self.tokens
            .get(self.at + ahead)
            .is_some_and(|token| token.kind == Kind::Mark(mark))
    }

    fn bump(&mut self) -> Token {
        let token = self.peek();
        self.faults += usize::from(token.kind == Kind::Bad);
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    /// Returns `true` if the current token directly follows the previous one.
    fn touches(&self) -> bool {
        self.at > 0 && self.last().end == self.peek().span.start
    }

    /// Returns the span of the previous token.
    fn last(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    fn slice(&self, token: Token) -> &str {
        &self.text[token.span.start..token.span.end]
    }

    fn found(&self) -> String {
        match self.peek().kind {
            Kind::End => "the end of the text".into(),
            _ => quote(self.slice(self.peek())),
        }
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        self.faults += 1;
        if !self.stopped {
            self.report.add(|| diagnostic);
        }
    }

    /// Reports an unexpected token, unless it has already been reported.
    fn expected(&mut self, what: &str) {
        match self.peek() {
            Token {
                kind: Kind::Bad, ..
            } => self.faults += 1,
            Token { span, .. } => {
                let message = format!("expected {what}, found {}", self.found());
                self.error(Diagnostic::error(span, message));
            }
        }
    }

    /// Consumes an opening bracket. If it is nested too deep, parsing stops.
    fn open(&mut self, close: u8) -> Option<Span> {
        let span = self.bump().span;
        if self.open.len() - self.base < MAX_DEPTH {
            self.open.push(close);
            return Some(span);
        }
        let message = format!("brackets are nested more than {MAX_DEPTH} deep");
        self.error(Diagnostic::error(span, message));
        self.stopped = true;
        self.at = self.tokens.len() - 1;
        None
    }

    /// Consumes the bracket that closes the one at `open`. `known` means that a preceding error has
    /// been reported, so a missing bracket isn't.
    fn close(&mut self, open: Span, known: bool) {
        let Some(close) = self.open.pop() else { return };
        if self.at_mark(close) {
            self.bump();
        } else if !known {
            let bracket = quote(&self.text[open.start..open.end]);
            let message = format!("{bracket} is never closed");
            let help = format!("`{}` is missing", char::from(close));
            self.error(Diagnostic::error(open, message).help(help));
        }
    }

    /// Skips to the next bracket that closes an open one.
    fn recover(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.peek().kind {
                Kind::End => return,
                Kind::Mark(b'(' | b'[' | b'{') => depth += 1,
                Kind::Mark(close @ (b')' | b']' | b'}')) => {
                    if depth == 0 && self.open.contains(&close) {
                        return;
                    }
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            self.bump();
        }
    }
}

/// The error for braces with fewer than two alternatives.
fn too_few(span: Span, separator: char) -> Diagnostic {
    Diagnostic::error(span, "a choice needs at least two alternatives")
        .help(format!("separate them by `{separator}`"))
}
