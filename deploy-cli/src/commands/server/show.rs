//! `server show`: one server, with what the file leaves to the usual.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::servers::{find, path};
use serde_json::json;

use super::super::{completions, open};
use super::list::as_json;
use crate::cli::Global;
use crate::credential;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Show a server as main holds it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy server show DEV\n  opcon-deploy server show DEV --json")]
pub(super) struct ShowArgs {
    /// The server
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(completions::servers))]
    name: String,
}

pub(super) fn run(args: ShowArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let named = find(&repository, &args.name)?;
    let server = &named.server;
    let (rest, impex) = (server.rest(), server.impex());
    // Where the secret is, never the secret: the configuration holds a place only.
    let place = match std::env::var_os(credential::variable(&server.credential)) {
        Some(_) => format!("the variable {}", credential::variable(&server.credential)),
        None => match repository.git().config(&credential::key(&server.credential))? {
            Some(_) => "git's configuration".to_owned(),
            None => "nothing on this machine".to_owned(),
        },
    };
    if ui.is_json() {
        let mut value = as_json(&named.name, server);
        if let Some(object) = value.as_object_mut() {
            object.insert("commit".to_owned(), json!(named.commit.to_string()));
            object.insert("credentialFrom".to_owned(), json!(place));
        }
        ui.json("server", &value)?;
        return Ok(Exit::Done);
    }
    ui.line(format!(
        "{}  {}",
        styled(style::HEADING, one_line(&named.name)),
        styled(style::DIM, path(&named.name))
    ));
    let line = |label: &str, value: String| ui.line(format!("  {label:12} {}", one_line(&value)));
    let class = server.kind.class().as_str();
    line("type", format!("{} (class {class})", server.kind));
    let plain = |tls: bool| if tls { "TLS" } else { "plain HTTP" };
    line("REST API", format!("{}:{}, {}", server.address, rest.port, plain(rest.tls)));
    line("ImpEx2", format!("{}:{}, {}", server.address, impex.port, plain(impex.tls)));
    line("credential", format!("{}, mapped by {place}", server.credential));
    let optional = [
        ("CA", server.ca.clone()),
        ("pinned to", server.pin.as_ref().map(|pin| pin.all().join(", "))),
        ("connector", server.connector.clone()),
        ("environment", server.environment.clone()),
        ("time zone", server.timezone.clone()),
        ("groups", Some(server.groups.join(", ")).filter(|groups| !groups.is_empty())),
        ("rules", Some(server.rules.join(", ")).filter(|rules| !rules.is_empty())),
        ("rules", (!server.allow_rules).then(|| "not allowed".to_owned())),
    ];
    for (label, value) in optional {
        if let Some(value) = value {
            line(label, value);
        }
    }
    for (key, value) in &server.vars {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        line("var", format!("{key} = {value}"));
    }
    Ok(Exit::Done)
}
