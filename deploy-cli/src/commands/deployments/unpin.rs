//! `deployments unpin`: what was rolled away from may come again.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::records::{Entry, Ledger, Reach, Records};
use deploy_core::repository::servers;
use deploy_core::repository::toml_file::nearest;
use serde_json::json;

use super::super::{completions, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::{block_on, who};
use crate::ui::{Ui, one_line};
use crate::{CommandResult, Exit};

/// Let content that was rolled away from come again
///
/// A rollback pins what it removes, so that no job brings it back by itself. A
/// newer version lifts the pin, and so does this.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy deployments unpin PROD Payroll")]
pub(super) struct UnpinArgs {
    /// The server
    #[arg(value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: String,
    /// The schedule, by its name there
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(completions::schedules))]
    name: String,
    /// Leave the remote out
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(args: UnpinArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let reach = Reach::of(&repository, args.offline);
    let records = match reach {
        Reach::Remote => Records::fetch_with_main(&repository)?,
        Reach::Local | Reach::Offline => Records::open(&repository)?,
    };
    let identity = who(&repository)?;
    let server = servers::find(&repository, &args.server)?;
    identity.may_deploy_to(server.server.kind.class())?;
    let Some(pin) = records.pin(&server.name, &args.name)? else {
        return Err(not_pinned(&records, &server.name, &args.name)?);
    };
    let ledger = Ledger::start(&repository, reach)?;
    block_on(ledger.write(Entry::unpin(&server.name, &args.name, &pin, &identity.person)))??;
    ledger.finish();
    if ui.is_json() {
        let lifted = json!({
            "server": server.name, "name": args.name, "version": pin.version, "blob": pin.blob,
            "record": pin.record,
        });
        ui.json("pins", &[lifted])?;
    } else {
        let version = pin.version.map(|version| format!(" version {version}")).unwrap_or_default();
        let name = one_line(&args.name);
        ui.line(format!("`{name}`{version} is no longer pinned on {}", server.name));
    }
    Ok(Exit::Done)
}

fn not_pinned(records: &Records<'_>, server: &str, name: &str) -> Result<CommandError, CommandError> {
    let pinned = records.pinned()?;
    let there: Vec<&str> = pinned.iter().filter(|pin| pin.0 == server).map(|pin| pin.1.as_str()).collect();
    let near = nearest(name, &there).map(|near| format!("; did you mean `{}`?", one_line(near)));
    let words = format!("`{}` is not pinned on `{server}`{}", one_line(name), near.unwrap_or_default());
    Ok(CommandError::failed(words).hint("`opcon-deploy status` shows what is pinned"))
}
