//! Rollouts beside each other, watching them, and taking them out of the list.

use serde_json::Value;
use snapbox::str;

use crate::harness::rollouts::{finance, make, said};

#[test]
fn the_same_job_in_two_rollouts_is_done_once() {
    let (systems, world) = finance();
    let file = "what = ['package:FINANCE']\nto = ['PROD-A']\n";
    world.propose("first", file);
    world.propose("second", &format!("{file}priority = 5\n"));
    let show = world.central(&["rollout", "show", "first"]).ok().to_string();
    assert!(show.contains("waiting") && show.contains("rollout `second` does the same right now"), "{show}");
    snapbox::assert_data_eq!(
        world.run_due().ok().to_string(),
        str![[r#"
second  PROD-A  deploy package:FINANCE@1  succeeded
first  PROD-A  deploy package:FINANCE@1  already there
--- stderr
2 jobs: 2 succeeded
--- exit 0

"#]]
    );
    assert_eq!(world.jobs("first"), ["PROD-A deploy package:FINANCE@1 already there"]);
    assert_eq!(world.jobs("second"), ["PROD-A deploy package:FINANCE@1 succeeded"]);
    let inserts = crate::harness::rollouts::inserts(&systems);
    assert_eq!(inserts, 1);
}

#[test]
fn of_two_rollouts_that_want_different_things_the_first_wins() {
    let (systems, world) = finance();
    world.central(&["package", "remove", "FINANCE", "Payroll"]).ok();
    world.propose("low", "what = ['package:FINANCE@2']\nto = ['PROD-A', 'PROD-B']\n");
    world.propose("high", "what = ['package:FINANCE@1']\nto = ['PROD-A']\npriority = 100\n");
    world.propose("gone", "uninstall = ['package:FINANCE']\nto = ['PROD-A']\npriority = -100\n");
    snapbox::assert_data_eq!(
        said(&world.run_due().exits(1)),
        str![[r#"
gone  PROD-A  uninstall package:FINANCE  conflict: rollout `high` comes first and is to deploy `package:FINANCE@1` at the same time
high  PROD-A  deploy package:FINANCE@1  succeeded
low  PROD-A  deploy package:FINANCE@2  conflict: rollout `high` comes first and is to deploy `package:FINANCE@1` at the same time
low  PROD-B  deploy package:FINANCE@2  failed (-8888): aborted: deploy of package `FINANCE` on `PROD-A` failed
--- stderr
4 jobs: 1 succeeded, 3 failed
--- exit 1

"#]]
    );
    assert_eq!(systems.starts("PROD-A", "Payroll"), "07:00");
    // What was in conflict is done when somebody says so.
    world.central(&["rollout", "retry", "low"]).ok();
    world.run_due().ok();
    assert_eq!(systems.stands("PROD-A", "Payroll"), Value::Null);
    assert_eq!(systems.starts("PROD-B", "Ledger"), "06:00");
}

#[test]
fn a_rollout_that_cannot_begin_says_why_and_keeps_nobody_else() {
    let (systems, world) = finance();
    let broken = [
        ("never", "timezone = 'UTC'\nframes = ['!00:00-24:00']\nwhat = ['Ledger']\nto = ['PROD-A']\n"),
        ("order", "what = ['Ledger']\nto = ['PROD-A']\norder = ['PROD-B']\n"),
        ("version", "what = ['Ledger@7']\nto = ['PROD-A']\n"),
        ("nobody", "what = ['Ledger']\nto = ['group:test']\n"),
        ("server", "what = ['Ledger']\nto = ['PROD-D']\n"),
        ("zone", "timezone = 'Europe/Belin'\nwhat = ['Ledger']\nto = ['PROD-A']\n"),
        ("twice", "what = ['Ledger', 'Ledger']\nto = ['PROD-A']\n"),
        (
            "ends",
            "what = ['Ledger']\nto = ['PROD-A']\nstart = '2036-01-02T00:00:00Z'\nend = '2036-01-01T00:00:00Z'\n",
        ),
        ("broken", "what = [\n"),
    ];
    for (id, file) in broken {
        world.propose(id, file);
    }
    world.propose("works", "what = ['package:FINANCE']\nto = ['PROD-A']\n");
    snapbox::assert_data_eq!(
        world.run_due().exits(1).to_string(),
        str![[r#"
works  PROD-A  deploy package:FINANCE@1  succeeded
--- stderr
Warning: rollout `broken`: rollouts/broken.toml:1:9: unclosed array, expected `]`
Warning: rollout `ends`: rollouts/ends.toml: `end`: `2036-01-01T00:00:00Z` is not after the start `2036-01-02T00:00:00Z`
Warning: rollout `never`: rollouts/never.toml: `frames`: `!00:00-24:00` never open
Warning: rollout `twice`: rollouts/twice.toml: `what`: schedule `Ledger` is named twice
Warning: rollout `zone`: rollouts/zone.toml: `timezone`: no time zone is called `Europe/Belin`; did you mean `Europe/Berlin`?
Warning: rollout `nobody`: the targets are empty: there is no server of that kind
Warning: rollout `order`: wave `PROD-B` names no target of the rollout
Warning: rollout `server`: no server `PROD-D`; did you mean `PROD-C`?
Warning: rollout `version`: schedule `Ledger` has no version 7; its latest is 1
1 job: 1 succeeded
--- exit 1

"#]]
    );
    assert_eq!(systems.starts("PROD-A", "Ledger"), "06:00");
    snapbox::assert_data_eq!(
        world.central(&["rollout", "list"]).ok().to_string(),
        str![[r#"
ID       STATE      DONE  FAILED  PRIORITY  WHAT             TO          WINDOW  NAME
nobody   stopped     0/0                 0  Ledger           group:test
order    stopped     0/0                 0  Ledger           PROD-A
server   stopped     0/0                 0  Ledger           PROD-D
version  stopped     0/0                 0  Ledger@7         PROD-A
works    succeeded   1/1                 0  package:FINANCE  PROD-A
--- stderr
Warning: rollout `broken`: rollouts/broken.toml:1:9: unclosed array, expected `]`
Warning: rollout `ends`: rollouts/ends.toml: `end`: `2036-01-01T00:00:00Z` is not after the start `2036-01-02T00:00:00Z`
Warning: rollout `never`: rollouts/never.toml: `frames`: `!00:00-24:00` never open
Warning: rollout `twice`: rollouts/twice.toml: `what`: schedule `Ledger` is named twice
Warning: rollout `zone`: rollouts/zone.toml: `timezone`: no time zone is called `Europe/Belin`; did you mean `Europe/Berlin`?
Warning: nothing of rollout `nobody` is begun: the targets are empty: there is no server of that kind
Warning: nothing of rollout `order` is begun: wave `PROD-B` names no target of the rollout
Warning: nothing of rollout `server` is begun: no server `PROD-D`; did you mean `PROD-C`?
Warning: nothing of rollout `version` is begun: schedule `Ledger` has no version 7; its latest is 1
--- exit 0

"#]]
    );
    world.central(&["rollout", "check"]).exits(3);
}

#[test]
fn of_what_has_begun_some_keys_may_change_and_others_may_not() {
    let (_systems, world) = finance();
    let file =
        "what = ['package:FINANCE']\nto = ['PROD-A', 'PROD-B']\norder = ['PROD-A', '*']\nsoak = '2d'\n";
    world.propose("finance", file);
    world.run_due().ok();
    let reason = |more: &str| {
        world.propose("finance", &format!("{more}\n{file}"));
        let json = world.central(&["rollout", "show", "finance", "--json"]).ok().json();
        json["rollout"]["problem"].as_str().map(|text| text.split(' ').next().unwrap_or_default().to_owned())
    };
    for key in [
        "uninstall = ['Old']",
        "rules = ['x']",
        "environment = 'QA'",
        "tag = 'r1'",
        "update = false",
        "force = true",
    ] {
        let name = format!("`{}`", key.split(' ').next().unwrap());
        assert_eq!(reason(key), Some(name), "{key}");
    }
    for key in [
        "name = 'x'",
        "description = 'x'",
        "priority = 7",
        "sequence = 'continue'",
        "wake = true",
        "wake_expiry = '3m'",
        "accept = ['drift']",
        "restart_timeout = '5m'",
        "timezone = 'Europe/Berlin'\nframes = ['00:00-24:00']\nend = '2036-01-01 00:00'",
    ] {
        assert_eq!(reason(key), None, "{key}");
    }
    for (old, new) in [("'PROD-B'", "'PROD-C'"), ("order = ['PROD-A', '*']", ""), ("FINANCE", "FINANCE@1")] {
        world.propose("finance", &file.replace(old, new));
        let run = world.run_due().exits(1).to_string();
        assert!(run.contains("changed after it had begun"), "{run}");
    }
}

#[test]
fn what_is_over_is_watched_and_leaves_the_list() {
    let (systems, world) = finance();
    world.propose("good", "what = ['package:FINANCE']\nto = ['PROD-A']\n");
    make(&systems, "PROD-B", "Ledger");
    world.propose("bad", "what = ['Ledger']\nto = ['PROD-B']\n");
    world.add_remote();
    world.run_due().exits(1);
    snapbox::assert_data_eq!(
        world.central(&["rollout", "watch", "good"]).ok().to_string(),
        str![[r#"
good  PROD-A  deploy package:FINANCE@1  succeeded
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["rollout", "watch", "good", "bad"]).exits(1).to_string(),
        str![[r#"
bad  PROD-B  deploy Ledger@1  failed (4): `Ledger` stands on `PROD-B` without deployment information and without a record; `accept = ["unknown"]` in its file goes on nevertheless
good  PROD-A  deploy package:FINANCE@1  succeeded
--- exit 1

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["rollout", "watch"]).ok().to_string(),
        str![[r#"
--- stderr
No rollout has anything left to be done
Hint: `opcon-deploy rollout list` shows those that are over too
--- exit 0

"#]]
    );
    world.central(&["rollout", "watch", "none"]).exits(1);
    let none = world.central(&["rollout", "purge"]).ok();
    snapbox::assert_data_eq!(
        none.to_string(),
        str![[r#"
--- stderr
No rollout is over for long enough
--- exit 0

"#]]
    );
    world.write(
        "central/deploy.toml",
        world.read("central/deploy.toml") + "\n[rollouts]\npurge_succeeded = \"0s\"\n",
    );
    world.commit("central", "Purge at once");
    world.git("central", &["push", "--quiet", "origin", "main"]);
    let dry = world.central(&["rollout", "purge", "--dry-run"]).ok().to_string();
    assert!(dry.contains("good") && !dry.contains("bad"), "{dry}");
    let purge = world.central(&["rollout", "purge"]).ok().to_string();
    assert!(purge.contains("The records of 1 rollout go with the next purge"), "{purge}");
    assert!(!world.path("central/rollouts/good.toml").exists());
    // The states stay until main is without the file everywhere: it must not begin anew.
    let kept = || world.git("central", &["ls-tree", "--name-only", "origin/deployments:rollouts"]);
    assert_eq!(kept(), "bad\ngood");
    assert!(world.run_due().ok().to_string().contains("Nothing was due"));
    world.git("central", &["push", "--quiet", "origin", "main"]);
    world.central(&["rollout", "purge"]).ok();
    assert_eq!(kept(), "bad");
    assert!(world.run_due().ok().to_string().contains("Nothing was due"));
    let list = world.central(&["rollout", "list", "--json"]).ok().json();
    assert_eq!(list["rollouts"].as_array().unwrap().len(), 1);
    // What a rollout did stays in history.
    let history = world.git("central", &["log", "--format=%B", "origin/deployments"]);
    assert!(history.contains("Rollout `good` succeeded") && history.contains("Rollout `good` is purged"));
    world.assert_sound("central");
}
