//! `rollback`: what stood there before comes back.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::{Observed, Undoing};
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Person, Records};

use super::changing::{ChangeArgs, Changing};
use super::{completions, deploy, open};
use crate::CommandResult;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line, style, styled};

/// Put back what stood there before a deployment
///
/// Shows what will come back, commits what stands there now, and puts back the
/// definition that the deployment found, or removes what it had brought. A
/// package is rolled back as a whole. What was rolled away from is pinned: it
/// does not come back by itself.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollback Payroll --on PROD\n  opcon-deploy rollback package:FINANCE --on PROD --yes\n  opcon-deploy rollback --record 0199a1b2 -m 'Wrong month'"
)]
pub struct RollbackArgs {
    /// A schedule, or `package:NAME`, as it is called on the server
    #[arg(value_name = "WHAT", required_unless_present = "record", requires = "server", add = ArgValueCandidates::new(completions::schedules))]
    what: Option<String>,
    /// The OpCon system
    #[arg(long = "on", value_name = "SERVER", conflicts_with = "record", add = ArgValueCandidates::new(completions::servers))]
    server: Option<String>,
    /// The record that is undone, or the beginning of its id
    #[arg(long, value_name = "ID", conflicts_with = "what")]
    record: Option<String>,
    /// Why
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Go on where something was changed there since
    #[arg(long)]
    accept_drift: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) fn run(args: RollbackArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let server = match &args.server {
        Some(server) => server.clone(),
        None => {
            let records = args.change.records(&repository)?;
            find(&args, &repository, &records, "")?.server
        }
    };
    let changing = Changing::begin(&repository, &server, args.change, ui)?;
    let undoing = find(&args, &repository, &changing.records, &changing.server.name)?;
    let person = changing.sign_on()?;
    let done = roll_back(&args, &changing, undoing, &person, ui);
    done.inspect_err(|_| changing.sign_off())
}

fn find(
    args: &RollbackArgs,
    repository: &Repository,
    records: &Records<'_>,
    server: &str,
) -> Result<Undoing, CommandError> {
    Ok(match (&args.record, &args.what) {
        (Some(id), _) => Undoing::of_record(repository, records, id)?,
        (None, what) => Undoing::find(repository, records, server, what.as_deref().unwrap_or_default())?,
    })
}

fn roll_back(
    args: &RollbackArgs,
    changing: &Changing<'_>,
    undoing: Undoing,
    person: &Person,
    ui: &Ui,
) -> CommandResult {
    let system = &*changing.target.system;
    let observed = changing.runtime.block_on(undoing.observe(&changing.records, system))?;
    show(&observed, ui);
    let mut accepted = Vec::new();
    if observed.has_later_changes() {
        if !args.accept_drift && ui.ask("Roll back nevertheless (--accept-drift)?") != Some(true) {
            return Err(CommandError::refused(format!(
                "nothing was changed on `{}`: something was changed there since",
                observed.server()
            ))
            .hint(
                "`--accept-drift` rolls it back nevertheless; what stands there now is kept in the record",
            ));
        }
        accepted.push("drift".to_owned());
    }
    if !changing.confirm(args.change.yes, &format!("Roll back on `{}`?", observed.server()), ui)? {
        return Ok(changing.declined(ui));
    }
    let held = changing.hold(&format!("roll back {}", names(&observed)), ui)?;
    let done = (|| {
        let undoing = find(args, changing.repository, &held.records, &changing.server.name)?;
        let again = changing.runtime.block_on(undoing.observe(&held.records, system))?;
        if !again.is_same(&observed) {
            return Err(CommandError::refused(format!(
                "`{}` was changed while this command waited; nothing was changed by this one",
                observed.server()
            ))
            .hint("run the command again, and look at what it shows"));
        }
        let asked = changing.asked(person, args.message.as_deref(), accepted);
        let done = changing.run(&held, again.transaction(&asked), ui)?;
        deploy::show::done(&done, ui)
    })();
    changing.release(held, ui);
    done
}

fn names(observed: &Observed) -> String {
    match (observed.package(), observed.schedules.as_slice()) {
        (Some((package, _)), _) => format!("package:{package}"),
        (None, [only]) => only.name.clone(),
        (None, many) => count(many.len(), "schedule"),
    }
}

/// What will come back, and what was changed since.
fn show(observed: &Observed, ui: &Ui) {
    if let Some((package, version)) = observed.package() {
        let comes = match version {
            Some(version) => format!("version {version} comes back"),
            None => "it did not stand there before".to_owned(),
        };
        ui.note(styled(style::HEADING, format!("Package {}: {comes}", one_line(package))));
    }
    for schedule in &observed.schedules {
        let comes = match (schedule.removed, schedule.version) {
            (true, _) => "is removed: nothing stood there before".to_owned(),
            (false, Some(version)) => format!("version {version} comes back"),
            (false, None) => "what stood there before comes back; it is no version".to_owned(),
        };
        ui.note(styled(style::HEADING, format!("{}: {comes}", one_line(&schedule.name))));
        for line in &schedule.difference {
            ui.note(format!("  {}", one_line(&line.text)));
        }
        if !schedule.later.is_empty() {
            ui.note(styled(style::CHANGED, "  changed there since, and lost by this:"));
            schedule.later.iter().for_each(|line| ui.note(format!("    {}", one_line(line))));
        }
    }
}
