//! From tokens to a tree.

use crate::{
    Diagnostic, Span, Tree,
    diagnostic::Diagnostics,
    lex::{Kind, Token, lex},
    tree::{ArgTree, CallTree, Count, Item, Place, ValueKind, ValueTree},
};

/// How deep brackets may stand in brackets.
pub const MAX_DEPTH: usize = 64;

/// How often something may be repeated.
pub const MAX_COUNT: u32 = 1000;

/// Reads a text. It takes time in proportion to the text's length, whatever the text is.
///
/// ```
/// let tree = tapeline_spec::parse("2*[ echo(0.2)  gain( 3 )] # a comment").unwrap();
/// assert_eq!(tree.to_string(), "2*[ echo(0.2) gain(3) ]");
///
/// let errors = tapeline_spec::parse("echo(0.2 gain)").unwrap_err();
/// assert_eq!(errors[0].message, "`,` or `)` is wanted, not `gain`");
/// ```
///
/// # Errors
/// Everything wrong with it, in the order of the text; of very many only the first.
pub fn parse(text: &str) -> Result<Tree, Vec<Diagnostic>> {
    let mut problems = Diagnostics::default();
    let tokens = lex(text, &mut problems);
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        open: Vec::new(),
        stopped: false,
        problems,
    };
    let mut items = Vec::new();
    while !parser.done() {
        items.extend(parser.spec());
        if let Some(token) = parser.peek().cloned() {
            // No bracket is open that this could close.
            parser.complain(
                token.span,
                format!("{} closes nothing", parser.quote(&token)),
            );
            parser.at += 1;
        }
    }
    parser.problems.or(Tree {
        items,
        place: Place(Span::new(0, text.len())),
    })
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    /// The closing brackets that are waited for.
    open: Vec<char>,
    /// Whether reading was given up.
    stopped: bool,
    problems: Diagnostics,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn sign(&self) -> Option<char> {
        match self.peek()?.kind {
            Kind::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    /// Whether the next token is this sign and touches the one before it.
    fn touches(&self, sign: char) -> bool {
        self.sign() == Some(sign)
            && self.at > 0
            && self.tokens[self.at - 1].span.end == self.tokens[self.at].span.start
    }

    /// Takes the next token if it is this sign.
    fn take(&mut self, sign: char) -> bool {
        let is = self.sign() == Some(sign);
        self.at += usize::from(is);
        is
    }

    fn done(&self) -> bool {
        self.at >= self.tokens.len() || self.problems.full()
    }

    /// Gives up: nothing more is read, nothing more complained about.
    fn stop(&mut self) {
        self.at = self.tokens.len();
        self.stopped = true;
    }

    /// From a token up to the one before the next.
    fn since(&self, start: Span) -> Span {
        let last = self.at.checked_sub(1).and_then(|i| self.tokens.get(i));
        last.map_or(start, |token| start.to(token.span))
    }

    fn quote(&self, token: &Token) -> String {
        const MOST: usize = 40;
        let text = &self.text[token.span.start..token.span.end];
        match text.char_indices().nth(MOST) {
            Some((end, _)) => format!("`{}…`", &text[..end]),
            None => format!("`{text}`"),
        }
    }

    fn complain(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Diagnostic::error(span, message));
    }

    fn complain_with(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.problems
            .push(Diagnostic::error(span, message).help(help));
    }

    /// Reads what stands between brackets, the opening one taken, up to the closing one.
    fn inside<R>(&mut self, close: char, read: impl FnOnce(&mut Self) -> R) -> Option<R> {
        let open = self.tokens[self.at - 1].clone();
        if self.open.len() == MAX_DEPTH {
            self.complain(
                open.span,
                format!("brackets stand more than {MAX_DEPTH} deep"),
            );
            self.stop();
            return None;
        }
        self.open.push(close);
        let result = read(self);
        self.open.pop();
        if !self.take(close) {
            match self.peek().cloned() {
                _ if self.stopped || self.problems.full() => {}
                Some(token) => {
                    let message =
                        format!("{} is closed by {}", self.quote(&open), self.quote(&token));
                    self.complain_with(token.span, message, format!("`{close}` is wanted"));
                    // It may close a bracket further out.
                    let closes =
                        matches!(token.kind, Kind::Sign(sign) if self.open.contains(&sign));
                    self.at += usize::from(!closes);
                }
                None => {
                    let message = format!("{} is never closed", self.quote(&open));
                    self.complain_with(open.span, message, format!("`{close}` is missing"));
                }
            }
        }
        Some(result)
    }

    /// Items up to a closing bracket, a `|` inside brackets, or the end.
    fn spec(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        while let Some(token) = self.peek().cloned().filter(|_| !self.done()) {
            match token.kind {
                Kind::Name => items.extend(self.call().map(Item::Call)),
                Kind::Int(_) => items.extend(self.repeat()),
                Kind::Sign('{') => items.extend(self.braces()),
                Kind::Sign(')' | ']' | '}') => break,
                Kind::Sign('|') if !self.open.is_empty() => break,
                Kind::Bad => self.at += 1,
                _ => {
                    self.at += 1;
                    self.misplaced(&token);
                }
            }
        }
        items
    }

    fn misplaced(&mut self, token: &Token) {
        let quote = self.quote(token);
        let help = match token.kind {
            Kind::Sign('[') if self.touched_before(token) => None,
            Kind::Sign('[') => {
                Some("a group needs a count: `2*[ … ]`; a body touches its name: `name[ … ]`")
            }
            Kind::Sign('(') => Some("arguments touch their name: `name(…)`"),
            Kind::Sign(',') => Some("only arguments are parted by `,`"),
            Kind::Sign('*') => Some("a count touches it on the left: `3*name`"),
            Kind::Sign('|') => Some("alternatives stand in braces: `{ … | … }`"),
            Kind::Float(_) => Some("a count is a whole number"),
            Kind::Text(_) => Some("a text is an argument: `name(\"…\")`"),
            _ => None,
        };
        match help {
            Some(help) => {
                self.complain_with(token.span, format!("{quote} cannot stand here"), help)
            }
            None => self.complain(token.span, format!("{quote} cannot stand here")),
        }
        // What follows in its brackets was meant to belong to it.
        match token.kind {
            Kind::Sign('[') => drop(self.inside(']', Self::branches)),
            Kind::Sign('(') => drop(self.inside(')', Self::args)),
            _ => {}
        }
    }

    fn touched_before(&self, token: &Token) -> bool {
        self.at >= 2 && self.tokens[self.at - 2].span.end == token.span.start
    }

    fn call(&mut self) -> Option<CallTree> {
        let token = self.peek()?.clone();
        let name = self.text[token.span.start..token.span.end].to_string();
        self.at += 1;
        if name == "true" || name == "false" {
            self.complain(token.span, format!("`{name}` is a value, not a name"));
        }
        let mut args = Vec::new();
        if self.touches('(') {
            self.at += 1;
            args = self.inside(')', Self::args)?;
        }
        let mut bodies = None;
        if self.touches('[') {
            self.at += 1;
            bodies = Some(self.inside(']', Self::branches)?);
        }
        Some(CallTree {
            name,
            name_place: Place(token.span),
            args,
            bodies,
            place: Place(self.since(token.span)),
        })
    }

    /// Specs parted by `|`.
    fn branches(&mut self) -> Vec<Vec<Item>> {
        let mut branches = vec![self.spec()];
        while self.take('|') {
            branches.push(self.spec());
        }
        branches
    }

    fn count(&mut self) -> Option<u32> {
        let token = self.peek()?.clone();
        let Kind::Int(count) = token.kind else {
            return None;
        };
        self.at += 1;
        let plain =
            self.text[token.span.start..token.span.end].starts_with(|c: char| c.is_ascii_digit());
        let count = u32::try_from(count)
            .ok()
            .filter(|&n| plain && n <= MAX_COUNT);
        if count.is_none() {
            let quote = self.quote(&token);
            self.complain(
                token.span,
                format!("{quote} is no count; it must be an integer, 0 to {MAX_COUNT}"),
            );
        }
        Some(count.unwrap_or(0))
    }

    fn repeat(&mut self) -> Option<Item> {
        let start = self.peek()?.span;
        let count = Count::Times(self.count()?);
        if !self.touches('*') {
            self.complain_with(
                self.since(start),
                "a number cannot stand here",
                "`3*name` repeats: `*` touches both sides",
            );
            return None;
        }
        self.repeated(count, start)
    }

    /// What a count repeats, from the `*` on.
    fn repeated(&mut self, count: Count, start: Span) -> Option<Item> {
        self.at += 1;
        let next = self
            .peek()
            .filter(|next| next.span.start == self.tokens[self.at - 1].span.end);
        let items = match next.map(|token| &token.kind) {
            Some(Kind::Name) => vec![Item::Call(self.call()?)],
            Some(Kind::Sign('[')) => {
                self.at += 1;
                self.inside(']', Self::spec)?
            }
            _ => {
                self.complain_with(
                    self.since(start),
                    "this repeats nothing",
                    "`3*name` or `3*[ … ]`: `*` touches both sides",
                );
                return None;
            }
        };
        Some(Item::Repeat {
            count,
            items,
            place: Place(self.since(start)),
        })
    }

    /// `{1, 2}*…` or `{ … | … }`.
    fn braces(&mut self) -> Option<Item> {
        let start = self.peek()?.span;
        self.at += 1;
        if matches!(self.peek()?.kind, Kind::Int(_))
            && !matches!(
                self.tokens.get(self.at + 1),
                Some(Token {
                    kind: Kind::Sign('*'),
                    ..
                })
            )
        {
            let counts = self.inside('}', Self::counts)?;
            if counts.len() < 2 {
                self.complain(
                    self.since(start),
                    "alternatives are two or more: `{1, 2}*…`",
                );
            }
            if self.touches('*') {
                return self.repeated(Count::OneOf(counts), start);
            }
            self.complain_with(
                self.since(start),
                "numbers cannot stand here",
                "`{1, 2}*name` repeats: `*` touches both sides",
            );
            return None;
        }
        let choices = self.inside('}', Self::branches)?;
        let place = Place(self.since(start));
        if choices.len() < 2 {
            self.complain_with(
                place.0,
                "alternatives are two or more",
                "`{ … | … }`; a group without alternatives has no brackets",
            );
        }
        Some(Item::Choice { choices, place })
    }

    fn counts(&mut self) -> Vec<u32> {
        let mut counts = Vec::from_iter(self.count());
        while self.take(',') {
            match self.count() {
                Some(count) => counts.push(count),
                None => break,
            }
        }
        counts
    }

    fn args(&mut self) -> Vec<ArgTree> {
        let mut args: Vec<ArgTree> = Vec::new();
        self.separated(|parser| {
            let start = parser.peek()?.span;
            let mut name = None;
            if let (Kind::Name, Some(Kind::Sign('='))) = (
                &parser.peek()?.kind,
                parser.tokens.get(parser.at + 1).map(|t| &t.kind),
            ) {
                name = Some((
                    parser.text[start.start..start.end].to_string(),
                    Place(start),
                ));
                parser.at += 2;
            }
            let value = parser.value();
            let place = Place(parser.since(start));
            if value.is_none() && name.is_some() {
                parser.complain(place.0, "a value is wanted behind `=`");
            }
            let value = value?;
            if name.is_none() && args.last().is_some_and(|arg| arg.name.is_some()) {
                parser.complain_with(
                    place.0,
                    "an argument without a name stands behind one with a name",
                    "those without come first",
                );
            }
            args.push(ArgTree { name, value, place });
            Some(())
        });
        args
    }

    /// Reads what is parted by `,` up to a closing bracket, however wrong the parts are.
    fn separated(&mut self, mut read: impl FnMut(&mut Self) -> Option<()>) {
        while !self.done() && !matches!(self.sign(), Some(')' | ']' | '}')) {
            let (before, known) = (self.at, self.problems.len());
            let good = read(self).is_some();
            if self.take(',') || self.done() || matches!(self.sign(), Some(')' | ']' | '}')) {
                if !good && self.at == before + 1 && self.problems.len() == known {
                    let comma = self.tokens[before].span;
                    self.complain(comma, "a value is wanted, not `,`");
                }
                continue;
            }
            if self.problems.len() == known
                && let Some(token) = self.peek().cloned().filter(|token| token.kind != Kind::Bad)
            {
                let wanted = if good {
                    "`,` or `)` is wanted"
                } else {
                    "a value is wanted"
                };
                let quote = self.quote(&token);
                self.complain(token.span, format!("{wanted}, not {quote}"));
            }
            self.recover();
        }
    }

    /// Goes on behind the next `,` or before the closing bracket of this level.
    fn recover(&mut self) {
        let mut depth = 0;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Sign('(' | '[' | '{') => depth += 1,
                Kind::Sign(')' | ']' | '}') if depth == 0 => return,
                Kind::Sign(')' | ']' | '}') => depth -= 1,
                Kind::Sign(',') if depth == 0 => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    fn value(&mut self) -> Option<ValueTree> {
        let token = self.peek()?.clone();
        let kind = match &token.kind {
            Kind::Int(value) => ValueKind::Int(*value),
            Kind::Float(value) => ValueKind::Float(*value),
            Kind::Text(text) => ValueKind::Text(text.clone()),
            Kind::Name => match &self.text[token.span.start..token.span.end] {
                "true" => ValueKind::Bool(true),
                "false" => ValueKind::Bool(false),
                word => ValueKind::Word(word.into()),
            },
            Kind::Sign('(') => {
                return self.values(
                    ')',
                    token.span,
                    ValueKind::Tuple,
                    1,
                    "a tuple holds at least one value",
                );
            }
            Kind::Sign('{') => {
                return self.values(
                    '}',
                    token.span,
                    ValueKind::Choice,
                    2,
                    "alternatives are two or more",
                );
            }
            _ => return None,
        };
        self.at += 1;
        Some(ValueTree {
            kind,
            place: Place(token.span),
        })
    }

    fn values(
        &mut self,
        close: char,
        start: Span,
        kind: fn(Vec<ValueTree>) -> ValueKind,
        fewest: usize,
        few: &str,
    ) -> Option<ValueTree> {
        self.at += 1;
        let known = self.problems.len();
        let mut values = Vec::new();
        self.inside(close, |parser| {
            parser.separated(|parser| {
                values.push(parser.value()?);
                Some(())
            });
        })?;
        let place = Place(self.since(start));
        if values.len() < fewest && self.problems.len() == known {
            self.complain(place.0, few);
        }
        Some(ValueTree {
            kind: kind(values),
            place,
        })
    }
}
