//! The table of the vendor's arguments in docs/batch.md: every command in it really runs, each row
//! in a repository of its own that is prepared for it, and does what the row says.

use std::collections::BTreeSet;

use deploy_sandbox::{Config, Seed, SystemConfig, SystemType};
use serde_json::{Value, json};

use crate::harness::vendor_table::{Row, rows, spans};
use crate::harness::{Run, Systems, World, definition, starting};

/// Every argument that the vendor's programs take, by program.
const ARGUMENTS: [(&str, &[&str]); 6] = [
    (
        "Batch",
        &[
            "-a DEPLOY",
            "-a IMPORT",
            "-a SIMULATE",
            "-a INIT",
            "-s",
            "-w",
            "-v",
            "-pkg",
            "-t",
            "-fw",
            "-tf",
            "-d",
            "-bd",
            "-bda",
            "-dd",
            "-dno",
            "-sub",
            "-sap",
            "-id",
            "-u",
            "-p",
        ],
    ),
    (
        "Files",
        &[
            "-a IMPORT",
            "-a EXPORT",
            "-a OEXPORT",
            "-t SCHEDULE",
            "-t SCRIPT",
            "-tn",
            "-v",
            "-o",
            "-d",
            "-di",
            "-u",
            "-p",
        ],
    ),
    (
        "DevOps",
        &[
            "-a DEPLOY",
            "-a EXPORT",
            "-a REPO",
            "-t SCHEDULE",
            "-t SCRIPT",
            "-tn",
            "-f",
            "-o",
            "-d",
            "-e",
            "-tr",
            "-v",
            "-iss",
            "-noi",
            "-di",
            "-pj",
            "-r",
            "-b",
            "-ip",
            "-u",
            "-p",
        ],
    ),
    ("Diagrams", &["-sch", "-pkg", "-v", "-ho", "-u", "-p"]),
    ("Archiving", &["-u", "-p"]),
    ("Repo Client", &["-t deploy", "-t extract", "-t simulate", "-o", "-w", "-wb", "-sb", "-d"]),
];

#[test]
fn no_argument_of_the_vendor_is_missing() {
    let rows = rows();
    let sections: BTreeSet<&str> = rows.iter().map(|row| row.section.as_str()).collect();
    assert_eq!(sections, ARGUMENTS.iter().map(|(section, _)| *section).collect());
    for (section, arguments) in ARGUMENTS {
        for argument in arguments {
            let says = |row: &&Row| {
                // `-a EXPORT -t SCRIPT -tn` says `-a EXPORT`, `-t SCRIPT` and `-tn`.
                let words: Vec<&str> = spans(&row.vendor).flat_map(|span| span.split([' ', '¦'])).collect();
                let wanted: Vec<&str> = argument.split(' ').collect();
                words.windows(wanted.len()).any(|part| part == wanted)
            };
            let found = rows.iter().filter(|row| row.section == section).find(says);
            assert!(found.is_some(), "{section}: `{argument}` has no row");
        }
    }
}

/// Rows without a command, and why they need none.
const NO_COMMAND: [&str; 10] = [
    // A setting: tests/plans.rs.
    "Batch, `-sap` insert SAP job definitions",
    "Files, `-u`, `-p`",
    "DevOps, `-ip` path in the branch",
    "DevOps, `-u`, `-p`",
    "Diagrams, `-sch¦-pkg -v -ho`",
    "Diagrams, `-u`, `-p`",
    "Archiving, `-u`, `-p`",
    "Repo Client, `-sb` branch of the servers",
    "Repo Client, `systemPrefix` of a server",
    // Of a record that waits: tests/batch.rs, and below.
    "Batch, `-id` record",
];

