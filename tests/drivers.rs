//! The drivers, as git itself calls them.

use snapbox::{assert_data_eq, str};

use crate::harness::{World, starting};

/// A central repository with a schedule on main and on a branch `side`, `side` checked out.
fn forked() -> World {
    let world = World::with_central();
    world.import("central", &payroll("06:00", "load.exe", "report.exe"), &[]).ok();
    world.git("central", &["switch", "--quiet", "-c", "side"]);
    world
}

fn payroll(start: &str, load: &str, report: &str) -> String {
    let job = |name: &str, command: &str| {
        serde_json::json!({ "name": name, "type": "Windows", "primaryMachine": "WIN01",
            "windowsData": { "commandLine": command } })
    };
    let jobs = [job("LOAD", load), job("REPORT", report)];
    serde_json::json!({ "scheduleList": [{ "name": "Payroll", "startTime": start, "jobList": jobs }] })
        .to_string()
}

/// `side` and main each import their own; then main is merged into `side`.
fn merge(ours: &str, theirs: &str) -> (World, String) {
    let world = forked();
    world.import("central", ours, &["-m", "Ours"]).ok();
    world.git("central", &["switch", "--quiet", "main"]);
    world.import("central", theirs, &["-m", "Theirs"]).ok();
    world.git("central", &["switch", "--quiet", "side"]);
    let mut command = world.command("git", "central");
    let merged = world.finish(command.args(["merge", "--no-edit", "main"])).to_string();
    (world, merged)
}

#[test]
fn edits_of_different_jobs_merge_cleanly() {
    let (world, merged) =
        merge(&payroll("06:00", "load2.exe", "report.exe"), &payroll("06:00", "load.exe", "report2.exe"));
    assert!(merged.ends_with("--- exit 0\n"), "{merged}");
    let both = world.read("central/schedules/Payroll.json");
    assert!(both.contains("load2.exe") && both.contains("report2.exe"), "{both}");
    world.assert_sound("central");
    let again = world.import("central", &payroll("06:00", "load2.exe", "report2.exe"), &[]).ok();
    assert!(again.stdout().contains("equals"), "{again}");
}

