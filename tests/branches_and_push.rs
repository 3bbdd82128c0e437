//! Committing elsewhere than to the branch checked out, and pushing.

use snapbox::{assert_data_eq, str};

use crate::harness::{World, starting};

/// A central repository with a schedule, its bare remote, and a colleague's clone.
fn shared() -> World {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "01:00"), &[]).ok();
    world.add_remote();
    world.add_clone("colleague", "Carl Dev");
    world
}

fn tip(world: &World, folder: &str) -> String {
    world.git(folder, &["rev-parse", "main"])
}

#[test]
fn a_side_branch_says_what_the_number_will_be() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "01:00"), &[]).ok();
    world.git("central", &["switch", "--quiet", "-c", "side"]);
    let run = world.import("central", &starting("Payroll", "02:00"), &["-m", "Later start"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  will be version 2 when merged  startTime
--- stderr
1 schedule: 1 imported; commit [commit] on `side`
--- exit 0

"#]]
    );
    let again = world.import("central", &starting("Payroll", "02:00"), &[]).ok();
    assert_data_eq!(
        again.to_string(),
        str![[r#"
Payroll  equals what is stored on the branch
--- stderr
1 schedule: 0 imported, 1 unchanged; nothing to commit
--- exit 0

"#]]
    );
    assert_eq!(world.versions("central", "Payroll").len(), 1);
    assert!(world.central(&["show", "Payroll@side"]).ok().stdout().contains("02:00"));
    world.git("central", &["switch", "--quiet", "main"]);
    world.git("central", &["merge", "--quiet", "--no-ff", "--no-edit", "side"]);
    assert_eq!(world.versions("central", "Payroll"), world.versions_by_git("central", "main", "Payroll"));
    assert_eq!(world.versions("central", "Payroll").len(), 2);
}

#[test]
fn a_branch_by_name_leaves_head_index_and_work_tree_untouched() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "01:00"), &[]).ok();
    world.write("central/schedules/Payroll.json", "edited, not committed");
    world.write("central/README.md", "staged");
    world.git("central", &["add", "README.md"]);
    let before = (
        world.git("central", &["status", "--porcelain"]),
        std::fs::read(world.path("central/.git/index")).unwrap(),
        world.git("central", &["rev-parse", "HEAD"]),
    );
    let run = world.import("central", &starting("Payroll", "02:00"), &["--branch=proposal"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  will be version 2 when merged  startTime
--- stderr
1 schedule: 1 imported; commit [commit] on `proposal`
--- exit 0

"#]]
    );
    let after = (
        world.git("central", &["status", "--porcelain"]),
        std::fs::read(world.path("central/.git/index")).unwrap(),
        world.git("central", &["rev-parse", "HEAD"]),
    );
    assert_eq!(before, after);
    assert_eq!(world.git("central", &["diff", "--name-only", "main", "proposal"]), "schedules/Payroll.json");
    // A second request goes on top of it.
    world.import("central", &starting("Payroll", "03:00"), &["--branch=proposal"]).ok();
    assert_eq!(world.git("central", &["rev-list", "--count", "main..proposal"]), "2");
    // Without a name it is called after what is done and when.
    world.import("central", &starting("Payroll", "03:00"), &["--branch"]).ok();
    assert!(world.git("central", &["branch", "--list", "import-*"]).starts_with("  import-2"));
    assert_eq!(before.0, world.git("central", &["status", "--porcelain"]));
}

