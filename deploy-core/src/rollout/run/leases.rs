//! Leases of many servers: taken with one push, given back with as few.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::oneshot;

use super::lane::Lane;
use super::{Around, Run, RunError, Told};
use crate::repository::records::{Claim, Got, Holder, Lease, LeaseError};

/// How often leases that are not needed any more are given back.
pub(super) const GIVEN_BACK: Duration = Duration::from_secs(2);

/// What a lease is for, in a few words.
const PURPOSE: &str = "rollout run --due";

/// Leases that are not needed any more.
#[derive(Default)]
pub(super) struct Bag(RefCell<Vec<Lease>>);

impl Bag {
    pub(super) fn put(&self, lease: Lease) {
        self.0.borrow_mut().push(lease);
    }

    /// Gives them back.
    pub(super) fn empty(&self, around: &dyn Around) {
        let leases = std::mem::take(&mut *self.0.borrow_mut());
        if !leases.is_empty() {
            let mut told = HashSet::new();
            for error in Lease::release_all(leases) {
                // Of a remote that is gone all say the same.
                if told.insert(error.to_string()) {
                    around.told(&Told::NotGivenBack(&error));
                }
            }
        }
    }
}

impl Run<'_> {
    /// One try for the leases of all servers that are up.
    pub(super) fn take_together(&self, lanes: &[Lane]) -> Result<Vec<Option<Lease>>, RunError> {
        let up: Vec<&str> =
            lanes.iter().filter(|lane| lane.is_up).map(|lane| lane.named.name.as_str()).collect();
        let mut got = self.take_each(&up)?.into_iter();
        Ok(lanes.iter().map(|lane| if lane.is_up { got.next().flatten() } else { None }).collect())
    }

    /// One try for the leases of servers; what others did there meanwhile is looked at.
    pub(super) fn take_each(&self, servers: &[&str]) -> Result<Vec<Option<Lease>>, RunError> {
        let (runner, owner) = (self.runner, &self.runner.identity.person);
        let claim =
            |server| Claim { server, owner, host: &runner.host, purpose: PURPOSE, wait: Duration::ZERO };
        let claims: Vec<Claim<'_>> = servers.iter().copied().map(claim).collect();
        let taken = Lease::acquire_all(runner.repository, runner.reach, &claims)?;
        if !taken.is_empty() {
            self.refresh()?;
        }
        Ok(taken)
    }

    /// Waits for the lease of one server, on another thread.
    pub(super) async fn take_alone(&self, server: &str) -> Result<Got, LeaseError> {
        let runner = self.runner;
        let repository = runner.repository.for_thread()?;
        let (reach, wait) = (runner.reach, runner.wait);
        let (owner, host, name) = (runner.identity.person.clone(), runner.host.clone(), server.to_owned());
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel::<Holder>();
        let (answer, got) = oneshot::channel();
        std::thread::Builder::new().name("lease".to_owned()).spawn(move || {
            let claim = Claim { server: &name, owner: &owner, host: &host, purpose: PURPOSE, wait };
            let waiting = |holder: &Holder| drop(tell.send(holder.clone()));
            let _ = answer.send(Lease::acquire(&repository, reach, &claim, &waiting));
        })?;
        while let Some(holder) = told.recv().await {
            runner.around.told(&Told::Waiting { server, holder: &holder });
        }
        got.await.unwrap_or_else(|_| Err(LeaseError::Thread(std::io::Error::other("it ended"))))
    }
}
