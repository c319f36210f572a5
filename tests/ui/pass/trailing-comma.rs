use revchain::{Migrations, embed_migrations};

#[rustfmt::skip]
static MIGRATIONS: Migrations = embed_migrations!("chains/merge",);

fn main() {
    assert_eq!(MIGRATIONS.revisions().len(), 4);
}
