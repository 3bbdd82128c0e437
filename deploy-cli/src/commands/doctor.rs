//! `doctor`: what killed or cut-off commands left behind.

use clap::Args;
use deploy_core::deploy::execute::Transaction;
use deploy_core::deploy::leftovers;
use deploy_core::repository::Repository;
use deploy_core::repository::change::{Change, Destination, interrupted};
use deploy_core::repository::records::{Holder, Lease, Ledger, Reach, Records};
use serde_json::{Value, json};

use super::batch::overdue;
use super::changing::{ChangeArgs, Changing, ending};
use super::open;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, local_time, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Find what killed commands left behind, and end it
///
/// Operations that began and did not end, or waited for their time and never
/// began, commits whose work tree did not follow, leases without a sign of life,
/// records that were not pushed. With `--repair` each is finished or undone by
/// what stands on the target, or by what OpCon says of its job.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy doctor\n  opcon-deploy doctor --repair")]
pub struct DoctorArgs {
    /// Finish it or undo it
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

/// What waited for its time, and never began.
const WAITED: &str = "scheduled";

/// One thing that was found.
struct Found {
    what: &'static str,
    server: Option<String>,
    text: String,
    /// Whether somebody may still be at work on it.
    under_way: bool,
}

pub(super) fn run(args: DoctorArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let records = args.change.records(&repository)?;
    let reach = args.change.reach(&repository);
    let found = look(&repository, &records, reach)?;
    if ui.is_json() {
        ui.json("findings", &found.iter().map(Found::as_json).collect::<Vec<Value>>())?;
    } else {
        for one in &found {
            let style = if one.under_way { style::DIM } else { style::CHANGED };
            ui.line(format!("{}  {}", styled(style, one.what), one_line(&one.text)));
        }
    }
    let left: Vec<&Found> = found.iter().filter(|one| !one.under_way).collect();
    if left.is_empty() {
        ui.note("Nothing was left behind");
        return Ok(Exit::Done);
    }
    if !args.repair {
        ui.hint("`opcon-deploy doctor --repair` finishes it, or undoes it, by what stands on the targets");
        return Ok(Exit::Findings);
    }
    repair(&args, &repository, &left, reach, ui)
}

/// All that was left behind, and what may be under way.
fn look(repository: &Repository, records: &Records<'_>, reach: Reach) -> Result<Vec<Found>, CommandError> {
    let mut found = Vec::new();
    if let Some(left) = interrupted(repository) {
        let commit = &left.commit.to_string()[..8];
        let text = format!("the work tree has not followed the commit {commit} on `{}`", left.branch);
        found.push(Found { what: "commit", server: None, text, under_way: false });
    }
    let leases = Lease::list(repository, reach)?;
    let length = i64::from(repository.settings_of_main()?.git.lock_seconds.get());
    let now = chrono::Local::now().timestamp();
    let is_alive = |holder: &Holder| now - holder.renewed <= length;
    for transaction in leftovers(records, None)? {
        let server = transaction.server().to_owned();
        let alive = leases.iter().find(|lease| lease.server == server).filter(|holder| is_alive(holder));
        found.push(Found {
            what: "operation",
            text: operation(&transaction, alive),
            under_way: alive.is_some(),
            server: Some(server),
        });
    }
    for waited in overdue(records)? {
        found.push(Found { what: WAITED, server: None, text: waited.text(), under_way: false });
    }
    for lease in leases.into_iter().filter(|lease| !is_alive(lease)) {
        let text = format!(
            "the lease of `{}` ({} on `{}`: {}) shows no sign of life since {}",
            lease.server,
            lease.name,
            lease.host,
            lease.purpose,
            local_time(lease.renewed)
        );
        found.push(Found { what: "lease", server: Some(lease.server), text, under_way: false });
    }
    if let (Reach::Remote, Some(count)) = (reach, records.not_pushed()?) {
        let text = format!("{count} commits of records are not on the remote");
        found.push(Found { what: "records", server: None, text, under_way: false });
    }
    Ok(found)
}

fn operation(transaction: &Transaction, alive: Option<&Holder>) -> String {
    let first = transaction.pieces.first().map(|piece| &piece.record);
    let record = transaction.package.as_ref().map(|package| &package.record).or(first);
    let Some(record) = record else { return String::new() };
    let action = super::records::action_word(Some(record.action));
    let state = match (alive, &record.reason) {
        (Some(holder), _) => format!("under way, by {} on `{}`", holder.name, holder.host),
        (None, Some(reason)) => format!("left open: {reason}"),
        (None, None) => "was cut off".to_owned(),
    };
    format!(
        "{action} of {} on `{}`, begun by {} ({}): {state}; record {}",
        transaction.what(),
        record.server,
        record.user.name,
        local_time(record.begun.timestamp()),
        record.id
    )
}

impl Found {
    fn as_json(&self) -> Value {
        json!({ "what": self.what, "server": self.server, "text": self.text, "underWay": self.under_way })
    }
}

fn repair(
    args: &DoctorArgs,
    repository: &Repository,
    left: &[&Found],
    reach: Reach,
    ui: &Ui,
) -> CommandResult {
    if left.iter().any(|one| one.what == "commit") {
        // Whoever begins a change finishes what was left first.
        drop(Change::begin(repository, &Destination::Head, &|| ui.waiting())?);
        ui.note("The work tree has followed its commit");
    }
    let mut servers: Vec<&str> = left.iter().filter_map(|one| one.server.as_deref()).collect();
    servers.sort_unstable();
    servers.dedup();
    let mut exit = Exit::Done;
    if left.iter().any(|one| one.what == WAITED) {
        for waited in overdue(&args.change.records(repository)?)? {
            if let Err(error) = waited.settle(repository, ui) {
                ui.warning(format!("{} is left as it is", one_line(&waited.text())));
                error.report(ui);
                exit = Exit::Failed;
            }
        }
    }
    for server in &servers {
        if let Err(error) = of_server(args, repository, server, &mut exit, ui) {
            ui.warning(format!("`{server}` is left as it is"));
            error.report(ui);
            exit = Exit::Failed;
        }
    }
    if servers.is_empty() && left.iter().any(|one| one.what == "records") {
        // Starting to write brings to the remote what was recorded without it.
        Ledger::start(repository, reach)?.finish();
        ui.note("The records are on the remote");
    }
    Ok(exit)
}

/// Ends what is open on one server, under its lease.
fn of_server(
    args: &DoctorArgs,
    repository: &Repository,
    server: &str,
    exit: &mut Exit,
    ui: &Ui,
) -> Result<(), CommandError> {
    let changing = Changing::begin(repository, server, args.change, ui)?;
    changing.sign_on()?;
    let held = changing.hold_unsettled("doctor --repair", ui).inspect_err(|_| changing.sign_off())?;
    let ended = changing.settle(&held);
    changing.release(held, ui);
    for (what, ended) in ended? {
        match ended {
            Ok(done) => ui.note(format!("{} on `{server}`: {}", one_line(&what), ending(&Ok(done)))),
            Err(error) => {
                ui.warning(one_line(&error.to_string()));
                CommandError::from(error).hints(ui);
                *exit = Exit::Failed;
            }
        }
    }
    Ok(())
}
