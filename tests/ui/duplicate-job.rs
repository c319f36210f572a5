use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/duplicate-job", code = [encrypt_notes]);

fn main() {}
