use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;

fn small() -> Arc<Settings> {
    let limits = Limits { operations: 200_000, work: 50_000, text: 100_000, ..Limits::default() };
    Arc::new(Settings { limits, ..Settings::new().unwrap() })
}

#[test]
fn scripts_that_would_never_end_do() {
    let cases = [
        ("loop { }", "does too much"),
        ("let x = 0; while true { x += 1; }", "does too much"),
        ("fn f(n) { f(n + 1) } f(0);", "too deeply"),
        ("fn a(n) { b(n) } fn b(n) { a(n) } a(0);", "too deeply"),
        ("let s = \"x\"; loop { s += s; }", "too large"),
        ("let s = \"x\"; s.pad(1000000000, \"y\");", "too large"),
        ("let a = []; loop { a.push(1); }", ""),
        ("let a = []; a.pad(1000000000, 1);", "too large"),
        (
            "let s = \"\"; s.pad(50000, \"a\"); let n = \"\"; n.pad(90000, \"b\"); s.replace(\"a\", n);",
            "too long",
        ),
        (
            "let s = \"\"; s.pad(50000, \"x\"); for i in 0..100000 { for j in jobs() { j.documentation = s + i; } }",
            "too many values",
        ),
        ("loop { print(\"x\"); warn(\"y\"); }", "does too much"),
        (
            "for i in 0..100000000 { replace(\"Windows_User\", \"a\", \"b\", #{ optional: true }); }",
            "too much",
        ),
        ("for i in 0..1000000 { for j in jobs() { j.machine = \"a\" + i; } }", "does too much"),
    ];
    for (text, message) in cases {
        let rules = RuleSet::compile(&[source("rule", text)], &|_| None, small()).unwrap();
        let error = rules.apply(sample(), &context()).unwrap_err().to_string();
        assert!(error.contains(message) || error.contains("too many"), "{text}\n{error}");
    }
}

#[test]
fn a_text_that_doubles_again_and_again_is_stopped() {
    let double = "for i in 0..60 { replace(\"Windows_Command_Line\", \"a\", \"aa\", #{ partial: true }); }";
    let error = apply(double).unwrap_err();
    assert!(
        matches!(&error, RuleError::Script(d) if d.message.contains("a text would be too long")),
        "{error}"
    );
}

#[test]
fn the_clock_is_a_backstop() {
    let now = Arc::new(AtomicU64::new(0));
    let clock: Clock = Arc::new(move || Duration::from_secs(now.fetch_add(30, Ordering::Relaxed)));
    let settings = Arc::new(Settings { clock: Some(clock), ..Settings::new().unwrap() });
    let rules = RuleSet::compile(&[source("rule", "loop { }")], &|_| None, settings).unwrap();
    let error = rules.apply(sample(), &context()).unwrap_err().to_string();
    assert!(error.contains("runs for more than 60 s"), "{error}");
}

#[test]
fn what_is_ours_stays_ours() {
    let cases = [
        "fn replace(a, b, c) { }",
        "fn schedules() { [] }",
        "fn fail(x) { }",
        "fn starts_with(a, b) { true }",
        "fn f(target) { }",
        "let target = 5;",
        "const package = 5;",
        "for deployment in 0..3 { }",
    ];
    for text in cases {
        let errors = compile(text).unwrap_err().to_string();
        assert!(errors.contains("given: choose another name"), "{text}\n{errors}");
    }
}

#[test]
fn nothing_leads_out() {
    let cases = [
        ("import \"../../etc/passwd\" as p;", "is no name of a rule"),
        ("import \"/etc/passwd\" as p;", "is no name of a rule"),
        ("import \"..\\\\x\" as p;", "is no name of a rule"),
        ("import \".hidden\" as p;", "is no name of a rule"),
        ("let n = \"x\"; import n as p;", "an import names a rule in quotes"),
        ("import \"missing\" as p;", "there is no rule `missing` to import"),
        ("eval(\"1\");", ""),
        ("try { fail(\"x\"); } catch { }", "`try` is not available"),
        ("sleep(10);", "`sleep` is not available in rules"),
        ("exit();", "`exit` is not available in rules"),
        ("timestamp();", "there is no function `timestamp`"),
        ("rand();", "there is no function `rand`"),
        ("open_file(\"x\");", "there is no function `open_file`"),
    ];
    for (text, message) in cases {
        let errors = compile(text).unwrap_err().to_string();
        assert!(errors.contains(message), "{text}\n{errors}");
    }
}

#[test]
fn imports_in_a_circle_are_told() {
    let imports = |name: &str| Some(format!("import \"{}\" as x;", if name == "a" { "b" } else { "a" }));
    let errors = RuleSet::compile(&[source("rule", "import \"a\" as a;")], &imports, settings()).unwrap_err();
    assert!(errors.to_string().contains("`a` imports itself, by way of rule → a → b"), "{errors}");
}

#[test]
fn an_imported_rule_changes_nothing_by_itself() {
    let imports = |_: &str| Some("replace(\"Windows_User\", \"a\", \"b\");".to_owned());
    let errors = RuleSet::compile(&[source("rule", "import \"a\" as a;")], &imports, settings()).unwrap_err();
    assert!(errors.to_string().contains("holds functions only"), "{errors}");
}

#[test]
fn nonsense_at_the_end_is_nothing() {
    for text in ["42", "#{ a: 1 }", "[1, 2]", "|x| x + 1", "()", "", "// nothing", "return \"x\";"] {
        let outcome = apply(text).unwrap();
        assert_eq!(outcome.definition, sample(), "{text}");
    }
}

#[test]
fn a_failing_rule_leaves_no_session_behind() {
    let rules = compile("for j in jobs() { j.machine = \"X\"; } fail(\"no\");").unwrap();
    assert!(rules.apply(sample(), &context()).is_err());
    let again = compile("print(jobs()[0].machine);").unwrap().apply(sample(), &context()).unwrap();
    assert_eq!(again.trace.rules[0].notes[0].text, "");
}

#[test]
fn the_same_everywhere_on_many_threads() {
    use rayon::prelude::*;
    let rules = compile(
        "for j in jobs() { j.add_tag(target.name); }\nreplace(\"Windows_User\", \"DEVDOM\", \"PRD\", #{partial: true});",
    )
    .unwrap();
    let one = rules.apply(sample(), &context()).unwrap();
    let context = context();
    let all: Vec<bool> = (0..200)
        .into_par_iter()
        .map(|_| {
            let other = rules.apply(sample(), &context).unwrap();
            other.definition == one.definition && other.trace == one.trace
        })
        .collect();
    assert!(all.iter().all(|same| *same));
}
