#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tapeline_fuzz::run("folders", input));
