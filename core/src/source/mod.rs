//! The directory of migrations, and the names of migration files.

pub mod directory;
pub mod file_name;
