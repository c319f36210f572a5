//! Statements on parents whose foreign keys changed child rows at the tool.
//!
//! revchain does not enforce foreign keys while a migration runs, so SQLite runs no actions such as
//! `ON DELETE CASCADE`.

use std::fmt;

use revchain_core::schema::quote;
use revchain_core::sql::change::{Change, Effect, effect};
use revchain_core::sql::tokenizer::{Token, statements, tokens};
use revchain_runtime::internal::ProofSettings;
use revchain_runtime::rusqlite::{Connection, Result as SqliteResult};
use serde_json::{Value, json};

use super::clean::excerpt;
use super::draft::Draft;
use super::migration::{Migration, Upgrade};

/// A statement on a parent whose foreign keys changed child rows at the tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cascade {
    pub(crate) revision: String,
    /// The file of the migration, and the line of the statement.
    pub(crate) place: Place,
    /// The start of the statement on the parent.
    pub(crate) statement: String,
    pub(crate) effect: OnChildren,
}

/// The place of a statement in the files of the tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: String,
    /// The line; `None` if the statement was changed on the way into the chain.
    pub(crate) line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// The effect of a statement on the children of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OnChildren {
    /// A `DELETE`. These statements have the same effect if they are written below it.
    Write(Vec<String>),
    /// The `DROP TABLE` of a rebuild, or a `REPLACE`. revchain keeps the rows of these tables.
    Keep(Vec<String>),
}

impl Cascade {
    pub(crate) fn to_json(&self) -> Value {
        let (write, keeps) = match &self.effect {
            OnChildren::Write(statements) => (&statements[..], &[][..]),
            OnChildren::Keep(tables) => (&[][..], &tables[..]),
        };
        json!({
            "revision": self.revision,
            "path": self.place.path,
            "line": self.place.line,
            "statement": self.statement,
            "write": write,
            "keeps": keeps,
        })
    }
}

/// A foreign key with an action for deleted parents.
struct Key {
    child: String,
    /// The columns of the child, and those of the parent.
    columns: Vec<(String, String)>,
    action: Action,
}

/// The action of a foreign key when its parent row is deleted.
#[derive(Clone, Copy, PartialEq)]
enum Action {
    Cascade,
    SetNull,
    SetDefault,
}

/// Runs the upgrades, and finds the statements that delete parents.
pub(crate) fn find(drafts: &[Draft], migrations: &[Migration]) -> SqliteResult<Vec<Cascade>> {
    let connection = Connection::open_in_memory()?;
    let _settings = ProofSettings::new(&connection)?;
    let mut cascades = Vec::new();
    for draft in drafts {
        let mut found = find_in(&connection, draft, migrations)?;
        if !draft.turns_keys_off {
            cascades.append(&mut found);
        }
    }
    Ok(cascades)
}

/// Runs an upgrade, and finds its statements that delete parents.
fn find_in(
    connection: &Connection,
    draft: &Draft,
    migrations: &[Migration],
) -> SqliteResult<Vec<Cascade>> {
    let mut cascades = Vec::new();
    let mut dropped: Vec<(String, Cascade)> = Vec::new();
    let text = &draft.upgrade;
    let tokens = tokens(text);
    for statement in statements(text, &tokens) {
        let (Some(first), Some(last)) = (statement.first(), statement.last()) else {
            continue;
        };
        let sql = &text[first.span.start..last.span.end];
        let cascade = |effect: OnChildren| Cascade {
            revision: draft.id.clone(),
            place: place(sql, draft, migrations),
            statement: excerpt(sql),
            effect,
        };
        match effect(sql) {
            Effect::Change(name, Change::Delete) => {
                let children = statements_on_children(connection, &name.name)?;
                if !children.is_empty() {
                    cascades.push(cascade(OnChildren::Write(children)));
                }
            }
            Effect::Change(name, Change::Update) if replaces(sql) => {
                let children = children_of(connection, &name.name)?;
                if !children.is_empty() {
                    cascades.push(cascade(OnChildren::Keep(children)));
                }
            }
            Effect::Change(name, Change::Drop) => {
                let children = children_of(connection, &name.name)?;
                if !children.is_empty() {
                    dropped.push((name.name, cascade(OnChildren::Keep(children))));
                }
            }
            _ => {}
        }
        // The proof has run the statement, so a failure depends on functions of the program.
        let _ = connection.execute_batch(sql);
    }
    for (table, cascade) in dropped {
        if table_exists(connection, &table)? {
            cascades.push(cascade);
        }
    }
    Ok(cascades)
}

fn table_exists(connection: &Connection, table: &str) -> SqliteResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM main.sqlite_master
               WHERE type = 'table' AND name = ?1 COLLATE NOCASE)";
    connection.query_row(sql, [table], |row| row.get(0))
}

