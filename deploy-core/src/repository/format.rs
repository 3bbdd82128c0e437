//! The canonical form of files: what `fmt` writes, and what it leaves alone.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::definition::{Definition, ReadError};

/// What became of a file.
#[derive(Debug)]
pub enum Formatted {
    /// It is in canonical form.
    Canonical,
    /// It is not in canonical form; nothing was written.
    Differs,
    /// It was put into canonical form.
    Written,
    /// It was left as it is.
    Failed(FormatError),
}

/// Why a file was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It could not be read.
    #[error("cannot read it: {0}")]
    Read(#[source] io::Error),
    /// It is not a definition.
    #[error(transparent)]
    NotADefinition(#[from] ReadError),
    /// A merge left a conflict that nobody has resolved.
    #[error("{CONFLICT}")]
    Conflict {
        /// The line of the first marker, from 1.
        line: usize,
    },
    /// Replacing it would put a file in place of the link.
    #[error("is a symbolic link")]
    Link,
    /// It could not be replaced.
    #[error("cannot write it: {0}")]
    Write(#[source] io::Error),
}

impl FormatError {
    /// Line and column from 1, where the error has them.
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::NotADefinition(ReadError::Json { line, column, .. }) => Some((*line, (*column).max(1))),
            Self::Conflict { line } => Some((*line, 1)),
            _ => None,
        }
    }
}

/// What is to be done about a conflict marker.
pub(super) const CONFLICT: &str = "a conflict marker of git: keep one side and remove the markers";

/// The line of the first conflict marker of git.
pub(super) fn conflict_line(bytes: &[u8]) -> Option<usize> {
    bytes.split(|byte| *byte == b'\n').position(|line| line.starts_with(b"<<<<<<< ")).map(|at| at + 1)
}

/// Puts files into canonical form, or only looks whether they are; on all
/// cores, in the order given. Counts in `done` as it goes.
pub fn format_files(files: &[PathBuf], write: bool, done: &AtomicUsize) -> Vec<Formatted> {
    files
        .par_iter()
        .map_init(Buffers::default, |buffers, file| {
            let formatted = format_file(file, write, buffers).unwrap_or_else(Formatted::Failed);
            done.fetch_add(1, Ordering::Relaxed);
            formatted
        })
        .collect()
}

/// The bytes of a file as they are and as they should be, used again for the next one.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) bytes: Vec<u8>,
    pub(super) canonical: Vec<u8>,
}

impl Buffers {
    /// The definition that was read; whether its bytes are canonical.
    pub(super) fn definition(&mut self) -> Result<(Definition, bool), ReadError> {
        let definition = Definition::read(&self.bytes)?;
        self.canonical.clear();
        definition.write_to(&mut self.canonical);
        Ok((definition, self.canonical == self.bytes))
    }
}

fn format_file(path: &Path, write: bool, buffers: &mut Buffers) -> Result<Formatted, FormatError> {
    let metadata = fs::symlink_metadata(path).map_err(FormatError::Read)?;
    if metadata.is_symlink() {
        return Err(FormatError::Link);
    }
    buffers.bytes.clear();
    fs::File::open(path)
        .and_then(|mut file| file.read_to_end(&mut buffers.bytes))
        .map_err(FormatError::Read)?;
    let is_canonical = match buffers.definition() {
        Ok((_, is_canonical)) => is_canonical,
        Err(error) => {
            let conflict = conflict_line(&buffers.bytes).map(|line| FormatError::Conflict { line });
            return Err(conflict.unwrap_or(error.into()));
        }
    };
    if is_canonical {
        return Ok(Formatted::Canonical);
    }
    if !write {
        return Ok(Formatted::Differs);
    }
    replace(path, &buffers.canonical, metadata.permissions()).map_err(FormatError::Write)?;
    Ok(Formatted::Written)
}

/// Replaces a file whole: who reads it meanwhile, or a kill, sees the old or the new one.
fn replace(path: &Path, bytes: &[u8], permissions: fs::Permissions) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let mut file = tempfile::Builder::new().prefix(".fmt-").suffix(".tmp").tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_data()?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LOOSE: &str = "{\"scheduleList\":[{\"jobList\":[{\"type\":\"UNIX\",\"name\":\"B\"},{\"name\":\"A\"}],\r\n\"name\":\"S\",\"n\":1.50}],\"unknown\":{\"b\":1,\"a\":\"3\"}}";

    fn one(path: &Path, write: bool) -> Formatted {
        format_files(&[path.to_path_buf()], write, &AtomicUsize::new(0)).remove(0)
    }

    #[test]
    fn a_loose_file_becomes_canonical_and_stays_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("S.json");
        fs::write(&path, LOOSE).unwrap();
        assert!(matches!(one(&path, false), Formatted::Differs));
        assert_eq!(fs::read_to_string(&path).unwrap(), LOOSE);
        assert!(matches!(one(&path, true), Formatted::Written));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"n\": 1.50") && text.contains("\"a\": \"3\""), "{text}");
        assert_eq!(Definition::read(text.as_bytes()).unwrap(), Definition::read(LOOSE.as_bytes()).unwrap());
        assert!(matches!(one(&path, true), Formatted::Canonical));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn what_is_no_definition_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let cases = [
            ("{\n \"a\": 1,\n \"a\": 2}", Some((3, 4))),
            ("{\"rules\":[]}", None),
            ("[]", None),
            ("", None),
            ("{\n", Some((2, 1))),
            ("<<<<<<< ours\n{}", Some((1, 1))),
            ("{\n<<<<<<< ours\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> theirs\n}", Some((2, 1))),
        ];
        for (text, place) in cases {
            let path = dir.path().join("X.json");
            fs::write(&path, text).unwrap();
            let Formatted::Failed(error) = one(&path, true) else { panic!("{text}") };
            assert_eq!(error.place(), place, "{text}: {error}");
            assert_eq!(error.to_string() == CONFLICT, text.contains("<<<<<<<"), "{text}: {error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert!(matches!(one(&dir.path().join("none"), true), Formatted::Failed(FormatError::Read(_))));
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay_and_links_are_not_replaced() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("S.json"), dir.path().join("L.json"));
        fs::write(&path, LOOSE).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(one(&link, true), Formatted::Failed(FormatError::Link)));
        assert!(matches!(one(&path, true), Formatted::Written));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
