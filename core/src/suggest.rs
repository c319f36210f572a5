//! What a misspelt name may have been meant to be.

/// The one of `known` that `name` may have been meant to be. Numbers that differ are different numbers, however
/// alike they look; only their leading zeros may be wrong.
pub(crate) fn did_you_mean<'k>(name: &str, mut known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    nearest(name, &mut known)
}

fn nearest<'k>(name: &str, known: &mut dyn Iterator<Item = &'k str>) -> Option<&'k str> {
    let name: String = name.chars().flat_map(char::to_lowercase).collect();
    let most = (name.chars().count() / 3).max(1);
    let number = |text: &str| text.parse::<u128>().ok();
    let distance = |known: &str| match (number(&name), number(known)) {
        (Some(a), Some(b)) if a == b => 0,
        (Some(_), Some(_)) => usize::MAX,
        _ => strsim::damerau_levenshtein(&name, known),
    };
    known.map(|known| (distance(known), known)).filter(|(d, _)| *d <= most).min().map(|(_, k)| k)
}
