//! The work tree and its index: are our paths clean, and bringing them up to a commit.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;
use git2::{Delta, Index, IndexEntry, IndexTime, Oid, Tree};

use super::{CommitError, Content, Edit};
use crate::repository::Repository;
use crate::repository::pack::blob_id;

/// A file that a commit would overwrite although it is not committed as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirty {
    /// Its path from the root.
    pub path: String,
    /// What is the matter with it.
    pub why: DirtyWhy,
}

/// Why a file must not be overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirtyWhy {
    /// Edited, not committed.
    Modified,
    /// Added to the index, not committed.
    Staged,
    /// Deleted, not committed.
    Deleted,
    /// Not known to git.
    Untracked,
    /// In the middle of a merge.
    Conflict,
    /// Left out of the work tree by `git sparse-checkout`.
    Sparse,
    /// A link, a folder, or below something that is no folder.
    NotAFile,
}

impl fmt::Display for Dirty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match self.why {
            DirtyWhy::Modified => write!(f, "`{path}` has changes that are not committed"),
            DirtyWhy::Staged => write!(f, "`{path}` has staged changes that are not committed"),
            DirtyWhy::Deleted => write!(f, "`{path}` is deleted in the work tree, not in the commit"),
            DirtyWhy::Untracked => write!(f, "`{path}` exists and is not known to git"),
            DirtyWhy::Conflict => write!(f, "`{path}` has a conflict that is not resolved"),
            DirtyWhy::Sparse => write!(f, "`{path}` is outside the sparse checkout"),
            DirtyWhy::NotAFile => write!(f, "`{path}` is not a plain file in a plain folder"),
        }
    }
}

pub(super) struct WorkTree<'r> {
    repository: &'r Repository,
    root: PathBuf,
    index: Index,
}

impl<'r> WorkTree<'r> {
    pub(super) fn open(repository: &'r Repository) -> Result<Self, CommitError> {
        let lock = repository.git2().path().join("index.lock");
        if lock.exists() {
            return Err(CommitError::Locked(lock));
        }
        let index = repository.git2().index().map_err(|error| {
            match error.message().strip_prefix("unsupported mandatory extension: ") {
                Some(extension) => CommitError::IndexKind(extension.trim_matches('\'').to_owned()),
                None => error.into(),
            }
        })?;
        Ok(Self { repository, root: repository.root().to_path_buf(), index })
    }

    /// Which of the paths are not as the base has them.
    pub(super) fn dirty(&self, base: Option<&Tree<'_>>, edits: &[Edit]) -> Result<Vec<Dirty>, CommitError> {
        let mut links = Links::default();
        let mut dirty = Vec::new();
        for edit in edits {
            let before =
                base.and_then(|tree| tree.get_path(Path::new(&edit.path)).ok()).map(|entry| entry.id());
            let after = edit.content.as_ref().map(Content::blob);
            if let Some(why) = self.why_dirty(&edit.path, before, after, &mut links)? {
                dirty.push(Dirty { path: edit.path.clone(), why });
            }
        }
        Ok(dirty)
    }

    fn why_dirty(
        &self,
        path: &str,
        before: Option<Oid>,
        after: Option<Oid>,
        links: &mut Links,
    ) -> Result<Option<DirtyWhy>, CommitError> {
        if links.above(&self.root, path) {
            return Ok(Some(DirtyWhy::NotAFile));
        }
        let full = self.root.join(path);
        let entry = self.index.get_path(Path::new(path), 0);
        if entry.is_none() && (1..=3).any(|stage| self.index.get_path(Path::new(path), stage).is_some()) {
            return Ok(Some(DirtyWhy::Conflict));
        }
        if entry.as_ref().map(|entry| entry.id) != before {
            return Ok(Some(DirtyWhy::Staged));
        }
        let metadata = match fs::symlink_metadata(&full) {
            Ok(metadata) => metadata,
            Err(error) if is_absent(&error) => {
                let is_left_out = entry.is_some_and(|entry| entry.flags_extended & SKIP_WORKTREE != 0);
                let why = if is_left_out { DirtyWhy::Sparse } else { DirtyWhy::Deleted };
                return Ok(before.map(|_| why));
            }
            Err(source) => return Err(CommitError::Io { path: full, source }),
        };
        if !metadata.is_file() {
            return Ok(Some(DirtyWhy::NotAFile));
        }
        if entry.is_some_and(|entry| has_stat_of(&entry, &metadata)) {
            return Ok(None);
        }
        let bytes = fs::read(&full).map_err(|source| CommitError::Io { path: full, source })?;
        let stands = Some(blob_id(&bytes));
        Ok(if stands == before || stands == after {
            None
        } else if before.is_some() {
            Some(DirtyWhy::Modified)
        } else {
            Some(DirtyWhy::Untracked)
        })
    }

