//! `deployments show`: one record, and the definitions it knows.

use clap::Args;
use deploy_core::definition::Definition;
use deploy_core::repository::Repository;
use deploy_core::repository::records::log::{RecordLog, Row, Which};
use deploy_core::repository::records::{Kind, Record};
use serde_json::{Value, json};

use super::super::diff::{Side, print_difference, show};
use super::super::open;
use super::super::records::record_log;
use super::facts;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Show a record, or a definition it knows
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy deployments show 0198d3a0-53c1\n  opcon-deploy deployments show 0198d3a0-53c1 --diff\n  opcon-deploy deployments show 0198d3a0-53c1 --rollback > before.json"
)]
pub(super) struct ShowArgs {
    /// The id of the record, or the beginning of it
    #[arg(value_name = "ID")]
    id: String,
    /// Print the definition that stood there afterwards; of what did not end well, the one that was planned
    #[arg(long, group = "what")]
    definition: bool,
    /// Print the definition that stood there before
    #[arg(long, group = "what")]
    rollback: bool,
    /// Show what it changed there
    #[arg(long, group = "what")]
    diff: bool,
    /// Show everything that is known of it
    #[arg(long, group = "what")]
    report: bool,
}

pub(super) fn run(args: ShowArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let log = record_log(&repository, global, ui)?;
    let row = log.find(&args.id)?;
    let known = Known { repository: &repository, log: &log, row };
    if args.definition {
        let bytes = known.afterwards()?.ok_or_else(|| known.none("definition"))?;
        ui.bytes(&bytes);
    } else if args.rollback {
        let bytes = known.bytes(Which::Rollback)?.ok_or_else(|| known.none("rollback definition"))?;
        ui.bytes(&bytes);
    } else if args.diff {
        difference(&known, ui)?;
    } else {
        record(&known, args.report, ui)?;
    }
    Ok(Exit::Done)
}

/// A record and where its definitions are.
pub(super) struct Known<'a> {
    pub(super) repository: &'a Repository,
    pub(super) log: &'a RecordLog,
    pub(super) row: Row<'a>,
}

impl Known<'_> {
    fn bytes(&self, which: Which) -> Result<Option<Vec<u8>>, CommandError> {
        Ok(self.log.definition(self.repository, &self.row, which)?)
    }

    /// What was read back, or else what was planned.
    fn afterwards(&self) -> Result<Option<Vec<u8>>, CommandError> {
        match self.bytes(Which::Deployed)? {
            Some(bytes) => Ok(Some(bytes)),
            None => self.bytes(Which::Planned),
        }
    }

    fn read(&self, bytes: Option<Vec<u8>>) -> Result<Option<Definition>, CommandError> {
        let read = |bytes: Vec<u8>| Definition::read(&bytes);
        bytes.map(read).transpose().map_err(|error| {
            CommandError::failed(format!(
                "a definition of the record `{}` cannot be read: {error}",
                self.row.id()
            ))
        })
    }

    /// What stood there before, and afterwards.
    fn sides(&self) -> Result<(Option<Definition>, Option<Definition>), CommandError> {
        Ok((self.read(self.bytes(Which::Rollback)?)?, self.read(self.afterwards()?)?))
    }

    fn none(&self, what: &str) -> CommandError {
        let (id, name) = (self.row.id(), one_line(self.row.name()));
        let failed = CommandError::failed(format!("the record `{id}` of `{name}` has no {what}"));
        match self.row.kind() {
            Some(Kind::Package) => failed
                .hint(format!("its members have: `opcon-deploy deployments show {id} --report` names them")),
            _ => failed,
        }
    }
}

/// What an operation changed on its target.
fn difference(known: &Known<'_>, ui: &Ui) -> Result<(), CommandError> {
    let (name, server) = (one_line(known.row.name()), known.row.server());
    match known.sides()? {
        (Some(before), Some(after)) => {
            let before = Side { label: format!("{name} on {server} before"), definition: before };
            let after = Side { label: "afterwards".to_owned(), definition: after };
            show(&before, &after, false, ui)
        }
        (None, None) => Err(known.none("definition")),
        (before, after) if ui.is_json() => {
            ui.line(serde_json::to_string(&patch(before.as_ref(), after.as_ref()))?);
            Ok(())
        }
        (None, Some(_)) => {
            ui.line(format!("nothing stood there before: all of `{name}` is new on {server}"));
            Ok(())
        }
        (Some(_), None) => {
            ui.line(format!("all of `{name}` was removed from {server}"));
            Ok(())
        }
    }
}

/// The patch from what stood there before, for `--json`.
fn patch(before: Option<&Definition>, after: Option<&Definition>) -> Value {
    let value = |side: Option<&Definition>| side.map_or(Value::Null, |side| side.value().clone());
    json!(deploy_core::definition::patch(&value(before), &value(after)))
}

fn record(known: &Known<'_>, report: bool, ui: &Ui) -> Result<(), CommandError> {
    let record = known.log.full(known.repository, &known.row)?;
    if ui.is_json() {
        let mut value = facts::as_json(&record, &known.row);
        if report {
            value["members"] = json!(members(known, &record).iter().map(facts::member).collect::<Vec<_>>());
            if let (before, Some(after)) = known.sides()? {
                value["difference"] = patch(before.as_ref(), Some(&after));
            }
        }
        return ui.json("deployments", &[value]);
    }
    facts::print(&record, &known.row, report, ui);
    let members = members(known, &record);
    if !members.is_empty() {
        facts::print_members(known.log, &members, ui);
    }
    if let Some(text) = record.report.as_ref().filter(|_| report) {
        ui.line("");
        text.lines().for_each(|line| ui.line(one_line(line)));
    }
    if report {
        for row in std::iter::once(&known.row).chain(&members) {
            let one = Known { repository: known.repository, log: known.log, row: *row };
            if let (Some(before), Some(after)) = one.sides()? {
                ui.line("");
                let title = format!("{}: what it changed", one_line(row.name()));
                ui.line(styled(style::HEADING, title));
                print_difference(&before, &after, ui);
            }
        }
    }
    Ok(())
}

/// The records of a package's schedules.
fn members<'a>(known: &Known<'a>, record: &Record) -> Vec<Row<'a>> {
    record.members.iter().filter_map(|id| known.log.find(&id.to_string()).ok()).collect()
}
