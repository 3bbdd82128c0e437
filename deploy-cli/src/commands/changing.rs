//! What every command that changes a target has in common: who may, where the
//! truth is, the lease, and what killed commands left there.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use clap::Args;
use deploy_core::deploy::execute::{Asked, Done, ExecuteError, Execution, Told, Transaction};
use deploy_core::deploy::leftovers;
use deploy_core::opcon::OpConSystem as _;
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Claim, Holder, Lease, Ledger, Person, Reach, Records, Status};
use deploy_core::repository::servers::{self, Named};
use deploy_core::repository::settings::Settings;
use deploy_core::repository::users::{Identity, identify};
use tokio::runtime::Runtime;

use crate::Exit;
use crate::error::CommandError;
use crate::interrupt::Stop;
use crate::system::{Target, host, runtime};
use crate::ui::{Ui, count, one_line};

/// So long another command is waited for.
const WAIT: u64 = 60;

/// Options of every command that changes a target.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ChangeArgs {
    /// Wait so long for another command that changes the same server
    #[arg(long, value_name = "SECONDS", default_value_t = WAIT)]
    wait: u64,
    /// Leave the remote out; the record says so
    #[arg(long)]
    offline: bool,
    /// Do not ask the last question
    #[arg(long, short = 'y')]
    pub(super) yes: bool,
}

impl Default for ChangeArgs {
    fn default() -> Self {
        Self { wait: WAIT, offline: false, yes: false }
    }
}

impl ChangeArgs {
    /// Where the truth is.
    pub(super) fn reach(self, repository: &Repository) -> Reach {
        Reach::of(repository, self.offline)
    }

    /// The records as the truth has them now.
    pub(super) fn records<'r>(self, repository: &'r Repository) -> Result<Records<'r>, CommandError> {
        Ok(match self.reach(repository) {
            Reach::Remote => Records::fetch_with_main(repository)?,
            Reach::Local | Reach::Offline => Records::open(repository)?,
        })
    }

    /// Whether the remote is left out.
    pub(super) fn is_offline(self) -> bool {
        self.offline
    }
}

/// Who changes what, with what the truth is.
pub(super) struct Changing<'r> {
    pub(super) repository: &'r Repository,
    pub(super) reach: Reach,
    pub(super) settings: Settings,
    pub(super) identity: Identity,
    /// Who runs what somebody else had asked for.
    runner: Option<Person>,
    pub(super) server: Named,
    pub(super) target: Target,
    pub(super) runtime: Runtime,
    pub(super) stop: Arc<Stop>,
    /// The records as they were when the command began.
    pub(super) records: Records<'r>,
    wait: Duration,
}

/// The lease of the target, with all that is needed to change it.
pub(super) struct Held<'r> {
    pub(super) lease: Lease,
    pub(super) ledger: Ledger,
    /// The records as they are under the lease.
    pub(super) records: Records<'r>,
}

/// What was left open, and how it ended.
pub(super) type Settled = (String, Result<Done, ExecuteError>);

/// Somebody who holds a lease, and what for.
pub(super) fn who(holder: &Holder) -> String {
    let (name, host, purpose) = (one_line(&holder.name), one_line(&holder.host), one_line(&holder.purpose));
    format!("{name} on `{host}` ({purpose})")
}

pub(super) fn now() -> DateTime<FixedOffset> {
    chrono::Local::now().fixed_offset()
}

impl<'r> Changing<'r> {
    /// As `open`, for somebody whose role must allow to change the server.
    pub(super) fn begin(
        repository: &'r Repository,
        server: &str,
        args: ChangeArgs,
        ui: &Ui,
    ) -> Result<Self, CommandError> {
        let changing = Self::open(repository, server, args, ui)?;
        changing.identity.may_deploy_to(changing.server.server.kind.class())?;
        Ok(changing)
    }

