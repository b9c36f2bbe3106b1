//! Atomic writes: whatever fails, the old file or the new one is there, and nothing else.

use std::{fs, io, path::Path, process::Command};

use tapeline_data::atomic::{self, Operation};

#[cfg(unix)]
#[test]
fn an_older_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m");
    let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    fs::write(&file, "old").unwrap();
    let ordinary = mode();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    atomic::write(&file, b"new").unwrap();
    assert_eq!((mode(), fs::read(&file).unwrap()), (0o640, b"new".to_vec()));

    fs::remove_file(&file).unwrap();
    atomic::write(&file, b"new").unwrap();
    assert_eq!(mode(), ordinary, "a new file has what any new file has");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Symbolic links are preserved: chains of links, links in other folders, and dangling links are
/// followed.
#[cfg(unix)]
#[test]
fn links_stay_and_what_they_name_is_written() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    for exists in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["links", "files"] {
            fs::create_dir(at(name)).unwrap();
        }
        if exists {
            fs::write(at("files/m"), "old").unwrap();
            fs::set_permissions(at("files/m"), fs::Permissions::from_mode(0o640)).unwrap();
        }
        symlink("../files/m", at("links/relative")).unwrap();
        symlink(at("links/relative"), at("links/absolute")).unwrap();
        for link in ["links/relative", "links/absolute"] {
            atomic::write(&at(link), link.as_bytes()).unwrap();
            assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink());
            assert!(!fs::symlink_metadata(at("files/m")).unwrap().is_symlink());
            assert_eq!(fs::read(at("files/m")).unwrap(), link.as_bytes());
        }
        if exists {
            let mode = fs::metadata(at("files/m")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o640);
        }
        for (name, count) in [("links", 2), ("files", 1)] {
            assert_eq!(fs::read_dir(at(name)).unwrap().count(), count, "{name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_a_folder_and_a_full_device_are_errors() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    symlink(&a, &b).unwrap();
    symlink(&b, &a).unwrap();
    assert!(atomic::write(&a, b"new").is_err());
    assert!(atomic::write(folder.path(), b"new").is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);

    let full = Path::new("/dev/full");
    if full.exists() {
        fs::remove_file(&a).unwrap();
        symlink(full, &a).unwrap();
        assert!(atomic::write(&b, b"new").is_err());
        let kind = fs::metadata(full).unwrap().file_type();
        assert!(kind.is_char_device(), "a device is not replaced by a file");
    }
}

/// Whichever operation fails, the old file exists until the new one does.
#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let reason = atomic::write(&missing.join("file"), b"new").unwrap_err();
    let wanted = format!("there is no folder {}", missing.display());
    assert_eq!(
        (reason.kind(), reason.to_string()),
        (io::ErrorKind::NotFound, wanted)
    );
}

#[test]
fn a_failing_operation_leaves_one_of_both_files() {
    for failing in Operation::ALL {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        atomic::write(&path, b"old").unwrap();
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let mut before = |operation| {
            if operation == failing {
                Err(full())
            } else {
                Ok(())
            }
        };
        let error = atomic::write_watched(&path, b"newer", &mut before).unwrap_err();
        assert_eq!(error.to_string(), "no storage space: 5 bytes are needed");
        let renamed = failing == Operation::SyncFolder;
        assert_eq!(
            fs::read(&path).unwrap(),
            if renamed { &b"newer"[..] } else { b"old" }
        );
        assert_eq!(names(folder.path()), ["file"], "{failing:?}");
    }
}

/// Simulates a kill at each operation: this test runs itself in a process that dies there.
#[test]
fn a_killed_write_leaves_one_of_both_files() {
    for at in Operation::ALL {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        atomic::write(&path, b"old").unwrap();
        let ended = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "atomic::dies_in_a_write", "--ignored"])
            .env("DIES_AT", format!("{at:?}"))
            .env("DIES_WRITING", &path)
            .output()
            .unwrap();
        assert!(!ended.status.success(), "{at:?}: it lives");
        let found = fs::read(&path).unwrap();
        assert_eq!(
            found,
            if at == Operation::SyncFolder {
                &b"newer"[..]
            } else {
                b"old"
            }
        );
        let left = names(folder.path()).len();
        assert_eq!(
            left == 1,
            matches!(at, Operation::Create | Operation::SyncFolder),
            "{at:?}"
        );
        atomic::clean(folder.path()).unwrap();
        assert_eq!(names(folder.path()), ["file"], "{at:?}");
    }
}

#[test]
#[ignore = "run by `a_killed_write_leaves_one_of_both_files`"]
fn dies_in_a_write() {
    let (Ok(at), Ok(path)) = (std::env::var("DIES_AT"), std::env::var("DIES_WRITING")) else {
        return;
    };
    let _ = atomic::write_watched(path.as_ref(), b"newer", &mut |operation| {
        if format!("{operation:?}") == at {
            std::process::abort();
        }
        Ok(())
    });
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
