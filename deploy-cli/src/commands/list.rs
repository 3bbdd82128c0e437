//! `list`: what the repository holds.

use clap::Args;
use deploy_core::definition::decode;
use deploy_core::repository::Repository;
use deploy_core::repository::change::head_branch;
use deploy_core::repository::history::{History, Version};
use deploy_core::repository::layout::{Kind, app_of};
use deploy_core::repository::rule_files::RuleFiles;
use deploy_core::repository::summaries::{Brief, briefs};
use globset::{GlobBuilder, GlobMatcher};
use serde::Serialize;
use serde_json::json;

use super::{history, open, package};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Table, Ui, local_time, utc_time};
use crate::{CommandResult, Exit};

/// List schedules, packages, rules, servers or applications
///
/// Shows what main holds. The filter is a part of the name, or a pattern with
/// `*` and `?`; case does not count.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy list\n  opcon-deploy list payroll\n  opcon-deploy list schedules 'FIN_*' --json\n  opcon-deploy list packages"
)]
pub struct ListArgs {
    /// schedules, packages, rules, servers or apps; or a filter for schedules
    #[arg(value_name = "KIND")]
    kind: Option<String>,
    /// Part of the name, or a pattern
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

pub(super) fn run(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let (kind, filter) = match (args.kind.as_deref(), args.filter) {
        (None, filter) => ("schedules", filter),
        (Some(kind @ ("schedules" | "packages" | "rules" | "servers" | "apps")), filter) => (kind, filter),
        (Some(filter), None) => ("schedules", Some(filter.to_owned())),
        (Some(kind), Some(_)) => {
            return Err(CommandError::usage(format!(
                "`{kind}` is not one of schedules, packages, rules, servers, apps"
            )));
        }
    };
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    let filter = Filter::new(filter.as_deref())?;
    match kind {
        "packages" => package::packages(&repository, &history, &filter, ui)?,
        "rules" => rules(&repository, &history, &filter, ui)?,
        "servers" => super::server::list_servers(&repository, &filter, ui)?,
        "apps" => apps(&history, &filter, ui)?,
        _ => schedules(&repository, &history, &filter, ui)?,
    }
    let (tip, main) = (history.tip(), &repository.settings().git.main);
    match head_branch(repository.git2())? {
        Some(on) if on == *main && tip.branch == on => {}
        Some(on) => ui.note(format!("as of `{}`; HEAD is on `{on}`", tip.branch)),
        None => ui.note(format!("as of `{}`; HEAD is detached", tip.branch)),
    }
    Ok(Exit::Done)
}

/// Which names are shown.
pub(super) struct Filter(Option<GlobMatcher>);

impl Filter {
    /// Every name.
    pub(super) fn everything() -> Self {
        Self(None)
    }

    pub(super) fn new(text: Option<&str>) -> Result<Self, CommandError> {
        let Some(text) = text else { return Ok(Self(None)) };
        let pattern = match text.contains(['*', '?']) {
            true => text.to_owned(),
            false => format!("*{}*", globset::escape(text)),
        };
        Self::fitting(&pattern, text)
    }

    /// Only names that a pattern fits as a whole.
    pub(super) fn whole(text: Option<&str>) -> Result<Self, CommandError> {
        text.map_or(Ok(Self(None)), |text| Self::fitting(text, text))
    }

    fn fitting(pattern: &str, text: &str) -> Result<Self, CommandError> {
        let glob = GlobBuilder::new(pattern).case_insensitive(true).build();
        let glob = glob
            .map_err(|error| CommandError::usage(format!("`{text}` is not a pattern: {}", error.kind())))?;
        Ok(Self(Some(glob.compile_matcher())))
    }

    /// Whether a name passes.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|glob| glob.is_match(name))
    }
}

/// What exists of a kind: name and latest version, deletions left out.
pub(super) fn existing(history: &History, kind: Kind, filter: &Filter) -> Vec<(String, Version)> {
    let latest = history.latest(kind).into_iter().filter(|(_, version)| version.blob.is_some());
    let named = latest.map(|(stem, version)| (decode(&stem).unwrap_or(stem), version));
    named.filter(|(name, _)| filter.takes(name)).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScheduleRow<'a> {
    name: &'a str,
    app: &'a str,
    has_sub_schedules: bool,
    has_external_dependencies: bool,
    jobs: usize,
    version: usize,
    pushed: bool,
    commit: String,
    author: &'a str,
    date: String,
    description: &'a str,
    path: &'a str,
}

