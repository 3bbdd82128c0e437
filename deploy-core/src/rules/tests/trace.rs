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
