//! What a plan holds: what is sent, what it rests on, how a record was found.

use deploy_core::opcon::{Build, OpConSystem as _, Wait};
use serde_json::{Value, json};

use crate::harness::starting;
use crate::simulate::{TO_PROD, empty, findings, retailer};

#[test]
fn a_record_is_found_by_information_and_by_name() {
    let (systems, world) = empty();
    let simulated = || {
        let plan = world.central(&["simulate", "Payroll", "--to", "PROD", "--json"]).json();
        let stands = plan["plan"]["schedules"][0]["stands"].clone();
        (stands, findings(&plan, "comparison"))
    };
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    let first = systems.stands("PROD", "Payroll");
    assert_eq!(simulated().0["by"], "information");
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    systems.edit("PROD", "Payroll", |schedule| schedule["documentation"] = "".into());
    let (stands, findings) = simulated();
    assert_eq!((&stands["by"], &stands["drift"]), (&"server-and-name".into(), &false.into()));
    let unchanged = "note Payroll: stands there unchanged";
    let removed = "note Payroll: has no deployment information; its record was found by server and name";
    assert_eq!(findings, [removed, unchanged]);

    // Somebody put back what an earlier deployment had brought.
    systems.edit("PROD", "Payroll", |schedule| *schedule = first["scheduleList"][0].clone());
    let (stands, findings) = simulated();
    assert_eq!((&stands["drift"], &stands["record"]["status"]), (&true.into(), &"Active".into()));
    assert!(findings[1].contains("names record"), "{findings:?}");

    // Of what was deleted the record is known, of what nobody deployed nothing is.
    world.central(&["delete", "Payroll", "--from", "PROD", "--yes"]).ok();
    systems.put("PROD", &first);
    let (stands, findings) = simulated();
    assert_eq!((&stands["state"], &stands["by"]), (&"known".into(), &"information".into()), "{findings:?}");
    assert_eq!((&stands["record"]["status"], &stands["drift"]), (&"Inactive".into(), &false.into()));
    systems.edit("PROD", "Payroll", |schedule| schedule["documentation"] = "".into());
    let (stands, findings) = simulated();
    assert_eq!(stands["state"], "unknown");
    assert_eq!(
        findings[0],
        "warning Payroll: stands on `PROD` without deployment information and without a record"
    );
}

#[test]
fn settings_and_options_act_on_what_is_sent() {
    let (_systems, world) = retailer();
    world.central(&["package", "create", "STORES", "Store Closing", "Housekeeping"]).ok();
    world.write(
        "central/deploy.toml",
        "[deploy]\npackage_name_as_job_tag = true\nexclude_scripts = true\nexclude_calendars = true\n\
         update_properties = false\nupdate_variables = false\nupdate_schedule_instance_properties = false\n\
         merge_schedule_instance_properties = true\ninsert_sap_jobs = true\n",
    );
    world.commit_all("Settings");
    let args = ["simulate", "package:STORES", "--to", "DEV", "--auto-build", "7/2", "--auto-delete", "3"];
    let more = ["--rebuild-daily", "--no-overwrite", "-o", "../sent.json", "--json"];
    let plan = world.central(&[&args[..], &more[..]].concat()).exits(3).json();
    assert_eq!(
        plan["plan"]["importRules"],
        json!({
            "updateProperties": false, "updateVariables": false, "updateScheduleInstanceProperties": false,
            "mergeScheduleInstanceProperties": true, "excludeScripts": true, "excludeCalendars": true,
            "autoBuild": {"days": 7, "advance": 2}, "autoDeleteDays": 3, "doNotOverwrite": true,
            "rebuildDaily": true, "insertSapJobs": true, "resetScripts": false,
        })
    );
    let sent: Value = serde_json::from_str(&world.read("sent.json")).unwrap();
    for schedule in sent["scheduleList"].as_array().unwrap() {
        assert_eq!((&schedule["autoBuildDays"], &schedule["autoDeleteDays"]), (&"7".into(), &"3".into()));
        for job in schedule["jobList"].as_array().unwrap() {
            assert!(job["tagList"].as_array().unwrap().contains(&"STORES".into()), "{job}");
        }
    }
    assert_eq!((&sent["calendarList"], &sent["scriptList"]), (&json!([]), &json!([])));
    let comparison = findings(&plan, "comparison");
    assert!(
        comparison[0]
            .ends_with("stands on `DEV` already, and is not to be overwritten (and `Store Closing`)"),
        "{comparison:?}"
    );
}

