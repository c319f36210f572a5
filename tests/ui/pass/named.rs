use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/merge", name = "tickets", snapshot = false,);
const WITH_SNAPSHOT: Migrations = embed_migrations!("chains/merge", snapshot = true, name = "t_2");

fn main() {
    assert_eq!(MIGRATIONS.name(), Some("tickets"));
    assert_eq!(WITH_SNAPSHOT.name(), Some("t_2"));
}
