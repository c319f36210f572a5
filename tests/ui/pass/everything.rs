use revchain::{Migrations, embed_migrations};

// All that SQLite can do in a migration.
static MIGRATIONS: Migrations = embed_migrations!("chains/everything");

fn main() {
    assert_eq!(MIGRATIONS.head().map(|head| head.id()), Some("026"));
    assert!(MIGRATIONS.revisions().iter().all(|revision| revision.fingerprint().is_some()));
    let db = MIGRATIONS.open_in_memory().expect("what was proven runs");
    assert!(MIGRATIONS.check(&db).expect("it has a history").is_none());
}
