//! `drift`: what stands on servers against what was deployed to them, and who
//! answers for the differences.

use deploy_sandbox::SystemType;
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::harness::{Systems, World, definition, starting};

/// Two schedules on a test and on a production system.
struct Story {
    systems: Systems,
    world: World,
}

impl Story {
    fn begin() -> Self {
        let systems = Systems::empty(&[
            ("DEV", SystemType::Development),
            ("QA", SystemType::QualityAssurance),
            ("PROD", SystemType::Production),
        ]);
        let world = World::with_systems(&systems);
        let till = definition("Till", &["LOAD"])
            .replace("\"jobList\"", "\"documentation\":\"the tills\",\"jobList\"");
        world.import("central", &starting("Payroll", "06:00"), &[]).ok();
        world.import("central", &till, &[]).ok();
        for server in ["QA", "PROD"] {
            world.central(&["deploy", "Payroll", "Till", "--to", server]).ok();
        }
        Self { systems, world }
    }

    fn drift(&self, args: &[&str]) -> crate::harness::Run {
        self.world.central(&[&["drift"], args].concat())
    }

    fn starts_at(&self, server: &str, time: &str) {
        self.systems.edit(server, "Payroll", |schedule| schedule["startTime"] = time.into());
    }
}

#[test]
fn before_anything_was_deployed() {
    let systems = Systems::empty(&[("QA", SystemType::QualityAssurance)]);
    let world = World::with_systems(&systems);
    for args in [&["drift"][..], &["drift", "QA"]] {
        assert_data_eq!(
            world.central(args).ok().to_string(),
            str![[r#"
--- stderr
nothing was deployed there yet
Hint: `--unmanaged` lists what stands there all the same
--- exit 0

"#]]
        );
    }
    assert_eq!(systems.requests().len(), 0);
}

#[test]
fn what_stands_as_it_was_deployed() {
    let story = Story::begin();
    let before = story.world.git("central", &["rev-parse", "main", "deployments"]);
    assert_data_eq!(
        story.drift(&[]).ok().to_string(),
        str![[r#"
PROD  Production, 2 schedules compared: no drift
QA  Quality Assurance, 2 schedules compared: no drift
--- stderr
no drift
--- exit 0

"#]]
    );
    // Nothing is changed, neither there nor here, and nothing is asked that is not needed.
    assert_eq!(story.world.git("central", &["rev-parse", "main", "deployments"]), before);
    let asked: Vec<String> =
        story.systems.requests().iter().rev().take(10).map(|one| one.method.clone()).collect();
    assert!(asked.iter().all(|method| method != "PUT"), "{asked:?}");
}

#[test]
fn what_was_changed_by_hand() {
    let story = Story::begin();
    story.starts_at("PROD", "07:00");
    story.systems.edit("PROD", "Payroll", |schedule| {
        schedule["jobList"].as_array_mut().unwrap().push(json!({"name": "EXTRA", "type": "Null Job"}));
    });
    story.systems.remove("QA", "Till");
    story.systems.put("PROD", &serde_json::from_str(&definition("Of somebody", &["A"])).unwrap());
    assert_data_eq!(
        story.drift(&[]).exits(3).to_string(),
        str![[r#"
PROD  Production, 2 schedules compared: 1 drifted
  Payroll  drifted since it was deployed by Ann Ops (version 1) on [day]
    add     /scheduleList/0/jobList/0  job EXTRA: is new
    replace /scheduleList/0/startTime  startTime: 06:00 → 07:00
QA  Quality Assurance, 2 schedules compared: 1 drifted
  Till  gone since it was deployed by Ann Ops (version 1) on [day]
--- stderr
2 schedules drifted
Hint: `opcon-deploy deploy "Payroll@1" --to PROD --accept-drift` puts back what was deployed, `opcon-deploy drift accept PROD "Payroll"` answers for the difference
--- exit 3

"#]]
    );
    assert_data_eq!(
        story.drift(&["PROD", "--unmanaged"]).exits(3).to_string(),
        str![[r#"
PROD  Production, 2 schedules compared: 1 drifted
  Payroll  drifted since it was deployed by Ann Ops (version 1) on [day]
    add     /scheduleList/0/jobList/0  job EXTRA: is new
    replace /scheduleList/0/startTime  startTime: 06:00 → 07:00
  Of somebody  never deployed
--- stderr
1 schedule drifted
Hint: `opcon-deploy deploy "Payroll@1" --to PROD --accept-drift` puts back what was deployed, `opcon-deploy drift accept PROD "Payroll"` answers for the difference
--- exit 3

"#]]
    );
    assert_data_eq!(
        story.drift(&["--markdown"]).exits(3).to_string(),
        str![[r####"
### Drift: `PROD` (Production)

**2 schedules compared: 1 drifted**

- `Payroll`: drifted since it was `deployed by Ann Ops (version 1) on [day]`

<details><summary>What was changed there</summary>

```text
Payroll  add     /scheduleList/0/jobList/0  job EXTRA: is new
Payroll  replace /scheduleList/0/startTime  startTime: 06:00 → 07:00
```

</details>

### Drift: `QA` (Quality Assurance)

**2 schedules compared: 1 drifted**

- `Till`: gone since it was `deployed by Ann Ops (version 1) on [day]`

--- stderr
2 schedules drifted
Hint: `opcon-deploy deploy "Payroll@1" --to PROD --accept-drift` puts back what was deployed, `opcon-deploy drift accept PROD "Payroll"` answers for the difference
--- exit 3

"####]]
    );
    let told = story.drift(&["--json", "--unmanaged"]).exits(3).json();
    let servers: Vec<&Value> = told["servers"].as_array().unwrap().iter().collect();
    let names: Vec<&Value> = servers.iter().map(|server| &server["name"]).collect();
    assert_eq!(names, ["DEV", "PROD", "QA"]);
    assert_eq!(servers[1]["unmanaged"], json!(["Of somebody"]));
    let payroll = &servers[1]["schedules"][0];
    assert_eq!(payroll["outcome"], "drifted");
    assert_eq!(payroll["version"], 1);
    assert_eq!(
        payroll["changes"][1],
        json!({"op": "replace", "pointer": "/scheduleList/0/startTime", "words": "startTime: 06:00 → 07:00"})
    );
    assert_eq!(servers[2]["schedules"][0]["outcome"], "gone");
    // Only what is asked for counts, by its name, a pattern, or its package.
    story.drift(&["PROD", "--only", "till"]).ok();
    story.drift(&["--only", "Pay*"]).exits(3);
    let nothing = story.drift(&["--only", "package:STORES", "--only", "X"]).exits(1).to_string();
    assert!(nothing.contains("nothing that was deployed fits `package:STORES`, `X`"), "{nothing}");
    story.drift(&["P*", "--only", "Till"]).ok();
    assert!(story.drift(&["PRODD"]).exits(1).to_string().contains("did you mean `PROD`?"));
    assert!(story.drift(&["X*"]).exits(1).to_string().contains("no server on main fits `X*`"));
}

#[test]
fn what_was_rolled_back_deployed_again_or_deleted_is_no_drift() {
    let story = Story::begin();
    story.starts_at("PROD", "07:00");
    story.drift(&["PROD"]).exits(3);
    story.world.import("central", &starting("Payroll", "08:00"), &[]).ok();
    story.world.central(&["deploy", "Payroll", "--to", "PROD", "--accept-drift"]).ok();
    story.drift(&["PROD"]).ok();
    story.world.central(&["rollback", "Payroll", "--on", "PROD", "--yes"]).ok();
    story.drift(&["PROD"]).ok();
    assert_eq!(story.systems.starts("PROD", "Payroll"), "07:00");
    story.world.central(&["delete", "Payroll", "--from", "PROD", "--yes"]).ok();
    let run = story.drift(&["PROD"]).ok().to_string();
    assert!(run.contains("1 schedule compared: no drift"), "{run}");
}

#[test]
fn a_difference_that_somebody_answers_for() {
    let story = Story::begin();
    story.starts_at("PROD", "07:00");
    story.world.write("central/drift-accepted.toml", "# ours\n");
    story.world.commit("central", "A comment");
    let accept = |more: &[&str]| {
        let args = ["drift", "accept", "prod", "payroll", "--reason", "month end", "--until", "2999-12-31"];
        story.world.central(&[&args, more].concat())
    };
    assert_data_eq!(
        accept(&["--pointer", "/scheduleList/*/startTime"]).ok().to_string(),
        str![[r#"
Payroll  accepted on PROD at /scheduleList/*/startTime until 2999-12-31
--- stderr
Commit [commit] on `main`
--- exit 0

"#]]
    );
    assert_data_eq!(
        story.world.read("central/drift-accepted.toml"),
        str![[r##"
# ours

[[accepted]]
server = "PROD"
schedule = "Payroll"
pointer = "/scheduleList/*/startTime"
reason = "month end"
owner = "Ann Ops <ann@corp.example>"
until = 2999-12-31

"##]]
    );
    assert_data_eq!(
        story.drift(&["PROD"]).ok().to_string(),
        str![[r#"
PROD  Production, 2 schedules compared: 1 accepted
  Payroll  accepted until 2999-12-31 by Ann Ops <ann@corp.example>: month end
    replace /scheduleList/0/startTime  startTime: 06:00 → 07:00
--- stderr
no drift
--- exit 0

"#]]
    );
    // What was accepted on one server says nothing of another, or of something else.
    story.starts_at("QA", "07:00");
    story.drift(&["QA"]).exits(3);
    story.systems.edit("PROD", "Payroll", |schedule| schedule["workdayDefinition"] = "x".into());
    story.drift(&["PROD"]).exits(3);
    story.world.import("central", &starting("Payroll", "08:00"), &[]).ok();
    story.world.central(&["deploy", "Payroll", "--to", "PROD"]).exits(4);
    accept(&[]).ok();
    story.drift(&["PROD"]).ok();
    assert!(accept(&[]).ok().to_string().contains("accepted already"));
    story.systems.remove("PROD", "Payroll");
    let run = story.drift(&["PROD"]).ok().to_string();
    assert!(
        run.contains("Payroll  accepted until 2999-12-31 by Ann Ops <ann@corp.example>: month end"),
        "{run}"
    );
    story.world.central(&["check"]).ok();
    let audit = story.world.git("central", &["log", "--format=%s", "--", "drift-accepted.toml"]);
    assert_data_eq!(
        audit,
        str![[r#"
Drift of Payroll on PROD accepted until 2999-12-31: month end
Drift of Payroll on PROD at /scheduleList/*/startTime accepted until 2999-12-31: month end
A comment
"#]]
    );
}

#[test]
fn what_cannot_be_accepted() {
    let story = Story::begin();
    let accept = |args: &[&str], code| {
        let run = story.world.central(&[&["drift", "accept"], args].concat());
        run.exits(code).to_string()
    };
    let until = ["--reason", "x", "--until", "2999-12-31"];
    let told = accept(&[&["PROD", "Payrol"], &until[..]].concat(), 1);
    assert!(told.contains("no schedule `Payrol` was deployed to `PROD`; did you mean `Payroll`?"), "{told}");
    let told = accept(&[&["PROD", "Payroll", "--pointer", "startTime"], &until[..]].concat(), 2);
    assert!(told.contains("`startTime` is not a JSON pointer"), "{told}");
    let told = accept(&["PROD", "Payroll", "--reason", "x", "--until", "2020-01-01"], 2);
    assert!(told.contains("2020-01-01 has passed already"), "{told}");
    let told = accept(&["PROD", "Payroll", "--reason", " ", "--until", "2999-12-31"], 2);
    assert!(told.contains("needs a reason"), "{told}");
    accept(&["PROD", "Payroll", "--reason", "x", "--until", "soon"], 2);
    // Who may not deploy there cannot wave a difference through.
    story.world.central(&["user", "add", "Bob", "--email", "bob@corp.example", "--role", "Test"]).ok();
    story.world.git("central", &["config", "user.email", "bob@corp.example"]);
    let told = accept(&[&["PROD", "Payroll"], &until[..]].concat(), 4);
    assert!(told.contains("may not change servers of the production class"), "{told}");
    accept(&[&["QA", "Payroll"], &until[..]].concat(), 0);
}

#[test]
fn an_acceptance_counts_when_it_is_on_main_and_until_its_day() {
    let story = Story::begin();
    story.starts_at("PROD", "07:00");
    let accept = ["drift", "accept", "PROD", "Payroll", "--reason", "x", "--until", "2999-12-31"];
    let run = story.world.central(&[&accept[..], &["--branch=asked"]].concat()).ok().to_string();
    assert!(run.contains("It counts when it is on `main`"), "{run}");
    story.drift(&["PROD"]).exits(3);
    story.world.git("central", &["merge", "--quiet", "--ff-only", "asked"]);
    story.drift(&["PROD"]).ok();
    let text = story.world.read("central/drift-accepted.toml").replace("2999-12-31", "2020-12-31");
    story.world.write("central/drift-accepted.toml", text);
    story.drift(&["PROD"]).ok();
    story.world.commit("central", "Long ago");
    story.drift(&["PROD"]).exits(3);
    story.world.write("central/drift-accepted.toml", "[[accepted]]\nserver = 3\n");
    story.world.commit("central", "Wrong");
    assert_data_eq!(
        story.drift(&["PROD"]).exits(1).to_string(),
        str![[r#"
PROD  not compared: drift-accepted.toml:2:10: invalid type: integer `3`, expected a string
--- stderr
Hint: `opcon-deploy schema drift-accepted` describes the keys
--- exit 1

"#]]
    );
}

#[test]
fn values_that_move_at_run_time() {
    let story = Story::begin();
    let own = json!({
        "scheduleList": [{"name": "Stock", "jobList": [{"name": "A", "type": "Null Job", "jobDocumentation": "[[LEVEL]]"}]}],
        "propertyList": [{"name": "LEVEL", "value": "1"}],
    });
    story.world.import("central", &own.to_string(), &[]).ok();
    story.world.central(&["deploy", "Stock", "--to", "PROD"]).ok();
    let other = json!({
        "scheduleList": [{"name": "Other", "jobList": [{"name": "A", "type": "Null Job", "jobDocumentation": "[[LEVEL]]"}]}],
        "propertyList": [{"name": "LEVEL", "value": "2"}],
    });
    story.systems.put("PROD", &other);
    assert_data_eq!(
        story.drift(&["PROD"]).ok().to_string(),
        str![[r#"
PROD  Production, 3 schedules compared: 1 with other values
  Stock  holds other values since it was deployed by Ann Ops (version 1) on [day]
    replace /propertyList/0/value  property LEVEL: value: 1 → 2
--- stderr
no drift
--- exit 0

"#]]
    );
    for (setting, code) in [("ignore", 0), ("drift", 3), ("note", 0)] {
        let text = story.world.git("central", &["show", "HEAD:deploy.toml"]);
        let text = text.lines().filter(|line| !line.contains("shared_values") && *line != "[drift]");
        let text = text.collect::<Vec<_>>().join("\n");
        story.world.write("central/deploy.toml", format!("{text}\n[drift]\nshared_values = \"{setting}\"\n"));
        story.world.commit("central", setting);
        let run = story.drift(&["PROD"]).exits(code).to_string();
        assert_eq!(run.contains("Stock"), setting != "ignore", "{run}");
    }
}

#[test]
fn servers_that_fail_do_not_keep_the_others_back() {
    let story = Story::begin();
    story.starts_at("QA", "07:00");
    story.systems.set_fault("PROD:error=500@GET /impex2/schedules/Till".parse().unwrap());
    assert_data_eq!(
        story.drift(&[]).exits(1).to_string(),
        str![[r#"
PROD  Production, 1 schedule compared: no drift, 1 not compared
  Till  not compared: cannot extract `Till` from `PROD` (http://127.0.0.1:[..]/impex2/schedules/Till): the system failed with status 500: A fault was asked for
QA  Quality Assurance, 2 schedules compared: 1 drifted
  Payroll  drifted since it was deployed by Ann Ops (version 1) on [day]
    replace /scheduleList/0/startTime  startTime: 06:00 → 07:00
--- stderr
1 schedule drifted
Hint: `opcon-deploy deploy "Payroll@1" --to QA --accept-drift` puts back what was deployed, `opcon-deploy drift accept QA "Payroll"` answers for the difference
--- exit 1

"#]]
    );
    story.systems.clear_faults();
    story.systems.set_fault("PROD:reset".parse().unwrap());
    let run = story.drift(&[]).exits(1).to_string();
    assert!(run.contains("PROD  not compared: ") && run.contains("startTime: 06:00 → 07:00"), "{run}");
    story.systems.clear_faults();
    story.world.git("", &["config", "--global", "--unset", "opcon-deploy.credential.prod"]);
    let run = story.drift(&[]).exits(1).to_string();
    assert!(run.contains("PROD  not compared: ") && run.contains("startTime: 06:00 → 07:00"), "{run}");
    // Nothing is ever sent to a server that left main, and that is said.
    story.world.git("central", &["rm", "--quiet", "servers/PROD.toml"]);
    story.world.commit("central", "Gone");
    let run = story.drift(&[]).exits(3).to_string();
    assert!(run.contains("server `PROD` is not on main any more"), "{run}");
}

#[test]
fn the_board_says_what_was_seen() {
    let story = Story::begin();
    story.starts_at("PROD", "07:00");
    assert!(!story.world.central(&["status"]).ok().to_string().contains("drift"));
    story.drift(&[]).exits(3);
    let board = story.world.central(&["status"]).ok().to_string();
    let board = board.split(", last seen ").collect::<Vec<_>>();
    assert_data_eq!(
        board[0],
        str![[r#"
SCHEDULE  MAIN  PROD     QA
Payroll      1  1 drift  1
Till         1  1        1
--- stderr
drift: something else stood there than was deployed
"#]]
    );
    let told = story.world.central(&["status", "Payroll", "--json"]).ok().json();
    let cells = told["status"][0]["servers"].as_array().unwrap().clone();
    let seen: Vec<&Value> = cells.iter().map(|cell| &cell["driftSeen"]["differences"]).collect();
    assert_eq!(seen, [&json!(1), &Value::Null]);
    // It is known of what was deployed then, and of nothing that was deployed since.
    story.world.central(&["deploy", "Payroll", "--to", "PROD", "--accept-drift"]).ok();
    assert!(!story.world.central(&["status"]).ok().to_string().contains("drift"));
    story.starts_at("PROD", "09:00");
    story.drift(&["PROD"]).exits(3);
    assert!(story.world.central(&["status"]).ok().to_string().contains("drift"));
    story.starts_at("PROD", "06:00");
    story.drift(&["--only", "Till"]).ok();
    assert!(story.world.central(&["status"]).ok().to_string().contains("drift"));
    story.drift(&["--only", "Payroll"]).ok();
    assert!(!story.world.central(&["status"]).ok().to_string().contains("drift"));
}
