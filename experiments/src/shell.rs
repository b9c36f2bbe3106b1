//! Commands of this program, quoted for a shell.

use std::{
    ffi::{OsStr, OsString},
    fmt::Write,
    path::Path,
    sync::OnceLock,
};

use tapeline_spec::is_printable;

/// The name of the program that this process runs.
static PROGRAM: OnceLock<String> = OnceLock::new();

/// Sets the name of the program that this process runs, for the commands in messages. Only the
/// first call has an effect.
pub fn set_program(name: impl Into<String>) {
    let _ = PROGRAM.set(name.into());
}

/// Returns the name of the program: `tapeline`, unless [`set_program`] has set another.
pub fn program() -> &'static str {
    PROGRAM.get().map_or("tapeline", String::as_str)
}

/// Formats a command of this program, quoting each word that a shell would change.
pub fn command<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> String {
    let mut command = quoted(OsStr::new(program()));
    for word in words {
        command.push(' ');
        command += &quoted(word.as_ref());
    }
    command
}

/// Formats the command that resumes a run.
pub fn resume(run: &Path) -> String {
    command([OsStr::new("train"), OsStr::new("--resume"), &operand(run)])
}

/// Returns a path as the value of an option, so that it is neither parsed as an option nor as an
/// `@path`.
pub fn operand(path: &Path) -> OsString {
    match path.as_os_str().as_encoded_bytes().first() {
        Some(b'-' | b'@') => Path::new(".").join(path).into(),
        _ => path.into(),
    }
}

/// Quotes a word. If it has unprintable characters or invalid Unicode, it is written as `$'…'`
/// (POSIX 2024, bash, zsh, ksh), so that it can be printed and copied.
pub fn quoted(word: &OsStr) -> String {
    if let Some(text) = word.to_str().filter(|text| text.chars().all(is_printable)) {
        return shell_words::quote(text).into_owned();
    }
    let mut out = String::from("$'");
    for chunk in word.as_encoded_bytes().utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\'' | '\\' => out.extend(['\\', char]),
                char if is_printable(char) => out.push(char),
                char => octal(&mut out, char.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        octal(&mut out, chunk.invalid());
    }
    out.push('\'');
    out
}

fn octal(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "\\{byte:03o}");
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{os::unix::ffi::OsStringExt, process::Command};

    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Returns the words as bash parses them, each followed by a null byte.
    fn read_by_bash(command: &str) -> Vec<u8> {
        let line = format!("printf '%s\\0' {command}");
        let ran = Command::new("bash").args(["-c", &line]).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        ran.stdout
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Words of arbitrary text and arbitrary bytes.
        #[test]
        fn a_shell_reads_the_same_words(
            texts in vec("[^\0]{0,12}", 1..4),
            bytes in vec(1_u8.., 0..12),
        ) {
            let mut words: Vec<_> = texts.into_iter().map(OsString::from).collect();
            words.push(OsString::from_vec(bytes));
            let command = command(&words);
            prop_assert!(command.chars().all(is_printable), "{command:?}");
            let mut wanted = b"tapeline\0".to_vec();
            for word in words {
                wanted.extend(word.into_vec());
                wanted.push(0);
            }
            prop_assert_eq!(read_by_bash(&command), wanted);
        }
    }

    #[test]
    fn a_path_is_no_option_and_has_no_mark() {
        for (path, wanted) in [
            ("runs/1", "tapeline train --resume runs/1"),
            ("sp ace/it's", r#"tapeline train --resume 'sp ace/it'\''s'"#),
            ("-q", "tapeline train --resume ./-q"),
            ("@a", "tapeline train --resume ./@a"),
        ] {
            assert_eq!(resume(Path::new(path)), wanted);
        }
    }
}
