use super::{FindingKind, Report, verify};
use crate::repository::records::log::testing::{BRANCH, definition};
use crate::repository::records::testing::{deployment, ended, pin};
use crate::repository::records::{
    Action, Block, Digest, Entry, Kind, PackageRef, Person, Phase, Place, Record, RecordId, Source, Standing,
    Status,
};
use crate::repository::testing::Sandbox;

const PEOPLE: &str = r#"
[[user]]
name = "Ann Ops"
emails = ["ann@corp.example"]
role = "All"

[[user]]
name = "Bob"
emails = ["bob@corp.example"]
role = "Development"

[[user]]
name = "Zoe"
emails = ["zoe@corp.example", "ann@example.org"]
role = "Administration"
"#;

const BOB: (&str, &str) = ("Bob", "bob@corp.example");

/// People, servers and a schedule on main.
fn world() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("users.toml", PEOPLE);
    for (name, kind) in [("PROD", "Production"), ("DEV", "Development")] {
        let text = format!("type = \"{kind}\"\naddress = \"host\"\ncredential = \"c\"\n");
        sandbox.write(&format!("servers/{name}.toml"), text);
    }
    sandbox.commit_schedule("Payroll", "06:00");
    sandbox
}

/// A deployment by Ann that could begin now.
fn record(sandbox: &Sandbox, server: &str) -> Record {
    Record {
        settings: Some(sandbox.git(&["rev-parse", "main"])),
        user: person("Ann Ops", "ann@corp.example", "All"),
        source: Source {
            version: Some(1),
            commit: Some(sandbox.git(&["log", "-1", "--format=%H", "main", "--", "schedules"])),
            blob: Some(sandbox.git(&["rev-parse", "main:schedules/Payroll.json"])),
        },
        planned: Some(Digest::of(planned().as_bytes())),
        ..deployment(server, "Payroll")
    }
}

fn person(name: &str, email: &str, role: &str) -> Person {
    Person { name: name.into(), email: email.into(), opcon_user: None, role: Some(role.into()) }
}

fn planned() -> String {
    definition("Payroll", "planned")
}

fn deployed() -> String {
    definition("Payroll", "deployed")
}

fn begin(record: &Record) -> Entry {
    let found = record.found.as_ref().map(|_| deployed());
    let entry =
        Entry::begin(record, Some(planned().as_bytes()), found.as_ref().map(|found| found.as_bytes()), None);
    Entry { expects: Vec::new(), ..entry }
}

fn done(record: &Record) -> Record {
    Record { deployed: Some(Digest::of(deployed().as_bytes())), ..ended(record, Status::Active) }
}

/// A deployment from its beginning to its end.
fn deploy(sandbox: &Sandbox, begun: &Record, previous: Option<&Record>) -> Record {
    sandbox.tell(0, begin(begun));
    let done = done(begun);
    sandbox.tell(60, Entry::activate(&done, deployed().as_bytes(), previous));
    done
}

fn report(sandbox: &Sandbox) -> Report {
    verify(&sandbox.repository(), false, &|_, _| {}).unwrap()
}

/// `kind: message` of everything that is found.
fn found(sandbox: &Sandbox) -> Vec<String> {
    let findings = report(sandbox).findings;
    findings.iter().map(|finding| format!("{}: {}", finding.kind.as_str(), finding.message)).collect()
}

#[track_caller]
fn finds(sandbox: &Sandbox, kind: FindingKind, part: &str) {
    let found = found(sandbox);
    let expected = format!("{}: ", kind.as_str());
    assert!(
        found.iter().any(|line| line.starts_with(&expected) && line.contains(part)),
        "{part}\n{found:#?}"
    );
}

/// Files of the branch changed by hand, with any blocks.
fn tamper(sandbox: &Sandbox, blocks: &[Block], edits: &[(String, Option<&str>)]) {
    let mut message = "By hand\n\n".to_owned();
    blocks.iter().for_each(|block| block.write_to(&mut message));
    let edits = edits.iter().map(|(path, text)| (path.clone(), text.map(|text| text.as_bytes().to_vec())));
    sandbox.tell_so(90, &message, edits.collect());
}