/// Returns the first place of a statement in the files of a draft.
fn place(statement: &str, draft: &Draft, migrations: &[Migration]) -> Place {
    let scripts = migrations
        .iter()
        .filter_map(|migration| match &migration.upgrade {
            Upgrade::Sql(sql) if draft.sources.contains(&sql.path) => Some(sql),
            _ => None,
        });
    for script in scripts {
        if let Some(offset) = script.text.find(statement) {
            let above = script.text[..offset].matches('\n').count();
            return Place {
                path: script.path.clone(),
                line: Some(script.first_line + above),
            };
        }
    }
    Place {
        path: draft.sources.join(", "),
        line: None,
    }
}

/// Returns `true` for `REPLACE` and `INSERT OR REPLACE`, which delete the old row.
fn replaces(sql: &str) -> bool {
    let tokens = tokens(sql);
    let is_replace = |token: &Token| token.is_word(sql, "REPLACE");
    tokens.first().is_some_and(is_replace)
        || tokens
            .windows(2)
            .any(|pair| pair[0].is_word(sql, "OR") && is_replace(&pair[1]))
}

/// Returns the tables whose foreign keys on a table have an action for deleted rows.
fn children_of(connection: &Connection, table: &str) -> SqliteResult<Vec<String>> {
    let keys = keys_on(connection, table)?.into_iter();
    Ok(keys.map(|key| key.child).collect())
}

/// Returns the statements that repair the children of a table after parents were deleted.
///
/// The children of a child come after it.
fn statements_on_children(connection: &Connection, table: &str) -> SqliteResult<Vec<String>> {
    let mut statements = Vec::new();
    let mut tables = vec![table.to_owned()];
    let mut at = 0;
    while let Some(parent) = tables.get(at).cloned() {
        at += 1;
        for key in keys_on(connection, &parent)? {
            statements.push(statement_on_child(&key, &parent));
            let is_new = !tables
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&key.child));
            if is_new && key.action == Action::Cascade {
                tables.push(key.child);
            }
        }
    }
    Ok(statements)
}

fn statement_on_child(key: &Key, parent: &str) -> String {
    let child = quote(&key.child);
    let (mut conditions, mut not_null, mut sets) = (Vec::new(), Vec::new(), Vec::new());
    for (column, target) in &key.columns {
        let column = quote(column);
        conditions.push(format!("parent.{} = {child}.{column}", quote(target)));
        not_null.push(format!("{column} IS NOT NULL"));
        sets.push(format!("{column} = NULL"));
    }
    let change = match key.action {
        Action::Cascade => format!("DELETE FROM {child}"),
        Action::SetNull => format!("UPDATE {child} SET {}", sets.join(", ")),
        // SQLite has no `SET column = DEFAULT`.
        Action::SetDefault => format!("UPDATE {child} SET … = <default>"),
    };
    format!(
        "{change} WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS parent WHERE {});",
        not_null.join(" AND "),
        quote(parent),
        conditions.join(" AND ")
    )
}

/// Returns the foreign keys on `parent` that have an action for deleted parents.
fn keys_on(connection: &Connection, parent: &str) -> SqliteResult<Vec<Key>> {
    let mut statement = connection.prepare(
        "SELECT m.name, f.seq, f.\"from\", f.on_delete, coalesce(f.\"to\",
             (SELECT name FROM pragma_table_info(?1, 'main') WHERE pk = f.seq + 1))
         FROM main.sqlite_master m JOIN pragma_foreign_key_list(m.name, 'main') f
         WHERE m.type = 'table' AND f.\"table\" = ?1 COLLATE NOCASE
             AND f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
         ORDER BY m.rowid, f.id, f.seq",
    )?;
    let mut rows = statement.query([parent])?;
    let mut keys: Vec<Key> = Vec::new();
    while let Some(row) = rows.next()? {
        let target: Option<String> = row.get(4)?;
        let column = (row.get(2)?, target.unwrap_or_else(|| "rowid".to_owned()));
        // `seq` counts the columns of a key from 0, so 0 begins a new key.
        match (row.get::<_, i64>(1)?, keys.last_mut()) {
            (1.., Some(key)) => key.columns.push(column),
            _ => {
                let action: String = row.get(3)?;
                keys.push(Key {
                    child: row.get(0)?,
                    columns: vec![column],
                    action: match action.as_str() {
                        "CASCADE" => Action::Cascade,
                        "SET NULL" => Action::SetNull,
                        _ => Action::SetDefault,
                    },
                });
            }
        }
    }
    Ok(keys)
}
