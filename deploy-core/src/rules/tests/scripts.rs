use super::*;

#[test]
fn the_example_of_the_guide_works() {
    let script = r#"
        //! Production settings.
        for s in schedules() {
          if s.name.starts_with("FIN_") { s.start_time = "07:00"; }
          for j in s.jobs("WIN_*") { j.machine = target.vars.loader; j.add_tag(target.name); }
        }
        if target.type == "Production" && count_jobs() > 500 { fail("too big"); }
        if package.name != "FIN" || deployment.user != "maria" { fail("not told"); }
    "#;
    let outcome = apply(script).unwrap();
    assert_eq!(text_at(&outcome.definition, "@@FIN_DAILY/startTime"), "07:00");
    assert_eq!(text_at(&outcome.definition, "@WIN_LOAD/primaryMachine"), "WINPRD09");
    assert_eq!(text_at(&outcome.definition, "@WIN_LOAD/tagList/0"), "PROD1");
    assert_eq!(text_at(&outcome.definition, "@UNX_LOAD/primaryMachine"), "UNXDEV01");
}

/// Every example of the reference runs.
#[test]
fn every_function_does_what_it_says() {
    for function in engine::functions::FUNCTIONS {
        if let Err(error) = apply(function.example) {
            panic!("{}\n{error}", function.example);
        }
    }
}

/// Every property of every kind can be read; every text can be written with what stands there.
#[test]
fn every_property_can_be_read() {
    for kind in engine::fields::Kind::ALL {
        for field in engine::fields::of(*kind) {
            let list = engine::fields::LISTS.iter().find(|list| list.kind == *kind).unwrap();
            let items = match list.owner {
                None => format!("{}()", list.name),
                Some(engine::fields::Kind::Schedule) => format!("schedules()[0].{}()", list.name),
                Some(_) => format!("schedules()[0].job(\"WIN_LOAD\").{}()", list.name),
            };
            let name = field.name;
            let script = format!(
                "let count = 0; for item in {items} {{ let value = item.{name}; count += 1; }} \
                 if count == 0 {{ fail(\"nothing there\"); }}"
            );
            let outcome = match apply(&script) {
                Ok(outcome) => outcome,
                Err(error) => panic!("{script}\n{error}"),
            };
            assert!(outcome.trace.is_empty(), "{script}");
        }
    }
}

#[test]
fn setting_a_name_follows_it() {
    let script = r#"
        let s = schedule("FIN_DAILY");
        let j = s.job("WIN_LOAD");
        j.name = "LOAD9";
        s.name = "PRD_DAILY";
        let p = property("ENV_NAME");
        p.name = "STAGE";
        let r = resource("RES_DB");
        r.name = "RES_9";
    "#;
    let outcome = apply(script).unwrap();
    let of = |place: &str| text_at(&outcome.definition, place);
    assert_eq!(of("@@PRD_DAILY/internalDependencyList/1/predecessorJobName"), "LOAD9");
    assert_eq!(of("/externalDependencyList/0/scheduleName"), "PRD_DAILY");
    assert_eq!(of("/externalDependencyOnList/0/predecessorJobName"), "LOAD9");
    assert_eq!(of("@LOAD9/expressionDependencyList/0/expression"), "\"[[STAGE]]\" == \"DEV\"");
    assert_eq!(of("@LOAD9/resourceDependencyList/0/resourceName"), "RES_9");
}