fn schedules(
    repository: &Repository,
    history: &History,
    filter: &Filter,
    ui: &Ui,
) -> Result<(), CommandError> {
    let all = existing(history, Kind::Schedule, filter);
    let blobs: Vec<_> = all.iter().filter_map(|(_, version)| version.blob).collect();
    let briefs = briefs(repository, &blobs);
    let none =
        Brief { description: "its content is missing: `git fsck` tells more".to_owned(), ..Brief::default() };
    let rows: Vec<ScheduleRow<'_>> = all
        .iter()
        .map(|(name, version)| {
            let brief = version.blob.and_then(|blob| briefs.get(&blob)).unwrap_or(&none);
            ScheduleRow {
                name,
                app: app_of(&version.path),
                has_sub_schedules: brief.has_sub_schedules,
                has_external_dependencies: brief.has_external_dependencies,
                jobs: brief.jobs,
                version: version.number,
                pushed: version.pushed,
                commit: version.commit.to_string(),
                author: &version.author,
                date: if ui.is_json() { utc_time(version.time) } else { local_time(version.time) },
                description: &brief.description,
                path: &version.path,
            }
        })
        .collect();
    if ui.is_json() {
        return ui.json("schedules", &rows);
    }
    if rows.is_empty() {
        if filter.0.is_some() {
            ui.note("no schedule matches the filter");
        } else {
            ui.note("no schedules");
            ui.hint("`opcon-deploy import --file EXPORT.json` makes a first version");
        }
        return Ok(());
    }
    let heads = ["NAME", "APP", "SUB", "EXT", "JOBS", "VERSION", "DATE", "AUTHOR", "DESCRIPTION"];
    let mut table = Table::new(heads).right(4).right(5);
    let mark = |set: bool, word: &'static str| if set { word } else { "" };
    for row in &rows {
        let version = format!("{}{}", row.version, if row.pushed { "" } else { "*" });
        table.row([
            row.name,
            row.app,
            mark(row.has_sub_schedules, "sub"),
            mark(row.has_external_dependencies, "ext"),
            &row.jobs.to_string(),
            &version,
            &row.date,
            row.author,
            row.description,
        ]);
    }
    ui.print(&table.to_string());
    if rows.iter().any(|row| !row.pushed) {
        ui.note("* not pushed yet: `git push`");
    }
    Ok(())
}

fn rules(repository: &Repository, history: &History, filter: &Filter, ui: &Ui) -> Result<(), CommandError> {
    let rules = RuleFiles::of_main(repository, history)?;
    let rows = super::rules::rows(repository, history, &rules, filter)?;
    if ui.is_json() {
        return ui.json("rules", &rows);
    }
    finish("rules", &[], &super::rules::table(&rows), ui)
}

fn apps(history: &History, filter: &Filter, ui: &Ui) -> Result<(), CommandError> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for (_, version) in existing(history, Kind::Schedule, &Filter::everything()) {
        let app = app_of(&version.path);
        if !app.is_empty() && filter.takes(app) {
            *counts.entry(app.to_owned()).or_default() += 1;
        }
    }
    let mut table = Table::new(["APP", "SCHEDULES"]).right(1);
    counts.iter().for_each(|(app, count)| table.row([app, &count.to_string()]));
    let list: Vec<_> = counts.iter().map(|(app, count)| json!({ "name": app, "schedules": count })).collect();
    finish("apps", &list, &table, ui)
}

/// Prints a list in the form that is wanted.
pub(super) fn finish(
    kind: &str,
    list: &[serde_json::Value],
    table: &Table,
    ui: &Ui,
) -> Result<(), CommandError> {
    if ui.is_json() {
        return ui.json(kind, &list);
    }
    if table.is_empty() {
        ui.note(format!("no {kind}"));
    } else {
        ui.print(&table.to_string());
    }
    Ok(())
}
