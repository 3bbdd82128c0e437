//! The central repository: an ordinary git repository with a `deploy.toml` at its root.
//!
//! Objects and refs are read with libgit2; what needs the user's set-up
//! (network, signing, hooks) goes through their own `git` ([`git`]). Caches
//! lie in the common git directory under `opcon-deploy/`.

pub mod archive;
pub mod audit;
pub mod board;
mod cache_lines;
mod cache_tables;
pub mod change;
pub mod changed;
pub mod check;
pub mod commits;
pub mod drift_accepted;
pub mod drift_seen;
pub mod files;
pub mod format;
pub mod git;
pub mod history;
pub mod import;
pub mod init;
pub mod layout;
pub mod listing;
pub mod pack;
pub mod package;
mod push;
pub mod range;
pub mod records;
pub mod resolve;
pub mod rule_files;
pub mod schema;
pub mod scripts;
pub mod servers;
pub mod settings;
pub mod summaries;
pub mod toml_file;
pub mod users;
pub mod what_changed;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod testing;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid, RepositoryOpenFlags};

use git::Git;
use history::Tip;
use settings::Settings;
use toml_file::{TomlError, read_toml};

/// Why a folder cannot be used as a central repository.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No git repository there or above.
    #[error("`{}` is not in a git repository", path.display())]
    NotARepository {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A git repository, but not one of ours.
    #[error("`{}` is a git repository without a {}", root.display(), settings::FILE)]
    NoSettings {
        /// Its root.
        root: PathBuf,
    },
    /// The settings cannot be read.
    #[error(transparent)]
    Settings(#[from] TomlError),
    /// A kind of git repository that libgit2 does not read.
    #[error("`{}` {what}, which cannot be read here", path.display())]
    Unsupported {
        /// The repository.
        path: PathBuf,
        /// What it is or uses, with the verb.
        what: String,
    },
    /// Anything else.
    #[error("cannot open `{}`: {message}", path.display())]
    Other {
        /// The repository.
        path: PathBuf,
        /// The cause.
        message: String,
    },
}

/// Why there is no commit to count versions from.
#[derive(Debug, thiserror::Error)]
pub enum TipError {
    /// Neither here nor on the remote.
    #[error("there is no branch `{main}` here")]
    NoMain {
        /// The branch that `deploy.toml` names.
        main: String,
    },
    /// A ref could not be read.
    #[error("cannot read the branches: {}", .0.message())]
    Ref(#[from] git2::Error),
}

/// Why the settings of main cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MainSettingsError {
    /// There is no main.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// They are wrong.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// The repository could not be read.
    #[error("cannot read the repository: {0}")]
    Object(#[from] git2::Error),
}

/// An open central repository.
pub struct Repository {
    git2: git2::Repository,
    git: Git,
    root: PathBuf,
    settings: Settings,
    has_remote: OnceCell<bool>,
    signs_commits: OnceCell<bool>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Repository {
    /// Opens the central repository that holds `path`.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let git2 = discover(path)?;
        let root = root_of(&git2);
        let settings = read_settings(&git2, &root)?;
        let git = Git::new(&root);
        Ok(Self::with(git2, git, root, settings))
    }

    fn with(git2: git2::Repository, git: Git, root: PathBuf, settings: Settings) -> Self {
        Self { git2, git, root, settings, has_remote: OnceCell::new(), signs_commits: OnceCell::new() }
    }

    /// Another handle on the same repository, for another thread.
    pub fn reopen(&self) -> Result<git2::Repository, git2::Error> {
        git2::Repository::open(self.git2.path())
    }

    /// All of it again, for another thread.
    pub(crate) fn for_thread(&self) -> Result<Self, git2::Error> {
        Ok(Self {
            git2: self.reopen()?,
            git: self.git.clone(),
            root: self.root.clone(),
            settings: self.settings.clone(),
            has_remote: self.has_remote.clone(),
            signs_commits: self.signs_commits.clone(),
        })
    }

    /// The root: the work tree, or the git directory of a bare repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it has a work tree.
    pub fn has_work_tree(&self) -> bool {
        self.git2.workdir().is_some()
    }

    /// Its settings, as the work tree has them.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its settings as the shared main has them, for what changes a target: neither a
    /// work tree nor a commit that is not pushed can widen them.
    pub fn settings_of_main(&self) -> Result<Settings, MainSettingsError> {
        let tree = self.git2.find_commit(self.shared_main()?.0)?.tree()?;
        match self.file_in(&tree, settings::FILE)? {
            Some(bytes) => Ok(read_toml(settings::FILE, &String::from_utf8_lossy(&bytes))?),
            None => Ok(Settings::default()),
        }
    }

    /// The objects and refs.
    pub fn git2(&self) -> &git2::Repository {
        &self.git2
    }

    /// The user's git program.
    pub fn git(&self) -> &Git {
        &self.git
    }

    /// The configured remote, where this clone has it.
    pub fn remote(&self) -> Option<&str> {
        let name = self.settings.git.remote.as_str();
        let known = || {
            let config = self.git2.config();
            config.is_ok_and(|config| config.get_entry(&format!("remote.{name}.url")).is_ok())
        };
        self.has_remote.get_or_init(known).then_some(name)
    }

    /// Brings main of the remote up to date; nothing where there is no remote.
    pub fn fetch_main(&self) -> Result<(), git::GitError> {
        let Some(remote) = self.remote() else { return Ok(()) };
        let main = &self.settings.git.main;
        let refspec = format!("+refs/heads/{main}:refs/remotes/{remote}/{main}");
        self.git.run(&["fetch", "--quiet", remote, &refspec]).map(|_| ())
    }

    /// When something was last fetched into this clone.
    pub fn last_fetch(&self) -> Option<std::time::SystemTime> {
        let metadata = std::fs::metadata(self.git2.path().join("FETCH_HEAD"));
        metadata.and_then(|metadata| metadata.modified()).ok()
    }

    /// The commit that a ref points to; `None` where it does not exist.
    pub fn ref_commit(&self, name: &str) -> Result<Option<Oid>, git2::Error> {
        match self.git2.find_reference(name) {
            Ok(reference) => reference.peel_to_commit().map(|commit| Some(commit.id())),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where versions are counted from: the local main where it contains the
    /// remote's tip, else the remote's.
    pub fn tip(&self) -> Result<Tip, TipError> {
        let main = &self.settings.git.main;
        let local = self.ref_commit(&format!("refs/heads/{main}"))?;
        let remote_name = self.remote();
        let remote = match remote_name {
            Some(remote) => self.ref_commit(&format!("refs/remotes/{remote}/{main}"))?,
            None => None,
        };
        match (local, remote) {
            (None, None) => Err(TipError::NoMain { main: main.clone() }),
            (Some(commit), None) => Ok(Tip { commit, branch: main.clone(), remote: None }),
            (local, Some(remote)) => {
                let contains = |local| Ok(local == remote || self.git2.graph_descendant_of(local, remote)?);
                let ahead = local.map(contains).transpose().map_err(TipError::Ref)?;
                Ok(match (local, ahead) {
                    (Some(commit), Some(true)) => Tip { commit, branch: main.clone(), remote: Some(remote) },
                    _ => {
                        let branch = format!("{}/{main}", remote_name.unwrap_or_default());
                        Tip { commit: remote, branch, remote: Some(remote) }
                    }
                })
            }
        }
    }

    /// The main that everybody shares, and its name: the remote's as of the last
    /// fetch where there is one, so that no local commit widens what somebody may do.
    pub fn shared_main(&self) -> Result<(Oid, String), TipError> {
        let main = &self.settings.git.main;
        if let Some(remote) = self.remote()
            && let Some(commit) = self.remote_branch(main)?
        {
            return Ok((commit, format!("{remote}/{main}")));
        }
        match self.ref_commit(&format!("refs/heads/{main}"))? {
            Some(commit) => Ok((commit, main.clone())),
            None => Err(TipError::NoMain { main: main.clone() }),
        }
    }

    /// The folder of the caches and of the unfinished work of this program.
    pub fn private_dir(&self) -> PathBuf {
        self.git2.commondir().join("opcon-deploy")
    }

    /// A cache file, where there is one.
    pub fn read_cache(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.private_dir().join(name)).ok()
    }

    /// Replaces a cache file whole. A cache that cannot be written is done without.
    pub fn write_cache(&self, name: &str, bytes: &[u8]) {
        let path = self.private_dir().join(name);
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let written = std::fs::create_dir_all(path.parent().unwrap_or(&path))
            .and_then(|()| std::fs::write(&temporary, bytes))
            .and_then(|()| std::fs::rename(&temporary, &path));
        if written.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
    }
}

/// The work tree or the git directory, without the slash that libgit2 puts behind it.
fn root_of(git2: &git2::Repository) -> PathBuf {
    git2.workdir().unwrap_or_else(|| git2.path()).components().collect()
}

fn discover(path: &Path) -> Result<git2::Repository, OpenError> {
    let git2 = open_any(path)?;
    match is_partial(&git2) {
        Ok(false) => Ok(git2),
        Ok(true) => {
            Err(OpenError::Unsupported { path: path.to_path_buf(), what: "is a partial clone".to_owned() })
        }
        Err(error) => Err(OpenError::Other { path: path.to_path_buf(), message: error.message().to_owned() }),
    }
}

/// Whether objects may be missing until they are fetched, which libgit2 does not do.
fn is_partial(git2: &git2::Repository) -> Result<bool, git2::Error> {
    let config = git2.config()?;
    let mut entries = config.entries(Some("remote\\..*\\.promisor"))?;
    while let Some(entry) = entries.next() {
        if entry?.value().ok().is_none_or(|value| value != "false") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn open_any(path: &Path) -> Result<git2::Repository, OpenError> {
    // Opens what it finds; `discover` would find first, then open.
    let nowhere = [] as [&std::ffi::OsStr; 0];
    git2::Repository::open_ext(path, RepositoryOpenFlags::empty(), nowhere).map_err(|error| {
        let path = path.to_path_buf();
        let message = error.message().to_owned();
        let uses = |what: &str| OpenError::Unsupported { path: path.clone(), what: format!("uses {what}") };
        if error.code() == ErrorCode::NotFound {
            OpenError::NotARepository { path }
        } else if message.contains("partialclone") {
            OpenError::Unsupported { path, what: "is a partial clone".to_owned() }
        } else if message.contains("refstorage") {
            uses("reftable references (`extensions.refStorage`)")
        } else if message.contains("object format") || message.contains("objectformat") {
            uses("SHA-256 object names (`extensions.objectFormat`)")
        } else if let Some((_, extension)) = message.split_once("unsupported extension name ") {
            uses(&format!("the git extension `{extension}`"))
        } else {
            OpenError::Other { path, message }
        }
    })
}

/// Reads `deploy.toml` from the work tree, or from HEAD where there is none.
fn read_settings(git2: &git2::Repository, root: &Path) -> Result<Settings, OpenError> {
    let none = || OpenError::NoSettings { root: root.to_path_buf() };
    let text = if git2.workdir().is_some() {
        match std::fs::read(root.join(settings::FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(none()),
            Err(error) => {
                return Err(OpenError::Other { path: root.join(settings::FILE), message: error.to_string() });
            }
        }
    } else {
        let object = git2.revparse_single(&format!("HEAD:{}", settings::FILE)).map_err(|_| none())?;
        object.into_blob().map_err(|_| none())?.content().to_vec()
    };
    Ok(read_toml(settings::FILE, &String::from_utf8_lossy(&text))?)
}
