use revchain::{Migrations, embed_migrations};

static ONE: Migrations = embed_migrations!("chains/merge");
static OTHER: Migrations = embed_migrations!("chains/merge");

fn main() {
    assert_eq!(ONE.revisions(), OTHER.revisions());
}
