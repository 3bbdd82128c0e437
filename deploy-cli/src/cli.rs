//! The words of the command line.

use std::path::{Path, PathBuf};

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser};

use crate::commands::Command;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// Change management for OpCon schedules, on git.
///
/// The central repository is an ordinary git repository: every version of a
/// schedule is a commit, every change can be a pull request.
#[derive(Debug, Parser)]
#[command(name = "opcon-deploy", version, styles = STYLES, max_term_width = 100)]
#[command(after_help = "Start with `opcon-deploy demo`, or `opcon-deploy init DIR`.\n\
    Exit codes: 0 done, 1 failed, 2 wrong words, 3 findings, 4 refused, 5 nothing waits, 130 stopped.")]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Work in this folder instead of the current one
    #[arg(short = 'C', value_name = "DIR", global = true, default_value = ".", hide_default_value = true)]
    pub dir: PathBuf,
    /// Fetch main from the remote first; otherwise commands that read do not
    #[arg(long, global = true)]
    pub fetch: bool,
    /// Print the result as one JSON object
    #[arg(long, global = true)]
    pub json: bool,
    /// Print results and errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print more about what is done
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Global {
    /// A path given by the user, as seen from the folder to work in.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        match self.dir.as_os_str() == "." {
            true => path.as_ref().to_path_buf(),
            false => self.dir.join(path),
        }
    }
}

/// Options of every command that commits.
#[derive(Debug, Args)]
pub struct CommitArgs {
    /// First lines of the commit message
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
    /// Commit to this branch instead of the one checked out, without touching the work tree
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub branch: Option<String>,
    /// Push the commit
    #[arg(long)]
    pub push: bool,
}

impl CommitArgs {
    /// Where the commit goes; a branch without a name is called after what is done.
    pub fn destination(&self, what: &str) -> deploy_core::repository::change::Destination {
        use deploy_core::repository::change::Destination;
        match self.branch.as_deref() {
            None => Destination::Head,
            Some("") => {
                Destination::Branch(format!("{what}-{}", chrono::Local::now().format("%Y%m%d-%H%M%S")))
            }
            Some(name) => Destination::Branch(name.to_owned()),
        }
    }
}
