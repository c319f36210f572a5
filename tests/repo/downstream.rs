//! Crates outside the workspace, made from the code blocks of the README and the guide.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::console::build_programs;
use crate::sources::read;

/// A document, and a heading in it, with the dependencies and the program of a crate below it.
pub(crate) type Section = (&'static str, &'static str);

pub(crate) const USE_IT: Section = ("README.md", "Use it");
const COMMANDS: Section = ("docs/guide/commands.md", "In an application");
const REBUILD: Section = (
    "docs/guide/getting-started.md",
    "Rebuild after a new migration",
);

/// Returns the first code block of a language in a section, without the lines that rustdoc hides.
fn block((path, heading): Section, language: &str) -> String {
    let document = read(path);
    let section = document.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    // A word such as `no_run` can follow the language.
    let rest = section.split(&format!("\n```{language}")).nth(1).unwrap();
    let block = rest.split_once('\n').unwrap().1;
    let block = block.split("\n```").next().unwrap();
    let shown = block.lines().filter(|line| !line.starts_with("# "));
    shown.map(|line| format!("{line}\n")).collect()
}

/// A crate in a directory of its own.
pub(crate) struct Crate(PathBuf);

impl Crate {
    /// Creates a crate with the dependencies and the program of a section.
    pub(crate) fn new(name: &str, section: Section) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(root.join("migrations")).unwrap();
        let workspace = env!("CARGO_MANIFEST_DIR");
        // With the versions of the workspace, cargo does not build a dependency again.
        fs::copy(
            Path::new(workspace).join("Cargo.lock"),
            root.join("Cargo.lock"),
        )
        .unwrap();
        let new = Self(root);
        let renamed = format!("renamed = {{ package = \"revchain\", path = {workspace:?}");
        let dependencies = block(section, "toml")
            .replace("revchain = \"0.1\"", &format!("{renamed} }}"))
            .replace("revchain = { version = \"0.1\"", &renamed);
        assert!(dependencies.contains("renamed"));
        new.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[workspace]\n\n{dependencies}"
            ),
        );
        new.write(
            "src/main.rs",
            &block(section, "rust").replace("revchain::", "renamed::"),
        );
        new.write(
            "migrations/20260113_1200_001_add_app_passwords.sql",
            &block(USE_IT, "sql"),
        );
        new
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// Runs cargo in the crate, and returns `true` on success, and the output.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> (bool, String) {
        self.cargo_with(arguments, None)
    }

    /// Runs cargo, which records queries in a directory.
    fn cargo_with(&self, arguments: &[&str], queries: Option<&Path>) -> (bool, String) {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let result = Command::new(env!("CARGO"))
            .args(arguments)
            .env("CARGO_NET_OFFLINE", "true")
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", target)
            .envs(queries.map(|directory| ("REVCHAIN_QUERIES", directory)))
            .output()
            .unwrap();
        (
            result.status.success(),
            String::from_utf8_lossy(&result.stdout).into_owned()
                + &String::from_utf8_lossy(&result.stderr),
        )
    }

    fn assert_runs(&self) {
        let (success, output) = self.cargo(&["run", "--quiet"]);
        assert!(success && output.contains("0 app passwords"), "{output}");
    }

    fn assert_fails_with(&self, message: &str) {
        let (success, output) = self.cargo(&["run", "--quiet"]);
        assert!(!success && output.contains(message), "{output}");
    }
}

#[test]
fn queries_are_checked_when_migrations_change() {
    let downstream = Crate::new("downstream-queries", USE_IT);
    let query = |text: &str| format!("    let _ = renamed::sql!({text:?});\n");
    let select = query("SELECT user_id FROM app_passwords");
    let delete = query("DELETE FROM app_passwords WHERE user_id = ?1");
    downstream.write(
        "src/main.rs",
        &format!("fn main() {{\n{select}{delete}}}\n"),
    );
    let check = |queries| downstream.cargo_with(&["check", "--quiet"], queries);
    let (success, output) = check(None);
    assert!(success, "{output}");

    let first = "migrations/20260113_1200_001_add_app_passwords.sql";
    let text = block(USE_IT, "sql");
    downstream.write(first, &text.replace("user_id", "owner"));
    let (success, output) = check(None);
    assert!(!success, "{output}");
    assert_eq!(
        output.matches("no such column: user_id").count(),
        2,
        "{output}"
    );
    downstream.write(first, &text);
    let (success, output) = check(None);
    assert!(success, "{output}");

    // The variable makes cargo compile the crate again, and an ordinary build records nothing.
    let directory = downstream.path("queries");
    assert!(!directory.exists());
    let file = "queries/downstream-queries.bin.downstream-queries.jsonl";
    let lines = || downstream.read(file).lines().count();
    assert!(check(Some(&directory)).0);
    assert_eq!(lines(), 2);
    assert!(
        downstream
            .read(file)
            .contains("\"file\":\"src/main.rs\",\"line\":3,")
    );
    // The first expansion removes the queries of the build before.
    downstream.write("src/main.rs", &format!("fn main() {{\n{select}}}\n"));
    assert!(check(Some(&directory)).0);
    assert_eq!(lines(), 1);
    downstream.write("src/main.rs", &format!("fn main() {{\n{delete}}}\n"));
    assert!(check(None).0);
    assert!(downstream.read(file).contains("SELECT user_id"));
}

