//! The file names of backups: `<stem>.<time>.<revision>.<extension>`.
//!
//! A backup that the caller has requested has `.kept` after the revision, or `.kept2` if it is the
//! second one of a second.

use std::path::Path;

/// The form of the time, in UTC: `0` stands for any digit. Texts of this form sort by time.
const TIME_FORM: &str = "00000000T000000Z";

/// The same form as a format for SQLite's function `strftime`.
pub(super) const STRFTIME_FORM: &str = "%Y%m%dT%H%M%SZ";

/// The part after the revision in the name of a backup that revchain never removes.
const KEPT: &str = ".kept";

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

    /// Returns the name of a backup that revchain never removes.
    ///
    /// Backups of the same second have the numbers 1, 2 and so on. The first name has no number.
    pub(super) fn kept_at(&self, time: &str, revision: &str, number: u32) -> String {
        match number {
            1 => self.at(time, &format!("{revision}{KEPT}")),
            _ => self.at(time, &format!("{revision}{KEPT}{number}")),
        }
    }

    /// Returns the revision in the name of a backup that revchain may remove; `None` if `path` is
    /// not such a backup of the database.
    pub(super) fn revision_of<'b>(&self, path: &'b Path) -> Option<&'b str> {
        self.middle_of(path)
            .filter(|revision| is_revision(revision))
    }

    /// Returns `true` if `path` has the name of a backup of the database.
    pub(super) fn is_backup(&self, path: &Path) -> bool {
        let Some(middle) = self.middle_of(path) else {
            return false;
        };
        match middle.split_once(KEPT) {
            Some((revision, number)) => {
                is_revision(revision) && number.bytes().all(|byte| byte.is_ascii_digit())
            }
            None => is_revision(middle),
        }
    }

    /// Returns the text between the time and the extension.
    fn middle_of<'b>(&self, path: &'b Path) -> Option<&'b str> {
        let name = path.file_name()?.to_str()?;
        let mut rest = name.strip_prefix(self.stem)?.strip_prefix('.')?;
        if !self.extension.is_empty() {
            rest = rest.strip_suffix(self.extension)?.strip_suffix('.')?;
        }
        let (time, middle) = rest.split_once('.')?;
        is_time(time).then_some(middle)
    }
}

/// Returns `true` if a file name can contain `text` as a revision.
pub(super) fn is_revision(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
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
            assert!(!name.is_backup(Path::new(other)), "{other}");
        }
    }

    #[test]
    fn name_of_a_kept_backup_has_no_revision() {
        let name = BackupName::of(Path::new("/a/app.db")).expect("the name is UTF-8");
        for (number, expected) in [
            (1, "app.20261123T203312Z.008.kept.db"),
            (12, "app.20261123T203312Z.008.kept12.db"),
        ] {
            let backup = name.kept_at("20261123T203312Z", "008", number);
            assert_eq!(backup, expected);
            assert_eq!(name.revision_of(Path::new(&backup)), None);
            assert!(name.is_backup(Path::new(&backup)));
        }
        let other = "app.20261123T203312Z.008.kept.old.db";
        assert!(!name.is_backup(Path::new(other)));
    }

    #[test]
    fn name_without_an_extension_is_parsed() {
        let name = BackupName::of(Path::new("tokens")).expect("the name is UTF-8");
        let backup = Path::new("/b/tokens.20261123T203312Z.base");
        assert_eq!(name.revision_of(backup), Some("base"));
    }
}
