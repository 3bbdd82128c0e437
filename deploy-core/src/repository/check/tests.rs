//! The check of real repositories.

use std::sync::atomic::AtomicUsize;

use serde_json::{Value, json};

use super::{CheckOptions, Report, check};
use crate::definition::validate::Severity;
use crate::repository::Repository;
use crate::repository::testing::Sandbox;

fn report(repository: &Repository, since: Option<&str>) -> Report {
    let options = CheckOptions { since: since.map(str::to_owned) };
    check(repository, &options, &AtomicUsize::new(0)).unwrap()
}

/// `place code` of everything found.
fn found(sandbox: &Sandbox) -> Vec<String> {
    let report = report(&sandbox.repository(), None);
    report.findings.iter().map(|finding| format!("{} {}", finding.place(), finding.code)).collect()
}

fn schedule(name: &str) -> Value {
    json!({"scheduleList": [{"name": name, "jobList": [{"name": "Load", "type": "UNIX"}]}]})
}

#[test]
fn a_fresh_repository_is_clean() {
    let sandbox = Sandbox::new();
    assert_eq!(found(&sandbox), Vec::<String>::new());
    sandbox.define("schedules/Finance/Payroll.json", schedule("Payroll"));
    assert_eq!(report(&sandbox.repository(), None).schedules, 1);
    assert_eq!(found(&sandbox), Vec::<String>::new());
}

#[test]
fn every_file_is_looked_at_by_itself() {
    let sandbox = Sandbox::new();
    sandbox.write("schedules/Broken.json", "{\n  \"a\": 1,\n  \"a\": 2\n}\n");
    sandbox.write("schedules/Empty.json", "");
    sandbox.write("schedules/Rule.json", "{}");
    sandbox.write(
        "schedules/Loose.json",
        "{\n  \"scheduleList\": [{\"name\": \"Loose\", \"jobList\": []}]\n}\n",
    );
    sandbox.define("schedules/Other.json", schedule("An other"));
    sandbox.define("schedules/Two.json", json!({"scheduleList": [{"name": "A"}, {"name": "B"}]}));
    sandbox.define("schedules/S<.json", schedule("S<"));
    sandbox.write("schedules/Merge.json", "{\n<<<<<<< ours\n  \"a\": 1\n=======\n>>>>>>> theirs\n}\n");
    sandbox.write("schedules/notes.txt", "");
    sandbox.write("packages/P.toml", "descripton = \"x\"\n");
    sandbox.write("servers/QA.toml", "name = \n");
    sandbox.write("rules/r.json", "{\"transformationsList\": [}");
    sandbox.write("users.toml", "");
    sandbox.write("stray/file", "");
    sandbox.write("target/file", "");
    sandbox.write(".gitignore", "/target\n");
    assert_eq!(
        found(&sandbox),
        [
            "packages/P.toml:1:1 toml",
            "rules/r.json:1:26 json",
            "schedules/Broken.json:3:5 json",
            "schedules/Empty.json:1:1 json",
            "schedules/Loose.json:2:20 not-canonical",
            "schedules/Merge.json:2:1 conflict",
            "schedules/Other.json#/scheduleList/0/name name-mismatch",
            "schedules/Rule.json not-a-definition",
            "schedules/S<.json file-name",
            "schedules/S<.json#/scheduleList/0/name name-mismatch",
            "schedules/S<.json#/scheduleList/0/name name-characters",
            "schedules/Two.json#/scheduleList several-schedules",
            "schedules/notes.txt unknown-file",
            "servers/QA.toml:1:8 toml",
            "stray/ unknown-file",
            "users.toml no-users",
        ]
    );
}

#[test]
fn references_must_lead_somewhere() {
    let sandbox = Sandbox::new();
    sandbox.define("schedules/Ledger.json", schedule("Ledger"));
    let container = |name: &str, sub: &str| json!({"name": name, "type": "Container", "containerData": {"subScheduleName": sub}});
    let external = |schedule: &str, job: &str| json!({"scheduleName": "Payroll", "jobName": "C1", "predecessorScheduleName": schedule, "predecessorJobName": job});
    sandbox.define(
        "schedules/Payroll.json",
        json!({
            "scheduleList": [{"name": "Payroll", "jobList": [
                container("C1", "Ledger"), container("C2", "LEDGER"), container("C3", "[[SI.SUB]]"),
            ]}],
            "externalDependencyList": [
                external("Gone", "X"), external("Ledger", "Load"), external("Ledger", "Unload"),
            ],
        }),
    );
    let report = report(&sandbox.repository(), None);
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "schedules/Payroll.json#/scheduleList/0/jobList/1: warning[sub-schedule-missing]: container job `C2` runs schedule `LEDGER`, which is not in the repository; there is `Ledger`",
            "schedules/Payroll.json#/externalDependencyList/0: warning[external-schedule-missing]: job `C1` depends on job `X` of schedule `Gone`, which is not in the repository",
            "schedules/Payroll.json#/externalDependencyList/2: warning[external-job-missing]: job `C1` depends on job `Unload`, which schedule `Ledger` does not have",
        ]
    );
    assert!(!report.is_clean());
}

