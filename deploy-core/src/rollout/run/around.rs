//! What the library does not know: credentials, commands of the user, a screen.

use std::sync::Arc;

use async_trait::async_trait;

use super::Problem;
use crate::opcon::OpConSystem;
use crate::repository::records::{Holder, LeaseError};
use crate::repository::servers::Named;
use crate::rollout::{Job, JobState};

/// What the library does not know.
#[async_trait(?Send)]
pub trait Around {
    /// The way to a server; nothing is sent yet.
    fn connect(&self, server: &Named) -> Result<Arc<dyn OpConSystem>, String>;

    /// Whether a server answers, asked once.
    async fn answers(&self, server: &Named) -> bool;

    /// The way to a server is not needed any more.
    async fn leave(&self, server: &str);

    /// Wakes a server: by packets, and by what the user's own configuration says.
    fn wake(&self, server: &Named) -> Result<(), String>;

    /// Switches a server off by what the user's own configuration says; `false` where it
    /// says nothing.
    fn power_off(&self, server: &Named) -> Result<bool, String>;

    /// Is told what happens.
    fn told(&self, told: &Told<'_>);
}

/// What happens during a run.
#[derive(Debug)]
pub enum Told<'a> {
    /// A server does not answer and is being woken.
    Waking {
        /// The server.
        server: &'a str,
    },
    /// It answers.
    Up {
        /// The server.
        server: &'a str,
    },
    /// It was switched off, or why not.
    PowerOff {
        /// The server.
        server: &'a str,
        /// Why it was not.
        error: Option<&'a str>,
    },
    /// Somebody else is at work on a server.
    Waiting {
        /// The server.
        server: &'a str,
        /// Who.
        holder: &'a Holder,
    },
    /// Jobs run in the daily of a schedule that is to be rebuilt.
    Daily {
        /// The server.
        server: &'a str,
        /// How many.
        running: usize,
    },
    /// A job ended.
    Ended {
        /// Its rollout.
        rollout: &'a str,
        /// The job.
        job: &'a Job,
        /// How.
        state: &'a JobState,
    },
    /// What another command had left open on a server was ended.
    Settled {
        /// The server.
        server: &'a str,
        /// What it was.
        what: &'a str,
        /// Why it could not be ended, if so.
        error: Option<&'a str>,
    },
    /// Something is kept from being looked after.
    Problem(&'a Problem),
    /// A lease was not given back as it should.
    NotGivenBack(&'a LeaseError),
}
