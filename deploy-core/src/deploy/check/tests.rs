//! Each check on a small definition.

use serde_json::json;

use super::*;
use crate::definition::join;
use crate::deploy::planner::testing::inventory;
use crate::opcon::{BatchUser, GlobalProperty, Inventory, Machine, MachineGroup, ScriptVersion};

/// What is checked, with a target that has next to nothing.
struct Case {
    definition: Value,
    settings: DeploySettings,
    inventory: Inventory,
    version: &'static str,
    masters: &'static [&'static str],
    jobs: &'static [(&'static str, &'static str)],
    scripts: Vec<Script>,
    features: &'static str,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            definition: json!({}),
            settings: DeploySettings::default(),
            inventory: inventory(),
            version: "23.0.1",
            masters: &[],
            jobs: &[],
            scripts: Vec::new(),
            features: "",
        }
    }
}

impl Case {
    /// A schedule `S` with these jobs.
    fn jobs(jobs: Value) -> Self {
        Self { definition: json!({"scheduleList": [{"name": "S", "jobList": jobs}]}), ..Self::default() }
    }

    /// What one check says.
    fn told(&self, check: Check) -> Vec<String> {
        let definition = Definition::from_value(self.definition.clone()).unwrap();
        self.told_of(&definition, &[], check)
    }

    fn told_of(&self, definition: &Definition, disagreements: &[Disagreement], check: Check) -> Vec<String> {
        let version = SystemVersion { opcon: "21.2.0.0".into(), impex: self.version.into() };
        let fold = |name: &&str| name.to_lowercase();
        let releases: Vec<(String, String)> = definition.value()["opConVersion"]
            .as_str()
            .map(|version| ("S".to_owned(), version.to_owned()))
            .into_iter()
            .collect();
        let sections = run(&Subject {
            definition,
            server: "PROD",
            settings: &self.settings,
            tags: &TagTable::built_in().unwrap(),
            features: &FeatureTable::built_in().unwrap().with(self.features).unwrap(),
            estate: &Estate::of(self.inventory.clone()),
            version: &version,
            masters: &self.masters.iter().map(fold).collect(),
            jobs: &self.jobs.iter().map(|(schedule, job)| (fold(schedule), fold(job))).collect(),
            scripts: &self.scripts,
            releases: &releases,
            disagreements,
            exported: Some("2026-11-18"),
        });
        let section = sections.into_iter().find(|section| section.check == check).unwrap();
        let told = section.findings.into_iter().map(|finding| {
            let place = finding.job.or(finding.schedule).unwrap_or_else(|| "-".to_owned());
            format!("{} {place}: {}", finding.severity, finding.message)
        });
        told.collect()
    }
}

fn machine(name: &str, groups: &[&str], features: &[&str]) -> Machine {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Machine {
        name: name.into(),
        kind: None,
        state: None,
        groups: texts(groups),
        features: texts(features),
        agent_version: None,
    }
}

#[test]
fn sub_schedules_stand_there_or_come_along() {
    let run =
        |name: &str| json!({"name": name, "type": "Container", "containerData": {"subScheduleName": name}});
    let case = Case {
        masters: &["There"],
        ..Case::jobs(json!([run("There"), run("s"), run("Gone"), run("[[SI.NAME]]")]))
    };
    assert_eq!(
        case.told(Check::SubSchedules),
        ["error Gone: sub-schedule `Gone` is neither on `PROD` nor part of the deployment"]
    );
}

#[test]
fn machines_are_named_in_many_places() {
    let mut case = Case::jobs(json!([
        {"name": "A", "primaryMachine": "win1", "alternateMachine1": "A1", "alternateMachine3": "A3"},
        {"name": "B", "primaryMachine": "[[MACHINE]]", "alternateMachine": "A0",
            "fileTransferData": {"sourceMachine": "SRC", "destinationMachine": "WIN1"}},
        {"name": "C", "primaryMachine": "A1"},
    ]));
    case.inventory.machines = vec![machine("WIN1", &[], &[])];
    assert_eq!(
        case.told(Check::Machines),
        [
            "error A: machine `A1` does not exist on `PROD` (and one more job)",
            "error A: machine `A3` does not exist on `PROD`",
            "error B: machine `SRC` does not exist on `PROD`",
            "error B: machine `A0` does not exist on `PROD`",
        ]
    );
}

