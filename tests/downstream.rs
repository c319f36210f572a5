//! A crate outside the workspace, made from the README alone: what a newcomer would do, and then live with.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const README: &str = include_str!("../README.md");

/// The first block of that language after a heading.
fn block(heading: &str, language: &str) -> String {
    let section = README.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let block = section.split(&format!("\n```{language}\n")).nth(1).unwrap();
    block.split("\n```").next().unwrap().to_owned() + "\n"
}

struct Crate(PathBuf);

impl Crate {
    /// A crate whose dependencies, and whose program, are the blocks of the README after `heading`.
    fn new(name: &str, heading: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(root.join("migrations")).unwrap();
        let workspace = env!("CARGO_MANIFEST_DIR");
        // The same versions as here, so that nothing is fetched and nothing built twice.
        fs::copy(Path::new(workspace).join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
        let new = Self(root);
        let renamed = format!("renamed = {{ package = \"revchain\", path = {workspace:?}");
        let dependencies = block(heading, "toml")
            .replace("revchain = \"0.1\"", &format!("{renamed} }}"))
            .replace("revchain = { version = \"0.1\"", &renamed);
        assert!(dependencies.contains("renamed"));
        new.write(
            "Cargo.toml",
            &format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[workspace]\n\n{dependencies}"),
        );
        new.write("src/main.rs", &block(heading, "rust").replace("revchain::", "renamed::"));
        new.write("migrations/20260113_1200_001_add_app_passwords.sql", &block("Use it", "sql"));
        new
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// Runs cargo on it: whether that went well, and all that was said.
    fn cargo(&self, arguments: &[&str]) -> (bool, String) {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .env("CARGO_NET_OFFLINE", "true")
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", target)
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    }

    fn works(&self) {
        let (success, said) = self.cargo(&["run", "--quiet"]);
        assert!(success && said.contains("0 app passwords"), "{said}");
    }

    fn fails_with(&self, what: &str) {
        let (success, said) = self.cargo(&["run", "--quiet"]);
        assert!(!success && said.contains(what), "{said}");
    }
}

#[test]
fn the_readmes_crate_works_and_is_rebuilt_when_its_migrations_change() {
    let downstream = Crate::new("downstream", "Use it");
    downstream.works();
    assert!(downstream.0.join("app.db").exists());

    // An edit: the program knows that the database has the revision as it was.
    let first = "migrations/20260113_1200_001_add_app_passwords.sql";
    let text = block("Use it", "sql");
    downstream.write(first, &text.replace("BLOB NOT NULL", "BLOB"));
    downstream.fails_with("001 was edited after the database had applied it");
    downstream.write(first, &format!("{text}\n-- A comment is no edit.\n"));
    downstream.works();

    // A new file, with the build script.
    let script = README.split("```rust\n").find(|block| block.contains("rerun-if-changed")).unwrap();
    downstream.write("build.rs", script.split("```").next().unwrap());
    downstream.works();
    let second = "migrations/20260114_1200_002_add_sessions.sql";
    downstream.write(
        second,
        "-- Add sessions.\n-- @revises 001\n-- @upgrade\nCREATE TABLE sessions (id);\n-- @downgrade\n",
    );
    downstream.fails_with("[empty-section] `@downgrade` is empty");
    downstream.write(second, "-- Add sessions.\n-- @revises 001\n-- @upgrade\nCREATE TABLE sessions (id);\n-- @downgrade\nDROP TABLE sessions;\n");
    downstream.works();

    // A removal, without the build script: the macro itself has cargo notice.
    fs::remove_file(downstream.0.join("build.rs")).unwrap();
    downstream.write("src/main.rs", &format!("{}\n", downstream.read("src/main.rs")));
    downstream.works();
    fs::remove_file(downstream.0.join(second)).unwrap();
    downstream.fails_with(
        "the database is ahead of this program, whose head is 001: it also has\n  002  Add sessions. (",
    );
}

#[test]
fn with_a_lock_migrate_alone_rebuilds_the_crate() {
    let downstream = Crate::new("downstream-lock", "The commands");
    let db = |arguments: &[&str]| downstream.cargo(&[&["run", "--quiet", "--", "db"], arguments].concat());
    let (success, said) = db(&["lock"]);
    assert!(success && said.contains("1 locked up to 001"), "{said}");
    let (success, said) = db(&["migrate", "Add sessions"]);
    assert!(success && said.contains("_002_add_sessions.sql"), "{said}");
    let (success, said) = db(&["upgrade"]);
    assert!(!success && said.contains("[empty-section]"), "the new file is in the build: {said}");
}

#[test]
fn the_readmes_commands_and_options_work_as_they_stand() {
    let downstream = Crate::new("downstream-cli", "The commands");
    let (success, said) = downstream.cargo(&["run", "--quiet", "--", "db", "upgrade"]);
    assert!(success && said.contains("app.db: new database at 001"), "{said}");

    let wrap = |body: &str| {
        let head = "use renamed::{Migrations, embed_migrations};\nstatic MIGRATIONS: Migrations = embed_migrations!();\n";
        format!("{head}{}", body.replace("revchain::", "renamed::"))
    };
    let options = block("What happens to which database", "rust");
    let main =
        |body: &str| format!("fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{body}\nOk(())\n}}\n");
    fs::create_dir(downstream.0.join("examples")).unwrap();
    downstream.write("examples/options.rs", &wrap(&main(&options)));
    // A test with a database of its own.
    fs::create_dir(downstream.0.join("tests")).unwrap();
    downstream.write("tests/fresh.rs", &wrap(&block("A fresh database for each test", "rust")));
    // A chain with a name beside the one without.
    fs::create_dir(downstream.0.join("billing")).unwrap();
    let migration = block("Use it", "sql").replace("app_passwords", "invoices");
    downstream.write("billing/20260113_1200_001_add_invoices.sql", &migration);
    let backup = main(&block("Backups", "rust"));
    downstream.write("examples/backup.rs", &wrap(&backup));
    let several = main(&block("Several chains in one file", "rust"));
    downstream
        .write("examples/several.rs", &format!("use renamed::{{Migrations, embed_migrations}};\n{several}"));
    let (success, said) = downstream.cargo(&["test", "--quiet"]);
    assert!(success && said.contains("1 passed"), "{said}");
    let (success, said) = downstream.cargo(&["run", "--quiet", "--example", "several"]);
    assert!(success, "{said}");
}
