//! The audit: who did what, and when, from both branches.

use snapbox::{assert_data_eq, str};

use crate::harness::{World, record_id};

#[test]
fn the_audit_reads_both_branches() {
    let world = World::with_records();
    assert_data_eq!(
        world.central(&["audit"]).ok().to_string(),
        str![[r#"
DATE              CATEGORY    USER     MESSAGE                                                                                     COMMIT    SIGNED
2026-05-29 10:20  Deployment  Ann Ops  pinned `Payroll` on PROD: its content was rolled away from                                  [commit]  unsigned
2026-05-29 10:20  Deployment  Ann Ops  began to deploy `Payroll` version 3 to PROD                                                 [commit]  unsigned
2026-05-29 07:33  Deployment  Bob      failed to deploy `Payroll` version 3 to PROD: the system answered 500                       [commit]  unsigned
2026-05-29 04:47  Deployment  Ann Ops  deployed package `FINANCE` version 4 to QA                                                  [commit]  unsigned
2026-05-29 04:46  Deployment  Ann Ops  deployed `Billing_QA` version 1 to QA (`Billing` in the repository) with package FINANCE@4  [commit]  unsigned
2026-05-29 02:01  Deployment  Ann Ops  deployed `Payroll` version 2 to PROD: REL-7: Two o/'clock,/nas agreed                       [commit]  unsigned
2026-05-28 23:13  Deployment  Ann Ops  adopted `Payroll` version 1 as it stands on PROD                                            [commit]  unsigned
2026-05-28 20:31  Schedule    Ann Ops  Import Billing: new: 2 jobs                                                                 [commit]  unsigned
2026-05-28 20:30  Schedule    Ann Ops  Starts at 03:00 (Payroll)                                                                   [commit]  unsigned
2026-05-28 20:29  Schedule    Ann Ops  Starts at 02:00 (Payroll)                                                                   [commit]  unsigned
2026-05-28 20:28  Schedule    Ann Ops  Starts at 01:00 (Payroll)                                                                   [commit]  unsigned
2026-05-28 20:27  GlobalRule  Ann Ops  Lay out the central repository                                                              [commit]  unsigned
2026-05-28 20:27  User        Ann Ops  Lay out the central repository                                                              [commit]  unsigned
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    let count = |args: &[&str]| {
        let run = world.central(&[&["audit", "--json"], args].concat()).ok().json();
        run["audit"].as_array().unwrap().len()
    };
    let all = count(&[]);
    assert_eq!(count(&["--category", "deployment"]), 7);
    assert_eq!(count(&["--category", "Deployment", "--beginnings"]), 11);
    assert_eq!(count(&["--category", "schedule", "--text", "payroll"]), 3);
    assert_eq!(count(&["--text", "starts at 02:00"]), 1);
    assert_eq!(count(&["--user", "bob@corp"]), 1);
    assert_eq!(count(&["--from", "2026-05-29T07:33:00Z"]), 3);
    assert_eq!(count(&["--to", "2026-05-28"]) + count(&["--from", "2026-05-29"]), all);
    assert_eq!(count(&["--limit", "3"]), 3);
    let one = world.central(&["audit", "--json", "--user", "bob@corp"]).ok().json();
    let one = &one["audit"][0];
    assert_eq!(one["message"], "failed to deploy `Payroll` version 3 to PROD: the system answered 500");
    assert_eq!((one["branch"].as_str(), one["signature"].as_str()), (Some("deployments"), Some("unsigned")));
    assert_eq!(
        (one["user"].as_str(), one["committer"].as_str()),
        (Some("Bob <bob@corp.example>"), Some("Ann Ops <ann@corp.example>"))
    );
    assert_eq!(one["record"], record_id(5).to_string());
    world.central(&["audit", "--category", "Weather"]).exits(2);
}

#[test]
fn the_audit_is_for_those_who_may_view_it() {
    let world = World::with_records();
    let users = world.read("central/users.toml").replace("view_audit = true", "view_audit = false");
    world.write("central/users.toml", users);
    world.commit("central", "No audit");
    assert_data_eq!(
        world.central(&["audit"]).exits(4).to_string(),
        str![[r#"
--- stderr
Error: `Ann Ops` has the role Administration, which may not read the audit: `view_audit` is not set
Hint: `opcon-deploy user list` shows who has which role
--- exit 4

"#]]
    );
    world.git("central", &["config", "user.email", "eve@corp.example"]);
    world.central(&["audit"]).exits(4);
    // The records themselves everybody may read.
    world.central(&["deployments"]).ok();
}

#[test]
fn a_signature_is_seen() {
    let world = World::with_records();
    world.keygen("key", "ed25519");
    world.git("central", &["config", "gpg.format", "ssh"]);
    world.git("central", &["config", "user.signingKey", &world.path("home/key.pub").display().to_string()]);
    world.write("central/servers/x.txt", "");
    world.git("central", &["add", "--all"]);
    world.git("central", &["commit", "--quiet", "-S", "-m", "Signed"]);
    let audit = world.central(&["audit", "--json", "--category", "Server"]).ok().json();
    assert_eq!(audit["audit"][0]["signature"], "signed");
}
