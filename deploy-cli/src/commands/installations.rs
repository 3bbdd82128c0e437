//! `installations`: what is installed where, and forgetting it.

use clap::{Args, Subcommand};
use clap_complete::ArgValueCandidates;
use deploy_core::repository::records::{Entry, Kind, Ledger, Reach, Record, Records, installed};
use deploy_core::repository::servers;
use deploy_core::repository::users::identify;
use serde_json::json;

use super::list::{Filter, finish};
use super::records::kind_word;
use super::{completions, note_age, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::block_on;
use crate::ui::{Table, Ui, count, local_time, one_line};
use crate::{CommandResult, Exit};

/// Show what is installed where
///
/// Packages and schedules that stand on servers, as the records know them.
/// `forget` takes one out of the records without touching its server.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  opcon-deploy installations --server PROD-A\n  opcon-deploy installations --what 'FIN*' --json"
)]
pub struct InstallationsArgs {
    #[command(subcommand)]
    command: Option<InstallationsCommand>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum InstallationsCommand {
    Forget(ForgetArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// On this server only, or on those whose names fit a pattern
    #[arg(long, value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: Option<String>,
    /// Part of the name, or a pattern; `package:NAME` for packages alone
    #[arg(long, value_name = "WHAT")]
    what: Option<String>,
}

/// Take an installation out of the records; its server is not touched
///
/// For what is not there any more, or was never ours. Of a package its schedules
/// are forgotten too. The audit keeps who did it and why.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy installations forget 0199a2 --reason 'removed by hand in OpCon'"
)]
struct ForgetArgs {
    /// Its record, or the beginning of the record's id
    #[arg(value_name = "ID")]
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Leave the remote out
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(args: InstallationsArgs, global: &Global, ui: &Ui) -> CommandResult {
    match args.command {
        Some(InstallationsCommand::Forget(args)) => forget(&args, global, ui),
        None => list(&args.list, global, ui),
    }
}

fn list(args: &ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let server = Filter::whole(args.server.as_deref())?;
    let package = args.what.as_deref().and_then(|what| what.strip_prefix("package:"));
    let what = Filter::new(package.or(args.what.as_deref()))?;
    let repository = open(global, ui)?;
    let records = match global.fetch {
        true => Records::fetch(&repository)?,
        false => Records::open(&repository)?,
    };
    if repository.remote().is_some() {
        note_age(&repository, &[&repository.settings().git.records], ui);
    }
    let mut all = records.installations()?;
    let is_shown = |record: &Record| {
        server.takes(&record.server)
            && what.takes(&record.name)
            && (package.is_none() || record.kind == Kind::Package)
    };
    all.retain(is_shown);
    let mut table =
        Table::new(["RECORD", "SERVER", "TYPE", "NAME", "VERSION", "SINCE", "USER", "PACKAGE"]).right(4);
    let mut list = Vec::new();
    for record in &all {
        let since = record.ended.unwrap_or(record.begun);
        let package = record.package.as_ref().map(|package| match package.version {
            Some(version) => format!("{}@{version}", package.name),
            None => package.name.clone(),
        });
        table.row([
            &shortest(record, &all),
            &record.server,
            kind_word(Some(record.kind)),
            &record.name,
            &record.source.version.map(|version| version.to_string()).unwrap_or_default(),
            &local_time(since.timestamp()),
            &record.user.name,
            package.as_deref().unwrap_or_default(),
        ]);
        list.push(json!({
            "record": record.id, "server": record.server, "type": kind_word(Some(record.kind)),
            "name": record.name, "originalName": record.original_name, "version": record.source.version,
            "blob": record.source.blob, "since": since, "user": record.user.to_string(), "package": package,
        }));
    }
    finish("installations", &list, &table, ui)?;
    Ok(Exit::Done)
}

/// As much of its id as no other has, and no less than is easy to compare.
fn shortest(record: &Record, all: &[Record]) -> String {
    let id = record.id.to_string();
    let same = |other: &Record| {
        let other = other.id.to_string();
        id.bytes().zip(other.bytes()).take_while(|(one, two)| one == two).count()
    };
    let others = all.iter().filter(|other| other.id != record.id);
    let length = others.map(same).max().map_or(SHORTEST, |same| SHORTEST.max(same + 1));
    id[..length.min(id.len())].to_owned()
}

/// The part of an id that tells the time.
const SHORTEST: usize = 13;

fn forget(args: &ForgetArgs, global: &Global, ui: &Ui) -> CommandResult {
    if args.reason.trim().is_empty() {
        return Err(CommandError::usage("`--reason` is empty: the audit keeps why"));
    }
    let repository = open(global, ui)?;
    let reach = Reach::of(&repository, args.offline);
    let records = match reach {
        Reach::Remote => Records::fetch_with_main(&repository)?,
        Reach::Local | Reach::Offline => Records::open(&repository)?,
    };
    let identity = identify(&repository, &repository.settings_of_main()?)?;
    let all = records.installations()?;
    let found: Vec<Record> = installed(&all, &args.id)?.into_iter().cloned().collect();
    let Some(first) = found.first() else { return Ok(Exit::Done) };
    // A server that is gone from the repository has nobody's role to ask for.
    if let Ok(server) = servers::find(&repository, &first.server) {
        identity.may_deploy_to(server.server.kind.class())?;
    }
    let ledger = Ledger::start(&repository, reach)?;
    let entry = Entry::forget(&found, args.reason.trim(), &identity.person);
    block_on(ledger.write(entry))??;
    ledger.finish();
    if ui.is_json() {
        let list: Vec<_> =
            found.iter().map(|record| json!({ "record": record.id, "name": record.name })).collect();
        ui.json("forgotten", &list)?;
        return Ok(Exit::Done);
    }
    let more = match found.len() {
        1 => String::new(),
        many => format!(" with {}", count(many - 1, "schedule")),
    };
    ui.line(format!("Forgot `{}`{more} on `{}`", one_line(&first.name), one_line(&first.server)));
    ui.note("Its server was not touched");
    Ok(Exit::Done)
}
