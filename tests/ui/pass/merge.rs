use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/merge");

fn main() {
    let head = MIGRATIONS.head().expect("the chain has a head");
    assert_eq!(head.id(), "007");
    assert_eq!(head.revises().collect::<Vec<_>>(), ["005", "006"]);
}
