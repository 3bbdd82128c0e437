//! Adopting a running system, and scripts onto one.

use deploy_sandbox::SystemType;
use serde_json::json;
use snapbox::{assert_data_eq, str};

use crate::harness::{Systems, World};

#[test]
fn a_running_system_fills_the_repository_and_is_recorded() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    let run = world.central(&["adopt", "PROD", "-m", "As it runs"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Adopted 3 schedules on PROD
--- stderr
Housekeeping  version 1  new: 2 jobs
Sales Upload  version 1  new: 2 jobs
Store Closing  version 1  new: 3 jobs
--- exit 0

"#]]
    );
    assert_eq!(systems.asked("POST", "/impex2/"), 0);
    let records = world.central(&["deployments", "--json"]).ok().json();
    for record in records["deployments"].as_array().unwrap() {
        assert_eq!((&record["action"], &record["status"]), (&json!("adopt"), &json!("Active")), "{record}");
        assert_eq!(record["version"], 1, "{record}");
    }
    assert_eq!(world.git("central", &["rev-list", "--count", "deployments"]), "1");
    // Nothing new, nothing twice.
    assert_data_eq!(
        world.central(&["adopt", "PROD"]).ok().to_string(),
        str![[r#"
Adopted 0 schedules on PROD
--- stderr
Housekeeping  equals version 1
Sales Upload  equals version 1
Store Closing  equals version 1
3 schedules recorded before
--- exit 0

"#]]
    );
    // It is found by server and name, so that drift is told from what was adopted.
    world.central(&["deploy", "Store Closing", "--to", "PROD"]).ok();
    let run = world.central(&["rollback", "Store Closing", "--on", "PROD", "--yes"]).ok();
    assert!(run.to_string().contains("Store Closing: version 1 comes back"), "{run}");
    // What stood there before is not known.
    let run = world.central(&["rollback", "Housekeeping", "--on", "PROD", "--yes"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: `Housekeeping` stood on `PROD` before there were records: what stood there before that is not known
--- exit 1

"#]]
    );
}

#[test]
fn adopting_some_takes_a_pattern_and_a_folder() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    world.add_remote();
    world.central(&["adopt", "DEV", "Store*", "--app", "Stores"]).ok();
    assert_ne!(world.git("remote.git", &["ls-tree", "--name-only", "main", "schedules/Stores/"]), "");
    assert_eq!(world.git("remote.git", &["rev-list", "--count", "deployments"]), "1");
    world.central(&["adopt", "DEV", "None*"]).exits(1);
}

#[test]
fn a_version_of_a_script_is_deployed_once_and_never_changed() {
    let systems = Systems::of(&[("DEV", SystemType::Development), ("QA", SystemType::QualityAssurance)]);
    let world = World::with_systems(&systems);
    world.central(&["script", "import", "DEV", "Check-StoreFiles"]).ok();
    world.write("new.ps1", "Write-Output 'ninth'\n");
    let version = ["--name", "Check-StoreFiles", "--number", "9", "--runner", "PowerShell"];
    world.central(&[&["script", "import", "--file", "../new.ps1"], &version[..]].concat()).ok();
    let run = world.central(&["script", "deploy", "Check-StoreFiles", "--to", "QA", "--tag", "2026.4"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Check-StoreFiles  version 9 on QA
--- stderr
Record [record]
--- exit 0

"#]]
    );
    let sent = systems.runtime.block_on(async {
        use deploy_core::opcon::OpConSystem as _;
        systems.client("QA").scripts("Check-StoreFiles").await.unwrap()
    });
    let ninth = sent[0].versions.iter().find(|version| version.number == 9).unwrap();
    assert_eq!(ninth.message.as_deref(), Some("2026.4"));
    assert!(sent[0].versions.len() > 1, "the versions that were there are there");
    let run = world.central(&["script", "deploy", "Check-StoreFiles", "--to", "QA"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Check-StoreFiles  version 9 stands on QA already
--- exit 0

"#]]
    );
    let records = world.central(&["deployments", "--json"]).ok().json();
    assert_eq!(records["deployments"][0]["status"], "Deployed");
    // The same number with another text.
    world.write("new.ps1", "Write-Output 'another ninth'\n");
    world.central(&[&["script", "import", "--file", "../new.ps1", "--reset"], &version[..]].concat()).ok();
    let run = world.central(&["script", "deploy", "Check-StoreFiles@9", "--to", "QA"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: version 9 of script `Check-StoreFiles` has another text on `QA`: the same number is the same text everywhere
Hint: `--reset` replaces all versions there by those stored here
--- exit 4

"#]]
    );
    let run = world.central(&["script", "deploy", "Check-StoreFiles@9", "--to", "QA", "--reset"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: nothing was changed on `QA`: nobody can be asked
Hint: `--yes` answers the last question
--- exit 4

"#]]
    );
    world.central(&["script", "deploy", "Check-StoreFiles@9", "--to", "QA", "--reset", "--yes"]).ok();
    let run = world.central(&["script", "deploy", "Check-StoreFiles@7", "--to", "QA"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: script `Check-StoreFiles` has no version 7; it has 9
--- exit 1

"#]]
    );
}

#[test]
fn a_script_whose_answer_was_lost_is_found_out_and_a_cut_off_one_ended() {
    let systems = Systems::of(&[("DEV", SystemType::Development), ("QA", SystemType::QualityAssurance)]);
    let world = World::with_systems(&systems);
    world.write("one.sh", "true\n");
    let version = ["--name", "One", "--number", "1", "--runner", "Bash"];
    world.central(&[&["script", "import", "--file", "../one.sh"], &version[..]].concat()).ok();
    systems.set_fault("reset@POST /impex2/schedules#1".parse().unwrap());
    let run = world.central(&["script", "deploy", "One", "--to", "QA"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: cannot insert script `One` into `QA` (http://127.0.0.1:[..]/impex2/schedules): the connection broke before the answer was complete: Connection reset by peer (os error 104); on `QA` script `One` is as it was before
--- exit 1

"#]]
    );
    systems.clear_faults();
    // Sent, and not readable afterwards.
    systems.set_fault("error=500@GET /api/scripts*#3+".parse().unwrap());
    let run = world.central(&["script", "deploy", "One", "--to", "QA"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: script `One` on `QA`: it was taken, but could not be read back: cannot list the scripts of `QA` (http://127.0.0.1:[..]/api/scripts?scriptName=One&includeVersions=true&limit=1000&offset=0&includeCount=true): the system failed with status 500: A fault was asked for
Hint: `opcon-deploy doctor --repair` finishes it, or undoes it, by what stands there
--- exit 1

"#]]
    );
    systems.clear_faults();
    assert_data_eq!(
        world.central(&["doctor", "--repair"]).ok().to_string(),
        str![[r#"
operation  deploy of script `One` on `QA`, begun by Ann Ops ([..]): left open: it was taken, but could not be read back: cannot list the scripts of `QA` (http://127.0.0.1:[..]/api/scripts?scriptName=One&includeVersions=true&limit=1000&offset=0&includeCount=true): the system failed with status 500: A fault was asked for; record [record]
--- stderr
script `One` on `QA`: it stands there as planned, and is recorded as active
--- exit 0

"#]]
    );
    let records = world.central(&["deployments", "--json"]).ok().json();
    let told: Vec<_> =
        records["deployments"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(told, ["Deployed", "Failed"]);
}
