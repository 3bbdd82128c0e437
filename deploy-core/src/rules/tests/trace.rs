use super::*;

fn levels(rules: &[(Level, &str, &str)]) -> Outcome {
    let sources: Vec<RuleSource> =
        rules.iter().map(|(level, name, text)| RuleSource { level: *level, ..source(name, text) }).collect();
    RuleSet::compile(&sources, &|_| None, settings()).unwrap().apply(sample(), &context()).unwrap()
}

#[test]
fn a_later_call_relays_and_an_earlier_one_takes() {
    let outcome = levels(&[
        (Level::Deployment, "last", "replace(\"Job_Machine_Name\", \"WINDEV01\", \"TOO_LATE\");"),
        (Level::Server, "first", "replace(\"Job_Machine_Name\", \"WINDEV01\", \"WINQA01\");"),
        (
            Level::Package,
            "second",
            "\nreplace(\"Job_Machine_Name\", \"WINQA01\", \"WINPRD01\", #{ job: \"WIN_LOAD\" });",
        ),
    ]);
    let names: Vec<&str> = outcome.trace.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["first", "second", "last"]);
    let first = &outcome.trace.rules[0].calls[0];
    assert_eq!(first.hits.len(), 3);
    let relayed: Vec<_> = first.hits.iter().filter(|hit| hit.relayed.is_some()).collect();
    assert_eq!(relayed.len(), 1);
    assert_eq!(relayed[0].spot.job.as_deref(), Some("WIN_LOAD"));
    assert_eq!(relayed[0].relayed, Some(CallRef { rule: 1, call: 0 }));
    let last = &outcome.trace.rules[2].calls[0];
    assert!(last.hits.is_empty());
    assert_eq!(last.ignored.len(), 3);
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
}

#[test]
fn a_call_that_names_a_job_shields_it() {
    let text = "replace(\"Job_Machine_Name\", \"WINDEV01\", \"SPECIAL\", #{ job: \"WIN*\" });\n\
                replace(\"Job_Machine_Name\", \"SPECIAL\", \"OTHER\");\n\
                replace(\"Job_Machine_Name\", \"WINDEV01\", \"GENERAL\");";
    let outcome = apply(text).unwrap();
    assert_eq!(text_at(&outcome.definition, "@WIN_LOAD/primaryMachine"), "SPECIAL");
    assert_eq!(text_at(&outcome.definition, "@FTP_SEND/primaryMachine"), "GENERAL");
    let calls = &outcome.trace.rules[0].calls;
    assert_eq!(calls[1].ignored[0].by, CallRef { rule: 0, call: 0 });
    assert!(calls[1].hits.is_empty());
    let schedules = apply(
        "replace(\"Schedule_Start_Time\", \"06:00\", \"07:00\", #{ schedule: \"FIN_D*\" });\n\
         replace(\"Schedule_Start_Time\", \"07:00\", \"08:00\");",
    )
    .unwrap();
    assert_eq!(text_at(&schedules.definition, "@@FIN_DAILY/startTime"), "07:00");
}

#[test]
fn nothing_matched_is_what_was_asked_for() {
    let text = "replace(\"Windows_User\", \"nobody\", \"x\"OPTIONS);";
    let with = |options: &str, head: &str| format!("{head}{}", text.replace("OPTIONS", options));
    assert_eq!(apply(&with("", "")).unwrap().warnings.len(), 1);
    assert!(apply(&with(", #{ optional: true }", "")).unwrap().warnings.is_empty());
    assert!(apply(&with("", "// @optional\n")).unwrap().warnings.is_empty());
    let strict = apply(&with("", "//! @strict\n")).unwrap_err();
    assert!(matches!(&strict, RuleError::Unmatched(d) if d.line == 2), "{strict:?}");
    assert!(matches!(apply(&with(", #{ strict: true }", "")), Err(RuleError::Unmatched(_))));
    assert_eq!(apply(&with(", #{ strict: false }", "//! @strict\n")).unwrap().warnings.len(), 1);
}

#[test]
fn what_already_stands_as_it_should_is_no_warning() {
    let outcome = apply(
        "replace(\"Property_Name\", \"ENV_NAME\", \"ENV_NAME\", #{ new_contents: \"DEV\" });\n\
         replace(\"Job_Tag\", \"eod\", \"eod\", #{ job: \"WIN_LOAD\" });\n\
         replace(\"Role_Add\", \"ocadm\", \"ocadm\");",
    )
    .unwrap();
    assert!(outcome.trace.is_empty() && outcome.warnings.is_empty(), "{:?}", outcome.warnings);
}

