use revchain::{Migrations, embed_migrations};

static FIRST: Migrations = embed_migrations!("chains/merge");
static SECOND: Migrations = embed_migrations!("chains/merge");

fn main() {
    assert_eq!(FIRST.revisions(), SECOND.revisions());
}
