//! `package list`: the packages of the commit that is checked out.

use std::collections::HashMap;

use clap::Args;
use deploy_core::definition::encode;
use deploy_core::repository::history::Version;
use deploy_core::repository::layout::Kind;
use deploy_core::repository::package::all_in;
use serde::Serialize;

use super::super::{history, open};
use crate::cli::Global;
use crate::ui::{Table, Ui, local_time, utc_time};
use crate::{CommandResult, Exit};

/// List the packages
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy package list\n  opcon-deploy package list FIN --json")]
pub(super) struct ListArgs {
    /// Only those whose name holds this text, whatever its case
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    schedules: usize,
    rules: Vec<String>,
    version: Option<usize>,
    author: Option<String>,
    date: Option<String>,
    description: String,
    #[serde(skip)]
    time: Option<i64>,
}

pub(super) fn run(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    let git = repository.git2();
    let commit = match git.head().and_then(|head| head.peel_to_commit()) {
        Ok(commit) => commit,
        Err(_) => git.find_commit(history.tip().commit)?,
    };
    let latest: HashMap<String, Version> = history.latest(Kind::Package).into_iter().collect();
    let filter = args.filter.unwrap_or_default().to_lowercase();
    let rows: Vec<Row> = all_in(git, &commit.tree()?)?
        .into_iter()
        .filter(|(name, _)| name.to_lowercase().contains(&filter))
        .map(|(name, package)| {
            let version = latest.get(&encode(&name));
            Row {
                schedules: package.schedules.len(),
                rules: package.rules,
                description: package.description,
                version: version.map(|_| {
                    deploy_core::repository::package::versions(&repository, &history, &encode(&name)).len()
                }),
                author: version.map(|version| version.author.clone()),
                date: version.map(|version| utc_time(version.time)),
                time: version.map(|version| version.time),
                name,
            }
        })
        .collect();
    if ui.is_json() {
        ui.json("packages", &rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        ui.note("No packages");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["PACKAGE", "SCHEDULES", "VERSION", "DATE", "AUTHOR", "RULES", "DESCRIPTION"])
        .right(1)
        .right(2);
    for row in &rows {
        let version = row.version.map_or_else(|| "-".to_owned(), |version| version.to_string());
        let date = row.time.map(local_time).unwrap_or_default();
        let author = row.author.as_deref().unwrap_or_default();
        let rules = row.rules.join(", ");
        table.row([&row.name, &row.schedules.to_string(), &version, &date, author, &rules, &row.description]);
    }
    ui.print(&table.to_string());
    Ok(Exit::Done)
}
