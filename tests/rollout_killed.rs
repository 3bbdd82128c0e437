//! Runners of rollouts, killed at every step: the next run ends what they began, and does
//! nothing twice.

use std::process::Stdio;

use crate::harness::rollouts::{inserts, production};
use crate::harness::{Systems, World, starting};
use crate::killed::{killed_once, killing_git, run_killed};
use crate::recovery::MANY;

/// Two systems, and a rollout that is killed again and again, each time of a new version.
struct Story {
    systems: Systems,
    world: World,
}

impl Story {
    fn begin(remote: bool) -> Self {
        let systems = production(&["PROD-A", "PROD-B"]);
        let world = World::with_systems(&systems);
        if remote {
            world.add_remote();
        }
        Self { systems, world }
    }

    /// Proposes a new version, the first of which stands once it is done.
    fn propose(&self, number: usize) -> (String, String) {
        let time = format!("{:02}:{:02}", number / 60, number % 60);
        self.world.import("central", &starting("Payroll", &time), &[]).ok();
        let id = format!("r{number}");
        self.world.propose(&id, "what = ['Payroll']\nto = ['group:production']\n");
        (id, time)
    }

    /// The next run does the rest of it, and each server was changed once.
    #[track_caller]
    fn assert_done(&self, id: &str, time: &str, before: usize, when: &str) {
        self.world.forget_leases();
        let again = self.world.run_due();
        assert_eq!(again.output.status.code(), Some(0), "{when}\n{again}");
        let states = self.world.states("central", id);
        assert_eq!(states, ["succeeded"; 2], "{when}\n{again}");
        assert_eq!(inserts(&self.systems) - before, 2, "{when}\n{again}");
        for server in ["PROD-A", "PROD-B"] {
            assert_eq!(self.systems.starts(server, "Payroll"), time, "{when}\n{again}");
        }
        // It is over, and nothing is left open.
        let silent = self.world.run_due().ok().to_string();
        assert!(silent.contains("Nothing was due"), "{when}\n{silent}");
    }
}

/// Before the work of every git in turn, or after it.
fn at_every_git(remote: bool, after: bool) {
    let story = Story::begin(remote);
    let mut touched = 0;
    for number in 1.. {
        assert!(number < MANY);
        let (id, time) = story.propose(number);
        let before = inserts(&story.systems);
        killing_git(&story.world, number, after);
        let run = run_killed(&story.world, &["rollout", "run", "--due"]);
        let calls = story.world.read("bin/count");
        let was_killed = run.output.status.code().is_none();
        touched += usize::from(was_killed && inserts(&story.systems) > before);
        let when = format!("killed at {}\n{run}", calls.lines().last().unwrap_or_default());
        story.assert_done(&id, &time, before, &when);
        if !was_killed {
            assert!(touched > 1, "no kill came after a target was touched");
            break;
        }
    }
    story.world.assert_sound("central");
}

/// While a request is held: before it is done, or before all of the answer is there.
fn at_every_request(fault: &str) {
    let story = Story::begin(false);
    let mut touched = 0;
    for number in 1.. {
        assert!(number < MANY);
        let (id, time) = story.propose(number);
        let (before, inserted) = (story.systems.requests().len(), inserts(&story.systems));
        story.systems.set_fault(format!("PROD-A:{fault}=600000#{number}").parse().unwrap());
        let mut program = story.world.program("central");
        program.args(["rollout", "run", "--due"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = program.spawn().unwrap();
        // What is held before it is done has not been recorded yet.
        let wanted = if fault == "latency" { number - 1 } else { number };
        let asked = || story.systems.requests()[before..].iter().filter(|one| one.system == "PROD-A").count();
        let ended = killed_once(&mut child, || asked() >= wanted);
        story.systems.clear_faults();
        touched += usize::from(!ended.success() && inserts(&story.systems) > inserted);
        story.assert_done(&id, &time, inserted, &format!("killed at request {number}"));
        if ended.success() {
            break;
        }
    }
    assert!(touched > 1, "no kill came after a target was touched");
}

#[test]
fn before_every_git_without_a_remote() {
    at_every_git(false, false);
}

#[test]
fn after_every_git_without_a_remote() {
    at_every_git(false, true);
}

#[test]
fn before_every_git_with_a_remote() {
    at_every_git(true, false);
}

#[test]
fn after_every_git_with_a_remote() {
    at_every_git(true, true);
}

#[test]
fn before_every_request_is_done() {
    at_every_request("latency");
}

#[test]
fn before_every_answer_is_there() {
    at_every_request("slow-body");
}
