//! What rollouts need of the user's machine: credentials, commands for power, a screen.

use std::cell::RefCell;
use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deploy_core::opcon::{OpConSystem, RetryPolicy};
use deploy_core::repository::Repository;
use deploy_core::repository::servers::{Macs, Named};
use deploy_core::rollout::{Around, Told};
use tokio::sync::Semaphore;

use super::run::line;
use crate::system::Target;
use crate::ui::{Ui, count, one_line};

/// Requests under way at the same time, over all servers.
const REQUESTS: usize = 16;
/// How long a server may take to answer when it is only asked whether it is up.
const ANSWERS: Duration = Duration::from_secs(3);
/// The keys of git's configuration that name commands: one wakes, one switches off.
const WAKE: &str = "opcon-deploy.wakeCommand";
const POWER_OFF: &str = "opcon-deploy.powerOffCommand";

pub(super) struct Surroundings<'a> {
    repository: &'a Repository,
    opcon_user: Option<String>,
    ui: &'a Ui,
    bound: Arc<Semaphore>,
    targets: RefCell<HashMap<String, Target>>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(repository: &'a Repository, opcon_user: Option<String>, ui: &'a Ui) -> Self {
        let bound = Arc::new(Semaphore::new(REQUESTS));
        Self { repository, opcon_user, ui, bound, targets: RefCell::default() }
    }

    fn target(&self, server: &Named, asked_only: bool) -> Result<Target, String> {
        let user = self.opcon_user.as_deref();
        let adjust = |connection: &mut deploy_core::opcon::Connection| {
            connection.shared_bound = Some(Arc::clone(&self.bound));
            if asked_only {
                connection.retry = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
                connection.connect_timeout = connection.connect_timeout.min(ANSWERS);
                connection.request_timeout = connection.request_timeout.min(ANSWERS);
            }
        };
        Target::connect_with(self.repository, server.clone(), user, self.ui, adjust)
            .map_err(|error| error.message().to_owned())
    }

    /// Runs a command of the user's own configuration about a server; `false` where there is none.
    fn command(&self, key: &str, server: &Named) -> Result<bool, String> {
        let command = self.repository.git().config(key).map_err(|error| error.to_string())?;
        let Some(command) = command.filter(|command| !command.trim().is_empty()) else { return Ok(false) };
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let macs: Vec<String> =
            server.server.mac.iter().flat_map(Macs::all).map(ToString::to_string).collect();
        let broadcast = server.server.broadcast.unwrap_or_default().to_string();
        // What the repository says is handed over as values, never as part of the command.
        let output = Command::new(shell)
            .args([flag, &command])
            .env("OPCON_DEPLOY_SERVER", &server.name)
            .env("OPCON_DEPLOY_ADDRESS", &server.server.address)
            .env("OPCON_DEPLOY_MAC", macs.join(" "))
            .env("OPCON_DEPLOY_BROADCAST", broadcast)
            .stdin(Stdio::null())
            .output();
        let output = output.map_err(|error| format!("`{key}` of git's configuration: {error}"))?;
        match output.status.success() {
            true => Ok(true),
            false => {
                let said = String::from_utf8_lossy(&output.stderr);
                let said =
                    said.lines().last().map(|line| format!(": {}", one_line(line))).unwrap_or_default();
                Err(format!("`{key}` of git's configuration failed ({}){said}", output.status))
            }
        }
    }
}

/// What other programs said may go on for lines.
fn first_line(text: &str) -> String {
    one_line(text.lines().next().unwrap_or_default())
}

#[async_trait(?Send)]
impl Around for Surroundings<'_> {
    fn connect(&self, server: &Named) -> Result<Arc<dyn OpConSystem>, String> {
        let target = self.target(server, false)?;
        let system = target.system.clone();
        self.targets.borrow_mut().insert(server.name.clone(), target);
        Ok(system)
    }

    async fn answers(&self, server: &Named) -> bool {
        match self.target(server, true) {
            Ok(target) => target.system.version().await.is_ok(),
            Err(_) => false,
        }
    }

    async fn leave(&self, server: &str) {
        let target = self.targets.borrow_mut().remove(server);
        if let Some(target) = target {
            target.sign_off().await;
        }
    }

    fn wake(&self, server: &Named) -> Result<(), String> {
        let broadcast = server.server.broadcast.unwrap_or_default();
        let macs = server.server.mac.iter().flat_map(Macs::all);
        let sent: Vec<Result<(), String>> = macs
            .map(|mac| mac.wake(broadcast))
            .map(|sent| sent.map_err(|error| format!("cannot send a packet to {broadcast}: {error}")))
            .collect();
        // The command may reach what packets do not.
        match (self.command(WAKE, server)?, sent.into_iter().find(Result::is_err), &server.server.mac) {
            (true, ..) | (false, None, Some(_)) => Ok(()),
            (false, Some(failed), _) => failed,
            (false, None, None) => Err(format!("its file has no `mac`, and git's configuration no `{WAKE}`")),
        }
    }

    fn power_off(&self, server: &Named) -> Result<bool, String> {
        self.command(POWER_OFF, server)
    }

    fn told(&self, told: &Told<'_>) {
        let ui = self.ui;
        match told {
            Told::Waking { server } => ui.note(format!("Waking `{}`", one_line(server))),
            Told::Up { server } => ui.note(format!("`{}` is up", one_line(server))),
            Told::PowerOff { server, error: None } => {
                ui.note(format!("`{}` is switched off", one_line(server)));
            }
            Told::PowerOff { server, error: Some(why) } => {
                ui.warning(format!(
                    "`{}` was woken and is not switched off: {}",
                    one_line(server),
                    one_line(why)
                ));
            }
            Told::Waiting { server, holder } => {
                let who = super::super::changing::who(holder);
                ui.note(format!("Waiting for {who} to finish with `{}`", one_line(server)));
            }
            Told::Daily { server, running } => ui.note(format!(
                "Waiting for {} in the daily of `{}`",
                count(*running, "running job"),
                one_line(server)
            )),
            Told::Ended { rollout, job, state } => {
                if !ui.is_json() {
                    ui.line(line(rollout, job, state));
                }
            }
            Told::Settled { server, what, error } => {
                let how = error.map_or("it is settled".to_owned(), one_line);
                ui.warning(format!(
                    "an earlier command left {} open on `{}`: {how}",
                    one_line(what),
                    one_line(server)
                ));
            }
            Told::Problem(problem) => match &problem.rollout {
                Some(id) => ui.warning(format!("rollout `{}`: {}", one_line(id), first_line(&problem.text))),
                None => ui.warning(first_line(&problem.text)),
            },
            Told::NotGivenBack(error) => ui.warning(format!(
                "a lease was not given back, it runs out by itself: {}",
                first_line(&error.to_string())
            )),
        }
    }
}
