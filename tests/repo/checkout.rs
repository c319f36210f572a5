//! The files of the repository, as git checks them out on Linux and on Windows.

use std::collections::HashMap;
use std::process::Command;

use crate::sources::{assert_none, crates, read};

/// The mode of a symbolic link in git. On Windows, git writes its target into a text file.
const LINK: &str = "120000";

/// The names of devices, which Windows reserves with any extension.
const DEVICES: [&str; 4] = ["aux", "con", "nul", "prn"];

/// Runs git in the repository, and returns its output.
fn git(arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the modes and the paths of the files.
fn files(listing: &str) -> impl Iterator<Item = (&str, &str)> {
    listing.split_terminator('\0').map(|entry| {
        let (attributes, path) = entry.split_once('\t').unwrap();
        (attributes.split(' ').next().unwrap(), path)
    })
}

/// Returns `true` if Windows rejects the name of a file or a directory.
fn is_rejected(name: &str) -> bool {
    let stem = name.split('.').next().unwrap().to_ascii_lowercase();
    let is_port = stem.len() == 4 && (stem.starts_with("com") || stem.starts_with("lpt"));
    name.contains(['<', '>', ':', '"', '|', '?', '*', '\\'])
        || name.ends_with(['.', ' '])
        || DEVICES.contains(&stem.as_str())
        || (is_port && stem.ends_with(|c: char| c.is_ascii_digit()))
}

/// Returns the files that a checkout on Windows lacks or changes.
fn checkout_problems(listing: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut names = HashMap::new();
    for (mode, path) in files(listing) {
        if mode == LINK {
            problems.push(format!("{path} is a symbolic link"));
        }
        if path.split('/').any(is_rejected) {
            problems.push(format!("{path} is no name on Windows"));
        }
        if let Some(other) = names.insert(path.to_lowercase(), path) {
            problems.push(format!("{path} and {other} differ in case alone"));
        }
    }
    problems
}

#[test]
fn checkout_on_windows_has_every_file() {
    assert_none(&checkout_problems(&git(&["ls-files", "--stage", "-z"])));
}

#[test]
fn checkout_converts_no_line_endings() {
    let all = git(&["ls-files", "-z", "--eol"]);
    let converted = all.split_terminator('\0').map(str::to_owned);
    let problems: Vec<_> = converted
        .filter(|entry| !entry.contains("attr/-text "))
        .collect();
    assert_none(&problems);
}

/// Each package has the license files, which are no links to those of the repository.
#[test]
fn license_files_of_crates_are_equal() {
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let text = read(license);
        for name in crates() {
            assert!(
                read(&format!("{name}/{license}")) == text,
                "{name}/{license}"
            );
        }
    }
}

#[test]
fn link_and_names_that_windows_rejects_are_found() {
    let listing = "120000 1 0\ta/link\x00100644 2 0\ta/Nul.txt\x00100644 3 0\ta b/com1\0\
                   100644 4 0\ta/c:d\x00100644 5 0\tx/../e \x00100644 6 0\tR\x00100755 7 0\tr\0\
                   100644 8 0\tcome/null.con\0";
    assert_eq!(
        checkout_problems(listing),
        [
            "a/link is a symbolic link",
            "a/Nul.txt is no name on Windows",
            "a b/com1 is no name on Windows",
            "a/c:d is no name on Windows",
            "x/../e  is no name on Windows",
            "r and R differ in case alone",
        ]
    );
}
