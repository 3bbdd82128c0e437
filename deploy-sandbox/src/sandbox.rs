//! Starting a sandbox, and what can be done with a running one.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use axum::Router;
use deploy_core::definition::encode;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;
use crate::config::{Config, PASSWORD, SystemConfig, SystemType, USER};
use crate::daily;
use crate::fault::FaultSpec;
use crate::listen::{Door, Switch};
use crate::power::{Card, Power};
use crate::seed::{self, SeedError};
use crate::serve::{self, Port, RequestRecord, Service, Watch};
use crate::state::State;
use crate::store::Store;
use crate::system::System;
use crate::tls::{self, TlsError};

/// How often the daily catches up with the clock by itself.
const TICK: Duration = Duration::from_millis(200);
/// How long requests that are under way may take when the sandbox stops.
const GRACE: Duration = Duration::from_secs(2);

/// One or several OpCon systems in this process.
#[derive(Debug)]
pub struct Sandbox;

/// A sandbox that runs. Dropping it stops it at once; [`Running::shutdown`]
/// lets requests under way end.
#[derive(Debug)]
pub struct Running {
    systems: Vec<RunningSystem>,
    inner: Vec<Arc<System>>,
    powers: Vec<(Power, Card)>,
    clock: Clock,
    watch: Arc<Watch>,
    ca_pem: Option<String>,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
    ticker: JoinHandle<()>,
}

/// One system of a running sandbox, and how it is reached.
#[derive(Debug, Clone)]
pub struct RunningSystem {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: SystemType,
    /// Where the REST API listens.
    pub rest: SocketAddr,
    /// Where ImpEx listens.
    pub impex: SocketAddr,
    /// Whether both speak TLS.
    pub tls: bool,
    /// A user that may do everything.
    pub user: &'static str,
    /// The password of all users.
    pub password: &'static str,
    /// The address of its network card.
    pub mac: String,
    /// Where magic packets to that card go.
    pub wake: SocketAddr,
}

impl RunningSystem {
    /// The address of the REST API, without a slash at the end.
    pub fn rest_url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.rest)
    }

    /// The address of ImpEx, without a slash at the end.
    pub fn impex_url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.impex)
    }
}

/// Why a sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No system was asked for.
    #[error("a sandbox needs at least one system")]
    NoSystem,
    /// Two systems of one name.
    #[error("the system `{name}` is named twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// An address is taken, or not ours.
    #[error("the system `{system}` cannot listen on {address}")]
    Listen {
        /// The system.
        system: String,
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The state directory cannot be used.
    #[error("the state in `{folder}` cannot be used")]
    State {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A seed that cannot be planted.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// TLS that cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Sandbox {
    /// Starts the systems; they answer when this returns.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        if config.systems.is_empty() {
            return Err(StartError::NoSystem);
        }
        for (at, system) in config.systems.iter().enumerate() {
            if config.systems[..at].iter().any(|other| other.name.eq_ignore_ascii_case(&system.name)) {
                return Err(StartError::Twice { name: system.name.clone() });
            }
        }
        let clock = Clock::real();
        if let Some(now) = config.now {
            clock.set(now);
        }
        let tls = config.tls.map(tls::tls).transpose()?;
        let watch = Arc::new(Watch::new(config.latency));
        config.faults.iter().cloned().for_each(|fault| watch.add_fault(fault));
        let (stop, stopped) = watch::channel(false);
        let (mut systems, mut inner, mut servers) = (Vec::new(), Vec::new(), Vec::new());
        let mut powers = Vec::new();
        for wanted in &config.systems {
            let power = Power::new(!wanted.off);
            let address = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
            let failed = |source| StartError::Listen { system: wanted.name.clone(), address, source };
            let card = Card::plug(powers.len() + 1, power.clone()).await.map_err(failed)?;
            let system = open(&config, wanted, &clock)?;
            let acceptor = tls.as_ref().map(|tls| TlsAcceptor::from(tls.server.clone()));
            let mut addresses = Vec::new();
            for (service, address) in [(Service::Rest, wanted.rest), (Service::Impex, wanted.impex)] {
                let failed = |source| StartError::Listen { system: wanted.name.clone(), address, source };
                let listener = TcpListener::bind(address).await.map_err(failed)?;
                addresses.push(listener.local_addr().map_err(failed)?);
                let door = Door::open(listener, acceptor.clone(), power.clone()).map_err(failed)?;
                let port = Port { system: system.clone(), service, watch: watch.clone() };
                servers.push(tokio::spawn(serve_port(door, port, stopped.clone())));
            }
            systems.push(RunningSystem {
                name: wanted.name.clone(),
                kind: wanted.kind,
                rest: addresses[0],
                impex: addresses[1],
                tls: tls.is_some(),
                user: USER,
                password: PASSWORD,
                mac: card.mac.clone(),
                wake: card.address,
            });
            inner.push(system);
            powers.push((power, card));
        }
        let ticker = tokio::spawn(tick(inner.clone()));
        let ca_pem = tls.map(|tls| tls.ca_pem);
        Ok(Running { systems, inner, powers, clock, watch, ca_pem, stop, servers, ticker })
    }
}

