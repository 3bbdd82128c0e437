use proptest::prelude::*;

use super::*;

/// Text as it stands in definitions: tokens, quotes, backslashes, other scripts.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            "[a-zA-Z0-9 _.$*\\\\\"é日]{0,6}",
            Just("[[ENV_NAME]]".to_owned()),
            Just("{{FILE_SHARE}}".to_owned()),
            Just("[[SI.\"a.b\"]]".to_owned()),
            Just("[[".to_owned()),
            Just("]]".to_owned()),
            Just(",".to_owned()),
        ],
        0..6,
    )
    .prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    "[A-CE-Z][A-Z0-9_ ]{0,9}[A-Z0-9]"
}

/// The sample with other texts and names in it.
fn definition() -> impl Strategy<Value = Definition> {
    (text(), text(), name(), "-?[1-9][0-9]{0,40}(\\.[0-9]{1,20})?").prop_map(
        |(command, event, job, number)| {
            let mut value: Value = serde_json::from_str(SAMPLE).unwrap();
            let schedule = &mut value["scheduleList"][0];
            schedule["jobList"][9]["windowsData"]["commandLine"] = command.into();
            schedule["jobList"][9]["eventList"][0]["event"] = format!("$JOB:ADD,{event}").into();
            schedule["jobList"][4]["number"] = serde_json::from_str(&number).unwrap();
            schedule["jobList"][4]["name"] = format!("N{job}").into();
            schedule["internalDependencyList"][0]["predecessorJobName"] = format!("N{job}").into();
            Definition::from_value(value).unwrap()
        },
    )
}

const IDENTITY: &str = r#"
    for s in schedules() {
      s.start_time = s.start_time;
      for j in s.jobs() { j.machine = j.machine; j.documentation = j.documentation; }
      for e in s.events() { if e.args().len() > 0 { e.set_arg(0, e.arg(0)); } }
    }
    replace("Windows_User", "nobody at all", "x", #{ optional: true });
"#;

/// All names of global properties in the tokens of a value, and its names.
fn names_in(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let parts = super::super::tokens::parts(text).into_iter();
            found.extend(parts.filter(|(scope, ..)| scope.is_empty()).map(|(_, _, name)| name));
        }
        Value::Array(items) => items.iter().for_each(|item| names_in(item, found)),
        Value::Object(map) => {
            found.extend(map.get("name").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| names_in(value, found));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_rule_that_changes_nothing_changes_no_byte(definition in definition()) {
        let before = definition.to_bytes();
        let plain = serde_json::to_string(definition.value()).unwrap();
        let rules = compile("for j in jobs() { let m = j.machine; }").unwrap();
        let outcome = rules.apply(definition.clone(), &context()).unwrap();
        prop_assert_eq!(serde_json::to_string(outcome.definition.value()).unwrap(), plain);
        prop_assert_eq!(outcome.definition.to_bytes(), before);
        let empty = Definition::read(SAMPLE.as_bytes()).unwrap();
        let outcome = compile(IDENTITY).unwrap().apply(empty.clone(), &context());
        prop_assert!(outcome.is_ok() || matches!(outcome, Err(RuleError::Script(_))));
    }

    #[test]
    fn a_prefix_added_and_removed_is_nothing(definition in definition()) {
        let add = compile("replace(\"Move_Schedule_Package\", \"\", \"DX_\");").unwrap();
        let remove = compile("replace(\"Move_Schedule_Package\", \"DX_\", \"\");").unwrap();
        let there = add.apply(definition.clone(), &context()).unwrap().definition;
        prop_assert_ne!(&there, &definition);
        let back = remove.apply(there, &context()).unwrap().definition;
        prop_assert_eq!(back.to_bytes(), definition.to_bytes());
    }

    #[test]
    fn a_renamed_job_leaves_no_reference_behind(definition in definition(), new in name()) {
        let script = format!("for j in schedules()[0].jobs() {{ j.name = \"Q\" + j.name.sub_string(0, 20) + {new:?}; }}");
        let outcome = compile(&script).unwrap().apply(definition, &context());
        prop_assert!(outcome.is_ok(), "{:?}", outcome.err());
    }

    #[test]
    fn a_renamed_property_is_nowhere_left(definition in definition(), new in "[A-Z]{3,12}") {
        prop_assume!(new != "ENV_NAME");
        let script = format!("replace(\"Property_Name\", \"ENV_NAME\", {new:?});");
        let outcome = compile(&script).unwrap().apply(definition, &context()).unwrap();
        let mut left = Vec::new();
        names_in(outcome.definition.value(), &mut left);
        prop_assert!(!left.contains(&"ENV_NAME".to_owned()), "{:?}", outcome.definition.value());
    }
}
