//! Connecting to an OpCon system: server file of main, credential and proxy of the user.

use std::future::Future;
use std::sync::Arc;

use deploy_core::opcon::{HttpSystem, OpConSystem as _, Proxy, Secret};
use deploy_core::repository::Repository;
use deploy_core::repository::servers::{self, Named};

use crate::credential;
use crate::error::CommandError;
use crate::ui::Ui;

/// A server with the way to it.
pub(crate) struct Target {
    pub(crate) named: Named,
    pub(crate) system: Arc<HttpSystem>,
    pub(crate) concurrency: usize,
}

impl Target {
    /// Finds a server on main and prepares the way; nothing is sent yet.
    pub(crate) fn open(repository: &Repository, name: &str, ui: &Ui) -> Result<Self, CommandError> {
        let named = servers::find(repository, name)?;
        let mut connection = named.connection(repository)?;
        connection.proxy = proxy(connection.rest.tls);
        let concurrency = connection.concurrency;
        let credential = credential::find(repository.git(), &named.server.credential, &named.name, ui)?;
        let system = Arc::new(HttpSystem::new(connection, credential)?);
        Ok(Self { named, system, concurrency })
    }

    pub(crate) fn name(&self) -> &str {
        &self.named.name
    }

    /// Ends the sign-on; whether that works matters to nobody.
    pub(crate) async fn sign_off(&self) {
        let _ = self.system.sign_off().await;
    }
}

/// The proxy that the environment names, by the usual variables.
fn proxy(tls: bool) -> Option<Proxy> {
    // In capitals HTTP_PROXY could be a header of a CGI request: other programs leave it alone too.
    let names: &[&str] = if tls { &["HTTPS_PROXY", "https_proxy"] } else { &["http_proxy"] };
    let variable = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let url = names.iter().chain(&["ALL_PROXY", "all_proxy"]).find_map(variable)?;
    let except = ["NO_PROXY", "no_proxy"].iter().find_map(variable).unwrap_or_default();
    Some(Proxy { url: Secret::new(url), except })
}

/// The name of this machine, for people who wait for it.
pub(crate) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// Runs what waits for the network.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, CommandError> {
    Ok(runtime()?.block_on(work))
}

/// The threads that wait for the network.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .map_err(|error| CommandError::failed(format!("cannot start threads: {error}")))
}