    /// Writes the edits into the work tree and the index.
    pub(super) fn publish(&mut self, edits: &[Edit]) -> Result<(), CommitError> {
        let mut made = HashSet::new();
        for edit in edits {
            let full = self.root.join(&edit.path);
            let failed = |source| CommitError::Io { path: full.clone(), source };
            match &edit.content {
                Some(content) => {
                    let parent = full.parent().unwrap_or(&self.root);
                    if made.insert(parent.to_path_buf()) {
                        fs::create_dir_all(parent).map_err(failed)?;
                    }
                    match content {
                        Content::Bytes(bytes) => replace(&full, bytes).map_err(failed)?,
                        Content::Staged { file: Some(file), .. } => move_into(file, &full).map_err(failed)?,
                        Content::Staged { file: None, blob } => {
                            let blob = self.repository.git2().find_blob(*blob)?;
                            replace(&full, blob.content()).map_err(failed)?;
                        }
                    }
                    let metadata = fs::symlink_metadata(&full).map_err(failed)?;
                    self.index.add(&entry_of(&edit.path, content.blob(), REGULAR_FILE, &metadata))?;
                }
                None => {
                    match fs::remove_file(&full) {
                        Err(error) if !is_absent(&error) => return Err(failed(error)),
                        _ => {}
                    }
                    self.index.remove_path(Path::new(&edit.path))?;
                    self.remove_empty_parents(&full);
                }
            }
        }
        self.write_index()
    }

    fn write_index(&mut self) -> Result<(), CommitError> {
        self.index.write().map_err(|error| {
            // A write that fails for want of room leaves libgit2 with no message, or an older one.
            let message = Some(error.message()).filter(|message| message.contains("index"));
            let message = message.unwrap_or("is the disk full?").to_owned();
            let path = self.repository.git2().path().join("index");
            CommitError::Io { path, source: io::Error::other(message) }
        })
    }

    fn remove_empty_parents(&self, full: &Path) {
        let mut dir = full.parent();
        while let Some(parent) =
            dir.filter(|parent| parent.parent() != Some(&self.root) && *parent != self.root)
        {
            if fs::remove_dir(parent).is_err() {
                return;
            }
            dir = parent.parent();
        }
    }

    /// Brings the files that differ between two commits to the new one,
    /// leaving alone what holds neither the old nor the new content.
    pub(super) fn follow(&mut self, old: Option<Oid>, new: Oid) -> Result<(), CommitError> {
        let git = self.repository.git2();
        let tree_of = |commit: Oid| git.find_commit(commit)?.tree();
        let (old, new) = (old.map(tree_of).transpose()?, tree_of(new)?);
        let diff = git.diff_tree_to_tree(old.as_ref(), Some(&new), None)?;
        let mut fresh = Vec::new();
        for delta in diff.deltas() {
            let (before, after) = (delta.old_file().id(), delta.new_file().id());
            let Some(path) = delta.new_file().path() else { continue };
            let full = self.root.join(path);
            let failed = |source| CommitError::Io { path: full.clone(), source };
            let stands = match fs::read(&full) {
                Ok(bytes) => Some(blob_id(&bytes)),
                Err(error) if is_absent(&error) => None,
                Err(source) => return Err(failed(source)),
            };
            let is_ours = stands.is_none_or(|stands| stands == before);
            if delta.status() == Delta::Deleted {
                if is_ours {
                    match fs::remove_file(&full) {
                        Err(error) if !is_absent(&error) => return Err(failed(error)),
                        _ => self.index.remove_path(path)?,
                    }
                }
            } else if is_ours {
                fresh.push((path.to_path_buf(), after, u32::from(delta.new_file().mode())));
            } else if stands == Some(after) {
                // It was moved into place already, its index entry was not written.
                let metadata = fs::symlink_metadata(&full).map_err(failed)?;
                let mode = u32::from(delta.new_file().mode());
                self.index.add(&entry_of(&path.to_string_lossy(), after, mode, &metadata))?;
            }
        }
        self.check_out(&new, &fresh)?;
        self.write_index()
    }

