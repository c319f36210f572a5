//! The file names of backups: `<stem>.<time>.<revision>.<extension>`.

use std::path::Path;

/// The form of the time, in UTC: `0` stands for any digit. Texts of this form sort by time.
const TIME_FORM: &str = "00000000T000000Z";

/// The same form as a format for SQLite's function `strftime`.
pub(super) const STRFTIME_FORM: &str = "%Y%m%dT%H%M%SZ";

/// The stem and the extension of a database's file name, which the names of its backups contain.
pub(super) struct BackupName<'n> {
    stem: &'n str,
    extension: &'n str,
}

impl<'n> BackupName<'n> {
    /// Splits the file name of a database. Returns `None` if the file name is not UTF-8.
    pub(super) fn of(database: &'n Path) -> Option<Self> {
        let extension = match database.extension() {
            Some(extension) => extension.to_str()?,
            None => "",
        };
        Some(Self {
            stem: database.file_stem()?.to_str()?,
            extension,
        })
    }

    /// Returns the name of a backup that was made at `time` from a database at `revision`.
    pub(super) fn at(&self, time: &str, revision: &str) -> String {
        let dot = if self.extension.is_empty() { "" } else { "." };
        format!("{}.{time}.{revision}{dot}{}", self.stem, self.extension)
    }

    /// Returns the revision in the name of a backup; `None` if `path` is not a backup of the
    /// database.
    pub(super) fn revision_of<'b>(&self, path: &'b Path) -> Option<&'b str> {
        let name = path.file_name()?.to_str()?;
        let mut rest = name.strip_prefix(self.stem)?.strip_prefix('.')?;
        if !self.extension.is_empty() {
            rest = rest.strip_suffix(self.extension)?.strip_suffix('.')?;
        }
        let (time, revision) = rest.split_once('.')?;
        let is_revision =
            !revision.is_empty() && revision.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_time(time) && is_revision).then_some(revision)
    }
}

fn is_time(text: &str) -> bool {
    let has_form = |(byte, form): (u8, u8)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == form,
    };
    text.len() == TIME_FORM.len() && text.bytes().zip(TIME_FORM.bytes()).all(has_form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_backup_is_parsed() {
        let name = BackupName::of(Path::new("/a/app.db")).expect("the name is UTF-8");
        let backup = name.at("20261123T203312Z", "008");
        assert_eq!(backup, "app.20261123T203312Z.008.db");
        assert_eq!(name.revision_of(Path::new(&backup)), Some("008"));
        for other in [
            "app.db",
            "app.2026.008.db",
            "app.20261123T203312Z.db",
            "app.20261123T203312Z..db",
            "app.20261123T203312Z.0-8.db",
            "app.20261123T203312Z.008",
            "other.20261123T203312Z.008.db",
            ".app.20261123T203312Z.008.db.new",
            "app.2026112xT203312Z.008.db",
        ] {
            assert_eq!(name.revision_of(Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn name_without_an_extension_is_parsed() {
        let name = BackupName::of(Path::new("tokens")).expect("the name is UTF-8");
        let backup = Path::new("/b/tokens.20261123T203312Z.base");
        assert_eq!(name.revision_of(backup), Some("base"));
    }
}
