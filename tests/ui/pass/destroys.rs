use revchain::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("chains/destroys");

fn main() {
    let destroys = MIGRATIONS.revisions()[1].destroys();
    assert_eq!((destroys[0].table.as_ref(), destroys[0].column.as_deref()), ("notes", Some("colour")));
    assert_eq!((destroys[1].table.as_ref(), destroys[1].column.as_deref()), ("tags", None));
    assert!(MIGRATIONS.revisions().iter().all(|revision| revision.fingerprint().is_some()));
}
