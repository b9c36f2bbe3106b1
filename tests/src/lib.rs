//! Strategies, loops over the registries, whole-system tests
