use revchain::revision::AssumesKind;
use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/assumes");

fn main() {
    assert!(MIGRATIONS.revisions()[0].assumes().is_empty());
    let assumes = &MIGRATIONS.revisions()[1].assumes()[0];
    assert_eq!((&*assumes.table, &*assumes.columns), ("users", &["email".into(), "name".into()][..]));
    assert_eq!(assumes.kind, AssumesKind::Unique);
    assert_eq!(assumes.reason, "the program has always checked it");
}
