//! Suggestions for misspelled names.

/// The maximum length of a name that gets a suggestion, in characters.
///
/// The time and memory of a comparison grow with the product of both lengths.
const MAX_LENGTH: usize = 200;

/// Returns the candidate that is most similar to `name`.
///
/// Returns `None` if no candidate is similar enough.
/// Two numbers are similar only if they are equal. Leading zeros do not count.
pub fn did_you_mean<'k>(name: &str, candidates: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if name.chars().nth(MAX_LENGTH).is_some() {
        return None;
    }
    let name = name.to_lowercase();
    let max_distance = (name.chars().count() / 3).max(1);
    let similar = candidates.filter_map(|candidate| {
        Some((
            distance(&name, &candidate.to_lowercase(), max_distance)?,
            candidate,
        ))
    });
    similar.min().map(|(_, candidate)| candidate)
}

/// Returns the number of edits that turn one name into the other.
///
/// Returns `None` if the number is greater than `max_distance`.
fn distance(name: &str, candidate: &str, max_distance: usize) -> Option<usize> {
    if let (Ok(a), Ok(b)) = (name.parse::<u128>(), candidate.parse::<u128>()) {
        return if a == b { Some(0) } else { None };
    }
    // The distance is at least the difference of the lengths, so skip the slow comparison.
    if candidate.chars().count().abs_diff(name.chars().count()) > max_distance {
        return None;
    }
    let distance = strsim::damerau_levenshtein(name, candidate);
    (distance <= max_distance).then_some(distance)
}
