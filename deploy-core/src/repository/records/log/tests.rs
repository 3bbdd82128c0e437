use std::collections::BTreeMap;
use std::fs;

use super::testing::{BRANCH, START, definition, id, record, rule};
use super::*;
use crate::repository::records::{Action, Entry, Kind, Phase, Pin, Record, RecordId, Records, Status};
use crate::repository::testing::Sandbox;

fn load(sandbox: &Sandbox) -> RecordLog {
    let repository = sandbox.repository();
    let tip = repository.ref_commit(BRANCH).unwrap();
    RecordLog::load(&repository, tip).unwrap()
}

fn lines(log: &RecordLog) -> Vec<String> {
    let line = |row: Row<'_>| {
        let time = row.begun().unwrap().time - START;
        format!("{} {}@{} {} {time}", row.server(), row.name(), row.version().unwrap_or(0), row.status_word())
    };
    log.rows().map(line).collect()
}

/// Two deployments of a schedule and a failed third.
fn story() -> (Sandbox, [Record; 3]) {
    let sandbox = Sandbox::new();
    let first = sandbox.deployed(0, &record(1, "PROD", "Payroll", 1), None);
    let mut second = record(2, "PROD", "Payroll", 2);
    second.previous = Some(first.id);
    second.rules = vec![rule("machines", "server"), rule("rules/tags.toml", "import")];
    let second = sandbox.deployed(100, &second, Some(&first));
    let mut third = record(3, "PROD", "Payroll", 3);
    third.previous = Some(second.id);
    sandbox.begin(200, &third, Some("drifted"));
    let third = sandbox.fail(230, &third, "HTTP 500\nand more \\ ");
    (sandbox, [first, second, third])
}

#[test]
fn no_branch_is_no_records() {
    let sandbox = Sandbox::new();
    let log = load(&sandbox);
    assert!(log.is_empty() && log.rows().next().is_none() && log.events().next().is_none());
    assert!(matches!(log.find("01"), Err(FindError::Unknown { .. })));
    assert!(log.standing().is_empty() && log.moment(i64::MAX).is_none());
}

#[test]
fn rows_tell_what_became_of_records() {
    let (sandbox, [_, second, third]) = story();
    let log = load(&sandbox);
    assert_eq!(
        lines(&log),
        ["PROD Payroll@1 Inactive 0", "PROD Payroll@2 Active 100", "PROD Payroll@3 Failed 200"]
    );
    let row = log.find(&second.id.to_string()).unwrap();
    assert_eq!((row.kind(), row.action()), (Some(Kind::Schedule), Some(Action::Deploy)));
    assert_eq!((row.rules(), row.description()), (Some("machines@2"), Some("to 2")));
    assert_eq!((row.user(), row.role()), ("Ann Ops <ann@corp.example>", Some("All")));
    assert_eq!(row.told().unwrap().time, START + 130);
    let row = log.find(&third.id.to_string()).unwrap();
    assert_eq!(row.reason(), Some("HTTP 500\nand more \\ "));
    assert_eq!(row.phase(), Some(Phase::Done));
}

#[test]
fn records_are_found_by_the_beginning_of_their_names() {
    let (sandbox, _) = story();
    let log = load(&sandbox);
    assert_eq!(log.find("0198D3A00002").unwrap().id(), id(2));
    assert_eq!(log.find("0198d3a0-0002").unwrap().id(), id(2));
    assert_eq!(log.id_length(), "0198d3a0-0002".len());
    let error = log.find("0198d3a0-000").unwrap_err().to_string();
    assert!(error.starts_with("3 records begin with `0198d3a0-000`, such as `0198d3a0-0001-"), "{error}");
    assert_eq!(log.find("ffff").unwrap_err().to_string(), "there is no record `ffff`");
    assert!(matches!(log.find("payroll"), Err(FindError::NotAnId { .. })));
    assert!(matches!(log.find(""), Err(FindError::NotAnId { .. })));
}