#[test]
fn what_the_program_writes_is_sound() {
    let sandbox = world();
    assert_eq!(report(&sandbox).tip, None);
    let first = deploy(&sandbox, &record(&sandbox, "PROD"), None);
    let seen = Standing { record: first.clone(), deployed: None, entry: git2::Oid::ZERO_SHA1 };
    let found = Some(Digest::of(deployed().as_bytes()));
    let previous = Some(seen.record.id);
    let failed = Record { found: found.clone(), previous, ..record(&sandbox, "PROD") };
    sandbox.tell(100, begin(&failed));
    let open = Record { phase: Phase::Inserted, ..failed.clone() };
    sandbox.tell(110, Entry::progress(&open));
    let reason = Some("no machine\nSRV9".to_owned());
    sandbox.tell(120, Entry::ended(&Record { reason, ..ended(&open, Status::Failed) }));
    let second = deploy(
        &sandbox,
        &Record { found: found.clone(), previous, ..record(&sandbox, "PROD") },
        Some(&first),
    );
    // A rollback: it pins what it takes away; a later deployment lifts that.
    let back = Record {
        action: Action::Rollback,
        undoes: Some(second.id),
        found,
        previous: Some(second.id),
        ..record(&sandbox, "PROD")
    };
    sandbox.tell(200, begin(&back));
    let rolled = Record { status: Status::Rolledback, ..second };
    let entry = Entry::activate(&done(&back), deployed().as_bytes(), Some(&rolled));
    let made = pin(&back);
    sandbox.tell(210, entry.and(Entry::pin("PROD", "Payroll", &made)));
    let next = Record { found: done(&back).deployed, ..record(&sandbox, "PROD") };
    sandbox.tell(220, begin(&next));
    let entry = Entry::activate(&done(&next), deployed().as_bytes(), Some(&done(&back)));
    sandbox.tell(230, entry.and(Entry::unpin("PROD", "Payroll", &made, &next.user)));
    // Deleted; adopted again; a script.
    let delete = Record {
        action: Action::Delete,
        planned: None,
        found: done(&next).deployed,
        ..record(&sandbox, "PROD")
    };
    let entry = Entry::begin(&delete, None, Some(deployed().as_bytes()), None);
    sandbox.tell(300, entry);
    let gone = Record { status: Status::Deleted, ..done(&next) };
    sandbox.tell(310, Entry::removed(&ended(&delete, Status::Deleted), Some(&gone)));
    let adopted = Record { action: Action::Adopt, planned: None, ..done(&record(&sandbox, "PROD")) };
    sandbox.tell(320, Entry::adopt(&adopted, deployed().as_bytes()));
    let script =
        Record { kind: Kind::Script, name: "Check".into(), planned: None, ..record(&sandbox, "PROD") };
    let entry = Entry::begin(&script, None, None, None);
    sandbox.tell(330, entry);
    sandbox.tell(340, Entry::script(&ended(&script, Status::Deployed)));
    let report = report(&sandbox);
    assert_eq!(report.findings, []);
    assert_eq!((report.records, report.commits, report.unproven.unsigned), (8, 16, 17));
    assert_eq!((report.unproven.unfinished, report.unproven.without_roles, report.signed), (0, 0, 0));
}

#[test]
fn a_package_and_its_schedules_name_each_other() {
    let sandbox = world();
    let id = RecordId::new();
    let of = |record: RecordId| Some(PackageRef { name: "FIN".into(), version: Some(1), record });
    let member = Record { package: of(id), ..record(&sandbox, "PROD") };
    let package = Record {
        id,
        kind: Kind::Package,
        name: "FIN".into(),
        planned: None,
        members: vec![member.id],
        ..record(&sandbox, "PROD")
    };
    sandbox.tell(0, Entry::begin(&package, None, None, None).and(begin(&member)));
    let both = |package: &Record, member: &Record| {
        Entry::package(package).and(Entry::activate(member, deployed().as_bytes(), None))
    };
    sandbox.tell(60, both(&ended(&package, Status::Active), &done(&member)));
    assert_eq!(found(&sandbox), [""; 0]);
    let other = Record { package: of(RecordId::new()), ..record(&sandbox, "DEV") };
    sandbox.tell(100, begin(&other));
    finds(&sandbox, FindingKind::Missing, "it names the record");
}

