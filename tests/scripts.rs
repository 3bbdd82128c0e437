//! `script …`: OpCon's scripts, with OpCon's numbers.

use snapbox::str;

use crate::harness::{Systems, World};

#[test]
fn every_missing_version_comes_from_a_system() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    let run = world.central(&["script", "import", "DEV", "Check-*", "--push"]).ok();
    assert!(run.stdout().contains("Check-StoreFiles  new versions 1 and 2"), "{run}");
    assert!(run.to_string().contains("not pushed: the clone has no such remote"), "{run}");
    assert!(world.read("central/scripts/Check-StoreFiles/2.ps1").contains("-Recurse"));
    let message = world.git("central", &["log", "-1", "--format=%B"]);
    assert!(message.contains("Source-Server: DEV") && message.contains("OpCon-User: ocadm"), "{message}");
    world.assert_sound("central");
    snapbox::assert_data_eq!(
        world.central(&["script", "import", "DEV", "Check-*", "nowhere"]).exits(1).to_string(),
        str![[r#"
Check-StoreFiles  nothing new
--- stderr
Error: no script is called `nowhere` there
Nothing to commit
--- exit 1

"#]]
    );
    let shown = world.central(&["script", "show", "Check-StoreFiles@1"]).ok().stdout();
    assert_eq!(shown, world.read("central/scripts/Check-StoreFiles/1.ps1"));
    world.central(&["script", "export", "Check-StoreFiles", "-o", "../latest.ps1"]).ok();
    assert_eq!(world.read("latest.ps1"), world.read("central/scripts/Check-StoreFiles/2.ps1"));
    let list = world.central(&["script", "list", "--json"]).ok().json();
    assert_eq!(list["scripts"][0]["versions"], serde_json::json!([1, 2]));
    let run = world.central(&["check"]).ok();
    assert!(!run.to_string().contains("scripts/"), "{run}");
}

#[test]
fn other_content_under_a_number_stops_until_it_is_reset() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    world.write("mine.ps1", "Write-Host mine\n");
    let mine = ["script", "import", "--file", "../mine.ps1", "--name", "Check-StoreFiles"];
    world.central(&[&mine[..], &["--number", "2", "--runner", "PowerShell"]].concat()).ok();
    let run = world.central(&["script", "import", "DEV", "Check-StoreFiles"]).exits(1).to_string();
    for part in
        ["version 2 of script `Check-StoreFiles` in `scripts/Check-StoreFiles/2.ps1`", "`DEV`", "--reset"]
    {
        assert!(run.contains(part), "{part}\n{run}");
    }
    world.assert_sound("central");
    let run = world.central(&["script", "import", "DEV", "Check-StoreFiles", "--reset"]).ok().to_string();
    assert!(run.contains("Resetting `Check-StoreFiles`: new version 1; replaces version 2"), "{run}");
    let other = [&mine[..], &["--number", "3", "--runner", "Python"]].concat();
    let run = world.central(&other).exits(1).to_string();
    assert!(
        run.contains("is stored for `PowerShell`, but `../mine.ps1`") || run.contains("has it for `Python`"),
        "{run}"
    );
    world.assert_sound("central");
}

#[test]
fn scripts_come_out_of_a_definition_too() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    world.central(&["export", "--from", "DEV", "*", "-o", "../all.json"]).ok();
    let run = world.central(&["script", "import", "--file", "../all.json"]).ok();
    assert!(run.stdout().contains("new version"), "{run}");
    let again = world.central(&["script", "import", "DEV", "*"]);
    assert!(!again.to_string().contains("is not what"), "{again}");
    world.write("nothing.json", crate::harness::definition("S", &["J"]));
    let run = world.central(&["script", "import", "--file", "../nothing.json"]).exits(1).to_string();
    assert!(run.contains("carries no scripts"), "{run}");
}
