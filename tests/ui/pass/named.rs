use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/merge", name = "tickets", image = false,);
const BESIDE_CARGO_TOML: Migrations = embed_migrations!("chains/merge", image = true, name = "t_2");

fn main() {
    assert_eq!(MIGRATIONS.name(), Some("tickets"));
    assert_eq!(BESIDE_CARGO_TOML.name(), Some("t_2"));
}
