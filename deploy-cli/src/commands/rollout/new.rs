//! `rollout new`: a new rollout, committed.

use chrono::Utc;
use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::package::CommitOptions;
use deploy_core::repository::records::Records;
use deploy_core::rollout::{Accepted, Frames, RolloutFile, Sequence, What, create, servers_with};
use deploy_core::time_span::Span;
use serde_json::json;

use super::super::completions::{rules, schedules, servers};
use super::super::{commit_words, open};
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Make a rollout
///
/// Writes `rollouts/ID.toml` and commits it, after looking whether everything it
/// names is there. On a branch it is a proposal; it is in force when it is on main.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollout new package:FINANCE@14 --to group:retail --push\n  opcon-deploy rollout new package:FINANCE --to group:production --order PROD-A --order '*' --soak 30m \\\n      --timezone Europe/Berlin --start '2026-12-01 18:00' --end '2026-12-03 06:00' --frame 18:00-24:00\n  opcon-deploy rollout new --update package:FINANCE@13 --to-version 14\n  opcon-deploy rollout new --uninstall package:OLD --from group:test --branch=remove-old"
)]
pub(super) struct NewArgs {
    /// Packages (`package:NAME`) and schedules, at their latest version or at `@V`
    #[arg(value_name = "WHAT", add = ArgValueCandidates::new(schedules), required_unless_present_any = ["uninstall", "update"])]
    what: Vec<String>,
    /// Bring a new version to every server that has this one: `package:NAME@V`, or `package:NAME` at any version
    #[arg(long, value_name = "OLD", requires = "to_version", conflicts_with_all = ["what", "uninstall", "to"])]
    update: Option<String>,
    /// With `--update`: the version to bring
    #[arg(long, value_name = "V", requires = "update")]
    to_version: Option<usize>,
    /// Remove a package or a schedule; may be given several times
    #[arg(long, value_name = "WHAT", add = ArgValueCandidates::new(schedules))]
    uninstall: Vec<String>,
    /// A server, or `group:NAME`; may be given several times
    #[arg(long = "to", visible_alias = "from", value_name = "SERVER", required_unless_present = "update", add = ArgValueCandidates::new(servers))]
    to: Vec<String>,
    /// The name of the file; made from what is carried if absent
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// What people call it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    name: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
    #[command(flatten)]
    when: WhenArgs,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    commit: CommitArgs,
}

/// When jobs may begin, and in which order.
#[derive(Debug, Args)]
struct WhenArgs {
    /// The zone of start, end and frames, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// No job begins before: 2026-12-01 18:00
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Jobs that have not begun by then expire
    #[arg(long, value_name = "TIME")]
    end: Option<String>,
    /// When jobs may begin: 18:00-24:00, 'FRI 22:00-06:00', '!SAT 11:00-13:00'; the first that matches decides
    #[arg(long = "frame", value_name = "FRAME")]
    frames: Vec<String>,
    /// Higher goes first, -100 to 100
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    priority: i32,
    /// A wave: a server, a group, or `*` for all others; may be given several times, in order
    #[arg(long = "order", value_name = "SERVER", add = ArgValueCandidates::new(servers))]
    order: Vec<String>,
    /// How long a wave must have been done before the next begins, such as 30m
    #[arg(long, value_name = "TIME", default_value = "0s", hide_default_value = true)]
    soak: Span,
    /// Go on with the other jobs where one fails
    #[arg(long = "continue")]
    go_on: bool,
}

/// How jobs are done.
#[derive(Debug, Args)]
struct HowArgs {
    /// Rebuild the schedules in the daily, and wait so long for jobs that run there
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    restart_timeout: Option<Span>,
    /// Wake servers that do not answer
    #[arg(long)]
    wake: bool,
    /// Switch servers that were woken off again after their last job
    #[arg(long, requires = "wake")]
    shutdown_woken: bool,
    /// Leave schedules on the servers that the new version of a package has no more
    #[arg(long)]
    no_update: bool,
    /// Deploy also where the same version stands already
    #[arg(long)]
    force: bool,
    /// A rule of these deployments; `RULE@V` pins a version; may be given several times
    #[arg(long = "rule", value_name = "RULE", add = ArgValueCandidates::new(rules))]
    rules: Vec<String>,
    /// An environment's prefix in place of the servers'
    #[arg(long, value_name = "PREFIX")]
    environment: Option<String>,
    /// The release it belongs to
    #[arg(long, value_name = "RELEASE")]
    tag: Option<String>,
    /// Accept drift, existing, unknown, warnings or pinned; nobody is asked when jobs run
    #[arg(long, value_name = "WHAT", value_parser = accepted)]
    accept: Vec<Accepted>,
}

