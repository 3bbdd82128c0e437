//! Repositories of a kind or in a state that makes trouble: a right answer, or
//! an error that says what helps.

use snapbox::{assert_data_eq, str};

use crate::harness::{World, starting};

#[test]
fn without_deploy_toml() {
    let world = World::new();
    world.git("", &["init", "--quiet", "ours"]);
    assert_data_eq!(
        world.run("ours", &["list"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `[world]/ours` is a git repository without a deploy.toml
Hint: `opcon-deploy init [world]/ours` makes it a central repository
--- exit 1

"#]]
    );
}

#[test]
fn without_commits() {
    let world = World::new();
    world.git("", &["init", "--quiet", "-b", "main", "ours"]);
    world.write("ours/deploy.toml", "");
    assert_data_eq!(
        world.run("ours", &["list"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: there is no branch `main` here
Hint: `[git] main` in deploy.toml names the branch of the versions; `git fetch` brings it, a first commit makes it
--- exit 1

"#]]
    );
    world.import("ours", &starting("Payroll", "06:00"), &[]).ok();
    assert_eq!(world.git("ours", &["ls-files"]), "schedules/Payroll.json");
    assert_eq!(world.versions("ours", "Payroll").len(), 1);
}

#[test]
fn settings_that_cannot_be_read() {
    let world = World::with_central();
    world.write("central/deploy.toml", "[git]\nremot = \"origin\"\n");
    assert_data_eq!(
        world.central(&["list"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: deploy.toml:2:1: unknown key `remot`; did you mean `remote`?
Hint: `opcon-deploy schema deploy` describes the keys
--- exit 1

"#]]
    );
    world.write("central/deploy.toml", "[git]\nmain = \"trunk\"\n");
    assert_data_eq!(
        world.central(&["list"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: there is no branch `trunk` here
Hint: `[git] main` in deploy.toml names the branch of the versions; `git fetch` brings it, a first commit makes it
--- exit 1

"#]]
    );
    world.write("central/deploy.toml", [0xFF, 0xFE, 0, 1]);
    assert_data_eq!(
        world.central(&["list"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: deploy.toml:1:5: key with no value, expected `=`
Hint: `opcon-deploy schema deploy` describes the keys
--- exit 1

"#]]
    );
}

#[test]
fn a_detached_head_reads_and_commits_to_named_branches_only() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.git("central", &["switch", "--quiet", "--detach"]);
    assert_data_eq!(
        world.central(&["list"]).ok().to_string(),
        str![[r#"
NAME     APP  SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Payroll                    2        1  2026-05-28 20:28  Ann Ops
--- stderr
as of `main`; HEAD is detached
--- exit 0

"#]]
    );
    let payroll = starting("Payroll", "07:00");
    assert_data_eq!(
        world.import("central", &payroll, &[]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: HEAD is detached: no branch would name the commit
Hint: `git switch main` first, or `--branch=NAME`
--- exit 1

"#]]
    );
    assert_data_eq!(
        world.import("central", &payroll, &["--branch=main"]).ok().to_string(),
        str![[r#"
Payroll  version 2  startTime
--- stderr
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
    assert_eq!(world.versions("central", "Payroll"), world.versions_by_git("central", "main", "Payroll"));
    world.assert_sound("central");
}

#[test]
fn a_linked_work_tree_is_normal() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.git("central", &["worktree", "add", "--quiet", "-b", "side", "../linked"]);
    let payroll = starting("Payroll", "07:00");
    assert_data_eq!(
        world.import("linked", &payroll, &[]).ok().to_string(),
        str![[r#"
Payroll  will be version 2 when merged  startTime
--- stderr
1 schedule: 1 imported; commit [commit] on `side`
--- exit 0

"#]]
    );
    world.assert_sound("linked");
    world.assert_sound("central");
    assert!(world.read("linked/schedules/Payroll.json").contains("07:00"));
    assert!(world.read("central/schedules/Payroll.json").contains("06:00"));
    // A branch that another work tree shows is not moved under its feet.
    let elsewhere = world.import("linked", &payroll, &["--branch=main"]).exits(1);
    assert_data_eq!(
        elsewhere.to_string(),
        str![[r#"
--- stderr
Error: branch `main` is checked out in another work tree
Hint: run the command in that work tree
--- exit 1

"#]]
    );
    world.assert_sound("central");
}

#[test]
fn a_shallow_clone_is_refused_by_what_counts_versions() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.add_remote();
    let url = format!("file://{}", world.path("remote.git").display());
    world.git("", &["clone", "--quiet", "--depth=1", &url, "shallow"]);
    world.run("shallow", &["init"]).ok();
    assert_data_eq!(
        world.run("shallow", &["versions", "Payroll"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: this clone is shallow: its versions cannot be counted
Hint: `git fetch --unshallow` brings the whole history
--- exit 1

"#]]
    );
    world.import("shallow", &starting("Payroll", "07:00"), &[]).exits(1);
    world.assert_sound("shallow");
    world.git("shallow", &["fetch", "--quiet", "--unshallow"]);
    assert_eq!(world.versions("shallow", "Payroll").len(), 1);
}

#[test]
fn what_libgit2_cannot_open_is_named() {
    let world = World::with_central();
    world.add_remote();
    world.git("remote.git", &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", world.path("remote.git").display());
    world.git("", &["clone", "--quiet", "--filter=blob:none", &url, "partial"]);
    world.git("", &["init", "--quiet", "--object-format=sha256", "sha256"]);
    world.git("", &["init", "--quiet", "--ref-format=reftable", "reftable"]);
    world.git("", &["init", "--quiet", "future"]);
    world.git("future", &["config", "core.repositoryFormatVersion", "1"]);
    world.git("future", &["config", "extensions.telepathy", "true"]);
    let all = ["partial", "sha256", "reftable", "future"].map(|folder| world.run(folder, &["list"]).exits(1));
    assert_data_eq!(
        all.map(|run| run.to_string()).concat(),
        str![[r#"
--- stderr
Error: `.` is a partial clone, which cannot be read here
Hint: a full clone in git's usual format can be used: `git clone URL`
--- exit 1
--- stderr
Error: `.` uses SHA-256 object names (`extensions.objectFormat`), which cannot be read here
Hint: a full clone in git's usual format can be used: `git clone URL`
--- exit 1
--- stderr
Error: `.` uses reftable references (`extensions.refStorage`), which cannot be read here
Hint: a full clone in git's usual format can be used: `git clone URL`
--- exit 1
--- stderr
Error: `.` uses the git extension `extensions.telepathy`, which cannot be read here
Hint: a full clone in git's usual format can be used: `git clone URL`
--- exit 1

"#]]
    );
}

#[test]
fn a_bare_repository_has_everything_but_a_work_tree() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.add_remote();
    world.run("remote.git", &["list"]).ok();
    assert_data_eq!(
        world.import("remote.git", &starting("Payroll", "07:00"), &[]).ok().to_string(),
        str![[r#"
Payroll  version 2  startTime
--- stderr
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.run("remote.git", &["diff", "Payroll"]).ok().to_string(),
        str![[r#"
Payroll@1 → Payroll@2
Payroll
  ~ startTime 06:00 → 07:00
--- exit 0

"#]]
    );
    world.git("remote.git", &["fsck", "--full", "--strict"]);
}

#[test]
fn the_same_schedule_in_two_places_is_not_guessed_at() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.write("central/schedules/Finance/Payroll.json", starting("Payroll", "07:00"));
    world.commit("central", "Twice");
    let refused = world.import("central", &starting("Payroll", "08:00"), &[]).exits(1);
    assert_data_eq!(
        refused.to_string(),
        str![[r#"
Payroll  not imported: it is stored twice, in `schedules/Payroll.json` and in `schedules/Finance/Payroll.json`; `git rm` one of them and commit (`standard input`)
--- stderr
1 schedule: 0 imported, 1 failed; nothing to commit
--- exit 1

"#]]
    );
    assert_eq!(world.versions("central", "Payroll"), world.versions_by_git("central", "main", "Payroll"));
}

#[test]
fn what_is_stored_and_no_definition_is_said_and_mended() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.write("central/schedules/Payroll.json", "{ nope");
    world.commit("central", "Break it");
    assert_data_eq!(
        world.central(&["list"]).ok().to_string(),
        str![[r#"
NAME     APP  SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Payroll                    0        2  2026-05-28 20:30  Ann Ops  line 1, column 3: key must be a string
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["show", "Payroll"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `schedules/Payroll.json` at [commit]: line 1, column 3: key must be a string
--- exit 1

"#]]
    );
    world.import("central", &starting("Payroll", "08:00"), &[]).ok();
    assert_data_eq!(
        world.central(&["versions", "Payroll"]).ok().to_string(),
        str![[r#"
VERSION  COMMIT    DATE              AUTHOR   WHAT CHANGED                                              MESSAGE
      3  [commit]  2026-05-28 20:33  Ann Ops  a definition again                                        Import Payroll: a definition again
      2  [commit]  2026-05-28 20:30  Ann Ops  not a definition: line 1, column 3: key must be a string  Break it
      1  [commit]  2026-05-28 20:28  Ann Ops  new: 2 jobs                                               Import Payroll: new: 2 jobs
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["diff", "Payroll"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `schedules/Payroll.json` at [commit]: line 1, column 3: key must be a string
--- exit 1

"#]]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn file_names_that_are_no_text_do_no_harm() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::with_central();
    let name = std::ffi::OsStr::from_bytes(b"caf\xE9.json");
    std::fs::write(world.path("central/schedules").join(name), starting("Caf", "06:00")).unwrap();
    world.commit("central", "Latin-1");
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.central(&["list"]).ok();
    world.assert_sound("central");
}

#[test]
fn whatever_the_user_has_configured_the_answers_are_the_same() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.write("central/schedules/Payroll.json", starting("Payroll", "07:00"));
    world.git("central", &["config", "user.name", "Jürgen Müller"]);
    world.commit("central", "Löhne");
    world.git("central", &["config", "--unset", "user.name"]);
    world.add_remote();
    let ask = || {
        let all = [&["list"][..], &["versions", "Payroll"], &["diff", "Payroll@1", "Payroll@2"]];
        all.map(|args| world.central(args).ok().to_string()).concat()
    };
    let right = ask();
    let settings = [
        ("color.ui", "always"),
        ("core.abbrev", "4"),
        ("core.pager", "false"),
        ("core.quotePath", "true"),
        ("core.hooksPath", "/nonexistent"),
        ("diff.external", "false"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.noprefix", "true"),
        ("diff.orderFile", "/dev/null"),
        ("diff.renames", "copies"),
        ("fetch.prune", "true"),
        ("format.pretty", "oneline"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
        ("log.date", "relative"),
        ("log.decorate", "full"),
        ("log.diffMerges", "combined"),
        ("log.follow", "true"),
        ("log.mailmap", "false"),
        ("log.showRoot", "false"),
        ("log.showSignature", "true"),
        ("push.default", "nothing"),
        ("push.followTags", "true"),
        ("status.showUntrackedFiles", "no"),
    ];
    for (key, value) in settings {
        world.git("", &["config", "--global", key, value]);
    }
    std::fs::remove_dir_all(world.path("central/.git/opcon-deploy")).unwrap();
    assert_eq!(ask(), right);
    let run = world.import("central", &starting("Payroll", "08:00"), &["--push"]).ok();
    assert!(run.to_string().contains("pushed"), "{run}");
    assert!(!world.git("central", &["cat-file", "commit", "HEAD"]).contains("encoding"));
    assert_eq!(world.versions("central", "Payroll").len(), 3);
}

#[test]
fn a_repository_in_the_environment_is_not_taken_for_ours() {
    let world = World::with_central();
    world.git("", &["init", "--quiet", "elsewhere"]);
    world.write("payroll.json", starting("Payroll", "06:00"));
    let mut command = world.program("central");
    command.args(["import", "--file", "../payroll.json"]);
    for (name, value) in [
        ("GIT_DIR", "elsewhere/.git"),
        ("GIT_WORK_TREE", "elsewhere"),
        ("GIT_INDEX_FILE", "elsewhere/.git/index"),
        ("GIT_OBJECT_DIRECTORY", "elsewhere/.git/objects"),
        ("GIT_COMMON_DIR", "elsewhere/.git"),
    ] {
        command.env(name, world.path(value));
    }
    world.finish(&mut command).ok();
    world.assert_sound("central");
    assert_eq!(world.versions("central", "Payroll").len(), 1);
}

#[test]
fn a_damaged_repository_is_an_error_and_no_panic() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    let index = std::fs::read(world.path("central/.git/index")).unwrap();
    world.write("central/.git/index", "garbage that is no index of git at all, long enough to be read");
    let no_index = world.import("central", &starting("Payroll", "07:00"), &[]).exits(1);
    world.write("central/.git/index", index);
    let blob = world.git("central", &["rev-parse", "HEAD:schedules/Payroll.json"]);
    let object = world.path(format!("central/.git/objects/{}/{}", &blob[..2], &blob[2..]));
    std::fs::remove_file(&object).unwrap();
    let no_object =
        [&["list"][..], &["show", "Payroll"], &["export", "Payroll", "-o", "-"], &["versions", "Payroll"]]
            .map(|args| world.central(args).to_string());
    let not_imported = world.import("central", &starting("Payroll", "07:00"), &[]).exits(1);
    world.write("central/.git/HEAD", "garbage");
    let no_head = world.central(&["list"]).exits(1);
    let told = format!("{no_index}{}{not_imported}{no_head}", no_object.concat());
    assert_data_eq!(
        told,
        str![[r#"
--- stderr
Error: cannot write to the repository: invalid data in index - incorrect header signature
--- exit 1
NAME     APP  SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Payroll                    0        1  2026-05-28 20:28  Ann Ops  its content is missing: `git fsck` tells more
--- exit 0
--- stderr
Error: cannot read the repository: object not found - no match for id ([commit])
--- exit 1
--- stderr
Error: cannot read the repository: object not found - no match for id ([commit])
--- exit 1
VERSION  COMMIT    DATE              AUTHOR   WHAT CHANGED  MESSAGE
      1  [commit]  2026-05-28 20:28  Ann Ops  new: 2 jobs   Import Payroll: new: 2 jobs
--- exit 0
Payroll  not imported: cannot read its stored version: object not found - no match for id ([commit]) (`standard input`)
--- stderr
1 schedule: 0 imported, 1 failed; nothing to commit
--- exit 1
NAME     APP  SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Payroll                    0        1  2026-05-28 20:28  Ann Ops  its content is missing: `git fsck` tells more
--- stderr
Error: corrupted loose reference file: HEAD
--- exit 1

"#]]
    );
}

#[test]
fn without_the_git_program() {
    let world = World::with_central();
    world.write("payroll.json", starting("Payroll", "06:00"));
    let without = |args: &[&str]| {
        let mut command = world.program("central");
        world.finish(command.args(args).env("PATH", world.path("empty"))).exits(1).to_string()
    };
    let told = [without(&["init", "../new"]), without(&["import", "--file", "../payroll.json"])];
    assert_data_eq!(
        told.concat(),
        str![[r#"
--- stderr
Error: cannot start `git`, is it installed and in PATH? No such file or directory (os error 2)
--- exit 1
--- stderr
Error: cannot start `git`, is it installed and in PATH? No such file or directory (os error 2)
--- exit 1

"#]]
    );
    world.assert_sound("central");
}
