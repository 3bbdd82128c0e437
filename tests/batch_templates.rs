//! The schedules that come with the program: BATCH_DEPLOY and DEPLOY_UTILITIES.

use deploy_core::definition::Definition;
use deploy_core::opcon::{ImportRules, OpConError, OpConSystem as _};
use deploy_sandbox::SystemType;
use serde_json::Value;

use crate::harness::{Systems, World};

/// A file of this project.
pub fn shipped(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What a site says of its batch server.
const SITE: &str = r#"rules = ["batch-site"]
timezone = "Europe/Berlin"

[vars]
batch_machine = "SANDBOX"
batch_user = 'CORP\svc_retail'
batch_path = 'E:\OpConDeploy'
batch_clone = 'E:\central'
"#;

/// A world whose batch server has the rule for the site, and both templates as versions.
fn site(systems: &Systems, server: &str) -> World {
    let world = World::with_systems(systems);
    world.write("central/servers/BATCH.toml", format!("{}{server}", systems.file("BATCH")));
    world.write("central/rules/batch-site.rhai", shipped("rules/batch-site.rhai"));
    world.commit_all("The batch server");
    for name in ["BATCH_DEPLOY", "DEPLOY_UTILITIES"] {
        world.import("central", &shipped(&format!("templates/{name}.json")), &[]).ok();
        assert_eq!(
            world.read(&format!("central/schedules/{name}.json")),
            shipped(&format!("templates/{name}.json")),
            "templates/{name}.json is not in canonical form"
        );
    }
    world.central(&["check"]).ok();
    world
}

/// The definition as the rules of the batch server make it.
fn adapted(world: &World, name: &str) -> Value {
    world.central(&["rules", "apply", name, "--to", "BATCH", "-o", "../adapted.json"]).ok();
    serde_json::from_str(&world.read("adapted.json")).unwrap()
}

fn insert(systems: &Systems, value: Value) -> Result<(), OpConError> {
    let batch = systems.client("BATCH");
    let definition = Definition::from_value(value).unwrap();
    systems.runtime.block_on(batch.insert(&definition, &ImportRules::default())).map(|_| ())
}

#[test]
fn a_fresh_batch_server_takes_the_templates_through_the_rule_of_the_site() {
    let systems = Systems::of(&[("BATCH", SystemType::Production)]);
    let world = site(&systems, SITE);
    for name in ["BATCH_DEPLOY", "DEPLOY_UTILITIES"] {
        let adapted = adapted(&world, name);
        insert(&systems, adapted.clone()).unwrap();
        let shown = adapted.to_string();
        for placeholder in ["DEPLOY_MACHINE", "DOMAIN", "Program Files", "ProgramData"] {
            assert!(!shown.contains(placeholder), "{name} still has `{placeholder}`");
        }
    }
}

#[test]
fn a_server_that_nobody_adapted_them_to_refuses_them_by_name() {
    let systems = Systems::of(&[("BATCH", SystemType::Production)]);
    let world = site(&systems, "");
    let refused = insert(&systems, adapted(&world, "BATCH_DEPLOY")).unwrap_err().on_one_line();
    for missing in ["The machine 'DEPLOY_MACHINE' does not exist", "The batch user 'DOMAIN\\deploy'"] {
        assert!(refused.contains(missing), "{refused}");
    }
}

#[test]
fn another_program_takes_the_place_of_the_usual_one() {
    let systems = Systems::of(&[("BATCH", SystemType::Production)]);
    let world = site(&systems, &format!("{SITE}batch_program = '/opt/deploy/run'\n"));
    let adapted = adapted(&world, "BATCH_DEPLOY");
    let jobs = adapted["scheduleList"][0]["jobList"].as_array().unwrap();
    let lines: Vec<&str> = jobs.iter().filter_map(|job| job["windowsData"]["commandLine"].as_str()).collect();
    assert_eq!(
        lines,
        ["deploy", "deploy", "import", "simulate"].map(|verb| format!(
            "\"/opt/deploy/run\" {verb} --record [[JI.DEPLOY_RECORD]] -C \"[[SMADeployClone]]\""
        ))
    );
}

#[test]
fn there_is_a_frequency_for_every_hour_and_nothing_is_built_by_itself() {
    let template: Value = serde_json::from_str(&shipped("templates/BATCH_DEPLOY.json")).unwrap();
    let jobs = template["scheduleList"][0]["jobList"].as_array().unwrap();
    let added = jobs.iter().filter(|job| job["type"] == "Windows");
    assert_eq!(added.clone().count(), 4);
    for job in added {
        let frequencies = job["frequencyList"].as_array().unwrap();
        assert_eq!(frequencies.len(), 24);
        for (hour, frequency) in frequencies.iter().enumerate() {
            assert_eq!(frequency["name"], format!("DEP-FRQ-{hour:02}:00"));
            assert_eq!(frequency["startOffset"], format!("{hour:02}:00"));
            assert_eq!(frequency["period"], "On Request");
        }
        assert_eq!(job["multiInstance"], true);
    }
}
