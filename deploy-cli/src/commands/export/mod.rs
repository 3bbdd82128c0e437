//! `export`: definitions for the vendor's import-file function.

mod from;

use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::definition::{Definition, encode, join};
use deploy_core::repository::layout::Kind;
use deploy_core::repository::resolve::{Found, resolve};
use serde_json::json;

use super::{history, open};
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::names::ListArg;
use crate::ui::{Ui, count};
use crate::{CommandResult, Exit};

/// Write definitions to a file, or to a folder with one file each
///
/// Stored ones, or with `--from` those that stand on an OpCon system now.
/// Several schedules in one file are one definition: the shared objects of
/// all, each once; where they differ the newest version's is taken and said so.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy export Payroll -o payroll.json\n  opcon-deploy export Payroll@2 Billing -o both.json\n  opcon-deploy export Payroll Billing -o exports/      one file each\n  opcon-deploy export Payroll -o -                     to standard output\n  opcon-deploy export --from PROD 'Month End*' --sub-schedules -o month-end.json"
)]
pub struct ExportArgs {
    /// The schedules; with `--from` names or patterns on that system
    #[arg(value_name = "NAME[@V]", required_unless_present = "list", add = ArgValueCandidates::new(super::completions::schedules))]
    names: Vec<String>,
    #[command(flatten)]
    list: ListArg,
    /// A file, a folder (existing, or written with a slash at its end), or `-`
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// Take them from this OpCon system instead of the repository
    #[arg(long, value_name = "SERVER", add = ArgValueCandidates::new(super::completions::servers))]
    from: Option<String>,
    /// With `--from`: the schedules that container jobs run, too
    #[arg(long, requires = "from")]
    sub_schedules: bool,
    /// With `--from`: store them as versions, too
    #[arg(long, requires = "from")]
    store: bool,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn run(mut args: ExportArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    if !args.store && (args.commit.message.is_some() || args.commit.branch.is_some() || args.commit.push) {
        return Err(CommandError::usage(
            "`--message`, `--branch` and `--push` are for what is stored: `--store`",
        ));
    }
    args.names = args.list.and(args.names, global)?;
    if let Some(server) = &args.from {
        return from::run(&repository, server, &args, global, ui);
    }
    let history = history(&repository, ui)?;
    let mut all: Vec<(Found, Definition)> = Vec::new();
    for name in &args.names {
        let found = resolve(&repository, &history, Kind::Schedule, name)?;
        if all.iter().any(|(other, _)| other.name == found.name) {
            return Err(CommandError::usage(format!("schedule `{}` is named twice", found.name)));
        }
        let definition = repository.definition(&found)?;
        all.push((found, definition));
    }
    // Of shared objects that differ the newest commit's is taken.
    let time =
        |found: &Found| repository.git2().find_commit(found.commit).map(|commit| commit.time().seconds());
    let named = |(found, definition): (Found, Definition)| Exported {
        newest: time(&found).unwrap_or(i64::MIN),
        label: found.label(),
        name: found.name,
        definition,
    };
    write_all(all.into_iter().map(named).collect(), &args.output, global, ui)
}

/// A definition to be written.
struct Exported {
    name: String,
    label: String,
    /// Of several that disagree the one with the highest is taken.
    newest: i64,
    definition: Definition,
}

fn write_all(mut all: Vec<Exported>, output: &Path, global: &Global, ui: &Ui) -> CommandResult {
    let text = output.to_string_lossy();
    let path = global.at(output);
    let number = all.len();
    let mut written = Vec::new();
    if path.is_dir() || text.ends_with(['/', '\\']) {
        std::fs::create_dir_all(&path).map_err(|error| CommandError::io("create", &path, &error))?;
        for one in &all {
            let file = path.join(format!("{}.json", encode(&one.name)));
            write(&file, &one.definition.to_bytes())?;
            written.push(json!({ "path": file, "schedules": [one.label] }));
        }
    } else {
        let labels: Vec<String> = all.iter().map(|one| one.label.clone()).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.newest));
        let (joined, disagreements) = join(all.into_iter().map(|one| one.definition).collect());
        for disagreement in disagreements {
            ui.warning(format!(
                "`{}` in {} differs between the schedules; the newest version's is taken",
                disagreement.name, disagreement.list
            ));
        }
        if text == "-" {
            ui.bytes(&joined.to_bytes());
            return Ok(Exit::Done);
        }
        write(&path, &joined.to_bytes())?;
        written.push(json!({ "path": path, "schedules": labels }));
    }
    if ui.is_json() {
        ui.json("files", &written)?;
    } else {
        ui.line(format!("Wrote {} to `{}`", count(number, "schedule"), output.display()));
    }
    Ok(Exit::Done)
}

/// Whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    std::fs::write(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, path)).map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        CommandError::io("write", path, &error)
    })
}
