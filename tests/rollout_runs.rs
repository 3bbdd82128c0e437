//! `rollout run --due`: what is due is done, once, in its order; what fails is told and kept.

use serde_json::Value;
use snapbox::str;

use crate::harness::rollouts::{finance, make, said};
use crate::harness::starting;

#[test]
fn a_package_goes_to_many_systems_in_waves() {
    let (systems, world) = finance();
    world.propose("finance", "what = ['package:FINANCE']\nto = ['group:production']\norder = ['PROD-B', '*']\ndescription = 'first'\n");
    let run = world.run_due().ok();
    snapbox::assert_data_eq!(
        said(&run),
        str![[r#"
finance  PROD-A  deploy package:FINANCE@1  succeeded
finance  PROD-B  deploy package:FINANCE@1  succeeded
finance  PROD-C  deploy package:FINANCE@1  succeeded
--- stderr
3 jobs: 3 succeeded
--- exit 0

"#]]
    );
    for system in ["PROD-A", "PROD-B", "PROD-C"] {
        assert_eq!(systems.starts(system, "Ledger"), "06:00");
        assert_eq!(systems.starts(system, "Payroll"), "07:00");
    }
    snapbox::assert_data_eq!(
        world.central(&["rollout", "list"]).ok().to_string(),
        str![[r#"
ID       STATE      DONE  FAILED  PRIORITY  WHAT             TO                WINDOW  NAME
finance  succeeded   3/3                 0  package:FINANCE  group:production
--- exit 0

"#]]
    );
    let run = world.central(&["deployments", "--server", "PROD-B", "--json"]).ok().json();
    assert_eq!(run["deployments"][0]["description"], "rollout finance: first");
    let unknown = world.central(&["rollout", "run", "--due", "finanse"]).exits(1);
    assert!(
        unknown.to_string().contains("no rollout `finanse` on `main`; did you mean `finance`?"),
        "{unknown}"
    );
    // All that is due is done once.
    let before = systems.requests().len();
    snapbox::assert_data_eq!(
        world.run_due().ok().to_string(),
        str![[r#"
--- stderr
Nothing was due
--- exit 0

"#]]
    );
    assert_eq!(systems.requests().len(), before);
    world.assert_sound("central");
}

#[test]
fn a_new_version_leaves_nothing_of_the_old_one_behind() {
    let (systems, world) = finance();
    world.propose("one", "what = ['package:FINANCE@1']\nto = ['PROD-A', 'PROD-B']\n");
    world.run_due().ok();
    world.central(&["package", "remove", "FINANCE", "Payroll"]).ok();
    world.propose("two", "what = ['package:FINANCE']\nto = ['group:production']\n");
    snapbox::assert_data_eq!(
        said(&world.run_due().ok()),
        str![[r#"
two  PROD-A  deploy package:FINANCE@2  succeeded
two  PROD-A  uninstall Payroll  succeeded
two  PROD-B  deploy package:FINANCE@2  succeeded
two  PROD-B  uninstall Payroll  succeeded
two  PROD-C  deploy package:FINANCE@2  succeeded
--- stderr
5 jobs: 5 succeeded
--- exit 0

"#]]
    );
    assert_eq!(systems.starts("PROD-A", "Ledger"), "06:00");
    assert_eq!(systems.stands("PROD-A", "Payroll"), Value::Null);
    assert_eq!(systems.stands("PROD-B", "Payroll"), Value::Null);
    assert_eq!(
        world.jobs("two"),
        [
            "PROD-A deploy package:FINANCE@2 succeeded",
            "PROD-B deploy package:FINANCE@2 succeeded",
            "PROD-C deploy package:FINANCE@2 succeeded",
            "PROD-A uninstall Payroll succeeded",
            "PROD-B uninstall Payroll succeeded",
        ]
    );
    // What stands there already is done; `force` does it again; without `update` what is left stays.
    world.propose("three", "what = ['package:FINANCE']\nto = ['PROD-A']\n");
    world.run_due().ok();
    assert_eq!(world.jobs("three"), ["PROD-A deploy package:FINANCE@2 already there"]);
    let inserts = systems.asked("POST", "/impex");
    world.propose("four", "what = ['package:FINANCE']\nto = ['PROD-A']\nforce = true\n");
    world.run_due().ok();
    assert_eq!(world.jobs("four"), ["PROD-A deploy package:FINANCE@2 succeeded"]);
    assert!(systems.asked("POST", "/impex") > inserts);
    world.propose("five", "uninstall = ['package:FINANCE']\nto = ['PROD-A', 'PROD-B']\n");
    world.run_due().ok();
    assert_eq!(systems.stands("PROD-A", "Ledger"), Value::Null);
    world.propose("six", "uninstall = ['package:FINANCE']\nto = ['PROD-A']\n");
    world.run_due().ok();
    assert_eq!(world.jobs("six"), ["PROD-A uninstall package:FINANCE already there"]);
}

#[test]
fn a_failure_aborts_the_rest_until_it_is_retried() {
    let (systems, world) = finance();
    // Somebody has made a schedule of that name there.
    make(&systems, "PROD-A", "Ledger");
    let file =
        "what = ['package:FINANCE']\nto = ['group:production']\norder = ['PROD-A', 'PROD-B', 'PROD-C']\n";
    world.propose("finance", file);
    let run = world.run_due().exits(1);
    snapbox::assert_data_eq!(
        said(&run),
        str![[r#"
finance  PROD-A  deploy package:FINANCE@1  failed (4): `Ledger` stands on `PROD-A` without deployment information and without a record; `accept = ["unknown"]` in its file goes on nevertheless
finance  PROD-B  deploy package:FINANCE@1  failed (-8888): aborted: deploy of package `FINANCE` on `PROD-A` failed
finance  PROD-C  deploy package:FINANCE@1  failed (-8888): aborted: deploy of package `FINANCE` on `PROD-A` failed
--- stderr
3 jobs: 3 failed
--- exit 1

"#]]
    );
    assert_eq!(systems.stands("PROD-B", "Ledger"), Value::Null);
    assert_eq!(
        world.jobs("finance"),
        [
            "PROD-A deploy package:FINANCE@1 failed 4",
            "PROD-B deploy package:FINANCE@1 failed -8888",
            "PROD-C deploy package:FINANCE@1 failed -8888",
        ]
    );
    // What it accepts may still change; what it carries where may not.
    world.propose("finance", &format!("{file}accept = ['unknown']\n"));
    snapbox::assert_data_eq!(
        world.central(&["rollout", "retry", "finance"]).ok().to_string(),
        str![[r#"
3 jobs to be done again
--- stderr
Hint: `opcon-deploy rollout run --due` does what is due
--- exit 0

"#]]
    );
    world.run_due().ok();
    assert!(world.jobs("finance").iter().all(|job| job.ends_with("succeeded")));
    let again = world.central(&["rollout", "retry", "finance"]).exits(1);
    snapbox::assert_data_eq!(
        again.to_string(),
        str![[r#"
--- stderr
Error: nothing of rollout `finance` failed
Hint: `opcon-deploy rollout show "finance"` shows how far its jobs are
--- exit 1

"#]]
    );
}

#[test]
fn with_continue_the_others_go_on() {
    let (systems, world) = finance();
    make(&systems, "PROD-A", "Ledger");
    world.propose(
        "finance",
        "what = ['Ledger', 'Payroll']\nto = ['group:production']\nsequence = 'continue'\n",
    );
    // Of a package each by itself: an administrator may.
    world.run_due().exits(1);
    let jobs = world.jobs("finance");
    assert_eq!(jobs[0], "PROD-A deploy Ledger@1 failed 4");
    assert_eq!(jobs.iter().filter(|job| job.ends_with("succeeded")).count(), 5, "{jobs:?}");
}

#[test]
fn what_was_begun_keeps_what_it_carries() {
    let (_systems, world) = finance();
    let file =
        "what = ['package:FINANCE']\nto = ['PROD-A', 'PROD-B']\norder = ['PROD-A', 'PROD-B']\nsoak = '2d'\n";
    world.propose("finance", file);
    world.run_due().ok();
    // The latest version is that of the moment it began.
    world.import("central", &starting("Ledger", "06:30"), &[]).ok();
    world.central(&["package", "update", "FINANCE"]).ok();
    let jobs = world.jobs("finance");
    assert_eq!(
        jobs,
        ["PROD-A deploy package:FINANCE@1 succeeded", "PROD-B deploy package:FINANCE@1 waiting"]
    );
    world.propose("finance", &file.replace("package:FINANCE", "package:FINANCE@2"));
    let run = world.run_due().exits(1);
    snapbox::assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Warning: rollout `finance`: `what` was changed after it had begun; what it carries where stays as it began
Nothing was due
--- exit 1

"#]]
    );
    world.propose("finance", &file.replace("2d", "0s"));
    world.run_due().ok();
    assert_eq!(world.jobs("finance")[1], "PROD-B deploy package:FINANCE@1 succeeded");
}

#[test]
fn jobs_are_cancelled_before_they_begin() {
    let (systems, world) = finance();
    let file = "what = ['package:FINANCE']\nto = ['PROD-A', 'PROD-B', 'PROD-C']\norder = ['PROD-A', '*']\nsoak = '2d'\n";
    world.propose("finance", file);
    world.run_due().ok();
    let cancel = ["rollout", "cancel", "finance", "--server", "prod-b", "-m", "not there"];
    snapbox::assert_data_eq!(
        world.central(&cancel).exits(4).to_string(),
        str![[r#"
--- stderr
Error: rollout `finance` is not cancelled without being asked
Hint: `--yes` answers where nobody can be asked
--- exit 4

"#]]
    );
    world.central(&[&cancel[..], &["--yes"]].concat()).ok();
    assert_eq!(world.jobs("finance")[1], "PROD-B deploy package:FINANCE@1 cancelled");
    let run = world.central(&["rollout", "cancel", "finance", "--yes"]).ok();
    snapbox::assert_data_eq!(
        run.to_string(),
        str![[r#"
1 job cancelled
--- exit 0

"#]]
    );
    world.run_due().ok();
    assert_eq!(systems.stands("PROD-C", "Ledger"), Value::Null);
    // One that has not begun is taken out as a whole, and comes back as a whole.
    world.propose("later", "what = ['package:FINANCE']\nto = ['PROD-C']\nstart = '2036-01-01T00:00:00Z'\n");
    world.central(&["rollout", "cancel", "later", "--yes", "-m", "no more"]).ok();
    assert_eq!(world.jobs("later"), ["PROD-C deploy package:FINANCE@1 cancelled"]);
    world.central(&["rollout", "retry", "later", "--all"]).ok();
    assert_eq!(world.jobs("later"), ["PROD-C deploy package:FINANCE@1 waiting"]);
    // A file that is taken away takes out what has not begun.
    world.propose("gone", &file.replace("soak", "force = true\nsoak"));
    world.run_due().ok();
    world.git("central", &["rm", "--quiet", "rollouts/gone.toml"]);
    world.commit("central", "Never mind");
    let run = world.run_due().ok();
    assert!(run.stdout().contains("its file was removed from main"), "{run}");
    assert_eq!(systems.stands("PROD-C", "Ledger"), Value::Null);
}

#[test]
fn what_is_not_begun_in_its_time_expires() {
    let (systems, world) = finance();
    world.propose("past", "what = ['package:FINANCE']\nto = ['PROD-A']\nend = '2026-01-01T00:00:00Z'\n");
    let run = world.run_due().ok();
    snapbox::assert_data_eq!(
        run.to_string(),
        str![[r#"
past  PROD-A  deploy package:FINANCE@1  expired: not begun before 2026-01-01 00:00
--- stderr
1 job: 1 expired
--- exit 0

"#]]
    );
    assert_eq!(systems.stands("PROD-A", "Ledger"), Value::Null);
    let run = world.central(&["rollout", "retry", "past", "--all"]).exits(1);
    snapbox::assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: the end of rollout `past` is past: `end` in its file has to be later first
--- exit 1

"#]]
    );
}

#[test]
fn frames_open_across_midnight_and_twice_where_clocks_are_put_back() {
    let (_systems, world) = finance();
    let opens = |frame: &str, start: &str| {
        let text = format!(
            "what = ['Ledger']\nto = ['PROD-A']\ntimezone = 'Europe/Berlin'\nframes = ['{frame}']\nstart = '{start}'\n"
        );
        world.propose("one", &text);
        let json = world.central(&["rollout", "show", "one", "--json"]).ok().json();
        json["rollout"]["jobs"][0]["why"].as_str().unwrap().to_owned()
    };
    // Half past midnight of Sunday is Saturday's frame; what is Sunday's comes a week later.
    assert_eq!(opens("SAT 23:00-01:00", "2036-11-02 00:30"), "until 2036-11-02 00:30");
    assert_eq!(opens("SAT 23:00-01:00", "2036-11-02 01:00"), "until 2036-11-08 23:00");
    assert_eq!(opens("SUN 23:00-01:00", "2036-11-02 00:30"), "until 2036-11-02 23:00");
    // The hour from two to three happens twice, and the frame is open twice.
    assert_eq!(opens("02:15-02:45", "2036-10-26 00:00"), "until 2036-10-26 02:15 +02:00");
    assert_eq!(opens("02:15-02:45", "2036-10-26 02:45+02:00"), "until 2036-10-26 02:15 +01:00");
    assert_eq!(opens("02:15-02:45", "2036-10-26 02:45+01:00"), "until 2036-10-27 02:15");
    // In spring it does not happen at all.
    assert_eq!(opens("02:15-02:45", "2036-03-30 00:00"), "until 2036-03-31 02:15");
}
