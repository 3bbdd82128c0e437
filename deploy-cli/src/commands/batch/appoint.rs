//! A job into the daily, and the records to `scheduled`: both, or neither.

use std::sync::Arc;

use deploy_core::deploy::batch::{
    Appointment, BatchJob, PlaceError, Placed, Slot, TakeOutError, place, take_out,
};
use deploy_core::opcon::{OpConSystem as _, Wait};
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Entry, Ledger, Phase, Reach, Record, Scheduled, Status};
use deploy_core::repository::users::Identity;
use tokio::runtime::Runtime;

use super::super::changing::now;
use super::{Clock, job_of, there, told};
use crate::Exit;
use crate::error::CommandError;
use crate::interrupt::Stop;
use crate::system::{Target, runtime};
use crate::ui::{Ui, one_line};

/// No instance property of a job needs to say more.
const LONGEST: usize = 500;

/// Everything it takes to have work started at its time.
pub(in super::super) struct Appointing<'a> {
    pub(super) repository: &'a Repository,
    pub(super) reach: Reach,
    pub(super) runtime: Runtime,
    clock: &'a Clock,
    /// The OpCon user of who asks.
    opcon_user: Option<String>,
    pub(super) stop: Arc<Stop>,
    pub(super) ui: &'a Ui,
}

const STILL_THERE: &str = "`opcon-deploy doctor --repair` takes the job out and ends the record";

/// Why the job is not there, and whether it may be there nevertheless.
struct NotPlaced {
    error: CommandError,
    may_be_left: bool,
}

impl<E: Into<CommandError>> From<E> for NotPlaced {
    fn from(error: E) -> Self {
        Self { error: error.into(), may_be_left: false }
    }
}

impl<'a> Appointing<'a> {
    /// For whoever asks; Ctrl-C is listened for from now on.
    pub(in super::super) fn new(
        repository: &'a Repository,
        clock: &'a Clock,
        who: &Identity,
        ui: &'a Ui,
    ) -> Result<Self, CommandError> {
        let stop = Arc::new(Stop::default());
        stop.listen();
        let opcon_user = who.person.opcon_user.clone();
        let reach = Reach::of(repository, false);
        Ok(Self { repository, reach, runtime: runtime()?, clock, opcon_user, stop, ui })
    }

    /// Records that it is being scheduled, adds the job, records that it is scheduled.
    pub(in super::super) fn appoint(&self, records: Vec<Record>) -> Result<Vec<Record>, CommandError> {
        self.carefully(|| {
            let ledger = Ledger::start(self.repository, self.reach)?;
            self.write(&ledger, records.iter().map(Entry::schedule))?;
            self.add_job(&ledger, records)
        })
    }

    /// As `appoint`, for records that wait and get another time. From the first step on the job
    /// that stands in the daily would do nothing.
    pub(in super::super) fn appoint_anew(
        &self,
        before: &[Record],
        records: Vec<Record>,
    ) -> Result<Vec<Record>, CommandError> {
        self.carefully(|| {
            let ledger = Ledger::start(self.repository, self.reach)?;
            self.write(&ledger, records.iter().zip(before).map(|(after, before)| next(after, before)))?;
            let Some(job) = before.first().and_then(|record| record.scheduled.as_ref()?.job.as_deref())
            else {
                return self.add_job(&ledger, records);
            };
            let target = match self.refuse_stopped().and_then(|()| self.connect()) {
                Ok(target) => target,
                Err(error) => return Err(self.put_back(&ledger, before, &records, error)),
            };
            let out = self.take_out(&target, job, "it gets another time");
            self.sign_off(&target);
            match out {
                Ok(()) => self.add_job(&ledger, records),
                // It may have found its record as it was.
                Err(begun @ TakeOutError::Begun { .. }) => {
                    Err(self.put_back(&ledger, before, &records, begun.into()))
                }
                Err(error) => Err(self.leave(&ledger, &records, &error.into())),
            }
        })
    }

    /// Ctrl-C ends it where nothing is left behind.
    fn carefully<T>(&self, work: impl FnOnce() -> Result<T, CommandError>) -> Result<T, CommandError> {
        self.stop.be_careful(true);
        let done = work();
        self.stop.be_careful(false);
        done.map_err(|mut error| {
            // On a terminal Ctrl-C ends the git that is running, too.
            if self.stop.is_asked() {
                error.code = Exit::Interrupted;
            }
            error
        })
    }

