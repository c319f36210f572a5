use revchain::{Replicated, embed_migrations};

static MIGRATIONS: Replicated = embed_migrations!("chains/replicated-directive", replicated = true);

fn main() {}
