use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/unknown-code", code = [encrypt_tokens]);

fn main() {}
