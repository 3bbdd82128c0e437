//! `delete`: a schedule or a package goes from a server.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::Removal;
use deploy_core::repository::records::Person;

use super::changing::{ChangeArgs, Changing, telling};
use super::{completions, deploy, open};
use crate::CommandResult;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line, style, styled};

/// Remove a schedule or a package from an OpCon system
///
/// With its instances in the daily. Says first who on that system depends on it.
/// What stands there goes into the record, from which `rollback` puts it back.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy delete Payroll --from QA\n  opcon-deploy delete package:FINANCE --from QA --yes -m 'Moved to the new system'"
)]
pub struct DeleteArgs {
    /// A schedule, or `package:NAME`, as it is called on the server
    #[arg(value_name = "WHAT", add = ArgValueCandidates::new(completions::schedules))]
    what: String,
    /// The OpCon system
    #[arg(long = "from", value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: String,
    /// Why
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) fn run(args: DeleteArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let changing = Changing::begin(&repository, &args.server, args.change, ui)?;
    let person = changing.sign_on()?;
    delete(&args, &changing, &person, ui).inspect_err(|_| changing.sign_off())
}

fn delete(args: &DeleteArgs, changing: &Changing<'_>, person: &Person, ui: &Ui) -> CommandResult {
    let (server, system) = (&changing.server.name, &*changing.target.system);
    let find = |records| changing.runtime.block_on(Removal::find(records, system, server, &args.what));
    show(&find(&changing.records)?, server, ui);
    let question =
        format!("Delete `{}` from `{server}`, with its instances in the daily?", one_line(&args.what));
    if !changing.confirm(args.change.yes, &question, ui)? {
        return Ok(changing.declined(ui));
    }
    let held = changing.hold(&format!("delete {}", args.what), ui)?;
    let done = find(&held.records).map_err(CommandError::from).and_then(|removal| {
        let asked = changing.asked(person, args.message.as_deref(), Vec::new());
        let told = telling(ui, server);
        let done = changing.runtime.block_on(changing.execution(&held, &told).remove(&removal, &asked))?;
        deploy::show::done(&done, ui)
    });
    changing.release(held, ui);
    done
}

/// What goes, and who needs it.
fn show(removal: &Removal, server: &str, ui: &Ui) {
    for schedule in &removal.schedules {
        let what = match (schedule.jobs, &schedule.standing) {
            (None, _) => "is gone there already".to_owned(),
            (Some(jobs), None) => format!("{}, of which there is no record", count(jobs, "job")),
            (Some(jobs), Some(standing)) => match standing.record.source.version {
                Some(version) => format!("version {version}, {}", count(jobs, "job")),
                None => count(jobs, "job"),
            },
        };
        ui.note(format!("{}  {what}", styled(style::HEADING, one_line(&schedule.name))));
    }
    if removal.dependents.is_empty() {
        ui.note(format!("Nothing on `{server}` depends on it"));
        return;
    }
    ui.note(styled(style::CHANGED, format!("Others on `{server}` depend on it:")));
    for one in &removal.dependents {
        let how = match &one.waits_for {
            Some(job) => format!("waits for job `{}` of `{}`", one_line(job), one_line(&one.removed)),
            None => format!("runs `{}`", one_line(&one.removed)),
        };
        ui.note(format!("  `{}` of `{}` {how}", one_line(&one.job), one_line(&one.schedule)));
    }
}
