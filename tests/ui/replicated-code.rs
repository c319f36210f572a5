use revchain::{Replicated, embed_migrations};

static MIGRATIONS: Replicated =
    embed_migrations!("chains/code", code = [steps::encrypt_tokens], replicated = true);

fn main() {}