#[test]
fn machine_groups_of_jobs_and_schedules() {
    let mut case =
        Case::jobs(json!([{"name": "A", "machineGroup": "WIN"}, {"name": "B", "machineGroup": "UNX"}]));
    case.definition["scheduleList"][0]["machineGroup"] = json!("ALL");
    case.inventory.machine_groups = vec![MachineGroup { name: "win".into(), kind: None }];
    assert_eq!(
        case.told(Check::MachineGroups),
        [
            "error S: machine group `ALL` does not exist on `PROD`",
            "error B: machine group `UNX` does not exist on `PROD`"
        ]
    );
}

#[test]
fn batch_users_belong_to_a_platform() {
    let mut case = Case::jobs(json!([
        {"name": "W", "windowsData": {"userId": "corp\\svc"}},
        {"name": "U", "unixData": {"userId": "batch", "groupId": "ops"}},
        {"name": "U2", "unixData": {"userId": "corp\\svc"}},
        {"name": "I", "ibmiData": {"userId": "RTL"}},
        {"name": "M", "mcpData": {"userCode": "MCP1"}},
        {"name": "V", "openVmsData": {"userId": "VMS1"}},
        {"name": "Q", "sqlData": {"scriptUser": "sa", "jobUser": "[[SQLUSER]]"}},
    ]));
    let user = |login: &str, platform| BatchUser {
        login: login.into(),
        platform: Some(platform),
        platform_name: None,
    };
    case.inventory.batch_users = vec![user("CORP\\svc", 3), user("ops/batch", 6), user("rtl", 5)];
    assert_eq!(
        case.told(Check::BatchUsers),
        [
            "error M: batch user `MCP1` (MCP) does not exist on `PROD`",
            "error Q: batch user `sa` (SQL) does not exist on `PROD`",
            "error U2: batch user `corp\\svc` (UNIX) does not exist on `PROD`",
            "error V: batch user `VMS1` (OpenVMS) does not exist on `PROD`",
        ]
    );
}

#[test]
fn roles_of_the_definition_its_schedules_and_jobs() {
    let mut case = Case::jobs(json!([{"name": "A", "roleList": ["Auditors"]}]));
    case.definition["roleList"] = json!([{"name": "finance"}, {"name": "Nobody"}]);
    case.definition["scheduleList"][0]["roleList"] = json!([{"name": "Nobody"}]);
    assert_eq!(
        case.told(Check::Roles),
        [
            "warning S: role `Nobody` does not exist on `PROD`",
            "warning A: role `Auditors` does not exist on `PROD`"
        ]
    );
}

fn script(name: &str, versions: &[(i64, &str)]) -> Script {
    let version = |(number, content): &(i64, &str)| ScriptVersion {
        id: 1,
        number: *number,
        latest: false,
        message: None,
        author: None,
        hash: None,
        content: Some((*content).to_owned()),
        created: None,
    };
    Script {
        id: 1,
        name: name.into(),
        description: None,
        kind: None,
        versions: versions.iter().map(version).collect(),
    }
}

#[test]
fn scripts_and_their_versions() {
    let uses = |job: &str, script: &str, version: &str| json!({"name": job, "windowsData": {"scriptName": script, "scriptVersion": version}});
    let mut case = Case::jobs(json!([
        uses("A", "There", "2"),
        uses("B", "There", "LATEST"),
        uses("C", "There", "9"),
        uses("D", "Brought", "1"),
        uses("E", "Gone", ""),
        uses("F", "Brought", "7"),
    ]));
    case.definition["scriptList"] = json!([
        {"data": {"name": "Brought"}, "versionList": [{"version": "1", "content": "x"}]},
        {"data": {"name": "there"}, "versionList": [{"version": 1, "content": "old"}, {"version": "2", "content": "y"}]},
    ]);
    case.scripts = vec![script("There", &[(1, "new"), (2, "y"), (3, "z")])];
    assert_eq!(
        case.told(Check::Scripts),
        [
            "error -: version 1 of script `there` has another content on `PROD`",
            "error C: version 9 of script `There` is neither on `PROD` nor part of the deployment",
            "error E: script `Gone` is neither on `PROD` nor part of the deployment",
            "error F: version 7 of script `Brought` is neither on `PROD` nor part of the deployment",
            "note -: script `there` has version 3 on `PROD`, newer than version 2 of the deployment: \
             jobs that take the latest take that",
        ]
    );
}

