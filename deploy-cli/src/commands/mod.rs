//! The commands: one file each.

mod adopt;
mod archive;
mod asof;
mod audit;
mod batch;
mod changed;
mod changing;
mod check;
mod completions;
mod delete;
mod demo;
mod deploy;
mod deployments;
mod diff;
mod diff_driver;
mod doctor;
mod drift;
mod export;
mod fmt;
mod import;
mod init;
mod installations;
mod list;
mod lock;
mod man;
mod merge_driver;
mod order;
mod package;
mod records;
mod rollback;
mod rollout;
mod rules;
mod sandbox;
mod schema;
mod script;
mod server;
mod show;
mod simulate;
mod status;
mod user;
mod versions;

use std::time::UNIX_EPOCH;

use clap::Subcommand;
use deploy_core::repository::Repository;
use deploy_core::repository::change::{Committed, Push};
use deploy_core::repository::history::History;
use deploy_core::repository::init::hint_to_wire;

use crate::CommandResult;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, local_time};

/// What the program can do.
#[derive(Debug, Subcommand)]
// The words of a command are put together when it is the one that is meant: starting up is most
// of what a short command takes. The lines here are what `--help` lists.
#[command(defer = true)]
pub enum Command {
    /// Show the product at work in a new folder
    Demo(demo::DemoArgs),
    /// Make a central repository, or prepare a clone of one
    Init(init::InitArgs),
    /// Add, show and check OpCon systems
    Server(server::ServerArgs),
    /// Enter, show and remove people
    User(user::UserArgs),
    /// Store definitions as new versions
    Import(import::ImportArgs),
    /// List schedules, packages, rules, servers or applications
    List(list::ListArgs),
    /// Show the versions of a schedule, newest first
    Versions(versions::VersionsArgs),
    /// Show a schedule: header, jobs, dependencies, properties
    Show(show::ShowArgs),
    /// Show what differs between two versions, files or commits
    Diff(diff::DiffArgs),
    /// Write definitions to a file, or to a folder with one file each
    Export(export::ExportArgs),
    /// Merge two changes of a definition by job and key (called by git)
    MergeDriver(merge_driver::MergeDriverArgs),
    /// Print a definition as lines that compare well (called by git)
    DiffDriver(diff_driver::DiffDriverArgs),
    /// Put definitions into canonical form
    Fmt(fmt::FmtArgs),
    /// Take old versions out of the lists
    Archive(archive::ArchiveArgs),
    /// List what HEAD changed since a commit, as it is deployed
    Changed(changed::ChangedArgs),
    /// Check the whole repository
    Check(check::CheckArgs),
    /// Make, change and show packages
    Package(package::PackageArgs),
    /// Write, try and test transformation rules
    Rules(rules::RulesArgs),
    /// Show what a deployment would do, and whether it would be refused
    Simulate(simulate::SimulateArgs),
    /// Put schedules or a package onto an OpCon system
    Deploy(deploy::DeployArgs),
    /// Put back what stood there before a deployment
    Rollback(rollback::RollbackArgs),
    /// Remove a schedule or a package from an OpCon system
    Delete(delete::DeleteArgs),
    /// Compare what stands on servers with what was deployed to them
    Drift(drift::DriftArgs),
    /// Fill the repository from a running system, and record what stands there
    Adopt(adopt::AdoptArgs),
    /// Find what killed commands left behind, and end it
    Doctor(doctor::DoctorArgs),
    /// Show who holds the lock of a server, and take it away
    Lock(lock::LockArgs),
    /// List and show the records of deployments
    Deployments(deployments::DeploymentsArgs),
    /// Show what is installed where
    Installations(installations::InstallationsArgs),
    /// Bring packages and schedules to many systems
    Rollout(rollout::RolloutArgs),
    /// Show which version stands on which server
    Status(status::StatusArgs),
    /// Show what stood on a server at a time
    Asof(asof::AsofArgs),
    /// List who did what and when
    Audit(audit::AuditArgs),
    /// Import, deploy, show and export OpCon scripts
    Script(script::ScriptArgs),
    /// Run OpCon systems to rehearse against
    Sandbox(sandbox::SandboxArgs),
    /// Print the JSON Schema of a kind of file
    Schema(schema::SchemaArgs),
    /// Print the completion script for a shell
    Completions(completions::CompletionsArgs),
    /// Write the man pages into a folder
    Man(man::ManArgs),
}

