use revchain::{Replicated, embed_migrations};

static MIGRATIONS: Replicated = embed_migrations!("chains/replicated-temporary", replicated = true);

fn main() {}
