use revchain::{Replicated, embed_migrations};

static MIGRATIONS: Replicated = embed_migrations!("chains/replicated-size", replicated = true);

fn main() {}
