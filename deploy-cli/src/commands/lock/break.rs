//! `lock break`: a lock is taken from somebody who will not come back.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::records::{Lease, Reach};
use deploy_core::repository::users::Administering;

use super::super::{completions, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::who;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Take the lock of a server away from whoever holds it
///
/// For a command that lives and will not come to its end: the lock of one that
/// died goes by itself within two minutes. The command stops before it next
/// changes the server; what it has begun, `doctor` shows. Where roles are on,
/// this is for Administration.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy lock break PROD\n  opcon-deploy lock break PROD --yes")]
pub(super) struct BreakArgs {
    /// The server
    #[arg(value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: String,
    /// Leave the remote out: the lock of this clone alone
    #[arg(long)]
    offline: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
}

pub(super) fn run(args: BreakArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let reach = Reach::of(&repository, args.offline);
    if reach == Reach::Remote {
        repository.fetch_main()?;
    }
    who(&repository)?.may_administer(Administering::BreakLock)?;
    let server = one_line(&args.server);
    let held = Lease::list(&repository, reach)?.into_iter().find(|held| held.server == args.server);
    let broken = match held {
        None => None,
        Some(holder) => {
            let question = format!("Take `{server}` from {}?", super::who(&holder));
            if !args.yes && !ui.ask(&question).unwrap_or(false) {
                let message = format!("`{server}` is in use by {}; nothing was done", super::who(&holder));
                return Err(CommandError::refused(message)
                    .hint(format!("`opcon-deploy lock break \"{server}\" --yes` takes it away")));
            }
            Lease::break_one(&repository, reach, &args.server)?
        }
    };
    if ui.is_json() {
        ui.json("locks", &broken.iter().map(super::row).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    match broken {
        None => ui.note(format!("Nobody is changing `{server}`")),
        Some(holder) => {
            ui.line(format!(
                "{server}  {}",
                styled(style::REMOVED, format!("taken from {}", super::who(&holder)))
            ));
            ui.hint("`opcon-deploy doctor` shows what was left open");
        }
    }
    Ok(Exit::Done)
}
