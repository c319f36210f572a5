//! Jobs: functions of the program that change rows after an upgrade, in small transactions.

pub(crate) mod batch;
pub(crate) mod function;
pub(crate) mod progress;
pub(crate) mod runner;
pub(crate) mod sequence;
pub(crate) mod without_rows;
