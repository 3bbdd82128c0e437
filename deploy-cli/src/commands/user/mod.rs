//! `user`: the people who work with the repository.

mod add;
mod list;
mod remove;
mod show;

use clap::{Args, Subcommand};
use deploy_core::repository::Repository;
use deploy_core::repository::package::CommitOptions;
use deploy_core::repository::users::{User, UserAction, UserChanged, Users, change_user};
use serde_json::json;

use super::{commit_words, open};
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::system::who;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Enter, show and remove people
///
/// People, their roles and their keys stand in `users.toml`. What counts is
/// the file on main, on the remote where there is one; without anybody in it
/// everybody may do everything.
#[derive(Debug, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    Add(add::AddArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Remove(remove::RemoveArgs),
}

pub(super) fn run(args: UserArgs, global: &Global, ui: &Ui) -> CommandResult {
    match args.command {
        UserCommand::Add(args) => add::run(args, global, ui),
        UserCommand::List(args) => list::run(args, global, ui),
        UserCommand::Show(args) => show::run(args, global, ui),
        UserCommand::Remove(args) => remove::run(args, global, ui),
    }
}

/// The people that count, and the branch whose file that is.
fn people(repository: &Repository) -> Result<(Users, String), CommandError> {
    let (commit, branch) = repository.shared_main()?;
    Ok((Users::at(repository, commit)?, branch))
}

/// Makes a change, and says what came of it.
fn change(name: &str, action: &UserAction, commit: CommitArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let by = who(&repository)?;
    let options =
        CommitOptions { destination: commit.destination("user"), message: commit.message, push: commit.push };
    let waiting = || ui.waiting();
    let changed = change_user(&repository, &by, name, action, &options, &waiting)?;
    if ui.is_json() {
        ui.json("user", &as_json(&changed))?;
        return Ok(Exit::Done);
    }
    let name = one_line(&changed.name);
    let Some(committed) = &changed.committed else {
        ui.line(format!("{name}  {}", styled(style::DIM, "nothing to change")));
        return Ok(Exit::Done);
    };
    ui.line(format!("{name}  {}", styled(style::ADDED, one_line(&changed.what))));
    ui.note(format!("Commit {}", commit_words(committed)));
    let (shared, branch) = repository.shared_main()?;
    if shared != committed.commit {
        ui.note(format!("It counts when it is on `{branch}`"));
    }
    Ok(Exit::Done)
}

fn as_json(changed: &UserChanged) -> serde_json::Value {
    let committed = changed.committed.as_ref();
    json!({
        "name": changed.name,
        "outcome": if committed.is_some() { "changed" } else { "unchanged" },
        "what": changed.what, "user": changed.user.as_ref().map(row),
        "commit": committed.map(|committed| committed.commit.to_string()),
        "branch": committed.map(|committed| committed.branch.clone()),
    })
}

/// A person for `--json`.
fn row(user: &User) -> serde_json::Value {
    let keys: Vec<String> = user.keys().map(|key| key.to_string()).collect();
    json!({
        "name": user.name, "emails": user.emails, "role": user.role, "opconUser": user.opcon_user,
        "signingKeys": keys, "viewAudit": user.view_audit, "runner": user.runner,
    })
}
