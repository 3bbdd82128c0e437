//! `archive`: old versions leave the lists, with the records of their deployments.

use snapbox::{assert_data_eq, str};

use crate::harness::rollouts::production;
use crate::harness::{Systems, World, starting};

/// Seven versions of Payroll, and a package of three versions that pins old ones.
fn world() -> World {
    let world = World::with_central();
    add_versions(&world);
    world.central(&["package", "create", "FIN", "Payroll@1"]).ok();
    world
}

fn add_versions(world: &World) {
    for hour in 1..=7 {
        world.import("central", &starting("Payroll", &format!("0{hour}:00")), &[]).ok();
    }
}

#[test]
fn old_versions_leave_the_lists_and_stay_in_git() {
    let world = world();
    assert_data_eq!(
        world.central(&["archive", "--dry-run"]).ok().to_string(),
        str![[r#"
Payroll@2  archived
Payroll@1  stays: is pinned by package `FIN@1`
--- stderr
1 version would be archived; nothing was changed
--- exit 0

"#]]
    );
    world.git("central", &["rev-parse", "main"]);
    world.central(&["archive"]).ok();
    assert_data_eq!(
        world.central(&["versions", "Payroll"]).ok().to_string(),
        str![[r#"
VERSION  COMMIT    DATE              AUTHOR   WHAT CHANGED  MESSAGE
      7  [commit]  2026-05-28 20:34  Ann Ops  startTime     Import Payroll: startTime
      6  [commit]  2026-05-28 20:33  Ann Ops  startTime     Import Payroll: startTime
      5  [commit]  2026-05-28 20:32  Ann Ops  startTime     Import Payroll: startTime
      4  [commit]  2026-05-28 20:31  Ann Ops  startTime     Import Payroll: startTime
      3  [commit]  2026-05-28 20:30  Ann Ops  startTime     Import Payroll: startTime
      1  [commit]  2026-05-28 20:28  Ann Ops  new: 2 jobs   Import Payroll: new: 2 jobs
--- stderr
1 version archived; `--archived` shows them
--- exit 0

"#]]
    );
    let all = world.central(&["versions", "Payroll", "--archived", "--json"]).ok().json();
    let archived: Vec<bool> =
        all["versions"].as_array().unwrap().iter().map(|row| row["archived"] == true).collect();
    assert_eq!(archived, [false, false, false, false, false, true, false]);
    // It can still be named.
    world.central(&["show", "Payroll@2"]).ok();
    assert!(world.central(&["archive"]).ok().to_string().contains("nothing to archive"));
    let audit = world.central(&["audit"]).ok().to_string();
    assert!(audit.contains("Archived: version 2 of schedule `Payroll`"), "{audit}");
}

#[test]
fn one_version_is_named_with_its_number() {
    let world = world();
    assert_data_eq!(
        world.central(&["archive", "Payroll@6"]).ok().to_string(),
        str![[r#"
Payroll@6  archived
--- stderr
1 version archived; `--archived` shows them, git keeps them
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["archive", "Payroll@1"]).exits(4).to_string(),
        str![[r#"
--- stderr
Error: version 1 of schedule `Payroll` is pinned by package `FIN@1`: it is not archived
--- exit 4

"#]]
    );
    assert_data_eq!(
        world.central(&["archive", "Payroll"]).exits(2).to_string(),
        str![[r#"
--- stderr
Error: `Payroll` names no version
Hint: `opcon-deploy versions "Payroll"` shows them
--- exit 2

"#]]
    );
    world.central(&["archive", "Payroll@9"]).exits(1);
    world.central(&["archive", "package:FIN@1"]).ok();
    world.central(&["archive", "Payroll@1"]).ok();
    let versions = world.central(&["versions", "package:FIN"]).ok().to_string();
    assert!(versions.contains("1 version archived"), "{versions}");
}

#[test]
fn what_stands_on_a_server_stays_and_the_records_of_the_rest_leave() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    add_versions(&world);
    for (version, server) in [("Payroll@1", "DEV"), ("Payroll@2", "PROD"), ("Payroll@3", "PROD")] {
        world.central(&["deploy", version, "--to", server, "--accept-existing"]).ok();
    }
    assert_data_eq!(
        world.central(&["archive"]).ok().to_string(),
        str![[r#"
Payroll@2  archived
Payroll@1  stays: stands on `DEV`
--- stderr
1 version with 1 record archived; `--archived` shows them, git keeps them
--- exit 0

"#]]
    );
    let refused = world.central(&["archive", "Payroll@3"]).exits(4).to_string();
    assert!(refused.contains("version 3 of schedule `Payroll` stands on `PROD`"), "{refused}");
    let rows = |args: &[&str]| {
        let run = world.central(&[&["deployments", "--json"], args].concat()).ok().json();
        run["deployments"].as_array().unwrap().len()
    };
    assert_eq!((rows(&[]), rows(&["--archived"])), (2, 3));
    world.central(&["audit", "verify"]).ok();
}

#[test]
fn it_is_for_administrators_and_reaches_the_remote() {
    let world = world();
    world.add_remote();
    let people = "[[user]]\nname = \"Ann\"\nemails = [\"ann@corp.example\"]\nrole = \"All\"\n";
    world.write("central/users.toml", people);
    world.commit("central", "People");
    world.git("central", &["push", "--quiet"]);
    let refused = world.central(&["archive"]).exits(4).to_string();
    assert!(refused.contains("has the role All, which may not archive versions"), "{refused}");
    world.write("central/users.toml", people.replace("All", "Administration"));
    world.commit("central", "Ann administrates");
    world.git("central", &["push", "--quiet"]);
    world.central(&["archive"]).ok();
    assert!(world.git("remote.git", &["log", "-1", "--format=%s", "deployments"]).starts_with("Archived: "));
    world.git("central", &["remote", "set-url", "origin", "../gone.git"]);
    world.import("central", &starting("Payroll", "08:00"), &[]).ok();
    world.central(&["archive"]).exits(1);
}

#[test]
fn what_a_rollout_that_is_not_over_carries_stays() {
    let systems = production(&["PROD-A", "PROD-B"]);
    let world = World::with_systems(&systems);
    add_versions(&world);
    // One waits for its start, one has begun and soaks.
    world.propose("later", "what = ['Payroll@1']\nto = ['PROD-B']\nstart = '2036-01-01T00:00:00Z'\n");
    let begun = "what = ['Payroll@2']\nto = ['PROD-A', 'PROD-B']\norder = ['PROD-A', '*']\n";
    world.propose("begun", &format!("{begun}soak = '2d'\n"));
    world.run_due().ok();
    world.central(&["deploy", "Payroll@7", "--to", "PROD-A", "--accept-existing"]).ok();
    assert_data_eq!(
        world.central(&["archive"]).ok().to_string(),
        str![[r#"
Payroll@1  stays: is carried by rollout `later`, which is not over
Payroll@2  stays: is carried by rollout `begun`, which is not over
--- stderr
nothing to archive
--- exit 0

"#]]
    );
    let refused = world.central(&["archive", "Payroll@2"]).exits(4).to_string();
    assert!(refused.contains("version 2 of schedule `Payroll` is carried by rollout `begun`"), "{refused}");
    world.propose("begun", begun);
    world.run_due().ok();
    assert_eq!(world.states("central", "begun"), ["succeeded"; 2]);
    world.central(&["deploy", "Payroll@7", "--to", "PROD-B", "--accept-existing"]).ok();
    world.central(&["rollout", "cancel", "later", "--yes"]).ok();
    assert_data_eq!(
        world.central(&["archive"]).ok().to_string(),
        str![[r#"
Payroll@1  archived
Payroll@2  archived
--- stderr
2 versions with 2 records archived; `--archived` shows them, git keeps them
--- exit 0

"#]]
    );
}
