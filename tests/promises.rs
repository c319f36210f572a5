//! Whether the tests that SECURITY.md names can fail: each promise is taken out of the code, and one of its tests must miss it.
//!
//! `cargo test --test promises -- --ignored --nocapture` does so, in a copy of the tree, which takes a while; every test run sees that there is
//! something to take out for each promise, and that it is still there.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A way not to keep a promise.
struct Breach {
    /// What the promise begins with.
    promise: &'static str,
    file: &'static str,
    /// What is there, once.
    kept: &'static str,
    /// What is put in its place.
    broken: &'static str,
    /// Those of the tests that miss it: what cargo takes to run them, and their names.
    missed_by: &'static [(&'static str, &'static [&'static str])],
}

const STEP_BY_STEP: (&str, &str, &str) = (
    "runtime/src/engine.rs",
    "report.applied.push(Applied { revision: revision.id().to_owned(), duration });",
    "report.applied.push(Applied { revision: revision.id().to_owned(), duration });\n let _ = transaction.execute_batch(\"COMMIT; BEGIN\");",
);

const BREACHES: &[Breach] = &[
    // Each revision is committed by itself.
    Breach {
        promise: "Whatever call of the system fails",
        file: STEP_BY_STEP.0,
        kept: STEP_BY_STEP.1,
        broken: STEP_BY_STEP.2,
        missed_by: &[("-p revchain-faults --test faults", &["three_pending_revisions"])],
    },
    // What SQLite was doing is told, and not that memory was out.
    Breach {
        promise: "The same whatever allocation",
        file: "runtime/src/error.rs",
        kept: "if error.sqlite_error_code() == Some(ErrorCode::OutOfMemory) {",
        broken: "if error.sqlite_error_code().is_some_and(|_| false) {",
        missed_by: &[("-p revchain-faults --test memory", &["a_backup_before_them"])],
    },
    // An error over which SQLite has rolled back is let go.
    Breach {
        promise: "The same whatever allocation",
        file: "runtime/src/marker.rs",
        kept: "        Err(error) if transaction.is_autocommit() => return Err(error),\n",
        broken: "",
        missed_by: &[(
            "-p revchain-faults --test memory_piece_by_piece",
            &["three_pending_revisions_of_a_chain_with_a_name"],
        )],
    },
    // A text that has no zero at its end.
    Breach {
        promise: "The same whatever allocation",
        file: "runtime/src/schema.rs",
        kept: "char(0)) || '', '')",
        broken: "char(0)), '')",
        missed_by: &[("-p revchain-faults --test memory_piece_by_piece", &["three_pending_revisions"])],
    },
    Breach {
        promise: "The same for processes killed",
        file: STEP_BY_STEP.0,
        kept: STEP_BY_STEP.1,
        broken: STEP_BY_STEP.2,
        missed_by: &[(
            "-p revchain --test crowd",
            &["a_killed_upgrade_leaves_the_old_head_or_the_new_one_and_the_next_finishes_it"],
        )],
    },
    // The file is written under its own name.
    Breach {
        promise: "A new file is there whole",
        file: "runtime/src/image.rs",
        kept: "    let new = beside(NEW);",
        broken: "    let new = path.to_path_buf();",
        missed_by: &[(
            "-p revchain --test crowd",
            &["a_process_that_is_killed_while_it_lays_down_a_file_leaves_all_of_it_or_nothing"],
        )],
    },
    Breach {
        promise: "A new file is there whole",
        file: "runtime/src/image.rs",
        kept: "fs::hard_link(&new, path).is_ok()",
        broken: "fs::rename(&new, path).is_ok()",
        missed_by: &[("-p revchain --test corners", &["a_file_that_comes_to_be_there_is_not_replaced"])],
    },
    // What stands in the way is taken for the beginning of a copy.
    Breach {
        promise: "A new file is there whole",
        file: "runtime/src/image.rs",
        kept: "return is_begun(&new, reader).then_some(Created::Begun(new));",
        broken: "return Some(Created::Begun(new));",
        missed_by: &[("-p revchain --test corners", &["a_file_that_is_none_of_ours_is_not_removed"])],
    },
    // Nobody waits.
    Breach {
        promise: "Of many processes or threads",
        file: "runtime/src/connection.rs",
        kept: "Err(error) if is_busy(&error) => {",
        broken: "Err(error) if is_busy(&error) && timeout.is_zero() => {",
        missed_by: &[(
            "-p revchain --test crowd",
            &[
                "sixty_four_processes_at_one_file_apply_each_revision_once_and_wait_for_who_writes",
                "sixty_four_threads_do_as_well",
            ],
        )],
    },
    Breach {
        promise: "Nobody waits for longer",
        file: "runtime/src/connection.rs",
        kept: "if waited >= timeout {",
        broken: "if waited >= timeout * 3 {",
        missed_by: &[("-p revchain --test crowd", &["the_wait_for_the_lock_ends_at_its_timeout"])],
    },
    Breach {
        promise: "Nobody waits for longer",
        file: "runtime/src/error.rs",
        kept: "Self::Locked { waited, holders: holders(Path::new(path)) }",
        broken: "let _ = holders(Path::new(path)); Self::Locked { waited, holders: Vec::new() }",
        missed_by: &[(
            "-p revchain --test crowd",
            &["the_error_says_who_holds_the_database_and_for_how_long_it_was_waited"],
        )],
    },
    Breach {
        promise: "While an upgrade runs, others read",
        file: "runtime/src/engine.rs",
        kept: "Transaction::new_unchecked(connection, TransactionBehavior::Immediate)",
        broken: "Transaction::new_unchecked(connection, TransactionBehavior::Exclusive)",
        missed_by: &[(
            "-p revchain --test crowd",
            &["while_an_upgrade_runs_others_read_what_was_there_before"],
        )],
    },
    // What ran before the error is kept.
    Breach {
        promise: "A statement that fails changes nothing",
        file: "runtime/src/engine.rs",
        kept: "    result.map_err(|error| as_read_only(error, options, Some(&plan)))?;",
        broken: "    if result.is_err() { let _ = transaction.execute_batch(\"COMMIT\"); }\n    result.map_err(|error| as_read_only(error, options, Some(&plan)))?;",
        missed_by: &[(
            "-p revchain --test atomic",
            &["a_failing_statement_leaves_the_database_byte_for_byte_as_it_was"],
        )],
    },
    // Foreign keys are enforced while a table is rebuilt.
    Breach {
        promise: "A table is rebuilt without losing",
        file: "runtime/src/connection.rs",
        kept: "connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;",
        broken: "",
        missed_by: &[("-p revchain --test atomic", &["a_table_rebuild_keeps_the_children"])],
    },
    Breach {
        promise: "No migration leaves a row",
        file: "runtime/src/engine.rs",
        kept: "        if count > 0 {",
        broken: "        if count > 1_000_000 {",
        missed_by: &[(
            "-p revchain --test atomic",
            &["rows_that_pointed_at_nothing_before_may_stay_if_the_options_say_so_and_no_others"],
        )],
    },
    Breach {
        promise: "A connection leaves with the settings",
        file: "runtime/src/connection.rs",
        kept: "let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, self.were_on);",
        broken: "let _ = self.were_on;",
        missed_by: &[(
            "-p revchain --test atomic",
            &[
                "the_settings_of_a_connection_are_put_back",
                "foreign_keys_are_put_back_also_where_no_statement_can_run",
            ],
        )],
    },
    Breach {
        promise: "What only looks never writes",
        file: "runtime/src/options.rs",
        kept: "let read = patience.retry(|| connection::read(connection, &query));",
        broken: "let _ = connection.execute_batch(\"PRAGMA application_id = 9\");\n let read = patience.retry(|| connection::read(connection, &query));",
        missed_by: &[("-p revchain --test upgrade", &["what_only_looks_never_writes"])],
    },
    Breach {
        promise: "What only looks never writes",
        file: "cli/src/database.rs",
        kept: "    if !exists(path) {\n        return Ok(None);\n    }",
        broken: "    if !exists(path) {\n        let _ = Connection::open(literal(path)).and_then(|db| db.execute_batch(\"PRAGMA user_version = 1\"));\n    }",
        missed_by: &[("-p revchain-cli --test cli", &["commands_that_only_look_make_no_file"])],
    },
    // Every revision has the same marker.
    Breach {
        promise: "No pending revision is skipped",
        file: "core/src/marker.rs",
        kept: "        let base = base(self.revisions().get(place)?, self.window?);",
        broken: "        let base = base(self.revisions().first()?, self.window?);",
        missed_by: &[("-p revchain --test marker", &["a_pending_revision_is_never_skipped"])],
    },
    // The marker holds whatever has become of the schema.
    Breach {
        promise: "No pending revision is skipped",
        file: "core/src/marker.rs",
        kept: "base.wrapping_add(u32::from_ne_bytes(schema_version.to_ne_bytes()))",
        broken: "base.wrapping_add(0 * u32::from_ne_bytes(schema_version.to_ne_bytes()))",
        missed_by: &[("-p revchain --test marker", &["each_change_of_the_schema_from_outside_is_noticed"])],
    },
    // Whatever is not known is compatible.
    Breach {
        promise: "A database that is ahead of the program",
        file: "core/src/plan.rs",
        kept: "self.is_related() && self.newer.iter().all(|newer| newer.is_compatible)",
        broken: "self.newer.len() < 1000",
        missed_by: &[
            (
                "-p revchain --test upgrade",
                &[
                    "a_newer_database_is_refused_and_left_alone",
                    "the_database_of_another_chain_is_told_apart_from_a_newer_one",
                ],
            ),
            ("-p revchain --test ahead", &["one_revision_that_is_not_compatible_is_enough_to_refuse"]),
        ],
    },
    Breach {
        promise: "A database that is ahead of the program",
        file: "core/src/plan.rs",
        kept: "self.is_related() && policy.on_ahead == OnAhead::Downgrade",
        broken: "self.is_related() && policy.on_ahead != OnAhead::Refuse || self.is_related()",
        missed_by: &[(
            "-p revchain --test ahead",
            &["nothing_newer_is_taken_back_unless_the_options_say_so_and_a_downgrade_is_asked_for"],
        )],
    },
    Breach {
        promise: "What a database keeps to be taken back",
        file: "core/src/newer.rs",
        kept: "if !checksum::is_hex_of(&self.checksum, &sum) {",
        broken: "if self.checksum.is_empty() {",
        missed_by: &[("-p revchain --test ahead", &["what_is_not_as_it_was_stamped_is_not_run"])],
    },
    Breach {
        promise: "What a database keeps to be taken back",
        file: "runtime/src/engine.rs",
        kept: "plan.to.filter(|_| plan.runs_sql()",
        broken: "plan.to.filter(|_| plan.upgrades().next().is_some()",
        missed_by: &[(
            "-p revchain --test ahead",
            &["what_a_downgrade_leaves_must_be_the_schema_that_the_older_program_has"],
        )],
    },
    Breach {
        promise: "What a database keeps to be taken back",
        file: "runtime/src/engine.rs",
        kept: ".during(transaction, run)",
        broken: ".during(transaction, || ()).map(|()| run())",
        missed_by: &[(
            "-p revchain-runtime --test distrust",
            &["an_enemy_reaches_nothing_but_the_tables_of_that_database"],
        )],
    },
    Breach {
        promise: "A newer database is opened by an older program",
        file: "core/src/plan.rs",
        kept: "self.newer.iter().all(|newer| newer.is_compatible)",
        broken: "self.newer.iter().take(1).all(|newer| newer.is_compatible)",
        missed_by: &[(
            "-p revchain --test ahead",
            &["one_revision_that_is_not_compatible_is_enough_to_refuse"],
        )],
    },
    Breach {
        promise: "A newer database is opened by an older program",
        file: "core/src/schema/diff.rs",
        kept: "self.lines.iter().filter(|line| line.breaks)",
        broken: "self.lines.iter().filter(|line| line.breaks && line.text.is_empty())",
        missed_by: &[(
            "-p revchain-runtime --test prove",
            &[
                "what_older_programs_fail_on_is_not_compatible",
                "what_older_programs_would_have_to_give_is_not_compatible",
            ],
        )],
    },
    Breach {
        promise: "A revision that was edited",
        file: "core/src/plan.rs",
        kept: "        if !self.edited.is_empty() {",
        broken: "        if self.edited.len() > 1000 {",
        missed_by: &[(
            "-p revchain --test upgrade",
            &["a_revision_edited_after_it_was_applied_is_refused_but_a_comment_is_no_edit"],
        )],
    },
    Breach {
        promise: "Where a backup is asked for",
        file: "runtime/src/engine.rs",
        kept: "(backups.make)(backups, connection, options.migrations, revision)?;",
        broken: "(backups.make)(backups, connection, options.migrations, revision).unwrap_or(None);",
        missed_by: &[("-p revchain --test backup", &["where_no_backup_can_be_made_nothing_is_run"])],
    },
    Breach {
        promise: "Where a backup is asked for",
        file: "runtime/src/backup.rs",
        kept: "fs::set_permissions(new, file.permissions())",
        broken: "fs::set_permissions(new, { let _ = file; fs::metadata(new)?.permissions() })",
        missed_by: &[("-p revchain --test backup", &["a_backup_is_as_closed_to_others_as_the_database"])],
    },
    Breach {
        promise: "Where a backup is asked for",
        file: "runtime/src/backup.rs",
        kept: "    if check != \"ok\" {",
        broken: "    if check.is_empty() {",
        missed_by: &[("-p revchain --test backup", &["what_is_no_backup_of_this_program_is_not_put_back"])],
    },
    Breach {
        promise: "What a database, a file name or a migration says",
        file: "core/src/snippet.rs",
        kept: "        if is_unseen(c) {",
        broken: "        if is_unseen(c) && c == '\\0' {",
        missed_by: &[
            ("-p revchain --test upgrade", &["no_name_in_a_database_steers_the_terminal"]),
            (
                "-p revchain-cli --test cli",
                &["no_summary_steers_the_terminal", "no_name_in_a_directory_steers_the_terminal"],
            ),
            ("-p revchain-core --test hostile", &["nothing_in_a_directory_steers_the_terminal"]),
            ("-p revchain-runtime --test prove", &["nothing_that_the_proof_tells_steers_the_terminal"]),
        ],
    },
    Breach {
        promise: "A directory from an enemy",
        file: "core/src/source.rs",
        kept: "LARGEST_OF_ALL: u64 = 256 << 20;",
        broken: "LARGEST_OF_ALL: u64 = 1 << 40;",
        missed_by: &[(
            "-p revchain-core --test hostile",
            &["files_that_are_too_large_are_not_read_nor_more_than_so_much_of_all"],
        )],
    },
    Breach {
        promise: "A directory from an enemy",
        file: "core/src/source.rs",
        kept: "    let is_known = lossy == lock::FILE_NAME",
        broken: "    let is_known = lossy.ends_with(\".txt\") || lossy == lock::FILE_NAME",
        missed_by: &[("-p revchain-core --test hostile", &["what_is_no_file_is_told_and_not_waited_for"])],
    },
    Breach {
        promise: "A directory from an enemy",
        file: "core/src/defect.rs",
        kept: "MOST_OF_A_KIND: usize = 100;",
        broken: "MOST_OF_A_KIND: usize = 100_000;",
        missed_by: &[(
            "-p revchain-core --test hostile",
            &["of_each_kind_of_defect_a_hundred_are_told_and_the_others_counted"],
        )],
    },
    // A comment is part of what a file means.
    Breach {
        promise: "A directory from an enemy",
        file: "core/src/checksum.rs",
        kept: "            .filter(|token| !token.is_comment())\n",
        broken: "",
        missed_by: &[(
            "-p revchain --test fuzz",
            &["any_files_are_a_chain_or_have_a_defect_and_mean_the_same_however_they_are_set"],
        )],
    },
];

