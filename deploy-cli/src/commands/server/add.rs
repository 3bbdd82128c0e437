//! `server add`: a new OpCon system.

use std::path::PathBuf;

use clap::Args;
use deploy_core::repository::change::{Change, Content};
use deploy_core::repository::servers::{Macs, Pins, Server, ServerType, credential_for, path};
use deploy_core::rollout::{Broadcast, Mac};
use serde_json::json;

use super::super::{commit_words, open};
use crate::cli::{CommitArgs, Global};
use crate::credential;
use crate::error::CommandError;
use crate::ui::Ui;
use crate::{CommandResult, Exit};

/// Add an OpCon system
///
/// Writes `servers/NAME.toml` and commits it. On a terminal it asks for what
/// is missing. Further keys can be put into the file by hand:
/// `opcon-deploy schema server` describes them.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy server add DEV\n  opcon-deploy server add QA --type test --address opcon-qa.corp.example --ca internal-ca.pem\n  opcon-deploy server add PROD --type production --address opcon.corp.example --credential opcon-prod --group EU"
)]
pub(super) struct AddArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// Development, Integration, Quality Assurance, System Test, Test, Pre-production, Production or Training
    #[arg(long = "type", value_name = "TYPE", value_parser = server_type)]
    kind: Option<ServerType>,
    /// Host name or IP address
    #[arg(long, value_name = "HOST")]
    address: Option<String>,
    /// The port of the OpCon REST API, if not 9010
    #[arg(long, value_name = "PORT")]
    rest_port: Option<u16>,
    /// The port of ImpEx2, if not 9011 (9001 without TLS)
    #[arg(long, value_name = "PORT")]
    impex_port: Option<u16>,
    /// Speak plain HTTP: passwords can be read on the way
    #[arg(long)]
    no_tls: bool,
    /// A PEM file with the certificates of an internal authority; it is committed beside the server
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Trust exactly the certificate with this SHA-256 fingerprint
    #[arg(long, value_name = "FINGERPRINT")]
    pin: Option<String>,
    /// The name of the credential; made from the server's if absent
    #[arg(long, value_name = "NAME")]
    credential: Option<String>,
    /// A transformation rule for every deployment to it; may be given several times
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    /// Refuse transformation rules
    #[arg(long)]
    no_rules: bool,
    /// The prefix of the environment, for rules
    #[arg(long, value_name = "TEXT")]
    environment: Option<String>,
    /// A value for rules; may be given several times
    #[arg(long = "var", value_name = "KEY=VALUE", value_parser = key_value)]
    vars: Vec<(String, String)>,
    /// A group it belongs to; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Its time zone, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// The address of a network card, to wake it; may be given several times
    #[arg(long = "mac", value_name = "ADDRESS")]
    macs: Vec<Mac>,
    /// Where packets that wake it go, if not into the network of whoever wakes it
    #[arg(long, value_name = "ADDRESS")]
    broadcast: Option<Broadcast>,
    /// A connector profile: servers/connectors/NAME.toml
    #[arg(long, value_name = "NAME")]
    connector: Option<String>,
    #[command(flatten)]
    commit: CommitArgs,
}