#[test]
fn every_machine_of_a_job_needs_its_features() {
    let mut case = Case::jobs(json!([
        {"name": "SCRIPT", "primaryMachine": "NEW", "alternateMachine2": "OLD", "windowsData": {"scriptName": "X"}},
        {"name": "ARRIVAL", "primaryMachine": "OLD", "unixData": {"jobAction": "File Arrival"}},
        {"name": "ARRIVAL2", "primaryMachine": "BARE", "ibmiData": {"jobAction": "FileArrival"}},
        {"name": "PARSE", "machineGroup": "ALL", "windowsData": {
            "jobOutputParsingList": [{"text": "x"}], "applicationLogPath": "c:\\log"}},
        {"name": "ENV", "primaryMachine": "OLD", "unixData": {"environmentVariableList": ["A=b"]}},
        {"name": "SHELL", "primaryMachine": "OLD", "windowsData": {"runInCommandShell": "true"}},
        {"name": "NOSHELL", "primaryMachine": "OLD", "unixData": {"runInCommandShell": true}},
        {"name": "PLAIN", "primaryMachine": "BARE", "windowsData": {
            "runInCommandShell": false, "environmentVariableList": [], "jobOutputParsingList": [], "jobAction": "Run Program"}},
        {"name": "ELSEWHERE", "primaryMachine": "GONE", "windowsData": {"scriptName": "X"}},
    ]));
    let new =
        ["centralizedScripts.v1", "jobOutputParsing.v1", "jobOutputParsing.v2", "environmentVariables.v1"];
    case.inventory.machines = vec![
        machine("NEW", &["all"], &new),
        machine("OLD", &["ALL"], &["fileWatcher.v2", "jobOutputParsing.v1"]),
        machine("SECOND", &["ALL"], &["jobOutputParsing.v2"]),
        machine("BARE", &[], &[]),
    ];
    assert_eq!(
        case.told(Check::MachineFeatures),
        [
            "warning ARRIVAL2: machine `BARE` does not support file arrival",
            "warning ENV: machine `OLD` does not support environment variables",
            "warning PARSE: machine `SECOND` does not support job output parsing",
            "warning PARSE: machine `OLD` does not support job output parsing of a log of its own",
            "warning PARSE: machine `SECOND` does not support job output parsing of a log of its own",
            "warning SCRIPT: machine `OLD` does not support embedded scripts",
            "warning SHELL: machine `OLD` does not support a command shell",
        ]
    );
}

#[test]
fn tokens_of_encrypted_properties_need_agents_that_decrypt() {
    let uses = |job: &str, text: &str| json!({"name": job, "primaryMachine": "OLD", "unixData": {"parameters": text}});
    let mut case = Case::jobs(json!([
        uses("HERE", "-p [[PW]]"),
        uses("THERE", "{{there}}"),
        uses("PLAIN", "[[OPEN]]"),
        uses("INSTANCE", "[[SI.PW]]"),
        uses("TEXT", "PW"),
    ]));
    case.definition["propertyList"] =
        json!([{"name": "PW", "encrypted": true}, {"name": "OPEN", "encrypted": "false"}]);
    let property = GlobalProperty { name: "THERE".into(), value: None, encrypted: true };
    case.inventory.properties = vec![property];
    case.inventory.machines = vec![machine("OLD", &[], &[]), machine("NEW", &[], &["encryptedTokens.v1"])];
    assert_eq!(
        case.told(Check::EncryptedTokens),
        ["warning HERE: machine `OLD` does not support encrypted tokens (and one more job)"]
    );
    case.inventory.machines.remove(0);
    assert_eq!(case.told(Check::EncryptedTokens), [""; 0]);
}

#[test]
fn dependent_jobs_stand_there_or_come_along() {
    let on = |schedule: &str, job: &str| json!({"scheduleName": "S", "jobName": "A", "predecessorScheduleName": schedule, "predecessorJobName": job});
    let mut case = Case {
        masters: &["Asked", "Unasked"],
        jobs: &[("Asked", "Close")],
        ..Case::jobs(json!([{"name": "A"}]))
    };
    case.definition["externalDependencyList"] = json!([
        on("Asked", "close"),
        on("Asked", "Other"),
        on("Unasked", "Any"),
        on("Gone", "Any"),
        on("S", "A"),
        on("s", "B"),
        on("[[SI.X]]", "Any"),
    ]);
    let told = [
        "A: depends on job `Other`, which schedule `Asked` on `PROD` does not have",
        "A: depends on schedule `Gone`, which is neither on `PROD` nor part of the deployment",
        "A: depends on job `B`, which schedule `s` of the deployment does not have",
    ];
    assert_eq!(case.told(Check::DependentJobs), told.map(|told| format!("warning {told}")));
    case.settings.fail_if_external_dependency_missing = true;
    assert_eq!(case.told(Check::DependentJobs), told.map(|told| format!("error {told}")));
    let definition = Definition::from_value(case.definition).unwrap();
    assert_eq!(predecessors(&definition), ["Asked", "Gone", "Unasked"]);
}