    /// Puts files of a tree in place, each whole: git's checkout (with the user's filters) goes to
    /// a folder beside, because it writes in place what it writes into a work tree.
    fn check_out(&mut self, tree: &Tree<'_>, files: &[(PathBuf, Oid, u32)]) -> Result<(), CommitError> {
        if files.is_empty() {
            return Ok(());
        }
        let beside = super::journal::staging_dir(self.repository).join("checkout");
        let mut checkout = CheckoutBuilder::new();
        checkout.force().disable_pathspec_match(true).update_index(false).target_dir(&beside);
        for (path, ..) in files {
            checkout.path(path);
        }
        // What an earlier, killed one has left there may be half a file.
        super::journal::clear_staging(self.repository)
            .and_then(|()| fs::create_dir_all(&beside))
            .map_err(|source| CommitError::Io { path: beside.clone(), source })?;
        self.repository.git2().checkout_tree(tree.as_object(), Some(&mut checkout))?;
        for (path, blob, mode) in files {
            let full = self.root.join(path);
            let failed = |source| CommitError::Io { path: full.clone(), source };
            fs::create_dir_all(full.parent().unwrap_or(&self.root)).map_err(failed)?;
            move_into(&beside.join(path), &full).map_err(failed)?;
            let metadata = fs::symlink_metadata(&full).map_err(failed)?;
            self.index.add(&entry_of(&path.to_string_lossy(), *blob, *mode, &metadata))?;
        }
        Ok(())
    }

    /// Whether every file that differs between two commits is as the old one has it.
    pub(super) fn can_follow(&self, old: Oid, new: Oid) -> Result<Vec<Dirty>, CommitError> {
        let git = self.repository.git2();
        let (old, new) = (git.find_commit(old)?.tree()?, git.find_commit(new)?.tree()?);
        let diff = git.diff_tree_to_tree(Some(&old), Some(&new), None)?;
        let edits = diff.deltas().filter_map(|delta| {
            let path = delta.new_file().path()?.to_str()?.to_owned();
            let blob = delta.new_file().id();
            let content = (!blob.is_zero()).then_some(Content::Staged { blob, file: None });
            Some(Edit { path, content })
        });
        self.dirty(Some(&old), &edits.collect::<Vec<_>>())
    }
}

/// Remembers which folders are, or lie below, symbolic links.
#[derive(Default)]
struct Links {
    plain: HashSet<PathBuf>,
}

impl Links {
    fn above(&mut self, root: &Path, path: &str) -> bool {
        let mut dir = root.to_path_buf();
        let Some((parents, _)) = path.rsplit_once('/') else { return false };
        for part in parents.split('/') {
            dir.push(part);
            if self.plain.contains(&dir) {
                continue;
            }
            if fs::symlink_metadata(&dir).is_ok_and(|metadata| !metadata.is_dir()) {
                return true;
            }
            self.plain.insert(dir.clone());
        }
        false
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Replaces a file whole, so that nobody reads half of it.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, path)
}

/// Moves a file into place; across file systems by copying.
fn move_into(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            replace(to, &fs::read(from)?)?;
            fs::remove_file(from)
        }
        done => done,
    }
}

const REGULAR_FILE: u32 = 0o100_644;
/// The flag of an index entry whose file is not wanted in the work tree.
const SKIP_WORKTREE: u16 = 1 << 14;

fn entry_of(path: &str, id: Oid, mode: u32, metadata: &fs::Metadata) -> IndexEntry {
    let mut entry = IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: mtime(metadata),
        dev: 0,
        ino: 0,
        mode,
        uid: 0,
        gid: 0,
        file_size: metadata.len() as u32,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    };
    add_system_fields(&mut entry, metadata);
    entry
}

/// What `git status` compares besides size and time, where the system has it.
#[cfg(unix)]
fn add_system_fields(entry: &mut IndexEntry, metadata: &fs::Metadata) {
    use std::os::unix::fs::MetadataExt;
    entry.ctime = IndexTime::new(metadata.ctime() as i32, metadata.ctime_nsec() as u32);
    entry.dev = metadata.dev() as u32;
    entry.ino = metadata.ino() as u32;
    entry.uid = metadata.uid();
    entry.gid = metadata.gid();
}

#[cfg(not(unix))]
fn add_system_fields(entry: &mut IndexEntry, _metadata: &fs::Metadata) {
    entry.ctime = entry.mtime;
}

fn mtime(metadata: &fs::Metadata) -> IndexTime {
    let since_epoch =
        metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let (seconds, nanoseconds) =
        since_epoch.map_or((0, 0), |time| (time.as_secs() as i32, time.subsec_nanos()));
    IndexTime::new(seconds, nanoseconds)
}

/// Same size and same time, to the nanosecond, as when git last looked.
fn has_stat_of(entry: &IndexEntry, metadata: &fs::Metadata) -> bool {
    let now = mtime(metadata);
    entry.file_size == metadata.len() as u32
        && entry.mtime.seconds() == now.seconds()
        && entry.mtime.nanoseconds() == now.nanoseconds()
        && now.nanoseconds() != 0
}
