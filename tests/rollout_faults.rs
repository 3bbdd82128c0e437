//! Rollouts with several runners, killed ones, servers without power, people without a role.

use std::process::Stdio;

use deploy_sandbox::{Config, Seed, SystemConfig, SystemType};
use serde_json::Value;
use snapbox::str;

use crate::harness::rollouts::{inserts, production};
use crate::harness::{Systems, World, starting};

const USERS: &str = "[[user]]\nname = \"Ann Ops\"\nemails = [\"ann@corp.example\"]\nrole = \"Administration\"\n\n[[user]]\nname = \"Bob\"\nemails = [\"bob@corp.example\"]\nrole = \"Production\"\nrunner = RUNNER\n";

/// Two runners at once: what records and systems say was done once is what both told.
fn race(world: &World, systems: &Systems, folders: [&str; 2]) {
    let start = |folder: &str| {
        let mut program = world.program(folder);
        program.args(["rollout", "run", "--due"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        program.spawn().unwrap()
    };
    let ended = folders.map(start).map(|child| world.shown(child.wait_with_output().unwrap()));
    ended.iter().for_each(|run| assert_eq!(run.output.status.code(), Some(0), "{run}"));
    let told: Vec<String> = ended.iter().flat_map(|run| lines(&run.stdout())).collect();
    assert_eq!((told.len(), once(&told)), (200, 200), "{}\n---\n{}", ended[0], ended[1]);
    assert!(told.iter().all(|line| line.ends_with("succeeded")), "{told:?}");
    assert_eq!(inserts(systems), 200);
    assert_eq!(world.states("central", "all"), vec!["succeeded"; 200]);
    // As the history of the records has it: each begun once and ended once.
    let branch =
        if world.git("central", &["remote"]).is_empty() { "deployments" } else { "origin/deployments" };
    let history = world.git("central", &["log", "--format=%B", branch]);
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        line.trim_start_matches(':').trim().to_owned()
    };
    let block = |block: &str| ["Server", "Name", "Status"].map(|key| value(block, key)).join(" ");
    let blocks: Vec<String> = history.split("\nRecord-Id: ").skip(1).map(block).collect();
    for status in ["Deploying", "Active"] {
        let with: Vec<String> = blocks.iter().filter(|block| block.ends_with(status)).cloned().collect();
        assert_eq!((with.len(), once(&with)), (200, 200), "{status}: {blocks:?}");
    }
    world.assert_sound("central");
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// How many different ones there are.
fn once(lines: &[String]) -> usize {
    lines.iter().collect::<std::collections::HashSet<_>>().len()
}

/// Forty schedules for five systems.
fn two_hundred() -> (Systems, World, String) {
    let systems = production(&["PROD-A", "PROD-B", "PROD-C", "PROD-D", "PROD-E"]);
    let world = World::with_systems(&systems);
    let schedules: Vec<String> = (0..40).map(|number| format!("FIN_{number:02}")).collect();
    for name in &schedules {
        world.write(&format!("central/schedules/{name}.json"), starting(name, "06:00"));
    }
    world.commit_all("Schedules");
    let what: Vec<String> = schedules.iter().map(|name| format!("\"{name}\"")).collect();
    let file = format!("what = [{}]\nto = [\"group:production\"]\n", what.join(", "));
    (systems, world, file)
}

#[test]
fn two_runners_in_two_clones_do_each_of_two_hundred_jobs_once() {
    let (systems, world, file) = two_hundred();
    world.add_remote();
    world.add_clone("colleague", "Carl Dev");
    world.propose("all", &file);
    race(&world, &systems, ["central", "colleague"]);
    assert_eq!(world.git("remote.git", &["for-each-ref", "refs/opcon-deploy/locks/"]), "");
}

#[test]
fn two_runners_in_one_clone_do_each_of_two_hundred_jobs_once() {
    let (systems, world, file) = two_hundred();
    world.propose("all", &file);
    race(&world, &systems, ["central", "central"]);
    assert_eq!(world.git("central", &["for-each-ref", "refs/opcon-deploy/locks/"]), "");
}

/// A server that is off, and one that is on.
pub fn sleeping() -> (Systems, World) {
    let off = SystemConfig { off: true, ..SystemConfig::new("PROD-B", SystemType::Production) };
    let systems = vec![SystemConfig::new("PROD-A", SystemType::Production), off];
    let systems = Systems::start(Config { systems, seed: Seed::Empty, ..Config::default() });
    let world = World::with_systems(&systems);
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    for name in ["PROD-A", "PROD-B"] {
        let card = systems.system(name).unwrap();
        let more = format!("mac = \"{}\"\nbroadcast = \"{}\"\n", card.mac, card.wake);
        world.write(&format!("central/servers/{name}.toml"), format!("{}{more}", systems.file(name)));
    }
    world.commit("central", "Cards");
    let off = format!(
        "echo \"$OPCON_DEPLOY_SERVER at $OPCON_DEPLOY_ADDRESS\" >> '{}'",
        world.path("off").display()
    );
    world.git("", &["config", "--global", "opcon-deploy.powerOffCommand", &off]);
    (systems, world)
}

pub const WAKING: &str = "what = ['Payroll']\nto = ['group:production']\nwake = true\nshutdown_woken = true\nsequence = 'continue'\n";

#[test]
fn a_server_is_woken_and_switched_off_again() {
    let (systems, world) = sleeping();
    assert!(!systems.is_on("PROD-B"));
    world.propose("night", WAKING);
    let run = world.central(&["rollout", "run", "--due"]).ok();
    let text = run.to_string();
    assert!(text.contains("Waking `PROD-B`") && text.contains("`PROD-B` is switched off"), "{run}");
    assert!(!text.contains("Waking `PROD-A`"), "{run}");
    assert_eq!(systems.starts("PROD-B", "Payroll"), "06:00");
    // Only what was woken is switched off.
    assert_eq!(world.read("off"), "PROD-B at 127.0.0.1\n");
}

#[test]
fn a_server_that_does_not_wake_up_is_never_switched_off() {
    let (systems, world) = sleeping();
    let file = world
        .read("central/servers/PROD-B.toml")
        .replace(&systems.system("PROD-B").unwrap().mac, "02:00:00:00:00:01");
    world.write("central/servers/PROD-B.toml", file);
    world.propose("night", &format!("{WAKING}wake_expiry = '2s'\n"));
    let run = world.central(&["rollout", "run", "--due"]).exits(1);
    snapbox::assert_data_eq!(
        run.to_string(),
        str![[r#"
night  PROD-A  deploy Payroll@1  succeeded
night  PROD-B  deploy Payroll@1  failed (-9999): it was woken and did not answer within 2s
--- stderr
Waking `PROD-B`
2 jobs: 1 succeeded, 1 failed
--- exit 1

"#]]
    );
    assert_eq!(world.states("central", "night"), ["succeeded", "failed -9999"]);
    assert!(!world.path("off").exists());
    // A command of the user's own wakes it where packets do not arrive.
    let wake = format!("echo \"$OPCON_DEPLOY_MAC\" > '{}'; exit 1", world.path("woken").display());
    world.git("", &["config", "--global", "opcon-deploy.wakeCommand", &wake]);
    world.central(&["rollout", "retry", "night"]).ok();
    let run = world.central(&["rollout", "run", "--due"]).exits(1).to_string();
    assert!(run.contains("`opcon-deploy.wakeCommand` of git's configuration failed"), "{run}");
    assert_eq!(world.read("woken"), "02:00:00:00:00:01\n");
    // Nobody says how: neither a card nor a command.
    world.git("", &["config", "--global", "--unset", "opcon-deploy.wakeCommand"]);
    world.write("central/servers/PROD-B.toml", systems.file("PROD-B"));
    world.propose("again", &WAKING.replace("what", "force = true\nwhat"));
    let run = world.central(&["rollout", "run", "--due", "again"]).exits(1).to_string();
    assert!(
        run.contains("its file has no `mac`, and git's configuration no `opcon-deploy.wakeCommand`"),
        "{run}"
    );
}

#[test]
fn a_target_that_is_down_in_the_second_wave_keeps_the_third_from_beginning() {
    let systems = production(&["PROD-A", "PROD-B", "PROD-C"]);
    let world = World::with_systems(&systems);
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    systems.set_power("PROD-B", false);
    world.propose(
        "waves",
        "what = ['Payroll']\nto = ['group:production']\norder = ['PROD-A', 'PROD-B', 'PROD-C']\n",
    );
    let run = world.central(&["rollout", "run", "--due"]).exits(1);
    assert!(run.stdout().contains("PROD-B  deploy Payroll@1  failed (-9999)"), "{run}");
    assert_eq!(world.states("central", "waves"), ["succeeded", "failed -9999", "failed -8888"]);
    systems.set_power("PROD-B", true);
    world.central(&["rollout", "retry", "waves"]).ok();
    world.central(&["rollout", "run", "--due"]).ok();
    assert_eq!(world.states("central", "waves"), ["succeeded"; 3]);
}

#[test]
fn who_asked_and_who_runs_are_two_people() {
    let systems = production(&["PROD-A"]);
    let world = World::with_systems(&systems);
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.write("central/users.toml", USERS.replace("RUNNER", "false"));
    world.commit("central", "People");
    world.add_remote();
    world.add_clone("runner", "Bob");
    world.git("runner", &["config", "user.email", "bob@corp.example"]);
    world.propose("one", "what = ['Payroll']\nto = ['PROD-A']\n");
    let run = world.run("runner", &["rollout", "run", "--due"]).exits(4);
    snapbox::assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Warning: rollout `one`: `Bob` has the role Production, which may not run what others asked for: `runner` is not set
Nothing was due
--- exit 4

"#]]
    );
    assert_eq!(systems.stands("PROD-A", "Payroll"), Value::Null);
    world.write("central/users.toml", USERS.replace("RUNNER", "true"));
    world.propose("one", "what = ['Payroll']\nto = ['PROD-A']\n");
    world.run("runner", &["rollout", "run", "--due"]).ok();
    let records = world.run("runner", &["deployments", "--json"]).ok().json();
    assert_eq!(records["deployments"][0]["user"], "Ann Ops <ann@corp.example>");
    assert_eq!(records["deployments"][0]["runner"], "Bob <bob@corp.example>");
    // The role of who asked is that of the moment at which it is run.
    let people = USERS.replace("RUNNER", "true").replacen("Administration", "Development", 1);
    world.write("central/users.toml", people);
    world.propose("two", "what = ['Payroll']\nto = ['PROD-A']\nforce = true\n");
    let run = world.run("runner", &["rollout", "run", "--due"]).exits(1);
    snapbox::assert_data_eq!(
        run.to_string(),
        str![[r#"
two  PROD-A  deploy Payroll@1  failed (4): `Ann Ops` has the role Development, which may not change servers of the production class
--- stderr
1 job: 1 failed
--- exit 1

"#]]
    );
    assert_eq!(world.states("runner", "two"), ["failed 4"]);
}

#[test]
fn a_remote_that_is_gone_stops_everything_before_a_target_is_touched() {
    let systems = production(&["PROD-A"]);
    let world = World::with_systems(&systems);
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.add_remote();
    world.propose("one", "what = ['Payroll']\nto = ['PROD-A']\n");
    world.git("central", &["remote", "set-url", "origin", "../nowhere.git"]);
    let before = systems.requests().len();
    let run = world.central(&["rollout", "run", "--due"]).exits(1);
    assert!(run.to_string().contains("cannot fetch"), "{run}");
    assert_eq!(systems.requests().len(), before);
    world.central(&["rollout", "run", "--due", "--offline"]).ok();
    assert_eq!(systems.starts("PROD-A", "Payroll"), "06:00");
}
