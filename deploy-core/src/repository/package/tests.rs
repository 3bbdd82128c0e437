//! Packages in a real repository.

use super::change::{Action, Changed, CommitOptions, change};
use super::{Package, PackageError, versions, words};
use crate::repository::change::Destination;
use crate::repository::history::History;
use crate::repository::layout::Kind;
use crate::repository::resolve::{ResolveError, resolve};
use crate::repository::testing::Sandbox;

fn texts(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn on(sandbox: &Sandbox, branch: Option<&str>, name: &str, action: Action) -> Result<Changed, PackageError> {
    let destination = branch.map_or(Destination::Head, |branch| Destination::Branch(branch.to_owned()));
    let options = CommitOptions { destination, message: None, push: false };
    change(&sandbox.repository(), name, &action, &options, &|| {})
}

fn create(schedules: &[&str]) -> Action {
    Action::Create { description: "d".into(), schedules: texts(schedules), rules: vec![] }
}

fn add(schedules: &[&str]) -> Action {
    Action::Add { schedules: texts(schedules), rules: vec![] }
}

fn update(schedules: &[&str]) -> Action {
    Action::Update { schedules: texts(schedules) }
}

fn stored(sandbox: &Sandbox, name: &str) -> Package {
    let path = format!("packages/{name}.toml");
    Package::read(&path, sandbox.read(&path).as_bytes()).unwrap()
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit_schedule("Payroll", "01:00");
    sandbox.commit_schedule("Payroll", "02:00");
    sandbox.commit_schedule("Ledger", "03:00");
    sandbox
}

#[test]
fn pins_hold_version_commit_and_blob() {
    let sandbox = sandbox();
    let made = on(&sandbox, None, "FIN", create(&["Payroll", "Ledger@1"])).unwrap();
    assert_eq!((made.number, made.on_main, made.what.as_str()), (1, true, "new: 2 schedules"));
    let package = stored(&sandbox, "FIN");
    let pin = package.pin("Payroll").unwrap();
    assert_eq!(pin.version, Some(2));
    assert_eq!(pin.commit.as_deref(), Some(sandbox.git(&["rev-parse", "HEAD~2"]).as_str()));
    assert_eq!(pin.blob, sandbox.git(&["rev-parse", "HEAD:schedules/Payroll.json"]));
    assert_eq!(
        sandbox.git(&["log", "-1", "--format=%B"]).trim_end(),
        "Create package FIN: new: 2 schedules\n\nPackage: FIN | new: 2 schedules"
    );
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn an_update_commits_only_what_moved() {
    let sandbox = sandbox();
    on(&sandbox, None, "FIN", create(&["Payroll@1", "Ledger"])).unwrap();
    sandbox.commit_schedule("Ledger", "04:00");
    let one = on(&sandbox, None, "FIN", update(&["Ledger"])).unwrap();
    assert_eq!((one.what.as_str(), one.number), ("moved Ledger 1 → 2", 2));
    assert_eq!(stored(&sandbox, "FIN").pin("Payroll").unwrap().version, Some(1));
    let all = on(&sandbox, None, "FIN", update(&[])).unwrap();
    assert_eq!(all.moved.len(), 1);
    assert_eq!((all.moved[0].from.as_deref(), all.moved[0].to.as_deref()), (Some("1"), Some("2")));
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let none = on(&sandbox, None, "FIN", update(&[])).unwrap();
    assert!(none.committed.is_none() && none.what.is_empty());
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), head);
}

#[test]
fn a_deleted_schedule_is_told_and_its_pin_stays() {
    let sandbox = sandbox();
    on(&sandbox, None, "FIN", create(&["Payroll@1", "Ledger"])).unwrap();
    sandbox.git(&["rm", "--quiet", "schedules/Ledger.json"]);
    sandbox.commit("away");
    let changed = on(&sandbox, None, "FIN", update(&[])).unwrap();
    assert_eq!(changed.gone, ["Ledger"]);
    assert_eq!(changed.what, "moved Payroll 1 → 2");
    assert!(stored(&sandbox, "FIN").pin("Ledger").is_some());
}