#[test]
fn shared_objects_are_compared_across_schedules() {
    let sandbox = Sandbox::new();
    let with = |name: &str, exported: &str, more: Value| {
        let mut definition = schedule(name);
        definition["descriptionList"] = json!([format!("Export Date : {exported} 01:00:00")]);
        for (key, value) in more.as_object().unwrap() {
            definition[key] = value.clone();
        }
        sandbox.define(&format!("schedules/{name}.json"), definition);
    };
    let parts = |script: &str, id: &str, value: &str, dates: Value| {
        json!({
            "scriptList": [{"data": {"id": id, "name": "Clean", "description": script}}],
            "propertyList": [
                {"name": "ENV", "value": value},
                {"name": "PW", "value": format!("secret-{value}"), "encrypted": true},
            ],
            "variableList": [{"type": "Resource", "name": "TAPES", "value": value}],
            "calendarList": [{"name": "Holidays", "dateList": dates}],
        })
    };
    with("A", "2026-01-01", parts("old", "1", "DEV", json!(["2026-02-01", "2026-05-01", "2026-12-25"])));
    with("B", "2026-03-01", parts("old", "2", "DEV", json!(["2026-05-01", "2026-12-25"])));
    with("C", "2026-03-01", parts("new", "3", "QA", json!(["2026-05-01", "2026-12-26"])));
    let report = report(&sandbox.repository(), None);
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "schedules/C.json#/calendarList/0: warning[shared-differs]: calendar `Holidays` has other dates than in `schedules/B.json`: dateList without 2026-12-25; dateList with 2026-12-26",
            "schedules/C.json#/propertyList/0: note[shared-value]: property `ENV` has another value than in `schedules/A.json` and 1 more: value DEV → QA",
            "schedules/C.json#/propertyList/1: note[shared-value]: property `PW` has another value than in `schedules/A.json` and 1 more: value (encrypted) → (encrypted)",
            "schedules/C.json#/scriptList/0: warning[shared-differs]: script `Clean` differs from the one in `schedules/A.json` and 1 more: data.description old → new",
        ]
    );
}

#[test]
fn pins_must_be_what_they_say() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit_schedule("Payroll", "01:00");
    let blob = sandbox.git(&["rev-parse", "HEAD:schedules/Payroll.json"]);
    sandbox.commit_schedule("Ledger", "01:00");
    let ledger = sandbox.git(&["rev-parse", "HEAD:schedules/Ledger.json"]);
    let ledger_commit = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["rm", "--quiet", "schedules/Ledger.json"]);
    sandbox.commit("away");
    sandbox.write("rules/to-qa.rhai", "");
    let pin = |name: &str, version: Option<usize>, commit: &str, blob: &str| {
        let version = version.map(|version| format!("version = {version}\ncommit = \"{commit}\"\n"));
        format!("[[schedule]]\nname = \"{name}\"\n{}blob = \"{blob}\"\n", version.unwrap_or_default())
    };
    let zero = "0".repeat(40);
    let cases = [
        (pin("Payroll", Some(1), &commit, &blob), None),
        (pin("Payroll", Some(2), &commit, &blob), Some("pin-no-version")),
        (pin("Payroll", Some(1), &zero, &blob), Some("pin-disagrees")),
        (pin("Payroll", Some(1), &commit, &ledger), Some("pin-disagrees")),
        (pin("Payroll", None, "", &blob), Some("pin-unnumbered")),
        (pin("Payroll", None, "", &zero), Some("pin-no-content")),
        (pin("Payrol", Some(1), &commit, &blob), Some("pin-unknown-schedule")),
        (pin("Ledger", Some(1), &ledger_commit, &ledger), Some("pin-schedule-gone")),
        (pin("Ledger", Some(2), &commit, &blob), Some("pin-deleted")),
        (
            format!("rules = [\"to-qa@2\", \"to-qb\"]\n{}", pin("Payroll", Some(1), &commit, &blob)),
            Some("package-rule-missing"),
        ),
    ];
    for (text, code) in cases {
        sandbox.write("packages/P.toml", &text);
        let expected: Vec<String> = code.iter().map(|code| format!("packages/P.toml {code}")).collect();
        assert_eq!(found(&sandbox), expected, "{text}");
    }
    let one = pin("Payroll", Some(1), &commit, &blob);
    sandbox.write("packages/P.toml", format!("{one}{one}"));
    sandbox.write("packages/Q.toml", &one);
    assert_eq!(found(&sandbox), ["packages/P.toml pin-twice", "packages/Q.toml two-packages"]);
}

