//! A small language of calls: text, tree, typed arguments, registries, diagnostics.
//!
//! ```text
//! conv2d(8, 5, padding=2) relu 3*[ residual[ linear(128) relu ] ] {relu | tanh}   # a comment
//! ```
//!
//! A text becomes objects in three steps, of which this crate takes the first two: [`parse`] knows the grammar alone, [`resolve`] knows
//! a [`Registry`] of definitions and checks every argument; to build something of the calls is the affair of whoever defines them.
//!
//! | to … | |
//! |---|---|
//! | define what can be called | [`Named`], [`Arg`], [`ArgInfo`], [`Body`], [`Registry`]; [`Preset`], [`Presets`] for texts under a word |
//! | read a text | [`parse`] to a [`Tree`], [`resolve`] to [`Resolved`]; [`read`] is both; [`read_chain`] for plain lists |
//! | use what was read | [`Call`], [`Args`]; [`Resolved::short`] and [`Resolved::full`] print it |
//! | try alternatives | [`expand`] |
//! | tell what is wrong | [`Diagnostic`] with a [`Span`]; rendering is the caller's affair |
//!
//! ```
//! use tapeline_spec::{Arg, ArgInfo, Named, Presets, Registry, read};
//!
//! #[derive(Debug)]
//! struct Filter {
//!     name: &'static str,
//!     args: &'static [ArgInfo],
//! }
//!
//! impl Named for Filter {
//!     fn name(&self) -> &'static str {
//!         self.name
//!     }
//!
//!     fn about(&self) -> &'static str {
//!         "an audio filter"
//!     }
//!
//!     fn args(&self) -> &'static [ArgInfo] {
//!         self.args
//!     }
//! }
//!
//! const DELAY: Arg<f64> = Arg::new("delay", "in seconds").above(0.0).default(0.25);
//! const TIMES: Arg<usize> = Arg::new("times", "how often").range(1..=9);
//!
//! let filters = Registry::new("filter").with(Filter { name: "echo", args: const { &[TIMES.info(), DELAY.info()] } })?;
//! let chain = read("2*echo(3)", &filters, &Presets::new()).unwrap();
//! assert_eq!(chain.full(), "2*echo(times=3, delay=0.25)");
//! assert_eq!(chain.calls()[1].args.get(DELAY), 0.25);
//!
//! let errors = read("ecko(3) echo(12)", &filters, &Presets::new()).unwrap_err();
//! assert_eq!(errors[0].to_string(), "unknown filter `ecko`; did you mean `echo`?");
//! assert_eq!(errors[1].to_string(), "`times` of `echo` is 12; it must be an integer, 1 to 9");
//! # Ok::<(), tapeline_spec::RegistryError>(())
//! ```
//!
//! Any text at all is read or refused in time proportional to its length, without a panic, and every span lies inside the text on
//! character boundaries.

mod arg;
mod args;
mod diagnostic;
mod expand;
mod info;
mod lex;
mod nearest;
mod parse;
mod presets;
mod registry;
mod resolve;
mod resolved;
mod tree;
mod value;

pub use arg::{Arg, SizeOrWord};
pub use args::Args;
pub use diagnostic::{Diagnostic, Severity, Span};
pub use expand::{MAX_ALTERNATIVES, expand};
pub use info::ArgInfo;
pub use parse::{MAX_COUNT, MAX_DEPTH, parse};
pub use presets::{Preset, Presets};
pub use registry::{Body, Named, Registry, RegistryError};
pub use resolve::{MAX_CALLS, read, read_chain, resolve};
pub use resolved::{Call, Resolved};
pub use tree::Tree;
pub use value::Value;
