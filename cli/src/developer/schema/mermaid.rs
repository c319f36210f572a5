//! The entity-relationship diagrams of Mermaid.

use std::fmt::Write as _;

use revchain_core::diagnostics::escape::escape;

use super::diagram::{Attribute, Diagram, Relation};

/// Returns the diagram in the language of Mermaid.
pub(crate) fn write(diagram: &Diagram) -> String {
    let mut text = "erDiagram\n".to_owned();
    let titles: Vec<String> = diagram
        .entities
        .iter()
        .map(|entity| quoted(&entity.title()))
        .collect();
    for (entity, title) in diagram.entities.iter().zip(&titles) {
        let _ = writeln!(text, "  {title} {{");
        for attribute in &entity.attributes {
            let _ = writeln!(text, "    {}", line(attribute));
        }
        text += "  }\n";
    }
    for relation in &diagram.relations {
        let [parent, child] = [relation.parent, relation.child].map(|index| &titles[index]);
        let label = quoted(&relation.columns.join(", "));
        let _ = writeln!(text, "  {parent} {} {child} : {label}", ends(relation));
    }
    text
}

/// Returns the line of a relation, from the parent to the child.
fn ends(relation: &Relation) -> &'static str {
    match (relation.is_optional, relation.is_unique) {
        (false, false) => "||--o{",
        (false, true) => "||--o|",
        (true, false) => "|o--o{",
        (true, true) => "|o--o|",
    }
}

/// Returns a column: its type, name, keys and remarks.
fn line(attribute: &Attribute) -> String {
    let type_name = if attribute.type_name.is_empty() {
        "ANY"
    } else {
        &attribute.type_name
    };
    let name = word(&attribute.name);
    let mut line = format!("{} {name}", word(type_name));
    if !attribute.keys.is_empty() {
        line += &format!(" {}", attribute.keys.join(", "));
    }
    let mut notes: Vec<String> = attribute
        .notes
        .iter()
        .map(|&note| note.to_owned())
        .collect();
    // A word of Mermaid has fewer characters than a name of SQLite.
    if name != attribute.name {
        notes.insert(0, attribute.name.clone());
    }
    if !notes.is_empty() {
        line += &format!(" {}", quoted(&notes.join(", ")));
    }
    line
}

/// The words that Mermaid does not read as a type or a name.
const RESERVED: [&str; 4] = ["pk", "fk", "uk", "end"];

/// Returns a word that Mermaid accepts as the type or the name of a column.
fn word(text: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_plain = |c: char| is_letter(c) || "()[]".contains(c);
    let word: String = text
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    let first = word.split(|c| !is_letter(c)).next().unwrap_or_default();
    let is_reserved = RESERVED.contains(&first.to_ascii_lowercase().as_str());
    if is_reserved || !first.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return format!("_{word}");
    }
    word
}

/// Returns a text in double quotes.
///
/// Writes each character as an entity that Mermaid, Markdown, or HTML could read as code.
fn quoted(text: &str) -> String {
    // Mermaid draws no box with a blank name.
    let text = if text.trim().is_empty() {
        format!("\"{}\"", escape(text))
    } else {
        escape(text)
    };
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        let is_safe = !c.is_ascii_punctuation() || "_-.,()/:".contains(c);
        // Mermaid looks for `direction TB` in each line.
        let is_direction = c == ' ' && quoted.to_ascii_lowercase().ends_with("direction");
        if is_safe && !is_direction {
            quoted.push(c);
        } else {
            let _ = write!(quoted, "#{};", u32::from(c));
        }
    }
    quoted.push('"');
    quoted.replace("--", "-#45;")
}

#[cfg(test)]
mod tests {
    use super::{quoted, word};

    #[test]
    fn words_of_mermaid_are_changed() {
        for (text, expected) in [
            ("id", "id"),
            ("DECIMAL(8, 2)", "DECIMAL(8__2)"),
            ("Pk", "_Pk"),
            ("end", "_end"),
            ("uk(1)", "_uk(1)"),
            ("ending", "ending"),
            ("uk-x", "uk_x"),
            ("1st", "_1st"),
            ("]x", "_]x"),
            ("", "_"),
            ("größe", "gr__e"),
        ] {
            assert_eq!(word(text), expected, "{text}");
        }
    }

    #[test]
    fn text_in_quotes_is_no_code() {
        for (text, expected) in [
            ("user_id, doc", "\"user_id, doc\""),
            ("\"};\n", "\"#34;#125;#59;#92;n\""),
            ("%%{init}", "\"#37;#37;#123;init#125;\""),
            ("a --> b", "\"a -#45;#62; b\""),
            ("Direction TB", "\"Direction#32;TB\""),
            (" ", "\"#34; #34;\""),
        ] {
            assert_eq!(quoted(text), expected, "{text}");
        }
    }
}
