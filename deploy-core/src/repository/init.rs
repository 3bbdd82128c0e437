//! Laying out a central repository, and wiring a clone.

use std::path::{Path, PathBuf};

use super::change::{Change, CommitError, Committed, Content, Destination, head_branch};
use super::git::{Git, GitError};
use super::settings::{self, Settings};
use super::users::{self, Role, User, Users};
use super::{OpenError, Repository};

/// The files of a new repository, as `repo-template/` holds them.
const TEMPLATE: &[(&str, &str)] = &[
    (".gitattributes", include_str!("../../../repo-template/.gitattributes")),
    ("README.md", include_str!("../../../repo-template/README.md")),
    ("deploy.toml", include_str!("../../../repo-template/deploy.toml")),
    ("packages/.gitkeep", ""),
    ("rules/.gitkeep", ""),
    ("rules/tests/.gitkeep", ""),
    ("schedules/.gitkeep", ""),
    ("servers/.gitkeep", ""),
];

/// The name under which the drivers stand in `.gitattributes` and git's configuration.
pub const DRIVER: &str = "opcon-deploy";

/// What `init` found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialised {
    /// The root of the repository.
    pub root: PathBuf,
    /// Whether it was a central repository already.
    pub existed: bool,
    /// The files it added.
    pub added: Vec<String>,
    /// Files of the template that were there and were left as they are.
    pub kept: Vec<String>,
    /// The commit; `None` where nothing was missing.
    pub committed: Option<Committed>,
}

