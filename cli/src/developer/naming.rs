//! The slug and the summary of a new migration file.

/// The maximum length of a slug, in characters.
///
/// The limit keeps file names far below 255 bytes, the maximum of common file systems.
const LONGEST_SLUG: usize = 60;

/// Joins the first words of a description to a slug.
///
/// Returns `None` if the description has no letters a-z and no digits.
pub(crate) fn slug(description: &str) -> Option<String> {
    let words = description.split(|c: char| !c.is_ascii_alphanumeric());
    let mut slug = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if slug.is_empty() {
            slug.extend(word.chars().take(LONGEST_SLUG));
        } else if slug.len() + 1 + word.len() <= LONGEST_SLUG {
            slug = slug + "_" + word;
        } else {
            break;
        }
    }
    if slug.is_empty() {
        return None;
    }
    Some(slug.to_ascii_lowercase())
}

/// Returns a description as one sentence, for the first comment line of a migration.
pub(crate) fn summary(description: &str) -> String {
    // Remove line breaks: a line break would end the summary. Remove a leading `@`: an `@` would
    // begin a directive.
    let words: Vec<&str> = description.split_whitespace().collect();
    let summary = words.join(" ").replace(char::is_control, "");
    let mut summary = summary.trim_start_matches(['@', '-', ' ']).to_owned();
    if !summary.ends_with(['.', '!', '?']) {
        summary.push('.');
    }
    summary
}
