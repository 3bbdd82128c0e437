//! `user show`: one person, and what they may do.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::servers::ServerClass;
use deploy_core::repository::toml_file::nearest;
use deploy_core::repository::users::{Role, User};

use super::super::{completions, open};
use super::{people, row};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::who;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Show a person and what they may do; yourself if nobody is named
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy user show\n  opcon-deploy user show 'Ann Ops'\n  opcon-deploy user show ann@corp.example"
)]
pub(super) struct ShowArgs {
    /// Their name or an e-mail address
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(completions::users))]
    name: Option<String>,
}

pub(super) fn run(args: ShowArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let user = match &args.name {
        Some(name) => {
            let (users, branch) = people(&repository)?;
            let named = users.users.iter().find(|user| user.name.to_lowercase() == name.to_lowercase());
            named.or_else(|| users.by_email(name)).cloned().ok_or_else(|| {
                let names: Vec<&str> = users.users.iter().map(|user| user.name.as_str()).collect();
                let near = nearest(name, &names).map(|near| format!("; did you mean `{near}`?"));
                let near = near.unwrap_or_default();
                CommandError::failed(format!("nobody in users.toml on `{branch}` is called `{name}`{near}"))
                    .hint("`opcon-deploy user list` shows who there is")
            })?
        }
        None => {
            let who = who(&repository)?;
            let Some(user) = who.user else {
                let person = one_line(&who.person.to_string());
                if ui.is_json() {
                    ui.json("user", &serde_json::Value::Null)?;
                } else {
                    ui.line(format!("{person}: roles are off, everybody may do everything"));
                }
                return Ok(Exit::Done);
            };
            user
        }
    };
    match ui.is_json() {
        true => ui.json("user", &row(&user))?,
        false => show(&user, ui),
    }
    Ok(Exit::Done)
}

fn show(user: &User, ui: &Ui) {
    let name = styled(style::HEADING, one_line(&user.name));
    ui.line(format!("{name}  {}", user.role));
    let line = |label: &str, value: &str| ui.line(format!("  {label:12} {}", one_line(value)));
    user.emails.iter().for_each(|email| line("e-mail", email));
    user.opcon_user.iter().for_each(|opcon_user| line("OpCon user", opcon_user));
    user.keys().for_each(|key| line("signing key", &key.to_string()));
    line("imports from", &classes(|class| user.role.imports_from(class)));
    line("deploys to", &classes(|class| user.role.deploys_to(class)));
    let also = [
        (user.role == Role::Administration, "administers"),
        (user.view_audit, "reads the audit"),
        (user.runner, "runs what others asked for"),
    ];
    let also: Vec<&str> = also.iter().filter_map(|(does, what)| does.then_some(*what)).collect();
    if !also.is_empty() {
        line("also", &also.join(", "));
    }
}

fn classes(allowed: impl Fn(ServerClass) -> bool) -> String {
    let all = [ServerClass::Development, ServerClass::Test, ServerClass::Production];
    let words: Vec<&str> = all.into_iter().filter(|class| allowed(*class)).map(ServerClass::as_str).collect();
    words.join(", ")
}
