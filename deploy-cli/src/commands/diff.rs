//! `diff`: what differs, in OpCon's words.

use std::path::Path;

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::definition::diff::render::{Style as LineStyle, lines};
use deploy_core::definition::diff::{Difference, diff, to_markdown};
use deploy_core::definition::{Definition, decode, encode, patch};
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::layout::Kind;
use deploy_core::repository::range::differing;
use deploy_core::repository::resolve::{ResolveError, resolve, versions};
use serde_json::json;

use super::{history, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Show what differs between two versions, files or commits
///
/// With one name: against the version before it; where the work tree holds
/// another content than the latest version, that is compared with it. The
/// order of jobs and other sets, numeric ids, stamps and export dates never differ.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy diff Payroll@2 Payroll@3\n  opcon-deploy diff Payroll\n  opcon-deploy diff export.json Payroll --json\n  opcon-deploy diff --range main..HEAD --markdown"
)]
pub struct DiffArgs {
    /// A version (`NAME`, `NAME@3`, `NAME@REF`) or a file
    #[arg(value_name = "A", required_unless_present = "range", add = ArgValueCandidates::new(super::completions::schedules))]
    a: Option<String>,
    /// What to compare it with
    #[arg(value_name = "B", add = ArgValueCandidates::new(super::completions::schedules))]
    b: Option<String>,
    /// Compare all schedules of two commits; `A...B` compares B with where it left A
    #[arg(long, value_name = "REV..REV", conflicts_with = "a")]
    range: Option<String>,
    /// Print Markdown for a pull request
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

/// One side of a comparison.
pub(super) struct Side {
    pub(super) label: String,
    pub(super) definition: Definition,
}

pub(super) fn run(args: DiffArgs, global: &Global, ui: &Ui) -> CommandResult {
    match (&args.range, &args.a, &args.b) {
        (Some(range), ..) => return range_diff(range, args.markdown, global, ui),
        (None, Some(a), Some(b)) if is_file(global, a) && is_file(global, b) => {
            // Two files need no repository.
            show(&from_file(global, a)?, &from_file(global, b)?, args.markdown, ui)?;
        }
        (None, Some(a), b) => {
            let repository = open(global, ui)?;
            let history = history(&repository, ui)?;
            let side = |text: &str| match is_file(global, text) {
                true => from_file(global, text),
                false => from_version(&repository, &history, text),
            };
            match b {
                Some(b) => show(&side(a)?, &side(b)?, args.markdown, ui)?,
                None => {
                    let (before, after) = before_and_after(&repository, &history, a)?;
                    show(&before, &after, args.markdown, ui)?;
                }
            }
        }
        (None, None, _) => return Err(CommandError::usage("name what to compare")),
    }
    Ok(Exit::Done)
}

fn is_file(global: &Global, text: &str) -> bool {
    global.at(text).is_file()
}

fn from_file(global: &Global, text: &str) -> Result<Side, CommandError> {
    let path = global.at(text);
    let bytes = std::fs::read(&path).map_err(|error| CommandError::io("read", &path, &error))?;
    let definition = Definition::read(&bytes)
        .map_err(|error| CommandError::failed(format!("`{}`: {error}", path.display())))?;
    Ok(Side { label: text.to_owned(), definition })
}

fn from_version(repository: &Repository, history: &History, text: &str) -> Result<Side, CommandError> {
    let looks_like_a_file = text.contains(std::path::is_separator) || text.ends_with(".json");
    let found = resolve(repository, history, Kind::Schedule, text).map_err(|error| match error {
        ResolveError::Unknown { near: None, .. } if looks_like_a_file => {
            CommandError::failed(format!("there is no file `{text}`, and no schedule of that name"))
        }
        error => error.into(),
    })?;
    Ok(Side { label: found.label(), definition: repository.definition(&found)? })
}

/// One name alone: the latest version against the work tree if they differ,
/// else the version before against the one named.
fn before_and_after(
    repository: &Repository,
    history: &History,
    text: &str,
) -> Result<(Side, Side), CommandError> {
    let named = from_version(repository, history, text)?;
    let found = resolve(repository, history, Kind::Schedule, text)?;
    if found.name == text && repository.has_work_tree() {
        let path = repository.root().join(&found.path);
        if let Some(edited) = work_tree(&path)?.filter(|edited| *edited != named.definition) {
            let label = format!("{} in the work tree", found.name);
            return Ok((named, Side { label, definition: edited }));
        }
    }
    let versions = versions(repository, history, Kind::Schedule, &found.name)?;
    let number = found.number.ok_or_else(|| {
        CommandError::usage(format!("`{text}` is no version on main; name what to compare it with"))
    })?;
    let before = versions[..number.saturating_sub(1)].iter().rfind(|version| version.blob.is_some());
    let Some(before) = before else {
        return Err(CommandError::failed(format!(
            "`{}` is the first version: there is nothing before it",
            found.label()
        )));
    };
    let before = from_version(repository, history, &format!("{}@{}", found.name, before.number))?;
    Ok((before, named))
}

fn work_tree(path: &Path) -> Result<Option<Definition>, CommandError> {
    match std::fs::read(path) {
        Ok(bytes) => Definition::read(&bytes)
            .map(Some)
            .map_err(|error| CommandError::failed(format!("`{}`: {error}", path.display()))),
        Err(_) => Ok(None),
    }
}

pub(super) fn show(before: &Side, after: &Side, markdown: bool, ui: &Ui) -> Result<(), CommandError> {
    if ui.is_json() {
        ui.line(serde_json::to_string(&patch(before.definition.value(), after.definition.value()))?);
        return Ok(());
    }
    let difference = diff(&before.definition, &after.definition);
    let title = format!("{} → {}", before.label, after.label);
    if markdown {
        ui.print(&to_markdown(&difference, &title));
    } else {
        ui.line(styled(style::HEADING, one_line(&title)));
        print(&difference, ui);
    }
    Ok(())
}

/// Prints what differs between two definitions.
pub(super) fn print_difference(before: &Definition, after: &Definition, ui: &Ui) {
    print(&diff(before, after), ui);
}

fn print(difference: &Difference, ui: &Ui) {
    for line in lines(difference) {
        let style = match line.style {
            LineStyle::Plain => anstyle::Style::new(),
            LineStyle::Heading => style::HEADING,
            LineStyle::Added => style::ADDED,
            LineStyle::Removed => style::REMOVED,
            LineStyle::Changed => style::CHANGED,
            LineStyle::Note => style::DIM,
        };
        ui.line(styled(style, &line.text));
    }
}

fn range_diff(range: &str, markdown: bool, global: &Global, ui: &Ui) -> CommandResult {
    if !range.contains("..") {
        let words = format!("`{range}` is no range: write `{range}..HEAD`, or `A..B`");
        return Err(CommandError::usage(words));
    }
    let repository = open(global, ui)?;
    let mut list = Vec::new();
    let mut any = false;
    for item in differing(&repository, range)? {
        let name = decode(&item.stem).unwrap_or_else(|| item.stem.clone());
        let read = |blob: Option<git2::Oid>| match blob {
            None => Ok(None),
            Some(blob) => Definition::read(repository.git2().find_blob(blob)?.content())
                .map(Some)
                .map_err(|error| CommandError::failed(format!("`{}`: {error}", item.path))),
        };
        let (before, after) = (read(item.before)?, read(item.after)?);
        any = true;
        let (words, difference) = match (&before, &after) {
            (Some(before), Some(after)) => ("changed", Some(diff(before, after))),
            (None, Some(_)) => ("added", None),
            _ => ("removed", None),
        };
        if ui.is_json() {
            let of = |side: &Option<Definition>| {
                side.as_ref().map_or(serde_json::Value::Null, |d| d.value().clone())
            };
            let operations = patch(&of(&before), &of(&after));
            list.push(json!({ "name": name, "path": item.path, "kind": words, "patch": operations }));
            continue;
        }
        match (difference, markdown) {
            (Some(difference), true) => ui.print(&format!("{}\n", to_markdown(&difference, &name))),
            (Some(difference), false) => print(&difference, ui),
            (None, true) => ui.print(&format!("### `{}`\n\n{words}\n\n", encode(&name))),
            (None, false) => {
                let style = if words == "added" { style::ADDED } else { style::REMOVED };
                ui.line(format!("{}  {}", styled(style::HEADING, one_line(&name)), styled(style, words)));
            }
        }
    }
    if ui.is_json() {
        ui.json("differences", &list)?;
    } else if !any {
        ui.line(format!("no schedule differs in `{range}`"));
    }
    Ok(Exit::Done)
}
