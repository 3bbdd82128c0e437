//! Deploying: the two phases, what is recorded, and what stands on the target.

use deploy_sandbox::SystemType;
use snapbox::{assert_data_eq, str};

use crate::harness::{Systems, World, starting};

/// A development and a test system without schedules, and a repository that knows them.
fn world() -> (Systems, World) {
    let systems = Systems::empty(&[("DEV", SystemType::Development), ("QA", SystemType::QualityAssurance)]);
    let world = World::with_systems(&systems);
    (systems, world)
}

#[test]
fn a_schedule_is_deployed_and_recorded() {
    let (systems, world) = world();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    let run = world.central(&["deploy", "Payroll", "--to", "QA", "-m", "First"]).ok();
    assert_data_eq!(run.to_string(), str![[]]);
    assert_eq!(systems.starts("QA", "Payroll"), "06:00");
}