#[test]
fn rules_that_a_server_does_not_allow_are_left_out_or_stop() {
    let (systems, world) = retailer();
    world.write("central/servers/DEV.toml", format!("{}allow_rules = false\n", systems.file("DEV")));
    world.commit_all("No rules");
    let simulate = || {
        let args = ["simulate", "Price Update", "--to", "DEV", "--rule", "to-prod", "--json"];
        world.central(&args).exits(3).json()
    };
    let plan = simulate();
    assert_eq!(plan["plan"]["rulesLeftOut"], true);
    assert_eq!(plan["plan"]["explained"], json!([]));
    assert_eq!(
        findings(&plan, "rules"),
        ["warning -: rules are chosen and `DEV` does not allow any: it is deployed without them"]
    );
    world.write("central/deploy.toml", "[deploy]\nfail_if_rules_not_allowed = true\n");
    world.commit_all("Strict");
    assert_eq!(
        findings(&simulate(), "rules"),
        ["error -: rules are chosen and `DEV` does not allow any: nothing is deployed without them"]
    );
}

#[test]
fn a_plan_says_what_it_rests_on() {
    let (systems, world) = retailer();
    let plan = |file: &str| -> Value {
        let path = format!("../{file}");
        world.central(&["simulate", "Store Closing", "--to", "PROD", "--plan", &path]);
        serde_json::from_str(&world.read(file)).unwrap()
    };
    let moved = |a: &Value, b: &Value| -> Vec<String> {
        let (a, b) = (a["digests"].as_object().unwrap(), b["digests"].as_object().unwrap());
        a.iter().filter(|(key, digest)| b[*key] != **digest).map(|(key, _)| key.clone()).collect()
    };
    let first = plan("first.plan");
    assert_eq!(moved(&first, &plan("same.plan")), [""; 0]);
    let rules = first["rules"].as_array().unwrap();
    assert_eq!((&rules[0]["name"], &rules[0]["level"]), (&"to-prod".into(), &"server".into()));
    let blob = world.git("central", &["rev-parse", "HEAD:rules/to-prod.rhai"]);
    assert_eq!(rules[0]["blob"].as_str().unwrap(), blob);

    systems.edit("PROD", "Store Closing", |schedule| schedule["startTime"] = "20:00".into());
    let target = plan("target.plan");
    assert_eq!(moved(&first, &target), ["target"]);
    world.write("central/rules/to-prod.rhai", format!("{TO_PROD}// said twice\n"));
    world.write("central/rules/tags.toml", "[tag.Windows_User]\nadd_places = ['job/windowsData/runAs']\n");
    world.commit_all("Rules");
    let rules = plan("rules.plan");
    assert_eq!(moved(&target, &rules), ["rules"]);
    let read: Vec<&str> =
        rules["rules"].as_array().unwrap().iter().map(|rule| rule["name"].as_str().unwrap()).collect();
    assert_eq!(read, ["to-prod", "rules/tags.toml"]);
    systems.edit("DEV", "Store Closing", |schedule| schedule["startTime"] = "21:45".into());
    world.central(&["import", "DEV", "Store Closing"]).ok();
    assert_eq!(moved(&rules, &plan("source.plan")), ["source", "output"]);
}

#[test]
fn instances_in_the_daily_keep_the_old_definition() {
    let (systems, world) = retailer();
    let client = systems.client("PROD");
    let build = |date: &str, on_hold: bool| Build {
        schedule: "Store Closing".into(),
        dates: vec![date.parse().unwrap()],
        on_hold,
        ..Build::default()
    };
    systems.runtime.block_on(async {
        client.build(&build("2999-01-01", false), Wait::default()).await.unwrap();
        client.build(&build("2999-01-02", true), Wait::default()).await.unwrap();
    });
    let daily = |options: &[&str]| {
        let args = [&["simulate", "Store Closing", "--to", "PROD", "--json"], options].concat();
        findings(&world.central(&args).json(), "daily")
    };
    assert_eq!(
        daily(&[]),
        [
            "note Store Closing: keeps the old definition in the daily: 2999-01-01 (Wait to Start), 2999-01-02 (On Hold)"
        ]
    );
    assert_eq!(daily(&["--rebuild-daily"]), [""; 0]);
}

#[test]
fn agents_must_support_what_jobs_need() {
    let (_systems, world) = retailer();
    let job = |name: &str, machine: Value, data: Value| {
        let mut job = json!({"name": name, "type": "Windows", "frequencyList": [], "windowsData": data});
        job.as_object_mut().unwrap().extend(machine.as_object().unwrap().clone());
        job
    };
    let definition = json!({
        "scheduleList": [{"name": "Agents", "startTime": "06:00", "jobList": [
            job("Script", json!({"machineGroup": "WINDOWS PROD"}), json!({"scriptName": "Check-StoreFiles"})),
            job("Secret", json!({"primaryMachine": "WINPRD01", "alternateMachine1": "WINPRD02"}),
                json!({"commandLine": "load [[PASSWORD]]"})),
            job("Shell", json!({"primaryMachine": "WINPRD02"}), json!({"commandLine": "dir", "runInCommandShell": true})),
        ]}],
        "propertyList": [{"name": "PASSWORD", "value": "c2VjcmV0", "encrypted": true}],
    });
    world.import("central", &definition.to_string(), &[]).ok();
    let plan = world.central(&["simulate", "Agents", "--to", "PROD", "--json"]).exits(3).json();
    assert_eq!(
        findings(&plan, "machine-features"),
        ["warning Agents: machine `WINPRD02` does not support embedded scripts"]
    );
    assert_eq!(
        findings(&plan, "encrypted-tokens"),
        ["warning Agents: machine `WINPRD02` does not support encrypted tokens"]
    );
}

