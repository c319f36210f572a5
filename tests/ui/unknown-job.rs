use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/unknown-job", code = [encrypt_notes]);

fn main() {}
