//! `user remove`: a person goes.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::users::UserAction;

use super::super::completions;
use crate::CommandResult;
use crate::cli::{CommitArgs, Global};
use crate::ui::Ui;

/// Remove a person
///
/// What they did stays in the history. The last person with the role
/// Administration cannot be removed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy user remove 'Ann Ops' --push")]
pub(super) struct RemoveArgs {
    /// Their name
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(completions::users))]
    name: String,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn run(args: RemoveArgs, global: &Global, ui: &Ui) -> CommandResult {
    super::change(&args.name, &UserAction::Remove, args.commit, global, ui)
}
