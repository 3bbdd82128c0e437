//! `rules list`: name, language, version, who uses it, what it is for.

use std::collections::BTreeMap;

use clap::Args;
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::package::all_in;
use deploy_core::repository::rule_files::{RuleFiles, TargetServer};
use deploy_core::rules::{Language, head};
use serde::Serialize;

use super::super::list::Filter;
use super::super::{history, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Table, Ui, local_time, utc_time};
use crate::{CommandResult, Exit};

/// List the rules and who uses them
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy rules list\n  opcon-deploy rules list 'env*' --json")]
pub(super) struct ListArgs {
    /// Part of the name, or a pattern
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

/// What a list says of a rule.
#[derive(Serialize)]
pub(in crate::commands) struct Row {
    pub(super) name: String,
    pub(super) language: &'static str,
    pub(super) version: Option<usize>,
    differs: bool,
    pub(super) author: Option<String>,
    pub(super) date: Option<String>,
    pub(super) description: String,
    pub(super) servers: Vec<String>,
    pub(super) packages: Vec<String>,
    pub(super) path: String,
    #[serde(skip)]
    time: Option<i64>,
}

pub(super) fn run(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    let filter = Filter::new(args.filter.as_deref())?;
    let rules = RuleFiles::of_work_tree(&repository, Some(&history))?;
    let rows = rows(&repository, &history, &rules, &filter)?;
    if ui.is_json() {
        ui.json("rules", &rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        ui.note("no rules");
        ui.hint("`opcon-deploy rules new NAME` begins one");
        return Ok(Exit::Done);
    }
    ui.print(&table(&rows).to_string());
    if rows.iter().any(|row| row.differs) {
        ui.note("* in the work tree, not as main has it");
    }
    Ok(Exit::Done)
}

/// The rules whose names pass, with those who use them.
pub(in crate::commands) fn rows(
    repository: &Repository,
    history: &History,
    rules: &RuleFiles<'_>,
    filter: &Filter,
) -> Result<Vec<Row>, CommandError> {
    let users = Users::of(repository, history)?;
    let mut rows = Vec::new();
    for name in rules.names().into_iter().filter(|name| filter.takes(name)) {
        let versions = rules.versions(&name);
        let last = versions.last();
        let (servers, packages) =
            (users.of_rule(&users.servers, &name), users.of_rule(&users.packages, &name));
        let row = match rules.get(&name) {
            Ok(file) => Row {
                language: word(file.language),
                version: file.version,
                differs: file.differs,
                description: description(&file.text, file.language),
                path: file.path,
                author: last.map(|version| version.author.clone()),
                date: last.map(|version| utc_time(version.time)),
                time: last.map(|version| version.time),
                name,
                servers,
                packages,
            },
            Err(error) => Row {
                language: "",
                version: None,
                differs: true,
                description: error.to_string(),
                path: String::new(),
                author: None,
                date: None,
                time: None,
                name,
                servers,
                packages,
            },
        };
        rows.push(row);
    }
    Ok(rows)
}

/// The rows as people read them.
pub(in crate::commands) fn table(rows: &[Row]) -> Table {
    let heads = ["NAME", "LANGUAGE", "VERSION", "DATE", "AUTHOR", "USED BY", "DESCRIPTION"];
    let mut table = Table::new(heads).right(2);
    for row in rows {
        let number = row.version.map(|number| number.to_string()).unwrap_or_default();
        let mark = if row.differs { "*" } else { "" };
        table.row([
            &row.name,
            row.language,
            &format!("{number}{mark}"),
            &row.time.map(local_time).unwrap_or_default(),
            row.author.as_deref().unwrap_or_default(),
            &used_by(row),
            &row.description,
        ]);
    }
    table
}

fn used_by(row: &Row) -> String {
    let packages = row.packages.iter().map(|package| format!("package:{package}"));
    row.servers.iter().cloned().chain(packages).collect::<Vec<_>>().join(", ")
}

/// A language as people call it.
pub(super) fn word(language: Language) -> &'static str {
    match language {
        Language::Rhai => "rhai",
        Language::VendorJson => "vendor JSON",
    }
}

/// The first line of what a script says of itself.
fn description(text: &str, language: Language) -> String {
    let head =
        if language == Language::Rhai { head("", text).unwrap_or_default() } else { Default::default() };
    head.description.lines().next().unwrap_or_default().to_owned()
}

/// Servers and packages with the rules they name.
struct Users {
    servers: BTreeMap<String, Vec<String>>,
    packages: BTreeMap<String, Vec<String>>,
}

impl Users {
    fn of(repository: &Repository, history: &History) -> Result<Self, CommandError> {
        let servers = TargetServer::all(repository)?;
        let tree = repository.git2().find_commit(history.tip().commit)?.tree()?;
        let packages = all_in(repository.git2(), &tree).unwrap_or_default();
        Ok(Self {
            servers: servers
                .into_iter()
                .filter_map(|(name, server)| Some((name, server.ok()?.rules)))
                .collect(),
            packages: packages.into_iter().map(|(name, package)| (name, package.rules)).collect(),
        })
    }

    fn of_rule(&self, users: &BTreeMap<String, Vec<String>>, rule: &str) -> Vec<String> {
        let is_it =
            |named: &String| named == rule || named.rsplit_once('@').is_some_and(|(bare, _)| bare == rule);
        users.iter().filter(|(_, rules)| rules.iter().any(is_it)).map(|(name, _)| name.clone()).collect()
    }
}
