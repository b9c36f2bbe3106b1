//! All tests of the crate in one program, which is linked once, except those that count memory.

mod attention;
mod dropout;
mod extreme;
mod init;
mod input_sizes;
mod interpreter;
mod interpreter_values;
mod joined;
mod losses;
mod meaning;
mod nodes;
mod one_node;
mod points;
mod pytorch;
mod registry;
mod shapes;
mod windows;
mod wrong;
mod wrong_nodes;
