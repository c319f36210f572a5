#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| revchain_fuzz::parser(bytes));
