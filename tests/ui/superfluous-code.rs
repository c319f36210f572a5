use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations =
    embed_migrations!("chains/code", code = [steps::encrypt_tokens, steps::decrypt_tokens]);

fn main() {}
