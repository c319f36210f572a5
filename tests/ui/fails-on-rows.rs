use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/fails-on-rows");

fn main() {}
