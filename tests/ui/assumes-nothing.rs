use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/assumes-nothing");

fn main() {}
