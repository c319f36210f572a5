//! The command `import`.

mod chain;
mod cleaning;
mod findings;
mod layouts;
mod real_tools;
mod stops;

use std::fs;

use crate::support::Shell;

/// Makes a directory with files, and no chain.
fn shell(files: &[(&str, &str)]) -> Shell {
    let shell = Shell(tempfile::tempdir().unwrap());
    for (name, text) in files {
        write(&shell, name, text);
    }
    shell
}

/// Writes a file and the directories above it.
fn write(shell: &Shell, name: &str, text: &str) {
    let path = shell.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Returns the sorted names of the files in `migrations/`; none if there is no such directory.
fn written(shell: &Shell) -> Vec<String> {
    let Ok(entries) = fs::read_dir(shell.path("migrations")) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Returns the text of a file in `migrations/`.
fn migration(shell: &Shell, name: &str) -> String {
    fs::read_to_string(shell.path("migrations").join(name)).unwrap()
}

/// Returns the failure of a command that must write nothing.
fn failure(shell: &Shell, arguments: &str) -> (i32, String) {
    let (code, _, error) = shell.run(arguments);
    assert_eq!(written(shell), [""; 0], "{error}");
    (code, error)
}
