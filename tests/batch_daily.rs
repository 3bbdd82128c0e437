//! A job into the daily of a batch server and out of it again, whatever goes wrong.

use chrono::{DateTime, FixedOffset};
use deploy_core::definition::Definition;
use deploy_core::deploy::batch::{
    Appointment, BatchJob, PlaceError, Placed, RECORD_PROPERTY, Slot, TakeOutError, TakenOut, find, place,
    take_out,
};
use deploy_core::opcon::{DailyJob, HttpSystem, ImportRules, OpConSystem as _, ScheduleAction, Wait};
use deploy_core::repository::records::RecordId;
use deploy_sandbox::{Config, Seed, SystemConfig, SystemType};

use crate::batch_templates::shipped;
use crate::harness::Systems;

/// What the clock of the sandbox shows at first.
const START: &str = "2031-05-06T12:00:00Z";

fn time(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

/// A batch server that has the template, with a clock that stands still.
struct Batch {
    systems: Systems,
    client: HttpSystem,
}

impl Batch {
    fn new() -> Self {
        let systems = Systems::start(Config {
            systems: vec![SystemConfig::new("BATCH", SystemType::Production)],
            seed: Seed::Retail,
            ..Config::default()
        });
        systems.clock().stop_at(time(START).to_utc());
        let template = shipped("templates/BATCH_DEPLOY.json")
            .replace("DEPLOY_MACHINE", "SANDBOX")
            .replace("DOMAIN\\\\deploy", "CORP\\\\svc_retail");
        let client = systems.client("BATCH");
        let definition = Definition::read(template.as_bytes()).unwrap();
        systems.runtime.block_on(client.insert(&definition, &ImportRules::default())).unwrap();
        Self { systems, client }
    }

    fn place(&self, appointment: &Appointment) -> Result<Placed, PlaceError> {
        self.systems.runtime.block_on(place(&self.client, appointment, Wait::default()))
    }

    fn take_out(&self, job: &str) -> Result<TakenOut, TakeOutError> {
        self.systems.runtime.block_on(take_out(&self.client, job, "not wanted", Wait::default()))
    }

    fn find(&self, appointment: &Appointment) -> Option<String> {
        self.systems.runtime.block_on(find(&self.client, appointment)).unwrap()
    }

    fn job(&self, id: &str) -> DailyJob {
        self.systems.runtime.block_on(self.client.daily_job(id)).unwrap()
    }

    /// The state of a job once the clock has reached a time.
    fn state_at(&self, job: &str, at: &str) -> String {
        self.systems.clock().stop_at(time(at).to_utc());
        self.job(job).status.description.unwrap()
    }

    /// The jobs in the daily of a day besides that which keeps the schedule open.
    fn jobs(&self, appointment: &Appointment) -> Vec<DailyJob> {
        self.systems.runtime.block_on(async {
            let mut jobs = Vec::new();
            for one in self.client.daily_schedules("BATCH_DEPLOY", &[appointment.slot.date]).await.unwrap() {
                jobs.extend(self.client.daily_jobs(&one.id).await.unwrap());
            }
            jobs.retain(|job| job.name != "DAY");
            jobs
        })
    }
}

fn appointment(at: &str) -> Appointment {
    Appointment {
        schedule: "BATCH_DEPLOY".to_owned(),
        job: BatchJob::DeploySchedule,
        slot: Slot::of_hour(&time(at)),
        record: RecordId::new(),
        told: vec![("DEPLOY_SERVER".to_owned(), "PROD".to_owned())],
        reason: "release 7".to_owned(),
    }
}

#[test]
fn a_job_starts_at_its_minute_and_not_before() {
    let batch = Batch::new();
    for (at, before) in [
        ("2031-05-06T18:00:00Z", "2031-05-06T17:59:00Z"),
        ("2031-05-07T18:37:00Z", "2031-05-07T18:36:00Z"),
        ("2031-05-08T00:00:00Z", "2031-05-07T23:59:00Z"),
        ("2031-05-09T23:59:00Z", "2031-05-09T23:58:00Z"),
    ] {
        let wanted = appointment(at);
        let placed = batch.place(&wanted).unwrap();
        assert!(placed.built && !placed.on_hold, "{at}");
        let job = batch.job(&placed.job);
        assert_eq!(job.properties[0], (RECORD_PROPERTY.to_owned(), wanted.record.to_string()));
        assert_eq!(job.properties[1].1, "PROD");
        assert_eq!(batch.find(&wanted), Some(placed.job.clone()));
        assert!(!["Job Running", "Finished OK"].contains(&&*batch.state_at(&placed.job, before)), "{at}");
        assert_eq!(batch.state_at(&placed.job, at), "Job Running", "{at}");
    }
}

#[test]
fn several_jobs_share_the_schedule_of_a_day() {
    let batch = Batch::new();
    let (first, second) = (appointment("2031-05-06T18:30:00Z"), appointment("2031-05-06T18:30:00Z"));
    let one = batch.place(&first).unwrap();
    let other = batch.place(&second).unwrap();
    assert!(one.built && !other.built);
    assert_ne!(one.job, other.job);
    assert_eq!(batch.find(&first), Some(one.job));
    assert_eq!(batch.find(&second), Some(other.job));
    assert_eq!(batch.find(&appointment("2031-05-06T18:30:00Z")), None);
}

#[test]
fn a_schedule_on_hold_is_told_of() {
    let batch = Batch::new();
    let wanted = appointment("2031-05-06T18:00:00Z");
    batch.place(&wanted).unwrap();
    batch.systems.runtime.block_on(async {
        let instance = batch.client.daily_schedules("BATCH_DEPLOY", &[wanted.slot.date]).await.unwrap();
        let (id, hold) = (&instance[0].id, ScheduleAction::Hold);
        batch.client.act_on_schedule(id, hold, "maintenance", Wait::default()).await.unwrap();
    });
    assert!(batch.place(&appointment("2031-05-06T19:00:00Z")).unwrap().on_hold);
}

/// Everything that is asked for on the way, with a fault that loses the answer: the job is there, once.
#[test]
fn a_lost_answer_is_settled_by_looking() {
    for request in [
        "POST /api/schedulebuilds",
        "POST /api/scheduleactions",
        "PUT /api/dailyjobs/*",
        "POST /api/jobactions",
    ] {
        let batch = Batch::new();
        batch.systems.set_fault(format!("lost-answer@{request}#1").parse().unwrap());
        let wanted = appointment("2031-05-06T18:37:00Z");
        let placed = batch.place(&wanted).unwrap_or_else(|error| panic!("{request}: {error}"));
        assert_eq!(batch.jobs(&wanted).len(), 1, "{request}");
        assert_eq!(batch.state_at(&placed.job, "2031-05-06T18:37:00Z"), "Job Running", "{request}");
    }
}

/// The same with requests that are refused: nothing is left in the daily.
#[test]
fn what_cannot_be_placed_is_out_again() {
    for (fault, said) in [
        ("error=500@GET /api/dailyschedules", "the system failed with status 500"),
        ("error=400@POST /api/schedulebuilds", "cannot build `BATCH_DEPLOY`"),
        ("error=400@POST /api/scheduleactions", "cannot add the job `DEPLOY_SCHEDULE`"),
        ("error=403@PUT /api/dailyjobs/*", "OpCon does not set the start of the job to 18:37"),
        ("error=500@PUT /api/dailyjobs/*", "cannot change the start of the daily job"),
        ("error=500@POST /api/jobactions#1", "cannot release the daily job"),
    ] {
        let batch = Batch::new();
        batch.systems.set_fault(fault.parse().unwrap());
        let wanted = appointment("2031-05-06T18:37:00Z");
        let error = batch.place(&wanted).unwrap_err();
        batch.systems.clear_faults();
        let mut shown = error.to_string();
        let mut source: Option<&dyn std::error::Error> = std::error::Error::source(&error);
        while let Some(error) = source {
            shown = format!("{shown}: {error}");
            source = error.source();
        }
        assert!(shown.contains(said), "{fault}: {shown}");
        assert!(!error.may_be_left(), "{fault}: {shown}");
        assert!(batch.jobs(&wanted).is_empty(), "{fault}");
        // Whoever can offer another frequency is to know.
        assert_eq!(matches!(error, PlaceError::Offset { .. }), fault.contains("=403@PUT"), "{fault}");
    }
}

#[test]
fn a_job_that_cannot_be_taken_out_again_is_named() {
    let batch = Batch::new();
    batch.systems.set_fault("error=403@PUT /api/dailyjobs/*".parse().unwrap());
    batch.systems.set_fault("error=500@POST /api/DeleteActions".parse().unwrap());
    let wanted = appointment("2031-05-06T18:37:00Z");
    let error = batch.place(&wanted).unwrap_err();
    assert!(error.may_be_left());
    let left = batch.find(&wanted).unwrap();
    assert!(error.to_string().contains(&format!("the job `{left}` is still in the daily")), "{error}");
    // It never starts by itself.
    assert_eq!(batch.state_at(&left, "2031-05-06T23:59:00Z"), "On Hold");
    let batch = Batch::new();
    batch.systems.set_fault("lost-answer@POST /api/scheduleactions#1".parse().unwrap());
    batch.systems.set_fault("error=500@GET /api/dailyjobs".parse().unwrap());
    let error = batch.place(&appointment("2031-05-06T18:00:00Z")).unwrap_err();
    assert!(error.may_be_left(), "{error}");
    assert!(error.to_string().contains("whether the job got into the daily could not be seen"), "{error}");
}

#[test]
fn a_frequency_that_is_not_there_is_named() {
    let batch = Batch::new();
    let mut wanted = appointment("2031-05-06T18:37:00Z");
    wanted.slot = wanted.slot.exactly();
    let error = batch.place(&wanted).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("has no frequency 'DEP-FRQ-18:37'"), "{error}: {cause}");
    assert!(batch.jobs(&wanted).is_empty());
}

