//! The command `pending`.

use crate::support::Shell;

#[test]
fn pending_lists_the_pending_revisions() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 002");
    assert_eq!(
        shell.ok("pending -d app.db"),
        "app.db: 1 pending\n  003  Add tags."
    );
    shell.ok("upgrade -d app.db");
    assert_eq!(shell.ok("pending -d app.db"), "app.db: nothing pending");
}