#[test]
fn an_older_target_stops_what_it_does_not_know() {
    let mut case = Case::jobs(json!([{"name": "A", "type": "RPA"}, {"name": "B", "type": "OpCon MFT"}]));
    case.definition["opConVersion"] = json!("25.1.0");
    assert_eq!(
        case.told(Check::Compatibility),
        ["error A: uses a job of OpCon RPA, which OpCon knows from 25.1 on; `PROD` has 23.0.1"]
    );
    case.definition["scheduleList"][0]["jobList"][0]["type"] = json!("Windows");
    assert_eq!(
        case.told(Check::Compatibility),
        [
            "warning S: exported from OpCon 25.1.0, newer than 23.0.1 of `PROD`; nothing in it is known to need that"
        ]
    );
    case.features = "[feature.own]\nabout = 'a type of ours'\nsince = '24'\njob_types = ['windows']\n";
    assert_eq!(
        case.told(Check::Compatibility),
        ["error A: uses a type of ours, which OpCon knows from 24 on; `PROD` has 23.0.1"]
    );
    // Fixes of one release make no difference.
    let same = Case {
        definition: json!({"opConVersion": "23.0.9", "scheduleList": [{"name": "S"}]}),
        ..Case::default()
    };
    assert_eq!(same.told(Check::Compatibility), [""; 0]);
    let odd = Case { version: "unknown", ..same };
    let told =
        Case { version: "unknown", definition: odd.definition, ..Case::default() }.told(Check::Compatibility);
    assert_eq!(
        told,
        [
            "warning S: exported from OpCon 23.0.9, newer than 21.2.0.0 of `PROD`; nothing in it is known to need that"
        ]
    );
}

#[test]
fn shared_objects_on_which_schedules_do_not_agree() {
    let part = |name: &str, lists: Value| {
        let mut value = json!({"scheduleList": [{"name": name}]});
        value.as_object_mut().unwrap().extend(lists.as_object().unwrap().clone());
        Definition::from_value(value).unwrap()
    };
    let lists = |value: &str, kind: &str, dates: Value| {
        json!({
            "propertyList": [
                {"name": "P", "value": value}, {"name": "Q", "value": "1", "type": kind},
                {"name": "PW", "value": value, "encrypted": true}],
            "variableList": [{"type": "Resource", "name": "R", "value": value}, {"type": "Threshold", "name": "T", "kind": kind}],
            "calendarList": [{"name": "H", "dateList": dates}],
        })
    };
    let newest = part("A", lists("2", "x", json!(["2026-12-24", "2026-12-25"])));
    let older = part("B", lists("1", "y", json!(["2026-11-01", "2026-12-25"])));
    let (joined, disagreements) = join(vec![newest, older]);
    assert_eq!(
        Case::default().told_of(&joined, &disagreements, Check::SharedObjects),
        [
            "warning -: property `Q` differs between the schedules; that of the newest commit is sent: type `x`, not `y`",
            "warning -: threshold `T` differs between the schedules; that of the newest commit is sent: kind `x`, not `y`",
            "warning -: calendar `H` differs between the schedules; that of the newest commit is sent: with dateList `2026-12-24`",
            "note -: property `P` differs between the schedules; that of the newest commit is sent: value `2`, not `1`",
            "note -: property `PW` differs between the schedules; that of the newest commit is sent: value",
        ]
    );
}

#[test]
fn what_opcon_refuses_and_documentation_without_room() {
    let mut case = Case::jobs(json!([{"name": "A*", "type": "Null Job"}, {"name": "B", "type": "Null Job"}]));
    case.definition["scheduleList"][0]["documentation"] = json!("x".repeat(3990));
    case.definition["scheduleList"][0]["internalDependencyList"] =
        json!([{"jobName": "B", "predecessorJobName": "GONE"}]);
    let told = case.told(Check::Definition);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("error ") && told[0].contains("`A*`"), "{told:?}");
    assert!(told[1].starts_with("warning S: the documentation leaves no room"), "{told:?}");
    assert!(told[2].starts_with("note ") && told[2].contains("`GONE`"), "{told:?}");
    assert_eq!(Case::jobs(json!([{"name": "A", "type": "Null Job"}])).told(Check::Definition), [""; 0]);
}
