//! `asof`: what stood on a server at a time.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::records::Kind;
use deploy_core::repository::records::log::{RecordLog, Row};
use deploy_core::repository::toml_file::nearest;
use serde_json::json;

use super::list::{Filter, finish};
use super::records::{kind_word, name_of, record_log, utc};
use super::{completions, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::time;
use crate::ui::{Table, Ui, local_time};
use crate::{CommandResult, Exit};

/// Show what stood on a server at a time, from which version and rules
///
/// The order of the records decides: what was recorded before the last change
/// of that time counts, whatever the clocks of the computers said.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy asof 2026-11-20 PROD\n  opcon-deploy asof '2026-11-20 04:00' PROD 'FIN_*'\n  opcon-deploy asof 2026-11-20T04:00:00+01:00 PROD Payroll --json"
)]
pub struct AsofArgs {
    /// A local time, one of RFC 3339, or a date, which counts to its end
    #[arg(value_name = "TIME", value_parser = time::until)]
    time: i64,
    /// The server
    #[arg(value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: String,
    /// Part of a name, or a pattern
    #[arg(value_name = "WHAT", add = ArgValueCandidates::new(completions::schedules))]
    what: Option<String>,
}

pub(super) fn run(args: AsofArgs, global: &Global, ui: &Ui) -> CommandResult {
    let filter = Filter::new(args.what.as_deref())?;
    let repository = open(global, ui)?;
    let log = record_log(&repository, global, ui)?;
    let server = server(&log, &args.server)?;
    let Some(moment) = log.moment(args.time) else {
        finish("standing", &[], &Table::new([""]), ui)?;
        if let Some(first) = log.rows().next().and_then(|row| row.begun()) {
            ui.note(format!("the records begin later, at {}", local_time(first.time)));
        }
        return Ok(Exit::Done);
    };
    let takes = |row: &Row<'_>| {
        row.server() == server
            && (filter.takes(row.name()) || row.original_name().is_some_and(|name| filter.takes(name)))
    };
    let rows: Vec<Row<'_>> = log.standing_at(&moment).into_iter().filter(takes).collect();
    if ui.is_json() {
        ui.json("standing", &rows.iter().map(as_json).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        ui.note(format!("nothing stood on {server} at {}", local_time(args.time)));
    } else {
        ui.print(&table(&log, &rows, ui).to_string());
    }
    let commit = &moment.change.id.to_string()[..8];
    ui.note(format!("as of {}, after commit {commit}", local_time(moment.change.time)));
    if let Some(later) = moment.later {
        ui.warning(format!(
            "clocks disagree: commit {} came before, but says {}",
            &later.id.to_string()[..8],
            local_time(later.time)
        ));
    }
    Ok(Exit::Done)
}

/// The name of a server as the records have it.
fn server<'l>(log: &'l RecordLog, given: &str) -> Result<&'l str, CommandError> {
    let mut names: Vec<&str> = log.rows().map(|row| row.server()).collect();
    names.sort_unstable();
    names.dedup();
    let found = names.iter().find(|name| **name == given);
    let found = found.or_else(|| names.iter().find(|name| name.to_lowercase() == given.to_lowercase()));
    found.copied().ok_or_else(|| {
        let near = nearest(given, &names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        CommandError::failed(format!("there are no records of a server `{given}`{near}"))
    })
}

fn table(log: &RecordLog, rows: &[Row<'_>], ui: &Ui) -> Table {
    let heads = ["NAME", "ORIGINAL", "TYPE", "VERSION", "RULES", "PACKAGE", "SINCE", "USER", "RECORD"];
    let mut table = Table::new(heads).right(3);
    let length = log.id_length();
    for row in rows {
        let id = row.id().to_string();
        table.row([
            row.name(),
            row.original_name().unwrap_or_default(),
            kind_word(row.kind()),
            &row.version().map(|version| version.to_string()).unwrap_or_default(),
            &ui.short(row.rules().unwrap_or_default(), 40),
            row.package().unwrap_or_default(),
            &row.changed().map(|changed| local_time(changed.time)).unwrap_or_default(),
            name_of(row.user()),
            &id[..length.min(id.len())],
        ]);
    }
    // Original names, rules and packages are what only some have.
    table.hide_empty([1, 4, 5])
}

fn as_json(row: &Row<'_>) -> serde_json::Value {
    let rules: Vec<&str> = row.rules().map(|rules| rules.split(", ").collect()).unwrap_or_default();
    json!({
        "name": row.name(), "originalName": row.original_name(), "server": row.server(),
        "type": kind_word(row.kind().or(Some(Kind::Schedule))), "version": row.version(), "blob": row.blob(),
        "rules": rules, "package": row.package(), "record": row.id(), "user": row.user(),
        "since": utc(row.changed()), "commit": row.changed().map(|changed| changed.id.to_string()),
    })
}
