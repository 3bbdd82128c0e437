use super::*;
use crate::definition::Definition;
use crate::repository::change::Destination;
use crate::repository::package::CommitOptions;
use crate::repository::testing::Sandbox;

fn incoming(runner: &str, versions: &[(i64, &str)]) -> Incoming {
    Incoming {
        name: "Check Files".to_owned(),
        description: "Looks for files".to_owned(),
        runner: runner.to_owned(),
        extension: None,
        versions: versions
            .iter()
            .map(|(number, content)| IncomingVersion {
                entry: VersionEntry { number: *number, message: None, author: None, created: None },
                content: content.as_bytes().to_vec(),
            })
            .collect(),
        source: "`DEV`".to_owned(),
    }
}

fn store(sandbox: &Sandbox, incoming: &Incoming, reset: bool) -> Result<String, String> {
    let options = CommitOptions { destination: Destination::Head, message: None, push: false };
    let repository = sandbox.repository();
    import(&repository, std::slice::from_ref(incoming), reset, &options, &[], &|_| {}, &|| {})
        .map(|imported| imported.plans[0].words())
        .map_err(|error| error.to_string())
}

#[test]
fn every_missing_number_is_stored_and_nothing_twice() {
    let sandbox = Sandbox::new();
    assert_eq!(
        store(&sandbox, &incoming("PowerShell", &[(1, "one"), (3, "three")]), false).unwrap(),
        "new versions 1 and 3"
    );
    assert_eq!(sandbox.read("scripts/Check Files/3.ps1"), "three");
    let again = incoming("PowerShell", &[(1, "one"), (2, "two"), (3, "three")]);
    assert_eq!(store(&sandbox, &again, false).unwrap(), "new version 2");
    let commits = sandbox.git(&["rev-list", "--count", "HEAD"]);
    assert_eq!(store(&sandbox, &again, false).unwrap(), "nothing new");
    assert_eq!(sandbox.git(&["rev-list", "--count", "HEAD"]), commits);
    let repository = sandbox.repository();
    let (script, version) = find_version(&repository, "Check Files").unwrap();
    assert_eq!((version.number, content(&repository, &script, 2).unwrap()), (3, b"two".to_vec()));
    let error = find_version(&repository, "Check Files@7").unwrap_err().to_string();
    assert_eq!(error, "script `Check Files` has no version 7; it has 1, 2 and 3");
    let error = find(&repository, "Check File").unwrap_err().to_string();
    assert_eq!(error, "no script `Check File`; did you mean `Check Files`?");
}

#[test]
fn what_contradicts_stops_and_names_both_until_it_is_reset() {
    let sandbox = Sandbox::new();
    store(&sandbox, &incoming("PowerShell", &[(1, "one"), (2, "two")]), false).unwrap();
    let other = incoming("Python", &[(2, "zwei"), (3, "drei")]);
    let error = store(&sandbox, &other, false).unwrap_err();
    assert_eq!(
        error,
        "script `Check Files` is stored for `PowerShell`, but `DEV` has it for `Python`; version 2 of \
         script `Check Files` in `scripts/Check Files/2.ps1` is not what `DEV` has under that number; \
         nothing was committed"
    );
    assert_eq!(
        store(&sandbox, &other, true).unwrap(),
        "new version 3; replaces version 2; removes version 1; runner PowerShell becomes Python"
    );
    assert!(!sandbox.path("scripts/Check Files/1.ps1").exists());
    assert!(!sandbox.path("scripts/Check Files/2.ps1").exists());
    assert_eq!(sandbox.read("scripts/Check Files/2.py"), "zwei");
    let numbers: Vec<i64> =
        all(&sandbox.repository()).unwrap()[0].file.versions.iter().map(|v| v.number).collect();
    assert_eq!(numbers, [2, 3]);
}

#[test]
fn names_that_differ_in_case_only_are_refused() {
    let sandbox = Sandbox::new();
    store(&sandbox, &incoming("Bash", &[(1, "one")]), false).unwrap();
    let other = Incoming { name: "CHECK files".to_owned(), ..incoming("Bash", &[(1, "one")]) };
    assert!(store(&sandbox, &other, false).unwrap_err().contains("differs only in case from `Check Files`"));
}

#[test]
fn definitions_carry_scripts() {
    let value = serde_json::json!({
        "scheduleList": [{ "name": "S" }],
        "scriptList": [{
            "data": { "name": "Clean", "description": "" },
            "type": { "name": "Bash", "fileExtension": ".bash" },
            "versionList": [
                { "version": "2", "content": "echo 2", "message": "Second", "author": "ann" },
                { "version": 3 },
            ],
        }],
    });
    let scripts = in_definition(&Definition::from_value(value).unwrap(), "`f`");
    assert_eq!((scripts[0].name.as_str(), scripts[0].runner.as_str()), ("Clean", "Bash"));
    let numbers: Vec<i64> = scripts[0].versions.iter().map(|version| version.entry.number).collect();
    assert_eq!(numbers, [2], "a version without its text is not one");
    assert_eq!(extension_of("Bash", scripts[0].extension.as_deref()), "bash");
    for (runner, given, expected) in [
        ("Bash 5", None, "sh"),
        ("X", Some("../y"), "txt"),
        ("SQL", Some(""), "sql"),
        ("PowerShell 7", None, "ps1"),
    ] {
        assert_eq!(extension_of(runner, given), expected);
    }
}

#[test]
fn one_request_names_a_script_once() {
    let sandbox = Sandbox::new();
    let (first, second) = (incoming("Bash", &[(1, "one")]), incoming("Bash", &[(2, "two")]));
    let in_capitals = Incoming { name: "CHECK FILES".to_owned(), ..second.clone() };
    let options = CommitOptions { destination: Destination::Head, message: None, push: false };
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    for (other, message) in [
        (second, "script `Check Files` stands twice in `DEV`; nothing was committed"),
        (
            in_capitals,
            "the name of script `CHECK FILES` differs only in case from `Check Files`; one of them would be lost on Windows and macOS",
        ),
    ] {
        let both = [first.clone(), other];
        let done = import(&sandbox.repository(), &both, false, &options, &[], &|_| {}, &|| {});
        assert_eq!(done.unwrap_err().to_string(), message);
    }
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), head);
}
