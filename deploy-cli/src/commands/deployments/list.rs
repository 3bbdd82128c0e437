//! The list of `deployments`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::records::log::{RecordLog, Row};
use deploy_core::repository::records::{Action, Phase};
use serde::Serialize;

use super::super::list::Filter;
use super::super::records::{action_word, begun, kind_word, name_of, record_log, utc};
use super::super::{completions, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::time;
use crate::ui::{Table, Ui, local_time};
use crate::{CommandResult, Exit};

const STATUSES: [&str; 8] =
    ["Active", "Inactive", "Deploying", "Cancelled", "Deleted", "Rolledback", "Failed", "Deployed"];

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// On this server only, or on those whose names fit a pattern
    #[arg(long, value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: Option<String>,
    /// Part of the name there or of the original name, or a pattern with `*` and `?`
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// With this status only
    #[arg(long, value_name = "STATUS", ignore_case = true, value_parser = PossibleValuesParser::new(STATUSES))]
    status: Vec<String>,
    /// Only schedules, packages or scripts
    #[arg(long = "type", value_name = "TYPE", ignore_case = true, value_parser = ["Schedule", "Package", "Script"])]
    kind: Option<String>,
    /// Part of the name or of the e-mail address of who asked for it
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Begun then or later: a date, a local time, or one of RFC 3339
    #[arg(long, value_name = "TIME", value_parser = time::since)]
    from: Option<i64>,
    /// Begun then or earlier; a date counts to its end
    #[arg(long, value_name = "TIME", value_parser = time::until)]
    to: Option<i64>,
    /// Show at most this many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Show all
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Show those of archived versions, too
    #[arg(long)]
    archived: bool,
}

pub(super) fn run(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let wanted = Wanted::new(&args)?;
    let repository = open(global, ui)?;
    let log = record_log(&repository, global, ui)?;
    let limit = if args.all { usize::MAX } else { args.limit };
    let mut rows = log.rows().rev().filter(|row| wanted.takes(row));
    let shown: Vec<Row<'_>> = rows.by_ref().take(limit).collect();
    if ui.is_json() {
        ui.json("deployments", &shown.iter().map(as_json).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if shown.is_empty() {
        ui.note(if log.is_empty() { "no records" } else { "no record matches" });
    } else {
        ui.print(&table(&log, &shown, ui).to_string());
    }
    let more = rows.count();
    if more > 0 {
        ui.note(format!("{} of {} records; `--all` shows all", shown.len(), shown.len() + more));
    }
    Ok(Exit::Done)
}

/// Which records are shown.
struct Wanted<'a> {
    args: &'a ListArgs,
    server: Filter,
    name: Filter,
    user: Filter,
}

impl<'a> Wanted<'a> {
    fn new(args: &'a ListArgs) -> Result<Self, CommandError> {
        Ok(Self {
            server: Filter::whole(args.server.as_deref())?,
            name: Filter::new(args.name.as_deref())?,
            user: Filter::new(args.user.as_deref())?,
            args,
        })
    }

    fn takes(&self, row: &Row<'_>) -> bool {
        let is = |wanted: &String, word: &str| wanted.eq_ignore_ascii_case(word);
        let args = self.args;
        (args.archived || !row.is_archived())
            && (args.status.is_empty() || args.status.iter().any(|status| is(status, row.status_word())))
            && args.kind.as_ref().is_none_or(|kind| is(kind, kind_word(row.kind())))
            && args.from.is_none_or(|from| begun(row) >= from)
            && args.to.is_none_or(|to| begun(row) <= to)
            && self.server.takes(row.server())
            && (self.name.takes(row.name()) || row.original_name().is_some_and(|name| self.name.takes(name)))
            && self.user.takes(row.user())
    }
}

fn table(log: &RecordLog, rows: &[Row<'_>], ui: &Ui) -> Table {
    const HEADS: [&str; 14] = [
        "ID",
        "DATE",
        "SERVER",
        "NAME",
        "ORIGINAL",
        "VERSION",
        "TYPE",
        "ACTION",
        "STATUS",
        "USER",
        "PACKAGE",
        "RULES",
        "TAG",
        "DESCRIPTION",
    ];
    // What only some records have.
    const OPTIONAL: [usize; 6] = [4, 7, 10, 11, 12, 13];
    let mut table = Table::new(HEADS).right(5);
    let length = log.id_length();
    for row in rows {
        let id = row.id().to_string();
        // Deploying is what records are about.
        let other = row.action().filter(|action| *action != Action::Deploy);
        table.row([
            &id[..length.min(id.len())],
            &local_time(begun(row)),
            row.server(),
            row.name(),
            row.original_name().unwrap_or_default(),
            &row.version().map(|version| version.to_string()).unwrap_or_default(),
            kind_word(row.kind()),
            action_word(other),
            row.status_word(),
            name_of(row.user()),
            row.package().unwrap_or_default(),
            &ui.short(row.rules().unwrap_or_default(), 40),
            row.tag().unwrap_or_default(),
            &ui.short(row.description().unwrap_or_default(), 60),
        ]);
    }
    table.hide_empty(OPTIONAL)
}

/// A record as lists tell of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    id: String,
    name: &'a str,
    original_name: Option<&'a str>,
    version: Option<usize>,
    blob: Option<&'a str>,
    server: &'a str,
    r#type: &'static str,
    action: &'static str,
    status: &'a str,
    phase: Option<Phase>,
    description: &'a str,
    tag: Option<&'a str>,
    rules: Vec<&'a str>,
    package: Option<&'a str>,
    user: &'a str,
    runner: Option<&'a str>,
    role: Option<&'a str>,
    begun: Option<String>,
    changed: Option<String>,
    commit: Option<String>,
    transaction: Option<&'a str>,
    undoes: Option<&'a str>,
    reason: Option<&'a str>,
    offline: bool,
}

fn as_json<'a>(row: &Row<'a>) -> Listed<'a> {
    Listed {
        id: row.id().to_string(),
        name: row.name(),
        original_name: row.original_name(),
        version: row.version(),
        blob: row.blob(),
        server: row.server(),
        r#type: kind_word(row.kind()),
        action: action_word(row.action()),
        status: row.status_word(),
        phase: row.phase(),
        description: row.description().unwrap_or_default(),
        tag: row.tag(),
        rules: row.rules().map(|rules| rules.split(", ").collect()).unwrap_or_default(),
        package: row.package(),
        user: row.user(),
        runner: row.runner(),
        role: row.role(),
        begun: utc(row.begun()),
        changed: utc(row.changed()),
        commit: row.told().map(|told| told.id.to_string()),
        transaction: row.transaction(),
        undoes: row.undoes(),
        reason: row.reason(),
        offline: row.is_offline(),
    }
}
