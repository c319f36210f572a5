use revchain::Migrations;

const MIGRATIONS: Migrations = revchain::embed_migrations!("chains/merge");

fn main() {
    assert_eq!(MIGRATIONS.revisions().len(), 4);
}
