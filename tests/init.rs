//! `init`: a new repository, an existing one, a clone; nothing is overwritten.

use snapbox::{assert_data_eq, str};

use crate::harness::World;

#[test]
fn an_existing_repository_keeps_what_it_has() {
    let world = World::new();
    world.git("", &["init", "--quiet", "-b", "trunk", "ours"]);
    world.write("ours/README.md", "ours\n");
    world.write("ours/tool.sh", "one\n");
    world.commit("ours", "Begin");
    world.write("ours/README.md", "edited\n");
    world.write("ours/tool.sh", "staged\n");
    world.git("ours", &["add", "tool.sh"]);
    assert_data_eq!(
        world.run("ours", &["init"]).ok().to_string(),
        str![[r#"
Laid out the central repository `[world]/ours`: 8 files on `trunk`
  kept `README.md` as it is
Wired git's diff and merge of definitions into this clone
--- stderr
Hint: `opcon-deploy import --file EXPORT.json` makes a first version
--- exit 0

"#]]
    );
    assert_eq!(world.git("ours", &["status", "--porcelain"]), " M README.md\nM  tool.sh");
    assert_eq!(world.git("ours", &["show", "HEAD:README.md"]), "ours");
    assert!(world.read("ours/deploy.toml").contains("main = \"trunk\""));
    world.run("ours", &["list"]).ok();
}

#[test]
fn a_folder_inside_a_repository_is_refused() {
    let world = World::new();
    world.git("", &["init", "--quiet", "ours"]);
    assert_data_eq!(
        world.run("ours", &["init", "inside"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `[world]/ours/inside` lies inside the git repository `[world]/ours`
Hint: `opcon-deploy init [world]/ours` uses the repository, a folder outside makes a new one
--- exit 1

"#]]
    );
}

/// A remote whose HEAD names a branch that it does not have: its clones come out empty.
#[test]
fn a_clone_with_nothing_checked_out_gets_no_second_history() {
    let world = World::with_central();
    world.git("", &["init", "--quiet", "--bare", "--initial-branch=trunk", "remote.git"]);
    world.git("central", &["push", "--quiet", "../remote.git", "main"]);
    world.git("", &["clone", "--quiet", "remote.git", "other"]);
    assert_data_eq!(
        world.run("other", &["init"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `[world]/other` is a clone of a central repository, but its branch `main` is not checked out
Hint: `git switch main` checks it out, then `opcon-deploy init` prepares the clone
--- exit 1

"#]]
    );
    world.git("other", &["switch", "--quiet", "main"]);
    world.run("other", &["init"]).ok();
    assert_eq!(world.git("other", &["rev-parse", "main"]), world.git("central", &["rev-parse", "main"]));
}

#[test]
fn a_bare_repository_is_refused() {
    let world = World::new();
    world.git("", &["init", "--quiet", "--bare", "ours.git"]);
    assert_data_eq!(
        world.run("", &["init", "ours.git"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `[world]/ours.git` is a bare repository; lay the central repository out in a clone of it
--- exit 1

"#]]
    );
}

#[test]
fn a_detached_head_is_refused() {
    let world = World::new();
    world.git("", &["init", "--quiet", "ours"]);
    world.commit("ours", "Begin");
    world.git("ours", &["switch", "--quiet", "--detach"]);
    assert_data_eq!(
        world.run("ours", &["init"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: HEAD is detached: no branch would name the commit
Hint: `git switch BRANCH` first
--- exit 1

"#]]
    );
}

#[test]
fn a_file_in_the_way_is_named() {
    let world = World::new();
    world.write("central", "a file");
    assert_data_eq!(
        world.run("", &["init", "central"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: cannot create `central`: File exists (os error 17)
--- exit 1

"#]]
    );
}

#[test]
fn without_an_identity_git_says_what_to_do_and_a_second_try_finishes() {
    let world = World::new();
    let mut command = world.program("");
    let nobody = command.args(["init", "central"]).env("GIT_CONFIG_COUNT", "1");
    let nobody = nobody.env("GIT_CONFIG_KEY_0", "user.useConfigOnly").env("GIT_CONFIG_VALUE_0", "true");
    assert_data_eq!(
        world.finish(nobody.env("HOME", world.path(""))).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `git var` failed: Committer identity unknown

*** Please tell me who you are.

Run

  git config --global user.email "you@example.com"
  git config --global user.name "Your Name"

to set your account's default identity.
Omit --global to set the identity only in this repository.

fatal: no email was given and auto-detection is disabled
--- exit 1

"#]]
    );
    world.run("", &["init", "central"]).ok();
    world.assert_sound("central");
}

#[test]
fn a_fresh_clone_is_told_to_wire_the_drivers() {
    let world = World::with_central();
    world.add_remote();
    world.git("", &["clone", "--quiet", "remote.git", "fresh"]);
    assert_data_eq!(
        world.run("fresh", &["list"]).ok().to_string(),
        str![[r#"
--- stderr
Hint: `opcon-deploy init` wires git's diff and merge of definitions into this clone
`origin/main` as of the last clone or push; `--fetch` asks the remote
no schedules
Hint: `opcon-deploy import --file EXPORT.json` makes a first version
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.run("fresh", &["init"]).ok().to_string(),
        str![[r#"
`[world]/fresh` is a central repository already
Wired git's diff and merge of definitions into this clone
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.run("fresh", &["list"]).ok().to_string(),
        str![[r#"
--- stderr
`origin/main` as of the last clone or push; `--fetch` asks the remote
no schedules
Hint: `opcon-deploy import --file EXPORT.json` makes a first version
--- exit 0

"#]]
    );
    world.assert_sound("fresh");
}
