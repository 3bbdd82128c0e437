//! Any sequence of deployments, changes by hand, rollbacks and deletions on two
//! servers leaves records from which the state of both can be told, then and now.

use deploy_sandbox::SystemType;
use serde_json::json;

use crate::harness::{Systems, World, starting};

const SERVERS: [&str; 2] = ["QA", "PROD"];

/// What is known to stand on a server.
#[derive(Debug, Default)]
struct Model {
    /// When the schedule starts there; none where it does not stand there.
    stands: Option<String>,
    /// What the records must say.
    recorded: Option<String>,
    /// What stood there before the last operation; none where there is nothing to undo.
    undo: Option<Option<String>>,
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn time(&mut self) -> String {
        format!("{:02}:{:02}", self.roll(24), self.roll(60))
    }
}

/// What the records of a commit say stands on a server.
fn recorded(world: &World, commit: &str, server: &str) -> Option<String> {
    let tree = world.git("central", &["ls-tree", "-r", "--name-only", commit]);
    let path = format!("active/{server}/53/Payroll/deployed.json");
    if !tree.lines().any(|line| line == path) {
        return None;
    }
    let text = world.git("central", &["show", &format!("{commit}:{path}")]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    Some(value["scheduleList"][0]["startTime"].as_str().unwrap().to_owned())
}

fn step(systems: &Systems, world: &World, dice: &mut Dice, models: &mut [Model; 2]) -> String {
    let at = dice.roll(2) as usize;
    let (server, model) = (SERVERS[at], &mut models[at]);
    let accept =
        ["--accept-drift", "--accept-existing", "--accept-unknown", "--accept-warnings", "--accept-pinned"];
    match dice.roll(6) {
        0 | 1 => {
            let time = dice.time();
            world.import("central", &starting("Payroll", &time), &[]).ok();
            world.central(&[&["deploy", "Payroll", "--to", server], &accept[..]].concat()).ok();
            model.undo = Some(model.stands.replace(time.clone()));
            model.recorded = Some(time);
            format!("deploy to {server}")
        }
        2 if model.stands.is_some() => {
            let time = dice.time();
            systems.edit(server, "Payroll", |schedule| schedule["startTime"] = json!(time));
            model.stands = Some(time);
            format!("change on {server}")
        }
        3 | 4 if model.recorded.is_some() => {
            let comes_back = model.undo.clone().unwrap();
            world.central(&["rollback", "Payroll", "--on", server, "--yes", "--accept-drift"]).ok();
            model.undo = Some(std::mem::replace(&mut model.stands, comes_back.clone()));
            model.recorded = comes_back;
            format!("rollback on {server}")
        }
        5 if model.stands.is_some() => {
            world.central(&["delete", "Payroll", "--from", server, "--yes"]).ok();
            *model = Model::default();
            format!("delete from {server}")
        }
        _ => "nothing".to_owned(),
    }
}

fn history(seed: u64) {
    let systems = Systems::empty(&[("QA", SystemType::QualityAssurance), ("PROD", SystemType::Production)]);
    let world = World::with_systems(&systems);
    let (mut dice, mut models) = (Dice(seed), [Model::default(), Model::default()]);
    let (mut done, mut tips) = (Vec::new(), Vec::new());
    for _ in 0..14 {
        done.push(step(&systems, &world, &mut dice, &mut models));
        if world.git("central", &["for-each-ref", "refs/heads/deployments"]).is_empty() {
            continue;
        }
        let tip = world.git("central", &["rev-parse", "deployments"]);
        for (server, model) in SERVERS.iter().zip(&models) {
            let stands = systems.starts(server, "Payroll");
            assert_eq!(stands.as_str(), model.stands.as_deref(), "{done:?}");
            assert_eq!(recorded(&world, &tip, server), model.recorded, "{done:?}");
        }
        tips.push((tip, models.each_ref().map(|model| model.recorded.clone())));
    }
    // What the records said then they still say.
    for (tip, told) in tips {
        world.git("central", &["merge-base", "--is-ancestor", &tip, "deployments"]);
        assert_eq!(SERVERS.map(|server| recorded(&world, &tip, server)), told);
    }
    let tree = world.git("central", &["ls-tree", "-r", "--name-only", "deployments"]);
    assert!(!tree.contains("open/"), "{tree}");
    world.assert_sound("central");
}

#[test]
fn some_histories() {
    std::thread::scope(|scope| {
        for seed in 1..=4 {
            scope.spawn(move || history(seed));
        }
    });
}
