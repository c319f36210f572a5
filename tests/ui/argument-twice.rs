use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/merge", name = "one", name = "two");

fn main() {}
