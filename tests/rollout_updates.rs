//! Updates, removals, and what is installed where.

use serde_json::Value;
use snapbox::str;

use crate::harness::rollouts::{finance, make, production, said};
use crate::harness::{World, starting};

impl World {
    /// What is installed by the records: server, name and version.
    fn installed(&self) -> Vec<String> {
        let json = self.central(&["installations", "--json"]).ok().json();
        let all = json["installations"].as_array().unwrap().iter();
        let line =
            |one: &Value| format!("{} {}@{}", text(&one["server"]), text(&one["name"]), one["version"]);
        all.map(line).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn an_update_goes_to_whoever_has_the_old_version_and_removes_exactly_what_it_leaves() {
    let (systems, world) = finance();
    // Of Payroll another schedule has the same name on one server only, and Own is nobody's.
    world.import("central", &starting("Invoices", "08:00"), &[]).ok();
    world.propose("one", "what = ['package:FINANCE@1']\nto = ['PROD-A', 'PROD-B']\n");
    world.run_due().ok();
    make(&systems, "PROD-A", "Own");
    make(&systems, "PROD-C", "Payroll");
    world.central(&["package", "remove", "FINANCE", "Payroll"]).ok();
    world.central(&["package", "add", "FINANCE", "Invoices"]).ok();
    let none = world.central(&["rollout", "new", "--update", "package:FINANCE@2", "--to-version", "3"]);
    snapbox::assert_data_eq!(
        none.exits(1).to_string(),
        str![[r#"
--- stderr
Error: no server has `package:FINANCE@2`
Hint: `opcon-deploy installations` shows what stands where
--- exit 1

"#]]
    );
    let new = world.central(&["rollout", "new", "--update", "package:FINANCE@1", "--to-version", "3"]).ok();
    snapbox::assert_data_eq!(
        new.to_string(),
        str![[r#"
finance-3  2 jobs on 2 servers
--- stderr
Commit [commit] on `main`
Hint: `opcon-deploy rollout show "finance-3"` shows its jobs
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.read("central/rollouts/finance-3.toml"),
        str![[r#"
what = ["package:FINANCE@3"]
to = ["PROD-A", "PROD-B"]

"#]]
    );
    let before = systems.requests().len();
    snapbox::assert_data_eq!(
        said(&world.run_due().ok()),
        str![[r#"
finance-3  PROD-A  deploy package:FINANCE@3  succeeded
finance-3  PROD-A  uninstall Payroll  succeeded
finance-3  PROD-B  deploy package:FINANCE@3  succeeded
finance-3  PROD-B  uninstall Payroll  succeeded
--- stderr
4 jobs: 4 succeeded
--- exit 0

"#]]
    );
    // The new version stands before anything of the old one goes.
    for server in ["PROD-A", "PROD-B"] {
        let asked = systems.requests()[before..].to_vec();
        let of = |method: &str| {
            let changes = asked.iter().enumerate().filter(|(_, one)| {
                one.system == server && one.method == method && one.path.contains("schedules")
            });
            changes.map(|(at, _)| at).collect::<Vec<_>>()
        };
        let (inserts, deletes) = (of("POST"), of("DELETE"));
        assert_eq!((inserts.len(), deletes.len()), (1, 1), "{asked:?}");
        assert!(inserts < deletes, "{asked:?}");
        assert_eq!(systems.starts(server, "Ledger"), "06:00");
        assert_eq!(systems.starts(server, "Invoices"), "08:00");
        assert_eq!(systems.stands(server, "Payroll"), Value::Null);
    }
    assert_eq!(systems.starts("PROD-A", "Own"), "01:00");
    assert_eq!(systems.starts("PROD-C", "Payroll"), "01:00");
    assert_eq!(
        world.installed(),
        [
            "PROD-A FINANCE@3",
            "PROD-A Invoices@1",
            "PROD-A Ledger@1",
            "PROD-B FINANCE@3",
            "PROD-B Invoices@1",
            "PROD-B Ledger@1",
        ]
    );
    world.assert_sound("central");
}

#[test]
fn what_others_depend_on_is_not_removed_unasked() {
    let systems = production(&["PROD-A"]);
    let world = World::with_systems(&systems);
    world.import("central", &starting("Ledger", "06:00"), &[]).ok();
    world.import("central", &crate::harness::definition("Payroll", &["PAY"]), &[]).ok();
    world.central(&["package", "create", "FINANCE", "Ledger", "Payroll"]).ok();
    world.propose("one", "what = ['package:FINANCE']\nto = ['PROD-A']\naccept = ['warnings']\n");
    world.run_due().ok();
    let mut container: Value =
        serde_json::from_str(&crate::harness::definition("Month End", &["RUN"])).unwrap();
    let job = &mut container["scheduleList"][0]["jobList"][0];
    *job = serde_json::json!({
        "name": "RUN", "type": "Container", "frequencyList": [],
        "containerData": { "subScheduleName": "Payroll" },
    });
    systems.put("PROD-A", &container);
    world.central(&["package", "remove", "FINANCE", "Payroll"]).ok();
    let file = "what = ['package:FINANCE@2']\nto = ['PROD-A']\n";
    world.propose("two", file);
    snapbox::assert_data_eq!(
        world.run_due().exits(1).to_string(),
        str![[r#"
two  PROD-A  deploy package:FINANCE@2  succeeded
two  PROD-A  uninstall Payroll  failed (4): job `RUN` of `Month End` runs it; `accept = ["warnings"]` in its file goes on nevertheless
--- stderr
2 jobs: 1 succeeded, 1 failed
--- exit 1

"#]]
    );
    assert_ne!(systems.stands("PROD-A", "Payroll"), Value::Null);
    world.propose("two", &format!("{file}accept = ['warnings']\n"));
    world.central(&["rollout", "retry", "two"]).ok();
    world.run_due().ok();
    assert_eq!(systems.stands("PROD-A", "Payroll"), Value::Null);
}

#[test]
fn without_update_what_the_old_version_had_stays() {
    let (systems, world) = finance();
    world.propose("one", "what = ['package:FINANCE@1']\nto = ['PROD-A']\n");
    world.run_due().ok();
    world.central(&["package", "remove", "FINANCE", "Payroll"]).ok();
    world.propose("two", "what = ['package:FINANCE@2']\nto = ['PROD-A']\nupdate = false\n");
    world.run_due().ok();
    assert_eq!(systems.starts("PROD-A", "Payroll"), "07:00");
    assert_eq!(world.jobs("two"), ["PROD-A deploy package:FINANCE@2 succeeded"]);
}

#[test]
fn an_installation_is_forgotten_and_its_server_is_not_touched() {
    let (systems, world) = finance();
    world.propose("one", "what = ['package:FINANCE']\nto = ['PROD-A', 'PROD-B']\n");
    world.run_due().ok();
    let filtered = world.central(&["installations", "--server", "PROD-B", "--what", "package:FIN", "--json"]);
    let filtered = filtered.ok().json();
    assert_eq!(filtered["installations"].as_array().unwrap().len(), 1);
    let record = text(&filtered["installations"][0]["record"]);
    let before = systems.requests().len();
    world.central(&["installations", "forget", &record]).exits(2);
    world.central(&["installations", "forget", &record, "--reason", " "]).exits(2);
    let forget = ["installations", "forget", &record, "--reason", "removed by hand"];
    snapbox::assert_data_eq!(
        world.central(&forget).ok().to_string(),
        str![[r#"
Forgot `FINANCE` with 2 schedules on `PROD-B`
--- stderr
Its server was not touched
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["installations", "forget", "0000", "--reason", "x"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: no installation has a record that begins with `0000`
Hint: `opcon-deploy installations` shows the records
--- exit 1

"#]]
    );
    assert_eq!(world.installed(), ["PROD-A FINANCE@1", "PROD-A Ledger@1", "PROD-A Payroll@1"]);
    assert_eq!(systems.requests().len(), before);
    assert_eq!(systems.starts("PROD-B", "Ledger"), "06:00");
    let audit = world.central(&["audit", "--all", "--json"]).ok().stdout();
    assert!(audit.contains("forgot `FINANCE` on PROD-B: removed by hand"), "{audit}");
    let verified = world.central(&["audit", "verify"]).ok().to_string();
    assert!(verified.contains("installations forgotten (3)"), "{verified}");
    // Somebody who may not change the server may not say what stands there either.
    let users = "[[user]]\nname = \"Ann Ops\"\nemails = [\"ann@corp.example\"]\nrole = \"Development\"\n";
    world.write("central/users.toml", users);
    world.commit("central", "People");
    let other = world.central(&["installations", "--server", "PROD-A", "--what", "package:", "--json"]).ok();
    let other = text(&other.json()["installations"][0]["record"]);
    let run = world.central(&["installations", "forget", &other, "--reason", "mine"]);
    snapbox::assert_data_eq!(
        run.exits(4).to_string(),
        str![[r#"
--- stderr
Error: `Ann Ops` has the role Development, which may not change servers of the production class
Hint: `opcon-deploy user list` shows who has which role
--- exit 4

"#]]
    );
    world.assert_sound("central");
}
