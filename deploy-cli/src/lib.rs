//! The command line of `opcon-deploy`: words, colours and prompts over [`deploy_core`].
//!
//! One command is one file under `commands/`; output goes through [`ui`].

pub mod cli;
pub mod commands;
mod credential;
mod error;
mod interrupt;
mod names;
#[cfg(test)]
mod reference;
mod system;
mod time;
pub mod ui;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use cli::Cli;
use error::CommandError;
use ui::Ui;

/// Runs the program with its arguments, the first of which is its name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if let [_, only] = args.as_slice()
        && (only == "--version" || only == "-V")
    {
        // What scripts ask most needs no table of words.
        let _ = writeln!(std::io::stdout(), "opcon-deploy {}", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    interrupt::survive_file_size_limit();
    clap_complete::CompleteEnv::with_factory(Cli::command).complete();
    let cli = match parse(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let ui = Ui::new(&cli.global);
    let code = commands::run(cli.command, &cli.global, &ui).unwrap_or_else(|error| {
        error.report(&ui);
        error.code
    });
    match ui.finish() {
        Ok(()) => code.into(),
        Err(error) => {
            Ui::new(&cli.global).error(&format!("cannot write the result: {error}"));
            Exit::Failed.into()
        }
    }
}

/// As `Cli::try_parse_from`, without taking the table of words apart again at the end.
fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut words = std::mem::ManuallyDrop::new(Cli::command());
    let mut matches = words.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut words))
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// It, or any item of it, failed.
    Failed = 1,
    /// The words were wrong.
    Usage = 2,
    /// There are findings.
    Findings = 3,
    /// Refused until it is accepted explicitly.
    Refused = 4,
    /// The record that was to be carried out does not wait: nothing was done.
    NothingWaits = 5,
    /// Stopped by the user.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// The result of a command.
pub(crate) type CommandResult = Result<Exit, CommandError>;
