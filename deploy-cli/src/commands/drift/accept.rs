//! `drift accept`: answer for a difference until a day.

use chrono::NaiveDate;
use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::drift_accepted::{Acceptance, Accepted, accept};
use deploy_core::repository::package::CommitOptions;
use deploy_core::repository::records::Records;
use deploy_core::repository::servers;
use deploy_core::repository::toml_file::nearest;
use serde_json::json;

use super::super::changing::now;
use super::super::{commit_words, completions, open};
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::system::who;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Answer for a difference until a day
///
/// Writes it into `drift-accepted.toml`, with you as its owner. From then on, and
/// up to that day, `drift`, `simulate` and `deploy` show the difference and do not
/// count it. What counts is the file on main. For people who may deploy to the
/// server.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy drift accept PROD Payroll --reason 'moved by operations' --until 2026-12-31\n  opcon-deploy drift accept PROD Payroll --pointer '/scheduleList/*/startTime' --reason 'quarter end' --until 2027-01-08 --push"
)]
pub(super) struct AcceptArgs {
    /// The server
    #[arg(value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: String,
    /// The schedule, by its name there
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(completions::schedules))]
    name: String,
    /// The difference, as `drift` prints it, with all below; `*` is any one part. Without it every
    /// difference of the schedule
    #[arg(long, value_name = "POINTER")]
    pointer: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The last day on which it counts, such as 2026-12-31
    #[arg(long, value_name = "DATE")]
    until: NaiveDate,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn run(args: AcceptArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let server = servers::find(&repository, &args.server)?;
    let by = who(&repository)?;
    by.may_deploy_to(server.server.kind.class())?;
    let records = Records::open(&repository)?;
    let entry = Acceptance {
        schedule: deployed(&records, &server.name, &args.name)?,
        server: server.name,
        pointer: args.pointer,
        reason: args.reason,
        owner: by.person.to_string(),
        until: args.until,
    };
    let options = CommitOptions {
        destination: args.commit.destination("drift"),
        message: args.commit.message,
        push: args.commit.push,
    };
    let accepted = accept(&repository, &entry, now().date_naive(), &options, &|| ui.waiting())?;
    if ui.is_json() {
        ui.json("accepted", &as_json(&entry, &accepted))?;
        return Ok(Exit::Done);
    }
    let name = one_line(&entry.schedule);
    let Some(committed) = &accepted.committed else {
        ui.line(format!("{name}  {}", styled(style::DIM, "accepted already")));
        return Ok(Exit::Done);
    };
    let what = entry.pointer.as_ref().map(|pointer| format!(" at {}", one_line(pointer)));
    let what = format!("accepted on {}{} until {}", entry.server, what.unwrap_or_default(), entry.until);
    ui.line(format!("{name}  {}", styled(style::ADDED, what)));
    if let Some(before) = &accepted.replaced {
        ui.note(format!("Before: until {} by {}", before.until, one_line(&before.owner)));
    }
    ui.note(format!("Commit {}", commit_words(committed)));
    let (shared, branch) = repository.shared_main()?;
    if shared != committed.commit {
        ui.note(format!("It counts when it is on `{branch}`"));
    }
    Ok(Exit::Done)
}

/// The name of a schedule that was deployed, as the records write it.
fn deployed(records: &Records<'_>, server: &str, name: &str) -> Result<String, CommandError> {
    let names: Vec<String> =
        records.active(server)?.into_iter().map(|standing| standing.record.name).collect();
    let same = names.iter().find(|other| other.to_lowercase() == name.to_lowercase());
    same.cloned().ok_or_else(|| {
        let near = nearest(name, &names).map(|near| format!("; did you mean `{}`?", one_line(near)));
        CommandError::failed(format!(
            "no schedule `{}` was deployed to `{server}`{}",
            one_line(name),
            near.unwrap_or_default()
        ))
    })
}

fn as_json(entry: &Acceptance, accepted: &Accepted) -> serde_json::Value {
    let committed = accepted.committed.as_ref();
    json!({
        "server": entry.server, "schedule": entry.schedule, "pointer": entry.pointer,
        "reason": entry.reason, "owner": entry.owner, "until": entry.until,
        "outcome": if committed.is_some() { "accepted" } else { "unchanged" },
        "commit": committed.map(|committed| committed.commit.to_string()),
        "branch": committed.map(|committed| committed.branch.clone()),
    })
}
