//! The median of repeated measurements, with the extremes.

/// The minimum, the median and the maximum of some values.
#[derive(Debug, Clone, Copy)]
pub struct Spread<T> {
    /// The smallest value.
    pub min: T,
    /// The middle value.
    pub median: T,
    /// The largest value.
    pub max: T,
}

impl<T: Copy + Ord> Spread<T> {
    /// Returns the spread of the values, or `None` if there are none.
    pub fn new(values: &[T]) -> Option<Self> {
        let mut values = values.to_vec();
        values.sort_unstable();
        Some(Self {
            min: *values.first()?,
            median: *values.get(values.len() / 2)?,
            max: *values.last()?,
        })
    }
}
