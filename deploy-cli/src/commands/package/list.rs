//! `package list`, also known as `list packages`: the packages of main.

use clap::Args;
use deploy_core::definition::encode;
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::layout::Kind;
use deploy_core::repository::package::{Package, versions};
use serde_json::json;

use super::super::list::{Filter, existing, finish};
use super::super::{history, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Table, Ui, local_time, utc_time};
use crate::{CommandResult, Exit};

/// List the packages
///
/// Shows what main holds. The filter is a part of the name, or a pattern with
/// `*` and `?`; case does not count.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy package list\n  opcon-deploy package list 'FIN*' --json")]
pub(super) struct ListArgs {
    /// Part of the name, or a pattern
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

pub(super) fn run(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    packages(&repository, &history, &Filter::new(args.filter.as_deref())?, ui)?;
    Ok(Exit::Done)
}

/// Prints the packages that pass a filter.
pub(in super::super) fn packages(
    repository: &Repository,
    history: &History,
    filter: &Filter,
    ui: &Ui,
) -> Result<(), CommandError> {
    let heads = ["NAME", "SCHEDULES", "VERSION", "DATE", "AUTHOR", "RULES", "DESCRIPTION"];
    let mut table = Table::new(heads).right(1).right(2);
    let mut list = Vec::new();
    for (name, latest) in existing(history, Kind::Package, filter) {
        let Some(blob) = latest.blob else { continue };
        // One that cannot be read is shown all the same; `check` says why.
        let package = Package::of_blob(repository.git2(), &latest.path, blob).ok();
        let schedules = package.as_ref().map(|package| package.schedules.len());
        let Package { description, rules, .. } = package.unwrap_or_default();
        let number = versions(repository, history, &encode(&name)).len();
        let shown = schedules.map_or_else(|| "?".to_owned(), |count| count.to_string());
        let date = local_time(latest.time);
        table.row([
            &name,
            &shown,
            &number.to_string(),
            &date,
            &latest.author,
            &rules.join(", "),
            &description,
        ]);
        list.push(json!({
            "name": name, "schedules": schedules, "version": number, "author": latest.author,
            "date": utc_time(latest.time), "rules": rules, "description": description, "path": latest.path,
        }));
    }
    finish("packages", &list, &table, ui)
}
