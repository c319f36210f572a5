use revchain::{Replicated, embed_migrations};

static MIGRATIONS: Replicated = embed_migrations!("chains/replicated-pragma", replicated = 9);

fn main() {}
