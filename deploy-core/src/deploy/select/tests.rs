//! Selecting in a real repository.

use super::*;
use crate::repository::Repository;
use crate::repository::history::History;
use crate::repository::records::{Person, Records};
use crate::repository::servers::{self, Server};
use crate::repository::testing::Sandbox;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, kind) in [("QA", ServerType::Test), ("PROD", ServerType::Production)] {
        sandbox.write(&servers::path(name), Server::new(kind, "opcon", "c").to_text().unwrap());
    }
    sandbox.commit_schedule("Payroll", "01:00");
    sandbox.commit_schedule("Payroll", "02:00");
    sandbox.commit_schedule("Payments", "03:00");
    sandbox
}

/// What differs between the cases.
struct Case<'c> {
    what: &'c [&'c str],
    server: &'c str,
    reference: Option<&'c str>,
    trying: bool,
    must_be_pushed: bool,
    administrator: bool,
}

const QA: Case<'_> = Case {
    what: &[],
    server: "QA",
    reference: None,
    trying: false,
    must_be_pushed: true,
    administrator: false,
};

fn on(repository: &Repository, case: &Case<'_>) -> Result<Selection, SelectError> {
    let history = History::load(repository).unwrap();
    let records = Records::at(repository, None);
    let context = Context {
        repository,
        history: &history,
        records: &records,
        settings: repository.settings_of_main().unwrap(),
        person: Person { name: "Ann".into(), email: "ann@example.org".into(), opcon_user: None, role: None },
        server: servers::find(repository, case.server).unwrap(),
        trying: case.trying,
        must_be_pushed: case.must_be_pushed,
        may_deploy_packaged: case.administrator,
        now: "2026-11-20T06:00:00+00:00".parse().unwrap(),
    };
    let order = Order {
        what: case.what.iter().map(|what| (*what).to_owned()).collect(),
        server: case.server.to_owned(),
        reference: case.reference.map(str::to_owned),
        ..Order::default()
    };
    select(&context, &order)
}

/// The names with their versions, and the remarks.
fn told(sandbox: &Sandbox, case: &Case<'_>) -> String {
    match on(&sandbox.repository(), case) {
        Err(error) => error.to_string(),
        Ok(selection) => {
            let version = |item: &Selected| {
                let version = item.source.version.map(|version| version.to_string());
                format!("{}@{}", item.name, version.unwrap_or_else(|| "-".to_owned()))
            };
            let items = selection.items.iter().map(version);
            let remarks = selection.remarks.iter().map(|remark| {
                let schedule = remark.schedule.as_deref().unwrap_or_default();
                format!("({schedule}: {})", remark.text)
            });
            items.chain(remarks).collect::<Vec<_>>().join(" ")
        }
    }
}

#[test]
fn names_versions_and_patterns() {
    let sandbox = sandbox();
    let cases: &[(&[&str], &str)] = &[
        (&["Payroll"], "Payroll@2"),
        (&["Payroll@1"], "Payroll@1"),
        (&["pay*"], "Payments@1 Payroll@2"),
        (&["Pay*", "Payroll"], "Payments@1 Payroll@2"),
        (&["Pay*", "Payroll@1"], "schedule `Payroll` is named twice"),
        (&["Payroll", "Payroll@2"], "schedule `Payroll` is named twice"),
        (&["X*"], "no schedule fits `X*`"),
        (&["package:*"], "no package fits `*`"),
        (&["Payrol"], "no schedule `Payrol`; did you mean `Payroll`?"),
        (&["Payroll@7"], "schedule `Payroll` has no version 7; its latest is 2"),
        (&[], "nothing to deploy was named"),
    ];
    for (what, expected) in cases {
        assert_eq!(told(&sandbox, &Case { what, ..QA }), *expected, "{what:?}");
    }
    std::fs::remove_file(sandbox.path("schedules/Payments.json")).unwrap();
    sandbox.commit("gone");
    let deleted = "version 2 of schedule `Payments` is its deletion: there is no content";
    assert_eq!(told(&sandbox, &Case { what: &["Payments"], ..QA }), deleted);
    assert_eq!(told(&sandbox, &Case { what: &["Pay*"], ..QA }), "Payroll@2");
}