#[test]
fn a_record_in_full_is_as_it_was_written_with_its_status_of_now() {
    let (sandbox, [first, second, third]) = story();
    let (log, repository) = (load(&sandbox), sandbox.repository());
    let full = |record: &Record| log.full(&repository, &log.find(&record.id.to_string()).unwrap()).unwrap();
    assert_eq!(full(&first), Record { status: Status::Inactive, ..first.clone() });
    assert_eq!(full(&second), second);
    let ended = chrono::DateTime::from_timestamp(START + 230, 0).map(|time| time.fixed_offset());
    assert_eq!(full(&third), Record { ended, ..third.clone() });
    let know = |record: &Record, which| {
        let row = log.find(&record.id.to_string()).unwrap();
        log.definition(&repository, &row, which).unwrap().map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let says = |text: &str| Some(definition("Payroll", text));
    for (record, rollback, deployed) in [
        (&first, None, says("deployed")),
        (&second, says("before"), says("deployed")),
        (&third, says("drifted"), None),
    ] {
        assert_eq!(know(record, Which::Planned), says("planned"));
        assert_eq!(know(record, Which::Rollback), rollback);
        assert_eq!(know(record, Which::Deployed), deployed);
    }
}

#[test]
fn what_stands_there_is_what_the_branch_says_last() {
    let (sandbox, [first, second, _]) = story();
    let mut other = record(4, "QA", "Payroll", 1);
    other.original_name = Some("PAY".into());
    let other = sandbox.deployed(300, &other, None);
    let mut package = record(5, "QA", "FINANCE", 4);
    package.kind = Kind::Package;
    sandbox.deployed(400, &package, None);
    let log = load(&sandbox);
    let ids = |rows: Vec<Row<'_>>| rows.iter().map(Row::id).collect::<Vec<_>>();
    assert_eq!(ids(log.standing()), [package.id, second.id, other.id]);
    let at = |seconds| log.moment(START + seconds).map(|moment| ids(log.standing_at(&moment)));
    assert_eq!(at(-1), None);
    assert_eq!(at(0), Some(vec![]));
    assert_eq!(at(30), Some(vec![first.id]));
    assert_eq!(at(129), Some(vec![first.id]));
    assert_eq!(at(130), Some(vec![second.id]));
    assert_eq!(at(330), Some(vec![second.id, other.id]));
    // Deleted there: whatever was said of it before.
    let mut gone = record(6, "PROD", "Payroll", 0);
    (gone.action, gone.status, gone.phase) = (Action::Delete, Status::Deleted, Phase::Done);
    sandbox.begin(490, &gone, Some("before"));
    sandbox.tell(500, Entry::removed(&gone, Some(&second)));
    let log = load(&sandbox);
    assert_eq!(ids(log.standing()), [package.id, other.id]);
}

#[test]
fn the_order_of_the_branch_decides_not_the_clocks() {
    let sandbox = Sandbox::new();
    let first = sandbox.deployed(1000, &record(2, "PROD", "Payroll", 1), None);
    // Somebody whose clock is slow.
    let second = sandbox.deployed(500, &record(1, "PROD", "Payroll", 2), Some(&first));
    let log = load(&sandbox);
    assert_eq!(lines(&log), ["PROD Payroll@1 Inactive 1000", "PROD Payroll@2 Active 500"]);
    let moment = log.moment(START + 700).unwrap();
    assert_eq!(log.standing_at(&moment)[0].id(), second.id);
    assert_eq!(moment.later.unwrap().time, START + 1000);
    assert!(log.moment(START + 2000).unwrap().later.is_none());
}

#[test]
fn events_are_what_was_done() {
    let (sandbox, [_, second, _]) = story();
    sandbox.tell_so(300, "Something by hand\n", vec![]);
    let pin = Pin {
        blob: "c".repeat(40),
        version: Some(2),
        record: second.id,
        user: second.user.clone(),
        since: second.begun,
    };
    let lifted = Entry { edits: vec![], ..Entry::unpin("PROD", "Payroll", &pin, &second.user) };
    sandbox.tell(400, lifted);
    let log = load(&sandbox);
    let told: Vec<String> = log
        .events()
        .rev()
        .map(|event| match event.act {
            Act::Operation(row) => format!("{:?} {}", row.phase().unwrap(), row.status_word()),
            Act::Pinned(pin) => format!("pinned {pin:?}"),
            Act::Unpinned(pin) => format!("{} {} by {}", pin.server, pin.name, pin.by),
            Act::Forgotten(one) => format!("{} {} by {}", one.server, one.name, one.by),
            Act::Other => event.change.subject.to_owned(),
        })
        .collect();
    let operations = [
        "Done Failed",
        "Begun Deploying",
        "Done Active",
        "Begun Deploying",
        "Done Active",
        "Begun Deploying",
    ];
    assert_eq!(told[..2], ["PROD Payroll by Ann Ops <ann@corp.example>", "Something by hand"]);
    assert_eq!(told[2..], operations);
    // A pin is not what became of its record.
    assert_eq!(log.find(&second.id.to_string()).unwrap().status(), Some(Status::Active));
}

#[test]
fn what_is_new_is_added_and_a_rewritten_branch_read_again() {
    let (sandbox, [_, second, _]) = story();
    let cache = sandbox.path(".git/opcon-deploy/records");
    let grown = |sandbox: &Sandbox| {
        let grown = lines(&load(sandbox));
        fs::remove_file(&cache).unwrap();
        assert_eq!(lines(&load(sandbox)), grown);
        grown
    };
    load(&sandbox);
    sandbox.deployed(300, &record(4, "QA", "Billing", 1), None);
    assert_eq!(grown(&sandbox).len(), 4);
    // Back to where it was: less is known.
    sandbox.git(&["update-ref", BRANCH, &format!("{BRANCH}~2")]);
    assert_eq!(grown(&sandbox).len(), 3);
    // Somebody forced another branch, from before.
    sandbox.git(&["update-ref", BRANCH, &format!("{BRANCH}~2")]);
    sandbox.deployed(400, &record(5, "PROD", "Payroll", 9), Some(&second));
    let forced = grown(&sandbox);
    assert_eq!(forced[1..], ["PROD Payroll@2 Inactive 100", "PROD Payroll@9 Active 400"]);
    // Nothing in common, and the former tip is gone.
    sandbox.git(&["update-ref", "-d", BRANCH]);
    sandbox.git(&["reflog", "expire", "--expire=now", "--all"]);
    sandbox.git(&["gc", "--quiet", "--prune=now"]);
    sandbox.deployed(0, &record(7, "PROD", "Payroll", 1), None);
    assert_eq!(grown(&sandbox), ["PROD Payroll@1 Active 0"]);
}

#[test]
fn a_damaged_cache_is_built_anew() {
    let (sandbox, _) = story();
    let right = lines(&load(&sandbox));
    let cache = sandbox.path(".git/opcon-deploy/records");
    let bytes = fs::read(&cache).unwrap();
    for at in (0..bytes.len()).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        fs::write(&cache, damaged).unwrap();
        assert_eq!(lines(&load(&sandbox)), right, "byte {at}");
        fs::write(&cache, &bytes[..at]).unwrap();
        assert_eq!(lines(&load(&sandbox)), right, "cut at {at}");
        assert_eq!(fs::read(&cache).unwrap(), bytes);
    }
}

