use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/merge/");

fn main() {
    assert_eq!(MIGRATIONS.revisions()[0].path(), "chains/merge/20260407_1200_004_create_users.sql");
}
