use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/merge");

fn main() {
    let ids: Vec<_> = MIGRATIONS.revisions().iter().map(|revision| revision.id()).collect();
    assert_eq!(ids, ["004", "005", "006", "007"]);
    assert_eq!(MIGRATIONS.directory(), "chains/merge");
}
