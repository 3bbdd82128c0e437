use super::*;

/// Every example of the table is true: the reference cannot lie.
#[test]
fn every_example_does_what_it_says() {
    let table = crate::rules::tags::TagTable::built_in().unwrap();
    let mut wrong = Vec::new();
    for tag in table.iter() {
        for example in &tag.examples {
            let options =
                if example.options.is_empty() { String::new() } else { format!(", {}", example.options) };
            let quote = |text: &str| format!("{text:?}");
            let script = format!(
                "replace({:?}, {}, {}{options});",
                tag.name,
                quote(&example.current),
                quote(&example.new)
            );
            let outcome = match apply(&script) {
                Ok(outcome) => outcome,
                Err(error) => {
                    wrong.push(format!("{script}\n  {error}"));
                    continue;
                }
            };
            for (place, want) in &example.changes {
                let found = text_at(&outcome.definition, place);
                if &found != want {
                    wrong.push(format!("{script}\n  {place} is {found}, not {want}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn partial_and_whole_differ() {
    let whole =
        apply("replace('Windows_Command_Line', `-t25`, `-t20`);".replace('\'', "\"").as_str()).unwrap();
    assert!(whole.trace.is_empty());
    assert_eq!(whole.warnings.len(), 1);
    assert_eq!(whole.warnings[0].text, "`Windows_Command_Line` matched nothing: no value is `-t25`");
}

#[test]
fn text_that_means_something_elsewhere_is_only_text() {
    let text = "\\\\srv\\$x (a|b)* é Ü [0-9]";
    let script = format!(
        "for j in jobs(\"WIN_LOAD\") {{ j.command_line = {text:?}; }}\n\
         replace(\"Windows_Command_Line\", \"$x (a|b)*\", \"$0\\\\1\", #{{ partial: true, job: \"WIN_*\" }});"
    );
    let outcome = apply(&script).unwrap();
    assert_eq!(text_at(&outcome.definition, "@WIN_LOAD/windowsData/commandLine"), "\\\\srv\\$0\\1 é Ü [0-9]");
}

#[test]
fn the_target_keeps_its_frequencies() {
    let mut frequencies = TargetFrequencies::default();
    frequencies.add_named(&serde_json::json!({"name": "Mon-Fri", "code": "99", "period": "Monthly"}));
    let context = Arc::new(Context { frequencies: Some(frequencies), ..(*context()).clone() });
    let rules = compile("replace(\"Frequency_Use_Existing_Definitions\", \"\", \"\");").unwrap();
    let outcome = rules.apply(sample(), &context).unwrap();
    for place in ["@WIN_LOAD", "@CONT_SUB", "@@FIN_DAILY"] {
        let place = format!("{place}/frequencyList/0");
        assert_eq!(text_at(&outcome.definition, &format!("{place}/code")), "99");
    }
    assert_eq!(text_at(&outcome.definition, "@WIN_LOAD/frequencyList/0/isScheduleDefined"), "false");
    let without = rules.apply(sample(), &super::context()).unwrap();
    assert!(without.trace.rules[0].notes[0].text.contains("not known here"));
}

#[test]
fn a_department_is_set_where_an_environment_is_used() {
    let script = "replace(\"Department_Name\", \"\", \"TST\"); replace(\"environment\", \"\", \"TST\");";
    let outcome = apply(script).unwrap();
    assert_eq!(text_at(&outcome.definition, "@NULL_START/departmentName"), "TST");
    assert_eq!(text_at(&outcome.definition, "@WIN_LOAD/departmentName"), "Accounting");
    let without = apply("replace(\"Department_Name\", \"\", \"TST\");").unwrap();
    assert!(without.trace.is_empty() && without.warnings.is_empty());
}

#[test]
fn an_environment_renames_everything_once() {
    let context = Arc::new(Context { environment: Some("TST".to_owned()), ..(*context()).clone() });
    let rules = compile("{\"environment\": \"TST\", \"transformationsList\": []}").unwrap();
    let outcome = rules.apply(sample(), &context).unwrap();
    let of = |place: &str| text_at(&outcome.definition, place);
    assert_eq!(of("@@TST_FIN_DAILY/name"), "TST_FIN_DAILY");
    assert_eq!(of("@CONT_SUB/containerData/subScheduleName"), "TST_FIN_SUB");
    assert_eq!(of("/externalDependencyList/0/predecessorScheduleName"), "TST_BANK_FEED");
    assert_eq!(of("@FTP_SEND/fileTransferData/destinationMachine"), "TST_UNXDEV01");
    assert_eq!(of("/scriptList/0/data/name"), "TST_Clean_Up");
    assert_eq!(of("@WIN_SCRIPT/windowsData/scriptName"), "TST_Clean_Up");
    assert_eq!(of("@WIN_LOAD/frequencyList/0/name"), "Mon-Fri");
    assert_eq!(of("@WIN_LOAD/name"), "WIN_LOAD");
    let last = outcome.trace.rules.last().unwrap();
    assert_eq!(last.level, Level::Environment);
    assert!(last.notes[0].text.contains("already been applied"));
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_runs() {
    let cases = [
        ("replace(\"Job_Machin_Name\", \"a\", \"b\");", "did you mean `Job_Machine_Name`"),
        ("replace(\"Job_Name\", \"a\", \"b\", #{ partal: true });", "did you mean `partial`"),
        ("replace(\"Schedule_Start_Time\", \"6:00\", \"07:00\");", "`HH:MM`"),
        ("replace(\"Unix_GroupId_UserId\", \"a\", \"b,c\");", "`first,second`"),
        ("replace(\"Unix_GroupId_UserId\", \"a,b\", \"b,c\", #{ partial: true });", "whole values only"),
        ("replace(\"Job_Name_Mask\", \"A*B\", \"C*D\");", "stands at the end"),
        ("replace(\"Move_Schedule_Package\", \"A\", \"A\");", "two different prefixes"),
        ("replace(\"Schedule_Start_Time\", \"06:00\", \"07:00\", #{ job: \"X\" });", "takes no `job`"),
        ("replace(\"Windows_User\", \"a\", \"b\", #{ new_contents: \"X\" });", "has no contents"),
        ("replace(\"Windows_User\", \"\", \"b\");", "needs a current value"),
        ("replace(\"Windows_User\", \"a\", \"b\", #{ strict: true, optional: true });", "exclude each other"),
        ("replace(\"Windows_User\", \"a\");", "does not take 2 arguments"),
    ];
    for (script, message) in cases {
        let errors = compile(script).unwrap_err().to_string();
        assert!(errors.contains(message), "{script}\n{errors}");
    }
}