#[test]
fn a_record_that_is_rewritten_or_dropped_is_found() {
    let place = Place::Active("PROD", "Payroll");
    let cases: [(&str, FindingKind, &str); 7] = [
        ("rewritten", FindingKind::Untold, "was rewritten in its place"),
        ("deployed", FindingKind::Untold, "changed, and its record did not"),
        ("removed", FindingKind::Untold, "stands there no more, and no block says so"),
        ("half", FindingKind::Untold, "what was deployed is left"),
        ("strange", FindingKind::Untold, "`notes.txt`, which no record has"),
        ("garbage", FindingKind::Damaged, "cannot be read"),
        ("nothing", FindingKind::Untold, "it does nothing"),
    ];
    for (case, kind, part) in cases {
        let sandbox = world();
        let active = deploy(&sandbox, &record(&sandbox, "PROD"), None);
        let mut other = active.clone();
        other.user = person("Bob", "bob@corp.example", "All");
        let other = toml::to_string(&other).unwrap();
        let (record, definition) = (place.file("record.toml"), place.file("deployed.json"));
        match case {
            "rewritten" => tamper(&sandbox, &[], &[(record, Some(&other))]),
            "deployed" => tamper(&sandbox, &[], &[(definition, Some("{}"))]),
            "removed" => tamper(&sandbox, &[], &[(record, None), (definition, None)]),
            "half" => tamper(&sandbox, &[], &[(record, None)]),
            "nothing" => tamper(&sandbox, &[], &[]),
            "strange" => tamper(&sandbox, &[], &[("notes.txt".to_owned(), Some("x"))]),
            _ => tamper(&sandbox, &[], &[(record, Some("id = 1"))]),
        }
        finds(&sandbox, kind, part);
    }
}

#[test]
fn blocks_and_files_must_say_the_same() {
    let sandbox = world();
    let begun = record(&sandbox, "PROD");
    let mut entry = begin(&begun);
    entry.blocks.clear();
    sandbox.tell(0, entry);
    finds(&sandbox, FindingKind::Untold, "no block tells of it");

    let sandbox = world();
    let mut entry = begin(&begun);
    entry.blocks = vec![Block::of(&Record { server: "DEV".into(), ..begun.clone() })];
    sandbox.tell(0, entry);
    finds(&sandbox, FindingKind::Untold, "the block does not say what the record says: `Server`");

    let sandbox = world();
    tamper(&sandbox, &[Block::of(&begun)], &[]);
    finds(&sandbox, FindingKind::NotDone, "the commit does nothing to it");

    // Its end is dropped: the folder of the operation goes without a word.
    let sandbox = world();
    sandbox.tell(0, begin(&begun));
    tamper(&sandbox, &[], &[(Place::Open(begun.id).path(), None)]);
    finds(&sandbox, FindingKind::Untold, "no block says how it ended");

    // It is said to have gone well, and nothing stands there.
    let sandbox = world();
    sandbox.tell(0, begin(&begun));
    tamper(&sandbox, &[Block::of(&done(&begun))], &[(Place::Open(begun.id).path(), None)]);
    finds(&sandbox, FindingKind::NotDone, "nothing of that is there");

    let sandbox = world();
    deploy(&sandbox, &begun, None);
    tamper(&sandbox, &[Block::status(&Record { status: Status::Inactive, ..begun.clone() })], &[]);
    finds(&sandbox, FindingKind::NotDone, "stands where it stood");
}

#[test]
fn an_operation_begins_and_ends_once() {
    let sandbox = world();
    let begun = record(&sandbox, "PROD");
    let entry = Entry::activate(&done(&begun), deployed().as_bytes(), None);
    sandbox.tell(0, Entry { edits: entry.edits[1..].to_vec(), ..entry });
    finds(&sandbox, FindingKind::Step, "it stands there without having begun");

    let sandbox = world();
    deploy(&sandbox, &begun, None);
    sandbox.tell(100, begin(&begun));
    finds(&sandbox, FindingKind::Step, "it cannot begin as Deploying, Begun");

    let sandbox = world();
    sandbox.tell(0, begin(&begun));
    let other = Record { source: Source::default(), ..done(&begun) };
    sandbox.tell(60, Entry::activate(&other, deployed().as_bytes(), None));
    finds(&sandbox, FindingKind::Untold, "it is not the operation that began");
}

