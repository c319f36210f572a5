//! The catalogue of errors: each name has a page, and each page shows what happens.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use revchain::DefectKind;

use crate::sources::{assert_none, crate_sources, read};

const PAGES: &str = "cli/catalogue";

/// The page of the guide that lists all names.
const INDEX: &str = "docs/guide/errors.md";

/// The targets of the links to the catalogue in rustdoc, where the pages are modules.
const RUSTDOC_LINKS: &str = "src/guide/error_links.md";

/// The calls that take the name of an error as their first argument.
const CONSTRUCTORS: [&str; 2] = ["failed(", "GenerateError::new("];

/// Returns the names of the pages.
fn page_names() -> BTreeSet<String> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGES)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .map(|name| name.strip_suffix(".md").unwrap().to_owned())
        .collect()
}

/// Returns the names of all errors in a Rust file.
///
/// These are the literals in each function `code`, and the first arguments of `CONSTRUCTORS`.
fn error_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for body in text.split("fn code(").skip(1) {
        let body = body.split("\n    }\n").next().unwrap();
        let literals = body.split("=> \"").skip(1);
        names.extend(literals.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    for constructor in CONSTRUCTORS {
        for arguments in text.split(constructor).skip(1) {
            if let Some(rest) = arguments.trim_start().strip_prefix('"') {
                names.push(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
    names
}

#[test]
fn names_of_errors_are_found_in_sources() {
    let text = "Failure::failed(\n    \"a\", m); impl X { fn code(&self) -> &str {
        match self { A => \"b\", B => problem.code(), C => \"c-d\" }
    }
}";
    assert_eq!(error_names(text), ["b", "c-d", "a"]);
}

#[test]
fn every_error_and_defect_has_a_page() {
    let mut names: BTreeSet<String> = DefectKind::ALL
        .iter()
        .map(|kind| kind.name().to_owned())
        .collect();
    for source in crate_sources() {
        names.extend(error_names(&read(&source.path)));
    }
    // The message of these failures is a list of defects, each with a page.
    names.remove("defects");
    assert_eq!(page_names(), names);
}

/// Returns a table with a link to each page, and with the first paragraph of the page.
fn table(names: &[&String]) -> String {
    let mut table = "| name | fact |\n| --- | --- |\n".to_owned();
    for name in names {
        let page = read(&format!("{PAGES}/{name}.md"));
        let summary = page.lines().nth(2).unwrap().replace('|', "\\|");
        table += &format!("| [`{name}`][errors/{name}] | {summary} |\n");
    }
    table
}

/// Returns the page of the guide that lists all names. The text before the lists stays.
fn index(current: &str) -> String {
    let names = page_names();
    let is_defect = |name: &&String| DefectKind::ALL.iter().any(|kind| kind.name() == **name);
    let (defects, errors): (Vec<_>, Vec<_>) = names.iter().partition(is_defect);
    let start = current.split("\n## Defects\n").next().unwrap();
    let links = names.iter();
    let links = links.map(|name| format!("[errors/{name}]: ../../{PAGES}/{name}.md\n"));
    format!(
        "{start}\n## Defects\n\nThese are the mistakes in a directory of migrations.\n\n{}\n\
         ## Errors\n\nThese are the failures of requests and commands.\n\n{}\n{}",
        table(&defects),
        table(&errors),
        links.collect::<String>()
    )
}

/// Returns the targets of the links in rustdoc.
fn rustdoc_links() -> String {
    let names = page_names().into_iter();
    let link = |name: String| {
        let module = name.replace('-', "_");
        format!("[errors/{name}]: crate::guide::errors::{module}\n")
    };
    names.map(link).collect()
}

/// With the environment variable `REVCHAIN_BLESS`, writes the lists.
#[test]
fn guide_lists_all_pages() {
    let mut problems = Vec::new();
    for (path, expected) in [
        (INDEX, index(&read(INDEX))),
        (RUSTDOC_LINKS, rustdoc_links()),
    ] {
        if read(path) != expected {
            problems.push(format!("{path}: run this test with REVCHAIN_BLESS=1"));
            if env::var_os("REVCHAIN_BLESS").is_some() {
                fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(path), expected).unwrap();
            }
        }
    }
    assert_none(&problems);
}

/// A message ends with the command that prints its page, so an example without it shows another
/// error.
#[test]
fn example_of_an_error_shows_the_error() {
    let mut problems = Vec::new();
    let is_defect = |name: &String| DefectKind::ALL.iter().any(|kind| kind.name() == name);
    for name in page_names().iter().filter(|name| !is_defect(name)) {
        // Its message is a part of the message of `stopped`.
        let shown = match &**name {
            "depends-on-pragma" => "stopped",
            name => name,
        };
        let page = read(&format!("{PAGES}/{name}.md"));
        let example = page.split("\n## ").find(|part| part.starts_with("Example"));
        if !example.is_some_and(|example| example.contains(&format!(" explain {shown}`"))) {
            problems.push(format!("{name}: the example has no line `more: …`"));
        }
    }
    assert_none(&problems);
}

#[test]
fn pages_have_the_same_parts() {
    let mut problems = Vec::new();
    for name in page_names() {
        let page = read(&format!("{PAGES}/{name}.md"));
        let summary = page.strip_prefix(&format!("# {name}\n\n")).unwrap_or("");
        let summary = summary.lines().next().unwrap();
        let parts: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        if !summary.ends_with('.') || summary.chars().count() > 100 {
            problems.push(format!("{name}: the first paragraph is no line: {summary}"));
        }
        if parts != ["Cause", "Example", "Fix"] {
            problems.push(format!("{name}: the parts are {parts:?}"));
        }
        // A terminal shows the pages, and another crate includes them in its documentation.
        if page.contains("](") {
            problems.push(format!("{name}: a page has no links"));
        }
    }
    assert_none(&problems);
}
