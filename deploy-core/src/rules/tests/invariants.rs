use super::*;

#[test]
fn the_rule_that_broke_something_is_named() {
    let cases = [
        (
            "\nreplace(\"Job_Name\", \"WIN_LOAD\", \"UNX_LOAD\");",
            2,
            "two jobs of the schedule `FIN_DAILY` would be named `UNX_LOAD`",
        ),
        ("replace(\"Job_Name\", \"WIN_LOAD\", \"unx_load\");", 1, "would be named"),
        (
            "replace(\"Schedule_Name\", \"FIN_SUB\", \"FIN_DAILY\");",
            1,
            "two schedules would be named `FIN_DAILY`",
        ),
        ("let s = schedule(\"FIN_SUB\"); s.name = \"fin_daily\";", 1, "which differ only in case"),
        (
            "for j in schedule(\"FIN_SUB\").jobs() {\n j.remove();\n}",
            2,
            "the schedule `FIN_SUB` would have no job left",
        ),
        (
            "schedule(\"FIN_DAILY\").job(\"WIN_LOAD\").remove();",
            1,
            "a dependency would point at the job `WIN_LOAD`",
        ),
        (
            "for d in schedule(\"FIN_DAILY\").dependencies() { d.predecessor = \"NOPE\"; }",
            1,
            "the job `NOPE`, which the schedule `FIN_DAILY` does not have",
        ),
        (
            "let s = schedule(\"FIN_SUB\"); s.name = \"A name that is much longer than OpCon takes\";",
            1,
            "has 43 characters; OpCon takes 40",
        ),
        ("let j = jobs()[0]; j.name = \"a*b\";", 1, "holds `*`, which OpCon does not allow"),
        ("replace(\"environment\", \"\", \"A_LONG_PREFIX_THAT_LEAVES_NO_ROOM\");", 0, "OpCon takes 40"),
        (
            "let s = \"\"; s.pad(4001, \"x\"); let f = schedules()[0]; f.documentation = s;",
            1,
            "OpCon takes 4000",
        ),
        (
            "replace(\"Job_Machine_Name\", \"WINDEV01\", \"X\"); let j = schedules()[1].jobs()[0]; j.name = \"\";",
            1,
            "a name cannot be empty",
        ),
    ];
    for (text, line, message) in cases {
        let error = apply(text).unwrap_err();
        assert!(error.to_string().contains(message), "{text}\n{error}");
        if let RuleError::Broken(broken) = &error {
            assert_eq!((broken.rule.as_str(), broken.line), ("rule", line), "{text}\n{error}");
        }
    }
}

#[test]
fn what_was_broken_before_is_not_blamed_on_a_rule() {
    let text = SAMPLE.replace("\"predecessorJobName\": \"NULL_START\"", "\"predecessorJobName\": \"GONE\"");
    let definition = Definition::read(text.as_bytes()).unwrap();
    let rules = compile("replace(\"Job_Name\", \"WIN_LOAD\", \"LOAD\");").unwrap();
    assert!(rules.apply(definition, &context()).is_ok());
}
