//! `import SERVER` and `export --from`: definitions from a living system.

use deploy_core::definition::Definition;
use deploy_core::opcon::{ImportRules, OpConSystem as _};
use deploy_sandbox::{Config, Seed, SystemConfig, SystemType};
use serde_json::{Value, json};
use snapbox::str;

use crate::harness::{Systems, World};

/// A schedule with a container job for each of `runs`.
fn containers(name: &str, runs: &[&str]) -> Value {
    let jobs: Vec<Value> = runs
        .iter()
        .map(|other| {
            json!({ "name": format!("Run {other}"), "type": "Container", "frequencyList": [],
                    "containerData": { "subScheduleName": other } })
        })
        .collect();
    json!({ "name": name, "startTime": "06:00", "subSchedule": true, "jobList": jobs })
}

#[test]
fn schedules_become_versions_and_say_where_they_came_from() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    snapbox::assert_data_eq!(
        world.central(&["import", "DEV", "Store*", "housekeeping", "--app", "Retail"]).ok().to_string(),
        str![[r#"
Store Closing     version 1  new: 3 jobs
Store Price Push  version 1  new: 2 jobs
Housekeeping      version 1  new: 3 jobs
--- stderr
3 schedules: 3 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
    let message = world.git("central", &["log", "-1", "--format=%B"]);
    for trailer in ["Source-Server: DEV", "OpCon-Version: 21.2.0.0", "OpCon-User: ocadm"] {
        assert!(message.contains(trailer), "{message}");
    }
    world.assert_sound("central");
    systems.edit("DEV", "Store Closing", |schedule| schedule["startTime"] = "22:00".into());
    snapbox::assert_data_eq!(
        world.central(&["import", "DEV", "Store*"]).ok().to_string(),
        str![[r#"
Store Closing     version 2  startTime
Store Price Push  equals version 1
--- stderr
2 schedules: 1 imported, 1 unchanged; commit [commit] on `main`
--- exit 0

"#]]
    );
    // Signed on once per command, and off again.
    assert_eq!(systems.asked("POST", "/api/tokens"), systems.asked("DELETE", "/api/tokens") + 1);
}

#[test]
fn another_system_with_other_ids_gives_the_same_versions() {
    let systems = Systems::of(&[("DEV", SystemType::Development), ("LAB", SystemType::Development)]);
    let world = World::with_systems(&systems);
    let first = world.central(&["import", "DEV", "*", "--json"]).ok().json();
    let number = first["schedules"].as_array().unwrap().len();
    assert!(number >= 12);
    let again = world.central(&["import", "LAB", "*", "--json"]).ok().json();
    for schedule in again["schedules"].as_array().unwrap() {
        assert_eq!((&schedule["outcome"], &schedule["version"]), (&"equal".into(), &1.into()), "{schedule}");
    }
    assert_eq!(again["schedules"].as_array().unwrap().len(), number);
    // Otherwise the comparison would be of nothing.
    let ids = |name: &str| {
        let client = systems.client(name);
        let list = systems.runtime.block_on(client.schedules(&["Housekeeping"])).unwrap();
        list[0].id
    };
    assert_ne!(ids("DEV"), ids("LAB"));
}

#[test]
fn sub_schedules_follow_and_circles_end() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    let circle = json!({ "scheduleList": [
        containers("Circle A", &["Circle B"]), containers("Circle B", &["Circle A", "Circle B", "Circle C"]),
        containers("Circle C", &[]),
    ]});
    let dev = systems.client("DEV");
    let circle = Definition::from_value(circle).unwrap();
    systems.runtime.block_on(dev.insert(&circle, &ImportRules::default())).unwrap();
    let run = world.central(&["import", "DEV", "Circle A", "--json"]).ok().json();
    assert_eq!(run["schedules"].as_array().unwrap().len(), 1);
    let run = world.central(&["import", "DEV", "Circle A", "--sub-schedules", "--json"]).ok().json();
    let names: Vec<&str> =
        run["schedules"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Circle A", "Circle B", "Circle C"]);
    world.central(&["export", "--from", "DEV", "circle a", "--sub-schedules", "-o", "../circle.json"]).ok();
    let exported = Definition::read(world.read("circle.json").as_bytes()).unwrap();
    assert_eq!(exported.names().len(), 3);
}

#[test]
fn lists_packages_and_names_that_match_nothing() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    world.write("list.txt", "# what we need\nPrice Update\n\nInvoice *\n");
    snapbox::assert_data_eq!(
        world.central(&["import", "DEV", "--list", "../list.txt", "--package", "PRICES"]).ok().to_string(),
        str![[r#"
Price Update  version 1  new: 3 jobs
Invoice Run   version 1  new: 3 jobs
PRICES  version 1  new: 2 schedules
  + Invoice Run@1
  + Price Update@1
--- stderr
2 schedules: 2 imported; commit [commit] on `main`
Commit [commit] on `main`
--- exit 0

"#]]
    );
    systems.edit("DEV", "Price Update", |schedule| schedule["startTime"] = "05:15".into());
    let run = world.central(&["import", "DEV", "Price Update", "Sales Upload", "--package", "PRICES"]).ok();
    assert!(run.stdout().contains("PRICES  version 2"), "{run}");
    snapbox::assert_data_eq!(
        world.central(&["import", "DEV", "Sales Uplaod", "XYZ*", "Sales Upload"]).exits(1).to_string(),
        str![[r#"
Sales Uplaod  not imported: no schedule on `DEV` is called that; did you mean `Sales Upload`?
XYZ*          not imported: no schedule on `DEV` is called that
Sales Upload  equals version 1
--- stderr
3 schedules: 0 imported, 1 unchanged, 2 failed; nothing to commit
--- exit 1

"#]]
    );
    world.central(&["import", "DEV"]).exits(2);
    world.central(&["import"]).exits(2);
    world.write("empty.txt", "# nothing\n");
    world.central(&["import", "DEV", "--list", "../empty.txt"]).exits(2);
    world.assert_sound("central");
}

#[test]
fn what_goes_wrong_with_one_does_not_stop_the_others() {
    let path = "/impex2/schedules/Price*";
    // The fault, and what is said of the schedule; nothing where a repetition gets over it.
    let cases = [
        (format!("truncate=200@GET {path}"), Some("the connection broke before the answer was complete")),
        (format!("error=404@GET {path}"), Some("it was on `DEV` a moment ago, and is gone now")),
        (format!("error=403@GET {path}"), Some("may not do this")),
        (format!("reset@GET {path}#1"), None),
        (format!("error=500@GET {path}#1"), None),
        (format!("expired-token@GET {path}#1"), None),
        (format!("slow-body=50@GET {path}"), None),
        (format!("truncate=200@GET {path}#1-2"), None),
    ];
    for (fault, expected) in cases {
        let systems = Systems::retail();
        let world = World::with_systems(&systems);
        systems.set_fault(fault.parse().unwrap());
        let run = world.central(&["import", "DEV", "Price Update", "Store Closing", "--json"]);
        let run = run.exits(i32::from(expected.is_some())).json();
        let [price, store] = &run["schedules"].as_array().unwrap()[..] else { panic!("{run}") };
        assert_eq!(store["outcome"], "imported", "{fault}\n{run}");
        match expected {
            Some(words) => assert!(price["error"].as_str().unwrap().contains(words), "{fault}\n{run}"),
            None => assert_eq!(price["outcome"], "imported", "{fault}\n{run}"),
        }
        world.assert_sound("central");
    }
}

#[test]
fn a_lost_connection_keeps_what_had_arrived() {
    let systems = Systems::start(Config {
        systems: vec![SystemConfig::new("DEV", SystemType::Development)],
        seed: Seed::Large(60),
        ..Config::default()
    });
    let world = World::with_systems(&systems);
    world.write("central/servers/DEV.toml", format!("{}concurrency = 4\n", systems.file("DEV")));
    world.commit_all("Slower");
    systems.set_fault("reset@GET /impex2/schedules/*#21+".parse().unwrap());
    let run = world.central(&["import", "DEV", "*"]).exits(1);
    let shown = run.to_string();
    assert!(shown.contains("the connection to `DEV` was lost: what had arrived is committed"), "{shown}");
    assert!(shown.contains("run the command again"), "{shown}");
    let kept = world.git("central", &["ls-files", "schedules/*.json"]).lines().count();
    assert_eq!(kept, 20);
    // Those under way when the fourth broke in a row may have failed on their own.
    assert!((60 - 20 - 8..60 - 20).contains(&shown.matches("not tried").count()), "{shown}");
    world.assert_sound("central");
    systems.clear_faults();
    let again = world.central(&["import", "DEV", "*"]).ok().to_string();
    assert!(again.contains("60 schedules: 40 imported, 20 unchanged"), "{again}");
}

#[test]
fn nothing_is_sent_where_the_sign_on_is_refused_and_it_is_tried_once() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    world.map("dev", "ocadm:wrong");
    world.central(&["import", "DEV", "*"]).exits(1);
    assert_eq!(systems.asked("POST", "/api/tokens"), 1);
    assert_eq!(systems.asked("GET", "/impex2/"), 0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_and_commits_nothing() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    systems.set_fault("latency=60000@GET /impex2/schedules/Price*".parse().unwrap());
    let before = world.git("central", &["rev-parse", "HEAD"]);
    let mut program = world.program("central");
    let mut child = program
        .args(["import", "DEV", "*"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while systems.asked("GET", "/impex2/schedules/Store") == 0 {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(world.git("central", &["rev-parse", "HEAD"]), before);
    world.assert_sound("central");
}

#[test]
fn schedules_are_deleted_from_development_only_when_they_are_safe() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    world.add_remote();
    let on = |system: &str, name: &str| {
        let client = systems.client(system);
        !systems.runtime.block_on(client.schedules(&[name])).unwrap().is_empty()
    };
    // A work tree cannot switch it on.
    let settings = world.read("central/deploy.toml");
    let wanted = settings.replace("delete_from_development = false", "delete_from_development = true");
    assert_ne!(settings, wanted);
    world.write("central/deploy.toml", &wanted);
    world.central(&["import", "DEV", "Housekeeping", "--push"]).ok();
    assert!(on("DEV", "Housekeeping"));
    world.commit_all("Delete from development");
    world.git("central", &["push", "--quiet"]);

    let run = world.central(&["import", "DEV", "Invoice Run"]).ok().to_string();
    assert!(run.contains("Nothing is deleted from `DEV` before it is pushed"), "{run}");
    assert!(on("DEV", "Invoice Run"));
    let run = world.central(&["import", "DEV", "Supplier Orders", "--push"]).ok().to_string();
    assert!(run.contains("Deleted 1 schedule from `DEV`"), "{run}");
    assert!(!on("DEV", "Supplier Orders"));
    world.central(&["import", "PROD", "Housekeeping", "--push"]).ok();
    assert!(on("PROD", "Housekeeping"));
    // What was changed between the import and the deletion stays.
    systems.set_fault("refuse-insert=no@POST /impex2/schedules".parse().unwrap());
    systems.set_fault("error=500@DELETE /impex2/schedules/*".parse().unwrap());
    let run = world.central(&["import", "DEV", "Card Settlement", "--push"]).exits(1).to_string();
    assert!(run.contains("`Card Settlement` is not deleted from `DEV`"), "{run}");
    world.assert_sound("central");
}

#[test]
fn export_from_a_system_stores_only_when_told_to() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    let run = world.central(&["export", "--from", "PROD", "*", "-o", "../prod/"]).ok();
    assert!(run.stdout().contains("Wrote 3 schedules"), "{run}");
    assert_eq!(std::fs::read_dir(world.path("prod")).unwrap().count(), 3);
    assert_eq!(world.git("central", &["ls-files", "schedules/*.json"]), "");
    world.central(&["export", "--from", "PROD", "Store Closing", "--store", "-o", "../one.json"]).ok();
    assert_eq!(world.git("central", &["ls-files", "schedules/*.json"]), "schedules/Store Closing.json");
    assert_eq!(world.read("one.json"), world.read("central/schedules/Store Closing.json"));
    // A file that would not be complete is not written.
    let run =
        world.central(&["export", "--from", "PROD", "Store Closing", "None", "-o", "../two.json"]).exits(1);
    assert!(run.to_string().contains("nothing was written: it would not be complete"), "{run}");
    assert!(!world.path("two.json").exists());
    world.central(&["export", "--from", "PROD", "*", "--push", "-o", "../x.json"]).exits(2);
    world.central(&["export", "Store Closing", "--store", "-o", "../x.json"]).exits(2);
}

#[test]
fn a_command_that_is_refused_on_the_way_signs_off() {
    let system = SystemConfig { deploy_licence: false, ..SystemConfig::new("DEV", SystemType::Development) };
    let systems = Systems::start(Config { systems: vec![system], ..Config::default() });
    let world = World::with_systems(&systems);
    let tries: [&[&str]; 3] = [
        &["import", "DEV", "*"],
        &["export", "--from", "DEV", "*", "-o", "-"],
        &["script", "import", "DEV", "*"],
    ];
    for (number, args) in tries.iter().enumerate() {
        let run = world.central(args).exits(1).to_string();
        assert!(run.contains("licen"), "{run}");
        assert_eq!(systems.asked("POST", "/api/tokens"), number + 1);
        assert_eq!(systems.asked("DELETE", "/api/tokens"), number + 1, "{args:?}");
    }
}
