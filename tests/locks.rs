//! `lock`: who may change a server at the moment, seen from another clone.

use std::time::Duration;

use deploy_core::repository::Repository;
use deploy_core::repository::records::{Claim, Got, Lease, Person, Reach};
use snapbox::{assert_data_eq, str};

use crate::harness::World;

/// A central repository with its remote, and a colleague's clone in which somebody changes PROD.
fn shared() -> (World, Got) {
    let world = World::with_central();
    world.add_remote();
    world.add_clone("colleague", "Carl Dev");
    let lease = hold(&world, "PROD");
    (world, lease)
}

/// What a command that changes a server holds meanwhile.
fn hold(world: &World, server: &str) -> Got {
    let repository = Repository::open(&world.path("colleague")).unwrap();
    let (name, email) = ("Carl Dev".to_owned(), "carl@corp.example".to_owned());
    let owner = Person { name, email, opcon_user: None, role: None };
    let (host, purpose, wait) = ("ws7", "deploy Payroll@3", Duration::ZERO);
    let claim = Claim { server, owner: &owner, host, purpose, wait };
    Lease::acquire(&repository, Reach::Remote, &claim, &|_| {}).unwrap()
}

#[test]
fn the_locks_are_listed_with_whom_and_what_for() {
    let (world, held) = shared();
    let _other = hold(&world, "a/b \u{7}");
    let run = world.central(&["lock", "list"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
SERVER     USER      MACHINE  PURPOSE           SINCE             LAST SIGN OF LIFE
PROD       Carl Dev  ws7      deploy Payroll@3  [..]
a/b /u{7}  Carl Dev  ws7      deploy Payroll@3  [..]
--- exit 0

"#]]
    );
    let json = world.central(&["lock", "list", "--json"]).ok().json();
    let lock = &json["locks"][0];
    assert_eq!((&lock["server"], &lock["email"]), (&"PROD".into(), &"carl@corp.example".into()));
    assert!(lock["since"].as_str().unwrap().ends_with("+00:00"), "{lock}");
    held.lease.release().unwrap();
    drop(_other);
    let run = world.central(&["lock", "list"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Nobody is changing a server
--- exit 0

"#]]
    );
    let json = world.central(&["lock", "list", "--json"]).ok().json();
    assert_eq!(json["locks"], serde_json::json!([]));
}

#[test]
fn a_lock_is_broken_only_in_so_many_words() {
    let (world, held) = shared();
    let run = world.central(&["lock", "break", "PROD"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: `PROD` is in use by Carl Dev on `ws7` (deploy Payroll@3); nothing was done
Hint: `opcon-deploy lock break "PROD" --yes` takes it away
--- exit 4

"#]]
    );
    let run = world.central(&["lock", "break", "PROD", "--yes"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
PROD  taken from Carl Dev on `ws7` (deploy Payroll@3)
--- stderr
Hint: `opcon-deploy doctor` shows what was left open
--- exit 0

"#]]
    );
    let run = world.central(&["lock", "break", "PROD", "--yes"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Nobody is changing `PROD`
--- exit 0

"#]]
    );
    // Whoever had it has nothing to give back, and the next one gets it.
    held.lease.release().unwrap();
    hold(&world, "PROD").lease.release().unwrap();
}

#[test]
fn breaking_is_for_administration() {
    let (world, held) = shared();
    let people = "[[user]]\nname = \"Ann Ops\"\nemails = [\"ann@corp.example\"]\nrole = \"All\"\n";
    world.write("central/users.toml", people);
    world.commit("central", "Roles");
    world.git("central", &["push", "--quiet"]);
    let run = world.central(&["lock", "break", "PROD", "--yes"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: `Ann Ops` has the role All, which may not break a lock: that is for Administration
Hint: `opcon-deploy user list` shows who has which role
--- exit 4

"#]]
    );
    held.lease.still_held().unwrap();
    assert_eq!(world.central(&["lock", "list", "--json"]).ok().json()["locks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_remote_that_is_gone_is_left_out_only_in_so_many_words() {
    let (world, held) = shared();
    held.lease.release().unwrap();
    std::fs::rename(world.path("remote.git"), world.path("gone.git")).unwrap();
    let run = world.central(&["lock", "list"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: cannot reach `origin` for a lease: fatal: '../remote.git' does not appear to be a git repository
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
Hint: `--offline` leaves the remote out; the record will say so
--- exit 1

"#]]
    );
    world.central(&["lock", "list", "--offline"]).ok();
}

#[test]
fn a_prefix_that_is_no_place_is_named() {
    let (world, held) = shared();
    held.lease.release().unwrap();
    world.write("central/deploy.toml", "[git]\nlock_prefix = \"locks/\"\n");
    world.commit("central", "Elsewhere");
    world.git("central", &["push", "--quiet"]);
    let run = world.central(&["lock", "list"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: `[git] lock_prefix` in deploy.toml: `locks/` cannot begin the name of a ref
Hint: the usual place is `refs/opcon-deploy/locks/`
--- exit 1

"#]]
    );
}
