//! `Cargo.toml`: the order of the crates, and the reasons for dependencies.

use crate::sources::{assert_none, crates, read};

/// The crates that each crate may depend on. Applications do not depend on `prove`.
const ALLOWED: [(&str, &[&str]); 6] = [
    ("core", &[]),
    ("runtime", &["core"]),
    ("prove", &["core", "runtime"]),
    ("macros", &["core", "runtime", "prove"]),
    ("cli", &["core", "runtime", "prove"]),
    ("revchain", &["core", "runtime", "prove", "macros", "cli"]),
];

fn manifest(name: &str) -> String {
    match name {
        "revchain" => read("Cargo.toml"),
        _ => read(&format!("{name}/Cargo.toml")),
    }
}

fn packages() -> impl Iterator<Item = &'static str> {
    crates().chain(["revchain"])
}

/// Returns the lines of a table, without comments.
fn table<'m>(manifest: &'m str, name: &str) -> Vec<&'m str> {
    let header = format!("[{name}]");
    let lines = manifest.lines().skip_while(|line| *line != header).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Returns the names of the normal dependencies.
fn dependencies(manifest: &str) -> Vec<&str> {
    let lines = table(manifest, "dependencies").into_iter();
    lines
        .filter_map(|line| line.split(['.', ' ']).next())
        .collect()
}

/// Returns the dependencies on crates of the workspace that break their order.
fn order_problems(name: &str, manifest: &str) -> Vec<String> {
    let allowed = ALLOWED.iter().find(|(package, _)| *package == name);
    let allowed = allowed.map_or(&[][..], |(_, allowed)| allowed);
    dependencies(manifest)
        .iter()
        .filter(|dependency| dependency.starts_with("revchain"))
        .map(|dependency| dependency.strip_prefix("revchain-").unwrap_or(dependency))
        .filter(|dependency| !allowed.contains(dependency))
        .map(|dependency| format!("{name} depends on {dependency}"))
        .collect()
}

/// Returns the dependencies that no comment explains.
fn unexplained_dependencies(name: &str, manifest: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut is_explained = false;
    let mut is_in_dependencies = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_in_dependencies = line == "[dependencies]" || line == "[dev-dependencies]";
            is_explained = false;
        } else if line.starts_with('#') {
            // A comment may explain several lines.
            is_explained = true;
        } else if is_in_dependencies
            && !is_explained
            && !line.is_empty()
            && !line.starts_with("revchain")
        {
            problems.push(format!("{name}: {line}"));
        }
    }
    problems
}

#[test]
fn crates_depend_on_each_other_in_order() {
    let problems: Vec<_> = packages()
        .flat_map(|name| order_problems(name, &manifest(name)))
        .collect();
    assert_none(&problems);
}

#[test]
fn core_has_no_dependency_for_input_or_output() {
    assert_eq!(
        dependencies(&manifest("core")),
        ["lz4_flex", "sha2", "strsim"]
    );
}

/// Without the proof, the build compiles neither SQLite nor C for the host.
#[test]
fn macros_need_sqlite_for_the_proof_only() {
    let manifest = manifest("macros");
    for line in table(&manifest, "dependencies") {
        let is_optional = line.contains("optional = true");
        let needs_sqlite = line.starts_with("revchain-") && !line.starts_with("revchain-core");
        assert_eq!(is_optional, needs_sqlite, "{line}");
    }
    let features = table(&manifest, "features");
    let [prove, bundled] = features.as_slice() else {
        panic!("{features:?}")
    };
    assert!(prove.starts_with("prove = [\"dep:revchain-"), "{prove}");
    assert!(bundled.starts_with("bundled = [\"revchain-"), "{bundled}");
    assert!(bundled.ends_with("?/bundled\"]"), "{bundled}");
}

#[test]
fn every_dependency_has_a_reason() {
    let problems: Vec<_> = packages()
        .flat_map(|name| unexplained_dependencies(name, &manifest(name)))
        .collect();
    assert_none(&problems);
}

#[test]
fn versions_are_in_step() {
    let version = env!("CARGO_PKG_VERSION");
    for name in crates() {
        let own = format!("revchain-{name} = {{ path = \"{name}\", version = \"={version}\"");
        assert!(read("Cargo.toml").contains(&own), "{name}");
    }
    assert!(read("CHANGELOG.md").contains(&format!("\n## {version} ")));
    let minor = version.rsplit_once('.').unwrap().0;
    assert!(read("README.md").contains(&format!("\nrevchain = \"{minor}\"\n")));
}

#[test]
fn wrong_order_is_found() {
    let manifest = "[dependencies]\n# revchain-cli\nrevchain-core.workspace = true\n\
                    revchain-prove = { workspace = true }\n[dev-dependencies]\nrevchain-cli = \"1\"";
    assert_eq!(
        order_problems("runtime", manifest),
        ["runtime depends on prove"]
    );
    assert_eq!(order_problems("cli", manifest), [""; 0]);
    assert_eq!(order_problems("core", manifest).len(), 2);
}

#[test]
fn unexplained_dependency_is_found() {
    let manifest = "[dependencies]\nrevchain = \"1\"\na = \"1\"\n# Reason.\nb = \"1\"\nc = \"1\"";
    assert_eq!(unexplained_dependencies("x", manifest), ["x: a = \"1\""]);
}
