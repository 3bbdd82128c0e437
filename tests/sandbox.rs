//! `sandbox`: systems for another terminal.

#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::harness::World;

/// The program as a sandbox, in another terminal so to speak.
struct Other {
    child: Child,
    told: Value,
}

impl Other {
    fn start(world: &World, folder: &str, args: &[&str]) -> Self {
        let mut program = world.program(folder);
        program.args(["sandbox", "--json"]).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { told: serde_json::from_str(&line).unwrap(), child }
    }

    /// Ctrl-C; it must stop cleanly.
    fn stop(mut self) {
        interrupt(&self.child);
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0));
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn another_terminal_can_use_it_at_once() {
    let world = World::with_central();
    let sandbox = Other::start(&world, "central", &["--tls"]);
    assert_eq!(sandbox.told["systems"][1]["name"], "PROD");
    world.assert_sound("central");
    world.central(&["server", "check"]).ok();
    world.central(&["import", "DEV", "Store Closing"]).ok();
    assert!(!world.git("central", &["grep", "-c", "", "HEAD", "--", "servers"]).is_empty());
    let secrets = world.git("central", &["log", "-p", "--all", "--", "servers"]);
    assert!(!secrets.contains("ocadm"), "{secrets}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(world.path("central/.git/opcon-deploy/credentials/sandbox-dev"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    sandbox.stop();
    let run = world.central(&["server", "check", "DEV"]).exits(1).to_string();
    assert!(run.contains("refuses connections"), "{run}");
}

#[test]
fn the_state_survives_and_servers_keep_what_is_theirs() {
    let world = World::with_central();
    let args = ["--system", "QA:Test", "--state", "../state", "--seed", "empty"];
    let sandbox = Other::start(&world, "central", &args);
    world.git("central", &["commit", "--quiet", "--allow-empty", "-m", "Something else"]);
    let file = world.read("central/servers/QA.toml");
    world.write("central/servers/QA.toml", format!("{file}groups = [\"EU\"]\n"));
    world.git("central", &["commit", "--quiet", "-am", "A group"]);
    sandbox.stop();
    assert!(world.path("state/QA").is_dir());
    let sandbox = Other::start(&world, "central", &args);
    assert!(world.read("central/servers/QA.toml").contains("groups = [\"EU\"]"));
    world.central(&["server", "check", "QA"]).ok();
    sandbox.stop();
    world.assert_sound("central");
}

#[test]
fn a_real_server_is_left_alone_and_outside_a_repository_it_works_too() {
    let world = World::with_central();
    world.central(&["server", "add", "PROD", "--type", "production", "--address", "opcon.corp.example"]).ok();
    let run = world.central(&["sandbox"]).exits(4).to_string();
    assert!(run.contains("`servers/PROD.toml` is a real server"), "{run}");
    let sandbox = Other::start(&world, "", &["--now", "2026-11-20"]);
    assert!(sandbox.told["systems"][0]["rest"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    sandbox.stop();
    for (args, expected) in [
        (&["--listen", "0.0.0.0"][..], "on this machine only"),
        (&["--fault", "fire"], "is not a fault"),
        (&["--system", "X:live"], "is not a type of system"),
        (&["--seed", "apple"], "is not a seed"),
        (&["--unlicensed", "X"], "not one of the systems"),
        (&["--now", "soon"], "2026-11-20"),
    ] {
        let run = world.run("", &[&["sandbox"], args].concat()).exits(2).to_string();
        assert!(run.contains(expected), "{args:?}\n{run}");
    }
}
