//! What a new user meets: the demo, and the first commands.

use snapbox::str;

use crate::harness::World;

#[test]
fn outside_a_repository() {
    let world = World::new();
    snapbox::assert_data_eq!(
        world.run("", &["list"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `.` is not in a git repository
Hint: `opcon-deploy init DIR` makes a central repository; `-C DIR` names one
--- exit 1

"#]]
    );
}

#[test]
fn init_lays_out_a_repository() {
    let world = World::new();
    snapbox::assert_data_eq!(
        world.run("", &["init", "central"]).ok().to_string(),
        str![[r#"
Laid out the central repository `[world]/central`: 9 files on `main`
Wired git's diff and merge of definitions into this clone
--- stderr
Hint: `opcon-deploy import --file EXPORT.json` makes a first version
--- exit 0

"#]]
    );
    world.assert_sound("central");
    assert_eq!(world.git("central", &["symbolic-ref", "HEAD"]), "refs/heads/main");
    snapbox::assert_data_eq!(
        world.central(&["list"]).ok().to_string(),
        str![[r#"
--- stderr
no schedules
Hint: `opcon-deploy import --file EXPORT.json` makes a first version
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["init"]).ok().to_string(),
        str![[r#"
`[world]/central` is a central repository already
Wired git's diff and merge of definitions into this clone
--- exit 0

"#]]
    );
}
