use revchain::{Replicated, embed_migrations};

static MIGRATIONS: Replicated = embed_migrations!("chains/replicated-function", replicated = true);

fn main() {}
