//! Making a sandbox known to a central repository: server files on main,
//! credentials in the configuration of the clone.

use deploy_core::repository::Repository;
use deploy_core::repository::change::{Change, Content, Destination};
use deploy_core::repository::servers::{self, Macs, Server, ServerType, credential_for};
use deploy_sandbox::{Running, RunningSystem};

use super::super::commit_words;
use crate::credential;
use crate::error::CommandError;
use crate::ui::Ui;

/// The authority's certificate, beside the servers.
const CA: &str = "sandbox-ca.pem";
/// Only a server with such a credential is a sandbox's, and may be written over.
const PREFIX: &str = "sandbox-";

/// Commits the servers to main, and maps their credentials in this clone.
pub(in super::super) fn publish(
    repository: &Repository,
    running: &Running,
    ui: &Ui,
) -> Result<(), CommandError> {
    let main = Destination::Branch(repository.settings().git.main.clone());
    let waiting = || ui.waiting();
    let mut change = Change::begin(repository, &main, &waiting)?;
    for system in running.systems() {
        let path = servers::path(&system.name);
        let before = match change.read(&path)? {
            Some(bytes) => Some(ours(&path, &bytes)?),
            None => None,
        };
        let text = server(before, system, running.ca_pem().is_some())?;
        change.put(path, Content::Bytes(text.into_bytes()));
    }
    if let Some(pem) = running.ca_pem() {
        change.put(format!("servers/{CA}"), Content::Bytes(pem.as_bytes().to_vec()));
    }
    let names: Vec<&str> = running.systems().iter().map(|system| system.name.as_str()).collect();
    if let Some(committed) = change.commit(&format!("Servers of a sandbox: {}", names.join(", ")), false)? {
        ui.detail(format!("Commit {}", commit_words(&committed)));
    }
    running.systems().iter().try_for_each(|system| map_credential(repository, system))?;
    let tip = repository.tip()?;
    if tip.branch != repository.settings().git.main {
        ui.warning(format!("`{}` counts here, and does not have these servers", tip.branch));
        ui.hint("`git pull --rebase` on main brings both together");
    }
    Ok(())
}

/// The server that is there, if it is a sandbox's.
fn ours(path: &str, bytes: &[u8]) -> Result<Server, CommandError> {
    let server = servers::read_server(path, &String::from_utf8_lossy(bytes))?;
    if server.credential.starts_with(PREFIX) {
        return Ok(server);
    }
    Err(CommandError::refused(format!("`{path}` is a real server; the sandbox leaves it alone"))
        .hint("give the system of the sandbox another name: `--system REHEARSAL:Test`"))
}

/// The text of a server file: addresses of today, everything else as it was.
fn server(before: Option<Server>, system: &RunningSystem, has_ca: bool) -> Result<String, CommandError> {
    let unknown = || CommandError::failed(format!("`{}` is no type of server", system.kind.as_str()));
    let kind = ServerType::parse(system.kind.as_str()).ok_or_else(unknown)?;
    let credential = format!("{PREFIX}{}", credential_for(&system.name));
    let mut server = before.unwrap_or_else(|| Server::new(kind, "", ""));
    server.kind = kind;
    server.address = system.rest.ip().to_string();
    server.rest_port = Some(system.rest.port());
    server.impex_port = Some(system.impex.port());
    server.tls = system.tls;
    server.ca = has_ca.then(|| CA.to_owned());
    server.credential = credential;
    // The clock of a sandbox knows no other.
    server.timezone = Some("UTC".to_owned());
    server.mac = system.mac.parse().ok().map(Macs::One);
    server.broadcast = system.wake.to_string().parse().ok();
    server.to_text().map_err(|error| CommandError::failed(error.to_string()))
}

fn map_credential(repository: &Repository, system: &RunningSystem) -> Result<(), CommandError> {
    let name = format!("{PREFIX}{}", credential_for(&system.name));
    let folder = repository.private_dir().join("credentials");
    let folder = std::path::absolute(&folder).map_err(|error| CommandError::io("find", &folder, &error))?;
    let path = folder.join(&name);
    credential::write_secret(&path, &format!("{}:{}\n", system.user, system.password))
        .map_err(|error| CommandError::io("write", &path, &error))?;
    let place = format!("file:{}", path.display());
    repository.git().run(&["config", "--local", &credential::key(&name), &place])?;
    Ok(())
}
