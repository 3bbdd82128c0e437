//! Whatever is done to two servers, by commands and by hand: the records alone
//! say what stands there, and hold what stood there before.

use std::collections::{BTreeMap, BTreeSet};

use deploy_core::definition::{Definition, Purpose, equal};
use deploy_sandbox::SystemType;
use proptest::prelude::*;
use serde_json::Value;

use crate::harness::{Systems, World, starting};

const SERVERS: [&str; 2] = ["QA", "PROD"];
const SCHEDULES: [&str; 3] = ["Alpha", "Beta", "Gamma"];

/// Something that happens; the numbers pick a server and a schedule.
#[derive(Debug, Clone)]
enum Step {
    /// Schedules, or the package of all of them, go out in one transaction.
    Deploy(usize, Vec<usize>),
    DeployPackage(usize),
    Rollback(usize, usize),
    RollbackPackage(usize),
    Delete(usize, usize),
    /// A new version in the repository.
    Import(usize),
    /// Somebody changes a schedule on a server, or removes it there.
    Change(usize, usize),
    Remove(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (server, schedule) = (0..SERVERS.len(), 0..SCHEDULES.len());
    let both = (server.clone(), schedule.clone());
    let some = prop::sample::subsequence(vec![0, 1, 2], 1..=3);
    prop_oneof![
        4 => (server.clone(), some).prop_map(|(server, some)| Step::Deploy(server, some)),
        2 => server.clone().prop_map(Step::DeployPackage),
        3 => both.clone().prop_map(|(server, schedule)| Step::Rollback(server, schedule)),
        1 => server.prop_map(Step::RollbackPackage),
        1 => both.clone().prop_map(|(server, schedule)| Step::Delete(server, schedule)),
        3 => schedule.prop_map(Step::Import),
        3 => both.clone().prop_map(|(server, schedule)| Step::Change(server, schedule)),
        1 => both.prop_map(|(server, schedule)| Step::Remove(server, schedule)),
    ]
}

/// A server and a schedule.
type Place = (&'static str, &'static str);
/// When each schedule starts that stands somewhere: no two states start at the same time.
type Stands = BTreeMap<Place, String>;

/// The servers, the repository, and what is known to be true of them.
struct Story {
    systems: Systems,
    world: World,
    /// The next time at which something starts.
    minutes: usize,
    /// Where something was done by hand since the last command.
    by_hand: BTreeSet<Place>,
    /// What a command has replaced.
    replaced: BTreeSet<String>,
}

impl Story {
    fn begin() -> Self {
        let systems =
            Systems::empty(&[("QA", SystemType::QualityAssurance), ("PROD", SystemType::Production)]);
        let world = World::with_systems(&systems);
        let mut story =
            Self { systems, world, minutes: 0, by_hand: BTreeSet::new(), replaced: BTreeSet::new() };
        for schedule in SCHEDULES {
            story.import(schedule);
        }
        story.world.central(&[&["package", "create", "ALL"], &SCHEDULES[..]].concat()).ok();
        story
    }

