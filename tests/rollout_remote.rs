//! A remote that is lost in the middle of a run: what was done is found by the next one, and
//! nothing is done twice.

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::rollouts::{inserts, production};
use crate::harness::{World, starting};
use crate::recovery::MANY;

/// After so many pushes the remote is moved away.
fn losing_remote(world: &World, pushes: usize) {
    let root = world.path("").display().to_string();
    let hook = format!(
        "#!/bin/sh\necho x >> '{root}/pushes'\n[ $(wc -l < '{root}/pushes') -eq {pushes} ] && mv '{root}/remote.git' '{root}/lost.git'\nexit 0\n"
    );
    world.write("pushes", "");
    world.write("remote.git/hooks/post-receive", hook);
    let hook = world.path("remote.git/hooks/post-receive");
    std::fs::set_permissions(hook, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_remote_that_is_lost_in_the_middle_of_a_run_loses_nothing() {
    let systems = production(&["PROD-A", "PROD-B"]);
    let world = World::with_systems(&systems);
    world.add_remote();
    let mut touched = 0;
    let mut said = String::new();
    for number in 1.. {
        assert!(number < MANY);
        let time = format!("{:02}:{:02}", number / 60, number % 60);
        world.import("central", &starting("Payroll", &time), &[]).ok();
        let id = format!("r{number}");
        world.propose(&id, "what = ['Payroll']\nto = ['group:production']\n");
        let before = inserts(&systems);
        losing_remote(&world, number);
        let run = world.run_due();
        let was_lost = world.path("lost.git").exists();
        if !was_lost {
            run.ok();
            assert!(touched > 0, "it was never lost after a target was touched");
            break;
        }
        std::fs::rename(world.path("lost.git"), world.path("remote.git")).unwrap();
        losing_remote(&world, 0);
        touched += usize::from(inserts(&systems) > before);
        if run.output.status.code() == Some(0) {
            // All was said by then but that the leases are given back.
            assert_eq!(inserts(&systems), before + 2, "{run}");
        }
        if run.to_string().contains("was begun") {
            said = run.to_string();
        }
        world.forget_leases();
        let again = world.run_due().ok();
        assert_eq!(
            world.states("central", &id),
            ["succeeded"; 2],
            "lost after push {number}\n{run}\n{again}"
        );
        assert_eq!(inserts(&systems), before + 2, "lost after push {number}\n{run}\n{again}");
        for server in ["PROD-A", "PROD-B"] {
            assert_eq!(systems.starts(server, "Payroll"), time, "lost after push {number}\n{run}\n{again}");
        }
    }
    assert!(said.contains("how it ended is not recorded: the next run settles it"), "{said}");
    assert!(
        said.contains("a lease was not given back, it runs out by itself: cannot reach `origin`"),
        "{said}"
    );
    assert!(!said.contains("\\n"), "{said}");
    world.assert_sound("central");
}