#[test]
fn a_job_comes_out_until_it_has_begun() {
    let batch = Batch::new();
    let wanted = appointment("2031-05-06T18:00:00Z");
    let placed = batch.place(&wanted).unwrap();
    assert_eq!(batch.take_out(&placed.job).unwrap(), TakenOut::Removed);
    assert!(batch.jobs(&wanted).is_empty());
    assert_eq!(batch.take_out(&placed.job).unwrap(), TakenOut::NotThere);

    let placed = batch.place(&wanted).unwrap();
    assert_eq!(batch.state_at(&placed.job, "2031-05-06T18:01:00Z"), "Job Running");
    let error = batch.take_out(&placed.job).unwrap_err();
    let said = format!("the daily job `{}` has begun: OpCon says `Job Running`", placed.job);
    assert_eq!(error.to_string(), said);
    assert_eq!(batch.jobs(&wanted).len(), 1);
    // One that has ended stays: it is what happened.
    assert_eq!(batch.state_at(&placed.job, "2031-05-06T18:10:00Z"), "Finished OK");
    assert_eq!(batch.take_out(&placed.job).unwrap(), TakenOut::Ended);
    assert_eq!(batch.jobs(&wanted).len(), 1);
    // It is not taken for one that was to be added later that day.
    assert_eq!(batch.find(&wanted), None);
    batch.systems.set_fault("error=400@POST /api/scheduleactions".parse().unwrap());
    let later = Appointment { slot: appointment("2031-05-06T19:00:00Z").slot, ..wanted };
    assert!(batch.place(&later).is_err());
}

#[test]
fn an_answer_lost_while_taking_out_is_settled_by_looking() {
    for request in ["POST /api/jobactions", "POST /api/DeleteActions"] {
        let batch = Batch::new();
        let wanted = appointment("2031-05-06T18:00:00Z");
        let placed = batch.place(&wanted).unwrap();
        batch.systems.set_fault(format!("lost-answer@{request}#1").parse().unwrap());
        assert_eq!(batch.take_out(&placed.job).unwrap(), TakenOut::Removed, "{request}");
        assert!(batch.jobs(&wanted).is_empty(), "{request}");
    }
    // What is refused is told, and the job stays.
    let batch = Batch::new();
    let wanted = appointment("2031-05-06T18:00:00Z");
    let placed = batch.place(&wanted).unwrap();
    batch.systems.set_fault("error=403@POST /api/DeleteActions".parse().unwrap());
    let error = batch.take_out(&placed.job).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the daily job `{}` is on hold, but still in the daily", placed.job)
    );
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("cannot delete from the daily of `BATCH`"), "{cause}");
    assert_eq!(batch.state_at(&placed.job, "2031-05-06T19:30:00Z"), "On Hold");
}
