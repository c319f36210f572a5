//! The links in documents: each leads somewhere, on disk and in rustdoc.

use std::fs;
use std::path::Path;

use crate::sources::{assert_none, exists, read};

const DIRECTORIES: [&str; 4] = [".", "docs/guide", "docs/decisions", "cli/catalogue"];

/// Returns the paths of all documents.
pub(crate) fn documents() -> Vec<String> {
    let mut paths = Vec::new();
    for directory in DIRECTORIES {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).unwrap();
        for entry in entries {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                paths.push(
                    format!("{directory}/{name}")
                        .trim_start_matches("./")
                        .to_owned(),
                );
            }
        }
    }
    paths.sort();
    paths
}

/// Returns a document without its blocks of code and its code spans.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            let spans = line.split('`').enumerate();
            let outside = spans.filter(|(index, _)| index % 2 == 0);
            let outside: Vec<&str> = outside.map(|(_, text)| text).collect();
            prose += &outside.join("");
            prose.push('\n');
        }
    }
    prose
}

/// Returns the targets of the links in the form `[text](target)`.
fn inline_targets(prose: &str) -> Vec<&str> {
    let rests = prose.split("](").skip(1);
    rests.map(|rest| rest.split(')').next().unwrap()).collect()
}

/// Returns the names of the links in the form `[text][name]`.
fn used_names(prose: &str) -> Vec<&str> {
    let rests = prose.split("][").skip(1);
    rests.map(|rest| rest.split(']').next().unwrap()).collect()
}

/// Returns the definitions `[name]: target` of a document.
fn definitions(prose: &str) -> Vec<(&str, &str)> {
    let lines = prose.lines().filter(|line| line.starts_with('['));
    lines
        .filter_map(|line| line[1..].split_once("]: "))
        .collect()
}

/// Returns the anchors of the headings, as GitHub and rustdoc form them.
fn anchors(text: &str) -> Vec<String> {
    let mut is_code = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        if is_code || !line.starts_with('#') {
            continue;
        }
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        anchors.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
    }
    anchors
}

/// Returns the reason why a target leads nowhere.
fn problem(path: &str, target: &str) -> Option<String> {
    if target.starts_with("https://") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let file = match file {
        "" => path.to_owned(),
        file => format!("{directory}/{file}")
            .trim_start_matches('/')
            .to_owned(),
    };
    if !exists(&file) {
        return Some(format!("{path}: there is no {file}"));
    }
    let is_found = anchor.is_empty() || anchors(&read(&file)).iter().any(|found| found == anchor);
    (!is_found).then(|| format!("{path}: {file} has no heading #{anchor}"))
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut problems = Vec::new();
    for path in documents() {
        let text = read(&path);
        let prose = prose(&text);
        let defined = definitions(&prose);
        let targets = inline_targets(&prose).into_iter();
        let targets = targets.chain(defined.iter().map(|(_, target)| *target));
        problems.extend(targets.filter_map(|target| problem(&path, target)));
        for name in used_names(&prose) {
            if !defined.iter().any(|(defined, _)| *defined == name) {
                problems.push(format!("{path}: [{name}] has no definition"));
            }
        }
    }
    assert_none(&problems);
}

/// A link from one page to another has another target in rustdoc, which `src/guide.rs` defines.
#[test]
fn links_between_pages_are_defined_for_rustdoc() {
    let guide = read("src/guide.rs") + &read("src/guide/error_links.md");
    let mut problems = Vec::new();
    for path in documents() {
        let Some(page) = path.strip_prefix("docs/guide/") else {
            continue;
        };
        let listed = format!(" \"{}\" \"", page.trim_end_matches(".md"));
        let included = format!("include_str!(\"../{path}\")");
        if !guide.contains(&listed) && !guide.contains(&included) {
            problems.push(format!("{path}: no module of the guide has this page"));
        }
        let text = read(&path);
        let prose = prose(&text);
        for target in inline_targets(&prose) {
            if !target.starts_with("https://") && !target.starts_with('#') {
                problems.push(format!("{path}: write a link to {target} as [text][name]"));
            }
        }
        for (name, target) in definitions(&prose) {
            let page = target.replacen("../../cli/catalogue/", "errors/", 1);
            let expected = page.replacen(".md", "", 1);
            if target.contains(".md") && name != expected {
                problems.push(format!("{path}: name the link to {target} [{expected}]"));
            }
            let (module, anchor) = name.split_once('#').unwrap_or((name, ""));
            let mut rust = format!(
                "crate::guide::{}",
                module.replace('-', "_").replace('/', "::")
            );
            if !anchor.is_empty() {
                rust += &format!("#{anchor}");
            }
            if !guide.contains(&format!("[{name}]: {rust}\n")) {
                problems.push(format!("src/guide.rs lacks [{name}]: {rust}"));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn lists_of_pages_are_complete() {
    let start = read("docs/guide/getting-started.md");
    let guide = read("src/guide.rs");
    let mut problems = Vec::new();
    for path in documents() {
        let Some(page) = path.strip_prefix("docs/guide/") else {
            continue;
        };
        let name = page.trim_end_matches(".md");
        if name != "getting-started" && !start.contains(&format!("][{name}]")) {
            problems.push(format!("docs/guide/getting-started.md lacks {name}"));
        }
        if !guide.contains(&format!("[`{}`]", name.replace('-', "_"))) {
            problems.push(format!("the first lines of src/guide.rs lack {name}"));
        }
    }
    assert_none(&problems);
}

#[test]
fn parts_of_a_document_are_found() {
    let text = "# A `b` – c\n[x](y.md#z) and `[no](no)`, [t][n]\n```\n[no](no)\n```\n\n[n]: m.md\n";
    let prose = prose(text);
    assert_eq!(anchors(text), ["a-b--c"]);
    assert_eq!(inline_targets(&prose), ["y.md#z"]);
    assert_eq!(used_names(&prose), ["n"]);
    assert_eq!(definitions(&prose), [("n", "m.md")]);
}