#[test]
fn names_that_cannot_be_branches_are_refused() {
    let world = World::with_central();
    let tried = ["--branch=a..b", "--branch=-x", "--branch=a b", "--branch=main/sub", "--branch=@{1}"];
    let told = tried
        .map(|branch| world.import("central", &starting("Payroll", "02:00"), &[branch]).exits(1).to_string());
    assert_data_eq!(
        told.concat(),
        str![[r#"
--- stderr
Error: `a..b` cannot be the name of a branch
--- exit 1
--- stderr
Error: `-x` cannot be the name of a branch
--- exit 1
--- stderr
Error: `a b` cannot be the name of a branch
--- exit 1
--- stderr
Error: `main/sub` cannot be the name of a branch: there is a branch `main`
--- exit 1
--- stderr
Error: `@{1}` cannot be the name of a branch
--- exit 1

"#]]
    );
    world.assert_sound("central");
}

#[test]
fn push_brings_the_commit_to_the_remote() {
    let world = shared();
    let run = world.import("central", &starting("Payroll", "02:00"), &["--push"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  version 2  startTime
--- stderr
1 schedule: 1 imported; commit [commit] on `main`, pushed
--- exit 0

"#]]
    );
    assert_eq!(tip(&world, "central"), tip(&world, "remote.git"));
    let run = world.import("central", &starting("Payroll", "03:00"), &["--push", "--branch=proposal"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  will be version 3 when merged  startTime
--- stderr
1 schedule: 1 imported; commit [commit] on `proposal`, pushed
--- exit 0

"#]]
    );
    assert_eq!(
        world.git("central", &["rev-parse", "proposal"]),
        world.git("remote.git", &["rev-parse", "proposal"])
    );
}

#[test]
fn without_a_remote_push_says_so() {
    let world = World::with_central();
    let run = world.import("central", &starting("Payroll", "02:00"), &["--push"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  version 1  new: 2 jobs
--- stderr
1 schedule: 1 imported; commit [commit] on `main`, not pushed: the clone has no such remote
--- exit 0

"#]]
    );
}

#[test]
fn what_is_not_pushed_is_marked() {
    let world = shared();
    world.import("central", &starting("Payroll", "02:00"), &[]).ok();
    assert_data_eq!(
        world.central(&["versions", "Payroll"]).ok().to_string(),
        str![[r#"
VERSION  COMMIT    DATE              AUTHOR   WHAT CHANGED  MESSAGE
     2*  [commit]  2026-05-28 20:35  Ann Ops  startTime     Import Payroll: startTime
      1  [commit]  2026-05-28 20:28  Ann Ops  new: 2 jobs   Import Payroll: new: 2 jobs
--- stderr
`origin/main` as of the last clone or push; `--fetch` asks the remote
* not pushed yet: `git push`
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["list"]).ok().to_string(),
        str![[r#"
NAME     APP  SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Payroll                    2       2*  2026-05-28 20:35  Ann Ops
--- stderr
`origin/main` as of the last clone or push; `--fetch` asks the remote
* not pushed yet: `git push`
--- exit 0

"#]]
    );
    world.git("central", &["push", "--quiet"]);
    assert!(!world.central(&["list"]).ok().stdout().contains('*'));
}

#[test]
fn behind_the_commit_is_made_again_on_the_new_tip() {
    let world = shared();
    world.import("colleague", &starting("Billing", "01:00"), &["--push"]).ok();
    let run = world.import("central", &starting("Payroll", "02:00"), &["--push"]).ok();
    assert!(run.stdout().contains("Payroll  version 2  "), "{run}");
    assert_eq!(tip(&world, "central"), tip(&world, "remote.git"));
    assert_eq!(world.git("central", &["rev-list", "--count", "--merges", "main"]), "0");
    world.assert_sound("central");
    assert!(world.read("central/schedules/Billing.json").contains("01:00"));
    assert!(world.read("central/schedules/Payroll.json").contains("02:00"));
    for name in ["Payroll", "Billing"] {
        assert_eq!(world.versions("central", name), world.versions_by_git("central", "main", name));
    }
    assert!(!world.central(&["list"]).ok().to_string().contains("Warning"));
}

#[test]
fn behind_with_files_in_the_way_nothing_is_lost() {
    let world = shared();
    world.write("colleague/README.md", "theirs\n");
    world.commit("colleague", "Explain");
    world.git("colleague", &["push", "--quiet"]);
    world.write("central/README.md", "mine, not committed\n");
    let run = world.import("central", &starting("Payroll", "02:00"), &["--push"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: `README.md` has changes that are not committed; the remote changed it too: the commit was made here but not pushed
Hint: `git stash push -- "README.md" && git pull --rebase && git push && git stash pop`
--- exit 1

"#]]
    );
    assert_eq!(world.read("central/README.md"), "mine, not committed\n");
    assert_eq!(world.git("central", &["log", "-1", "--format=%s"]), "Import Payroll: startTime");
    assert_eq!(world.git("central", &["status", "--porcelain"]), " M README.md");
}

#[test]
fn the_same_file_moved_on_the_remote_is_refused_with_who_and_when() {
    let world = shared();
    world.import("colleague", &starting("Payroll", "03:00"), &["--push"]).ok();
    let run = world.import("central", &starting("Payroll", "02:00"), &["--push"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: `schedules/Payroll.json` was changed on the remote by Carl Dev (2026-05-28); the commit was made here but not pushed
Hint: `git pull --rebase`, look at the result, then `git push`
--- exit 1

"#]]
    );
    assert_eq!(tip(&world, "colleague"), tip(&world, "remote.git"));
    world.assert_sound("central");
    assert!(world.read("central/schedules/Payroll.json").contains("02:00"));
}

#[test]
fn branches_that_went_apart_are_refused() {
    let world = shared();
    world.import("colleague", &starting("Billing", "03:00"), &["--push"]).ok();
    world.import("central", &starting("Treasury", "02:00"), &[]).ok();
    let run = world.import("central", &starting("Payroll", "02:00"), &["--push"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: branch `main` and the remote's have gone apart; the commit was made here but not pushed
Hint: `git pull --rebase`, look at the result, then `git push`
--- exit 1

"#]]
    );
    world.git("central", &["pull", "--quiet", "--rebase"]);
    world.git("central", &["push", "--quiet"]);
    assert_eq!(world.versions("central", "Payroll").len(), 2);
}

#[cfg(unix)]
#[test]
fn a_hook_that_refuses_is_quoted() {
    use std::os::unix::fs::PermissionsExt;
    let world = shared();
    let hook = "remote.git/hooks/pre-receive";
    world.write(hook, "#!/bin/sh\necho 'No pushes on Fridays'\necho 'ask Ops' >&2\nexit 1\n");
    std::fs::set_permissions(world.path(hook), std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = world.import("central", &starting("Payroll", "02:00"), &["--push"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: the remote refused `main`: pre-receive hook declined (No pushes on Fridays; ask Ops); the commit was made here but not pushed
Hint: `git push` tries again; `--branch=NAME` commits to another branch than `main`
--- exit 1

"#]]
    );
    world.assert_sound("central");
    assert_eq!(world.versions("central", "Payroll").len(), 2);
}

#[test]
fn a_remote_that_is_gone_loses_nothing() {
    let world = shared();
    std::fs::rename(world.path("remote.git"), world.path("elsewhere.git")).unwrap();
    let run = world.import("central", &starting("Payroll", "02:00"), &["--push"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: the commit was made here, but `main` could not be pushed: fatal: '../remote.git' does not appear to be a git repository
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
Hint: `git push` tries again
--- exit 1

"#]]
    );
    world.assert_sound("central");
    std::fs::rename(world.path("elsewhere.git"), world.path("remote.git")).unwrap();
    world.git("central", &["push", "--quiet"]);
    assert_eq!(tip(&world, "central"), tip(&world, "remote.git"));
}

#[test]
fn a_clone_behind_its_remote_counts_the_remotes_versions() {
    let world = shared();
    world.import("colleague", &starting("Payroll", "03:00"), &["--push"]).ok();
    world.git("central", &["fetch", "--quiet"]);
    assert_eq!(world.versions("central", "Payroll").len(), 2);
    assert_data_eq!(
        world.central(&["list"]).ok().to_string(),
        str![[r#"
NAME     APP  SUB  EXT  JOBS  VERSION  DATE              AUTHOR    DESCRIPTION
Payroll                    2        2  2026-05-28 20:35  Carl Dev
--- stderr
`origin/main` as of [time]; `--fetch` asks the remote
as of `origin/main`; HEAD is on `main`
--- exit 0

"#]]
    );
    assert!(world.central(&["show", "Payroll"]).ok().stdout().contains("03:00"));
    // What is committed here has no number before it is on top of the remote's.
    let run = world.import("central", &starting("Payroll", "04:00"), &[]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  will be version 3 when merged  startTime
--- stderr
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
    assert_eq!(world.versions("central", "Payroll").len(), 2);
}

/// Whoever is refused makes the commit again: three others can refuse it three times.
#[test]
fn four_clones_that_push_at_once_all_succeed() {
    let world = shared();
    let clones = ["one", "two", "three", "four"];
    for clone in clones {
        world.add_clone(clone, clone);
        world.write(&format!("{clone}.json"), starting(&format!("Of {clone}"), "01:00"));
    }
    let children = clones.map(|clone| {
        let mut command = world.program(clone);
        command.args(["import", "--push", "--file", &format!("../{clone}.json")]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    });
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(world.git("remote.git", &["rev-list", "--count", "--first-parent", "main"]), "6");
    for clone in clones {
        world.git(clone, &["pull", "--quiet", "--ff-only"]);
        world.assert_sound(clone);
        assert_eq!(world.versions(clone, &format!("Of {clone}")).len(), 1);
    }
}
