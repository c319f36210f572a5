use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/forgotten-in-rebuild");

fn main() {}
