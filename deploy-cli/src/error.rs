//! What the user reads when a command fails: what, where, why, and what helps.

mod deploying;
mod drift;
mod log;
mod rollouts;
mod users;

use std::error::Error;
use std::path::Path;

use deploy_core::opcon::OpConError;
use deploy_core::repository::change::{CommitError, DirtyWhy};
use deploy_core::repository::check::CheckError;
use deploy_core::repository::files::FilesError;
use deploy_core::repository::history::HistoryError;
use deploy_core::repository::import::{ImportError, SourcesError};
use deploy_core::repository::init::InitError;
use deploy_core::repository::layout::Kind;
use deploy_core::repository::package::{PackageError, StoredError};
use deploy_core::repository::resolve::ResolveError;
use deploy_core::repository::scripts::ScriptError;
use deploy_core::repository::servers::ServerError;
use deploy_core::repository::users::UsersError;
use deploy_core::repository::{OpenError, TipError};

use crate::Exit;
use crate::ui::Ui;
use users::users_hint;

/// An error with the exit code and the hints that belong to it.
#[derive(Debug)]
pub struct CommandError {
    /// How the program ends.
    pub code: Exit,
    message: String,
    /// What was shown before it, for a record that is read without that.
    reasons: Vec<String>,
    hints: Vec<String>,
}

impl CommandError {
    /// The command failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: Exit::Failed, message: message.into(), reasons: Vec::new(), hints: Vec::new() }
    }

    /// The words of the command make no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: Exit::Usage, ..Self::failed(message) }
    }

    /// Refused until the user says otherwise.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { code: Exit::Refused, ..Self::failed(message) }
    }

    /// The user stopped it.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { code: Exit::Interrupted, ..Self::failed(message) }
    }

    /// Adds a hint: a sentence with a command that can be pasted.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// An error of writing or reading a file the user named.
    pub fn io(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::failed(format!("cannot {doing} `{}`: {error}", path.display()))
    }

    /// An error of the library with its causes.
    pub fn with_causes(error: &(dyn Error + 'static)) -> Self {
        Self::failed(chain(error))
    }

    /// Puts words in front of what failed.
    pub fn prefixed(mut self, words: &str) -> Self {
        self.message.insert_str(0, words);
        self
    }

    /// What failed, without the hints.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Keeps what was shown before it.
    pub fn because(mut self, reasons: impl IntoIterator<Item = String>) -> Self {
        self.reasons.extend(reasons);
        self
    }

    /// What failed and why, for a record.
    pub fn for_record(&self) -> String {
        match self.reasons.is_empty() {
            true => self.message.clone(),
            false => format!("{}: {}", self.message, self.reasons.join("; ")),
        }
    }

    /// Prints it.
    pub fn report(&self, ui: &Ui) {
        ui.error(&self.message);
        self.hints(ui);
    }

    /// Prints its hints.
    pub fn hints(&self, ui: &Ui) {
        for hint in &self.hints {
            ui.hint(hint);
        }
    }
}

/// The message with those causes that it does not already tell.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut message = text(error);
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = text(error);
        if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = error.source();
    }
    message
}

/// What an error says, without the class and code that libgit2 adds.
fn text(error: &(dyn Error + 'static)) -> String {
    match error.downcast_ref::<git2::Error>() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}

macro_rules! from_core {
    ($($error:ty => $hint:ident),* $(,)?) => {$(
        impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                let hint = $hint(&error);
                let failed = CommandError::failed(chain(&error));
                hint.into_iter().fold(failed, CommandError::hint)
            }
        }
    )*};
}

from_core! {
    OpenError => open_hint,
    TipError => tip_hint,
    HistoryError => history_hint,
    CommitError => commit_hint,
    SourcesError => no_hint,
    InitError => init_hint,
    ResolveError => resolve_hint,
    CheckError => no_hint,
    FilesError => no_hint,
    PackageError => package_hint,
    StoredError => no_hint,
    ServerError => server_hint,
    ScriptError => script_hint,
    OpConError => opcon_hint,
    UsersError => users_hint,
    deploy_core::repository::MainSettingsError => no_hint,
    deploy_core::repository::git::GitError => no_hint,
    deploy_core::definition::ReadError => no_hint,
    git2::Error => no_hint,
    serde_json::Error => no_hint,
}