    /// Fetches what is the truth, and finds out who acts.
    pub(super) fn open(
        repository: &'r Repository,
        server: &str,
        args: ChangeArgs,
        ui: &Ui,
    ) -> Result<Self, CommandError> {
        let records = args.records(repository)?;
        let identity = identify(repository, &repository.settings_of_main()?)?;
        Self::for_somebody(records, server, args, identity, None, ui)
    }

    /// As `open`, with records that were fetched, for somebody who may have left it to another one.
    pub(super) fn for_somebody(
        records: Records<'r>,
        server: &str,
        args: ChangeArgs,
        identity: Identity,
        runner: Option<Person>,
        ui: &Ui,
    ) -> Result<Self, CommandError> {
        let repository = records.repository();
        let reach = args.reach(repository);
        let settings = repository.settings_of_main()?;
        let server = servers::find(repository, server)?;
        let opcon_user = identity.person.opcon_user.as_deref();
        let target = Target::connect(repository, server.clone(), opcon_user, ui)?;
        let runtime = runtime()?;
        let stop = Arc::new(Stop::default());
        stop.listen();
        let wait = Duration::from_secs(args.wait);
        Ok(Self {
            repository,
            reach,
            settings,
            identity,
            runner,
            server,
            target,
            runtime,
            stop,
            records,
            wait,
        })
    }

    /// As part of other work, which Ctrl-C ends.
    pub(super) fn stopped_by(mut self, stop: &Arc<Stop>) -> Self {
        self.stop = Arc::clone(stop);
        self.stop.listen();
        self
    }

    /// Signs on; who acts, with the OpCon user as the target knows it.
    pub(super) fn sign_on(&self) -> Result<Person, CommandError> {
        let signed_on = self.runtime.block_on(self.target.system.sign_on());
        signed_on?;
        self.person().inspect_err(|_| self.sign_off())
    }

    /// Who acts, with the OpCon user as the target knows it.
    pub(super) fn person(&self) -> Result<Person, CommandError> {
        let user = self.runtime.block_on(self.target.system.user())?;
        let mut person = self.identity.person.clone();
        person.opcon_user = user.or(person.opcon_user);
        Ok(person)
    }

    /// Ends the sign-on.
    pub(super) fn sign_off(&self) {
        self.runtime.block_on(self.target.sign_off());
    }

    /// What the records of an operation say of who asked for it.
    pub(super) fn asked(&self, user: &Person, description: Option<&str>, accepted: Vec<String>) -> Asked {
        Asked {
            user: user.clone(),
            runner: self.runner.clone(),
            offline: self.reach == Reach::Offline,
            begun: now(),
            description: description.unwrap_or_default().to_owned(),
            accepted,
            settings: self.identity.commit.to_string(),
        }
    }

    /// Asks the last question; without anybody to ask, `--yes` must have answered it.
    pub(super) fn confirm(&self, yes: bool, question: &str, ui: &Ui) -> Result<bool, CommandError> {
        if yes {
            return Ok(true);
        }
        ui.ask(question).ok_or_else(|| {
            CommandError::refused(format!(
                "nothing was changed on `{}`: nobody can be asked",
                self.server.name
            ))
            .hint("`--yes` answers the last question")
        })
    }

    /// The user said no.
    pub(super) fn declined(&self, ui: &Ui) -> Exit {
        self.sign_off();
        ui.note(format!("Nothing was changed on `{}`", self.server.name));
        Exit::Refused
    }

