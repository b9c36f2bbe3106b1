//! A small language of calls: text, tree, typed arguments, registries, diagnostics
