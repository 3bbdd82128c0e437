use super::*;
use crate::repository::records::log::testing::{BRANCH, record};
use crate::repository::testing::Sandbox;

fn told(sandbox: &Sandbox, beginnings: bool) -> Vec<String> {
    let repository = sandbox.repository();
    let records = RecordLog::load(&repository, repository.ref_commit(BRANCH).unwrap()).unwrap();
    let audit = Audit::load(&repository, records).unwrap();
    let line = |action: Action<'_>| format!("{}: {}", action.category, action.message());
    audit.actions(beginnings).map(line).collect()
}

#[test]
fn both_branches_are_told_in_the_order_of_time() {
    let sandbox = Sandbox::new();
    sandbox.deployed(0, &record(1, "PROD", "Payroll", 1), None);
    let failed = record(2, "PROD", "Billing", 4);
    sandbox.begin(100, &failed, None);
    sandbox.fail(130, &failed, "HTTP 500");
    sandbox.begin(200, &record(3, "QA", "Billing", 4), None);
    for name in ["A", "B"] {
        sandbox.define(
            &format!("schedules/{name}.json"),
            serde_json::json!({ "scheduleList": [{ "name": name, "jobList": [] }] }),
        );
        sandbox.write("packages/P.toml", format!("description = \"{name}\"\n"));
        sandbox.commit(&format!("New {name}\n\nTold at length"));
    }
    let all = told(&sandbox, false);
    let records: Vec<&str> =
        all.iter().map(String::as_str).filter(|line| line.starts_with("Deployment")).collect();
    assert_eq!(
        records,
        [
            "Deployment: began to deploy `Billing` version 4 to QA: to 4",
            "Deployment: failed to deploy `Billing` version 4 to PROD: to 4: HTTP 500",
            "Deployment: deployed `Payroll` version 1 to PROD: to 1",
        ]
    );
    let main: Vec<&str> =
        all.iter().map(String::as_str).filter(|line| !line.starts_with("Deployment")).collect();
    assert_eq!(main[..4], ["Schedule: New B", "Package: New B (P)", "Schedule: New A", "Package: New A (P)"]);
    // The first commit makes the settings, the users and a rule.
    assert!(main.iter().any(|line| line.starts_with("GlobalRule: ")), "{main:?}");
    assert!(main.iter().any(|line| line.starts_with("User: ")), "{main:?}");
    assert_eq!(told(&sandbox, true).len(), all.len() + 2);
    // Read again from the cache, and without it.
    assert_eq!(told(&sandbox, false), all);
    std::fs::write(sandbox.path(".git/opcon-deploy/changes"), "garbage").unwrap();
    assert_eq!(told(&sandbox, false), all);
}

#[test]
fn neither_branch_is_brought_out_of_its_order() {
    let at = |time, records: bool| Action {
        category: if records { Category::Deployment } else { Category::User },
        commit: Oid::ZERO_SHA1,
        time,
        user: "",
        committer: "",
        signed: false,
        what: What::Record(Event {
            change: crate::repository::records::log::Change {
                id: Oid::ZERO_SHA1,
                time,
                author: "",
                committer: "",
                signed: false,
                subject: "",
            },
            act: Act::Other,
            is_superseded: false,
        }),
    };
    let records = [9, 3, 7].map(|time| at(time, true));
    let main = [8, 5].map(|time| at(time, false));
    let merged: Vec<i64> = merge(records.into_iter(), main.into_iter()).map(|action| action.time).collect();
    assert_eq!(merged, [9, 8, 5, 3, 7]);
}
