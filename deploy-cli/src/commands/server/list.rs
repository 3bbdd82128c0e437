//! `server list`, and `list servers`.

use clap::Args;
use deploy_core::repository::Repository;
use deploy_core::repository::servers::{Server, all, path};
use serde_json::json;

use super::super::list::{Filter, finish};
use super::super::open;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Table, Ui};
use crate::{CommandResult, Exit};

/// List the servers that main holds
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy server list\n  opcon-deploy server list --json")]
pub(super) struct ListArgs {
    /// Part of the name, or a pattern
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

pub(super) fn run(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    servers(&repository, &Filter::new(args.filter.as_deref())?, ui)?;
    Ok(Exit::Done)
}

/// Prints the servers whose names pass.
pub(in super::super) fn servers(
    repository: &Repository,
    filter: &Filter,
    ui: &Ui,
) -> Result<(), CommandError> {
    let mut table =
        Table::new(["NAME", "TYPE", "ADDRESS", "REST", "IMPEX", "TLS", "CREDENTIAL", "RULES", "GROUPS"]);
    let mut list = Vec::new();
    let mut broken = Vec::new();
    for (name, server) in all(repository)?.into_iter().filter(|(name, _)| filter.takes(name)) {
        let server = match server {
            Ok(named) => named.server,
            Err(error) => {
                broken.push(error);
                continue;
            }
        };
        let (rest, impex) = (server.rest(), server.impex());
        let tls = match (rest.tls, impex.tls) {
            (true, true) => "yes",
            (false, false) => "no",
            _ => "one",
        };
        let rules = if server.allow_rules { server.rules.join(", ") } else { "not allowed".to_owned() };
        table.row([
            name.as_str(),
            server.kind.as_str(),
            &server.address,
            &rest.port.to_string(),
            &impex.port.to_string(),
            tls,
            &server.credential,
            &rules,
            &server.groups.join(", "),
        ]);
        list.push(as_json(&name, &server));
    }
    finish("servers", &list, &table, ui)?;
    broken.iter().for_each(|error| ui.warning(error.to_string()));
    Ok(())
}

/// A server for `--json`: what its file says, and what follows from it.
pub(super) fn as_json(name: &str, server: &Server) -> serde_json::Value {
    let (rest, impex) = (server.rest(), server.impex());
    json!({
        "name": name, "type": server.kind, "class": server.kind.class(), "address": server.address,
        "restPort": rest.port, "impexPort": impex.port, "restTls": rest.tls, "impexTls": impex.tls,
        "ca": server.ca, "pin": server.pin, "credential": server.credential,
        "allowRules": server.allow_rules, "rules": server.rules, "environment": server.environment,
        "groups": server.groups, "timezone": server.timezone, "mac": server.mac,
        "broadcast": server.broadcast, "vars": server.vars,
        "connector": server.connector, "concurrency": server.concurrency,
        "connectTimeout": server.connect_timeout, "requestTimeout": server.request_timeout,
        "maxAnswer": server.max_answer, "path": path(name),
    })
}