fn server_type(text: &str) -> Result<ServerType, String> {
    ServerType::parse(text).ok_or_else(|| {
        let known: Vec<&str> = ServerType::ALL.into_iter().map(ServerType::as_str).collect();
        format!("not one of {}", known.join(", "))
    })
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

pub(super) fn run(args: AddArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let name = deploy_core::definition::ServerName::new(args.name.clone())
        .map_err(|error| CommandError::usage(error.to_string()))?;
    let path = path(name.as_str());
    let waiting = || ui.waiting();
    let mut change = Change::begin(&repository, &args.commit.destination("server"), &waiting)?;
    let taken = change.base_tree()?.and_then(|tree| {
        let folder = tree.get_name("servers")?.to_object(repository.git2()).ok()?.peel_to_tree().ok()?;
        folder
            .iter()
            .filter_map(|entry| entry.name().ok().map(str::to_owned))
            .find(|file| format!("servers/{file}").to_lowercase() == path.to_lowercase())
    });
    if let Some(file) = taken {
        return Err(CommandError::failed(format!("`servers/{file}` is there already"))
            .hint(format!("edit it and commit it; `opcon-deploy server show \"{name}\"` shows it")));
    }
    let mut server = server(&args, name.as_str(), ui)?;
    if let Some(ca) = &args.ca {
        let file = ca.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
        let from = global.at(ca);
        let pem = std::fs::read(&from).map_err(|error| CommandError::io("read", &from, &error))?;
        change.put(format!("servers/{}", deploy_core::definition::encode(&file)), Content::Bytes(pem));
        server.ca = Some(file);
    }
    if let Some((key, problem)) = server.problems().into_iter().next() {
        return Err(CommandError::usage(format!("`{key}`: {problem}")));
    }
    let text = server.to_text().map_err(|error| CommandError::failed(error.to_string()))?;
    change.put(path.clone(), Content::Bytes(text.into_bytes()));
    let message =
        args.commit.message.clone().unwrap_or_else(|| format!("Add server {}", name.as_str().escape_debug()));
    let committed = change.commit(&message, args.commit.push)?;
    if ui.is_json() {
        let commit = committed.as_ref().map(|committed| committed.commit.to_string());
        ui.json("server", &json!({ "name": name.as_str(), "path": path, "commit": commit }))?;
        return Ok(Exit::Done);
    }
    ui.line(format!("Added server `{name}` ({}): {path}", server.kind));
    if let Some(committed) = committed {
        ui.note(format!("Commit {}", commit_words(&committed)));
        if committed.branch != repository.settings().git.main {
            ui.note(format!("It can be used when it is on `{}`", repository.settings().git.main));
        }
    }
    let credential = &server.credential;
    let is_mapped = std::env::var_os(credential::variable(credential)).is_some()
        || repository.git().config(&credential::key(credential))?.is_some();
    if !is_mapped {
        ui.hint(format!(
            "`git config --global {} file:PATH` says where your user and password for it are (USER:PASSWORD)",
            credential::key(credential)
        ));
    }
    ui.hint(format!("`opcon-deploy server check \"{name}\"` connects for real"));
    Ok(Exit::Done)
}

/// The server as the flags say; what is missing is asked for.
fn server(args: &AddArgs, name: &str, ui: &Ui) -> Result<Server, CommandError> {
    let missing = |flag: &str| {
        CommandError::usage(format!("`{flag}` is missing")).hint("on a terminal `server add` asks for it")
    };
    let kind = match args.kind {
        Some(kind) => kind,
        None => {
            let asked = ui.ask_text("Type (Development, Test, Production …)", "Development");
            let text = asked.ok_or_else(|| missing("--type"))?;
            server_type(&text).map_err(|why| CommandError::usage(format!("`{text}` is {why}")))?
        }
    };
    let asks = args.address.is_none();
    let address = match &args.address {
        Some(address) => address.clone(),
        None => ui.ask_text("Host name or IP address", "").ok_or_else(|| missing("--address"))?,
    };
    let usual = credential_for(name);
    let credential = match (&args.credential, asks) {
        (Some(credential), _) => credential.clone(),
        (None, true) => ui.ask_text("Name of the credential", &usual).unwrap_or(usual),
        (None, false) => usual,
    };
    Ok(Server {
        rest_port: args.rest_port,
        impex_port: args.impex_port,
        tls: !args.no_tls,
        pin: args.pin.clone().map(Pins::One),
        allow_rules: !args.no_rules,
        rules: args.rules.clone(),
        environment: args.environment.clone(),
        groups: args.groups.clone(),
        timezone: args.timezone.clone(),
        connector: args.connector.clone(),
        mac: match args.macs.as_slice() {
            [] => None,
            [one] => Some(Macs::One(*one)),
            several => Some(Macs::Many(several.to_vec())),
        },
        broadcast: args.broadcast,
        vars: args.vars.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect(),
        ..Server::new(kind, address, credential)
    })
}