async fn serve_port(door: Door, port: Port, mut stopped: watch::Receiver<bool>) {
    let app = Router::new().fallback(serve::answer).with_state(port);
    let served = axum::serve(door, app.into_make_service_with_connect_info::<Switch>());
    let stop = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    // Serving never fails: a broken connection is the client's loss alone.
    let _ = served.with_graceful_shutdown(stop).await;
}

async fn tick(systems: Vec<Arc<System>>) {
    let mut interval = tokio::time::interval(TICK);
    loop {
        interval.tick().await;
        systems.iter().for_each(|system| system.tick());
    }
}

fn open(config: &Config, wanted: &SystemConfig, clock: &Clock) -> Result<Arc<System>, StartError> {
    let folder = config.state.as_ref().map(|folder| folder.join(encode(&wanted.name)));
    let failed = |source| StartError::State { folder: folder.clone().unwrap_or_default(), source };
    let store = folder.clone().map(Store::open).transpose().map_err(failed)?;
    let kept = store.as_ref().map(Store::load).transpose().map_err(failed)?.flatten();
    let state = match kept {
        Some(mut state) => {
            daily::recover(&mut state, clock.now());
            state
        }
        None => first_state(config, wanted, clock)?,
    };
    let system = Arc::new_cyclic(|me| System {
        name: wanted.name.clone(),
        deploy_licence: wanted.deploy_licence,
        clock: clock.clone(),
        token_lifetime: config.token_lifetime,
        run_jobs: config.run_jobs,
        id_distance: seed::distance(&wanted.name),
        tokens: Mutex::default(),
        state: RwLock::new(state),
        store,
        running: Mutex::default(),
        me: me.clone(),
        runtime: tokio::runtime::Handle::current(),
    });
    system.save();
    Ok(system)
}

fn first_state(config: &Config, wanted: &SystemConfig, clock: &Clock) -> Result<State, SeedError> {
    let now = clock.now().format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
    seed::plant(wanted.seed.unwrap_or(config.seed), &wanted.name, wanted.kind, &now)
}

impl Running {
    /// The systems, in the order they were asked for.
    pub fn systems(&self) -> &[RunningSystem] {
        &self.systems
    }

    /// A system by its name, in any case.
    pub fn system(&self, name: &str) -> Option<&RunningSystem> {
        self.systems.iter().find(|system| system.name.eq_ignore_ascii_case(name))
    }

    /// Whether a system has power.
    pub fn is_on(&self, name: &str) -> bool {
        self.power(name).is_some_and(Power::is_on)
    }

    /// Takes a system's power, or gives it back.
    pub fn set_power(&self, name: &str, on: bool) {
        if let Some(power) = self.power(name) {
            power.set(on);
        }
    }

    fn power(&self, name: &str) -> Option<&Power> {
        let at = self.systems.iter().position(|system| system.name.eq_ignore_ascii_case(name))?;
        self.powers.get(at).map(|(power, _)| power)
    }

    /// The certificate of the authority that signed the servers' certificates.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The requests that were answered, or not, in that order.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.watch.record()
    }

    /// The clock of all systems. The daily follows it within moments, or at
    /// the next request.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Lets something go wrong from now on.
    pub fn set_fault(&self, fault: FaultSpec) {
        self.watch.add_fault(fault);
    }

    /// Lets all go well again.
    pub fn clear_faults(&self) {
        self.watch.clear_faults();
    }

    /// Whether the state could always be written to its directory.
    pub fn is_state_kept(&self) -> bool {
        !self.inner.iter().any(|system| system.store.as_ref().is_some_and(Store::has_failed))
    }

    /// Ends requests under way, kills jobs that run, keeps the state.
    pub async fn shutdown(mut self) {
        self.ticker.abort();
        let _ = self.stop.send(true);
        let servers = std::mem::take(&mut self.servers);
        let aborts: Vec<_> = servers.iter().map(JoinHandle::abort_handle).collect();
        let ended = async {
            for server in servers {
                let _ = server.await;
            }
        };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            aborts.iter().for_each(tokio::task::AbortHandle::abort);
        }
        for system in &self.inner {
            system.stop_jobs();
            system.save();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ticker.abort();
        self.servers.iter().for_each(JoinHandle::abort);
        self.inner.iter().for_each(|system| system.stop_jobs());
    }
}
