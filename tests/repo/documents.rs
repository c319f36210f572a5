//! Statements in the documents that a test can check.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use revchain::DefectKind;

use crate::links::documents;
use crate::sources::{assert_none, crate_sources, exists, read};

#[test]
fn readme_matches_the_code() {
    let readme = read("README.md");
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("version = \">=0.32, <0.44\""));
    assert!(readme.contains("any version from 0.32 to 0.43"));
    assert!(manifest.contains("rust-version = \"1.85\""));
    assert!(readme.contains("With Rust (1.85 or newer)"));
    let is_path = |text: &&str| text.starts_with("tests/") || text.starts_with("cli/");
    for path in readme.split('`').filter(is_path) {
        assert!(exists(path), "{path}");
    }
}

/// The size in bytes at which newcomers stopped reading was three times as large.
const MAX_README: usize = 8_192;

#[test]
fn readme_is_short() {
    let size = read("README.md").len();
    assert!(size <= MAX_README, "{size} bytes");
}

/// The README shows the last file of a case in `tests/ui`, without its downgrade.
#[test]
fn first_migration_of_the_readme_is_that_of_the_case() {
    let readme = read("README.md");
    let shown = readme.split("\n```sql\n").nth(1).unwrap();
    let shown = shown.split("\n```\n").next().unwrap();
    let file = read("tests/ui/chains/rows-lost/20260103_1200_003_unique_tags.sql");
    assert_eq!(file.split("\n\n-- @downgrade").next().unwrap(), shown);
    assert!(readme.contains("error: [rows-lost]"));
}

/// `tests/repo/console.rs` proves the files.
#[test]
fn rebuild_in_the_guide_is_that_of_the_files() {
    let page = read("docs/guide/rebuilding.md");
    let mut blocks = page.split("\n```sql\n").skip(1);
    let mut block = || blocks.next().unwrap().split("```").next().unwrap();
    let file = |name| {
        read(&format!(
            "tests/fixtures/pages/rebuilding/migrations/{name}.sql"
        ))
    };
    let upgrade = |text: &str| text.split("\n-- @downgrade").next().unwrap().to_owned();

    let first = upgrade(&file("20260101_1200_001_create_notes"));
    assert_eq!(first.split_once("-- @upgrade\n").unwrap().1, block());
    let second = upgrade(&file("20260102_1200_002_require_a_title"));
    assert_eq!(second, block());
}

#[test]
fn ci_runs_the_test_command_of_the_readme() {
    let readme = read("README.md");
    let command = readme
        .lines()
        .find_map(|line| line.strip_prefix("$ cargo test "))
        .unwrap();
    let command = format!("cargo test {}", command.split('#').next().unwrap().trim());
    assert!(
        read(".ci/run").lines().any(|line| line == command),
        "{command}"
    );
}

/// Returns the compile errors of a case in `tests/ui`, without their places in the program.
fn compile_errors(kind: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut path = format!("tests/ui/{kind}.stderr");
    // Only `sql!` reports this defect.
    if !root.join(&path).exists() {
        path = format!("tests/ui/sql/{kind}.stderr");
    }
    let text = read(&path).replace(&format!("chains/{kind}/"), "migrations/");
    let errors = text.split("error: ").skip(1);
    errors
        .map(|error| format!("error: {}", error.split("\n -->").next().unwrap()))
        .collect()
}

/// With the environment variable `REVCHAIN_BLESS`, writes the compile errors into the documents.
#[test]
fn compile_errors_in_documents_are_those_of_the_cases() {
    let mut errors = 0;
    let mut problems = Vec::new();
    for path in documents() {
        let mut text = read(&path);
        for block in read(&path).split("```text\n").skip(1) {
            let block = block.split("\n```").next().unwrap();
            let Some(rest) = block.strip_prefix("error: [") else {
                continue;
            };
            let kind = rest.split(']').next().unwrap();
            // Only a test of a program reports this defect.
            if kind == DefectKind::CodeFails.name() {
                continue;
            }
            errors += 1;
            let expected = compile_errors(kind);
            if !expected.iter().any(|error| error == block) {
                problems.push(format!("{path}: {block}"));
                text = text.replacen(block, &expected[0], 1);
            }
        }
        if env::var_os("REVCHAIN_BLESS").is_some() {
            fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path), text).unwrap();
        }
    }
    assert_none(&problems);
    assert!(errors >= 4, "{errors}");
}

/// Doctests cannot build these blocks, because revchain does not depend on the pools.
#[test]
fn blocks_of_the_page_on_pools_are_those_of_the_examples() {
    let page = read("docs/guide/pools.md");
    let mut blocks = 0;
    for section in page.split("\n## ") {
        let Some(block) = section.split("```rust,ignore\n").nth(1) else {
            continue;
        };
        blocks += 1;
        let block = block.split("```").next().unwrap();
        let named = section.split("`examples/pools/").nth(1).unwrap();
        let name = named.split('`').next().unwrap();
        let program = read(&format!("examples/pools/{name}/src/main.rs"));
        assert!(program.contains(block), "{name}: {block}");
    }
    assert_eq!(blocks, 4);
}

/// The documents and the tests embed `migrations/`, and the token store its own directory.
#[test]
fn token_store_begins_with_the_real_chain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = 0;
    for entry in fs::read_dir(root.join("migrations")).unwrap() {
        let entry = entry.unwrap();
        let copy = root.join("examples/token-store/migrations");
        let copy = copy.join(entry.file_name());
        let [original, copy] = [entry.path(), copy].map(|path| fs::read(path).unwrap());
        assert!(original == copy, "{}", entry.path().display());
        files += 1;
    }
    assert_eq!(files, 9);
}

#[test]
fn test_modules_named_in_security_exist() {
    let security = read("SECURITY.md");
    let modules: Vec<&str> = security
        .split('`')
        .filter(|text| text.ends_with(".rs"))
        .collect();
    for module in &modules {
        assert!(exists(module), "{module}");
    }
    assert!(modules.len() > 20, "{}", modules.len());
}

/// Each line of the list is the link of a page: a forgotten page or a conflict marker is none.
#[test]
fn list_of_decisions_has_each_page_once() {
    let readme = read("docs/decisions/README.md");
    let lines = readme.lines().skip_while(|line| !line.starts_with("- "));
    let listed: Vec<String> = lines
        .map(|line| line.split(['(', ')']).nth(1).unwrap_or(line).to_owned())
        .collect();
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/decisions")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<String> = files.filter(|name| name != "README.md").collect();
    pages.sort();
    assert_eq!(listed, pages);
}

#[test]
fn architecture_names_every_directory() {
    let map = read("ARCHITECTURE.md");
    let words: Vec<_> = map
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let mut problems = BTreeSet::new();
    for source in crate_sources() {
        // `core/src/plan/steps.rs` is in the directory `plan` of the crate `core`.
        let parts: Vec<&str> = source.path.split('/').collect();
        for directory in parts[..parts.len() - 1]
            .iter()
            .filter(|part| **part != "src")
        {
            if !words.contains(directory) {
                problems.insert(source.path.clone());
            }
        }
    }
    let problems: Vec<String> = problems.into_iter().collect();
    assert_none(&problems);
}

/// Clippy does not check syntax against `rust-version`, and chains of `if let` came with Rust 1.88.
#[test]
fn sources_use_no_let_chains() {
    let mut problems = Vec::new();
    for source in crate_sources() {
        if source.code.contains("&& let ") || source.code.contains("|| let ") {
            problems.push(source.path);
        }
    }
    assert_none(&problems);
}
