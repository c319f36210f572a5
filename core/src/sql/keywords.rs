//! Lists of SQL keywords, for the parsers and for the normal form.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::diagnostics::suggest::did_you_mean;

/// SQLite's reserved words, and literals such as `TRUE`. Only in quotes can they be names.
static RESERVED: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let words = "
        ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CHECK COLLATE COMMIT CONSTRAINT
        CREATE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DEFAULT DEFERRABLE DELETE
        DISTINCT DROP ELSE ESCAPE EXCEPT EXISTS FALSE FOREIGN FROM GROUP HAVING IN INDEX
        INSERT INTERSECT INTO IS ISNULL JOIN LIMIT NOT NOTHING NOTNULL NULL ON OR ORDER
        PRIMARY REFERENCES RETURNING SELECT SET TABLE THEN TO TRANSACTION TRUE UNION UNIQUE
        UPDATE USING VALUES WHEN WHERE";
    split(words)
});

/// Keywords that SQLite also accepts as names without quotes.
static UNRESERVED: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let words = "
        ABORT ACTION AFTER ALWAYS ASC BEFORE BEGIN BY CASCADE CAST CONFLICT CROSS DEFERRED
        DESC DO EACH END FAIL FILTER FOR FULL GENERATED GLOB IF IGNORE IMMEDIATE INDEXED
        INITIALLY INNER INSTEAD KEY LEFT LIKE MATCH NATURAL NO OF OFFSET OUTER OVER
        PARTITION RAISE RECURSIVE REGEXP REPLACE RESTRICT RIGHT ROLLBACK ROWID ROWS STORED
        STRICT TRIGGER VIEW VIRTUAL WINDOW WITH WITHIN WITHOUT";
    split(words)
});

/// The words that a table constraint can begin with.
pub(crate) const TABLE_CONSTRAINTS: &[&str] =
    &["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

/// The words that end the type of a column. `GENERATED` ends a type only before `ALWAYS`.
pub(crate) static COLUMN_CONSTRAINTS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    split("CONSTRAINT PRIMARY NOT NULL UNIQUE CHECK DEFAULT COLLATE REFERENCES AS DEFERRABLE")
});

/// The words after which SQLite accepts a name but no string.
pub(crate) static BEFORE_NAME: LazyLock<Vec<&str>> =
    LazyLock::new(|| split("AS FROM JOIN INTO UPDATE TABLE ON COLLATE REFERENCES OF SET"));

/// The words that can precede the name of a table, index, view or trigger.
pub(crate) static BEFORE_OBJECT: LazyLock<Vec<&str>> = LazyLock::new(|| {
    split("TABLE INDEX VIEW TRIGGER EXISTS INTO FROM JOIN UPDATE ON TO REFERENCES")
});

/// The names of the rowid that every ordinary table has.
pub(crate) const ROWID_NAMES: &[&str] = &["rowid", "oid", "_rowid_"];

fn split<L: FromIterator<&'static str>>(words: &'static str) -> L {
    words.split_ascii_whitespace().collect()
}

/// Keywords that are in neither list, because SQLite lets them name columns everywhere.
const COMMON: &[&str] = &["COLUMN", "RENAME", "TEMP", "TEMPORARY", "NULLS"];

/// Returns the keyword that is most similar to a misspelled word.
///
/// Returns `None` for a keyword, and for a word that is too short to tell.
pub fn similar_keyword(word: &str) -> Option<&'static str> {
    let upper = word.to_ascii_uppercase();
    let is_known = is_keyword(word) || COMMON.contains(&upper.as_str());
    if is_known || word.len() < 4 {
        return None;
    }
    let keywords = RESERVED.iter().chain(UNRESERVED.iter()).chain(COMMON);
    // Swapped letters are the most common mistake: `FORM` is FROM rather than FOR.
    // Then a missing last letter: `WHER` is WHERE rather than WHEN.
    let is_swapped = |keyword: &str| letters(keyword) == letters(&upper);
    let is_longer = |keyword: &str| keyword.starts_with(&upper) && keyword.len() == word.len() + 1;
    let likely = |keyword: &&str| is_swapped(keyword) || is_longer(keyword);
    let keywords = keywords.copied();
    let found = keywords.clone().find(likely);
    found.or_else(|| did_you_mean(word, keywords))
}

/// Returns the bytes of a word, sorted.
fn letters(word: &str) -> Vec<u8> {
    let mut letters = word.as_bytes().to_vec();
    letters.sort_unstable();
    letters
}

/// Returns `true` if `word` cannot be a name without quotes.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(word.to_ascii_uppercase().as_str())
}

/// Returns `true` if `word` is a keyword, reserved or not.
pub(crate) fn is_keyword(word: &str) -> bool {
    is_reserved(word) || UNRESERVED.contains(word.to_ascii_uppercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyword_lists_are_disjoint() {
        assert!(RESERVED.is_disjoint(&UNRESERVED));
    }
}
