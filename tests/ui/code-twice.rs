use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations =
    embed_migrations!("chains/code", code = [steps::encrypt_tokens, other::encrypt_tokens]);

fn main() {}
