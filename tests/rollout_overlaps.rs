//! Packages and schedules of theirs, due at once on the same servers.

use serde_json::Value;

use crate::harness::rollouts::finance;
use crate::harness::starting;

#[test]
fn a_package_and_a_schedule_of_it_go_one_after_the_other() {
    let (systems, world) = finance();
    world.propose("one", "what = ['package:FINANCE', 'Ledger']\nto = ['PROD-A', 'PROD-B']\n");
    let run = world.run_due().ok();
    let jobs = world.jobs("one");
    assert_eq!(
        jobs,
        [
            "PROD-A deploy package:FINANCE@1 succeeded",
            "PROD-A deploy Ledger@1 already there",
            "PROD-B deploy package:FINANCE@1 succeeded",
            "PROD-B deploy Ledger@1 already there",
        ],
        "{run}"
    );
    // In the order of its file, another version of it comes after the package.
    world.import("central", &starting("Ledger", "06:30"), &[]).ok();
    world.propose(
        "two",
        "what = ['package:FINANCE@1', 'Ledger']\nto = ['PROD-C']\naccept = ['existing', 'drift']\n",
    );
    let run = world.run_due();
    assert_eq!(
        world.jobs("two"),
        ["PROD-C deploy package:FINANCE@1 succeeded", "PROD-C deploy Ledger@2 succeeded"],
        "{run}"
    );
    assert_eq!(systems.starts("PROD-C", "Ledger"), "06:30");
    assert!(world.run_due().ok().to_string().contains("Nothing was due"));
    world.assert_sound("central");
}

#[test]
fn the_same_schedule_through_two_rollouts_is_brought_once() {
    let (systems, world) = finance();
    world.propose("alone", "what = ['Ledger']\nto = ['PROD-A']\n");
    world.propose("package", "what = ['package:FINANCE']\nto = ['PROD-A']\npriority = 5\n");
    let run = world.run_due().ok();
    assert_eq!(world.jobs("package"), ["PROD-A deploy package:FINANCE@1 succeeded"], "{run}");
    assert_eq!(world.jobs("alone"), ["PROD-A deploy Ledger@1 already there"], "{run}");
    // The other way round.
    world.propose("package-b", "what = ['package:FINANCE']\nto = ['PROD-B']\n");
    world.propose("alone-b", "what = ['Ledger']\nto = ['PROD-B']\npriority = 5\n");
    let run = world.run_due().ok();
    assert_eq!(world.jobs("alone-b"), ["PROD-B deploy Ledger@1 succeeded"], "{run}");
    assert_eq!(world.jobs("package-b"), ["PROD-B deploy package:FINANCE@1 succeeded"], "{run}");
    assert_eq!(systems.starts("PROD-B", "Payroll"), "07:00");
    world.assert_sound("central");
}

#[test]
fn another_version_of_a_schedule_of_a_package_is_a_conflict() {
    let (systems, world) = finance();
    world.import("central", &starting("Ledger", "06:30"), &[]).ok();
    world.propose("alone", "what = ['Ledger']\nto = ['PROD-A', 'PROD-B']\nsequence = 'continue'\n");
    world.propose("package", "what = ['package:FINANCE']\nto = ['PROD-A']\npriority = 5\n");
    let run = world.run_due().exits(1);
    assert_eq!(world.jobs("package"), ["PROD-A deploy package:FINANCE@1 succeeded"], "{run}");
    assert_eq!(
        world.jobs("alone"),
        ["PROD-A deploy Ledger@2 conflict", "PROD-B deploy Ledger@2 succeeded"],
        "{run}"
    );
    assert!(
        run.stdout().contains("rollout `package` comes first and is to deploy `Ledger@1` at the same time"),
        "{run}"
    );
    assert_eq!(systems.starts("PROD-A", "Ledger"), "06:00");
}

#[test]
fn what_is_removed_and_brought_by_one_rollout_stands_afterwards() {
    let (systems, world) = finance();
    world.propose("one", "what = ['package:FINANCE']\nto = ['PROD-A']\n");
    world.run_due().ok();
    world.propose("two", "uninstall = ['package:FINANCE']\nwhat = ['Ledger']\nto = ['PROD-A']\n");
    let run = world.run_due().ok();
    assert_eq!(
        world.jobs("two"),
        ["PROD-A uninstall package:FINANCE succeeded", "PROD-A deploy Ledger@1 succeeded"],
        "{run}"
    );
    assert_eq!(systems.starts("PROD-A", "Ledger"), "06:00");
    assert_eq!(systems.stands("PROD-A", "Payroll"), Value::Null);
}
