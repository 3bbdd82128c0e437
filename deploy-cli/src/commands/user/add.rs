//! `user add`: a new person, or more about one who is there.

use clap::Args;
use deploy_core::repository::users::{Role, SigningKey, UserAction, UserEntry};

use crate::CommandResult;
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::ui::Ui;

/// Enter a person, or change what is known of one
///
/// A new person needs an e-mail address and a role. For one who is there,
/// addresses and keys are added, and the rest is set as given. Comments in
/// users.toml stay. For people with the role Administration, once there is
/// anybody in the file.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy user add 'Ann Ops' --email ann@corp.example --role Production --opcon-user ANN\n  opcon-deploy user add 'Ann Ops' --signing-key ~/.ssh/id_ed25519.pub\n  opcon-deploy user add 'Ann Ops' --role All --view-audit --push\n  opcon-deploy user add 'Batch' --email opcon@corp.example --role Test --runner"
)]
pub(super) struct AddArgs {
    /// Their name
    #[arg(value_name = "NAME", add = clap_complete::ArgValueCandidates::new(super::super::completions::users))]
    name: String,
    /// An e-mail address of their commits; may be given several times
    #[arg(long = "email", value_name = "ADDRESS")]
    emails: Vec<String>,
    /// Administration, All, Production, Non-Production, Development or Test
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Option<Role>,
    /// Their user name in OpCon
    #[arg(long, value_name = "NAME")]
    opcon_user: Option<String>,
    /// A key that signs their commits: an SSH public key, a file with one, or the fingerprint of a
    /// GPG key; may be given several times
    #[arg(long = "signing-key", value_name = "KEY")]
    signing_keys: Vec<String>,
    /// They may read the audit; `--view-audit=false` takes it back
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    view_audit: Option<bool>,
    /// They may run what others asked for; `--runner=false` takes it back
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    runner: Option<bool>,
    #[command(flatten)]
    commit: CommitArgs,
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Role::ALL.into_iter().map(Role::as_str).collect();
        format!("not one of {}", known.join(", "))
    })
}

pub(super) fn run(args: AddArgs, global: &Global, ui: &Ui) -> CommandResult {
    let keys: Result<Vec<String>, CommandError> =
        args.signing_keys.iter().map(|key| text_of_key(key, global)).collect();
    let entry = UserEntry {
        emails: args.emails,
        role: args.role,
        opcon_user: args.opcon_user,
        signing_keys: keys?,
        view_audit: args.view_audit,
        runner: args.runner,
    };
    super::change(&args.name, &UserAction::Put(entry), args.commit, global, ui)
}

/// The key itself, or the content of its file.
fn text_of_key(given: &str, global: &Global) -> Result<String, CommandError> {
    let wrong = match SigningKey::parse(given) {
        Ok(_) => return Ok(given.to_owned()),
        Err(error) => CommandError::usage(format!("`--signing-key`: {error}")),
    };
    let path = global.at(given);
    match path.is_file() {
        true => std::fs::read_to_string(&path).map_err(|error| CommandError::io("read", &path, &error)),
        false => Err(wrong),
    }
}