/// The rows of the table: the promise, and the names of the files and tests that hold it.
fn promises() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(Path::new(ROOT).join("SECURITY.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains(".rs`"));
    rows.map(|row| {
        let (promise, held_by) = row[2..].rsplit_once(" | ").unwrap();
        (promise.to_owned(), held_by.split('`').skip(1).step_by(2).map(str::to_owned).collect())
    })
    .collect()
}

#[test]
fn each_promise_can_be_taken_out() {
    for (promise, held_by) in promises() {
        let breaches: Vec<_> = BREACHES.iter().filter(|breach| promise.starts_with(breach.promise)).collect();
        for name in held_by {
            let is_missed = |breach: &&Breach| {
                breach.missed_by.iter().any(|(arguments, tests)| match name.strip_suffix(".rs") {
                    Some(file) => arguments.ends_with(&format!(" {}", file.rsplit('/').next().unwrap())),
                    None => tests.contains(&name.as_str()),
                })
            };
            assert!(breaches.iter().any(is_missed), "nothing is taken out that {name} would miss: {promise}");
        }
    }
    for breach in BREACHES {
        assert!(
            promises().iter().any(|(promise, _)| promise.starts_with(breach.promise)),
            "{}",
            breach.promise
        );
        let text = fs::read_to_string(Path::new(ROOT).join(breach.file)).unwrap();
        assert_eq!(text.matches(breach.kept).count(), 1, "{}: {}", breach.file, breach.kept);
    }
}