#[test]
fn values_keep_their_kind_and_their_digits() {
    let script = r#"
        let s = schedule("FIN_DAILY");
        s.auto_build_days = 5;
        s.multi_instance = false;
        let j = s.job("IBM_CALL");
        j.set("/ibmiData/messageLoggingLevel", "2");
        j.set("/ibmiData/new/deep", [1, "a", true]);
        print(j.get("/ibmiData/new/deep/1"));
    "#;
    let outcome = apply(script).unwrap();
    let of = |place: &str| at(&outcome.definition, place).unwrap().to_string();
    assert_eq!(of("@@FIN_DAILY/autoBuildDays"), "\"5\"");
    assert_eq!(of("@@FIN_DAILY/multiInstance"), "false");
    assert_eq!(of("@IBM_CALL/ibmiData/messageLoggingLevel"), "2");
    assert_eq!(of("@IBM_CALL/ibmiData/new"), r#"{"deep":[1,"a",true]}"#);
    assert_eq!(outcome.trace.rules[0].notes[0].text, "a");
}

#[test]
fn text_can_be_replaced_in_text() {
    let script = r#"
        for j in jobs("WIN_LOAD") {
          j.command_line.replace("-t25", "-t30");
          let d = j.working_directory;
          d.replace("Dev", "Prd");
          j.working_directory = d;
        }
    "#;
    let outcome = apply(script).unwrap();
    assert!(text_at(&outcome.definition, "@WIN_LOAD/windowsData/commandLine").starts_with("load.exe -t30"));
    assert_eq!(text_at(&outcome.definition, "@WIN_LOAD/windowsData/workingDirectory"), "D:\\Apps\\Prd\\work");
}

#[test]
fn items_can_be_removed_and_added() {
    let script = r#"
        let s = schedule("FIN_DAILY");
        s.job("SAP_POST").remove();
        for e in s.job("WIN_LOAD").events() { if e.command == "$THRESHOLD:SET" { e.remove(); } }
        for e in s.events() { if e.command == "$SCHEDULE:BUILD" { e.set_arg(3, "Y"); } }
        let e = s.job("NULL_START").add_event("$PROPERTY:SET,LAST,[[a,b]]", "Job Failed");
        e.user = "ocadm";
        if s.has_job("SAP_POST") { fail("still there"); }
    "#;
    let outcome = apply(script).unwrap();
    let of = |place: &str| text_at(&outcome.definition, place);
    assert_eq!(of("@SAP_POST/name"), "(nothing)");
    assert_eq!(at(&outcome.definition, "@WIN_LOAD/eventList").unwrap().as_array().unwrap().len(), 2);
    assert_eq!(of("@@FIN_DAILY/eventList/1/event"), "$SCHEDULE:BUILD,[[$DATE]],FIN_SUB,N,Y,REGION=EMEA,EMEA");
    assert_eq!(of("@NULL_START/eventList/0/userName"), "ocadm");
    assert!(!outcome.definition.to_bytes().windows(4).any(|four| four == b"null"));
}

#[test]
fn functions_and_imports_see_what_they_need() {
    let imports = |name: &str| match name {
        "machines" => {
            Some("import \"base\" as b; fn to_prod(j) { j.machine = b::name(j.machine); }".to_owned())
        }
        "base" => {
            Some("fn name(m) { if target.class == \"production\" { \"P-\" + m } else { m } }".to_owned())
        }
        _ => None,
    };
    let text = "import \"machines\" as m;\nfn each(x) { x.add_tag(target.name); }\n\
                for j in jobs(\"WIN_LOAD\") { m::to_prod(j); each(j); }";
    let rules = RuleSet::compile(&[source("rule", text)], &imports, settings()).unwrap();
    assert_eq!(rules.imported(), ["machines", "base"]);
    let outcome = rules.apply(sample(), &context()).unwrap();
    assert_eq!(text_at(&outcome.definition, "@WIN_LOAD/primaryMachine"), "P-WINDEV01");
    assert_eq!(text_at(&outcome.definition, "@WIN_LOAD/tagList/0"), "PROD1");
}

#[test]
fn errors_are_told_with_line_and_caret() {
    let cases = [
        (
            "for j in jobs() {\n  j.machin = \"x\";\n}",
            "rule `rule`, line 2, column 5: a job has no property `machin` (did you mean `machine`?)",
        ),
        (
            "let x = 1;\nrename_tokn(\"a\", \"b\", \"c\");",
            "rule `rule`, line 2, column 1: there is no function `rename_tokn` (did you mean `rename_token`?)",
        ),
        (
            "if target.nam == \"x\" { }",
            "rule `rule`, line 1, column 11: `target` has no property `nam` (did you mean `name`?)",
        ),
        (
            "//! @optinal\n",
            "rule `rule`, line 1, column 5: `@optinal` means nothing at the head of a rule (did you mean `optional`?)",
        ),
        ("let = 5;", "rule `rule`, line 1, column 5:"),
        ("jobs()[0].machine = 5;", "rule `rule`, line 1, column 1: only a variable can be assigned to"),
    ];
    for (text, message) in cases {
        let errors = compile(text).unwrap_err();
        assert!(errors.to_string().starts_with(message), "{text}\n{errors}");
    }
    let error = &compile("let a = 1;\n\treplace(\"Job_Nam\", \"a\", \"b\");").unwrap_err().0[0];
    insta::assert_snapshot!(error.render(), @r#"
    rule `rule`, line 2, column 10: unknown tag `Job_Nam` (did you mean `Job_Name` or `Job_Tag`?)
      |
    2 | 	replace("Job_Nam", "a", "b");
      | 	        ^
    "#);
}

#[test]
fn errors_while_running_stop_everything() {
    let cases = [
        ("schedule(\"FIN_DAYLI\");", "there is no schedule `FIN_DAYLI` here (did you mean `FIN_DAILY`?)"),
        ("let j = jobs()[0]; j.command_line = \"x\";", "`CONT_SUB` (Container) has no `command_line`"),
        ("let s = schedules()[0]; s.start_time = \"7\";", "`start_time` is a time written `HH:MM`, not `7`"),
        ("let j = jobs()[0]; j.machine = 5;", "`machine` is a text, not 5"),
        ("let x = target.vars.loadr;", "has no variable `loadr` (did you mean `loader`?)"),
        ("let j = jobs()[0]; j.remove(); j.machine = \"x\";", "this job has been removed"),
        ("let j = jobs()[0]; let x = j.nonsense;", "nonsense"),
        (
            "let t = \"Windows_Usr\"; replace(t, \"a\", \"b\");",
            "unknown tag `Windows_Usr` (did you mean `Windows_User`?)",
        ),
        ("jobs()[0].get(\"/containerData\");", "stands an object: name a key in it"),
        ("schedules()[0].remove();", "a schedule cannot be removed by a rule"),
        ("let x = 1 / 0;", "ivision by zero"),
        ("let x = schedules()[99];", "out of bounds"),
        ("throw \"own words\";", "own words"),
    ];
    for (text, message) in cases {
        let rules = compile(text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
        let error = rules.apply(sample(), &context()).unwrap_err();
        let RuleError::Script(diagnostic) = &error else {
            panic!("{text}: {error:?}");
        };
        assert!(diagnostic.to_string().contains(message), "{text}\n{diagnostic}");
        assert_eq!(diagnostic.line, 1, "{text}\n{diagnostic}");
    }
    let error = apply("if target.class == \"production\" { fail(\"not on Fridays\"); }").unwrap_err();
    assert!(matches!(&error, RuleError::Failed(d) if d.message == "not on Fridays"), "{error:?}");
}
