//! Rules that would do harm, and files that are wrong: a clear error with its place, or a right answer.

use snapbox::{assert_data_eq, str};

use crate::harness::World;
use crate::rules::{QA, payroll, world};

/// Applies scripts, one after the other, to Payroll.
fn apply(world: &World, scripts: &[&str]) -> String {
    let mut told = String::new();
    for script in scripts {
        world.write("bad.rhai", script);
        let run = world.central(&["rules", "apply", "Payroll", "--rule", "../bad.rhai"]).exits(1);
        assert!(run.stdout().is_empty(), "half a transformation: {run}");
        told += &format!("{}\n", run.to_string().replace("--- stderr\n", "").replace("--- exit 1\n", ""));
    }
    told
}

#[test]
fn scripts_that_never_end_or_grow_do_end() {
    let world = world();
    world.write("central/deploy.toml", "[rules]\noperations = 200000\n");
    let scripts = [
        "loop { }",
        "fn f(n) { f(n + 1) }\nf(0);",
        "let s = \"x\";\nloop { s += s; }",
        "let a = [];\na.pad(1000000000, 1);",
        "let x = 1 / 0;",
        "for i in 0..9 { replace(\"Unix_Start_Image\", \"e\", \"eeeeeeeeeeeeeeee\", #{ partial: true }); }",
    ];
    assert_data_eq!(
        apply(&world, &scripts),
        str![[r#"
Error: ../bad.rhai:1:6: the rule does too much: is there a loop without an end?
  |
1 | loop { }
  |      ^

Error: ../bad.rhai:2:1: functions call each other too deeply: is there a recursion without an end?
  |
2 | f(0);
  | ^

Error: ../bad.rhai:2:10: length of string too large
  |
2 | loop { s += s; }
  |          ^

Error: ../bad.rhai:2:3: size of array/BLOB too large
  |
2 | a.pad(1000000000, 1);
  |   ^

Error: ../bad.rhai:1:11: division by zero: 1 / 0
  |
1 | let x = 1 / 0;
  |           ^

Error: ../bad.rhai:1:17: a text would be too long; is a replacement inside a loop?
  |
1 | for i in 0..9 { replace("Unix_Start_Image", "e", "eeeeeeeeeeeeeeee", #{ partial: true }); }
  |                 ^


"#]]
    );
}

#[test]
fn scripts_that_reach_out_or_shadow_are_refused() {
    let world = world();
    let scripts = [
        "import \"../../etc/passwd\" as p;",
        "import \"missing\" as p;",
        "fn replace(a, b, c) { }",
        "let target = 5;",
        "eval(\"1\");",
        "open_file(\"x\");",
        "for j in jobs() {\n  j.machin = \"X\";\n}",
        "for j in jobs( {\n}",
        "replace(\"Job_Machine_Name\", \"A\", \"B\", #{ partail: true });",
        "//! @optionl\n",
        "fail(\"not today\");",
    ];
    assert_data_eq!(
        apply(&world, &scripts),
        str![[r#"
Error: ../bad.rhai:1:8: `../../etc/passwd` is no name of a rule: only rules beside this one can be imported
  |
1 | import "../../etc/passwd" as p;
  |        ^

Error: ../bad.rhai:1:8: there is no rule `missing` to import
  |
1 | import "missing" as p;
  |        ^

Error: ../bad.rhai:1:1: the function `replace` is given: choose another name
  |
1 | fn replace(a, b, c) { }
  | ^

Error: ../bad.rhai:1:1: `target` is given: choose another name
  |
1 | let target = 5;
  | ^

Error: ../bad.rhai:1:1: reserved keyword 'eval' is disabled
  |
1 | eval("1");
  | ^

Error: ../bad.rhai:1:1: there is no function `open_file`
  |
1 | open_file("x");
  | ^

Error: ../bad.rhai:2:5: a job has no property `machin` (did you mean `machine`?)
  |
2 |   j.machin = "X";
  |     ^

Error: ../bad.rhai:2:2: expecting ')' to close the arguments list of this function call 'jobs'
  |
2 | }
  |  ^

Error: ../bad.rhai:1:42: `replace` has no option `partail` (did you mean `partial`?)
  |
1 | replace("Job_Machine_Name", "A", "B", #{ partail: true });
  |                                          ^

Error: ../bad.rhai:1:5: `@optionl` means nothing at the head of a rule (did you mean `optional`?)
  |
1 | //! @optionl
  |     ^

Error: ../bad.rhai:1:1: not today
  |
1 | fail("not today");
  | ^


"#]]
    );
}

#[test]
fn results_that_opcon_would_not_take_are_refused() {
    let world = world();
    let scripts = [
        "for j in jobs() { j.name = \"SAME\"; }",
        "for j in jobs() { j.name = j.name + \"1234567890123456789012345678901234567890123456789012345678901234567890\"; }",
        "for s in schedules() { s.name = \"A<B\"; }",
        "for s in schedules() { for d in s.dependencies() { d.predecessor = \"NOBODY\"; } }",
        "for j in jobs() { j.remove(); }",
        "for s in schedules() { s.start_time = \"25:00\"; }",
    ];
    assert_data_eq!(
        apply(&world, &scripts),
        str![[r#"
Error: ../bad.rhai:1: two jobs of the schedule `Payroll` would be named `SAME`

Error: ../bad.rhai:1: the job name `LOAD1234567890123456789012345678901234567890123456789012345678901234567890` has 74 characters; OpCon takes 64

Error: ../bad.rhai:1: the schedule name `A<B` holds `<`, which OpCon does not allow

Error: ../bad.rhai:1: a dependency would point at the job `NOBODY`, which the schedule `Payroll` does not have

Error: ../bad.rhai:1: the schedule `Payroll` would have no job left

Error: ../bad.rhai:1:26: `start_time` is a time written `HH:MM`, not `25:00`
  |
1 | for s in schedules() { s.start_time = "25:00"; }
  |                          ^


"#]]
    );
}

#[test]
fn what_a_script_prints_and_answers_is_no_result() {
    let world = world();
    world.write("odd.rhai", "print(\"hello\");\nwarn(\"careful\");\n42");
    let run = world.central(&["rules", "explain", "Payroll", "--rule", "../odd.rhai"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll@1
deployment
  odd
    hello
--- stderr
Warning: `odd` line 2: careful
1 rule: 0 values changed
--- exit 0

"#]]
    );
}

#[test]
fn a_call_that_matched_nothing_warns_fails_or_is_silent() {
    let world = world();
    let call = |options: &str| format!("replace(\"Windows_User\", \"NOBODY\", \"X\"{options});\n");
    let run = |world: &World, rule: &str, code: i32| {
        world.write("r.rhai", rule);
        let run = world.central(&["rules", "apply", "Payroll", "--rule", "../r.rhai", "-o", "../out.json"]);
        run.exits(code).to_string()
    };
    let mut told = run(&world, &call(""), 0);
    told += &run(&world, &call(", #{ strict: true }"), 1);
    told += &run(&world, &call(", #{ optional: true }"), 0);
    told += &run(&world, &format!("//! @optional\n{}", call("")), 0);
    world.write("central/deploy.toml", "[rules]\nunmatched = \"error\"\n");
    told += &run(&world, &call(""), 1);
    world.write("central/deploy.toml", "[rules]\nunmatched = \"silent\"\n");
    told += &run(&world, &call(""), 0);
    world.write("central/deploy.toml", "[rules]\nunmatched = \"strict\"\n");
    told += &run(&world, &call(""), 1);
    assert_data_eq!(
        told,
        str![[r#"
Wrote Payroll@1 to `../out.json`: 0 values changed
--- stderr
Warning: `r` line 1: `Windows_User` matched nothing: no value is `NOBODY`
--- exit 0
--- stderr
Error: ../r.rhai:1:1: `Windows_User` matched nothing: no value is `NOBODY`
  |
1 | replace("Windows_User", "NOBODY", "X", #{ strict: true });
  | ^
Hint: `#{ optional: true }` behind the call, or `@optional` at the head of the rule, lets it match nothing
--- exit 1
Wrote Payroll@1 to `../out.json`: 0 values changed
--- exit 0
Wrote Payroll@1 to `../out.json`: 0 values changed
--- exit 0
--- stderr
Error: ../r.rhai:1:1: `Windows_User` matched nothing: no value is `NOBODY`
  |
1 | replace("Windows_User", "NOBODY", "X");
  | ^
Hint: `#{ optional: true }` behind the call, or `@optional` at the head of the rule, lets it match nothing
--- exit 1
Wrote Payroll@1 to `../out.json`: 0 values changed
--- exit 0
--- stderr
Error: deploy.toml:2:13: `strict` is not one of `warn`, `error`, `silent`
Hint: `opcon-deploy schema deploy` describes the keys
--- exit 1

"#]]
    );
}

#[test]
fn json_that_is_wrong_is_told_with_its_place() {
    let world = world();
    let files = [
        "{ \"transformationsList\": [ // ours\n] }",
        "{ \"transformationsList\": [\n  { \"tagId\": \"Windows_User\", \"currentValue\": [\"A\"], \"newValue\": \"B\" } ] }",
        "{ \"transformationsList\": [\n  { \"tagId\": \"Windows_Usr\", \"currentValue\": \"A\", \"newValue\": \"B\" } ] }",
        "{ \"transformationsList\": [\n  { \"tagId\": \"Windows_User\", \"currentValue\": \"A\", \"newValue\": \"B\", \"partialUpdate\": \"maybe\" } ] }",
        "[]",
        "{ \"transformationsList\": {} }",
        "{ \"transformationsList\": [",
    ];
    let mut told = String::new();
    for text in files {
        world.write("central/rules/vendor.json", text);
        let run = world.central(&["rules", "check", "vendor"]).exits(3).to_string();
        told += run.split("--- stderr").next().unwrap();
    }
    assert_data_eq!(
        told,
        str![[r#"
error: rules/vendor.json:1:28: JSON takes no comments
  |
1 | { "transformationsList": [ // ours
  |                            ^
error: rules/vendor.json:2:3: `Windows_User` needs a current value
  |
2 |   { "tagId": "Windows_User", "currentValue": ["A"], "newValue": "B" } ] }
  |   ^
error: rules/vendor.json:2:30: this has to be a text
  |
2 |   { "tagId": "Windows_User", "currentValue": ["A"], "newValue": "B" } ] }
  |                              ^
error: rules/vendor.json:2:5: unknown tag `Windows_Usr` (did you mean `Windows_User`?)
  |
2 |   { "tagId": "Windows_Usr", "currentValue": "A", "newValue": "B" } ] }
  |     ^
error: rules/vendor.json:2:68: `partialUpdate` is true or false
  |
2 |   { "tagId": "Windows_User", "currentValue": "A", "newValue": "B", "partialUpdate": "maybe" } ] }
  |                                                                    ^
error: rules/vendor.json:1:1: a file of transformation rules is a JSON object with a `transformationsList`
  |
1 | []
  | ^
error: rules/vendor.json:1:3: `transformationsList` is a list of entries
  |
1 | { "transformationsList": {} }
  |   ^
error: rules/vendor.json:1:26: the text ends within a list
  |
1 | { "transformationsList": [
  |                          ^

"#]]
    );
    // A byte order mark, both spellings of the list, empty values: all fine.
    let fine = "\u{feff}{ \"transformationList\": [ { \"tagId\": \"Windows_User\", \"jobName\": \"\", \"currentValue\": \"DEVDOM\\\\batch\", \"currentValueContents\": \"\", \"newValue\": \"QA\", \"partialUpdate\": false } ] }";
    world.write("central/rules/vendor.json", fine);
    let out = world.central(&["rules", "apply", "Payroll", "--rule", "vendor"]).ok().stdout();
    assert!(out.contains("\"userId\": \"QA\""), "{out}");
}

#[test]
fn the_whole_check_compiles_rules_and_runs_nothing() {
    let world = world();
    world.write("central/rules/bad.rhai", "for j in jobs() {\n  j.machin = 1;\n}\n");
    world.write("central/rules/loop.rhai", "loop { }\n");
    world.write("central/rules/vendor.json", "{ \"transformationsList\": [\n { \"tagId\": \"X\" } ] }");
    world.write("central/rules/tests/bad.toml", "rule = []\n");
    world.write("central/rules/tags.toml", "");
    let mut told = world.central(&["check"]).exits(3).to_string();
    world.write("central/rules/tags.toml", "[tag.X]\nplcaes = []\n");
    told += &world.central(&["check"]).exits(3).to_string();
    told += &world.central(&["rules", "check"]).exits(3).to_string();
    assert_data_eq!(
        told,
        str![[r#"
rules/bad.rhai:2:5: error[rule]: a job has no property `machin` (did you mean `machine`?)
rules/tests/bad.toml:1:1: error[toml]: unknown field `rule`, expected one of `description`, `rules`, `given`, `target`, `deploy`, `expect` (did you mean `rules`?)
rules/vendor.json:2:4: error[rule]: unknown tag `X`
--- stderr
Checked 1 schedule, 0 packages: 3 errors
--- exit 3
rules/tags.toml:2:1: error[toml]: unknown field `plcaes`, expected one of `about`, `kind`, `names`, `when`, `spellings`, `places`, `add_places`, `examples` (did you mean `places`?)
rules/tests/bad.toml:1:1: error[toml]: unknown field `rule`, expected one of `description`, `rules`, `given`, `target`, `deploy`, `expect` (did you mean `rules`?)
--- stderr
Checked 1 schedule, 0 packages: 2 errors
--- exit 3
error: rules/tags.toml:2:1: unknown field `plcaes`, expected one of `about`, `kind`, `names`, `when`, `spellings`, `places`, `add_places`, `examples` (did you mean `places`?)
--- stderr
Checked 0 rules, 0 tests: 1 finding
--- exit 3

"#]]
    );
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let world = world();
    world.write("outside.rhai", "fn secret() { 1 }");
    let link = |to: &str| std::os::unix::fs::symlink(world.path("outside.rhai"), world.path(to)).unwrap();
    link("central/rules/linked.rhai");
    world.write("central/rules/importer.rhai", "import \"linked\" as l;\nprint(l::secret());\n");
    let mut told = world.central(&["rules", "check"]).exits(3).to_string();
    told += &world.central(&["rules", "apply", "Payroll", "--rule", "linked"]).exits(1).to_string();
    told += &world.central(&["rules", "apply", "Payroll", "--rule", "importer"]).exits(1).to_string();
    assert_data_eq!(
        told,
        str![[r#"
error: rules/importer.rhai:1:8: there is no rule `linked` to import
  |
1 | import "linked" as l;
  |        ^
error: `rules/linked.rhai` is a symbolic link; rules must be plain files
--- stderr
Checked 3 rules, 0 tests: 2 findings
--- exit 3
--- stderr
Error: `rules/linked.rhai` is a symbolic link; rules must be plain files
--- exit 1
--- stderr
Error: rules/importer.rhai:1:8: there is no rule `linked` to import
  |
1 | import "linked" as l;
  |        ^
--- exit 1

"#]]
    );
}

#[test]
fn texts_are_taken_as_they_are() {
    let world = world();
    let cases = [
        (r"a$1\n.*", r"a$1\n.*", r"$0 \\ [x]"),
        ("Ünï — 漢字", "Ünï", "Ω"),
        ("C:\\dev\\DEV\\dev", "dev", "prd"),
        ("%PATH% \"x\"", "\"x\"", "'y'"),
    ];
    for (value, current, new) in cases {
        let mut definition: serde_json::Value = serde_json::from_str(&payroll()).unwrap();
        definition["scheduleList"][0]["jobList"][0]["windowsData"]["commandLine"] = value.into();
        world.write("in.json", definition.to_string());
        let entry = serde_json::json!({ "transformationsList": [{ "tagId": "Windows_Command_Line",
            "currentValue": current, "newValue": new, "partialUpdate": true }] });
        world.write("r.json", entry.to_string());
        let out = world.central(&["rules", "apply", "../in.json", "--rule", "../r.json"]).ok().json();
        let found = &out["scheduleList"][0]["jobList"][0]["windowsData"]["commandLine"];
        assert_eq!(found, &value.replace(current, new));
    }
}

#[test]
fn a_server_or_package_that_names_no_rule_is_told() {
    let world = world();
    world.write("central/servers/QA.toml", QA.replace("[\"machines\"]", "[\"machine\"]"));
    let mut told = world.central(&["rules", "explain", "Payroll", "--to", "QA"]).exits(1).to_string();
    world.write("central/servers/QA.toml", "type = 3\n");
    told += &world.central(&["rules", "explain", "Payroll", "--to", "QA"]).exits(1).to_string();
    world.write("central/rules/machines.json", "{}");
    world.write("central/servers/QA.toml", QA);
    told += &world.central(&["rules", "explain", "Payroll", "--to", "QA"]).exits(1).to_string();
    assert_data_eq!(
        told,
        str![[r#"
--- stderr
Error: no rule `machine`; did you mean `machines`?
--- exit 1
--- stderr
Error: servers/QA.toml:1:8: expected a string
--- exit 1
--- stderr
Error: there are two rules `machines`: a `.rhai` and a `.json`
Hint: rename one of them
--- exit 1

"#]]
    );
}