    fn refuse_stopped(&self) -> Result<(), CommandError> {
        match self.stop.is_asked() {
            true => Err(CommandError::interrupted("it was stopped")),
            false => Ok(()),
        }
    }

    /// Nothing has been done to the job: it stays as it is.
    fn put_back(
        &self,
        ledger: &Ledger,
        before: &[Record],
        records: &[Record],
        error: CommandError,
    ) -> CommandError {
        match self.write(ledger, before.iter().zip(records).map(|(after, before)| next(after, before))) {
            Ok(()) => error.prefixed("it keeps its time: "),
            Err(_) => self.leave(ledger, records, &error),
        }
    }

    fn add_job(&self, ledger: &Ledger, records: Vec<Record>) -> Result<Vec<Record>, CommandError> {
        let target = self
            .refuse_stopped()
            .and_then(|()| self.connect())
            .map_err(|error| self.give_up(ledger, &records, error))?;
        let done = match self.place(&target, &records) {
            Ok((placed, schedule)) => self.confirm(ledger, &target, &records, &placed, &schedule),
            Err(NotPlaced { error, may_be_left: false }) => Err(self.give_up(ledger, &records, error)),
            Err(NotPlaced { error, .. }) => Err(self.leave(ledger, &records, &error)),
        };
        self.sign_off(&target);
        done
    }

    /// The job in the daily, and the name of its schedule.
    fn place(&self, target: &Target, records: &[Record]) -> Result<(Placed, String), NotPlaced> {
        let nothing = || CommandError::failed("there is nothing to schedule");
        let first = records.first().ok_or_else(nothing)?;
        let scheduled = first.scheduled.as_ref().ok_or_else(nothing)?;
        let schedule = there::ensure(self, target)?;
        let slot = there::slot(self, target.name(), &schedule, Slot::of_hour(&scheduled.at))?;
        self.refuse_stopped()?;
        let mut appointment = appointment(first, scheduled, schedule, slot);
        let placing = |appointment: &Appointment| {
            self.runtime.block_on(place(&*target.system, appointment, Wait::default()))
        };
        let mut placed = placing(&appointment);
        if let Err(PlaceError::Offset { time, source }) = &placed {
            let why = source.as_ref().map(|error| format!(": {}", error.on_one_line())).unwrap_or_default();
            self.ui.note(format!("`{}` does not move the start of a job to {time}{why}", target.name()));
            appointment.slot = there::add_frequency(self, target.name(), &appointment.slot)?;
            self.refuse_stopped()?;
            placed = placing(&appointment);
        }
        match placed {
            Ok(placed) => Ok((placed, appointment.schedule)),
            Err(error) => Err(NotPlaced { may_be_left: error.may_be_left(), error: error.into() }),
        }
    }

    /// Records that the job is there; if that cannot be, the job goes again.
    fn confirm(
        &self,
        ledger: &Ledger,
        target: &Target,
        records: &[Record],
        placed: &Placed,
        schedule: &str,
    ) -> Result<Vec<Record>, CommandError> {
        let scheduled: Vec<Record> =
            records.iter().map(|record| with_job(record, &placed.job, schedule)).collect();
        let entries = scheduled.iter().zip(records).map(|(after, before)| next(after, before));
        let error = match self.refuse_stopped().and_then(|()| self.write(ledger, entries)) {
            Ok(()) if self.came_too_early(target, &placed.job) => {
                let error = CommandError::failed("its time came before the record said so");
                return Err(self.give_up(ledger, &scheduled, error));
            }
            Ok(()) => {
                if placed.on_hold {
                    self.ui.warning(format!(
                        "the schedule is on hold in the daily of `{}`: nothing starts before somebody releases it",
                        target.name()
                    ));
                }
                return Ok(scheduled);
            }
            Err(error) => error,
        };
        match self.take_out(target, &placed.job, "it could not be recorded") {
            Ok(()) => Err(self.give_up(ledger, records, error)),
            Err(left) => {
                let error = CommandError::failed(format!("{}; {left}", error.for_record()));
                Err(self.leave(ledger, records, &error))
            }
        }
    }

