//! `man`: man pages of all commands.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use crate::cli::{Cli, Global};
use crate::error::CommandError;
use crate::ui::{Ui, count};
use crate::{CommandResult, Exit};

/// Write the man pages into a folder
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy man ~/.local/share/man/man1\n  opcon-deploy man . && man ./opcon-deploy-import.1"
)]
pub struct ManArgs {
    /// The folder; made if it is not there
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) fn run(args: ManArgs, global: &Global, ui: &Ui) -> CommandResult {
    let dir = global.dir.join(args.folder);
    let failed = |error| CommandError::io("write the man pages into", &dir, &error);
    std::fs::create_dir_all(&dir).map_err(failed)?;
    let command = Cli::command().disable_help_subcommand(true);
    let pages = pages(&command);
    clap_mangen::generate_to(command, &dir).map_err(failed)?;
    if ui.is_json() {
        ui.json("pages", &pages)?;
    } else {
        ui.note(format!("Wrote {} into `{}`", count(pages.len(), "page"), dir.display()));
    }
    Ok(Exit::Done)
}

/// The files that are written, one for every command and subcommand.
fn pages(command: &clap::Command) -> Vec<String> {
    let mut command = command.clone();
    command.build();
    let mut pages = Vec::new();
    collect(&command, &mut pages);
    pages
}

fn collect(command: &clap::Command, pages: &mut Vec<String>) {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    pages.push(format!("{name}.1"));
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .for_each(|command| collect(command, pages));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let dir = tempfile::tempdir().unwrap();
        let command = Cli::command().disable_help_subcommand(true);
        let mut expected = pages(&command);
        clap_mangen::generate_to(command, dir.path()).unwrap();
        let mut written: Vec<String> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        written.sort();
        expected.sort();
        assert_eq!(written, expected);
        assert!(written.contains(&"opcon-deploy-package-create.1".to_owned()), "{written:?}");
    }
}