#[test]
fn messages_that_nobody_expected_are_no_records() {
    let sandbox = Sandbox::new();
    let block = format!("Record-Id: {}\n", id(1));
    for message in ["", "Record-Id: nonsense\nServer: X\n", "Merge\n\nServer: X\n", &block, "x: y"] {
        sandbox.tell_so(0, message, vec![]);
    }
    let log = load(&sandbox);
    let row = log.rows().next().unwrap();
    assert_eq!((log.len(), row.server(), row.status(), row.kind()), (1, "", None, None));
    let error = log.full(&sandbox.repository(), &row).unwrap_err();
    assert!(error.to_string().starts_with("the record `0198d3a0-0001-"), "{error}");
    assert_eq!(log.events().count(), 4);
}

/// Whatever was done: the log says what the trees say, now and of every moment before.
#[test]
fn what_stands_there_is_what_the_trees_hold() {
    let sandbox = Sandbox::new();
    let mut seed = 20_261_120_u32;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    };
    let mut standing: BTreeMap<(&str, &str), Record> = BTreeMap::new();
    let mut seen = Vec::new();
    for number in 0..40 {
        let key = (["PROD", "QA"][random(2)], ["Payroll", "Store Polling"][random(2)]);
        let seconds = 100 * i64::from(number);
        let mut one = record(number, key.0, key.1, usize::from(number) + 1);
        let previous = standing.get(&key).cloned();
        one.previous = previous.as_ref().map(|previous| previous.id);
        sandbox.begin(seconds, &one, previous.as_ref().map(|_| "before"));
        match (random(5), &previous) {
            (0, _) => {
                sandbox.fail(seconds + 30, &one, "no");
            }
            (1, Some(previous)) => {
                (one.action, one.status, one.phase) = (Action::Delete, Status::Deleted, Phase::Done);
                sandbox.tell(seconds + 30, Entry::removed(&one, Some(previous)));
                standing.remove(&key);
            }
            (2, Some(previous)) => {
                one.action = Action::Rollback;
                let rolled = Record { status: Status::Rolledback, ..previous.clone() };
                standing.insert(key, sandbox.activate(seconds + 30, &one, Some(&rolled)));
            }
            (3, _) => {}
            _ => {
                standing.insert(key, sandbox.activate(seconds + 30, &one, previous.as_ref()));
            }
        }
        let repository = sandbox.repository();
        let records = Records::at(&repository, repository.ref_commit(BRANCH).unwrap());
        let mut tree: Vec<(String, String, RecordId)> = Vec::new();
        for server in records.servers().unwrap() {
            let active = records.active(&server).unwrap();
            tree.extend(active.into_iter().map(|it| (it.record.name, server.clone(), it.record.id)));
        }
        tree.sort();
        let log = load(&sandbox);
        let told = |rows: Vec<Row<'_>>| -> Vec<_> {
            rows.iter().map(|row| (row.name().to_owned(), row.server().to_owned(), row.id())).collect()
        };
        assert_eq!(told(log.standing()), tree, "after {number}");
        seen.push((START + seconds + 99, tree));
        for (time, tree) in &seen {
            assert_eq!(told(log.standing_at(&log.moment(*time).unwrap())), *tree, "{number}, at {time}");
        }
    }
}
