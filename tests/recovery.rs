//! Faults of the target at every request in turn: the target is as before or as
//! planned, the records say so, and what stood before can be put back.

use deploy_sandbox::SystemType;
use snapbox::{assert_data_eq, str};

use crate::harness::{Run, Systems, World, starting};

/// What is interrupted again and again.
pub const DEPLOY: &[&str] = &["deploy", "Payroll", "--to", "QA", "--accept-existing", "--accept-pinned"];
/// More requests, or runs of git, than a deployment takes.
pub const MANY: usize = 100;

/// A schedule that stands on a target, and a version of it that is to come there.
pub struct Story {
    pub systems: Systems,
    pub world: World,
    remote: bool,
}

impl Story {
    pub fn begin(remote: bool) -> Self {
        let systems = Systems::empty(&[("QA", SystemType::QualityAssurance)]);
        let world = World::with_systems(&systems);
        if remote {
            world.add_remote();
        }
        let options: &[&str] = if remote { &["--push"] } else { &[] };
        world.import("central", &starting("Payroll", "06:00"), options).ok();
        world.central(&["deploy", "Payroll", "--to", "QA"]).ok();
        world.import("central", &starting("Payroll", "07:00"), options).ok();
        Self { systems, world, remote }
    }

    /// Where the records are.
    fn truth(&self) -> &str {
        if self.remote { "remote.git" } else { "central" }
    }

    /// Ends what was left behind; the records must say what stands there then, and the
    /// version before must come back. Whether the target had been changed.
    #[track_caller]
    pub fn assert_recovers(&self, when: &str) -> bool {
        let doctor = self.repair(when);
        let stands = self.systems.starts("QA", "Payroll");
        assert_eq!(stands, self.recorded(), "{when}\n{doctor}");
        assert!(stands == "06:00" || stands == "07:00", "{when}\n{doctor}");
        let is_changed = stands == "07:00";
        if is_changed {
            self.world.central(&["rollback", "Payroll", "--on", "QA", "--yes"]).ok();
            assert_eq!(self.systems.starts("QA", "Payroll"), "06:00", "{when}\n{doctor}");
        }
        is_changed
    }

    /// Ends what was left behind.
    #[track_caller]
    pub fn repair(&self, when: &str) -> Run {
        // As waiting for the end of a lease would.
        self.world.git(self.truth(), &["update-ref", "-d", "refs/opcon-deploy/locks/QA"]);
        let doctor = self.world.central(&["doctor", "--repair"]);
        assert_eq!(doctor.output.status.code(), Some(0), "{when}\n{doctor}");
        doctor
    }

    /// When what the records say stands there starts, Payroll before Billing.
    pub fn recorded_all(&self) -> Vec<String> {
        let of = |name: &str| {
            let tree = self.world.git(self.truth(), &["ls-tree", "-r", "--name-only", "deployments"]);
            assert!(!tree.contains("open/"), "{tree}");
            let path = tree.lines().find(|path| path.ends_with(&format!("{name}/deployed.json")))?.to_owned();
            let text = self.world.git(self.truth(), &["show", &format!("deployments:{path}")]);
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            Some(value["scheduleList"][0]["startTime"].as_str().unwrap().to_owned())
        };
        ["Payroll", "Billing"].into_iter().filter_map(of).collect()
    }

    /// The ids of the operations that are open.
    fn open(&self) -> Vec<String> {
        let tree = self.world.git(self.truth(), &["ls-tree", "-r", "--name-only", "deployments"]);
        let records =
            tree.lines().filter_map(|path| path.strip_prefix("open/")?.strip_suffix("/record.toml"));
        records.map(str::to_owned).collect()
    }

    /// What the records say stands on the target, as the time at which it starts.
    pub fn recorded(&self) -> String {
        self.recorded_all().remove(0)
    }
}

