use revchain::{Migrations, embed_migrations};

fn migrations() -> Migrations {
    embed_migrations!("chains/merge")
}

fn revisions() -> &'static [revchain::Revision] {
    static MIGRATIONS: Migrations = embed_migrations!("chains/merge");
    MIGRATIONS.revisions()
}

fn main() {
    assert_eq!(migrations().revisions(), revisions());
}
