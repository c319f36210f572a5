//! Generated test cases.

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Returns a runner that generates the same cases in every run, so that a failure can be repeated.
pub(crate) fn deterministic_runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let algorithm = RngAlgorithm::XorShift;
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(algorithm))
}