#[test]
fn a_change_by_a_script_is_traced_with_its_line() {
    let outcome = apply("let s = schedule(\"FIN_DAILY\");\n\ns.start_time = \"09:00\";").unwrap();
    let call = &outcome.trace.rules[0].calls[0];
    assert_eq!((call.line, &call.what), (3, &What::Script));
    let hit = &call.hits[0];
    assert_eq!(hit.spot.schedule.as_deref(), Some("FIN_DAILY"));
    assert_eq!(
        (hit.spot.pointer.as_str(), hit.old.as_ref().unwrap().as_str()),
        ("/startTime", Some("06:00"))
    );
}

#[test]
fn the_tree_reads_well() {
    let outcome = levels(&[
        (
            Level::Server,
            "first",
            "replace(\"Job_Machine_Name\", \"WINDEV02\", \"WINQA01\", #{ job: \"W*\" });",
        ),
        (
            Level::Package,
            "second",
            "let s = schedule(\"FIN_SUB\");\ns.start_time = \"05:00\";\nprint(\"hello\");",
        ),
        (
            Level::Deployment,
            "last",
            "replace(\"Job_Machine_Name\", \"WINQA01\", \"WINPRD01\", #{ job: \"WIN_LOAD\" });\n\
             replace(\"Job_Machine_Name\", \"WINDEV02\", \"X\", #{ job: \"WIN_LOAD\" });\n\
             replace(\"Job_Machine_Name\", \"NONE\", \"X\");\n\
             replace(\"environment\", \"\", \"E\");",
        ),
    ]);
    let tree: String = outcome.trace.to_text().lines().take(17).map(|line| format!("{line}\n")).collect();
    insta::assert_snapshot!(tree, @r#"
    server
      first (version 3)
        line 1: Job_Machine_Name `WINDEV02` → `WINQA01`, jobs `W*`
          FIN_DAILY / WIN_LOAD /alternateMachine1: "WINDEV02" → "WINQA01", relayed by `last` line 1
    package
      second (version 3)
        hello
        line 2: script
          FIN_SUB /startTime: "00:00" → "05:00"
    deployment
      last (version 3)
        line 1: Job_Machine_Name `WINQA01` → `WINPRD01`, jobs `WIN_LOAD`
          FIN_DAILY / WIN_LOAD /alternateMachine1: "WINQA01" → "WINPRD01", relayed by `last`
        line 2: Job_Machine_Name `WINDEV02` → `X`, jobs `WIN_LOAD`
          ignored at FIN_DAILY / WIN_LOAD /alternateMachine1: taken by `first` line 1
        line 3: Job_Machine_Name `NONE` → `X`
          matched nothing
    "#);
    assert!(outcome.trace.to_markdown().starts_with("- **server**\n  - first (version 3)\n"));
}

#[test]
fn what_is_encrypted_stays_so() {
    let text = SAMPLE.replacen(
        "\"value\": \"DEV\", \"encrypted\": false",
        "\"value\": \"s3cret\", \"encrypted\": true",
        1,
    );
    let definition = Definition::read(text.as_bytes()).unwrap();
    for script in [
        "replace(\"Property_Name\", \"ENV_NAME\", \"ENV_NAME\", #{ new_contents: \"n3w\" });",
        "let p = property(\"ENV_NAME\"); p.value = \"n3w\";",
        "property(\"ENV_NAME\").remove();",
    ] {
        let outcome = compile(script).unwrap().apply(definition.clone(), &context()).unwrap();
        let told = serde_json::to_string(&outcome.trace).unwrap();
        assert!(told.contains("(encrypted)"), "{told}");
        let trace: Vec<_> = outcome.trace.hits().map(|(_, _, hit)| (&hit.old, &hit.new)).collect();
        let hits = format!("{trace:?}");
        assert!(!hits.contains("s3cret") && !hits.contains("n3w"), "{hits}");
    }
}

#[test]
fn a_shared_object_renamed_onto_another_is_sent_once() {
    let outcome = apply("replace(\"Role_Name\", \"Role_DEV\", \"ocadm\");").unwrap();
    let roles = outcome.definition.value()["roleList"].as_array().unwrap();
    assert_eq!(roles.len(), 1);
    assert!(outcome.warnings[0].text.contains("would hold `ocadm` twice"));
}
