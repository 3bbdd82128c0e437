//! Where definitions are read from: files, folders, patterns, standard input.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

/// One source of definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, read when its turn comes.
    File(PathBuf),
    /// Bytes that were read already.
    Bytes {
        /// What to call it in messages.
        label: String,
        /// The definition.
        bytes: Vec<u8>,
    },
}

/// Why a path gives no sources.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// Nothing there.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// A folder without definitions.
    #[error("no `*.json` file in the folder `{}`", .0.display())]
    EmptyFolder(PathBuf),
    /// A pattern without matches.
    #[error("no file matches `{0}`")]
    NoMatch(String),
    /// Not a pattern.
    #[error("`{pattern}` is not a pattern: {message}")]
    Pattern {
        /// What was given.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// A folder could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Source {
    /// What to call it in messages.
    pub fn label(&self) -> String {
        match self {
            Source::File(path) => path.display().to_string(),
            Source::Bytes { label, .. } => label.clone(),
        }
    }

    pub(super) fn bytes(&self) -> io::Result<std::borrow::Cow<'_, [u8]>> {
        match self {
            Source::File(path) => fs::read(path).map(Into::into),
            Source::Bytes { bytes, .. } => Ok(bytes.into()),
        }
    }
}

/// The files that paths stand for: a file itself, a folder's `*.json` files at
/// any depth, the matches of a pattern (`*`, `?`, `**`, `[…]`, `{…}`), each once.
pub fn find_sources(paths: &[PathBuf]) -> Result<Vec<Source>, SourcesError> {
    let mut files = Vec::new();
    for path in paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let mut found = Vec::new();
                walk(path, &mut found)?;
                found.retain(|file| file.extension().is_some_and(|end| end.eq_ignore_ascii_case("json")));
                if found.is_empty() {
                    return Err(SourcesError::EmptyFolder(path.clone()));
                }
                files.extend(found);
            }
            Ok(_) => files.push(path.clone()),
            Err(_) => files.extend(matches(path)?),
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files.into_iter().map(Source::File).collect())
}

fn matches(path: &Path) -> Result<Vec<PathBuf>, SourcesError> {
    let pattern = path.to_string_lossy().into_owned();
    if !pattern.contains(['*', '?', '[', '{']) {
        return Err(SourcesError::Missing(path.to_path_buf()));
    }
    let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
    let glob = glob.map_err(|error| SourcesError::Pattern {
        pattern: pattern.clone(),
        message: error.kind().to_string(),
    })?;
    let matcher = glob.compile_matcher();
    // The folders before the first wildcard need no search.
    let special = |part: &Path| part.to_string_lossy().contains(['*', '?', '[', '{']);
    let mut base: PathBuf = path.iter().map(Path::new).take_while(|part| !special(part)).collect();
    if base.as_os_str().is_empty() {
        base = PathBuf::from(".");
    }
    let mut files = Vec::new();
    if base.is_dir() {
        walk(&base, &mut files)?;
    }
    files.retain(|file| matcher.is_match(file.strip_prefix(".").unwrap_or(file)) || matcher.is_match(file));
    if files.is_empty() { Err(SourcesError::NoMatch(pattern)) } else { Ok(files) }
}

/// All files below a folder in the order of their names; hidden folders are passed over.
fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), SourcesError> {
    let failed = |source| SourcesError::Io { path: dir.to_path_buf(), source };
    let mut entries = fs::read_dir(dir).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            if !entry.file_name().to_string_lossy().starts_with('.') {
                walk(&path, files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}