/// What the record of the deployment, or else the repository, shows after the commands of a row.
fn expected(row: &str) -> Option<Value> {
    Some(match row {
        "Batch, `-a DEPLOY`" | "Batch, `-w` schedule" => {
            json!({ "name": "Payroll", "server": "PROD", "status": "Active", "version": 3 })
        }
        "Batch, `-v` version" => json!({ "name": "Payroll", "version": 3, "status": "Active" }),
        "Batch, `-pkg` package" => {
            json!({ "name": "Billing", "package": { "name": "FINANCE", "version": 2 } })
        }
        "Batch, `-t` rules of this deployment" => json!({
            "rules": [
                { "name": "users", "level": "deployment", "version": 1 },
                { "name": "machines", "level": "deployment", "version": 3 },
            ],
        }),
        "Batch, `-d` description" => json!({ "description": "Quarter end" }),
        "Batch, `-bd`, `-bda` build days, and in advance" => {
            json!({ "options": { "autoBuild": { "days": 3, "advance": 1 } } })
        }
        "Batch, `-dd` delete days" => json!({ "options": { "autoDeleteDays": 10 } }),
        "Batch, `-dno` do not overwrite" => json!({ "options": { "doNotOverwrite": true } }),
        "DevOps, `-a DEPLOY -t SCHEDULE -f -o`" => json!({ "name": "Payroll", "version": 4, "server": "QA" }),
        "DevOps, `-d` description, release tag" => {
            json!({ "description": "Quarter end", "tag": "REL 22.0.1", "version": 4 })
        }
        "DevOps, `-e` environment" => json!({ "environment": "TST" }),
        "DevOps, `-tr` rules" => {
            json!({ "rules": [{ "name": "machines", "level": "deployment", "version": 3 }] })
        }
        "DevOps, `-a REPO -b -tn` from a branch" => {
            json!({ "version": null, "server": "QA", "status": "Active" })
        }
        "DevOps, `-v` version of a script" => json!({ "type": "Script", "name": "Check", "version": 3 }),
        "Repo Client, `-t deploy -o -w`" => json!({ "server": "QA", "status": "Active" }),
        "Repo Client, `-d` description" => json!({ "description": "REL 1.0.1" }),
        _ => return None,
    })
}

/// Three systems, and a repository whose clone is what a runner or an operator has.
struct Site {
    systems: Systems,
    world: World,
}

impl Site {
    fn new() -> Self {
        let kinds =
            [("DEV", SystemType::Development), ("QA", SystemType::Test), ("PROD", SystemType::Production)];
        let systems = Systems::start(Config {
            systems: kinds.iter().map(|(name, kind)| SystemConfig::new(*name, *kind)).collect(),
            seed: Seed::Empty,
            ..Config::default()
        });
        let world = World::with_systems(&systems);
        let store = |text: &str| {
            world.import("central", text, &[]).ok();
        };
        ["04:00", "05:00", "06:00"].iter().for_each(|time| store(&starting("Payroll", time)));
        ["WINTEST", "WINPROD", "Billing"].iter().for_each(|name| store(&definition(name, &["LOAD"])));
        world.central(&["package", "create", "FINANCE", "Billing"]).ok();
        store(&definition("Billing", &["LOAD", "SEND"]));
        world.central(&["package", "update", "FINANCE"]).ok();
        for rule in ["users", "machines"] {
            world.central(&["rules", "new", rule]).ok();
        }
        world.commit_all("Rules");
        for text in ["//! One.\n", "//! Two.\n"] {
            world.write("central/rules/machines.rhai", text);
            world.commit_all("Machines");
        }
        for (number, text) in [("1", "one"), ("2", "two"), ("3", "three")] {
            world.write("Check.ps1", text);
            let args = ["--name", "Check", "--number", number, "--runner", "PowerShell"];
            world.central(&[&["script", "import", "--file", "../Check.ps1"], &args[..]].concat()).ok();
        }
        for version in ["Check@1", "Check@2", "Check@3"] {
            world.central(&["script", "deploy", version, "--to", "DEV"]).ok();
        }
        for name in ["Payroll", "Stock", "WINTEST", "WINNEW", "Close Books"] {
            let text = definition(name, &["LOAD", "CHECK"]);
            systems.put("DEV", &serde_json::from_str(&text).unwrap());
        }
        let month_end: Value = serde_json::from_str(&definition("Month End", &["CLOSE"]).replace(
            "\"Null Job\"",
            "\"Container\",\"containerData\":{\"subScheduleName\":\"Close Books\"}",
        ))
        .unwrap();
        systems.put("DEV", &month_end);
        world.add_remote();
        world.git("central", &["switch", "--quiet", "--create", "develop"]);
        store(&starting("Payroll", "09:00"));
        world.git("central", &["push", "--quiet", "origin", "develop"]);
        world.git("central", &["switch", "--quiet", "main"]);
        // Files beside the work of others, which are not committed.
        world.write("central/.git/info/exclude", "*.txt\n*.ps1\n/*.json\nexports/\nvendor/\n");
        world.write("central/schedules.txt", "# what closes the month\nPayroll\n");
        world.write("central/rule-files.txt", "vendor/to-qa.rhai\n");
        world.write("central/vendor/to-qa.rhai", "//! As they had it.\n");
        world.write("central/Check.ps1", "three");
        world.write("central/Payroll.json", starting("Payroll", "08:00"));
        world.write("central/exports/Payroll.json", starting("Payroll", "10:00"));
        Self { systems, world }
    }

