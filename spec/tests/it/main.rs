//! The language from outside: what any text does, what each mistake is told.

mod keys;
mod mistakes;
mod properties;
mod words;
