//! Pins: lifted by whoever may deploy there.

use snapbox::{assert_data_eq, str};

use crate::harness::World;
use crate::records::numbers;

/// The file of a server that nobody asks.
fn server(kind: &str) -> String {
    format!("type = \"{kind}\"\naddress = \"opcon.example\"\ncredential = \"none\"\n")
}

#[test]
fn a_pin_is_lifted_by_who_may_deploy_there() {
    let world = World::with_records();
    for (name, kind) in [("PROD", "Production"), ("QA", "Test")] {
        world.write(&format!("central/servers/{name}.toml"), server(kind));
    }
    world.commit("central", "Servers");
    let unpin = |args: &[&str]| world.central(&[&["deployments", "unpin"], args].concat());
    assert_data_eq!(
        unpin(&["PROD", "Payrol"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `Payrol` is not pinned on `PROD`; did you mean `Payroll`?
Hint: `opcon-deploy status` shows what is pinned
--- exit 1

"#]]
    );
    assert_data_eq!(
        unpin(&["prod", "Payroll"]).ok().to_string(),
        str![[r#"
`Payroll` version 3 is no longer pinned on PROD
--- exit 0

"#]]
    );
    assert_data_eq!(
        unpin(&["PROD", "Payroll"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `Payroll` is not pinned on `PROD`
Hint: `opcon-deploy status` shows what is pinned
--- exit 1

"#]]
    );
    assert!(!world.central(&["status", "Payroll"]).ok().stdout().contains("pinned"));
    let audit = world.central(&["audit", "--json", "--limit", "20", "--text", "lifted"]).ok().json();
    assert_eq!(audit["audit"][0]["message"], "lifted the pin of `Payroll` on PROD");
    // The pin told of a record, which is what it was.
    assert_eq!(numbers(world.central(&["deployments", "--json", "--status", "active"])), [4, 3, 2]);
}

#[test]
fn a_pin_is_not_lifted_by_who_may_not_deploy_there() {
    let world = World::with_records();
    world.write("central/servers/PROD.toml", server("Production"));
    let users = world.read("central/users.toml").replace("Administration", "Development");
    world.write("central/users.toml", users);
    world.commit("central", "A server, and another role");
    assert_data_eq!(
        world.central(&["deployments", "unpin", "PROD", "Payroll"]).exits(4).to_string(),
        str![[r#"
--- stderr
Error: `Ann Ops` has the role Development, which may not change servers of the production class
Hint: `opcon-deploy user list` shows who has which role
--- exit 4

"#]]
    );
    assert!(world.central(&["status", "Payroll"]).ok().stdout().contains("pinned"));
}

#[test]
fn a_pin_is_lifted_for_everybody() {
    let world = World::with_records();
    world.write("central/servers/PROD.toml", server("Production"));
    world.commit("central", "A server");
    world.add_remote();
    world.git("central", &["push", "--quiet", "origin", "deployments"]);
    world.add_clone("other", "Ann Ops");
    world.central(&["deployments", "unpin", "PROD", "Payroll"]).ok();
    assert!(world.run("other", &["status"]).ok().stdout().contains("pinned"));
    assert!(!world.run("other", &["status", "--fetch"]).ok().stdout().contains("pinned"));
}