    /// Takes away what a row left on the targets.
    fn clear(&self) {
        for (system, names) in [
            ("QA", &["Payroll", "WINTEST", "WINPROD", "Billing"]),
            ("PROD", &["Payroll", "WINTEST", "WINPROD", "Billing"]),
        ] {
            for name in names {
                if !self.systems.stands(system, name).is_null() {
                    self.systems.remove(system, name);
                }
            }
        }
    }

    /// Runs commands of a row in a copy of the repository.
    fn run(&self, row: &Row, way: &[&str]) {
        let world = self.world.copy();
        if row.vendor == "`-a INIT`" {
            self.systems.put("PROD", &serde_json::from_str(&definition("Payroll", &["LOAD"])).unwrap());
        }
        let mut last = None;
        for command in way {
            let central = world.path("central").display().to_string();
            let words = shell_words::split(&command.replace("/srv/central", &central)).unwrap();
            let args: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            let run = world.central(&args);
            let code = run.output.status.code();
            // A simulation finds what it finds.
            let is_fine = code == Some(0) || code == Some(3) && args.first() == Some(&"simulate");
            assert!(is_fine, "{}\n$ {command}\n{run}", row.name());
            last = Some(run);
        }
        let last = last.unwrap();
        match expected(&row.name()) {
            Some(expected) if way.iter().any(|command| command.contains(" deploy ")) => {
                let rows = world.central(&["deployments", "--json"]).ok().json();
                let id = rows["deployments"][0]["id"].as_str().unwrap();
                let record = world.central(&["deployments", "show", id, "--json"]).ok().json();
                assert_holds(&record["deployments"][0], &expected, &row.name());
            }
            _ => shown(row, &world, &last),
        }
        self.clear();
    }
}

/// All that is expected is there; there may be more.
#[track_caller]
fn assert_holds(found: &Value, expected: &Value, row: &str) {
    match expected {
        Value::Object(wanted) => {
            wanted.iter().for_each(|(key, value)| assert_holds(&found[key], value, &format!("{row} /{key}")));
        }
        Value::Array(wanted) => {
            wanted
                .iter()
                .enumerate()
                .for_each(|(at, value)| assert_holds(&found[at], value, &format!("{row} /{at}")));
        }
        _ => assert_eq!(found, expected, "{row}"),
    }
}

