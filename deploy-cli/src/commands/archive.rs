//! `archive`: old versions leave the lists.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::Repository;
use deploy_core::repository::archive::{ArchiveError, ArchivePlan, Leaving, plan, plan_one};
use deploy_core::repository::history::History;
use deploy_core::repository::layout::Kind;
use deploy_core::repository::records::log::RecordLog;
use deploy_core::repository::records::{Ledger, Reach, Records};
use deploy_core::repository::resolve::resolve;
use deploy_core::repository::users::{Administering, Identity, identify};
use serde_json::{Value, json};

use super::versions::kind_of;
use super::{completions, history, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::runtime;
use crate::ui::{Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Take old versions out of the lists
///
/// Of each schedule, package and rule the newest versions stay, as many as
/// `[archive] versions_to_retain` in deploy.toml says; earlier ones leave the
/// lists, and the records of their deployments with them. What stands on a
/// server, is on its way there or is pinned by a package is never archived.
/// Nothing is deleted: `--archived` of `versions` and `deployments` shows it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy archive --dry-run\n  opcon-deploy archive\n  opcon-deploy archive Payroll@1\n  opcon-deploy archive package:FINANCE@2"
)]
pub struct ArchiveArgs {
    /// This version only: `NAME@V`, `package:NAME@V` or `rule:NAME@V`
    #[arg(value_name = "WHAT@V", add = ArgValueCandidates::new(completions::schedules))]
    what: Option<String>,
    /// Change nothing; show what would be archived
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: ArchiveArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let reach = Reach::of(&repository, false);
    let records = match reach {
        Reach::Remote if !args.dry_run => Records::fetch_with_main(&repository)?,
        _ => Records::open(&repository)?,
    };
    let settings = repository.settings_of_main()?;
    let who = identify(&repository, &settings)?;
    if !args.dry_run {
        who.may_administer(Administering::Archive)?;
    }
    let history = history(&repository, ui)?;
    let log = RecordLog::load(&repository, records.tip())?;
    let plan = match &args.what {
        Some(what) => {
            let version = named(&repository, &history, what)?;
            plan_one(&repository, &history, &records, &log, version)?
        }
        None => plan(&repository, &history, &records, &log, settings.archive.versions_to_retain)?,
    };
    if !args.dry_run && !plan.leaving.is_empty() {
        write(&repository, reach, &plan, &who)?;
    }
    show(&plan, args.dry_run, ui)?;
    Ok(Exit::Done)
}

/// The version that was named; a name alone could be any.
fn named(repository: &Repository, history: &History, what: &str) -> Result<Leaving, CommandError> {
    let (kind, text) = kind_of(what);
    let found = resolve(repository, history, kind, text)?;
    match found.number.filter(|_| found.name != text) {
        Some(version) => {
            Ok(Leaving { kind, version, name: found.name, commit: found.commit, blob: found.blob })
        }
        None => Err(CommandError::usage(format!("`{}` names no version", one_line(what)))
            .hint(format!("`opcon-deploy versions \"{}\"` shows them", one_line(what)))),
    }
}

fn write(
    repository: &Repository,
    reach: Reach,
    plan: &ArchivePlan,
    who: &Identity,
) -> Result<(), CommandError> {
    let ledger = Ledger::start(repository, reach)?;
    let entry = plan.entry(&who.person, chrono::Local::now().fixed_offset());
    runtime()?.block_on(ledger.write(entry))?;
    ledger.finish();
    Ok(())
}

fn show(plan: &ArchivePlan, dry_run: bool, ui: &Ui) -> Result<(), CommandError> {
    if ui.is_json() {
        return ui.json("versions", &rows(plan));
    }
    for one in &plan.leaving {
        ui.line(format!("{}  {}", label(one), styled(style::REMOVED, "archived")));
    }
    for kept in &plan.kept {
        let why = format!("stays: {}", one_line(&kept.by.to_string()));
        ui.line(format!("{}  {}", label(&kept.version), styled(style::DIM, why)));
    }
    let versions = count(plan.leaving.len(), "version");
    let records = match plan.records.len() {
        0 => String::new(),
        number => format!(" with {}", count(number, "record")),
    };
    ui.note(match (plan.leaving.is_empty(), dry_run) {
        (true, _) => "nothing to archive".to_owned(),
        (false, true) => format!("{versions}{records} would be archived; nothing was changed"),
        (false, false) => format!("{versions}{records} archived; `--archived` shows them, git keeps them"),
    });
    Ok(())
}

fn label(one: &Leaving) -> String {
    let kind = match one.kind {
        Kind::Schedule => String::new(),
        kind => format!("{}:", kind.word()),
    };
    format!("{kind}{}@{}", one_line(&one.name), one.version)
}

fn rows(plan: &ArchivePlan) -> Vec<Value> {
    let row = |one: &Leaving, outcome: &str, reason: Option<String>| {
        json!({
            "kind": one.kind.word(), "name": one.name, "version": one.version,
            "commit": one.commit.to_string(), "outcome": outcome, "reason": reason,
        })
    };
    let leaving = plan.leaving.iter().map(|one| row(one, "archived", None));
    let kept = plan.kept.iter().map(|kept| row(&kept.version, "kept", Some(kept.by.to_string())));
    leaving.chain(kept).collect()
}

impl From<ArchiveError> for CommandError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::InUse(_) => Self::refused(error.to_string()),
            _ => Self::failed(error.to_string()),
        }
    }
}