fn package(sandbox: &Sandbox, name: &str, pins: &[(&str, Option<usize>, &str)]) {
    let pins = pins.iter().map(|(schedule, version, blob)| {
        let version = version.map(|version| format!("version = {version}\n")).unwrap_or_default();
        format!("[[schedule]]\nname = \"{schedule}\"\n{version}blob = \"{blob}\"\n")
    });
    let text: String = pins.collect();
    sandbox.write(&format!("packages/{name}.toml"), format!("rules = [\"to-qa\"]\n{text}"));
    sandbox.commit(name);
}

#[test]
fn packages_bring_what_they_pin_and_keep_it() {
    let sandbox = sandbox();
    let blob = |rev: &str, name: &str| sandbox.git(&["rev-parse", &format!("{rev}:schedules/{name}.json")]);
    let (old, new) = (blob("HEAD~2", "Payroll"), blob("HEAD", "Payments"));
    package(&sandbox, "FIN", &[("Payroll", Some(1), &old), ("Payments", None, &new)]);
    let found = on(&sandbox.repository(), &Case { what: &["package:FIN"], ..QA }).unwrap();
    let package_found = found.package.as_ref().unwrap();
    assert_eq!((package_found.name.as_str(), package_found.source.version), ("FIN", Some(1)));
    assert_eq!(package_found.rules, ["to-qa"]);
    let versions: Vec<_> = found.items.iter().map(|item| item.source.version).collect();
    assert_eq!(versions, [Some(1), Some(1)]);

    let alone = "schedule `Payroll` belongs to package `FIN` and is not deployed alone";
    let case = Case { what: &["Payroll"], ..QA };
    assert_eq!(told(&sandbox, &case), alone);
    assert_eq!(
        told(&sandbox, &Case { administrator: true, ..case }),
        "Payroll@2 (Payroll: deployed alone, although it belongs to package `FIN`)"
    );
    assert_eq!(
        told(&sandbox, &Case { what: &["Payroll"], trying: true, ..QA }),
        format!("Payroll@2 (Payroll: a deployment will be refused: {alone})")
    );
    let more = "package `FIN` is deployed as a whole and by itself: `Payroll` takes a deployment of its own";
    assert_eq!(told(&sandbox, &Case { what: &["package:FIN", "Payroll"], ..QA }), more);
    assert_eq!(told(&sandbox, &Case { what: &["Payroll", "package:FIN"], ..QA }), more);

    package(&sandbox, "GONE", &[("Lost", Some(1), &"12".repeat(20))]);
    package(&sandbox, "NONE", &[]);
    let cases = [
        (
            "package:GONE",
            format!("package `GONE` pins `Lost` to the content `{}`, which is not here", "12".repeat(20)),
        ),
        ("package:NONE", "package `NONE` holds no schedule".to_owned()),
        ("package:*N*", "`FIN` and `GONE` are two packages: deploy each by itself".to_owned()),
        ("package:FIN@2", "package `FIN` has no version 2; its latest is 1".to_owned()),
    ];
    for (what, expected) in cases {
        assert_eq!(told(&sandbox, &Case { what: &[what], ..QA }), expected);
    }
    let two = Case { what: &["package:FIN", "package:GONE"], ..QA };
    assert_eq!(told(&sandbox, &two), "`FIN` and `GONE` are two packages: deploy each by itself");
}