/// Why a repository was not laid out.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The folder lies within another repository.
    #[error("`{}` lies inside the git repository `{}`", dir.display(), root.display())]
    Inside {
        /// The folder.
        dir: PathBuf,
        /// The repository around it.
        root: PathBuf,
    },
    /// There is no work tree to write to.
    #[error("`{}` is a bare repository; lay the central repository out in a clone of it", .0.display())]
    Bare(PathBuf),
    /// A clone of a central repository with nothing checked out.
    #[error("`{}` is a clone of a central repository, but its branch `{branch}` is not checked out", root.display())]
    NotCheckedOut {
        /// The clone.
        root: PathBuf,
        /// The branch of the remote that holds it, without the remote's name.
        branch: String,
    },
    /// The folder could not be made.
    #[error("cannot create `{}`: {source}", path.display())]
    Create {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The repository could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The first commit was not made.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
    /// `users.toml` could not be written.
    #[error("cannot write users.toml: {0}")]
    Users(#[from] toml::ser::Error),
}

/// Makes `dir` a central repository; `program` is how git starts this program as a driver.
pub fn init(dir: &Path, program: &str) -> Result<Initialised, InitError> {
    std::fs::create_dir_all(dir).map_err(|source| InitError::Create { path: dir.to_path_buf(), source })?;
    let dir = dir.canonicalize().map_err(|source| InitError::Create { path: dir.to_path_buf(), source })?;
    let existed = match Repository::open(&dir) {
        Ok(_) => true,
        Err(OpenError::NoSettings { .. }) => false,
        Err(OpenError::NotARepository { .. }) => {
            Git::new(&dir).run(&["init", "--quiet", "--initial-branch=main"])?;
            false
        }
        Err(error) => return Err(error.into()),
    };
    let git2 = super::discover(&dir)?;
    if git2.is_bare() {
        return Err(InitError::Bare(dir));
    }
    let root = super::root_of(&git2);
    if !existed && root.canonicalize().ok().as_deref() != Some(&dir) {
        return Err(InitError::Inside { dir, root });
    }
    if !existed && let Some(branch) = not_checked_out(&git2)? {
        return Err(InitError::NotCheckedOut { root, branch });
    }
    let git = Git::new(&root);
    wire(&git, program)?;
    if existed {
        return Ok(Initialised { root, existed, added: vec![], kept: vec![], committed: None });
    }
    let main = choose_main(&git2, &git)?;
    let git_settings = settings::GitSettings { main: main.clone(), ..Default::default() };
    let settings = Settings { git: git_settings, ..Default::default() };
    let repository = Repository::with(git2, git, root.clone(), settings);
    let mut change = Change::begin(&repository, &Destination::Head, &|| {})?;
    let (mut added, mut kept) = (Vec::new(), Vec::new());
    let users = (users::FILE, first_user(repository.git())?);
    let template = TEMPLATE.iter().map(|(path, text)| (*path, (*text).to_owned()));
    for (path, text) in template.chain([users]) {
        let text = if path == settings::FILE && main != "main" {
            text.replace("main = \"main\"", &format!("main = {main:?}"))
        } else {
            text
        };
        if root.join(path).symlink_metadata().is_ok() || change.read(path)?.is_some() {
            kept.push(path.to_owned());
        } else {
            change.put(path, Content::Bytes(text.into_bytes()));
            added.push(path.to_owned());
        }
    }
    let committed = change.commit("Lay out the central repository\n", false)?;
    Ok(Initialised { root, existed, added, kept, committed })
}

/// The remote's branch with a central repository, where HEAD has no commit yet. A
/// clone comes out like that if the remote's own HEAD names a branch it does not
/// have; a first commit here would begin a history beside the one that exists.
fn not_checked_out(git2: &git2::Repository) -> Result<Option<String>, git2::Error> {
    if !matches!(git2.head(), Err(error) if error.code() == git2::ErrorCode::UnbornBranch) {
        return Ok(None);
    }
    let mut found: Vec<String> = Vec::new();
    for branch in git2.branches(Some(git2::BranchType::Remote))? {
        let (branch, _) = branch?;
        let Ok(tree) = branch.get().peel_to_tree() else { continue };
        if tree.get_name(settings::FILE).is_some() {
            let name = String::from_utf8_lossy(branch.name_bytes()?).into_owned();
            found.extend(name.split_once('/').map(|(_, branch)| branch.to_owned()));
        }
    }
    let main = found.iter().position(|branch| *branch == Settings::default().git.main);
    Ok(main.or((!found.is_empty()).then_some(0)).map(|at| found.swap_remove(at)))
}

/// The branch of the versions: `main`, unless an existing repository has another one and not that.
fn choose_main(git2: &git2::Repository, git: &Git) -> Result<String, InitError> {
    let head = head_branch(git2)?.ok_or(CommitError::Detached)?;
    let has = |branch: &str| git2.find_branch(branch, git2::BranchType::Local).is_ok();
    if head == "main" || (has(&head) && !has("main")) {
        return Ok(head);
    }
    if !has(&head) {
        // Nothing is committed yet: whatever `init.defaultBranch` said, it becomes main.
        git.run(&["symbolic-ref", "HEAD", "refs/heads/main"])?;
    }
    Ok("main".to_owned())
}

/// `users.toml` with the caller as the first administrator.
fn first_user(git: &Git) -> Result<String, InitError> {
    let ident = git.run(&["var", "GIT_COMMITTER_IDENT"])?;
    let (name, email) = parse_ident(&ident);
    let user = User {
        name: name.to_owned(),
        emails: vec![email.to_owned()],
        role: Role::Administration,
        opcon_user: None,
        signing_keys: vec![],
        view_audit: true,
        runner: false,
    };
    let text = toml::to_string(&Users { users: vec![user] })?;
    Ok(format!("{}\n{text}", users::NEW))
}

/// Name and e-mail of `Name <email> 1795156503 +0100`.
pub fn parse_ident(ident: &str) -> (&str, &str) {
    let (name, rest) = ident.split_once('<').unwrap_or((ident, ""));
    (name.trim(), rest.split_once('>').map_or(rest, |(email, _)| email))
}

/// Tells this clone's git how to compare and merge definitions.
pub fn wire(git: &Git, program: &str) -> Result<(), GitError> {
    let quoted = quote(program);
    let merge = format!("{quoted} merge-driver %O %A %B --path %P");
    let settings = [
        (format!("merge.{DRIVER}.name"), "merge of OpCon schedule definitions".to_owned()),
        (format!("merge.{DRIVER}.driver"), merge),
        (format!("diff.{DRIVER}.textconv"), format!("{quoted} diff-driver")),
        (format!("diff.{DRIVER}.xfuncname"), "^((schedule|job) .*)$".to_owned()),
    ];
    for (key, value) in settings {
        git.run(&["config", "--local", &key, &value])?;
    }
    Ok(())
}

/// Whether `.gitattributes` asks for the drivers and this clone does not know them.
pub(crate) fn is_unwired(repository: &Repository) -> bool {
    let attributes = std::fs::read_to_string(repository.root().join(".gitattributes")).unwrap_or_default();
    let asks = attributes.contains(&format!("merge={DRIVER}"));
    let known = || {
        let config = repository
            .git2()
            .config()
            .and_then(|config| config.get_string(&format!("merge.{DRIVER}.driver")));
        config.is_ok()
    };
    asks && !known()
}

/// Whether a hint to wire them is due: once in each clone.
pub fn hint_to_wire(repository: &Repository) -> bool {
    const HINTED: &str = "hinted-drivers";
    let due = is_unwired(repository) && repository.read_cache(HINTED).is_none();
    if due {
        repository.write_cache(HINTED, b"");
    }
    due
}

/// The program as git's shell takes it.
fn quote(program: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:".contains(c);
    if program.chars().all(plain) {
        program.to_owned()
    } else {
        format!("'{}'", program.replace('\'', "'\\''"))
    }
}