    /// Whether OpCon has started the job already, and it found that nothing waited yet.
    fn came_too_early(&self, target: &Target, job: &str) -> bool {
        let found = self.runtime.block_on(target.system.daily_job(job)).ok();
        let code = found.and_then(|found| found.termination?.parse::<u8>().ok());
        code == Some(Exit::NothingWaits as u8)
    }

    fn connect(&self) -> Result<Target, CommandError> {
        let server = self.clock.server.clone();
        let target = Target::connect(self.repository, server, self.opcon_user.as_deref(), self.ui)?;
        self.runtime.block_on(target.system.sign_on())?;
        Ok(target)
    }

    fn sign_off(&self, target: &Target) {
        self.runtime.block_on(target.sign_off());
    }

    fn take_out(&self, target: &Target, job: &str, reason: &str) -> Result<(), TakeOutError> {
        self.runtime.block_on(take_out(&*target.system, job, reason, Wait::default())).map(|_| ())
    }

    /// Ends the records of what could not be scheduled; the error to report.
    fn give_up(&self, ledger: &Ledger, records: &[Record], error: CommandError) -> CommandError {
        let reason = not_scheduled(&error);
        let ended = records.iter().map(|record| {
            let ended = Record {
                status: Status::Failed,
                phase: Phase::Done,
                ended: Some(now()),
                reason: Some(reason.clone()),
                ..record.clone()
            };
            Entry::ended(&ended).seen(record, Entry::blob_of(record))
        });
        let written = self.write(ledger, ended);
        let error = error.prefixed("could not be scheduled: ");
        match written {
            Ok(()) => error,
            Err(open) => error.hint(format!(
                "its record is still open ({}): `opcon-deploy doctor --repair` ends it",
                one_line(open.message())
            )),
        }
    }

    /// Leaves the records open with what is known, for `doctor`; the error to report.
    fn leave(&self, ledger: &Ledger, records: &[Record], error: &CommandError) -> CommandError {
        let reason = not_scheduled(error);
        let told = |record: &Record| Record { reason: Some(reason.clone()), ..record.clone() };
        let told: Vec<Record> = records.iter().map(told).collect();
        if let Err(error) =
            self.write(ledger, told.iter().zip(records).map(|(after, before)| next(after, before)))
        {
            self.ui.detail(format!("their records do not say why: {}", one_line(error.message())));
        }
        CommandError::failed(reason).hint(STILL_THERE)
    }

    fn write(&self, ledger: &Ledger, entries: impl Iterator<Item = Entry>) -> Result<(), CommandError> {
        if let Some(entry) = entries.reduce(Entry::and) {
            self.runtime.block_on(ledger.write(entry))?;
        }
        Ok(())
    }
}

/// The record of before comes further.
fn next(after: &Record, before: &Record) -> Entry {
    Entry::progress(after).seen(after, Entry::blob_of(before))
}

fn not_scheduled(error: &CommandError) -> String {
    format!("could not be scheduled: {}", error.for_record())
}

/// What the job is asked to do, and when.
pub(in super::super) fn appointment(
    record: &Record,
    scheduled: &Scheduled,
    schedule: String,
    slot: Slot,
) -> Appointment {
    let job: BatchJob = job_of(record);
    let short = |text: String| text.chars().take(LONGEST).collect::<String>();
    let told_there = [
        ("DEPLOY_WHAT", scheduled.what.join(", ")),
        ("DEPLOY_SERVER", record.server.clone()),
        ("DEPLOY_USER", record.user.to_string()),
    ];
    Appointment {
        schedule,
        job,
        slot,
        record: record.id,
        told: told_there.into_iter().map(|(name, value)| (name.to_owned(), short(value))).collect(),
        reason: format!("{} at {}", record.user, told(&scheduled.at, &scheduled.zone)),
    }
}

fn with_job(record: &Record, job: &str, schedule: &str) -> Record {
    let mut record = record.clone();
    record.phase = Phase::Scheduled;
    if let Some(scheduled) = &mut record.scheduled {
        scheduled.job = Some(job.to_owned());
        scheduled.schedule = schedule.to_owned();
    }
    record
}