/// Lets a fault strike each request in turn, until none is left to strike.
fn at_every_request(fault: &str, calls: &str) {
    let story = Story::begin(false);
    let (mut ended_well, mut number) = (0, 1);
    loop {
        assert!(number < MANY);
        let before = story.systems.requests().len();
        story.systems.set_fault(format!("{fault}#{number}{calls}").parse().unwrap());
        let run = story.world.central(DEPLOY);
        let asked = story.systems.requests().len() - before;
        story.systems.clear_faults();
        let when = format!("{fault} at request {number}\n{run}");
        let is_changed = story.assert_recovers(&when);
        // What the command says is true.
        if run.output.status.success() {
            ended_well += 1;
            assert!(is_changed, "{when}");
        }
        if asked < number {
            break;
        }
        // What fails from then on is tried again and again by the client, which takes its time.
        number += if calls.is_empty() { 1 } else { 3 };
    }
    assert!(number > 6 && ended_well > 0, "{number} requests, {ended_well} times it ended well");
}

#[test]
fn one_failure() {
    at_every_request("error=500", "");
}

#[test]
fn failure_from_then_on() {
    at_every_request("error=500", "+");
}

#[test]
fn a_connection_that_breaks() {
    at_every_request("reset", "");
}

#[test]
fn an_answer_that_is_lost() {
    at_every_request("lost-answer", "");
}

#[test]
fn an_answer_that_breaks_off() {
    at_every_request("truncate=1", "");
}

#[test]
fn a_token_that_expires() {
    at_every_request("expired-token", "");
}

