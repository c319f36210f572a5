use revchain::{Migrations, embed_migrations};

// The chain has every kind of statement that a migration can contain.
static MIGRATIONS: Migrations = embed_migrations!("chains/everything");

fn main() {
    assert_eq!(MIGRATIONS.head().map(|head| head.id()), Some("026"));
    assert!(MIGRATIONS.revisions().iter().all(|revision| revision.fingerprint().is_some()));
    let db = MIGRATIONS.open_in_memory().expect("a proven chain runs");
    assert!(MIGRATIONS.check(&db).expect("the database has a history").is_same());
}
