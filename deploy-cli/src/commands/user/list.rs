//! `user list`: the people that count.

use clap::Args;

use super::super::list::{Filter, finish};
use super::super::open;
use super::{people, row};
use crate::cli::Global;
use crate::ui::{Table, Ui};
use crate::{CommandResult, Exit};

/// List the people that main holds
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy user list\n  opcon-deploy user list --json")]
pub(super) struct ListArgs {
    /// Part of the name, or a pattern
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

pub(super) fn run(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let filter = Filter::new(args.filter.as_deref())?;
    let (users, branch) = people(&repository)?;
    let mut table = Table::new(["NAME", "ROLE", "E-MAIL", "OPCON USER", "KEYS", "AUDIT", "RUNNER"]).right(4);
    let mut list = Vec::new();
    let mark = |set: bool| if set { "yes" } else { "" };
    for user in users.users.iter().filter(|user| filter.takes(&user.name)) {
        table.row([
            user.name.as_str(),
            user.role.as_str(),
            &user.emails.join(", "),
            user.opcon_user.as_deref().unwrap_or_default(),
            &user.signing_keys.len().to_string(),
            mark(user.view_audit),
            mark(user.runner),
        ]);
        list.push(row(user));
    }
    finish("users", &list, &table, ui)?;
    if users.users.is_empty() {
        ui.note(format!(
            "Roles are off: nobody stands in users.toml on `{branch}`, everybody may do everything"
        ));
    }
    Ok(Exit::Done)
}