#[test]
fn a_shallow_clone_says_that_pins_were_not_checked() {
    let sandbox = Sandbox::new();
    sandbox.commit_schedule("Payroll", "01:00");
    let blob = sandbox.git(&["rev-parse", "HEAD:schedules/Payroll.json"]);
    sandbox.write("packages/P.toml", format!("[[schedule]]\nname = \"Payroll\"\nblob = \"{blob}\"\n"));
    sandbox.commit("package");
    let clone = tempfile::tempdir().unwrap();
    let (from, to) = (format!("file://{}", sandbox.path("").display()), clone.path().display().to_string());
    sandbox.git(&["clone", "--quiet", "--depth=1", &from, &to]);
    let report = report(&Repository::open(clone.path()).unwrap(), None);
    let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["pins-unchecked", "unwired"]);
    assert!(report.findings[0].message.contains("--unshallow"));
}

#[test]
fn a_bare_repository_is_checked_as_head_has_it() {
    let sandbox = Sandbox::new();
    sandbox.define("schedules/Payroll.json", schedule("Pay"));
    sandbox.commit("one");
    let bare = tempfile::tempdir().unwrap();
    let (from, to) = (sandbox.path("").display().to_string(), bare.path().display().to_string());
    sandbox.git(&["clone", "--quiet", "--bare", &from, &to]);
    let report = report(&Repository::open(bare.path()).unwrap(), None);
    assert_eq!(report.schedules, 1);
    assert_eq!(report.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["name-mismatch"]);
}

#[test]
fn a_conflict_without_markers_is_told_too() {
    let sandbox = Sandbox::new();
    sandbox.commit_schedule("Payroll", "01:00");
    sandbox.git(&["switch", "--quiet", "-c", "work"]);
    sandbox.commit_schedule("Payroll", "02:00");
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.git(&["rm", "--quiet", "schedules/Payroll.json"]);
    sandbox.commit("away");
    let merge =
        crate::repository::git::Git::new(sandbox.path("")).output(&["merge", "--quiet", "work"]).unwrap();
    assert!(!merge.status.success());
    assert_eq!(found(&sandbox), ["schedules/Payroll.json conflict"]);
}

