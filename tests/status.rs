//! What stands where, and what stood there once.

use deploy_core::repository::records::Status;
use deploy_sandbox::SystemType;
use snapbox::{assert_data_eq, str};

use crate::harness::{Systems, World, record, record_id, starting};

#[test]
fn the_board_says_what_stands_where() {
    let world = World::with_records();
    assert_data_eq!(
        world.central(&["status"]).ok().to_string(),
        str![[r#"
SCHEDULE  MAIN  PROD                     QA
Billing      1                           Billing_QA: 1
Payroll      3  2 (-1) pinned deploying
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    world.import("central", &starting("Unused", "05:00"), &[]).ok();
    assert_data_eq!(
        world.central(&["status", "--all", "--server", "PROD"]).ok().to_string(),
        str![[r#"
SCHEDULE  MAIN  PROD
Billing      1
Payroll      3  2 (-1) pinned deploying
Unused       1
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["status", "bill*"]).ok().to_string(),
        str![[r#"
SCHEDULE  MAIN  QA
Billing      1  Billing_QA: 1
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["status", "zzz"]).ok().to_string(),
        str![[r#"
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
nothing matches
--- exit 0

"#]]
    );
    let board = world.central(&["status", "Payroll", "--json"]).ok().json();
    let line = &board["status"][0];
    assert_eq!((line["schedule"].as_str(), line["version"].as_u64()), (Some("Payroll"), Some(3)));
    let cell = &line["servers"][0];
    assert_eq!((cell["main"].as_str(), cell["by"].as_u64()), (Some("behind"), Some(1)));
    assert_eq!((cell["pinned"].as_bool(), cell["version"].as_u64()), (Some(true), Some(2)));
    assert_eq!(cell["pending"][0]["record"], record_id(6).to_string());
}

#[test]
fn drift_that_is_known_is_on_the_board() {
    let world = World::with_records();
    let mut record = record(7, "PROD", "Billing", 1);
    record.reason = Some("stands there other than it was sent: startTime".into());
    let done = world.activate(60_000, &record, &starting("Billing", "05:01"), None);
    assert_eq!(done.status, Status::Active);
    assert_data_eq!(
        world.central(&["status", "Billing"]).ok().to_string(),
        str![[r#"
SCHEDULE  MAIN  PROD     QA
Billing      1  1 drift  Billing_QA: 1
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
drift: what was read back was not what was sent
Hint: `opcon-deploy deployments show [record]` tells what differs
--- exit 0

"#]]
    );
}

#[test]
fn what_stood_there_at_a_time() {
    let world = World::with_records();
    let at = |time: &str| world.central(&["asof", time, "PROD"]).ok().to_string();
    assert_data_eq!(
        at("2026-05-28"),
        str![[r#"
NAME     TYPE      VERSION  SINCE             USER     RECORD
Payroll  Schedule        1  2026-05-28 23:13  Ann Ops  [commit]-0001
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
as of 2026-05-28 23:13, after commit [commit]
--- exit 0

"#]]
    );
    assert_data_eq!(
        at("2026-05-29 00:00"),
        str![[r#"
NAME     TYPE      VERSION  SINCE             USER     RECORD
Payroll  Schedule        1  2026-05-28 23:13  Ann Ops  [commit]-0001
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
as of 2026-05-28 23:13, after commit [commit]
--- exit 0

"#]]
    );
    assert_data_eq!(
        at("2026-05-29T03:59:00+02:00"),
        str![[r#"
NAME     TYPE      VERSION  SINCE             USER     RECORD
Payroll  Schedule        1  2026-05-28 23:13  Ann Ops  [commit]-0001
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
as of 2026-05-28 23:13, after commit [commit]
--- exit 0

"#]]
    );
    assert_data_eq!(
        at("2026-06-01"),
        str![[r#"
NAME     TYPE      VERSION  RULES       SINCE             USER     RECORD
Payroll  Schedule        2  machines@3  2026-05-29 02:01  Ann Ops  [commit]-0002
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
as of 2026-05-29 10:20, after commit [commit]
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["asof", "2026-06-01", "qa", "bill"]).ok().to_string(),
        str![[r#"
NAME        ORIGINAL  TYPE      VERSION  PACKAGE    SINCE             USER     RECORD
Billing_QA  Billing   Schedule        1  FINANCE@4  2026-05-29 04:46  Ann Ops  [commit]-0004
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
as of 2026-05-29 10:20, after commit [commit]
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["asof", "2026-06-01", "PRODD"]).exits(1).to_string(),
        str![[r#"
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
Error: there are no records of a server `PRODD`; did you mean `PROD`?
--- exit 1

"#]]
    );
    let then = world.central(&["asof", "2026-06-01", "PROD", "--json"]).ok().json();
    assert_eq!(then["standing"][0]["rules"], serde_json::json!(["machines@3"]));
    assert_eq!(then["standing"].as_array().unwrap().len(), 1);
    world.central(&["asof", "noon", "PROD"]).exits(2);
}

#[test]
fn clocks_that_disagree_are_told() {
    let world = World::with_records();
    let mut late = record(7, "PROD", "Billing", 1);
    // Somebody whose clock is behind by hours records after all of the others.
    world.begin(45_000, &mut late, &starting("Billing", "05:00"), None);
    world.activate(45_010, &late, &starting("Billing", "05:00"), None);
    let run = world.central(&["asof", "2026-05-29 10:00", "PROD"]).ok().to_string();
    assert_data_eq!(
        run,
        str![[r#"
NAME     TYPE      VERSION  RULES       SINCE             USER     RECORD
Billing  Schedule        1              2026-05-29 08:56  Ann Ops  [commit]-0007
Payroll  Schedule        2  machines@3  2026-05-29 02:01  Ann Ops  [commit]-0002
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
as of 2026-05-29 08:56, after commit [commit]
Warning: clocks disagree: commit [commit] came before, but says 2026-05-29 10:20
--- exit 0

"#]]
    );
}

/// The whole story with real systems: what the commands tell is what was done.
#[test]
fn what_was_really_deployed_is_told() {
    let systems = Systems::empty(&[("QA", SystemType::QualityAssurance), ("PROD", SystemType::Production)]);
    let world = World::with_systems(&systems);
    world.add_remote();
    for time in ["06:00", "07:00"] {
        world.import("central", &starting("Payroll", time), &["--push"]).ok();
        world.central(&["deploy", "Payroll", "--to", "PROD", "--tag", time, "--yes"]).ok();
    }
    world.central(&["deploy", "Payroll@1", "--to", "QA"]).ok();
    let list = || world.central(&["deployments", "--json"]).ok().json()["deployments"].clone();
    let told = |list: &serde_json::Value| -> Vec<String> {
        let rows = list.as_array().unwrap().iter();
        rows.map(|row| format!("{} {} {}", row["server"], row["version"], row["status"]).replace('"', ""))
            .collect()
    };
    let before = list();
    assert_eq!(told(&before), ["QA 1 Active", "PROD 2 Active", "PROD 1 Inactive"]);
    let second = before[1]["id"].as_str().unwrap();
    let show = |what| world.central(&["deployments", "show", second, what]).ok().stdout();
    assert!(show("--diff").contains("startTime 06:00 → 07:00"), "{}", show("--diff"));
    assert!(show("--rollback").contains("06:00") && show("--definition").contains("07:00"));
    let board = |folder| {
        world.run(folder, &["status", "--json", "--fetch"]).ok().json()["status"][0]["servers"].clone()
    };
    let cell = |board: &serde_json::Value, server: &str| {
        board.as_array().unwrap().iter().find(|cell| cell["server"] == server).unwrap().clone()
    };
    assert_eq!(cell(&board("central"), "PROD")["main"], "latest");
    assert_eq!(cell(&board("central"), "QA")["by"], 1);

    world.central(&["rollback", "Payroll", "--on", "PROD", "--yes"]).ok();
    let after = list();
    assert_eq!(told(&after), ["PROD 1 Active", "QA 1 Active", "PROD 2 Rolledback", "PROD 1 Inactive"]);
    assert_eq!(after[0]["action"], "rollback");
    assert_eq!(after[0]["undoes"], second);
    world.add_clone("other", "Bob");
    let prod = cell(&board("other"), "PROD");
    assert_eq!((prod["pinned"].as_bool(), prod["main"].as_str()), (Some(true), Some("behind")));
    let audit = world.central(&["audit", "--json", "--category", "Deployment", "--text", "PROD"]).ok().json();
    let said: Vec<&str> =
        audit["audit"].as_array().unwrap().iter().map(|one| one["message"].as_str().unwrap()).collect();
    assert!(
        said.iter().any(|words| words.starts_with("rolled back `Payroll` version 1 on PROD")),
        "{said:?}"
    );
    assert!(said.contains(&"deployed `Payroll` version 2 to PROD: 07:00"), "{said:?}");
}
