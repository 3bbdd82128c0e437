//! Faults of the target at every request in turn: the target is as before or as
//! planned, the records say so, and what stood before can be put back.

use deploy_sandbox::SystemType;

use crate::harness::{Systems, World, starting};

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
        // As waiting for the end of a lease would.
        self.world.git(self.truth(), &["update-ref", "-d", "refs/opcon-deploy/locks/QA"]);
        let doctor = self.world.central(&["doctor", "--repair"]);
        assert_eq!(doctor.output.status.code(), Some(0), "{when}\n{doctor}");
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

    /// What the records say stands on the target, as the time at which it starts.
    fn recorded(&self) -> String {
        let tree = self.world.git(self.truth(), &["ls-tree", "-r", "--name-only", "deployments"]);
        assert!(!tree.contains("open/"), "{tree}");
        let deployed = tree.lines().find(|path| path.ends_with("Payroll/deployed.json")).unwrap();
        let text = self.world.git(self.truth(), &["show", &format!("deployments:{deployed}")]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value["scheduleList"][0]["startTime"].as_str().unwrap().to_owned()
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
        number += 1;
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
