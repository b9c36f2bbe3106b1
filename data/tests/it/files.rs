//! Opening of files: those found in a folder never block, and those named by the user are read
//! once.

use tapeline_data::{files, identify};

#[test]
fn a_folder_is_not_a_file() {
    let folder = tempfile::TempDir::new().unwrap();
    for opened in [
        files::open(folder.path()),
        files::open_regular(folder.path()),
    ] {
        assert!(opened.unwrap_err().to_string().contains("it is a folder"));
    }
    assert!(files::expect_regular_or_none(folder.path()).is_err());
    assert!(files::expect_regular_or_none(folder.path().join("new")).is_ok());
    assert!(files::open(folder.path().join("new")).is_err());
}

#[cfg(unix)]
mod unix {
    use std::{
        fs,
        io::{Read, Write},
        os::unix::{fs::symlink, net::UnixListener},
        process::Command,
        sync::mpsc,
        thread,
        time::Duration,
    };

    use tapeline_data::{DataError, files, load, read_images, verify};
    use tempfile::TempDir;

    fn pipe(path: &std::path::Path) {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    }

    /// Calls `f`, which must return in time.
    fn in_time<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || send.send(f()));
        receive
            .recv_timeout(Duration::from_secs(60))
            .expect("it blocks")
    }

    #[test]
    fn what_is_found_in_a_folder_is_not_opened_unless_it_is_a_file() {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        pipe(&path("pipe"));
        symlink("pipe", path("link")).unwrap();
        let _socket = UnixListener::bind(path("socket")).unwrap();
        symlink("/dev/null", path("device")).unwrap();
        fs::write(path("file"), "text").unwrap();
        symlink("file", path("link to file")).unwrap();
        for (name, what) in [
            ("pipe", "a named pipe"),
            ("link", "a named pipe"),
            ("socket", "a socket"),
            ("device", "a device"),
        ] {
            let found = path(name);
            let error = in_time(move || files::open_regular(found)).unwrap_err();
            assert!(error.to_string().contains(what), "{name}: {error}");
            let found = path(name);
            assert!(in_time(move || files::expect_regular_or_none(found)).is_err());
        }
        for name in ["file", "link to file"] {
            assert_eq!(files::read_regular_to_string(path(name)).unwrap(), "text");
            assert_eq!(files::read_regular(path(name)).unwrap(), b"text");
        }
        assert!(files::open(path("socket")).is_err());
        assert!(files::open(path("device")).is_ok());
    }

    #[test]
    fn a_pipe_in_the_place_of_a_data_file_is_named() {
        let folder = TempDir::new().unwrap();
        for name in [
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        ] {
            pipe(&folder.path().join(name));
        }
        let path = folder.path().to_path_buf();
        let error = in_time({
            let path = path.clone();
            move || load(path).map(|_| ())
        });
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("idx1-ubyte") && error.contains("a named pipe"),
            "{error}"
        );
        let reports = in_time(move || verify(path)).unwrap();
        assert!(
            reports
                .iter()
                .all(|report| matches!(report.problem, Some(DataError::Io { .. })))
        );
    }

    /// A pipe can be read only once, and has no length.
    #[test]
    fn a_named_pipe_is_read_as_a_stream() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("pipe");
        pipe(&path);
        let writer = {
            let path = path.clone();
            thread::spawn(move || {
                let mut pipe = fs::OpenOptions::new().write(true).open(path).unwrap();
                // Write byte by byte, since data from a network arrives in pieces.
                for byte in b"\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02\x01\x02\x03\x04" {
                    pipe.write_all(&[*byte]).unwrap();
                }
            })
        };
        let images = in_time(move || read_images(path)).unwrap();
        writer.join().unwrap();
        assert_eq!((images.count(), images.bytes()), (2, &[1, 2, 3, 4][..]));

        let mut text = String::new();
        files::open("/dev/null")
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "");
    }
}

/// Messages of the IDX readers about other types of files; those about model files are tested in
/// `tapeline-models`.
#[test]
fn a_file_of_another_kind_is_named() {
    for (bytes, parts) in [
        (&b"PK\x03\x04\0\0"[..], ["a zip archive", "unpack it first"]),
        (b"%PDF-1.7", ["a PDF document", "convert it"]),
        (b"\n<html>\n<head>", ["an HTML page", "download failed"]),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            ["a Git LFS pointer", "git lfs pull"],
        ),
        (b"GIF89a", ["a GIF picture", "convert it to PNG"]),
        (b"\xfd7zXZ\0\0", ["an xz file", "unpack it first"]),
    ] {
        for error in [
            tapeline_data::read_images_from(bytes, "file").unwrap_err(),
            tapeline_data::read_labels_from(bytes, "file").unwrap_err(),
        ] {
            let error = error.to_string();
            for part in parts.into_iter().chain(["file: is ", "wanted an IDX file"]) {
                assert!(error.contains(part), "no {part} in {error}");
            }
        }
    }
    let mut tar = vec![0; 512];
    tar[..5].copy_from_slice(b"data/");
    tar[257..262].copy_from_slice(b"ustar");
    assert_eq!(identify(&tar).unwrap().name, "a tar archive");
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("mnist.tar");
    std::fs::write(&path, &tar).unwrap();
    let error = tapeline_data::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("a tar archive") && error.contains("unpack it"),
        "{error}"
    );
    assert_eq!(identify(b"\x07\x08\x00 neither"), None);
    let header = [&640u64.to_le_bytes()[..], b"{\"w\":"].concat();
    assert_eq!(identify(&header).unwrap().name, "a safetensors file");
}