    /// Takes the lease, and ends what killed commands left on the server.
    pub(super) fn hold(&self, purpose: &str, ui: &Ui) -> Result<Held<'r>, CommandError> {
        let mut held = self.hold_unsettled(purpose, ui)?;
        let ended = self.settle(&held)?;
        for (what, ended) in &ended {
            ui.warning(format!("an earlier command left {} open: {}", one_line(what), ending(ended)));
        }
        if !ended.is_empty() {
            held.records = held.ledger.records(self.repository);
        }
        Ok(held)
    }

    /// Takes the lease, and leaves alone what is open on the server.
    pub(super) fn hold_unsettled(&self, purpose: &str, ui: &Ui) -> Result<Held<'r>, CommandError> {
        let name = &self.server.name;
        let waiting = |holder: &Holder| {
            ui.note(format!("Waiting for {} to finish with `{name}`", who(holder)));
        };
        let (owner, host) = (&self.identity.person, host());
        let claim = Claim { server: name, owner, host: &host, purpose, wait: self.wait };
        let got = Lease::acquire(self.repository, self.reach, &claim, &waiting)?;
        self.stop.listen();
        self.stop.be_careful(true);
        if let Some(dead) = &got.took_over {
            ui.note(format!("Took `{name}` over from {}, who gave no sign of life", who(dead)));
        }
        let records = match self.reach {
            Reach::Remote => Records::fetch(self.repository)?,
            Reach::Local | Reach::Offline => Records::open(self.repository)?,
        };
        let ledger = Ledger::start(self.repository, self.reach)?;
        Ok(Held { lease: got.lease, ledger, records })
    }

    /// Runs one transaction, told to the curious.
    pub(super) fn run(
        &self,
        held: &Held<'_>,
        transaction: Transaction,
        ui: &Ui,
    ) -> Result<Done, ExecuteError> {
        let told = telling(ui, &self.server.name);
        self.runtime.block_on(self.execution(held, &told).run(transaction))
    }

    /// What it takes to change the target.
    pub(super) fn execution<'a>(
        &'a self,
        held: &'a Held<'_>,
        told: &'a (dyn Fn(Told) + Sync),
    ) -> Execution<'a> {
        Execution::new(
            self.target.system.clone(),
            held.ledger.clone(),
            &held.lease,
            self.settings.deploy.on_mismatch,
            &now,
            &self.stop.asked,
            told,
        )
    }

    /// Ends what is open on the server: whoever had begun it no longer holds its lease.
    pub(super) fn settle(&self, held: &Held<'_>) -> Result<Vec<Settled>, CommandError> {
        let told = |_| {};
        let execution = self.execution(held, &told);
        let left = leftovers(&held.records, Some(&self.server.name))?.into_iter().map(|transaction| {
            let what = transaction.what();
            (what, self.runtime.block_on(execution.resolve(transaction)))
        });
        Ok(left.collect())
    }

    /// Gives the lease back and says, to the curious, what the records took.
    pub(super) fn release(&self, held: Held<'_>, ui: &Ui) {
        self.stop.be_careful(false);
        let stats = held.ledger.finish();
        ui.detail(format!(
            "{} of records, {}, {:.1} s",
            count(stats.commits, "commit"),
            if stats.pushes == 1 { "1 push".to_owned() } else { format!("{} pushes", stats.pushes) },
            stats.pushing.as_secs_f32()
        ));
        if let Err(error) = held.lease.release() {
            ui.warning(format!("the lease of `{}` was not given back: {error}", self.server.name));
        }
        self.sign_off();
    }
}

/// What became of something that had been left open, in words.
pub(super) fn ending(ended: &Result<Done, ExecuteError>) -> String {
    match ended {
        Ok(done) => match done.records.first().map(|record| record.status) {
            Some(Status::Failed) => "it had changed nothing, and is recorded as failed".to_owned(),
            Some(Status::Deleted) => "it is gone there as planned, and recorded".to_owned(),
            _ => "it stands there as planned, and is recorded as active".to_owned(),
        },
        Err(error) => one_line(&error.to_string()),
    }
}

/// Tells the curious how far an operation is.
pub(super) fn telling<'a>(ui: &'a Ui, server: &'a str) -> impl Fn(Told) + use<'a> {
    move |told| {
        ui.detail(match told {
            Told::Begun => format!("What stands on `{server}` is recorded; it is changed now"),
            Told::Touched => format!("Reading back from `{server}`"),
            Told::Ending => "Recording the end".to_owned(),
        });
    }
}