#[test]
fn content_must_have_its_hash() {
    let sandbox = world();
    let begun = record(&sandbox, "PROD");
    sandbox.tell(0, Entry::begin(&begun, Some(b"{}"), None, None));
    finds(&sandbox, FindingKind::Hash, "planned.json does not have the hash");

    let sandbox = world();
    sandbox.tell(0, begin(&begun));
    sandbox.tell(60, Entry::activate(&done(&begun), b"{}", None));
    finds(&sandbox, FindingKind::Hash, "deployed.json does not have the hash");

    let sandbox = world();
    sandbox.tell(0, Entry::begin(&begun, None, None, None));
    finds(&sandbox, FindingKind::Hash, "planned.json is not there");

    let sandbox = world();
    let source = Source { blob: Some("1".repeat(40)), ..begun.source.clone() };
    sandbox.tell(0, begin(&Record { source, ..record(&sandbox, "PROD") }));
    finds(&sandbox, FindingKind::Missing, "its content (11111111) is not in this clone");

    // A blob that main never had, said to be of a commit of main.
    let sandbox = world();
    sandbox.write("elsewhere.json", planned());
    let blob = sandbox.git(&["hash-object", "-w", "elsewhere.json"]);
    let begun = record(&sandbox, "PROD");
    let source = Source { blob: Some(blob), ..begun.source.clone() };
    sandbox.tell(0, begin(&Record { source, ..begun }));
    finds(&sandbox, FindingKind::OffMain, "is in none of it");
}

#[test]
fn who_acted_must_have_been_allowed_to() {
    let bob = || person("Bob", "bob@corp.example", "Development");
    let cases: [(&str, FindingKind, &str); 6] = [
        ("too far", FindingKind::Role, "`Bob` had the role Development at"),
        ("forged role", FindingKind::Role, "it says that `Bob` had the role All; users.toml at"),
        ("stranger", FindingKind::Person, "`eve@corp.example` is nobody in users.toml at"),
        ("for another", FindingKind::Person, "`Ann Ops` is said to have done it, and `Bob` committed it"),
        ("runner", FindingKind::Role, "`Bob` ran what `Ann Ops` had asked for, without `runner`"),
        ("server", FindingKind::Missing, "says what kind of server `QA` is"),
    ];
    for (case, kind, part) in cases {
        let sandbox = world();
        let begun = record(&sandbox, "PROD");
        let (record, by) = match case {
            "too far" => (Record { user: bob(), ..begun }, BOB),
            "forged role" => (Record { user: person("Bob", "bob@corp.example", "All"), ..begun }, BOB),
            "stranger" => (Record { user: person("Eve", "eve@corp.example", "All"), ..begun }, BOB),
            "for another" => (begun, BOB),
            "runner" => (Record { runner: Some(bob()), ..begun }, BOB),
            _ => (Record { server: "QA".into(), ..begun }, ("Ann Ops", "ann@corp.example")),
        };
        let entry = begin(&record);
        let mut message = "Begin\n\n".to_owned();
        entry.blocks.iter().for_each(|block| block.write_to(&mut message));
        sandbox.tell_by(by, 0, &message, entry.edits);
        finds(&sandbox, kind, part);
    }
    let sandbox = world();
    let begun = record(&sandbox, "DEV");
    let entry = begin(&Record { user: bob(), ..begun });
    let mut message = "Begin\n\n".to_owned();
    entry.blocks.iter().for_each(|block| block.write_to(&mut message));
    sandbox.tell_by(BOB, 0, &message, entry.edits);
    assert_eq!(found(&sandbox), [""; 0]);
}

