//! What holds for every command: JSON, exit codes, `-C`, `--quiet`, colours, pipes.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use snapbox::{assert_data_eq, str};

use crate::harness::{Run, World, starting};

fn payroll() -> World {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &["--app", "Finance"]).ok();
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    world
}

/// One object with a schema number and the one list it is about.
#[track_caller]
fn listed<T: DeserializeOwned>(run: Run, name: &str) -> T {
    let serde_json::Value::Object(mut object) = run.json() else { panic!("no object: {run}") };
    assert_eq!(object.remove("schema"), Some(1.into()));
    let list = object.remove(name).unwrap_or_else(|| panic!("no `{name}`: {run}"));
    assert!(object.is_empty(), "more than `{name}`: {run}");
    serde_json::from_value(list).unwrap_or_else(|error| panic!("{error}: {run}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Initialised {
    root: String,
    existed: bool,
    added: Vec<String>,
    kept: Vec<String>,
    commit: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
enum Item {
    Imported {
        name: String,
        source: String,
        version: usize,
        on_main: bool,
        what: String,
        commit: String,
        branch: String,
    },
    Equal {
        name: String,
        source: String,
        version: Option<usize>,
    },
    Failed {
        name: String,
        source: String,
        error: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Listed {
    name: String,
    app: String,
    has_sub_schedules: bool,
    has_external_dependencies: bool,
    jobs: usize,
    version: usize,
    pushed: bool,
    commit: String,
    author: String,
    date: String,
    description: String,
    path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Version {
    version: usize,
    commit: String,
    date: String,
    author: String,
    message: String,
    what: String,
    path: String,
    deleted: bool,
    pushed: bool,
    archived: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct App {
    name: String,
    schedules: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Differing {
    name: String,
    path: String,
    kind: String,
    patch: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Exported {
    path: String,
    schedules: Vec<String>,
}

#[test]
fn json_is_what_is_promised() {
    let world = payroll();
    let fresh: Initialised = listed(world.run("", &["init", "fresh", "--json"]).ok(), "repository");
    assert_eq!((fresh.existed, fresh.added.len(), fresh.kept.len()), (false, 9, 0));
    world.write("in/1.json", starting("Payroll", "07:00"));
    world.write("in/2.json", starting("Billing", "07:00"));
    world.write("in/3.json", "nope");
    let run = world.central(&["import", "--file", "../in", "--json"]).exits(1);
    let items: Vec<Item> = listed(run, "schedules");
    assert!(matches!(items[0], Item::Equal { version: Some(2), .. }));
    assert!(matches!(items[1], Item::Imported { version: 1, on_main: true, .. }));
    assert!(matches!(items[2], Item::Failed { .. }));
    let all: Vec<Listed> = listed(world.central(&["list", "--json"]).ok(), "schedules");
    assert_eq!((all[1].name.as_str(), all[1].app.as_str(), all[1].version), ("Payroll", "Finance", 2));
    assert_eq!(all[1].date, "2026-05-28T20:29:40+00:00");
    let none: Vec<Listed> = listed(world.central(&["list", "zzz", "--json"]).ok(), "schedules");
    assert!(none.is_empty());
    let apps: Vec<App> = listed(world.central(&["list", "apps", "--json"]).ok(), "apps");
    assert_eq!((apps[0].name.as_str(), apps[0].schedules), ("Finance", 1));
    for kind in ["packages", "rules", "servers"] {
        let none: Vec<()> = listed(world.central(&["list", kind, "--json"]).ok(), kind);
        assert!(none.is_empty());
    }
    let versions: Vec<Version> = listed(world.central(&["versions", "Payroll", "--json"]).ok(), "versions");
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [2, 1]);
    let run = world.central(&["diff", "--range", "HEAD~2..HEAD", "--json"]).ok();
    let differing: Vec<Differing> = listed(run, "differences");
    assert_eq!(differing.iter().map(|item| item.kind.as_str()).collect::<Vec<_>>(), ["added", "changed"]);
    let run = world.central(&["export", "Payroll", "Billing", "-o", "../both.json", "--json"]).ok();
    let files: Vec<Exported> = listed(run, "files");
    assert_eq!(files[0].schedules, ["Payroll@2", "Billing@1"]);
    assert_eq!(
        world.central(&["show", "Payroll", "--json"]).ok().json()["scheduleList"][0]["startTime"],
        "07:00"
    );
    assert!(world.central(&["diff", "Payroll", "--json"]).ok().json().is_array());
    let run = world.central(&["diff-driver", "schedules/Finance/Payroll.json", "--json"]).ok();
    let lines: Vec<String> = listed(run, "lines");
    assert!(!lines.is_empty());
    // Every JSON is one line but the definition, and nothing else is on stdout.
    assert_eq!(world.central(&["list", "--json"]).ok().stdout().lines().count(), 1);
}

#[test]
fn wrong_words_exit_with_2() {
    let world = payroll();
    let tried = [
        &["lst"][..],
        &["import"],
        &["show"],
        &["versions", "Payroll", "--limit", "many"],
        &["versions", "Payroll", "--all", "--limit", "3"],
        &["export", "Payroll"],
        &["diff"],
        &["diff", "Payroll", "--markdown", "--json"],
        &["completions", "tcsh"],
    ];
    let told = tried.map(|args| format!("$ {}\n{}\n", args.join(" "), world.central(args).exits(2)));
    assert_data_eq!(
        told.concat(),
        str![[r#"
$ lst
--- stderr
error: unrecognized subcommand 'lst'

  tip: a similar subcommand exists: 'list'

Usage: opcon-deploy [OPTIONS] <COMMAND>

For more information, try '--help'.
--- exit 2

$ import
--- stderr
error: the following required arguments were not provided:
  <SERVER>
  <PATTERN>...

Usage: opcon-deploy import <SERVER> <PATTERN>...

For more information, try '--help'.
--- exit 2

$ show
--- stderr
error: the following required arguments were not provided:
  <NAME[@V]>

Usage: opcon-deploy show <NAME[@V]>

For more information, try '--help'.
--- exit 2

$ versions Payroll --limit many
--- stderr
error: invalid value 'many' for '--limit <N>': invalid digit found in string

For more information, try '--help'.
--- exit 2

$ versions Payroll --all --limit 3
--- stderr
error: the argument '--all' cannot be used with '--limit <N>'

Usage: opcon-deploy versions --all <NAME>

For more information, try '--help'.
--- exit 2

$ export Payroll
--- stderr
error: the following required arguments were not provided:
  --output <PATH>

Usage: opcon-deploy export --output <PATH> <NAME[@V]>...

For more information, try '--help'.
--- exit 2

$ diff
--- stderr
error: the following required arguments were not provided:
  <A>

Usage: opcon-deploy diff <A> [B]

For more information, try '--help'.
--- exit 2

$ diff Payroll --markdown --json
--- stderr
error: the argument '--markdown' cannot be used with '--json'

Usage: opcon-deploy diff --markdown <A> [B]

For more information, try '--help'.
--- exit 2

$ completions tcsh
--- stderr
error: invalid value 'tcsh' for '<SHELL>'
  [possible values: bash, elvish, fish, powershell, zsh]

  tip: a similar value exists: 'zsh'

For more information, try '--help'.
--- exit 2


"#]]
    );
    world.central(&["--help"]).ok();
    world.central(&["--version"]).ok();
    world.central(&[]).exits(2);
}

#[test]
fn every_command_has_help_with_examples() {
    let world = World::new();
    for command in ["init", "import", "list", "versions", "show", "diff", "export", "completions"] {
        let help = world.run("", &[command, "--help"]).ok().stdout();
        assert!(help.contains("Examples:"), "{command}: {help}");
        assert!(help.contains("--json"), "{command}: {help}");
    }
}

#[test]
fn another_folder_is_as_if_one_stood_there() {
    let world = payroll();
    world.write("central/in/Billing.json", starting("Billing", "06:00"));
    world.write("Treasury.json", starting("Treasury", "06:00"));
    let from_above = |args: &[&str]| world.run("", &[&["-C", "central"], args].concat());
    let told = [
        from_above(&["import", "--file", "in/Billing.json", "../Treasury.json"]).ok(),
        from_above(&["import", "--file", "in/*.json"]).ok(),
        from_above(&["import", "--file", "in/absent.json"]).exits(1),
        from_above(&["export", "Billing", "-o", "out.json"]).ok(),
        from_above(&["diff", "out.json", "in/Billing.json"]).ok(),
        world.run("central/schedules", &["list"]).ok(),
    ];
    assert_data_eq!(
        told.map(|run| run.to_string()).concat(),
        str![[r#"
Billing   version 1  new: 2 jobs
Treasury  version 1  new: 2 jobs
--- stderr
2 schedules: 2 imported; commit [commit] on `main`
--- exit 0
Billing  equals version 1
--- stderr
1 schedule: 0 imported, 1 unchanged; nothing to commit
--- exit 0
--- stderr
Error: `central/in/absent.json` does not exist
--- exit 1
Wrote 1 schedule to `out.json`
--- exit 0
out.json → in/Billing.json
no difference
--- exit 0
NAME      APP      SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Billing                         2        1  2026-05-28 20:30  Ann Ops
Payroll   Finance               2        2  2026-05-28 20:29  Ann Ops
Treasury                        2        1  2026-05-28 20:30  Ann Ops
--- exit 0

"#]]
    );
    assert!(world.path("central/out.json").exists());
    assert_data_eq!(
        world.run("", &["-C", "nowhere", "list"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: there is no folder `nowhere`
--- exit 1

"#]]
    );
}

#[test]
fn quiet_prints_results_and_errors_only() {
    let world = World::new();
    assert_data_eq!(
        world.run("", &["init", "-q", "central"]).ok().to_string(),
        str![[r#"
Laid out the central repository `[world]/central`: 9 files on `main`
Wired git's diff and merge of definitions into this clone
--- exit 0

"#]]
    );
    let run = world.import("central", &starting("Payroll", "06:00"), &["--quiet"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  version 1  new: 2 jobs
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["list", "zzz", "-q"]).ok().to_string(),
        str![[r#"
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["show", "zzz", "-q"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: no schedule `zzz`
--- exit 1

"#]]
    );
}

#[test]
fn colours_are_for_terminals_and_for_those_who_insist() {
    let world = payroll();
    let run = |set: &[(&str, &str)]| {
        let mut command = world.program("central");
        command.env_remove("NO_COLOR").args(["diff", "Payroll"]);
        command.envs(set.iter().copied());
        world.finish(&mut command).ok().stdout()
    };
    assert!(!run(&[]).contains('\u{1b}'));
    assert!(run(&[("CLICOLOR_FORCE", "1")]).contains("\u{1b}["));
    assert!(!run(&[("CLICOLOR_FORCE", "0"), ("NO_COLOR", "1")]).contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let world = World::with_central();
    let jobs: Vec<String> = (0..5000).map(|number| format!("JOB{number}")).collect();
    let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
    world.import("central", &crate::harness::definition("Big", &jobs), &[]).ok();
    for args in ["show Big", "show Big --json", "export Big -o -", "diff-driver schedules/Big.json"] {
        let mut command = world.command("sh", "central");
        let script = format!(
            "{{ '{}' {args}; echo \"exit $?\" >&2; }} | head -n 1 >/dev/null",
            env!("CARGO_BIN_EXE_opcon-deploy")
        );
        let run = world.finish(command.args(["-c", &script])).ok();
        assert_eq!(run.to_string(), "--- stderr\nexit 0\n--- exit 0\n", "{args}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let world = payroll();
    for args in [&["show", "Payroll", "--json"][..], &["list"], &["versions", "Payroll", "--json"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut child = world.program("central");
        let child = child.args(args).stdout(full).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert_eq!(stderr, "Error: cannot write the result: No space left on device (os error 28)\n");
    }
}

#[test]
fn completions_know_the_names() {
    let world = payroll();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(world.central(&["completions", shell]).ok().stdout().contains("opcon-deploy"), "{shell}");
    }
    let mut command = world.program("central");
    command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "2").env("_CLAP_IFS", "\n");
    let run = world.finish(command.args(["--", "opcon-deploy", "show", "Pay"])).ok();
    assert_eq!(run.stdout().trim(), "Payroll");
}

/// Bash would insert a name with a blank as two words; only those need it.
#[cfg(unix)]
#[test]
fn bash_quotes_a_completed_name_with_a_blank() {
    let world = World::with_central();
    world.import("central", &starting("Month End", "06:00"), &[]).ok();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    let script = world.run("", &["completions", "bash"]).ok().stdout();
    world.write("completions.bash", script);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_opcon-deploy"));
    let folder = program.parent().unwrap().display();
    let complete = |word: &str| {
        // `complete` and `compopt` are known to an interactive shell only.
        let line = format!(
            "PATH='{folder}':$PATH; complete() {{ completer=${{@: -2:1}}; }}; compopt() {{ echo compopt \"$@\"; }}
             . ../completions.bash
             COMP_WORDS=(opcon-deploy show {word}); COMP_CWORD=2; COMP_TYPE=9
             $completer opcon-deploy {word} show; printf '%s\n' \"${{COMPREPLY[@]}}\""
        );
        world.finish(world.command("bash", "central").args(["-c", &line])).ok().stdout()
    };
    assert_eq!(complete("Mon"), "compopt +o nospace\ncompopt -o filenames\nMonth End\n");
    assert_eq!(complete("Pay"), "compopt +o nospace\nPayroll\n");
}