#[test]
fn an_answer_that_was_lost_is_found_out_by_reading_back() {
    let story = Story::begin(false);
    story.systems.set_fault("lost-answer@POST /impex2/schedules#1".parse().unwrap());
    assert_data_eq!(
        story.world.central(DEPLOY).ok().to_string(),
        str![[r#"
Payroll  version 2 on QA
--- stderr
Record [record]
Warning: the target's answer was lost; what stands there was read back and is as planned
--- exit 0

"#]]
    );
    story.systems.clear_faults();
    story.systems.set_fault("reset@POST /impex2/schedules#1".parse().unwrap());
    assert_data_eq!(
        story.world.central(DEPLOY).exits(1).to_string(),
        str![[r#"
--- stderr
Error: cannot insert `Payroll` into `QA` (http://127.0.0.1:[..]/impex2/schedules): the connection broke before the answer was complete: Connection reset by peer (os error 104); on `QA` `Payroll` is as it was before
--- exit 1

"#]]
    );
}

#[test]
fn a_target_that_holds_something_else_is_told_or_put_back() {
    let story = Story::begin(false);
    story.systems.set_fault("alter-insert@POST /impex2/schedules#1".parse().unwrap());
    assert_data_eq!(
        story.world.central(DEPLOY).exits(1).to_string(),
        str![[r#"
Payroll  version 2 on QA
--- stderr
Record [record]
Warning: `Payroll` does not stand there as it was sent:
  Payroll
    ~ startTime 07:00 → 03:33
--- exit 1

"#]]
    );
    assert_eq!(story.systems.starts("QA", "Payroll"), "03:33");
    // The record says what stands there: it is no drift.
    assert_eq!(story.recorded(), "03:33");
    story.world.central(&["rollback", "Payroll", "--on", "QA", "--yes"]).ok();

    let settings = story.world.read("central/deploy.toml");
    let settings = settings.replace("[deploy]", "[deploy]\non_mismatch = \"rollback\"");
    let settings = if settings.contains("on_mismatch") {
        settings
    } else {
        settings + "\n[deploy]\non_mismatch = \"rollback\"\n"
    };
    story.world.write("central/deploy.toml", settings);
    story.world.commit_all("Roll back by itself");
    story.systems.clear_faults();
    story.systems.set_fault("alter-insert@POST /impex2/schedules#1".parse().unwrap());
    assert_data_eq!(
        story.world.central(DEPLOY).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `QA` took `Payroll`, but did not hold what was sent; what stood there before was put back: ~ startTime 07:00 → 03:33
--- exit 1

"#]]
    );
    assert_eq!(story.systems.starts("QA", "Payroll"), "06:00");
    assert_eq!(story.recorded(), "06:00");
    // What stood there cannot be put back either: that is left open, and told.
    story.systems.clear_faults();
    story.systems.set_fault("alter-insert@POST /impex2/schedules#1".parse().unwrap());
    story.systems.set_fault("error=409@POST /impex2/schedules#2".parse().unwrap());
    assert_data_eq!(
        story.world.central(DEPLOY).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `Payroll` on `QA`: it does not hold what was sent, and what stood there before could not be put back: cannot insert `Payroll` into `QA` (http://127.0.0.1:[..]/impex2/schedules): refused with status 409: A fault was asked for
Hint: `opcon-deploy rollback --record [record]` puts back what stood there before
--- exit 1

"#]]
    );
    story.systems.clear_faults();
    assert_data_eq!(
        story.world.central(&["doctor"]).exits(3).to_string(),
        str![[r#"
operation  deploy of `Payroll` on `QA`, begun by Ann Ops ([..]): left open: it does not hold what was sent, and what stood there before could not be put back: cannot insert `Payroll` into `QA` (http://127.0.0.1:[..]/impex2/schedules): refused with status 409: A fault was asked for; record [record]
--- stderr
Hint: `opcon-deploy doctor --repair` finishes it, or undoes it, by what stands on the targets
--- exit 3

"#]]
    );
    assert_data_eq!(
        story.world.central(&["doctor", "--repair"]).exits(1).to_string(),
        str![[r#"
operation  deploy of `Payroll` on `QA`, begun by Ann Ops ([..]): left open: it does not hold what was sent, and what stood there before could not be put back: cannot insert `Payroll` into `QA` (http://127.0.0.1:[..]/impex2/schedules): refused with status 409: A fault was asked for; record [record]
--- stderr
Warning: `Payroll` on `QA`: `Payroll` is neither what stood there before nor what was sent
Hint: `opcon-deploy rollback --record [record]` puts back what stood there before
--- exit 1

"#]]
    );
    let id = story.open().remove(0);
    assert_data_eq!(
        story.world.central(&["rollback", "--record", &id, "--yes"]).ok().to_string(),
        str![[r#"
Payroll  version 1 on QA
--- stderr
Payroll: version 1 comes back
  Payroll
    ~ startTime 03:33 → 06:00
Warning: an earlier command left `Payroll` open: `Payroll` on `QA`: `Payroll` is neither what stood there before nor what was sent
Record [record]
--- exit 0

"#]]
    );
    assert_eq!(story.systems.starts("QA", "Payroll"), "06:00");
    assert_data_eq!(
        story.world.central(&["doctor"]).ok().to_string(),
        str![[r#"
--- stderr
Nothing was left behind
--- exit 0

"#]]
    );
}

#[test]
fn an_operation_that_was_left_open_is_ended_by_the_next_command() {
    let story = Story::begin(false);
    // The insert is done, nothing can be read any more.
    story.systems.set_fault("error=500@GET /impex2/schedules/*#2+".parse().unwrap());
    assert_data_eq!(
        story.world.central(DEPLOY).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `Payroll` on `QA`: it was taken, but could not be read back: cannot extract `Payroll` from `QA` (http://127.0.0.1:[..]/impex2/schedules/Payroll): the system failed with status 500: A fault was asked for
Hint: `opcon-deploy doctor --repair` finishes it, or undoes it, by what stands there
--- exit 1

"#]]
    );
    assert_eq!(story.open().len(), 1);
    story.systems.clear_faults();
    story.world.import("central", &starting("Billing", "06:00"), &[]).ok();
    assert_data_eq!(
        story.world.central(&["deploy", "Billing", "--to", "QA"]).ok().to_string(),
        str![[r#"
Billing  version 1 on QA
--- stderr
Warning: an earlier command left `Payroll` open: it stands there as planned, and is recorded as active
Record [record]
--- exit 0

"#]]
    );
    assert_eq!(story.open().len(), 0);
    assert_eq!(story.recorded(), "07:00");
}