/// Runs one command.
pub(crate) fn run(command: Command, global: &Global, ui: &Ui) -> CommandResult {
    match command {
        Command::Demo(args) => demo::run(args, global, ui),
        Command::Init(args) => init::run(args, global, ui),
        Command::Server(args) => server::run(args, global, ui),
        Command::User(args) => user::run(args, global, ui),
        Command::Import(args) => import::run(args, global, ui),
        Command::List(args) => list::run(args, global, ui),
        Command::Versions(args) => versions::run(args, global, ui),
        Command::Show(args) => show::run(args, global, ui),
        Command::Diff(args) => diff::run(args, global, ui),
        Command::Export(args) => export::run(args, global, ui),
        Command::MergeDriver(args) => merge_driver::run(args, global, ui),
        Command::DiffDriver(args) => diff_driver::run(args, global, ui),
        Command::Fmt(args) => fmt::run(args, global, ui),
        Command::Archive(args) => archive::run(args, global, ui),
        Command::Changed(args) => changed::run(args, global, ui),
        Command::Check(args) => check::run(args, global, ui),
        Command::Package(args) => package::run(args, global, ui),
        Command::Rules(args) => rules::run(args, global, ui),
        Command::Simulate(args) => simulate::run(args, global, ui),
        Command::Deploy(args) => deploy::run(args, global, ui),
        Command::Rollback(args) => rollback::run(args, global, ui),
        Command::Delete(args) => delete::run(args, global, ui),
        Command::Drift(args) => drift::run(args, global, ui),
        Command::Adopt(args) => adopt::run(args, global, ui),
        Command::Doctor(args) => doctor::run(args, global, ui),
        Command::Lock(args) => lock::run(args, global, ui),
        Command::Deployments(args) => deployments::run(args, global, ui),
        Command::Installations(args) => installations::run(args, global, ui),
        Command::Rollout(args) => rollout::run(args, global, ui),
        Command::Status(args) => status::run(args, global, ui),
        Command::Asof(args) => asof::run(args, global, ui),
        Command::Audit(args) => audit::run(args, global, ui),
        Command::Script(args) => script::run(args, global, ui),
        Command::Sandbox(args) => sandbox::run(args, global, ui),
        Command::Schema(args) => schema::run(args, ui),
        Command::Completions(args) => completions::run(args, ui),
        Command::Man(args) => man::run(args, global, ui),
    }
}

/// Opens the repository, and says what the user should know about this clone.
fn open(global: &Global, ui: &Ui) -> Result<Repository, CommandError> {
    if !global.dir.is_dir() {
        return Err(CommandError::failed(format!("there is no folder `{}`", global.dir.display())));
    }
    let repository = Repository::open(&global.dir)?;
    if hint_to_wire(&repository) {
        ui.hint("`opcon-deploy init` wires git's diff and merge of definitions into this clone");
    }
    if global.fetch {
        repository.fetch_main()?;
    }
    if let Some(left) = deploy_core::repository::change::interrupted(&repository) {
        ui.warning(format!(
            "a command ended after its commit {} on `{}` and before the work tree had followed; the next command that commits finishes it",
            &left.commit.to_string()[..8],
            left.branch
        ));
    }
    Ok(repository)
}

/// The versions, with what the user should know about how they were counted.
fn history(repository: &Repository, ui: &Ui) -> Result<History, CommandError> {
    let history = History::load(repository)?;
    if history.tip().remote.is_some() {
        note_age(repository, &[&repository.settings().git.main], ui);
    }
    if let Some(rewritten) = history.rewritten() {
        ui.warning(format!(
            "the history of `{}` was rewritten: its former tip {} is gone, versions are counted anew",
            history.tip().branch,
            &rewritten.former_tip.to_string()[..8]
        ));
    }
    Ok(history)
}

/// Says as of when branches of the remote are known.
fn note_age(repository: &Repository, branches: &[&str], ui: &Ui) {
    let Some(remote) = repository.remote() else { return };
    let fetched = repository.last_fetch().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let when = match fetched {
        Some(time) => local_time(time.as_secs() as i64),
        None => "the last clone or push".to_owned(),
    };
    let branches: Vec<String> = branches.iter().map(|branch| format!("`{remote}/{branch}`")).collect();
    ui.note(format!("{} as of {when}; `--fetch` asks the remote", branches.join(" and ")));
}

/// Where a commit stands, and what came of pushing it.
fn commit_words(committed: &Committed) -> String {
    let pushed = match committed.push {
        Push::Done => ", pushed",
        Push::NoRemote => ", not pushed: the clone has no such remote",
        Push::NotAsked => "",
    };
    format!("{} on `{}`{pushed}", &committed.commit.to_string()[..8], committed.branch)
}