#[test]
#[ignore = "it builds and tests everything once for each promise"]
fn what_is_taken_out_is_missed() {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("promises");
    copy_tree(&copy);
    let mut survivors = Vec::new();
    for breach in BREACHES {
        let file = copy.join(breach.file);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen(breach.kept, breach.broken, 1)).unwrap();
        for (arguments, tests) in breach.missed_by {
            let said = test(&copy, arguments, tests);
            assert!(!said.contains("could not compile"), "{}: {said}", breach.broken);
            for name in *tests {
                // It may stand in a module.
                let is_missed = said.contains(&format!("{name} ... FAILED"));
                println!(
                    "{}: {name} {}",
                    breach.promise,
                    if is_missed { "misses it" } else { "MISSES NOTHING" }
                );
                if !is_missed {
                    survivors.push(format!("{name}: {}", breach.broken));
                }
            }
        }
        fs::write(&file, text).unwrap();
    }
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
}

fn copy_tree(to: &Path) {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(ROOT).output().unwrap();
    let _ = fs::remove_dir_all(to);
    for name in String::from_utf8(listed.stdout).unwrap().split_terminator('\0') {
        let (from, to): (PathBuf, PathBuf) = (Path::new(ROOT).join(name), to.join(name));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        match fs::read_link(&from) {
            #[cfg(unix)]
            Ok(target) => std::os::unix::fs::symlink(target, to).unwrap(),
            _ => drop(fs::copy(from, to).unwrap()),
        }
    }
}

/// What cargo says of these tests, run to their end.
fn test(tree: &Path, arguments: &str, tests: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .arg("test")
        .args(arguments.split(' '))
        .args(["--all-features", "--"])
        .args(tests)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("promises-target"))
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
