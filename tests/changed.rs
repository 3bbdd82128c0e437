//! `changed`: what a pull request or a push brings.

use snapbox::{assert_data_eq, str};

use crate::harness::{World, definition, starting};

#[test]
fn what_a_branch_brings_is_listed_as_it_is_deployed() {
    let world = World::with_central();
    for name in ["Payroll", "Billing", "Stock", "Old", "A/B"] {
        world.import("central", &starting(name, "06:00"), &[]).ok();
    }
    world.central(&["package", "create", "MONTH", "Billing"]).ok();
    world.git("central", &["switch", "--quiet", "--create", "feature"]);
    for name in ["Payroll", "Billing", "A/B"] {
        world.import("central", &starting(name, "07:00"), &[]).ok();
    }
    world.import("central", &definition("New", &["LOAD"]), &[]).ok();
    world.git("central", &["rm", "--quiet", "schedules/Old.json"]);
    world.commit("central", "Old is gone");
    // What main did meanwhile is not this branch's doing.
    world.import("central", &starting("Stock", "09:00"), &["--branch=main"]).ok();
    assert_data_eq!(
        world.central(&["changed", "main"]).ok().to_string(),
        str![[r#"
A/B
New
Payroll
--- exit 0

"#]]
    );
    // A package that pins the new version brings its schedule.
    world.central(&["package", "add", "MONTH", "Billing@feature"]).ok();
    assert_data_eq!(
        world.central(&["changed", "main", "--json"]).ok().to_string(),
        str![[r#"
{"schema":1,"changed":["package:MONTH","A/B","New","Payroll"]}
--- exit 0

"#]]
    );
    assert_eq!(world.central(&["changed", "HEAD"]).ok().stdout(), "");
    let zeros = "0".repeat(40);
    assert_eq!(world.central(&["changed", &zeros]).ok().stdout().lines().count(), 5);
}

#[test]
fn a_beginning_that_is_not_here_is_named() {
    let world = World::with_central();
    assert_data_eq!(
        world.central(&["changed", "nowhere"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `nowhere` is no commit of this clone
Hint: `git fetch --unshallow` brings the whole history, `git fetch origin` its branches
--- exit 1

"#]]
    );
    world.git("central", &["switch", "--quiet", "--orphan", "other"]);
    world.write("central/deploy.toml", "");
    world.commit("central", "Another beginning");
    world.central(&["changed", "main"]).exits(1);
}
