use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/runs-too-long");

fn main() {}
