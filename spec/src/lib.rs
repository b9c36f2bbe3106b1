//! A small language of calls: text, tree, typed arguments, registries, diagnostics.
//!
//! `conv2d(8, 5, padding=2) 3*[ linear(128) relu ]` is such a text. What the names mean is up to registries that are handed in; this
//! crate knows none. Text becomes calls in two steps: [`parse`] knows the grammar and no name; [`resolve`] knows names, arguments and
//! presets. Each reports every error at once, with its place in the text.
//!
//! | file | what it holds |
//! |---|---|
//! | `span`, `diagnostic` | [`Diagnostic`]: what is wrong, where ([`Span`]), and what to do about it; rendering is the caller's affair; [`quote`], [`printable`] |
//! | `tree`, `print` | [`Tree`]: a text that follows the grammar, and how it is written |
//! | `lex`, `chars`, `parse` | [`parse`]: from text to tokens to tree; odd characters by name |
//! | `expand`, `choices` | [`expand`]: the alternatives of a tree, one by one; [`choices`]: what tells them apart |
//! | `value` | [`Value`]: what an argument is given |
//! | `arg`, `info` | [`Arg`]: a typed key with its default and limits; [`ArgInfo`]: the same without its type |
//! | `accept`, `draw` | whether an argument may have a value; values for checks to try |
//! | `args` | [`Args`]: the arguments of a call, filled in |
//! | `registry`, `nearest` | [`Named`], [`named!`], [`Registry`]: definitions by name, and which was meant |
//! | `presets` | [`Presets`]: whole texts under a word |
//! | `extent` | how long a tree is when written out |
//! | `resolve` | [`resolve`], [`read`], [`read_chain`]: from tree or text to calls |
//! | `resolved` | [`Resolved`], [`Call`]: the calls, and how they are written for people and for files |
//!
//! ```
//! use tapeline_spec::{Arg, ArgInfo, Named, Presets, Registry, read};
//!
//! const TIMES: Arg<usize> = Arg::new("times", "how often").range(1..=9);
//! const LOUD: Arg<bool> = Arg::new("loud", "whether to shout").default(false);
//!
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
//! let spec = read("2*hello(3, loud=false) goodbye(1, loud=true)").unwrap();
//! assert_eq!(spec.short(), "2*hello(3) goodbye(1, loud=true)");
//! let calls = spec.calls();
//! assert_eq!((calls.len(), calls[2].args.get(TIMES), calls[2].args.get(LOUD)), (3, 1, true));
//!
//! let errors = read("helo(1) goodbye(10)").unwrap_err();
//! assert_eq!(errors[0].to_string(), "unknown word `helo`; did you mean `hello`?");
//! assert_eq!(errors[1].to_string(), "`times` of `goodbye` is 10; it must be an integer, 1 to 9");
//! # Ok::<(), tapeline_spec::RegistryError>(())
//! ```

mod accept;
mod arg;
mod args;
mod chars;
mod choices;
mod diagnostic;
mod draw;
mod expand;
mod extent;
mod info;
mod lex;
mod nearest;
mod parse;
mod presets;
mod print;
mod registry;
mod resolve;
mod resolved;
mod span;
mod tree;
mod value;

pub use arg::{Arg, SizeOrWord, SizesOrWord};
pub use args::Args;
pub use choices::{Choices, choices};
pub use diagnostic::{Diagnostic, Severity, is_printable, printable, quote};
pub use expand::{MAX_ALTERNATIVES, expand};
pub use extent::MAX_CALLS;
pub use info::ArgInfo;
pub use parse::{MAX_COUNT, parse};
pub use presets::{Preset, Presets};
pub use registry::{Body, Named, Registry, RegistryError};
pub use resolve::{read, read_chain, resolve};
pub use resolved::{Call, Resolved};
pub use span::Span;
pub use tree::{MAX_DEPTH, Tree};
pub use value::Value;
