//! One OpCon system: its state, its tokens, and how both are reached.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::answer::Refusal;
use crate::clock::Clock;
use crate::daily::{self, Started};
use crate::request::Request;
use crate::state::State;
use crate::store::Store;

/// A running system.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) name: String,
    pub(crate) deploy_licence: bool,
    pub(crate) clock: Clock,
    pub(crate) token_lifetime: Duration,
    /// Whether command lines are really run.
    pub(crate) run_jobs: bool,
    /// How far ids of definitions are moved on this system.
    pub(crate) id_distance: u32,
    pub(crate) tokens: Mutex<HashMap<String, Token>>,
    pub(crate) state: RwLock<State>,
    pub(crate) store: Option<Store>,
    /// The command lines that run now, by the uid of their job.
    pub(crate) running: Mutex<HashMap<u64, tokio::task::AbortHandle>>,
    /// Itself, for the jobs it starts.
    pub(crate) me: Weak<System>,
    /// Where jobs run.
    pub(crate) runtime: tokio::runtime::Handle,
}

/// A sign-on.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) user: String,
    /// The application it is for; none for a user.
    pub(crate) application: Option<String>,
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

impl System {
    /// Reads the state.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state; what changed is in the state directory when this returns.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (result, started) = {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            let mut started = daily::advance(&mut state, self.clock.now(), self.run_jobs);
            let result = change(&mut state);
            started.extend(daily::advance(&mut state, self.clock.now(), self.run_jobs));
            (result, started)
        };
        self.run(started);
        self.save();
        result
    }

    /// Lets the daily catch up with the clock.
    pub(crate) fn tick(&self) {
        let now = self.clock.now();
        if self.read(|state| daily::is_due(state, now, self.run_jobs)) {
            self.write(|_| ());
        }
    }

    /// Starts command lines, and kills those whose job runs no more.
    fn run(&self, started: Vec<Started>) {
        let Some(me) = self.me.upgrade() else { return };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if !running.is_empty() {
            let of_state = self.read(daily::running);
            running.retain(|uid, task| {
                let goes_on = of_state.contains(uid);
                if !goes_on {
                    task.abort();
                }
                goes_on
            });
        }
        for job in started {
            let me = me.clone();
            let task = self.runtime.spawn(async move {
                let ended = daily::run(job.command).await;
                me.write(|state| daily::ended(state, job.uid, &ended, me.clock.now()));
            });
            running.insert(job.uid, task.abort_handle());
        }
    }

    /// Kills everything that runs.
    pub(crate) fn stop_jobs(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.drain().for_each(|(_, task)| task.abort());
    }

    pub(crate) fn save(&self) {
        if let Some(store) = &self.store {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            store.save(&state);
        }
    }

    pub(crate) fn sign_on(&self, id: String, user: &str, application: Option<String>) -> Token {
        let from = self.clock.now();
        let lifetime = match application {
            Some(_) => TimeDelta::days(365),
            None => TimeDelta::from_std(self.token_lifetime).unwrap_or(TimeDelta::MAX),
        };
        let token = Token { user: user.to_owned(), application, from, until: from + lifetime };
        self.tokens().insert(id, token.clone());
        token
    }

    /// Whose request it is; refused without a valid token.
    pub(crate) fn signed_on(&self, request: &Request) -> Result<Token, Refusal> {
        let id = request.token.as_deref().ok_or_else(Refusal::token)?;
        let mut tokens = self.tokens();
        match tokens.get(id) {
            Some(token) if token.until > self.clock.now() => Ok(token.clone()),
            Some(_) => {
                tokens.remove(id);
                Err(Refusal::token())
            }
            None => Err(Refusal::token()),
        }
    }

    pub(crate) fn sign_off(&self, id: &str) {
        self.tokens().remove(id);
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, HashMap<String, Token>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
