//! Layers and losses by name, one file each, with a check for all
