//! Rules of the repository that nobody should have to remember.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use revchain::Code;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

const MEMBERS: [&str; 4] = ["core", "runtime", "macros", "cli"];

/// The lines of a manifest's table, without comments.
fn table(manifest: &str, name: &str) -> Vec<String> {
    let text = read(manifest);
    let lines = text.lines().skip_while(|line| *line != format!("[{name}]")).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn depends(member: &str) -> Vec<String> {
    let names = table(&format!("{member}/Cargo.toml"), "dependencies");
    names.iter().filter_map(|line| line.split(['.', ' ']).next()).map(str::to_owned).collect()
}

#[test]
fn dependencies_point_one_way() {
    let ours = |member: &str| -> Vec<String> {
        depends(member)
            .into_iter()
            .filter_map(|name| name.strip_prefix("revchain-").map(str::to_owned))
            .collect()
    };
    assert_eq!(ours("core"), Vec::<String>::new());
    assert_eq!(ours("runtime"), ["core"]);
    assert_eq!(ours("macros"), ["core", "runtime"]);
    assert_eq!(ours("cli"), ["core", "runtime"]);
    assert_eq!(depends("core"), ["sha2", "strsim"], "core is pure");
    // Without the proof, neither SQLite nor C is built for the host.
    let runtime = "revchain-runtime = { workspace = true, optional = true }".to_owned();
    assert!(table("macros/Cargo.toml", "dependencies").contains(&runtime));
    let features = table("macros/Cargo.toml", "features");
    assert_eq!(features, ["prove = [\"dep:revchain-runtime\"]", "bundled = [\"revchain-runtime?/bundled\"]"]);
}

#[test]
fn every_dependency_says_why_it_is_there() {
    for manifest in
        MEMBERS.map(|member| format!("{member}/Cargo.toml")).iter().chain(&["Cargo.toml".to_owned()])
    {
        let text = read(manifest);
        let mut explained = false;
        let mut in_dependencies = false;
        for line in text.lines() {
            if line.starts_with('[') {
                in_dependencies = line == "[dependencies]" || line == "[dev-dependencies]";
                explained = false;
            } else if line.starts_with('#') {
                explained = true;
            } else if in_dependencies && !line.is_empty() && !line.starts_with("revchain") {
                // One comment may speak for the lines that follow it.
                assert!(explained, "{manifest}: {line}");
            }
        }
    }
}

#[test]
fn versions_are_in_step() {
    let version = env!("CARGO_PKG_VERSION");
    for member in MEMBERS {
        let own = format!("revchain-{member} = {{ path = \"{member}\", version = \"={version}\"");
        assert!(read("Cargo.toml").contains(&own), "{member}");
    }
    assert!(read("CHANGELOG.md").contains(&format!("\n## {version} ")));
    let minor = version.rsplit_once('.').unwrap().0;
    assert!(read("README.md").contains(&format!("\nrevchain = \"{minor}\"\n")));
}

#[test]
fn the_readme_says_what_is_so() {
    let readme = read("README.md");
    let test_command = readme.lines().find_map(|line| line.strip_prefix("$ cargo test ")).unwrap();
    let test_command = format!("cargo test {}", test_command.split('#').next().unwrap().trim());
    assert!(
        read(".ci/run").lines().any(|line| line == test_command),
        "CI runs exactly the README's test command"
    );
    assert_eq!(Code::ALL.len(), 46, "the README says how many kinds of defects there are");
    assert!(readme.contains("forty-six kinds"));
    let toml = read("Cargo.toml");
    assert!(toml.contains("version = \">=0.32, <0.44\"") && readme.contains("any version from 0.32 to 0.43"));
    assert!(toml.contains("rust-version = \"1.85\"") && readme.contains("With Rust (1.85 or newer)"));
    for path in readme.split('`').filter(|text| text.starts_with("tests/") || text.starts_with("cli/")) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "{path}");
    }
    // The compile errors that it shows are ones that are tested.
    let shown: Vec<_> = readme.split("```text\nerror: [").skip(1).collect();
    assert!(shown.len() >= 4);
    for block in shown {
        let code = block.split(']').next().unwrap();
        let block = block.split("\n```").next().unwrap().split("\n --> ").next().unwrap();
        let tested =
            read(&format!("tests/ui/{code}.stderr")).replace(&format!("chains/{code}/"), "migrations/");
        assert!(tested.contains(block), "{block}");
    }
}

#[test]
fn each_promise_names_a_test_that_is_there() {
    let mut tests = 0;
    for row in read("SECURITY.md").lines().filter(|line| line.starts_with("| ") && line.contains(".rs`")) {
        let mut file = String::new();
        // What stands in backticks is a file, or a test in the one before it.
        for named in
            row.split('`').skip(1).step_by(2).filter(|named| named.contains('_') || named.ends_with(".rs"))
        {
            if named.ends_with(".rs") {
                file = read(named);
            } else {
                assert!(file.contains(&format!("fn {named}()")), "{named}");
                tests += 1;
            }
        }
        assert!(!file.is_empty(), "{row}");
    }
    assert!(tests > 20, "{tests}");
}

#[test]
fn the_map_names_every_file_of_core_and_runtime() {
    let map = read("ARCHITECTURE.md");
    for member in ["core", "runtime", "cli"] {
        for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(member).join("src")) {
            let name = file.file_stem().unwrap().to_str().unwrap();
            let known = matches!(name, "lib" | "main")
                || map.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
            assert!(known, "ARCHITECTURE.md does not name {}", file.display());
        }
    }
}

#[test]
fn nothing_needs_a_newer_rust_than_we_say() {
    // Chains of `if let` came with 1.88, and clippy does not watch syntax.
    for member in MEMBERS {
        for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(member).join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            assert!(!text.contains("&& let ") && !text.contains("|| let "), "{}", file.display());
        }
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect()
}
