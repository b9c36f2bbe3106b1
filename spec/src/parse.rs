//! The parser.

mod values;

use crate::{
    Diagnostic, Span, SpecError, Tree,
    diagnostic::{Report, quote},
    lex::{Kind, Token, lex},
    tree::{At, Call, Item, MAX_DEPTH, OneOf, Repeat},
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
        report,
        faults: 0,
        stopped: false,
    };
    let mut items = parser.items();
    if parser.stopped {
        items.clear();
    }
    let text = text.into();
    (Tree { text, items }, parser.report)
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

    /// Parses items up to the end, a bracket that closes an open one, or a `|` between branches.
    fn items(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        loop {
            let before = items.len();
            match self.peek().kind {
                Kind::End => return items,
                Kind::Mark(b'|') if !self.open.is_empty() => return items,
                Kind::Mark(b'{') => items.extend(self.braces()),
                Kind::Mark(mark) if self.open.contains(&mark) => return items,
                Kind::Mark(mark) => self.stray(mark, items.last_mut()),
                Kind::Bad if self.next_is(1, b'*') => items.extend(self.repeat()),
                Kind::Name | Kind::Bad => items.push(Item::Call(self.call())),
                Kind::Int(_) | Kind::Float(_) => items.extend(self.repeat()),
                Kind::Bool(_) | Kind::Text => {
                    let message = format!("{} is a value, not a call", self.found());
                    let span = self.bump().span;
                    self.error(Diagnostic::error(span, message));
                }
            }
            if items.len() > before {
                self.require_space();
            }
        }
    }

    /// Reports an error if no white space separates the next item from the previous one.
    fn require_space(&mut self) {
        let token = self.peek();
        let mark = matches!(token.kind, Kind::Mark(mark) if mark != b'{');
        if self.touches() && !mark && !matches!(token.kind, Kind::End | Kind::Bad) {
            let message = format!("missing white space before {}", self.found());
            self.error(Diagnostic::error(token.span, message));
        }
    }

    /// Reports a mark that is not allowed between items; `before` is the preceding item.
    fn stray(&mut self, mark: u8, before: Option<&mut Item>) {
        let span = self.peek().span;
        let this = self.found();
        let error = |message: String| Diagnostic::error(span, message);
        let opening = matches!(mark, b'(' | b'[');
        let diagnostic = match (mark, before) {
            (b'(' | b'[', Some(Item::Call(call))) if call.may_take(mark) => {
                call.broken = true;
                let name = &call.name;
                error(format!("unexpected white space before {this}"))
                    .help(format!("write `{name}{}`", char::from(mark)))
            }
            (b'[', _) => error(format!("expected a name or a count before {this}"))
                .help("a repetition is written `3*[ … ]`"),
            (b'(', _) => error(format!("expected a name before {this}")),
            (b')' | b']' | b'}', _) => error(format!("unmatched {this}")),
            (b',', _) => error(format!("unexpected {this} between calls"))
                .help("separate calls by white space, alternatives by `|`"),
            (b'|', _) => {
                error(format!("unexpected {this}")).help("alternatives are written `{ … | … }`")
            }
            _ => error(format!("unexpected {this} between calls")),
        };
        self.error(diagnostic);
        self.bump();
        if opening {
            self.skip_brackets();
        }
    }

    /// Skips to the bracket that closes the one just consumed.
    fn skip_brackets(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 && self.peek().kind != Kind::End {
            match self.bump().kind {
                Kind::Mark(b'(' | b'[' | b'{') => depth += 1,
                Kind::Mark(b')' | b']' | b'}') => depth -= 1,
                _ => {}
            }
        }
    }

    fn call(&mut self) -> Call {
        let faults = self.faults;
        let token = self.bump();
        let name = match token.kind {
            Kind::Name => self.slice(token).into(),
            _ => String::new(),
        };
        let args = match self.at_mark(b'(') && self.touches() {
            true => self.args(),
            false => Vec::new(),
        };
        let broken = self.faults != faults;
        let bracket = self.peek().span;
        let bodies = match self.at_mark(b'[') && self.touches() {
            true => self.branches(b']'),
            false => Vec::new(),
        };
        Call {
            name,
            name_at: At(token.span),
            args,
            bodies,
            bodies_at: At(bracket.to(self.last())),
            at: At(token.span.to(self.last())),
            broken,
        }
    }

    /// Parses `[ … | … ]`, or the same in braces: one or more branches, which may be empty.
    fn branches(&mut self, close: u8) -> Vec<Vec<Item>> {
        let Some(open) = self.open(close) else {
            return Vec::new();
        };
        let mut branches = vec![self.items()];
        while self.at_mark(b'|') {
            self.bump();
            branches.push(self.items());
        }
        self.close(open, false);
        branches
    }

    /// Parses alternatives of counts or of specs.
    fn braces(&mut self) -> Option<Item> {
        let counts = matches!(
            self.tokens.get(self.at + 1).map(|token| token.kind),
            Some(Kind::Int(_) | Kind::Float(_))
        );
        if counts && (self.next_is(2, b',') || self.next_is(2, b'}')) {
            return self.repeat();
        }
        let (start, faults) = (self.peek().span, self.faults);
        let options = self.branches(b'}');
        let at = start.to(self.last());
        if options.len() < 2 && self.faults == faults {
            self.error(too_few(at, '|'));
        }
        Some(Item::OneOf(OneOf {
            options,
            at: At(at),
        }))
    }

    /// Parses `3*relu`, `3*[ … ]` or `{0, 1}*[ … ]`. Returns `None` if it isn't a repetition or the
    /// body is missing.
    fn repeat(&mut self) -> Option<Item> {
        let (start, faults) = (self.peek().span, self.faults);
        let counts = match self.peek().kind {
            Kind::Mark(_) => self.alternatives(Parser::count),
            _ if self.next_is(1, b'*') => self.count().into_iter().collect(),
            _ => {
                self.bump();
                Vec::new()
            }
        };
        let counts_at = start.to(self.last());
        if !self.at_mark(b'*') {
            if self.faults == faults {
                let message = format!(
                    "{} is not a call",
                    quote(&self.text[counts_at.start..counts_at.end])
                );
                let help = "a repetition is written `3*relu` or `3*[ … ]`";
                self.error(Diagnostic::error(counts_at, message).help(help));
            }
            return None;
        }
        let mut apart = !self.touches();
        let star = self.bump().span;
        let body = match self.peek().kind {
            Kind::Name | Kind::Bad => {
                apart |= !self.touches();
                vec![Item::Call(self.call())]
            }
            Kind::Mark(b'[') => {
                apart |= !self.touches();
                let at = self.peek().span;
                let branches = self.branches(b']');
                if branches.len() > 1 {
                    let message = "a repetition has one body, without `|`";
                    self.error(Diagnostic::error(at.to(self.last()), message));
                }
                branches.into_iter().next().unwrap_or_default()
            }
            _ => {
                self.expected("a call or `[` after `*`");
                return None;
            }
        };
        if apart {
            self.error(Diagnostic::error(
                star,
                "unexpected white space next to `*`",
            ));
        }
        Some(Item::Repeat(Repeat {
            counts,
            counts_at: At(counts_at),
            body,
            at: At(start.to(self.last())),
        }))
    }

    fn count(&mut self) -> Option<u16> {
        let token = self.peek();
        let digits = self.slice(token).starts_with(|c: char| c.is_ascii_digit());
        match token.kind {
            Kind::Int(n) if digits && n <= MAX_COUNT.into() => {
                self.bump();
                return u16::try_from(n).ok();
            }
            Kind::Int(_) | Kind::Float(_) => {
                let message = format!(
                    "count must be an integer, 0 to {MAX_COUNT}, got {}",
                    self.found()
                );
                self.error(Diagnostic::error(token.span, message));
                self.bump();
            }
            Kind::Bad => {
                self.bump();
            }
            _ => self.expected("a count"),
        }
        None
    }
}

impl Call {
    /// Returns `true` if an opening bracket after white space was probably meant for this call.
    fn may_take(&self, bracket: u8) -> bool {
        !self.name.is_empty() && self.bodies.is_empty() && (bracket == b'[' || self.args.is_empty())
    }
}

/// The error for braces with fewer than two alternatives.
fn too_few(span: Span, separator: char) -> Diagnostic {
    Diagnostic::error(span, "a choice needs at least two alternatives")
        .help(format!("separate them by `{separator}`"))
}