impl From<ImportError> for CommandError {
    fn from(error: ImportError) -> Self {
        let (code, hint) = match &error {
            ImportError::Cancelled => (Exit::Interrupted, None),
            ImportError::History(error) => (Exit::Failed, history_hint(error)),
            ImportError::Commit(error) => (Exit::Failed, commit_hint(error)),
            ImportError::AppCase { .. }
            | ImportError::App(_)
            | ImportError::Object(_)
            | ImportError::Store(_) => (Exit::Failed, None),
        };
        let failed = CommandError { code, ..CommandError::failed(chain(&error)) };
        hint.into_iter().fold(failed, CommandError::hint)
    }
}

fn no_hint<E>(_: &E) -> Option<String> {
    None
}

fn open_hint(error: &OpenError) -> Option<String> {
    match error {
        OpenError::NotARepository { .. } => {
            Some("`opcon-deploy init DIR` makes a central repository; `-C DIR` names one".into())
        }
        OpenError::NoSettings { root } => {
            Some(format!("`opcon-deploy init {}` makes it a central repository", shown(root)))
        }
        OpenError::Unsupported { .. } => {
            Some("a full clone in git's usual format can be used: `git clone URL`".into())
        }
        OpenError::Settings(_) => Some("`opcon-deploy schema deploy` describes the keys".into()),
        OpenError::Other { .. } => None,
    }
}

fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let text = text.strip_suffix(['/', '\\']).unwrap_or(&text);
    if text.contains(' ') { format!("\"{text}\"") } else { text.to_owned() }
}

fn tip_hint(error: &TipError) -> Option<String> {
    match error {
        TipError::NoMain { .. } => Some(
            "`[git] main` in deploy.toml names the branch of the versions; `git fetch` brings it, a first commit makes it"
                .into(),
        ),
        TipError::Ref(_) => None,
    }
}

fn history_hint(error: &HistoryError) -> Option<String> {
    match error {
        HistoryError::Shallow => Some("`git fetch --unshallow` brings the whole history".into()),
        HistoryError::Tip(error) => tip_hint(error),
        _ => None,
    }
}

fn commit_hint(error: &CommitError) -> Option<String> {
    match error {
        CommitError::Detached => Some("`git switch main` first, or `--branch=NAME`".into()),
        CommitError::Dirty(dirty) => dirty.first().map(|first| match first.why {
            DirtyWhy::Untracked => {
                format!("`git add \"{0}\" && git commit` keeps it; move it away to do without it", first.path)
            }
            DirtyWhy::NotAFile => "move away what stands there".to_owned(),
            DirtyWhy::Sparse => {
                "`git sparse-checkout disable` brings it, `--branch=NAME` does without a work tree".to_owned()
            }
            DirtyWhy::Conflict => {
                format!("resolve it, then `git add \"{0}\" && git commit`", first.path)
            }
            _ => format!("`git commit -- \"{0}\"` keeps the change, `git restore --staged --worktree \"{0}\"` drops it", first.path),
        }),
        CommitError::Moved { .. } => Some("run the command again".into()),
        CommitError::MovedOnRemote { .. } | CommitError::Diverged { .. } => {
            Some("`git pull --rebase`, look at the result, then `git push`".into())
        }
        CommitError::PushRefused { branch, .. } => {
            Some(format!("`git push` tries again; `--branch=NAME` commits to another branch than `{branch}`"))
        }
        CommitError::NotPushed { .. } => Some("`git push` tries again".into()),
        CommitError::InTheWay(dirty) => dirty.first().map(|first| {
            format!("`git stash push -- \"{}\" && git pull --rebase && git push && git stash pop`", first.path)
        }),
        CommitError::NotFollowed { .. } => Some("the next command that commits finishes it".into()),
        CommitError::Locked(path) => Some(format!(
            "wait for it; if there is none, one was killed: remove `{}`",
            path.display()
        )),
        CommitError::CheckedOutElsewhere { .. } => Some("run the command in that work tree".into()),
        CommitError::IndexKind(extension) => match extension.as_str() {
            "link" => Some("`git update-index --no-split-index` makes it a plain one".into()),
            "sdir" => Some("`git sparse-checkout reapply --no-sparse-index` makes it a plain one".into()),
            _ => Some("`--branch=NAME` commits without it".into()),
        },
        CommitError::Tip(error) => tip_hint(error),
        _ => None,
    }
}

