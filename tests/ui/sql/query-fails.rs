use revchain::sql;

fn main() {
    sql!(in "chains/sql", "SELECT rowid FROM search WHERE search MATCH 'rust AND'");
}
