//! `sandbox`: OpCon systems to rehearse against, in this process.

mod publish;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use deploy_core::repository::{OpenError, Repository};
use deploy_sandbox::{Certificate, Config, FaultSpec, Running, Sandbox, Seed, SystemConfig};
use serde_json::json;

use crate::cli::Global;
use crate::error::CommandError;
use crate::system::runtime;
use crate::ui::{Table, Ui};
use crate::{CommandResult, Exit};
pub(super) use publish::publish;

/// Run OpCon systems to rehearse against
///
/// They answer on this machine only, hold a small retailer's schedules, and
/// behave as OpCon does; nothing they do reaches a real system. In a central
/// repository their servers are committed and can be used from another
/// terminal at once. Ctrl-C stops them.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy sandbox\n  opcon-deploy sandbox --system DEV:Development --system QA:Test --state ./sandbox-state\n  opcon-deploy sandbox --tls --latency 20 --seed large:2000\n  opcon-deploy sandbox --fault 'PROD:lost-answer@POST /impex2/schedules#1'"
)]
pub struct SandboxArgs {
    /// A system; may be given several times [default: DEV:Development and PROD:Production]
    #[arg(long = "system", value_name = "NAME:TYPE")]
    systems: Vec<SystemConfig>,
    /// Listen here; with a port the systems take that one and those that follow
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", value_parser = listen)]
    listen: SocketAddr,
    /// Keep what the systems hold in this folder across restarts
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// What they hold at first: retail, empty, large:N
    #[arg(long, value_name = "NAME", default_value = "retail")]
    seed: Seed,
    /// Speak TLS, with a certificate of the sandbox's own authority
    #[arg(long)]
    tls: bool,
    /// Answer this much later
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// Let something go wrong: [SYSTEM:]NAME[=VALUE][@[METHOD ]PATH][#CALLS]; NAME is latency, reset,
    /// slow-body, truncate, error, expired-token, refuse-insert, alter-insert or lost-answer
    #[arg(long = "fault", value_name = "SPEC")]
    faults: Vec<FaultSpec>,
    /// What their clock shows at the start: 2026-11-20, or 2026-11-20T04:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<DateTime<Utc>>,
    /// Really run the command lines of jobs on the machines SANDBOX and SANDBOX_UNIX
    #[arg(long)]
    run_jobs: bool,
    /// Give this system no licence for Deploy; may be given several times
    #[arg(long = "unlicensed", value_name = "NAME")]
    unlicensed: Vec<String>,
    /// Start without power for this system: it takes no connections until a magic packet wakes it; may be given several times
    #[arg(long = "off", value_name = "NAME")]
    off: Vec<String>,
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    let address = match (text.parse::<SocketAddr>(), text.parse()) {
        (Ok(address), _) => address,
        (_, Ok(ip)) => SocketAddr::new(ip, 0),
        _ => return Err("not an IP address, with or without a port".to_owned()),
    };
    match address.ip().is_loopback() {
        true => Ok(address),
        false => Err("a sandbox answers on this machine only: 127.0.0.1 or ::1".to_owned()),
    }
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(date.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| "write 2026-11-20, or 2026-11-20T04:00:00Z".to_owned())
}

pub(super) fn run(args: SandboxArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = match Repository::open(&global.dir) {
        Ok(repository) => Some(repository),
        // Elsewhere a sandbox is just as good.
        Err(OpenError::NotARepository { .. } | OpenError::NoSettings { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let (sender, stopped) = std::sync::mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = sender.send(());
    })
    .map_err(|error| CommandError::failed(format!("cannot wait for Ctrl-C: {error}")))?;
    let config = config(args, global)?;
    let runtime = runtime()?;
    let running = runtime.block_on(start(config))?;
    if let Some(repository) = &repository {
        publish(repository, &running, ui)?;
    }
    tell(&running, repository.is_some(), ui)?;
    // The handler lives as long as the process: the channel never ends by itself.
    let _ = stopped.recv();
    let kept = running.is_state_kept();
    runtime.block_on(running.shutdown());
    if !kept {
        return Err(CommandError::failed("the state could not always be written to its folder"));
    }
    ui.note("Stopped");
    Ok(Exit::Done)
}

/// Starts the systems.
pub(super) async fn start(config: Config) -> Result<Running, CommandError> {
    Sandbox::start(config).await.map_err(|error| {
        let why = std::error::Error::source(&error).map(|why| format!(": {why}")).unwrap_or_default();
        CommandError::failed(format!("{error}{why}"))
    })
}

fn config(args: SandboxArgs, global: &Global) -> Result<Config, CommandError> {
    let mut systems = args.systems;
    if systems.is_empty() {
        for usual in ["DEV:Development", "PROD:Production"] {
            systems.push(usual.parse().map_err(|error| CommandError::failed(format!("{error}")))?);
        }
    }
    let names: Vec<String> = systems.iter().map(|system| system.name.clone()).collect();
    let unlicensed = args.unlicensed.iter().map(|name| (name, false));
    for (name, is_off) in unlicensed.chain(args.off.iter().map(|name| (name, true))) {
        match systems.iter_mut().find(|system| system.name.eq_ignore_ascii_case(name)) {
            Some(system) if is_off => system.off = true,
            Some(system) => system.deploy_licence = false,
            None => {
                let known = names.join("`, `");
                return Err(CommandError::usage(format!("`{name}` is not one of the systems `{known}`")));
            }
        }
    }
    let mut port = args.listen.port();
    for system in &mut systems {
        for address in [&mut system.rest, &mut system.impex] {
            *address = SocketAddr::new(args.listen.ip(), port);
            if port != 0 {
                port =
                    port.checked_add(1).ok_or_else(|| CommandError::usage("there are not so many ports"))?;
            }
        }
    }
    Ok(Config {
        systems,
        seed: args.seed,
        state: args.state.map(|folder| global.at(folder)),
        tls: args.tls.then_some(Certificate::Valid),
        latency: Duration::from_millis(args.latency),
        faults: args.faults,
        now: args.now,
        run_jobs: args.run_jobs,
        ..Config::default()
    })
}

/// The addresses, and what to do with them.
fn tell(running: &Running, in_repository: bool, ui: &Ui) -> Result<(), CommandError> {
    if ui.is_json() {
        let systems: Vec<_> = running
            .systems()
            .iter()
            .map(|system| {
                json!({
                    "name": system.name, "type": system.kind.as_str(), "rest": system.rest_url(),
                    "impex": system.impex_url(), "user": system.user, "password": system.password,
                    "ca": running.ca_pem(), "mac": system.mac, "wake": system.wake,
                })
            })
            .collect();
        return ui.json("systems", &systems);
    }
    let mut table = Table::new(["NAME", "TYPE", "REST API", "IMPEX2", "USER", "PASSWORD"]);
    for system in running.systems() {
        table.row([
            &system.name,
            system.kind.as_str(),
            &system.rest_url(),
            &system.impex_url(),
            system.user,
            system.password,
        ]);
    }
    ui.print(&table.to_string());
    if let (true, Some(first)) = (in_repository, running.systems().first()) {
        ui.note("The servers are committed; in another terminal:");
        ui.note(format!("  opcon-deploy server check {0}\n  opcon-deploy import {0} '*'", first.name));
    }
    ui.note("Ctrl-C stops it");
    Ok(())
}
