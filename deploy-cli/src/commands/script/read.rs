//! `script list|show|export`: what the repository holds.

use std::path::PathBuf;

use clap::Args;
use deploy_core::repository::scripts::{all, content, find, find_version};
use serde_json::json;

use super::super::list::{Filter, finish};
use super::super::open;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Table, Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// List the scripts that main holds
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy script list\n  opcon-deploy script list 'Check-*'")]
pub(super) struct ListArgs {
    /// Part of the name, or a pattern
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

/// Show a script: its versions, or the text of one
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy script show Check-StoreFiles\n  opcon-deploy script show Check-StoreFiles@2"
)]
pub(super) struct ShowArgs {
    /// The script, with a version for its text
    #[arg(value_name = "NAME[@N]")]
    name: String,
}

/// Write the text of a script to a file
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy script export Check-StoreFiles -o check.ps1\n  opcon-deploy script export Check-StoreFiles@1 -o -"
)]
pub(super) struct ExportArgs {
    /// The script, with a version if not the latest
    #[arg(value_name = "NAME[@N]")]
    name: String,
    /// A file, or `-` for standard output
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
}

pub(super) fn list(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let filter = Filter::new(args.filter.as_deref())?;
    let mut table = Table::new(["NAME", "RUNNER", "VERSIONS", "LATEST", "DESCRIPTION"]).right(2).right(3);
    let mut list = Vec::new();
    for script in all(&repository)?.into_iter().filter(|script| filter.takes(&script.name)) {
        let numbers: Vec<i64> = script.file.versions.iter().map(|version| version.number).collect();
        let latest = numbers.iter().max().map(ToString::to_string).unwrap_or_default();
        let count = numbers.len().to_string();
        table.row([&script.name, &script.file.runner, &count, &latest, &script.file.description]);
        list.push(json!({
            "name": script.name, "runner": script.file.runner, "versions": numbers,
            "description": script.file.description,
        }));
    }
    finish("scripts", &list, &table, ui)?;
    Ok(Exit::Done)
}

pub(super) fn show(args: ShowArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let script = match find(&repository, &args.name) {
        Ok(script) => script,
        Err(_) if args.name.contains('@') => {
            let (script, version) = find_version(&repository, &args.name)?;
            let text = content(&repository, &script, version.number)?;
            if ui.is_json() {
                let text = String::from_utf8_lossy(&text);
                ui.json("script", &json!({ "name": script.name, "version": version, "content": text }))?;
            } else {
                ui.bytes(&text);
            }
            return Ok(Exit::Done);
        }
        Err(error) => return Err(error.into()),
    };
    if ui.is_json() {
        ui.json("script", &json!({ "name": script.name, "file": script.file }))?;
        return Ok(Exit::Done);
    }
    ui.line(format!("{}  {}", styled(style::HEADING, one_line(&script.name)), script.file.runner));
    if !script.file.description.is_empty() {
        ui.line(format!("  {}", one_line(&script.file.description)));
    }
    let mut table = Table::new(["  VERSION", "AUTHOR", "CREATED", "MESSAGE"]);
    for version in &script.file.versions {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        table.row([
            format!("  {}", version.number),
            text(&version.author),
            text(&version.created),
            text(&version.message),
        ]);
    }
    ui.print(&table.to_string());
    Ok(Exit::Done)
}

pub(super) fn export(args: ExportArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let (script, version) = find_version(&repository, &args.name)?;
    let text = content(&repository, &script, version.number)?;
    if args.output.as_os_str() == "-" {
        ui.bytes(&text);
        return Ok(Exit::Done);
    }
    let path = global.dir.join(&args.output);
    std::fs::write(&path, &text).map_err(|error| CommandError::io("write", &path, &error))?;
    let written = format!("{}@{}", script.name, version.number);
    if ui.is_json() {
        ui.json("files", &[json!({ "path": path, "script": written })])?;
    } else {
        ui.line(format!("Wrote {} to `{}`", one_line(&written), args.output.display()));
    }
    Ok(Exit::Done)
}