#[test]
fn the_former_tip_must_stay_on_the_first_parent_line() {
    let sandbox = Sandbox::new();
    let base = sandbox.commit_schedule("Payroll", "01:00");
    let old = sandbox.commit_schedule("Payroll", "02:00");
    let since = |old: &str| {
        let report = report(&sandbox.repository(), Some(old));
        report.findings.iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(since(&old), Vec::<&str>::new());
    assert_eq!(since(&"0".repeat(40)), Vec::<&str>::new());
    assert_eq!(since(&"1".repeat(40)), ["since-unknown"]);
    sandbox.commit_schedule("Ledger", "01:00");
    assert_eq!(since(&old), Vec::<&str>::new());
    // A branch off `base` that merges main: main's commits are its second side.
    sandbox.git(&["switch", "--quiet", "-c", "work", &base]);
    sandbox.commit_schedule("Other", "01:00");
    assert_eq!(since(&old), ["since-rewritten"]);
    sandbox.git(&["merge", "--quiet", "--no-ff", "-m", "pull", "main"]);
    assert_eq!(since(&old), ["since-renumbered"]);
    sandbox.commit_schedule("Other", "02:00");
    assert_eq!(since(&old), ["since-renumbered"]);
    // The right way round.
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.git(&["merge", "--quiet", "--no-ff", "-m", "merge", "work~2"]);
    assert_eq!(since(&old), Vec::<&str>::new());
}

#[test]
fn a_link_is_no_definition() {
    #[cfg(unix)]
    {
        let sandbox = Sandbox::new();
        std::os::unix::fs::symlink("/etc/hostname", sandbox.path("schedules/L.json")).unwrap();
        assert_eq!(found(&sandbox), ["schedules/L.json not-a-file"]);
        assert_eq!(report(&sandbox.repository(), None).count(Severity::Error), 1);
    }
}

#[test]
fn rollouts_and_environments_are_held_against_everything_else() {
    let sandbox = Sandbox::new();
    sandbox.commit_schedule("Payroll", "06:00");
    sandbox.write("packages/FIN.toml", "");
    sandbox.commit("package");
    let server = |groups: &str| {
        format!("type = \"Production\"\naddress = \"host\"\ncredential = \"x\"\ngroups = [{groups}]\n")
    };
    sandbox.write("servers/A.toml", server("\"retail\""));
    sandbox.write("servers/B.toml", server("\"retail\", \"test\""));
    let good = "what = [\"package:FIN@1\"]\nto = [\"A\", \"group:retail\"]\nstart = 2026-12-01T18:00:00\ntimezone = \"Europe/Berlin\"\n";
    sandbox.write("rollouts/good.toml", format!("{good}frames = [\"18:00-24:00\"]\n"));
    sandbox.write(
        "rollouts/frames.toml",
        format!("{good}end = \"2026-12-02T06:00\"\nframes = [\"MON 01:00-02:00\"]\n"),
    );
    sandbox.write("rollouts/frame.toml", format!("{good}frames = [\"18-24\"]\n"));
    sandbox.write(
        "rollouts/later.toml",
        "what = [\"package:FIN@2\", \"Payrol\", \"Payroll@HEAD\"]\nto = [\"A\"]\nrules = [\"gone\"]\n",
    );
    sandbox.write("rollouts/nowhere.toml", "uninstall = [\"package:FIN\"]\nto = [\"group:development\"]\n");
    sandbox
        .write("rollouts/twice.toml", "what = [\"Payroll\", \"Payroll@1\"]\nto = [\"C\"]\npriority = 101\n");
    let rule = |name: &str, rest: &str| format!("[[rule]]\nname = \"{name}\"\nenabled = true\n{rest}\n");
    let both = [
        rule("one", "what = [\"package:FIN\"]\nto = [\"group:retail\"]"),
        rule("two", "uninstall = [\"package:FIN\"]\nto = [\"B\"]"),
    ];
    sandbox.write("environments/eu.toml", both.concat());
    let report = report(&sandbox.repository(), None);
    let found: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| !matches!(finding.code, "no-users" | "unwired"))
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        [
            "environments/eu.toml: error[environment-rule]: package `FIN` on `B`: rule `eu/one` wants `package:FIN`, rule `eu/two` wants it removed; each would undo the other's work in turn",
            "rollouts/frame.toml:5:10: error[toml]: `18-24` is not a time frame; one is written `18:00-24:00`, `FRI 22:00-06:00` or `!SAT 11:00-13:00`",
            "rollouts/frames.toml: error[rollout-value]: `frames`: `MON 01:00-02:00` never open between start and end",
            "rollouts/later.toml: error[rollout-what]: package `FIN` has no version 2; its latest is 1",
            "rollouts/later.toml: error[rollout-what]: no schedule `Payrol`; did you mean `Payroll`?",
            "rollouts/later.toml: error[rollout-what]: `Payroll@HEAD` names no version of main, and a rollout carries nothing else",
            "rollouts/later.toml: warning[rollout-rule-missing]: rule `gone` is not in the repository",
            "rollouts/later.toml: note[rollout-conflict]: package `FIN` goes to `A` otherwise in `rollouts/frames.toml`; if both are due at once, the one of lower priority ends as a conflict",
            "rollouts/nowhere.toml: error[rollout-target]: the targets are empty: there is no server of that kind",
            "rollouts/twice.toml: error[rollout-value]: `priority`: 101 is not between -100 and 100",
            "rollouts/twice.toml: error[rollout-value]: `what`: schedule `Payroll` is named twice",
            "rollouts/twice.toml: error[rollout-target]: no server `C`",
            "servers/B.toml: error[server-value]: `groups`: `test` is built in: it holds all servers of that class",
        ]
    );
}