#[test]
fn rules_change_names_and_take_frequencies_and_may_be_pinned() {
    let (systems, world) = empty();
    let rule = |start: &str| format!("for s in schedules() {{ s.start_time = \"{start}\"; }}\n");
    world.write("central/rules/early.rhai", rule("01:00"));
    world.write(
        "central/rules/frequencies.rhai",
        "replace(\"Frequency_Use_Existing_Definitions\", \"\", \"\");\n",
    );
    world.commit_all("Rules");
    world.write("central/rules/early.rhai", rule("02:00"));
    world.commit_all("Later");
    let definition = |offset: &str| {
        let frequency = json!({"name": "Daily", "startOffset": offset});
        json!({"scheduleList": [{"name": "Payroll", "startTime": "06:00", "jobList": [
            {"name": "LOAD", "type": "Null Job", "frequencyList": [frequency]}]}]})
    };
    world.import("central", &definition("00:10").to_string(), &[]).ok();
    systems.put("PROD", &definition("00:30"));
    let simulate = |options: &[&str]| {
        let args = ["simulate", "Payroll", "--to", "PROD", "-o", "../sent.json", "--json"];
        let plan = world.central(&[&args[..], options].concat()).json()["plan"].take();
        let sent: Value = serde_json::from_str(&world.read("sent.json")).unwrap();
        (plan, sent["scheduleList"][0].clone())
    };
    let (plan, sent) = simulate(&["--rule", "early@1", "--environment", "TST"]);
    assert_eq!(
        (&plan["schedules"][0]["name"], &sent["name"]),
        (&"TST_Payroll".into(), &"TST_Payroll".into())
    );
    assert_eq!(plan["schedules"][0]["originalName"], "Payroll");
    assert_eq!(plan["schedules"][0]["stands"]["state"], "nothing");
    assert_eq!((&plan["rules"][0]["version"], &sent["startTime"]), (&1.into(), &"01:00".into()));
    let (plan, sent) = simulate(&["--rule", "early"]);
    assert_eq!((&plan["rules"][0]["version"], &sent["startTime"]), (&2.into(), &"02:00".into()));
    let offset = |sent: &Value| sent["jobList"][0]["frequencyList"][0]["startOffset"].clone();
    assert_eq!(offset(&sent), "00:10");
    let (_, sent) = simulate(&["--rule", "frequencies"]);
    assert_eq!(offset(&sent), "00:30");
}

#[test]
fn what_is_unchanged_is_sent_as_it_stands_but_for_what_others_bring() {
    let (systems, world) = empty();
    let definition = |name: &str, start: &str, value: &str| {
        json!({
            "scheduleList": [{"name": name, "startTime": start, "jobList": [
                {"name": "LOAD", "type": "Windows", "frequencyList": [],
                    "windowsData": {"commandLine": format!("[[OF_{name}]] [[BOTH]]")}}]}],
            "propertyList": [
                {"name": format!("OF_{name}"), "value": value}, {"name": "BOTH", "value": value}],
        })
    };
    let import = |name: &str, start: &str, value: &str| {
        world.import("central", &definition(name, start, value).to_string(), &[]).ok();
    };
    import("One", "06:00", "1");
    import("Two", "06:00", "1");
    world.central(&["package", "create", "BOTH", "One", "Two"]).ok();
    world.central(&["deploy", "package:BOTH", "--to", "PROD"]).ok();
    import("Two", "07:00", "2");
    world.central(&["package", "update", "BOTH"]).ok();
    // Operations moved a value: what is not written anew leaves it.
    let mut one = systems.stands("PROD", "One");
    let properties = one["propertyList"].as_array_mut().unwrap();
    properties.iter_mut().for_each(|property| property["value"] = "9".into());
    systems.put("PROD", &one);
    let values = || {
        world.central(&["simulate", "package:BOTH", "--to", "PROD", "-o", "../sent.json"]);
        let sent: Value = serde_json::from_str(&world.read("sent.json")).unwrap();
        let properties = sent["propertyList"].as_array().unwrap().iter();
        let texts = properties.map(|property| format!("{}={}", property["name"], property["value"]));
        texts.collect::<Vec<_>>().join(" ").replace('"', "")
    };
    assert_eq!(values(), "BOTH=2 OF_One=9 OF_Two=2");
    world.write("central/deploy.toml", "[deploy]\nupdate_unchanged = true\n");
    world.commit_all("Anew");
    assert_eq!(values(), "BOTH=2 OF_One=1 OF_Two=2");
}
