//! Connecting to an OpCon system: server file of main, credential and proxy of the user.

use std::future::Future;
use std::sync::Arc;

use deploy_core::opcon::{Connection, HttpSystem, OpConSystem as _, Proxy, Secret};
use deploy_core::repository::Repository;
use deploy_core::repository::servers::{self, Named};
use deploy_core::repository::users::{Identity, identify};

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
    /// Finds a server on main and prepares the way; nothing is sent yet. Who acts
    /// matters for the sign-on alone.
    pub(crate) fn open(repository: &Repository, name: &str, ui: &Ui) -> Result<Self, CommandError> {
        let opcon_user = who(repository).ok().and_then(|who| who.person.opcon_user);
        Self::connect(repository, servers::find(repository, name)?, opcon_user.as_deref(), ui)
    }

    /// As `open`, for somebody whose role must allow to import from the server.
    pub(crate) fn to_import_from(repository: &Repository, name: &str, ui: &Ui) -> Result<Self, CommandError> {
        let named = servers::find(repository, name)?;
        let who = who(repository)?;
        who.may_import_from(named.server.kind.class())?;
        Self::connect(repository, named, who.person.opcon_user.as_deref(), ui)
    }

    /// The way to a server: with the credential of an OpCon user where one is
    /// mapped here, else with that of the server.
    pub(crate) fn connect(
        repository: &Repository,
        named: Named,
        opcon_user: Option<&str>,
        ui: &Ui,
    ) -> Result<Self, CommandError> {
        Self::connect_with(repository, named, opcon_user, ui, |_| {})
    }

    /// The same with other bounds.
    pub(crate) fn connect_with(
        repository: &Repository,
        named: Named,
        opcon_user: Option<&str>,
        ui: &Ui,
        adjust: impl FnOnce(&mut Connection),
    ) -> Result<Self, CommandError> {
        let mut connection = named.connection(repository)?;
        connection.proxy = proxy(connection.rest.tls);
        adjust(&mut connection);
        let concurrency = connection.concurrency;
        let (git, shared) = (repository.git(), &named.server.credential);
        let own = match opcon_user {
            Some(user) => credential::mapped(git, &credential::personal(shared, user))?,
            None => None,
        };
        let credential = match own {
            Some(own) => own,
            None => credential::find(git, shared, &named.name, ui)?,
        };
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

/// Who acts, by the settings and the people of the main that everybody shares.
pub(crate) fn who(repository: &Repository) -> Result<Identity, CommandError> {
    Ok(identify(repository, &repository.settings_of_main()?)?)
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