#[test]
fn settings_must_be_of_main_and_not_older_than_what_was_known() {
    let sandbox = world();
    let main = sandbox.git(&["rev-parse", "main"]);
    sandbox.git(&["switch", "--quiet", "--create", "mine"]);
    sandbox.write("users.toml", PEOPLE.replace("Development", "All"));
    let mine = sandbox.commit("Promote me");
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.tell(0, begin(&Record { settings: Some(mine), ..record(&sandbox, "PROD") }));
    finds(&sandbox, FindingKind::OffMain, "which is not on main");

    let sandbox = world();
    assert_eq!(sandbox.git(&["rev-parse", "main"]).len(), main.len());
    let before = record(&sandbox, "PROD");
    sandbox.write("users.toml", PEOPLE.replace("role = \"All\"", "role = \"Test\""));
    sandbox.commit("Ann moves on");
    let newer =
        Record { user: person("Zoe", "zoe@corp.example", "Administration"), ..record(&sandbox, "PROD") };
    let entry = begin(&newer);
    let mut message = "Begin\n\n".to_owned();
    entry.blocks.iter().for_each(|block| block.write_to(&mut message));
    sandbox.tell_by(("Zoe", "zoe@corp.example"), 0, &message, entry.edits);
    assert_eq!(found(&sandbox), [""; 0]);
    sandbox.tell(100, begin(&before));
    finds(&sandbox, FindingKind::Role, "known to the branch when it was made");
}

#[test]
fn a_schedule_of_a_package_alone_is_for_administrators() {
    let sandbox = world();
    let blob = sandbox.git(&["rev-parse", "main:schedules/Payroll.json"]);
    sandbox.write("packages/FIN.toml", format!("[[schedule]]\nname = \"Payroll\"\nblob = \"{blob}\"\n"));
    sandbox.commit("A package");
    sandbox.tell(0, begin(&record(&sandbox, "PROD")));
    finds(&sandbox, FindingKind::Role, "it belonged to package `FIN`");
}

#[test]
fn the_line_is_one_and_only_grows() {
    let sandbox = world();
    let begun = record(&sandbox, "PROD");
    let first = sandbox.tell(0, begin(&begun));
    let done = done(&begun);
    sandbox.tell(60, Entry::activate(&done, deployed().as_bytes(), None));
    let tip = sandbox.git(&["rev-parse", BRANCH]);
    sandbox.git(&["update-ref", "refs/opcon-deploy/seen/heads/deployments", &tip]);
    assert_eq!(found(&sandbox), [""; 0]);
    // The end is cut off.
    sandbox.git(&["update-ref", BRANCH, &first.to_string()]);
    finds(&sandbox, FindingKind::Rewritten, "which does not descend from that");
    sandbox.git(&["update-ref", "-d", BRANCH]);
    finds(&sandbox, FindingKind::Rewritten, "the branch was deleted");
    // Another line is merged in.
    sandbox.git(&["update-ref", BRANCH, &tip]);
    let tree = format!("{tip}^{{tree}}");
    let merge = sandbox.git(&["commit-tree", &tree, "-p", &tip, "-p", "main", "-m", "Merge"]);
    sandbox.git(&["update-ref", BRANCH, &merge]);
    finds(&sandbox, FindingKind::Merge, "it merges another line");
}

#[test]
fn people_are_changed_by_administrators() {
    let sandbox = world();
    // The identity of the test repository is one of Zoe's addresses.
    sandbox.write("users.toml", PEOPLE.replace("\"Development\"", "\"Test\""));
    sandbox.commit("By an administrator");
    assert_eq!(found(&sandbox), [""; 0]);
    sandbox.git(&["config", "user.email", "bob@corp.example"]);
    sandbox.write("users.toml", PEOPLE.replace("\"Development\"", "\"Administration\""));
    sandbox.commit("Promote me");
    finds(&sandbox, FindingKind::Role, "it changes users.toml, and is by `Bob` with the role Test");
    sandbox.git(&["config", "user.email", "eve@corp.example"]);
    sandbox.write("users.toml", PEOPLE);
    sandbox.commit("Somebody");
    finds(&sandbox, FindingKind::Person, "is by `eve@corp.example`, who is nobody there");
}

#[test]
fn commits_must_be_signed_where_main_says_so() {
    let sandbox = world();
    let text = sandbox.read("deploy.toml");
    sandbox.write("deploy.toml", format!("{text}\n[trust]\nrequire_signed = true\n"));
    sandbox.commit("Signatures");
    sandbox.tell(0, begin(&record(&sandbox, "PROD")));
    finds(&sandbox, FindingKind::Signature, "it is not signed, and deploy.toml at");
}
