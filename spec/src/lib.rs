//! A small language of calls: parser, typed arguments, registries, and diagnostics.
//!
//! A text in this language, a *spec*, looks like `conv2d(8, 5, padding=2) 3*[ linear(128) relu ]`.
//! The meaning of the names is defined by registries that the caller provides; this crate defines
//! none. A text can define names of its own: `let block(n, s=1) = [ conv2d(n, 3, stride=s) relu ];`.
//! A spec is read in two steps: [`parse`] checks the grammar, and [`resolve`] looks up names,
//! arguments and presets. Each step reports all errors at once, in a [`SpecError`] that shows them in
//! the text.
//!
//! | file | contents |
//! |---|---|
//! | `span`, `diagnostic` | [`Diagnostic`]: an error or warning with its location ([`Span`]) and a help; [`quote`], [`printable`] |
//! | `error`, `render`, `excerpt` | [`SpecError`]: a text with all its errors, shown with excerpts; [`Style`]: with or without colours |
//! | `tree`, `print` | [`Tree`]: the syntax tree, and how it is printed |
//! | `lex`, `chars`, `parse` | [`parse`]: from text to tokens to tree; names of confusable characters |
//! | `expand`, `choices` | [`expand`]: lists the alternatives of a tree; [`choices`]: what distinguishes them |
//! | `reformat` | [`reformat`]: the canonical layout of a text |
//! | `pick` | [`pick`]: one of several definitions in a file as the spec |
//! | `arithmetic`, `late` | arithmetic on integers; values that depend on where a call is used |
//! | `value` | [`Value`]: the value of an argument |
//! | `arg`, `info` | [`Arg`]: a typed key with default and limits; [`ArgInfo`]: its type-erased form |
//! | `accept`, `draw` | validation of values; sampling of values for checks |
//! | `args` | [`Args`]: the arguments of a call, with defaults filled in |
//! | `registry`, `names`, `nearest` | [`Named`], [`named!`], [`Registry`]: definitions by name, and suggestions for misspelled names |
//! | `presets` | [`Presets`]: named specs and named integers |
//! | `extent` | the expanded size of a tree |
//! | `resolve` | [`resolve`], [`read`], [`read_chain`]: from tree or text to calls; integers by name |
//! | `resolved` | [`Resolved`], [`Call`]: resolved calls, and their short and full printed forms |
//!
//! ```
//! use tapeline_spec::{Arg, ArgInfo, Named, Presets, Registry, read};
//!
//! const TIMES: Arg<usize> = Arg::new("times", "how often").range(1..=9);
//! const LOUD: Arg<bool> = Arg::new("loud", "whether to shout").default(false);
//!
//! #[derive(Clone)]
//! struct Say(&'static str);
//!
//! impl Named for Say {
//!     fn name(&self) -> &'static str { self.0 }
//!     fn about(&self) -> &'static str { "says a word" }
//!     fn args(&self) -> &'static [ArgInfo] { &const { [TIMES.info(), LOUD.info()] } }
//! }
//!
//! let registry = Registry::new("word").with(Say("hello"))?.with(Say("goodbye"))?;
//! let read = |text| read(text, &registry, &Presets::new());
//!
//! let spec = read("2*hello(3, loud=false) goodbye(1, loud=true)")?;
//! assert_eq!(spec.short(), "2*hello(3) goodbye(1, loud=true)");
//! let calls = spec.calls();
//! assert_eq!((calls.len(), calls[2].args.get(TIMES), calls[2].args.get(LOUD)), (3, 1, true));
//!
//! let error = read("helo(1) goodbye(10)").unwrap_err();
//! assert_eq!(error.to_string(), "\
//! error: unknown word `helo`
//!   │ helo(1) goodbye(10)
//!   │ ^^^^ help: did you mean `hello`?
//!
//! error: `times` of `goodbye` is 10; it must be an integer, 1 to 9
//!   │ helo(1) goodbye(10)
//!   │                 ^^");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accept;
mod arg;
mod args;
mod arithmetic;
mod chars;
mod choices;
mod diagnostic;
mod draw;
mod error;
mod excerpt;
mod expand;
mod extent;
mod info;
mod late;
mod lex;
mod names;
mod nearest;
mod parse;
mod pick;
mod presets;
mod print;
mod reformat;
mod registry;
mod render;
mod resolve;
mod resolved;
mod span;
mod tree;
mod value;

pub use arg::{Arg, Name, NumbersOrWord, SizeOrWord, SizesOrWord};
pub use args::Args;
pub use choices::{Choices, choices};
pub use diagnostic::{Diagnostic, Note, Severity, is_printable, printable, quote};
pub use error::SpecError;
pub use expand::{MAX_ALTERNATIVES, expand};
pub use extent::MAX_CALLS;
pub use info::ArgInfo;
pub use nearest::nearest;
pub use parse::{MAX_COUNT, parse};
pub use pick::{definitions, pick};
pub use presets::{Preset, Presets};
pub use reformat::reformat;
pub use registry::{Body, Named, Registry, RegistryError};
pub use render::Style;
pub use resolve::{NO_ALTERNATIVES, read, read_chain, resolve};
pub use resolved::{Call, Resolved};
pub use span::Span;
pub use tree::{MAX_DEPTH, Tree};
pub use value::Value;
