use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/downgrade-does-not-restore");

fn main() {}
