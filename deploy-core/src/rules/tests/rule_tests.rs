use super::*;
use crate::rules::test::{Sources, TestCase, TestOutcome, check_invariants, run};

struct Files;

impl Sources for Files {
    fn definition(&self, name: &str) -> Result<Vec<u8>, String> {
        match name {
            "FIN_DAILY@3" => Ok(SAMPLE.as_bytes().to_vec()),
            other => Err(format!("there is no definition `{other}`")),
        }
    }

    fn file(&self, name: &str) -> Result<Vec<u8>, String> {
        match name {
            "sample.json" | "golden.json" => Ok(SAMPLE.as_bytes().to_vec()),
            other => Err(format!("there is no file `{other}`")),
        }
    }

    fn rule(&self, name: &str) -> Result<RuleSource, String> {
        let text = match name {
            "machines" => "for j in jobs(\"WIN_LOAD\") { j.machine = target.vars.loader; }",
            "guard" => "if target.type == \"Production\" { fail(\"not in production\"); }",
            "nothing" => "replace(\"Windows_User\", \"nobody\", \"x\");",
            "frequencies" => "replace(\"Frequency_Use_Existing_Definitions\", \"\", \"\");",
            other => return Err(format!("there is no rule `{other}`")),
        };
        Ok(source(name, text))
    }

    fn import(&self, _: &str) -> Option<String> {
        None
    }
}

fn outcome(text: &str) -> TestOutcome {
    run(&TestCase::read(text).unwrap(), &Files, &settings())
}

const GIVEN: &str = "[given]\nfile = \"sample.json\"\n[target]\nname = \"P\"\ntype = \"Production\"\nvars = { loader = \"X1\" }\n";

#[test]
fn tests_pass_and_fail_with_reasons() {
    let with = |rule: &str, expect: &str| format!("rules = [\"{rule}\"]\n{GIVEN}[expect]\n{expect}\n");
    let passing = [
        with("machines", "values = { \"@WIN_LOAD/primaryMachine\" = \"X1\" }"),
        with("machines", "absent = [\"@WIN_LOAD/nothing\"]"),
        with("guard", "failure = \"not in prod\""),
        with("nothing", "warning = \"matched nothing\"\nunchanged = true"),
        with("nothing", "warning = [\"matched\", \"nobody\"]\ngolden = \"golden.json\""),
        "rules = []\n[given]\ndefinition = \"FIN_DAILY@3\"\n[expect]\nunchanged = true".to_owned(),
    ];
    for text in &passing {
        assert_eq!(outcome(text).failures, Vec::<String>::new(), "{text}");
    }
    let failing = [
        (with("machines", "values = { \"@WIN_LOAD/primaryMachine\" = \"X2\" }"), "is \"X1\", not \"X2\""),
        (with("machines", "values = { \"@NONE/x\" = 1 }"), "`@NONE/x` is not there"),
        (
            with("machines", "unchanged = true"),
            "`/scheduleList/0/jobList/9/primaryMachine` is \"X1\", not \"WINDEV01\"",
        ),
        (with("machines", "golden = \"golden.json\""), "primaryMachine"),
        (with("machines", "golden = \"none.json\""), "there is no file"),
        (with("machines", "failure = \"x\""), "did not fail"),
        (with("machines", "warning = \"x\""), "no warning holds"),
        (with("guard", "failure = \"other\""), "failed with"),
        (with("guard", "unchanged = true"), "failed: rule `guard`, line 1"),
        (with("nothing", "unchanged = true"), "unexpected warning"),
        (with("none", "unchanged = true"), "there is no rule `none`"),
        (
            "rules = []\n[given]\ninline = \"{}\"\n[expect]\nunchanged = true".to_owned(),
            "the given definition",
        ),
    ];
    for (text, reason) in &failing {
        let failures = outcome(text).failures.join("\n");
        assert!(failures.contains(reason), "{text}\n{failures}");
    }
    let golden = outcome(&with("machines", "golden = \"golden.json\"")).golden.unwrap();
    assert!(String::from_utf8(golden.1).unwrap().contains("X1"));
}

#[test]
fn wrong_tests_are_told_where() {
    let cases = [
        (
            "rules = []\n[given]\nfile = \"x\"\n[expect]\nvalus = {}",
            "line 5, column 1",
            "did you mean `values`",
        ),
        ("rules = []\n[given]\n[expect]\nunchanged = true", "line 2, column 1", "names one of"),
        ("rules = []\n[given]\nfile = \"x\"\n[expect]\n", "line 4, column 1", "could not fail"),
        ("[given]\nfile = \"x\"\n", "line 1", "rules"),
    ];
    for (text, place, message) in cases {
        let error = TestCase::read(text).unwrap_err().to_string();
        assert!(error.starts_with(place) && error.contains(message), "{text}\n{error}");
    }
}

#[test]
fn rules_that_say_they_are_idempotent_are_held_to_it() {
    let check = |text: &str| check_invariants(&compile(text).unwrap(), sample(), &context());
    assert_eq!(check("//! @idempotent\nfor j in jobs() { j.add_tag(\"x\"); }"), Ok(()));
    let growing = "for j in jobs(\"WIN_LOAD\") { j.machine = j.machine + \"x\"; }";
    assert_eq!(check(growing), Ok(()));
    assert!(check(&format!("//! @idempotent\n{growing}")).unwrap_err().contains("applied twice"));
    // What a rule refuses is its own business; an error is not.
    assert_eq!(check("fail(\"no\");"), Ok(()));
    assert!(check("let x = 1 / 0;").unwrap_err().contains("division by zero"));
}
