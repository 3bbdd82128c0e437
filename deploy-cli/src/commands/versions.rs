//! `versions`: the history of one schedule, package or rule.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::definition::{decode, encode};
use deploy_core::repository::history::{History, Version};
use deploy_core::repository::layout::Kind;
use deploy_core::repository::records::Records;
use deploy_core::repository::{Repository, package, resolve, what_changed};
use serde::Serialize;

use super::{history, open};
use crate::cli::Global;
use crate::ui::{Table, Ui, count, local_time, utc_time};
use crate::{CommandResult, Exit};

/// Show the versions of a schedule, newest first
///
/// Version N is the N-th commit on the first-parent history of main that
/// touched the schedule's file, wherever it lay.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy versions Payroll\n  opcon-deploy versions Payroll --all --json\n  opcon-deploy versions package:FINANCE"
)]
pub struct VersionsArgs {
    /// The schedule; `package:NAME` or `rule:NAME` for those
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(super::completions::schedules))]
    name: String,
    /// Show at most this many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Show all
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Show archived ones, too
    #[arg(long)]
    archived: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    version: usize,
    commit: String,
    date: String,
    author: String,
    message: String,
    what: String,
    path: String,
    deleted: bool,
    pushed: bool,
    archived: bool,
}

pub(super) fn run(args: VersionsArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    let (kind, name) = kind_of(&args.name);
    let versions = resolve::versions(&repository, &history, kind, name)?;
    let archived = Records::open(&repository)?.archived(kind, name)?;
    let is_archived = |version: &Version| archived.has(version.commit);
    let mut listed: Vec<usize> = (0..versions.len()).rev().collect();
    listed.retain(|at| args.archived || !is_archived(&versions[*at]));
    let (all, limit) = (listed.len(), if args.all { usize::MAX } else { args.limit });
    listed.truncate(limit);
    let rows = listed
        .iter()
        .map(|at| {
            let before = at.checked_sub(1).map(|before| &versions[before]);
            row(&repository, kind, &encode(name), before, &versions[*at], is_archived(&versions[*at]))
        })
        .collect::<Result<Vec<Row>, git2::Error>>()?;
    if ui.is_json() {
        ui.json("versions", &rows)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["VERSION", "COMMIT", "DATE", "AUTHOR", "WHAT CHANGED", "MESSAGE"]).right(0);
    for (row, at) in rows.iter().zip(&listed) {
        let number = format!("{}{}", row.version, if row.pushed { "" } else { "*" });
        let date = local_time(versions[*at].time);
        table.row([&number, &row.commit[..8], &date, &row.author, &row.what, &row.message]);
    }
    ui.print(&table.to_string());
    if rows.iter().any(|row| !row.pushed) {
        ui.note("* not pushed yet: `git push`");
    }
    if listed.len() < all {
        ui.note(format!("{} of {all} versions; `--all` shows all", listed.len()));
    }
    if all < versions.len() {
        ui.note(format!("{} archived; `--archived` shows them", count(versions.len() - all, "version")));
    }
    Ok(Exit::Done)
}

/// The kind before the colon, where there is one.
pub(super) fn kind_of(text: &str) -> (Kind, &str) {
    for (prefix, kind) in [("package:", Kind::Package), ("rule:", Kind::Rule), ("schedule:", Kind::Schedule)]
    {
        if let Some(name) = text.strip_prefix(prefix) {
            return (kind, name);
        }
    }
    (Kind::Schedule, text)
}

fn row(
    repository: &Repository,
    kind: Kind,
    stem: &str,
    before: Option<&Version>,
    version: &Version,
    archived: bool,
) -> Result<Row, git2::Error> {
    let commit = repository.git2().find_commit(version.commit)?;
    let what = match (kind, version.blob) {
        (Kind::Schedule, _) => what_changed::of_version(repository, stem, before, version)?,
        (Kind::Package, _) => package::of_version(repository, stem, before, version)?,
        (_, None) => "deleted".to_owned(),
        (_, Some(_)) if before.is_none() => "new".to_owned(),
        (_, Some(_)) => "changed".to_owned(),
    };
    Ok(Row {
        version: version.number,
        commit: version.commit.to_string(),
        date: utc_time(version.time),
        author: version.author.clone(),
        message: commit.summary().ok().flatten().unwrap_or_default().to_owned(),
        what,
        path: version.path.clone(),
        deleted: version.blob.is_none(),
        pushed: version.pushed,
        archived,
    })
}

/// All names of a kind, for completions.
pub(super) fn names(history: &History, kind: Kind) -> Vec<String> {
    history.latest(kind).into_iter().filter_map(|(stem, _)| decode(&stem)).collect()
}
