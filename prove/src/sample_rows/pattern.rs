//! Texts that match a GLOB or LIKE pattern.

/// Returns a text that matches a GLOB pattern. `seed` varies the text where the pattern allows.
///
/// A class such as `[0-9]` gives one of its characters.
pub(super) fn matching_glob(pattern: &str, seed: usize) -> String {
    let mut rest: Vec<char> = pattern.chars().collect();
    rest.reverse();
    let mut text = String::new();
    while let Some(char) = rest.pop() {
        match char {
            '*' => text.push_str(&filling(seed)),
            '?' => text.push('a'),
            '[' => text.push(class_member(&mut rest, seed)),
            other => text.push(other),
        }
    }
    text
}

/// Returns a text that matches a LIKE pattern. `seed` varies the text where the pattern allows.
pub(super) fn matching_like(pattern: &str, seed: usize) -> String {
    let mut text = String::new();
    for char in pattern.chars() {
        match char {
            '%' => text.push_str(&filling(seed)),
            '_' => text.push('a'),
            other => text.push(other),
        }
    }
    text
}

fn filling(seed: usize) -> String {
    format!("r{seed}")
}

/// Reads a class up to its `]`, and returns a character that the class matches.
///
/// `rest` is the reversed rest of the pattern.
fn class_member(rest: &mut Vec<char>, seed: usize) -> char {
    let is_negated = rest.last() == Some(&'^');
    if is_negated {
        rest.pop();
    }
    let mut members = Vec::new();
    while let Some(char) = rest.pop() {
        if char == ']' && !members.is_empty() {
            break;
        }
        let is_range = rest.last() == Some(&'-') && rest.iter().nth_back(1) != Some(&']');
        if is_range {
            rest.pop();
            let end = rest.pop().unwrap_or(char);
            members.extend(char..=end);
        } else {
            members.push(char);
        }
    }
    if is_negated {
        let mut others = "a0A_-. ".chars();
        return others.find(|other| !members.contains(other)).unwrap_or('~');
    }
    members
        .get(seed % members.len().max(1))
        .copied()
        .unwrap_or('a')
}

#[cfg(test)]
mod tests {
    use super::{matching_glob, matching_like};

    #[test]
    fn pattern_gives_a_matching_text() {
        assert_eq!(matching_glob("[A-Z][0-9]?x*", 1), "B1axr1");
        assert_eq!(matching_glob("[^a-z]", 0), "0");
        assert_eq!(matching_like("_@%.org", 2), "a@r2.org");
    }
}