fn init_hint(error: &InitError) -> Option<String> {
    match error {
        InitError::Inside { root, .. } => Some(format!(
            "`opcon-deploy init {}` uses the repository, a folder outside makes a new one",
            shown(root)
        )),
        InitError::NotCheckedOut { branch, .. } => {
            Some(format!("`git switch {branch}` checks it out, then `opcon-deploy init` prepares the clone"))
        }
        InitError::Open(error) => open_hint(error),
        InitError::Commit(CommitError::Detached) => Some("`git switch BRANCH` first".into()),
        InitError::Commit(error) => commit_hint(error),
        _ => None,
    }
}

fn resolve_hint(error: &ResolveError) -> Option<String> {
    match error {
        ResolveError::Unknown { near: Some(_), .. } => None,
        ResolveError::Unknown { kind, .. } => {
            Some(format!("`opcon-deploy list {}s` shows what there is", kind.word()))
        }
        ResolveError::NoVersion { kind, name, .. } | ResolveError::Deleted { kind, name, .. } => {
            let prefix = match kind {
                Kind::Schedule => String::new(),
                _ => format!("{}:", kind.word()),
            };
            Some(format!("`opcon-deploy versions \"{prefix}{name}\"` shows its versions"))
        }
        ResolveError::History(error) => history_hint(error),
        _ => None,
    }
}

fn package_hint(error: &PackageError) -> Option<String> {
    match error {
        PackageError::Unknown { near: None, .. } => {
            Some("`opcon-deploy package list` shows what there is".into())
        }
        PackageError::Exists { name } => Some(format!("`opcon-deploy package add \"{name}\" …` changes it")),
        PackageError::Taken { schedule, package } => {
            Some(format!("`opcon-deploy package remove \"{package}\" \"{schedule}\"` takes it out there"))
        }
        PackageError::NotInPackage { package, near: None, .. } => {
            Some(format!("`opcon-deploy package show \"{package}\"` shows what is in it"))
        }
        PackageError::Toml(_) => Some("`opcon-deploy schema package` describes the keys".into()),
        PackageError::Resolve(error) => resolve_hint(error),
        PackageError::History(error) => history_hint(error),
        PackageError::Commit(error) => commit_hint(error),
        _ => None,
    }
}

fn opcon_hint(error: &OpConError) -> Option<String> {
    error.hint()
}

fn server_hint(error: &ServerError) -> Option<String> {
    match error {
        ServerError::Unknown { near: None, .. } => {
            Some("`opcon-deploy server list` shows what there is; `server add` adds one".into())
        }
        ServerError::NotOnMain { main, .. } => Some(format!(
            "commit its file, and bring it to `{main}`: a review there is what a credential is trusted to"
        )),
        ServerError::Toml(_) | ServerError::Value { .. } => {
            Some("`opcon-deploy schema server` describes the keys".into())
        }
        ServerError::Tip(error) => tip_hint(error),
        _ => None,
    }
}

fn script_hint(error: &ScriptError) -> Option<String> {
    match error {
        ScriptError::Unknown { near: None, .. } => {
            Some("`opcon-deploy script list` shows what there is".into())
        }
        ScriptError::Conflicts(_) => Some(
            "`--reset` replaces the stored versions by those that come, after showing what it replaces"
                .into(),
        ),
        ScriptError::Commit(error) => commit_hint(error),
        ScriptError::Tip(error) => tip_hint(error),
        _ => None,
    }
}
