//! `adopt`: a running system fills the repository, and is recorded as it stands.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::Adoption;
use deploy_core::repository::Repository;
use deploy_core::repository::change::Destination;
use deploy_core::repository::history::History;
use deploy_core::repository::import::{ImportOptions, Imported, Outcome};
use deploy_core::repository::records::Reach;
use serde_json::json;

use super::changing::{ChangeArgs, Changing};
use super::import::server::{bring, prepare, say_what_was_lost};
use super::{completions, import, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::names::ListArg;
use crate::ui::{Ui, count};
use crate::{CommandResult, Exit};

/// Fill the repository from a running system, and record what stands there
///
/// Imports every schedule (or those that fit a pattern) and records each as
/// standing on the system. The system is not changed. Run it once for each
/// system, production first; what has a record already is left as it is.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy adopt PROD\n  opcon-deploy adopt PROD 'FIN_*' --app Finance"
)]
pub struct AdoptArgs {
    /// The OpCon system
    #[arg(value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: String,
    /// Schedules, or patterns for them; all if there are none
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    #[command(flatten)]
    list: ListArg,
    /// Put new schedules into this folder under schedules/
    #[arg(long, value_name = "FOLDER")]
    app: Option<String>,
    /// Why, for the commit and the records
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) fn run(args: AdoptArgs, global: &Global, ui: &Ui) -> CommandResult {
    let mut patterns = args.list.and(args.patterns.clone(), global)?;
    if patterns.is_empty() {
        patterns.push("*".to_owned());
    }
    let repository = open(global, ui)?;
    let changing = Changing::open(&repository, &args.server, args.change, ui)?;
    changing.identity.may_import_from(changing.server.server.kind.class())?;
    let imported = import_all(&args, &changing, &repository, &patterns, ui);
    let adopted = imported.and_then(|imported| record(&args, &changing, &repository, &imported, ui));
    adopted.inspect_err(|_| changing.sign_off())
}

/// Stores what stands there on main, pushed where there is a remote.
fn import_all(
    args: &AdoptArgs,
    changing: &Changing<'_>,
    repository: &Repository,
    patterns: &[String],
    ui: &Ui,
) -> Result<Imported, CommandError> {
    let prepared = changing.runtime.block_on(prepare(&changing.target, patterns))?;
    let options = ImportOptions {
        app: args.app.clone(),
        destination: Destination::Branch(repository.settings().git.main.clone()),
        message: args.message.clone(),
        trailers: prepared.trailers(),
        push: changing.reach == Reach::Remote,
    };
    let (target, runtime) = (&changing.target, &changing.runtime);
    let imported = bring(repository, target, runtime, prepared.wanted, false, &options, ui)?;
    import::tell(&imported, ui);
    say_what_was_lost(&imported, target, ui);
    Ok(imported)
}

/// Records each as standing there.
fn record(
    args: &AdoptArgs,
    changing: &Changing<'_>,
    repository: &Repository,
    imported: &Imported,
    ui: &Ui,
) -> CommandResult {
    let server = &changing.server.name;
    let taken = imported.items.iter().filter(|item| !matches!(item.outcome, Outcome::Failed(_)));
    let names: Vec<String> = taken.map(|item| item.name.clone()).collect();
    let failed = imported.items.len() - names.len();
    let person = changing.person()?;
    let held = changing.hold(&format!("adopt {}", count(names.len(), "schedule")), ui)?;
    let adopted = (|| {
        let history = History::load(repository)?;
        let asked = changing.asked(&person, args.message.as_deref(), Vec::new());
        let adoption = Adoption::of(&history, &held.records, server, &names, &asked)?;
        let known = adoption.known;
        let records = changing.runtime.block_on(adoption.record(repository, &held.ledger))?;
        Ok::<_, CommandError>((records, known))
    })();
    changing.release(held, ui);
    let (records, known) = adopted?;
    if ui.is_json() {
        let rows = records.iter().map(|record| {
            json!({ "name": record.name, "server": record.server, "record": record.id,
                "status": record.status, "version": record.source.version, "outcome": "adopted" })
        });
        ui.json("deployments", &rows.collect::<Vec<_>>())?;
    } else {
        ui.line(format!("Adopted {} on {server}", count(records.len(), "schedule")));
    }
    if known > 0 {
        ui.note(format!("{} recorded before", count(known, "schedule")));
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}
