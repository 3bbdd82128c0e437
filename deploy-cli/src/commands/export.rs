//! `export`: definitions for the vendor's import-file function.

use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::definition::{Definition, encode, join};
use deploy_core::repository::layout::Kind;
use deploy_core::repository::resolve::{Found, resolve};
use serde_json::json;

use super::{history, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count};
use crate::{CommandResult, Exit};

/// Write stored definitions to a file, or to a folder with one file each
///
/// Several schedules in one file are one definition: the shared objects of
/// all, each once; where they differ the newest version's is taken and said so.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy export Payroll -o payroll.json\n  opcon-deploy export Payroll@2 Billing -o both.json\n  opcon-deploy export Payroll Billing -o exports/      one file each\n  opcon-deploy export Payroll -o -                     to standard output"
)]
pub struct ExportArgs {
    /// The schedules
    #[arg(value_name = "NAME[@V]", required = true, add = ArgValueCandidates::new(super::completions::schedules))]
    names: Vec<String>,
    /// A file, a folder (existing, or written with a slash at its end), or `-`
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
}

pub(super) fn run(args: ExportArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
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
    let text = args.output.to_string_lossy();
    let path = global.at(&args.output);
    let mut written = Vec::new();
    if path.is_dir() || text.ends_with(['/', '\\']) {
        std::fs::create_dir_all(&path).map_err(|error| CommandError::io("create", &path, &error))?;
        for (found, definition) in &all {
            let file = path.join(format!("{}.json", encode(&found.name)));
            write(&file, &definition.to_bytes())?;
            written.push(json!({ "path": file, "schedules": [found.label()] }));
        }
    } else {
        let labels: Vec<String> = all.iter().map(|(found, _)| found.label()).collect();
        // Of shared objects that differ the newest commit's is taken.
        let time =
            |found: &Found| repository.git2().find_commit(found.commit).map(|commit| commit.time().seconds());
        all.sort_by_key(|(found, _)| std::cmp::Reverse(time(found).unwrap_or(i64::MIN)));
        let (joined, disagreements) = join(all.into_iter().map(|(_, definition)| definition).collect());
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
        ui.line(format!("Wrote {} to `{}`", count(args.names.len(), "schedule"), args.output.display()));
    }
    Ok(Exit::Done)
}

/// Whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    std::fs::write(&temporary, bytes)
        .and_then(|()| std::fs::rename(&temporary, path))
        .map_err(|error| CommandError::io("write", path, &error))
}
