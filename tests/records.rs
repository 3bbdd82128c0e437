//! Records as users see them: lists, and one record with what it knows.

use snapbox::{assert_data_eq, str};

use crate::harness::{Run, World, definition, record, record_id, starting};

fn short(number: u16) -> String {
    record_id(number).to_string()[..13].to_owned()
}

/// The last digits of the ids in a list, in its order.
#[track_caller]
pub fn numbers(run: Run) -> Vec<u16> {
    let list = run.ok().json();
    let ids =
        list["deployments"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
    ids.map(|id| u16::from_str_radix(&id[9..13], 16).unwrap()).collect()
}

#[test]
fn a_list_has_what_an_operator_asks_for() {
    let world = World::with_records();
    assert_data_eq!(
        world.central(&["deployments"]).ok().to_string(),
        str![[r#"
ID             DATE              SERVER  NAME        ORIGINAL  VERSION  TYPE      ACTION  STATUS     USER     PACKAGE    RULES       TAG    DESCRIPTION
[commit]-0006  2026-05-29 10:20  PROD    Payroll                     3  Schedule          Deploying  Ann Ops
[commit]-0005  2026-05-29 07:33  PROD    Payroll                     3  Schedule          Failed     Bob
[commit]-0004  2026-05-29 04:46  QA      Billing_QA  Billing         1  Schedule          Active     Ann Ops  FINANCE@4
[commit]-0003  2026-05-29 04:46  QA      FINANCE                     4  Package           Active     Ann Ops
[commit]-0002  2026-05-29 02:00  PROD    Payroll                     2  Schedule          Active     Ann Ops             machines@3  REL-7  Two o/'clock,/nas agreed
[commit]-0001  2026-05-28 23:13  PROD    Payroll                     1  Schedule  adopt   Inactive   Ann Ops
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["deployments", "--limit", "2", "--server", "prod"]).ok().to_string(),
        str![[r#"
ID             DATE              SERVER  NAME     VERSION  TYPE      STATUS     USER
[commit]-0006  2026-05-29 10:20  PROD    Payroll        3  Schedule  Deploying  Ann Ops
[commit]-0005  2026-05-29 07:33  PROD    Payroll        3  Schedule  Failed     Bob
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
2 of 4 records; `--all` shows all
--- exit 0

"#]]
    );
}

#[test]
fn filters_of_the_list() {
    let world = World::with_records();
    let cases: [(&[&str], &[u16]); 16] = [
        (&[], &[6, 5, 4, 3, 2, 1]),
        (&["--server", "PROD"], &[6, 5, 2, 1]),
        (&["--server", "PRO"], &[]),
        (&["--server", "?A"], &[4, 3]),
        (&["--name", "pay"], &[6, 5, 2, 1]),
        (&["--name", "Pay"], &[6, 5, 2, 1]),
        (&["--name", "B*"], &[4]),
        (&["--name", "Billing"], &[4]),
        (&["--status", "active"], &[4, 3, 2]),
        (&["--status", "Failed", "--status", "Deploying"], &[6, 5]),
        (&["--type", "package"], &[3]),
        (&["--user", "bob@"], &[5]),
        (&["--from", "2026-05-29T02:00:00Z", "--to", "2026-05-29 08:00"], &[5, 4, 3, 2]),
        (&["--from", "2026-05-29", "--to", "2026-05-29", "--limit", "2"], &[6, 5]),
        (&["--to", "2026-05-28"], &[1]),
        (&["--all", "--status", "Inactive"], &[1]),
    ];
    for (args, expected) in cases {
        let run = world.central(&[&["deployments", "--json"], args].concat());
        assert_eq!(numbers(run), expected, "{args:?}");
    }
    for args in
        [&["--status", "Gone"][..], &["--type", "job"], &["--from", "yesterday"], &["--to", "2026-02-30"]]
    {
        world.central(&[&["deployments"], args].concat()).exits(2);
    }
    assert_data_eq!(
        world.central(&["deployments", "--server", "PRO"]).ok().to_string(),
        str![[r#"
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
no record matches
--- exit 0

"#]]
    );
}

#[test]
fn json_has_all_of_it() {
    let world = World::with_records();
    let list = world.central(&["deployments", "--json", "--name", "Billing"]).ok().json();
    let one = &list["deployments"][0];
    assert_eq!(list["schema"], 1);
    let expected = serde_json::json!({
        "id": record_id(4), "name": "Billing_QA", "originalName": "Billing", "version": 1,
        "blob": format!("{:040x}", 1), "server": "QA", "type": "Schedule", "action": "deploy",
        "status": "Active", "phase": "done", "description": "", "tag": null, "rules": [],
        "package": "FINANCE@4", "user": "Ann Ops <ann@corp.example>", "runner": null,
        "role": "Administration", "begun": "2026-05-29T04:46:40+00:00",
        "changed": "2026-05-29T04:46:50+00:00", "commit": one["commit"], "transaction": null,
        "undoes": null, "reason": null, "offline": false,
    });
    assert_eq!(*one, expected);
    let shown = world.central(&["deployments", "show", &short(2), "--report", "--json"]).ok().json();
    let shown = &shown["deployments"][0];
    assert_eq!(shown["rules"][0]["blob"], "b".repeat(40));
    assert_eq!(shown["accepted"], serde_json::json!(["drift"]));
    assert_eq!(shown["difference"][0]["path"], "/scheduleList/0/startTime");
    let package = world.central(&["deployments", "show", &short(3), "--report", "--json"]).ok().json();
    assert_eq!(package["deployments"][0]["members"][0]["originalName"], "Billing");
}

#[test]
fn one_record_is_shown_with_what_it_knows() {
    let world = World::with_records();
    assert_data_eq!(
        world.central(&["deployments", "show", &short(2)]).ok().to_string(),
        str![[r#"
Payroll on PROD
  record       [record]
  what         deploy of schedule `Payroll`, version 2
  status       Active since 2026-05-29 02:01
  user         Ann Ops <ann@corp.example>, role Administration
  begun        2026-05-29 02:00
  ended        2026-05-29 02:01
  tag          REL-7
  description  Two o/'clock,/nas agreed
  accepted     drift
  rules        machines@3 (server)
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["deployments", "show", &short(2), "--report"]).ok().to_string(),
        str![[r#"
Payroll on PROD
  record       [record]
  what         deploy of schedule `Payroll`, version 2
  status       Active since 2026-05-29 02:01
  user         Ann Ops <ann@corp.example>, role Administration
  begun        2026-05-29 02:00
  ended        2026-05-29 02:01
  tag          REL-7
  description  Two o/'clock,/nas agreed
  accepted     drift
  rules        machines@3 (server, [commit])
               rules/tags.toml@1 (import, [commit])
  source       [commit]
  previous     [record]
  begun in     [commit] by Ann Ops <ann@corp.example>, 2026-05-29 02:00
  told in      [commit] by Ann Ops <ann@corp.example>, 2026-05-29 02:01
  changed in   [commit] by Ann Ops <ann@corp.example>, 2026-05-29 02:01

Payroll: what it changed
Payroll
  ~ startTime 01:00 → 02:00
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["deployments", "show", &short(5)]).ok().to_string(),
        str![[r#"
Payroll on PROD
  record       [record]
  what         deploy of schedule `Payroll`, version 3
  status       Failed since 2026-05-29 07:33
  reason       the system answered 500
  user         Bob <bob@corp.example>, role Administration
  begun        2026-05-29 07:33
  ended        2026-05-29 07:33
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["deployments", "show", &short(3), "--report"]).ok().to_string(),
        str![[r#"
FINANCE on QA
  record       [record]
  what         deploy of package `FINANCE`, version 4
  status       Active since 2026-05-29 04:47
  user         Ann Ops <ann@corp.example>, role Administration
  begun        2026-05-28 20:26
  ended        2026-05-29 04:47
  source       [commit]
  begun in     [commit] by Ann Ops <ann@corp.example>, 2026-05-29 04:46
  told in      [commit] by Ann Ops <ann@corp.example>, 2026-05-29 04:47
  changed in   [commit] by Ann Ops <ann@corp.example>, 2026-05-29 04:47

Members
  ID             NAME        ORIGINAL  VERSION  STATUS
  [commit]-0004  Billing_QA  Billing         1  Active
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
}

#[test]
fn the_definitions_of_a_record_are_those_that_were_committed() {
    let world = World::with_records();
    let show = |number, what| world.central(&["deployments", "show", &short(number), what]);
    assert_eq!(show(2, "--definition").ok().stdout(), starting("Payroll", "02:00"));
    assert_eq!(show(2, "--rollback").ok().stdout(), starting("Payroll", "01:00"));
    // The target was not changed: what was planned is all there is.
    assert_eq!(show(5, "--definition").ok().stdout(), starting("Payroll", "03:00"));
    assert_eq!(show(6, "--rollback").ok().stdout(), starting("Payroll", "02:00"));
    assert_eq!(show(1, "--definition").ok().stdout(), starting("Payroll", "01:00"));
    assert_data_eq!(
        show(2, "--diff").ok().to_string(),
        str![[r#"
Payroll on PROD before → afterwards
Payroll
  ~ startTime 01:00 → 02:00
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    assert_data_eq!(
        show(4, "--diff").ok().to_string(),
        str![[r#"
nothing stood there before: all of `Billing_QA` is new on QA
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    assert_data_eq!(
        show(1, "--rollback").exits(1).to_string(),
        str![[r#"
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
Error: the record `[record]` of `Payroll` has no rollback definition
--- exit 1

"#]]
    );
    assert_data_eq!(
        show(3, "--diff").exits(1).to_string(),
        str![[r#"
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
Error: the record `[record]` of `FINANCE` has no definition
Hint: its members have: `opcon-deploy deployments show [record] --report` names them
--- exit 1

"#]]
    );
}

#[test]
fn ids_that_name_no_record() {
    let world = World::with_records();
    let tried = ["0198d3a0", "ffff", "Payroll", ""]
        .map(|id| world.central(&["deployments", "show", id]).to_string())
        .concat();
    assert_data_eq!(
        tried,
        str![[r#"
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
Error: 6 records begin with `[commit]`, such as `[record]` and `[record]`
--- exit 1
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
Error: there is no record `ffff`
Hint: `opcon-deploy deployments --all` shows the records; `--fetch` asks the remote
--- exit 1
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
Error: `Payroll` is not the id of a record, nor the beginning of one
Hint: `opcon-deploy deployments` shows the ids
--- exit 2
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
Error: `` is not the id of a record, nor the beginning of one
Hint: `opcon-deploy deployments` shows the ids
--- exit 2

"#]]
    );
    let whole = record_id(2).to_string();
    for id in [whole.clone(), whole.to_uppercase(), whole.replace('-', "")] {
        world.central(&["deployments", "show", &id]).ok();
    }
}

#[test]
fn without_records_there_is_nothing_to_tell() {
    let world = World::with_central();
    let all =
        [&["deployments"][..], &["status"], &["deployments", "show", "01"], &["asof", "2026-01-01", "PROD"]]
            .map(|args| world.central(args).to_string())
            .concat();
    assert_data_eq!(
        all,
        str![[r#"
--- stderr
no records
--- exit 0
--- stderr
no records
--- exit 0
--- stderr
Error: there is no record `01`
Hint: `opcon-deploy deployments --all` shows the records; `--fetch` asks the remote
--- exit 1
--- stderr
Error: there are no records of a server `PROD`
--- exit 1

"#]]
    );
    for (args, key) in [(&["deployments", "--json"][..], "deployments"), (&["status", "--json"], "status")] {
        assert_eq!(world.central(args).ok().json()[key], serde_json::json!([]));
    }
}

#[test]
fn the_records_of_the_remote_are_read_as_of_the_last_fetch() {
    let world = World::with_records();
    world.add_remote();
    world.git("central", &["push", "--quiet", "origin", "deployments"]);
    world.add_clone("other", "Bob");
    assert_eq!(numbers(world.run("other", &["deployments", "--json"])).len(), 6);
    let mut more = record(7, "PROD", "Billing", 1);
    world.begin(60_000, &mut more, &starting("Billing", "05:00"), None);
    world.git("central", &["push", "--quiet", "origin", "deployments"]);
    let run = world.run("other", &["deployments", "--limit", "1"]).ok().to_string();
    assert_data_eq!(
        run,
        str![[r#"
ID             DATE              SERVER  NAME     VERSION  TYPE      STATUS     USER
[commit]-0006  2026-05-29 10:20  PROD    Payroll        3  Schedule  Deploying  Ann Ops
--- stderr
1 operation open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
`origin/deployments` as of the last clone or push; `--fetch` asks the remote
1 of 6 records; `--all` shows all
--- exit 0

"#]]
    );
    assert_eq!(numbers(world.run("other", &["deployments", "--json", "--fetch"])).len(), 7);
}

#[test]
fn a_shallow_clone_does_not_have_the_records() {
    let world = World::with_records();
    world.add_remote();
    world.git("central", &["push", "--quiet", "origin", "deployments"]);
    let remote = format!("file://{}", world.path("remote.git").display());
    world.git("", &["clone", "--quiet", "--depth", "1", "--no-single-branch", &remote, "shallow"]);
    assert_data_eq!(
        world.run("shallow", &["deployments"]).exits(1).to_string(),
        str![[r#"
--- stderr
Hint: `opcon-deploy init` wires git's diff and merge of definitions into this clone
Error: this clone is shallow: its records cannot be read
Hint: `git fetch --unshallow` brings the whole history
--- exit 1

"#]]
    );
}

#[test]
fn hostile_names_are_shown_on_one_line() {
    let world = World::with_records();
    let mut record = record(7, "PROD", "Pay\n\u{1b}[2Jroll\t ", 1);
    record.told.description = "x\n\nRecord-Id: 0198d3a0-0001-7abc-8def-0123456789ab\nStatus: Failed".into();
    world.begin(60_000, &mut record, &definition("x", &[]), None);
    assert_data_eq!(
        world.central(&["deployments", "--status", "Deploying"]).ok().to_string(),
        str![[r#"
ID             DATE              SERVER  NAME                   VERSION  TYPE      STATUS     USER     DESCRIPTION
[commit]-0007  2026-05-29 13:06  PROD    Pay/n/u{1b}[2Jroll/t         1  Schedule  Deploying  Ann Ops  x/n/nRecord-Id: [record]/nStatus: Failed
[commit]-0006  2026-05-29 10:20  PROD    Payroll                      3  Schedule  Deploying  Ann Ops
--- stderr
2 operations open on `PROD`: under way, or cut off; `opcon-deploy doctor` tells which
--- exit 0

"#]]
    );
    assert_eq!(numbers(world.central(&["deployments", "--json", "--status", "Failed"])), [5]);
    let shown = world.central(&["deployments", "show", &short(7), "--json"]).ok().json();
    assert_eq!(shown["deployments"][0]["name"], "Pay\n\u{1b}[2Jroll\t ");
    let listed = world.central(&["deployments", "--json", "--limit", "1"]).ok().json();
    assert_eq!(listed["deployments"][0]["name"], "Pay\n\u{1b}[2Jroll\t ");
}

#[test]
fn whatever_happens_to_the_cache_the_answers_are_the_same() {
    let world = World::with_records();
    let ask = || {
        let all = [&["deployments"][..], &["status"], &["asof", "2026-06-01", "PROD"], &["audit"]];
        all.map(|args| world.central(args).ok().to_string()).concat()
    };
    let right = ask();
    for file in ["records", "changes"] {
        let path = world.path(format!("central/.git/opcon-deploy/{file}"));
        let bytes = std::fs::read(&path).unwrap();
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 1;
        for damage in [&bytes[..bytes.len() / 2], b"", b"garbage", &flipped] {
            std::fs::write(&path, damage).unwrap();
            assert_eq!(ask(), right, "{file}");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(ask(), right, "{file}");
        std::fs::remove_dir(&path).unwrap();
    }
}
