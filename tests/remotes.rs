//! Remotes that refuse, go, or lose what they had: nothing is touched that is not recorded.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::together::{hook, world};

#[test]
fn a_remote_that_takes_no_records_leaves_the_target_alone() {
    let (systems, world) = world();
    hook(
        &world,
        "update",
        "case $1 in refs/heads/deployments) echo No deployments on Fridays; exit 1;; esac",
    );
    let run = world.central(&["deploy", "Payroll", "--to", "QA"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: the remote refused the records on `deployments`: hook declined (No deployments on Fridays; error: hook declined to update refs/heads/deployments); nothing was changed on `QA`
--- exit 1

"#]]
    );
    assert_eq!(systems.asked("POST", "/impex2/schedules"), 0);
    assert_eq!(world.git("remote.git", &["for-each-ref", "refs/opcon-deploy"]), "");
}

#[test]
fn without_the_remote_nothing_is_done_unless_it_is_left_out() {
    let (systems, world) = world();
    fs::rename(world.path("remote.git"), world.path("gone.git")).unwrap();
    let run = world.central(&["deploy", "Payroll", "--to", "QA"]).exits(1);
    assert_data_eq!(
        run.to_string().replace("[world]/central/../", "[world]/"),
        str![[r#"
--- stderr
Error: cannot fetch the records from `origin`: fatal: '../remote.git' does not appear to be a git repository
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
Hint: `--offline` leaves the remote out; the record will say so
--- exit 1

"#]]
    );
    assert_eq!(systems.requests().len(), 0);
    world.central(&["deploy", "Payroll", "--to", "QA", "--offline"]).ok();
    let record = world.git("central", &["show", "deployments:active/QA/53/Payroll/record.toml"]);
    assert!(record.contains("offline = true"), "{record}");
    // What was recorded without it is brought there by the next command that can.
    fs::rename(world.path("gone.git"), world.path("remote.git")).unwrap();
    let run = world.central(&["doctor"]).exits(3);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
records  2 commits of records are not on the remote
--- stderr
Hint: `opcon-deploy doctor --repair` finishes it, or undoes it, by what stands on the targets
--- exit 3

"#]]
    );
    world.central(&["deploy", "Billing", "--to", "QA"]).ok();
    let tree = world.git("remote.git", &["ls-tree", "-r", "--name-only", "deployments"]);
    assert!(tree.contains("Payroll") && tree.contains("Billing"), "{tree}");
    world.central(&["doctor"]).ok();
}

#[test]
fn a_remote_that_goes_after_the_insert_is_told_and_finished_later() {
    let (systems, world) = world();
    // It takes the begin, and is gone when the end comes.
    let gone = "while read old new ref; do [ $ref = refs/heads/deployments ] && mv ../remote.git ../gone.git; done; exit 0";
    hook(&world, "post-receive", gone);
    let run = world.central(&["deploy", "Payroll", "--to", "QA"]).exits(1);
    assert_data_eq!(
        run.to_string().replace("[world]/central/../", "[world]/"),
        str![[r#"
--- stderr
Warning: the lease of `QA` was not given back: cannot reach `origin` for a lease: fatal: '../remote.git' does not appear to be a git repository
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
Error: `Payroll` stands as planned on `QA`, but that could not be recorded: cannot push the records to `origin`: fatal: '../remote.git' does not appear to be a git repository
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
Hint: `opcon-deploy doctor --repair` finishes it, or undoes it, by what stands there
--- exit 1

"#]]
    );
    assert!(!systems.stands("QA", "Payroll").is_null());
    fs::rename(world.path("gone.git"), world.path("remote.git")).unwrap();
    hook(&world, "post-receive", "exit 0");
    world.git("remote.git", &["update-ref", "-d", "refs/opcon-deploy/locks/QA"]);
    let run = world.central(&["doctor", "--repair"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
operation  deploy of `Payroll` on `QA`, begun by Ann Ops ([..]): was cut off; record [record]
--- stderr
`Payroll` on `QA`: it stands there as planned, and is recorded as active
--- exit 0

"#]]
    );
    let tree = world.git("remote.git", &["ls-tree", "-r", "--name-only", "deployments"]);
    assert!(tree.contains("active/QA/53/Payroll") && !tree.contains("open/"), "{tree}");
}

#[test]
fn records_that_were_rewritten_stop_everything() {
    let (systems, world) = world();
    world.central(&["deploy", "Payroll", "--to", "QA"]).ok();
    let before = systems.requests().len();
    world.git("remote.git", &["update-ref", "refs/heads/deployments", "deployments~1"]);
    let run = world.central(&["deploy", "Billing", "--to", "QA"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: the branch `origin/deployments` of the records was rewritten: [commit] was seen on it and is gone
Hint: `git log refs/opcon-deploy/seen/remotes/origin/deployments` shows what was there, `git push --force origin refs/opcon-deploy/seen/remotes/origin/deployments:refs/heads/deployments` brings it back; `git update-ref -d refs/opcon-deploy/seen/remotes/origin/deployments` forgets it and takes what is there now for the truth
--- exit 1

"#]]
    );
    assert_eq!(systems.requests().len(), before);
}

#[test]
fn a_shallow_clone_is_told_what_it_lacks() {
    let (systems, world) = world();
    world.central(&["deploy", "Payroll", "--to", "QA"]).ok();
    let url = format!("file://{}", world.path("remote.git").display());
    world.git("", &["clone", "--quiet", "--depth", "1", &url, "shallow"]);
    let run = world.run("shallow", &["deploy", "Billing", "--to", "QA"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Hint: `opcon-deploy init` wires git's diff and merge of definitions into this clone
Error: this clone is shallow: its records cannot be read
Hint: `git fetch --unshallow` brings the whole history
--- exit 1

"#]]
    );
    assert_eq!(systems.asked("POST", "/impex2/schedules"), 1);
}

#[test]
fn a_clock_that_is_far_off_does_no_harm() {
    let (systems, world) = world();
    for (folder, date) in [("central", "4000000000 +0000"), ("colleague", "100000000 +0000")] {
        let mut program = world.program(folder);
        program.env("GIT_COMMITTER_DATE", date).env("GIT_AUTHOR_DATE", date);
        world.finish(program.args(["deploy", "Payroll", "--to", "QA", "--accept-existing"])).ok();
    }
    world.central(&["rollback", "Payroll", "--on", "QA", "--yes"]).ok();
    assert_eq!(systems.starts("QA", "Payroll"), "06:00");
    let records = world.central(&["deployments", "--json"]).ok().json();
    assert_eq!(records["deployments"].as_array().unwrap().len(), 3);
}
