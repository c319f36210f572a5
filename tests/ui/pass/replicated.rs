use revchain::{Replicated, embed_migrations};

/// The pragma in 002 has run on a single machine only.
static MIGRATIONS: Replicated = embed_migrations!("chains/replicated-pragma", replicated = "002");

static BOTH: revchain::Migrations = embed_migrations!("chains/replicated-pragma", replicated = false);

fn main() {
    assert_eq!(MIGRATIONS.after(), Some("002"));
    assert_eq!(MIGRATIONS.revisions(), BOTH.revisions());
    let db = MIGRATIONS.open_in_memory().unwrap();
    assert_eq!(MIGRATIONS.migrator().current(&db).unwrap(), MIGRATIONS.head());
}
