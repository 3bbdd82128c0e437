//! What should stand where: rules of environments, and rollouts made of them.

use serde_json::Value;
use snapbox::str;

use crate::harness::rollouts::finance;

const RULES: &str = "[[rule]]\nname = 'finance'\nenabled = true\nto = ['group:production']\nwhat = ['package:FINANCE']\n\n[[rule]]\nname = 'clean'\nto = ['PROD-A']\nuninstall = ['Own', 'Old']\n";

#[test]
fn a_difference_becomes_a_rollout() {
    let (systems, world) = finance();
    world.import("central", &crate::harness::starting("Own", "06:00"), &[]).ok();
    world.propose("one", "what = ['package:FINANCE', 'Own']\nto = ['PROD-A']\n");
    world.run_due().ok();
    world.write("central/environments/retail.toml", RULES);
    world.commit("central", "Rules");
    snapbox::assert_data_eq!(
        world.central(&["rollout", "plan"]).ok().to_string(),
        str![[r#"
RULE            SERVER  WHAT             STANDS  WANTED  ROLLOUT
retail/finance  PROD-B  package FINANCE  -       1
retail/finance  PROD-C  package FINANCE  -       1
--- stderr
Hint: `opcon-deploy rollout plan --new` makes a rollout for each rule
--- exit 0

"#]]
    );
    // A rule is off until somebody puts it in force.
    world.write("central/environments/retail.toml", RULES.replace("'clean'", "'clean'\nenabled = true"));
    world.commit("central", "Clean up");
    snapbox::assert_data_eq!(
        world.central(&["rollout", "plan"]).ok().to_string(),
        str![[r#"
RULE            SERVER  WHAT             STANDS  WANTED   ROLLOUT
retail/clean    PROD-A  schedule Own     1       nothing
retail/finance  PROD-B  package FINANCE  -       1
retail/finance  PROD-C  package FINANCE  -       1
--- stderr
Hint: `opcon-deploy rollout plan --new` makes a rollout for each rule
--- exit 0

"#]]
    );
    let rules = RULES.replace("'clean'", "'clean'\nenabled = true").replace(", 'Old'", "");
    world.write("central/environments/retail.toml", rules);
    world.commit("central", "What there is");
    snapbox::assert_data_eq!(
        world.central(&["rollout", "plan", "--new"]).ok().to_string(),
        str![[r#"
RULE            SERVER  WHAT             STANDS  WANTED   ROLLOUT
retail/clean    PROD-A  schedule Own     1       nothing
retail/finance  PROD-B  package FINANCE  -       1
retail/finance  PROD-C  package FINANCE  -       1
retail-clean  1 job on 1 server
retail-finance  2 jobs on 2 servers
--- stderr
Commit [commit] on `main`
Commit [commit] on `main`
--- exit 0

"#]]
    );
    // What is on its way is left to the rollouts that there are.
    snapbox::assert_data_eq!(
        world.central(&["rollout", "plan"]).ok().to_string(),
        str![[r#"
RULE            SERVER  WHAT             STANDS  WANTED   ROLLOUT
retail/clean    PROD-A  schedule Own     1       nothing  retail-clean
retail/finance  PROD-B  package FINANCE  -       1        retail-finance
retail/finance  PROD-C  package FINANCE  -       1        retail-finance
--- stderr
Rollouts have yet to see to all of it
--- exit 0

"#]]
    );
    let run = world.central(&["rollout", "plan", "--new", "--json"]).ok();
    assert_eq!(run.json()["rollouts"].as_array().unwrap().len(), 0, "{run}");
    assert_eq!(world.git("central", &["log", "-1", "--format=%s"]), "Rollout retail-finance");
    let differences = world.central(&["rollout", "plan", "--json"]).ok().json();
    assert_eq!(differences["differences"][1]["rollout"], "retail-finance");
    // One that was taken out brings nothing.
    world.central(&["rollout", "cancel", "retail-clean", "--yes"]).ok();
    let run = world.central(&["rollout", "plan"]).ok();
    assert_eq!(run.stdout().matches("retail-clean").count(), 0, "{run}");
    world.central(&["rollout", "retry", "retail-clean", "--all"]).ok();
    world.run_due().ok();
    assert_eq!(systems.starts("PROD-C", "Payroll"), "07:00");
    assert_eq!(systems.stands("PROD-A", "Own"), Value::Null);
    snapbox::assert_data_eq!(
        world.central(&["rollout", "plan"]).ok().to_string(),
        str![[r#"
--- stderr
Everything stands where the rules in force want it
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["rollout", "plan", "retial"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: no environment `retial`
Hint: `opcon-deploy schema environment` describes the files of environments/
--- exit 1

"#]]
    );
}

#[test]
fn rules_that_undo_each_other_are_refused() {
    let (_systems, world) = finance();
    let rules = RULES
        .replace("'clean'", "'clean'\nenabled = true")
        .replace("'Own'", "'Ledger'")
        .replace(", 'Old'", "");
    world.write("central/environments/retail.toml", rules);
    snapbox::assert_data_eq!(
        world.central(&["rollout", "check"]).exits(3).to_string(),
        str![[r#"
environments/retail.toml: error[environment-rule]: schedule `Ledger` on `PROD-A`: rule `retail/finance` wants `package:FINANCE`, rule `retail/clean` wants it removed; each would undo the other's work in turn
--- stderr
Checked 0 rollouts: 1 error
--- exit 3

"#]]
    );
    world.commit("central", "Rules");
    snapbox::assert_data_eq!(
        world.central(&["rollout", "plan"]).exits(4).to_string(),
        str![[r#"
--- stderr
Error: schedule `Ledger` on `PROD-A`: rule `retail/finance` wants `package:FINANCE`, rule `retail/clean` wants it removed; each would undo the other's work in turn
Hint: `enabled = false` takes a rule out of force
--- exit 4

"#]]
    );
    // Also where the two are in two files, and only one of them is asked for.
    let (one, other) = RULES.split_once("\n\n").unwrap();
    world.write("central/environments/retail.toml", format!("{one}\n"));
    let other = other
        .replace("'clean'", "'clean'\nenabled = true")
        .replace("uninstall = ['Own', 'Old']", "uninstall = ['package:FINANCE']");
    world.write("central/environments/other.toml", other);
    world.commit("central", "Two files");
    let run = world.central(&["rollout", "plan", "retail", "--new"]).exits(4).to_string();
    assert!(run.contains("each would undo the other's work in turn"), "{run}");
    assert_eq!(world.git("central", &["log", "-1", "--format=%s"]), "Two files");
}