#[test]
fn readme_crate_is_rebuilt_when_migrations_change() {
    let downstream = Crate::new("downstream", USE_IT);
    downstream.assert_runs();
    assert!(downstream.0.join("app.db").exists());

    // An edited revision no longer matches the history.
    let first = "migrations/20260113_1200_001_add_app_passwords.sql";
    let text = block(USE_IT, "sql");
    downstream.write(first, &text.replace("BLOB NOT NULL", "BLOB"));
    downstream.assert_fails_with("001 was edited after the database had applied it");
    downstream.write(first, &format!("{text}\n-- A comment is no edit.\n"));
    downstream.assert_runs();

    // The build script notices a new file.
    downstream.write("build.rs", &block(REBUILD, "rust"));
    downstream.assert_runs();
    let second = "migrations/20260114_1200_002_add_sessions.sql";
    downstream.write(
        second,
        "-- Add sessions.\n-- @revises 001\n-- @upgrade\nCREATE TABLE sessions (id);\n-- @downgrade\n",
    );
    downstream.assert_fails_with("[empty-section] `@downgrade` is empty");
    downstream.write(
        second,
        "-- Add sessions.\n-- @revises 001\n-- @upgrade\nCREATE TABLE sessions (id);\n\
         -- @downgrade\nDROP TABLE sessions;\n",
    );
    downstream.assert_runs();

    // Without the build script, the macro makes cargo notice a removed file.
    fs::remove_file(downstream.0.join("build.rs")).unwrap();
    downstream.write(
        "src/main.rs",
        &format!("{}\n", downstream.read("src/main.rs")),
    );
    downstream.assert_runs();
    fs::remove_file(downstream.0.join(second)).unwrap();
    downstream.assert_fails_with(
        "the database is newer than this program, whose head is 001; it has\n  002  Add sessions. (",
    );
}

#[test]
fn new_migration_rebuilds_the_crate() {
    let downstream = Crate::new("downstream-lock", COMMANDS);
    let upgrade = || downstream.cargo(&["run", "--quiet", "--", "db", "upgrade"]);
    let (success, output) = upgrade();
    assert!(success, "{output}");
    let mut new = Command::new(build_programs().join("revchain"));
    new.args(["new", "Add sessions"]).current_dir(&downstream.0);
    assert!(new.status().unwrap().success());
    let (success, output) = upgrade();
    assert!(
        !success && output.contains("[empty-section]"),
        "the build includes the new file: {output}"
    );
}

#[test]
fn commands_and_a_second_chain_work() {
    let downstream = Crate::new("downstream-cli", COMMANDS);
    let (success, output) = downstream.cargo(&["run", "--quiet", "--", "db", "upgrade"]);
    assert!(
        success && output.contains("app.db: new database at 001"),
        "{output}"
    );

    // The macro works in a crate that has another name for revchain.
    let migration = block(USE_IT, "sql").replace("app_passwords", "invoices");
    for directory in ["billing", "examples"] {
        fs::create_dir(downstream.0.join(directory)).unwrap();
    }
    downstream.write("billing/20260113_1200_001_add_invoices.sql", &migration);
    let program = "use renamed::{Migrations, embed_migrations};
static MIGRATIONS: Migrations = embed_migrations!();
static BILLING: Migrations = embed_migrations!(\"billing\", name = \"billing\");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut db = MIGRATIONS.open(\"app.db\")?;
    println!(\"{}\", BILLING.upgrade(&mut db)?);
    Ok(())
}
";
    downstream.write("examples/several.rs", program);
    let (success, output) = downstream.cargo(&["run", "--quiet", "--example", "several"]);
    assert!(success && output.contains("at 001"), "{output}");
}
