//! `import --file`: definitions become versions, and nothing is lost on the way.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::harness::{World, definition, starting};

#[test]
fn a_definition_becomes_a_version_once() {
    let world = World::with_central();
    world.write("payroll.json", definition("Payroll", &["B", "A"]));
    assert_data_eq!(
        world.central(&["import", "--file", "../payroll.json"]).ok().to_string(),
        str![[r#"
Payroll  version 1  new: 2 jobs
--- stderr
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
    // The same jobs in another order and an export of another day are the same definition.
    let again = definition("Payroll", &["A", "B"]).replace("2026-11-18", "2026-11-19");
    world.write("payroll.json", again);
    assert_data_eq!(
        world.central(&["import", "--file", "../payroll.json"]).ok().to_string(),
        str![[r#"
Payroll  equals version 1
--- stderr
1 schedule: 0 imported, 1 unchanged; nothing to commit
--- exit 0

"#]]
    );
    world.assert_sound("central");
}

#[test]
fn a_file_with_several_schedules_is_split() {
    let world = World::with_central();
    let both = r#"{"propertyList":[{"name":"P1","value":"1"},{"name":"P2","value":"2"}],"scheduleList":[
        {"name":"Payroll","documentation":"[[P1]]"},{"name":"Billing","documentation":"[[P2]]"}]}"#;
    let run =
        world.import("central", both, &["--app", "Finance/EU", "-m", "Two at once\n\nwith a body"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Billing  version 1  new: 0 jobs
Payroll  version 1  new: 0 jobs
--- stderr
2 schedules: 2 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.git("central", &["log", "-1", "--format=%B"]),
        str![[r#"
Two at once

with a body

Schedule: Billing | new: 0 jobs
Schedule: Payroll | new: 0 jobs
"#]]
    );
    assert!(!world.read("central/schedules/Finance/EU/Payroll.json").contains("P2"));
    assert!(!world.read("central/schedules/Finance/EU/Billing.json").contains("P1"));
}

#[test]
fn a_blank_message_is_no_message() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &["-m", "  "]).ok();
    assert_eq!(world.git("central", &["log", "-1", "--format=%s"]), "Import Payroll: new: 2 jobs");
}

#[test]
fn sources_that_give_nothing() {
    let world = World::with_central();
    fs::create_dir(world.path("empty")).unwrap();
    world.write("broken/x.json", "nope");
    let tried = [
        &["import", "--file", "../absent.json"][..],
        &["import", "--file", "../empty"],
        &["import", "--file", "../*.xml"],
        &["import", "--file", "../[.json"],
        &["import", "--file", "../broken", "../absent.json"],
        &["import", "--file", "-"],
        &["import", "--file", "../broken", "--app", "a//b"],
        &["import", "--file", "../broken/x.json"],
    ];
    let told = tried.map(|args| format!("$ {}\n{}\n", args.join(" "), world.central(args).exits(1)));
    assert_data_eq!(
        told.concat(),
        str![[r#"
$ import --file ../absent.json
--- stderr
Error: `../absent.json` does not exist
--- exit 1

$ import --file ../empty
--- stderr
Error: no `*.json` file in the folder `../empty`
--- exit 1

$ import --file ../*.xml
--- stderr
Error: no file matches `../*.xml`
--- exit 1

$ import --file ../[.json
--- stderr
Error: `../[.json` is not a pattern: unclosed character class; missing ']'
--- exit 1

$ import --file ../broken ../absent.json
--- stderr
Error: `../absent.json` does not exist
--- exit 1

$ import --file -
standard input  not imported: the file is empty
--- stderr
1 schedule: 0 imported, 1 failed; nothing to commit
--- exit 1

$ import --file ../broken --app a//b
--- stderr
Error: `a//b` cannot be the folder of an application
--- exit 1

$ import --file ../broken/x.json
../broken/x.json  not imported: line 1, column 2: this is not JSON
--- stderr
1 schedule: 0 imported, 1 failed; nothing to commit
--- exit 1


"#]]
    );
    assert_eq!(world.git("central", &["rev-list", "--count", "HEAD"]), "1");
}

#[test]
fn files_of_ours_that_are_dirty_are_refused_and_keep_their_content() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.write("in/payroll.json", starting("Payroll", "07:00"));
    world.write("in/billing.json", starting("Billing", "07:00"));
    let path = "central/schedules/Payroll.json";
    let refused = |world: &World| {
        let run = world.central(&["import", "--file", "../in"]).exits(1);
        assert_eq!(world.git("central", &["rev-list", "--count", "HEAD"]), "2");
        run.to_string()
    };
    let mut told = String::new();
    world.write(path, "edited");
    told += &refused(&world);
    assert_eq!(world.read(path), "edited");
    world.git("central", &["add", "."]);
    told += &refused(&world);
    assert_eq!(world.git("central", &["show", ":schedules/Payroll.json"]), "edited");
    world.git("central", &["reset", "--quiet", "--hard"]);
    fs::remove_file(world.path(path)).unwrap();
    told += &refused(&world);
    world.git("central", &["reset", "--quiet", "--hard"]);
    world.write("central/schedules/Billing.json", "not known to git");
    told += &refused(&world);
    assert_eq!(world.read("central/schedules/Billing.json"), "not known to git");
    fs::remove_file(world.path("central/schedules/Billing.json")).unwrap();
    assert_data_eq!(
        told,
        str![[r#"
--- stderr
Error: `schedules/Payroll.json` has changes that are not committed; nothing was committed
Hint: `git commit -- "schedules/Payroll.json"` keeps the change, `git restore --staged --worktree "schedules/Payroll.json"` drops it
--- exit 1
--- stderr
Error: `schedules/Payroll.json` has staged changes that are not committed; nothing was committed
Hint: `git commit -- "schedules/Payroll.json"` keeps the change, `git restore --staged --worktree "schedules/Payroll.json"` drops it
--- exit 1
--- stderr
Error: `schedules/Payroll.json` is deleted in the work tree, not in the commit; nothing was committed
Hint: `git commit -- "schedules/Payroll.json"` keeps the change, `git restore --staged --worktree "schedules/Payroll.json"` drops it
--- exit 1
--- stderr
Error: `schedules/Billing.json` exists and is not known to git; nothing was committed
Hint: `git add "schedules/Billing.json" && git commit` keeps it; move it away to do without it
--- exit 1

"#]]
    );
    world.central(&["import", "--file", "../in"]).ok();
    world.assert_sound("central");
}

#[test]
fn files_that_are_not_ours_stay_as_they_are() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.import("central", &starting("Billing", "06:00"), &[]).ok();
    world.write("central/README.md", "edited");
    world.write("central/users.toml", "staged = 1");
    world.git("central", &["add", "users.toml"]);
    world.write("central/schedules/Billing.json", "edited too");
    world.write("central/new.txt", "new");
    let before = world.git("central", &["status", "--porcelain"]);
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    assert_eq!(world.git("central", &["status", "--porcelain"]), before);
    assert_eq!(world.git("central", &["show", ":users.toml"]), "staged = 1");
    assert_eq!(world.git("central", &["show", "--format=", "--name-only", "HEAD"]), "schedules/Payroll.json");
}

#[test]
fn what_stands_in_the_work_tree_already_is_committed() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    let canonical = world.read("central/schedules/Payroll.json").replace("06:00", "08:00");
    world.write("central/schedules/Payroll.json", &canonical);
    world.central(&["import", "--file", "schedules/Payroll.json"]).ok();
    world.assert_sound("central");
    assert_eq!(world.versions("central", "Payroll").len(), 2);
}

#[cfg(unix)]
#[test]
fn links_are_not_written_through() {
    let world = World::with_central();
    world.write("outside/keep.txt", "outside");
    std::os::unix::fs::symlink(world.path("outside"), world.path("central/schedules/Finance")).unwrap();
    let run = world.import("central", &starting("Payroll", "06:00"), &["--app", "Finance"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: `schedules/Finance/Payroll.json` is not a plain file in a plain folder; nothing was committed
Hint: move away what stands there
--- exit 1

"#]]
    );
    assert!(!world.path("outside/Payroll.json").exists());
}

#[test]
fn folders_that_differ_in_case_are_refused() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &["--app", "Finance/EU"]).ok();
    let tried = ["finance", "FINANCE/EU", "Finance/eu/x"];
    let told = tried.map(|app| {
        world.import("central", &starting("Billing", "06:00"), &["--app", app]).exits(1).to_string()
    });
    assert_data_eq!(
        told.concat(),
        str![[r#"
--- stderr
Error: the folder `finance` differs only in case from `Finance`
--- exit 1
--- stderr
Error: the folder `FINANCE/EU` differs only in case from `Finance/EU`
--- exit 1
--- stderr
Error: the folder `Finance/eu/x` differs only in case from `Finance/EU`
--- exit 1

"#]]
    );
    world.import("central", &starting("Billing", "06:00"), &["--app", "Finance/US"]).ok();
}

#[test]
fn what_is_no_folder_is_not_made_one() {
    let world = World::with_central();
    world.write("central/schedules/Finance", "a file");
    world.commit("central", "A file");
    let here = world.import("central", &starting("Payroll", "06:00"), &["--app", "Finance"]).exits(1);
    let there =
        world.import("central", &starting("Payroll", "06:00"), &["--app", "Finance", "--branch=b"]).exits(1);
    assert_data_eq!(
        format!("{here}{there}"),
        str![[r#"
--- stderr
Error: `schedules/Finance/Payroll.json` is not a plain file in a plain folder; nothing was committed
Hint: move away what stands there
--- exit 1
--- stderr
Error: `schedules/Finance/Payroll.json` is not a plain file in a plain folder; nothing was committed
Hint: move away what stands there
--- exit 1

"#]]
    );
    assert_eq!(world.git("central", &["show", "main:schedules/Finance"]), "a file");
}

#[test]
fn forms_of_the_index_that_cannot_be_written_are_named() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.git("central", &["update-index", "--split-index"]);
    let split = world.import("central", &starting("Payroll", "07:00"), &[]).exits(1);
    world.git("central", &["update-index", "--no-split-index"]);
    world.git("central", &["sparse-checkout", "set", "--cone", "--sparse-index", "packages"]);
    let sparse_index = world.import("central", &starting("Payroll", "07:00"), &[]).exits(1);
    world.git("central", &["sparse-checkout", "reapply", "--no-sparse-index"]);
    let sparse = world.import("central", &starting("Payroll", "07:00"), &[]).exits(1);
    assert_data_eq!(
        format!("{split}{sparse_index}{sparse}"),
        str![[r#"
--- stderr
Error: git's index is of a kind that cannot be written here (extension `link`)
Hint: `git update-index --no-split-index` makes it a plain one
--- exit 1
--- stderr
Error: git's index is of a kind that cannot be written here (extension `sdir`)
Hint: `git sparse-checkout reapply --no-sparse-index` makes it a plain one
--- exit 1
--- stderr
Error: `schedules/Payroll.json` is outside the sparse checkout; nothing was committed
Hint: `git sparse-checkout disable` brings it, `--branch=NAME` does without a work tree
--- exit 1

"#]]
    );
    world.git("central", &["sparse-checkout", "disable"]);
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    world.assert_sound("central");
}

#[test]
fn a_signature_that_fails_stops_the_commit() {
    let world = World::with_central();
    world.git("central", &["config", "commit.gpgSign", "true"]);
    world.git("central", &["config", "gpg.program", "false"]);
    let run = world.import("central", &starting("Payroll", "06:00"), &[]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: `git commit-tree` failed: error: gpg failed to sign the data:
(no gpg output)
--- exit 1

"#]]
    );
    world.assert_sound("central");
}

#[test]
fn the_reflog_says_what_was_done() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &["-m", "Start of payroll"]).ok();
    let reflog = world.git("central", &["reflog", "-1", "--format=%gs by %gn", "main"]);
    assert_eq!(reflog, "Start of payroll by Ann Ops");
}
