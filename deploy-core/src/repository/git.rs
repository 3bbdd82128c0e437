//! The user's own `git` program: for what needs their credentials, proxies,
//! hooks and signing set-up, and for the passes over history at which it is best.
//!
//! One way to build a command: standard input closed or given, no prompts, no
//! pager, messages in English, and no repository inherited from the environment.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// Variables by which a caller of git (a hook, an alias) would point it at another repository.
const INHERITED: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG",
];

/// Settings without which output or commits would depend on the user's own.
const FIXED: &[&str] = &[
    "core.quotePath=false",
    "color.ui=false",
    "gc.auto=0",
    "i18n.logOutputEncoding=UTF-8",
    "i18n.commitEncoding=UTF-8",
];

/// Why a run of `git` did not give what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program could not be started.
    #[error("cannot start `git`, is it installed and in PATH? {0}")]
    Start(#[source] std::io::Error),
    /// It could not be read from or written to.
    #[error("cannot talk to `git {verb}`: {source}")]
    Pipe {
        /// Which subcommand.
        verb: String,
        /// The cause.
        source: std::io::Error,
    },
    /// It ended with an error.
    #[error("`git {verb}` failed: {message}")]
    Failed {
        /// Which subcommand.
        verb: String,
        /// What it said on standard error, verbatim.
        message: String,
    },
}

/// Runs `git` on one repository.
#[derive(Debug, Clone)]
pub struct Git {
    dir: PathBuf,
}

impl Git {
    /// For the repository that holds (or whose git directory is) `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.dir);
        command.arg("--no-pager");
        FIXED.iter().for_each(|setting| {
            command.args(["-c", setting]);
        });
        command.args(args);
        for name in INHERITED {
            command.env_remove(name);
        }
        command.env("LC_MESSAGES", "C").env("LANGUAGE", "C").env("GIT_TERMINAL_PROMPT", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end and gives whatever came of it.
    pub fn output<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Output, GitError> {
        self.command(args).output().map_err(GitError::Start)
    }

    /// Runs to the end; standard output without its last newline.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<String, GitError> {
        finish(verb(args), self.output(args)?)
    }

    /// Runs to the end with standard input.
    pub fn run_with_input<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Result<String, GitError> {
        let mut command = self.command(args);
        let mut child = command.stdin(Stdio::piped()).spawn().map_err(GitError::Start)?;
        let pipe = |source| GitError::Pipe { verb: verb(args), source };
        if let Some(mut stdin) = child.stdin.take() {
            // A git that ends early says why itself; a broken pipe would hide it.
            match stdin.write_all(input) {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(pipe(error)),
                _ => {}
            }
        }
        finish(verb(args), child.wait_with_output().map_err(pipe)?)
    }

    /// Starts a run whose standard output is read as it comes.
    pub fn stream<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Stream, GitError> {
        let mut child = self.command(args).stderr(Stdio::inherit()).spawn().map_err(GitError::Start)?;
        let stdout = child.stdout.take();
        Ok(Stream { child, stdout, verb: verb(args) })
    }

    /// The value of a configuration key, as git itself resolves it.
    pub fn config(&self, key: &str) -> Result<Option<String>, GitError> {
        let output = self.output(&["config", "--get", key])?;
        match output.status.code() {
            Some(0) => Ok(Some(text(&output.stdout))),
            Some(1) => Ok(None),
            _ => Err(failed("config".to_owned(), &output)),
        }
    }

    /// Where it runs.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// A running `git` whose output is being read.
#[derive(Debug)]
pub struct Stream {
    child: Child,
    stdout: Option<ChildStdout>,
    verb: String,
}

impl Stream {
    /// The standard output; `None` the second time.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Result<(), GitError> {
        drop(self.stdout.take());
        let status =
            self.child.wait().map_err(|source| GitError::Pipe { verb: self.verb.clone(), source })?;
        if status.success() {
            return Ok(());
        }
        Err(GitError::Failed { verb: self.verb, message: status.to_string() })
    }
}

fn verb<S: AsRef<OsStr>>(args: &[S]) -> String {
    args.first().map(|arg| arg.as_ref().to_string_lossy().into_owned()).unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.strip_suffix('\n').unwrap_or(&text).to_owned()
}

fn failed(verb: String, output: &Output) -> GitError {
    let message = text(&output.stderr);
    let message = if message.is_empty() { output.status.to_string() } else { message };
    GitError::Failed { verb, message }
}

fn finish(verb: String, output: Output) -> Result<String, GitError> {
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(failed(verb, &output)) }
}