fn accepted(text: &str) -> Result<Accepted, String> {
    let all = [Accepted::Drift, Accepted::Existing, Accepted::Unknown, Accepted::Warnings, Accepted::Pinned];
    let word = |one: &Accepted| serde_json::to_value(one).ok().is_some_and(|word| word == text);
    all.into_iter()
        .find(word)
        .ok_or_else(|| "not one of drift, existing, unknown, warnings, pinned".to_owned())
}

/// What is brought by an update, and the servers that have the old version.
fn updated(
    records: &Records<'_>,
    old: &str,
    version: usize,
) -> Result<(Vec<String>, Vec<String>), CommandError> {
    let old = What::parse(old, false).map_err(|error| CommandError::usage(error.to_string()))?;
    let servers = servers_with(records, &old)?;
    let new = What { text: format!("{}@{version}", old.name()), ..old.clone() };
    if servers.is_empty() {
        return Err(CommandError::failed(format!("no server has `{}`", one_line(&old.to_string())))
            .hint("`opcon-deploy installations` shows what stands where"));
    }
    Ok((vec![new.to_string()], servers))
}

pub(super) fn run(args: NewArgs, global: &Global, ui: &Ui) -> CommandResult {
    let frames = Frames::parse(&args.when.frames).map_err(|error| CommandError::usage(error.to_string()))?;
    let repository = open(global, ui)?;
    let NewArgs { id, commit, when, how, .. } = args;
    let (what, to) = match (&args.update, args.to_version) {
        (Some(old), Some(version)) => {
            let records = match global.fetch {
                true => Records::fetch(&repository)?,
                false => Records::open(&repository)?,
            };
            updated(&records, old, version)?
        }
        _ => (args.what, args.to),
    };
    let file = RolloutFile {
        name: args.name,
        description: args.description,
        what,
        uninstall: args.uninstall,
        timezone: when.timezone,
        start: when.start,
        end: when.end,
        frames,
        priority: when.priority,
        order: when.order,
        soak: when.soak,
        sequence: if when.go_on { Sequence::Continue } else { Sequence::Abort },
        restart_timeout: how.restart_timeout,
        wake: how.wake,
        shutdown_woken: how.shutdown_woken,
        update: !how.no_update,
        force: how.force,
        rules: how.rules,
        environment: how.environment,
        tag: how.tag,
        accept: how.accept,
        ..RolloutFile::new(to)
    };
    let options = CommitOptions {
        destination: commit.destination("rollout"),
        message: commit.message,
        push: commit.push,
    };
    let waiting = || ui.waiting();
    let created = create(&repository, id.as_deref(), &file, &options, Utc::now(), &waiting)?;
    if let Some(left) = &created.recovered {
        let commit = &left.commit.to_string()[..8];
        ui.note(format!("Finished the commit {commit} on `{}` that a killed command had left", left.branch));
    }
    let jobs = created.scope.jobs(&created.id).len();
    if ui.is_json() {
        let commit = created.committed.as_ref().map(|committed| committed.commit.to_string());
        let branch = created.committed.as_ref().map(|committed| &committed.branch);
        let rollout = json!({
            "id": created.id, "path": created.path, "jobs": jobs, "waves": created.scope.waves,
            "what": created.scope.things.iter().map(|thing| &thing.what).collect::<Vec<_>>(),
            "uninstall": created.scope.uninstall, "commit": commit, "branch": branch,
        });
        ui.json("rollout", &rollout)?;
        return Ok(Exit::Done);
    }
    let (targets, waves) = (created.scope.targets(), created.scope.waves.len());
    let in_waves = if waves > 1 { format!(" in {waves} waves") } else { String::new() };
    ui.line(format!(
        "{}  {} on {}{in_waves}",
        styled(style::ADDED, one_line(&created.id)),
        count(jobs, "job"),
        count(targets, "server")
    ));
    if let Some(committed) = &created.committed {
        ui.note(format!("Commit {}", commit_words(committed)));
        let main = &repository.settings().git.main;
        if committed.branch != *main {
            ui.note(format!("It is in force when it is on `{main}`"));
        }
    }
    ui.hint(format!("`opcon-deploy rollout show \"{}\"` shows its jobs", created.id));
    Ok(Exit::Done)
}