#[test]
fn production_takes_main_only() {
    let sandbox = sandbox();
    sandbox.git(&["switch", "--quiet", "-c", "release/1"]);
    sandbox.commit_schedule("Payroll", "09:00");
    sandbox.git(&["switch", "--quiet", "main"]);
    let prod = |what, reference| Case { what, reference, server: "PROD", ..QA };
    let refused = "`release/1` is not on `main`, and `PROD` (Production) takes nothing else";
    assert_eq!(told(&sandbox, &prod(&["Payroll"], Some("release/1"))), refused);
    let at_ref = prod(&["Payroll@release/1"], None);
    assert!(told(&sandbox, &at_ref).contains("is not on `main`"), "{}", told(&sandbox, &at_ref));
    assert_eq!(told(&sandbox, &prod(&["Payroll"], Some("HEAD~1"))), "Payroll@2");
    assert_eq!(told(&sandbox, &Case { what: &["Payroll"], reference: Some("release/1"), ..QA }), "Payroll@-");
    let trying = Case { trying: true, ..prod(&["Payroll"], Some("release/1")) };
    assert!(told(&sandbox, &trying).starts_with("Payroll@- (: a deployment will be refused: `release/1`"));

    sandbox.write("deploy.toml", "[deploy]\nproduction_refs = [\"release/*\"]\n");
    sandbox.commit("releases");
    assert_eq!(told(&sandbox, &prod(&["Payroll"], Some("release/1"))), "Payroll@-");
    assert_eq!(told(&sandbox, &prod(&["Payroll@release/1"], None)), "Payroll@-");
}

#[test]
fn content_must_be_on_the_remote() {
    let sandbox = sandbox();
    let remote = sandbox.path("remote.git").display().to_string();
    sandbox.write(".git/info/exclude", "remote.git\n");
    sandbox.git(&["init", "--quiet", "--bare", &remote]);
    sandbox.git(&["remote", "add", "origin", &remote]);
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    assert_eq!(told(&sandbox, &Case { what: &["Payroll"], ..QA }), "Payroll@2");
    sandbox.commit_schedule("Payroll", "05:00");
    let refused = "version 3 of schedule `Payroll` is not on the remote `origin` yet";
    assert_eq!(told(&sandbox, &Case { what: &["Payroll"], ..QA }), refused);
    assert_eq!(told(&sandbox, &Case { what: &["Payments"], ..QA }), "Payments@1");
    assert_eq!(told(&sandbox, &Case { what: &["Payroll"], must_be_pushed: false, ..QA }), "Payroll@3");
    sandbox.git(&["branch", "side"]);
    let side = Case { what: &["Payroll"], reference: Some("side"), ..QA };
    assert_eq!(told(&sandbox, &side), "`side` is not on the remote `origin` yet");
    sandbox.git(&["push", "--quiet", "origin", "side"]);
    assert_eq!(told(&sandbox, &side), "Payroll@3");
}

#[test]
fn whoever_tries_sees_the_work_tree() {
    let sandbox = sandbox();
    let stored = sandbox.read("schedules/Payroll.json");
    sandbox.write("schedules/Payroll.json", stored.replace("02:00", "07:00"));
    sandbox.write("schedules/New.json", stored.replace("Payroll", "New"));
    assert_eq!(told(&sandbox, &Case { what: &["Payroll"], ..QA }), "Payroll@2");
    let trying = Case { trying: true, ..QA };
    assert_eq!(
        told(&sandbox, &Case { what: &["Payroll", "New"], ..trying }),
        "New@- Payroll@- (New: taken from the work tree; no version of it is on main) \
         (Payroll: taken from the work tree, which differs from the latest version)"
    );
    assert_eq!(told(&sandbox, &Case { what: &["Payroll@2"], ..trying }), "Payroll@2");
    assert_eq!(told(&sandbox, &Case { what: &["New"], ..QA }), "no schedule `New`");
    sandbox.write("schedules/Payroll.json", stored.replace('\n', "\r\n"));
    assert_eq!(told(&sandbox, &Case { what: &["Payroll"], ..trying }), "Payroll@2");
}