    fn time(&mut self) -> String {
        self.minutes += 1;
        format!("{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }

    fn import(&mut self, schedule: &str) {
        let time = self.time();
        self.world.import("central", &starting(schedule, &time), &[]).ok();
    }

    fn stands(&self) -> Stands {
        let all =
            SERVERS.iter().flat_map(|server| SCHEDULES.iter().map(move |schedule| (*server, *schedule)));
        let standing =
            all.filter_map(|place| Some((place, self.systems.starts(place.0, place.1).as_str()?.to_owned())));
        standing.collect()
    }

    fn take(&mut self, step: &Step) {
        let accepted =
            ["--accept-drift", "--accept-existing", "--accept-unknown", "--accept-pinned", "--yes"];
        match step {
            Step::Import(schedule) => self.import(SCHEDULES[*schedule]),
            Step::Change(server, schedule) | Step::Remove(server, schedule) => {
                let (server, schedule) = (SERVERS[*server], SCHEDULES[*schedule]);
                if self.systems.starts(server, schedule).is_null() {
                    return;
                }
                if matches!(step, Step::Remove(..)) {
                    self.systems.remove(server, schedule);
                } else {
                    let time = self.time();
                    self.systems.edit(server, schedule, |value| value["startTime"] = time.clone().into());
                }
                self.by_hand.insert((server, schedule));
            }
            Step::Deploy(server, some) => {
                let some: Vec<&str> = some.iter().map(|schedule| SCHEDULES[*schedule]).collect();
                let to = [&["--to", SERVERS[*server]], &accepted[..]].concat();
                assert!(self.command(&[&["deploy"], &some[..], &to[..]].concat()));
            }
            Step::DeployPackage(server) => {
                self.world.central(&["package", "update", "ALL"]).ok();
                let to = [&["--to", SERVERS[*server]], &accepted[..]].concat();
                assert!(self.command(&[&["deploy", "package:ALL"], &to[..]].concat()));
            }
            Step::Rollback(server, schedule) => {
                let (server, schedule) = (SERVERS[*server], SCHEDULES[*schedule]);
                self.command(&["rollback", schedule, "--on", server, "--accept-drift", "--yes"]);
            }
            Step::RollbackPackage(server) => {
                let server = SERVERS[*server];
                self.command(&["rollback", "package:ALL", "--on", server, "--accept-drift", "--yes"]);
            }
            Step::Delete(server, schedule) => {
                self.command(&["delete", SCHEDULES[*schedule], "--from", SERVERS[*server], "--yes"]);
            }
        }
    }

    /// Runs a command that changes a server; whether it did. What it refuses or cannot do it leaves alone.
    fn command(&mut self, args: &[&str]) -> bool {
        let before = self.stands();
        let run = self.world.central(args);
        let after = self.stands();
        let done = run.output.status.success();
        assert!(done || before == after, "{run}");
        assert!(matches!(run.output.status.code(), Some(0 | 1 | 4)), "{run}");
        for (place, time) in &before {
            if after.get(place) != Some(time) {
                self.replaced.insert(time.clone());
            }
        }
        if done {
            let server = args.iter().find(|arg| SERVERS.contains(arg)).unwrap();
            let named = |schedule: &str| args.contains(&schedule) || args[1] == "package:ALL";
            self.by_hand.retain(|(on, schedule)| on != server || !named(schedule));
        }
        done
    }

    /// The records say what stands there, wherever nobody did anything by hand since.
    fn assert_rebuilt(&self) {
        let told = Replayed::of(&self.world);
        for server in SERVERS {
            for schedule in SCHEDULES {
                let recorded = told.active.get(&(server.to_owned(), schedule.to_owned()));
                let standing = self.systems.stands(server, schedule);
                let by_hand = self.by_hand.contains(&(server, schedule));
                match recorded {
                    _ if by_hand => {}
                    None => assert!(standing.is_null(), "{schedule} on {server}: {standing}"),
                    Some((_, recorded)) => {
                        let recorded = Definition::read(recorded.as_bytes()).unwrap();
                        assert!(
                            equal(recorded.value(), &standing, Purpose::Target),
                            "{schedule} on {server}: {standing}"
                        );
                    }
                }
            }
        }
        let lost: Vec<&String> = self.replaced.difference(&told.stood).collect();
        assert!(lost.is_empty(), "{lost:?} stood somewhere, and no record holds it");
        assert!(!told.is_open, "an operation is open that ended");
    }
}

/// What the branch of the records says, read commit by commit.
#[derive(Default)]
struct Replayed {
    /// By server and schedule: the record of what stands there, and what that is.
    active: BTreeMap<(String, String), (String, String)>,
    /// When everything starts that was found on a server before it was changed.
    stood: BTreeSet<String>,
    is_open: bool,
}

impl Replayed {
    fn of(world: &World) -> Self {
        let mut told = Self::default();
        let branch = world.finish(world.command("git", "central").args([
            "rev-parse",
            "--verify",
            "-q",
            "deployments",
        ]));
        if !branch.output.status.success() {
            return told;
        }
        let commits = world.git("central", &["rev-list", "--reverse", "deployments"]);
        for commit in commits.lines() {
            told.follow(world, commit);
        }
        told
    }

    fn follow(&mut self, world: &World, commit: &str) {
        let message = world.git("central", &["log", "-1", "--format=%B", commit]);
        let tree = world.git("central", &["ls-tree", "-r", "--name-only", commit]);
        let show = |path: &str| world.git("central", &["show", &format!("{commit}:{path}")]);
        self.is_open = tree.contains("open/");
        for rollback in tree.lines().filter(|path| path.ends_with("/rollback.json")) {
            let value: Value = serde_json::from_str(&show(rollback)).unwrap();
            self.stood.insert(value["scheduleList"][0]["startTime"].as_str().unwrap().to_owned());
        }
        for block in message.split("Record-Id: ").skip(1) {
            let id = block.lines().next().unwrap().to_owned();
            let field = |key: &str| {
                block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).unwrap_or_default()
            };
            let place = (field("Server").to_owned(), field("Name").to_owned());
            match field("Status") {
                "Active" if field("Kind") == "schedule" => {
                    let file = format!("/{}/deployed.json", place.1);
                    let folder = format!("active/{}/", place.0);
                    let path = tree.lines().find(|path| path.starts_with(&folder) && path.ends_with(&file));
                    self.active.insert(place, (id, show(path.unwrap())));
                }
                "Inactive" | "Rolledback" | "Deleted"
                    if self.active.get(&place).is_some_and(|(active, _)| *active == id) =>
                {
                    self.active.remove(&place);
                }
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8, max_shrink_iters: 24, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn records_rebuild_the_state_of_both_servers(steps in prop::collection::vec(step(), 3..12)) {
        let mut story = Story::begin();
        for step in &steps {
            story.take(step);
        }
        story.assert_rebuilt();
    }
}

/// Each kind of step at least once, in an order in which each does something.
#[test]
fn every_step_counts() {
    let mut story = Story::begin();
    let steps = [
        Step::Deploy(0, vec![0, 1]),
        Step::Change(0, 0),
        Step::Import(0),
        Step::Deploy(0, vec![0]),
        Step::DeployPackage(1),
        Step::Import(2),
        Step::Remove(1, 1),
        Step::DeployPackage(1),
        Step::RollbackPackage(1),
        Step::Rollback(0, 0),
        Step::Delete(0, 1),
        Step::Change(1, 2),
    ];
    for step in &steps {
        story.take(step);
        story.assert_rebuilt();
    }
    let stands: Vec<(Place, String)> = story.stands().into_iter().collect();
    let expected = [(("PROD", "Alpha"), "00:05"), (("PROD", "Gamma"), "00:07"), (("QA", "Alpha"), "00:04")];
    let expected: Vec<(Place, String)> =
        expected.into_iter().map(|(place, time)| (place, time.to_owned())).collect();
    assert_eq!(stands, expected);
    assert!(story.replaced.len() > 3, "{:?}", story.replaced);
}
