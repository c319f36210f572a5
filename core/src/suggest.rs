//! What a misspelt name may have been meant to be.

/// The longest name that one is suggested for, in characters: to compare two takes room and time by the product of their
/// lengths.
const LONGEST: usize = 200;

/// The one of `known` that `name` may have been meant to be. Numbers that differ are different numbers, however
/// alike they look; only their leading zeros may be wrong.
pub(crate) fn did_you_mean<'k>(name: &str, mut known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    nearest(name, &mut known)
}

fn nearest<'k>(name: &str, known: &mut dyn Iterator<Item = &'k str>) -> Option<&'k str> {
    let name: String = name.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect();
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let most = (length / 3).max(1);
    let number = |text: &str| text.parse::<u128>().ok();
    let distance = |known: &str| match (number(&name), number(known)) {
        (Some(a), Some(b)) if a == b => 0,
        (Some(_), Some(_)) => usize::MAX,
        // Each character that one has more than the other is a difference.
        _ if known.chars().take(length + most + 1).count().abs_diff(length) > most => usize::MAX,
        _ => strsim::damerau_levenshtein(&name, known),
    };
    known.map(|known| (distance(known), known)).filter(|(d, _)| *d <= most).min().map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_is_near() {
        let known = ["revises", "upgrade", "downgrade"];
        for (name, meant) in
            [("upgade", Some("upgrade")), ("REVISE", Some("revises")), ("grade", None), ("", None)]
        {
            assert_eq!(did_you_mean(name, known.into_iter()), meant, "{name}");
        }
        assert_eq!(did_you_mean("007", ["7", "008"].into_iter()), Some("7"));
    }

    /// To compare them would take terabytes.
    #[test]
    fn names_of_a_million_characters_are_not_compared() {
        let long = "a".repeat(1_000_000);
        assert_eq!(did_you_mean(&long, [long.as_str()].into_iter()), None);
        assert_eq!(did_you_mean("a", [long.as_str(), "b"].into_iter()), Some("b"));
    }
}
