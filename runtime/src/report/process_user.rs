//! The user of this process, the permissions of files, and mounts. Known only on Linux.

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{Process, read_only_mount};
#[cfg(target_os = "linux")]
pub(super) use linux::{Process, read_only_mount};

/// An access that a process needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reading a file.
    Read,
    /// Writing a file, or creating files in a directory.
    Write,
    /// Using the files of a directory.
    Enter,
}

/// The user of the process, and the owner and the mode of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Permissions {
    pub(super) user: String,
    pub(super) owner: String,
    pub(super) mode: u32,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, Metadata};
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    use super::{Access, Permissions};

    /// The capability that exempts a process, usually one of root, from the modes of files.
    const CAP_DAC_OVERRIDE: u32 = 1;

    /// The user and the groups of this process.
    pub(in super::super) struct Process {
        user: u32,
        groups: Vec<u32>,
        ignores_modes: bool,
    }

    impl Process {
        /// Reads the user and the groups that decide the access to files.
        pub(in super::super) fn current() -> Option<Self> {
            Self::parse(&fs::read_to_string("/proc/self/status").ok()?)
        }

        fn parse(status: &str) -> Option<Self> {
            let words = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name))?;
                Some(line.split_ascii_whitespace())
            };
            // The fourth id is the one of the file system.
            let user = words("Uid:")?.nth(3)?.parse().ok()?;
            let group = words("Gid:")?.nth(3)?;
            let groups = words("Groups:")?.chain([group]);
            let capabilities = u64::from_str_radix(words("CapEff:")?.next()?, 16).ok()?;
            Some(Self {
                user,
                groups: groups.filter_map(|group| group.parse().ok()).collect(),
                ignores_modes: capabilities >> CAP_DAC_OVERRIDE & 1 == 1,
            })
        }

        /// Returns the permissions if the mode of a file denies an access, and otherwise `None`.
        pub(in super::super) fn denied(
            &self,
            file: &Metadata,
            access: Access,
        ) -> Option<Permissions> {
            // A directory on the way only needs to be entered, and new files need both.
            let bits = match access {
                Access::Read => 0o4,
                Access::Write if file.is_dir() => 0o3,
                Access::Write => 0o2,
                Access::Enter => 0o1,
            };
            let shift = if file.uid() == self.user {
                6
            } else if self.groups.contains(&file.gid()) {
                3
            } else {
                0
            };
            let is_granted = file.mode() >> shift & bits == bits;
            if is_granted || self.ignores_modes {
                return None;
            }
            Some(Permissions {
                user: user_name(self.user),
                owner: user_name(file.uid()),
                mode: file.mode() & 0o7777,
            })
        }
    }

    /// Returns the name of a user; the id if the name is unknown.
    fn user_name(id: u32) -> String {
        let id = id.to_string();
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == id).then(|| name.to_owned())
        });
        name.unwrap_or(id)
    }

    /// Returns the mount point of a directory if its file system is mounted read-only.
    pub(in super::super) fn read_only_mount(directory: &Path) -> Option<PathBuf> {
        let directory = fs::canonicalize(directory).ok()?;
        find_read_only_mount(&fs::read_to_string("/proc/self/mounts").ok()?, &directory)
    }

    /// Finds the last mount at the longest path: a later mount hides an earlier one.
    fn find_read_only_mount(mounts: &str, directory: &Path) -> Option<PathBuf> {
        let mut found: Option<(&Path, bool)> = None;
        for line in mounts.lines() {
            let mut fields = line.split(' ');
            let (Some(point), Some(options)) = (fields.nth(1), fields.nth(1)) else {
                continue;
            };
            let point = Path::new(point);
            let is_longer = found.is_none_or(|(other, _)| point.starts_with(other));
            if directory.starts_with(point) && is_longer {
                found = Some((point, options.split(',').any(|option| option == "ro")));
            }
        }
        let (point, is_read_only) = found?;
        is_read_only.then(|| point.to_owned())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ids_of_the_file_system_are_read() {
            let status = "Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n\
                          CapEff:\t000001ffffffffff\n";
            let process = Process::parse(status).expect("the status is complete");
            assert_eq!((process.user, &process.groups[..]), (4, &[9, 10, 8][..]));
            assert!(process.ignores_modes);
            let status = status.replace("1ffffffffff", "00000000000");
            assert!(!Process::parse(&status).is_some_and(|process| process.ignores_modes));
        }

        #[test]
        fn innermost_mount_decides() {
            let mounts = "\
                /dev/vda / ext4 ro,relatime 0 0\n\
                tmpfs /srv tmpfs rw,nodev 0 0\n\
                /dev/vdb /srv/data ext4 rw 0 0\n\
                /dev/vdb /srv/data ext4 ro,errors=remount-ro 0 0\n";
            let point = |directory| find_read_only_mount(mounts, Path::new(directory));
            assert_eq!(point("/home"), Some("/".into()));
            assert_eq!(point("/srv"), None);
            assert_eq!(point("/srv/data/app"), Some("/srv/data".into()));
            assert_eq!(point("/srv/database"), None);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::convert::Infallible;
    use std::fs::Metadata;
    use std::path::{Path, PathBuf};

    use super::{Access, Permissions};

    /// The user of this process, which is unknown on this system.
    pub(in super::super) struct Process(Infallible);

    impl Process {
        pub(in super::super) fn current() -> Option<Self> {
            None
        }

        pub(in super::super) fn denied(&self, _: &Metadata, _: Access) -> Option<Permissions> {
            match self.0 {}
        }
    }

    /// Returns `None`, because revchain reads mounts only on Linux.
    pub(in super::super) fn read_only_mount(_: &Path) -> Option<PathBuf> {
        None
    }
}