#[test]
fn edits_of_one_field_conflict_in_words() {
    let (world, merged) =
        merge(&payroll("07:00", "load2.exe", "report.exe"), &payroll("06:00", "load3.exe", "report.exe"));
    assert_data_eq!(
        merged,
        str![[r#"
Auto-merging schedules/Payroll.json
CONFLICT (content): Merge conflict in schedules/Payroll.json
Automatic merge failed; fix conflicts and then commit the result.
--- stderr
Error: conflict in `schedules/Payroll.json`: schedule `Payroll`, job `LOAD`, `windowsData.commandLine`: ours `load2.exe`, theirs `load3.exe`
Hint: choose between the marked lines, then `opcon-deploy fmt "schedules/Payroll.json" && git add "schedules/Payroll.json"`
--- exit 1

"#]]
    );
    assert_data_eq!(
        world.read("central/schedules/Payroll.json"),
        str![[r#"
{
  "scheduleList": [
    {
      "name": "Payroll",
      "jobList": [
        {
          "name": "LOAD",
          "type": "Windows",
          "primaryMachine": "WIN01",
          "windowsData": {
<<<<<<< ours
            "commandLine": "load2.exe"
=======
            "commandLine": "load3.exe"
>>>>>>> theirs
          }
        },
        {
          "name": "REPORT",
          "type": "Windows",
          "primaryMachine": "WIN01",
          "windowsData": {
            "commandLine": "report.exe"
          }
        }
      ],
      "startTime": "07:00"
    }
  ]
}

"#]]
    );
    assert_eq!(world.git("central", &["diff", "--name-only", "--diff-filter=U"]), "schedules/Payroll.json");
    // Importing it meanwhile would lose the conflict.
    let refused = world.import("central", &payroll("08:00", "a", "b"), &[]).exits(1);
    assert_data_eq!(
        refused.to_string(),
        str![[r#"
--- stderr
Error: `schedules/Payroll.json` has a conflict that is not resolved; nothing was committed
Hint: resolve it, then `git add "schedules/Payroll.json" && git commit`
--- exit 1

"#]]
    );
}

#[test]
fn a_rename_and_an_edit_merge() {
    let renamed = payroll("06:00", "load.exe", "report.exe").replace("\"LOAD\"", "\"FETCH\"");
    let (world, merged) = merge(&renamed, &payroll("06:00", "load2.exe", "report.exe"));
    assert!(merged.ends_with("--- exit 0\n"), "{merged}");
    let both = world.read("central/schedules/Payroll.json");
    assert!(both.contains("FETCH") && both.contains("load2.exe") && !both.contains("\"LOAD\""), "{both}");
}

#[test]
fn one_side_that_is_no_definition_is_left_to_git() {
    let world = forked();
    world.write("central/schedules/Payroll.json", "{ broken");
    world.commit("central", "Break it");
    world.git("central", &["switch", "--quiet", "main"]);
    world.import("central", &payroll("07:00", "load.exe", "report.exe"), &[]).ok();
    world.git("central", &["switch", "--quiet", "side"]);
    let mut command = world.command("git", "central");
    assert_data_eq!(
        world.finish(command.args(["merge", "main"])).to_string(),
        str![[r#"
Auto-merging schedules/Payroll.json
CONFLICT (content): Merge conflict in schedules/Payroll.json
Automatic merge failed; fix conflicts and then commit the result.
--- stderr
Error: `schedules/Payroll.json` (ours): line 1, column 3: key must be a string
--- exit 1

"#]]
    );
    assert_eq!(world.git("central", &["diff", "--name-only", "--diff-filter=U"]), "schedules/Payroll.json");
    assert!(!world.read("central/schedules/Payroll.json").is_empty());
}

#[test]
fn git_diff_and_log_read_well() {
    let world = forked();
    world.write("central/schedules/Payroll.json", payroll("06:00", "load2.exe", "report.exe"));
    assert_data_eq!(
        world.git("central", &["diff"]),
        str![[r#"
diff --git a/schedules/Payroll.json b/schedules/Payroll.json
index f51e026..7027b6d 100644
--- a/schedules/Payroll.json
+++ b/schedules/Payroll.json
@@ -3,7 +3,7 @@ schedule Payroll
 job LOAD
   primaryMachine: WIN01
   type: Windows
-  windowsData.commandLine: load.exe
+  windowsData.commandLine: load2.exe
 job REPORT
   primaryMachine: WIN01
   type: Windows
"#]]
    );
    world.git("central", &["restore", "."]);
    world.import("central", &payroll("07:00", "load.exe", "report.exe"), &[]).ok();
    assert_data_eq!(
        world.git("central", &["log", "-1", "-p", "--format=%s"]),
        str![[r#"
Import Payroll: startTime

diff --git a/schedules/Payroll.json b/schedules/Payroll.json
index f51e026..bf19cb8 100644
--- a/schedules/Payroll.json
+++ b/schedules/Payroll.json
@@ -1,5 +1,5 @@
 schedule Payroll
-  startTime: 06:00
+  startTime: 07:00
 job LOAD
   primaryMachine: WIN01
   type: Windows
"#]]
    );
    // What is no definition is shown as it is.
    world.write("central/schedules/Payroll.json", "{ broken\n");
    assert!(world.git("central", &["diff"]).contains("+{ broken"));
}

#[test]
fn the_drivers_work_where_the_program_and_the_file_have_blanks_in_their_names() {
    let world = World::new();
    world.run("", &["init", "my central"]).ok();
    world.import("my central", &starting("Store 'Polling'", "06:00"), &["--app", "Retail & more"]).ok();
    world.import("my central", &starting("Store 'Polling'", "07:00"), &[]).ok();
    let log = world.git("my central", &["log", "-1", "-p", "--format=%s"]);
    assert!(log.contains("startTime") && log.contains("07:00"), "{log}");
}

#[test]
fn called_by_hand_with_files_that_are_not_there() {
    let world = World::with_central();
    assert_data_eq!(
        world.central(&["diff-driver", "absent.json"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: cannot read `absent.json`: No such file or directory (os error 2)
--- exit 1

"#]]
    );
    assert_data_eq!(
        world.central(&["merge-driver", "a", "b", "c"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: cannot read `a`: No such file or directory (os error 2)
--- exit 1

"#]]
    );
}

#[test]
fn a_conflict_of_encrypted_values_is_told_without_them() {
    let with = |secret: &str| {
        let property = serde_json::json!({ "name": "DbPassword", "value": secret, "encrypted": true });
        payroll("06:00", "load.exe", "report.exe").replacen(
            '{',
            &format!("{{\"propertyList\":[{property}],"),
            1,
        )
    };
    let (_, merged) = merge(&with("hunter2-ours"), &with("hunter2-theirs"));
    assert_data_eq!(
        merged,
        str![[r#"
Auto-merging schedules/Payroll.json
CONFLICT (content): Merge conflict in schedules/Payroll.json
Automatic merge failed; fix conflicts and then commit the result.
--- stderr
Error: conflict in `schedules/Payroll.json`: property `DbPassword`, `value`: ours `(encrypted)`, theirs `(encrypted)`
Hint: choose between the marked lines, then `opcon-deploy fmt "schedules/Payroll.json" && git add "schedules/Payroll.json"`
--- exit 1

"#]]
    );
}