#[test]
fn off_main_a_pin_holds_the_blob_only() {
    let sandbox = sandbox();
    sandbox.git(&["switch", "--quiet", "-c", "work"]);
    sandbox.commit_schedule("New", "05:00");
    let made = on(&sandbox, None, "FIN", create(&["New", "Payroll@1"])).unwrap();
    assert!(!made.on_main);
    for pin in &stored(&sandbox, "FIN").schedules {
        assert_eq!((pin.version, pin.commit.as_deref()), (None, None));
    }
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.git(&["merge", "--quiet", "--no-ff", "-m", "merge", "work"]);
    let updated = on(&sandbox, None, "FIN", update(&[])).unwrap();
    assert_eq!(updated.moved.len(), 2);
    assert_eq!(stored(&sandbox, "FIN").pin("New").unwrap().version, Some(1));
    // Another branch, without leaving main.
    let made = on(&sandbox, Some("other"), "OPS", create(&["Ledger"])).unwrap();
    assert!(made.committed.is_some() && !sandbox.path("packages/OPS.toml").exists());
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let sandbox = sandbox();
    on(&sandbox, None, "FIN", create(&["Payroll"])).unwrap();
    let rules = Action::Add { schedules: vec![], rules: texts(&["to-qa"]) };
    let cases = [
        ("FIN", create(&[]), "package `FIN` exists already"),
        (
            "Fin",
            create(&[]),
            "its name differs only in case from package `FIN`; one of them would be lost on Windows and macOS",
        ),
        (
            "OPS",
            create(&["Payroll"]),
            "schedule `Payroll` is in package `FIN` already; a schedule belongs to one package",
        ),
        ("FIM", update(&[]), "no package `FIM` on `main`; did you mean `FIN`?"),
        ("FIN", add(&["Legder"]), "no schedule `Legder`; did you mean `Ledger`?"),
        ("FIN", add(&["Ledger@4"]), "schedule `Ledger` has no version 4; its latest is 1"),
        ("FIN", rules, "no rule `to-qa`"),
        ("FIN", update(&["Ledger"]), "schedule `Ledger` is not in package `FIN`"),
        ("FIN", Action::Rename { to: "FIN".into() }, "package `FIN` exists already"),
        ("", create(&[]), "a name cannot be empty"),
    ];
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    for (name, action, message) in cases {
        assert_eq!(on(&sandbox, None, name, action).unwrap_err().to_string(), message);
    }
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), head);
}

#[test]
fn a_renamed_package_answers_to_both_names() {
    let sandbox = sandbox();
    on(&sandbox, None, "FIN", create(&["Payroll"])).unwrap();
    on(&sandbox, None, "FIN", add(&["Ledger"])).unwrap();
    let renamed = on(&sandbox, None, "FIN", Action::Rename { to: "FINANCE".into() }).unwrap();
    assert_eq!((renamed.number, renamed.what.as_str()), (3, "renamed from FIN"));
    assert!(!sandbox.path("packages/FIN.toml").exists());
    assert_eq!(stored(&sandbox, "FINANCE").formerly, ["FIN"]);
    let repository = sandbox.repository();
    let history = History::load(&repository).unwrap();
    let found = |text: &str| resolve(&repository, &history, Kind::Package, text);
    assert_eq!(found("FINANCE").unwrap().number, Some(3));
    assert_eq!(found("FINANCE@1").unwrap().blob, found("FIN@1").unwrap().blob);
    assert!(matches!(found("FIN"), Err(ResolveError::Deleted { .. })));
    let all = versions(&repository, &history, "FINANCE");
    let told: Vec<String> = (0..all.len())
        .map(|at| {
            let before = at.checked_sub(1).map(|before| &all[before]);
            words::of_version(&repository, "FINANCE", before, &all[at]).unwrap()
        })
        .collect();
    assert_eq!(told, ["new: 1 schedule", "added Ledger@1", "renamed from FIN"]);
    let error = on(&sandbox, None, "FIN", update(&[])).unwrap_err();
    assert_eq!(error.to_string(), "no package `FIN` on `main`; did you mean `FINANCE`?");
    let moved = on(&sandbox, None, "FINANCE", Action::Rename { to: "FIN/EU".into() }).unwrap();
    let message = sandbox.git(&["log", "-1", "--format=%B", &moved.committed.unwrap().commit.to_string()]);
    assert!(message.contains("Package: FINANCE | renamed to FIN/EU\n"), "{message}");
}

#[test]
fn comments_of_people_survive_and_hand_made_changes_are_told() {
    let sandbox = sandbox();
    on(&sandbox, None, "FIN", create(&["Payroll@1"])).unwrap();
    let text = format!("# ask Ann first\n{}", sandbox.read("packages/FIN.toml").replace("\"d\"", "\"e\""));
    sandbox.write("packages/FIN.toml", &text);
    assert!(
        matches!(on(&sandbox, None, "FIN", update(&[])), Err(PackageError::Commit(_))),
        "not committed yet"
    );
    sandbox.commit("by hand");
    on(&sandbox, None, "FIN", update(&[])).unwrap();
    assert!(sandbox.read("packages/FIN.toml").starts_with("# ask Ann first\n"));
    let repository = sandbox.repository();
    let all = versions(&repository, &History::load(&repository).unwrap(), "FIN");
    assert_eq!(words::of_version(&repository, "FIN", Some(&all[0]), &all[1]).unwrap(), "description");
}

#[test]
fn a_package_is_deleted_with_its_file() {
    let sandbox = sandbox();
    on(&sandbox, None, "FIN", create(&["Payroll"])).unwrap();
    let deleted = on(&sandbox, None, "FIN", Action::Delete).unwrap();
    assert_eq!(deleted.what, "deleted");
    assert!(!sandbox.path("packages/FIN.toml").exists());
    on(&sandbox, None, "OPS", create(&["Payroll"])).unwrap();
    let rules = Action::Remove { schedules: texts(&["Payroll"]), rules: vec![] };
    assert_eq!(on(&sandbox, None, "OPS", rules).unwrap().what, "removed Payroll");
}
