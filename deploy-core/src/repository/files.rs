//! The files of the repository as they stand: in the work tree, or in HEAD
//! where there is none.

use std::io;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, TreeWalkMode, TreeWalkResult};

use super::Repository;

/// Why the files could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A folder could not be read.
    #[error("cannot read the folder `{}`: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An object could not be read.
    #[error("cannot read the repository: {0}")]
    Object(#[from] git2::Error),
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path from the root, with `/`.
    pub path: String,
    /// Where its bytes are.
    pub(crate) at: At,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum At {
    Disk(PathBuf),
    Blob(Oid),
    /// A symbolic link, or another thing that is not a file.
    NotAFile,
}

/// All files, sorted by their paths; of folders that `enter` does not want
/// only the name, with a `/` behind it.
pub fn all(repository: &Repository, enter: &dyn Fn(&str) -> bool) -> Result<Vec<File>, FilesError> {
    let mut files = Vec::new();
    if repository.has_work_tree() {
        walk(repository.root(), "", enter, &mut files)?;
    } else if let Ok(head) = repository.git2().head() {
        walk_tree(&head.peel_to_tree()?, enter, &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(
    dir: &Path,
    inner: &str,
    enter: &dyn Fn(&str) -> bool,
    files: &mut Vec<File>,
) -> Result<(), FilesError> {
    let failed = |source| FilesError::Folder { path: dir.to_path_buf(), source };
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if inner.is_empty() && name == ".git" {
            continue;
        }
        let path = format!("{inner}{}", name.to_string_lossy());
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            let path = format!("{path}/");
            if enter(&path) {
                walk(&entry.path(), &path, enter, files)?;
            } else {
                files.push(File { path, at: At::NotAFile });
            }
        } else {
            let at = if kind.is_file() { At::Disk(entry.path()) } else { At::NotAFile };
            files.push(File { path, at });
        }
    }
    Ok(())
}

const LINK: i32 = 0o120_000;

fn walk_tree(
    tree: &git2::Tree<'_>,
    enter: &dyn Fn(&str) -> bool,
    files: &mut Vec<File>,
) -> Result<(), FilesError> {
    tree.walk(TreeWalkMode::PreOrder, |inner, entry| {
        let path = format!("{inner}{}", String::from_utf8_lossy(entry.name_bytes()));
        match entry.kind() {
            Some(ObjectType::Tree) => {
                let path = format!("{path}/");
                if !enter(&path) {
                    files.push(File { path, at: At::NotAFile });
                    return TreeWalkResult::Skip;
                }
            }
            Some(ObjectType::Blob) if entry.filemode() != LINK => {
                files.push(File { path, at: At::Blob(entry.id()) });
            }
            _ => files.push(File { path, at: At::NotAFile }),
        }
        TreeWalkResult::Ok
    })?;
    Ok(())
}

/// Reads files on one thread.
pub(crate) struct Reader {
    git_dir: PathBuf,
    git: Option<git2::Repository>,
}

impl Reader {
    pub(crate) fn new(git_dir: &Path) -> Self {
        Self { git_dir: git_dir.to_path_buf(), git: None }
    }

    /// Replaces the content of `bytes` by the file's.
    pub(crate) fn read(&mut self, file: &File, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.clear();
        match &file.at {
            At::Disk(path) => io::Read::read_to_end(&mut std::fs::File::open(path)?, bytes).map(|_| ()),
            At::NotAFile => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file")),
            At::Blob(id) => {
                if self.git.is_none() {
                    self.git = Some(git2::Repository::open(&self.git_dir).map_err(io::Error::other)?);
                }
                if let Some(git) = &self.git {
                    bytes.extend_from_slice(git.find_blob(*id).map_err(io::Error::other)?.content());
                }
                Ok(())
            }
        }
    }
}