/// What the other rows leave, in the repository or as files.
fn shown(row: &Row, world: &World, run: &Run) {
    let read = |path: &str| world.read(&format!("central/{path}"));
    let has = |path: &str| world.path(format!("central/{path}")).exists();
    let deployed = |run: &Run| run.stdout().starts_with("Payroll  version 3 on PROD");
    match row.name().as_str() {
        "Batch, `-a IMPORT`" | "Batch, `-s` server" | "Batch, `-fw` file that lists schedules" => {
            assert!(deployed(run) || read("schedules/Payroll.json").contains("CHECK"), "{run}");
        }
        "Batch, `-a SIMULATE`" | "Repo Client, `-t simulate -o -w`" => {
            assert!(run.stdout().contains("Schedule comparison"), "{run}");
        }
        "Batch, `-a INIT`" => assert!(run.stdout().contains("Adopted 1 schedule on PROD"), "{run}"),
        "Batch, `-tf` file that lists files of rules" => assert!(has("rules/to-qa.rhai")),
        "Batch, `-sub` sub-schedules" => assert!(has("schedules/Close Books.json")),
        "Batch, `-u`, `-p`" => assert!(read("users.toml").contains("bea@corp.example")),
        "Files, `-a IMPORT -t SCHEDULE -tn -di`" | "Files, `-d` description" => {
            assert!(read("schedules/Payroll.json").contains("10:00"));
            assert_eq!(world.git("central", &["log", "-1", "--format=%s"]), "From a file");
        }
        "Files, `-a EXPORT -t SCHEDULE -tn -v -di`" => {
            assert!(read("exports/Payroll.json").contains("06:00"))
        }
        "Files, `-a OEXPORT -t SCHEDULE -tn -o -di`" | "DevOps, `-noi` not stored" => {
            assert!(read("exports/Payroll.json").contains("CHECK"));
            assert!(!read("schedules/Payroll.json").contains("CHECK"));
        }
        "DevOps, `-a EXPORT -t SCHEDULE -tn -o -di`" => {
            assert!(
                read("exports/Payroll.json").contains("CHECK")
                    && read("schedules/Payroll.json").contains("CHECK")
            );
        }
        "DevOps, `-iss` sub-schedules in one file" => {
            let file = read("month-end.json");
            assert!(file.contains("\"Month End\"") && file.contains("\"Close Books\""), "{file}");
        }
        name if name.contains("-t SCRIPT") => assert_eq!(read("Check.ps1"), "three", "{name}"),
        "DevOps, `-pj`, `-r` project and repository" => {
            assert!(run.stdout().contains("version 3 on QA"), "{run}")
        }
        "Archiving, archive of schedules, packages, rules" => {
            assert!(run.to_string().contains("nothing to archive"), "{run}");
        }
        "Repo Client, `-t extract -o -w -wb`" => {
            let branches = world.git("remote.git", &["branch", "--format=%(refname:short)"]);
            assert!(branches.contains("import-") && !has("schedules/App1"), "{branches}\n{run}");
        }
        "Repo Client, `-wb` branch of an application" => {
            assert!(has("schedules/App1/WINNEW.json"), "{run}");
        }
        other => panic!("{other}: nobody says what it leaves\n{run}"),
    }
}

#[track_caller]
fn section_runs(section: &str) {
    let site = Site::new();
    let mut ran = 0;
    for row in rows().into_iter().filter(|row| row.section == section) {
        match NO_COMMAND.contains(&row.name().as_str()) {
            true => assert!(row.vendor == "`-id` record" || row.ways().is_empty(), "{}", row.name()),
            false => {
                let ways = row.ways();
                assert!(!ways.is_empty(), "{}: a row without a command", row.name());
                ways.iter().for_each(|way| site.run(&row, way));
                ran += ways.len();
            }
        }
    }
    assert!(ran > 0, "{section}");
}

#[test]
fn batch_runs() {
    section_runs("Batch");
}

#[test]
fn files_run() {
    section_runs("Files");
}

#[test]
fn devops_runs() {
    section_runs("DevOps");
}

#[test]
fn archiving_runs() {
    section_runs("Archiving");
}

#[test]
fn repo_client_runs() {
    section_runs("Repo Client");
}

/// What is a folder, a branch or a setting here, and no argument.
#[test]
fn rows_without_a_command_hold_too() {
    let site = Site::new();
    let world = &site.world;
    // A path in the branch: the name is enough, wherever it lies.
    world.import("central", &definition("Rates", &["LOAD"]), &["--app", "Treasury/Daily", "--push"]).ok();
    assert!(world.path("central/schedules/Treasury/Daily/Rates.json").exists());
    world.central(&["deploy", "Rates", "--to", "QA"]).ok();
    // The branch of the servers: main, whatever a branch says.
    world.git("central", &["switch", "--quiet", "develop"]);
    world.write(
        "central/servers/QA.toml",
        "type = \"Test\"\naddress = \"nowhere.invalid\"\ncredential = \"qa\"\n",
    );
    world.commit_all("Another QA");
    world.git("central", &["push", "--quiet", "origin", "develop"]);
    world.central(&["deploy", "Payroll", "--to", "QA", "--ref", "origin/develop"]).ok();
    assert_eq!(site.systems.starts("QA", "Payroll"), "09:00");
    world.git("central", &["switch", "--quiet", "main"]);
    // The prefix of a system.
    let file = world.read("central/servers/QA.toml");
    world.write("central/servers/QA.toml", format!("environment = \"QA\"\n{file}"));
    world.commit_all("A prefix");
    world.git("central", &["push", "--quiet"]);
    world.central(&["deploy", "Payroll", "--to", "QA"]).ok();
    assert_eq!(site.systems.starts("QA", "QA_Payroll"), "06:00");
}
