//! Definitions and names of every bad kind: refused with a reason that says
//! where, or carried without loss.

use snapbox::{IntoData, assert_data_eq, str};

use crate::harness::{World, definition, starting};

#[test]
fn each_is_refused_with_its_reason_and_the_good_one_goes_in() {
    let world = World::with_central();
    let payroll = starting("Payroll", "06:00");
    let utf16: Vec<u8> = payroll.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = "[".repeat(10_000);
    let long = starting(&"x".repeat(241), "06:00");
    let files: &[(&str, &[u8])] = &[
        ("01-empty", b""),
        ("02-blank", b" \r\n\t"),
        ("03-text", b"not JSON at all"),
        ("04-cut", &payroll.as_bytes()[..60]),
        ("05-two", b"{} {}"),
        ("06-duplicate-key", b"{\n  \"scheduleList\": [],\n  \"scheduleList\": []\n}"),
        ("07-array", b"[{\"name\":\"Payroll\"}]"),
        ("08-number", b"42"),
        ("09-no-list", b"{\"jobList\":[]}"),
        ("10-empty-list", b"{\"scheduleList\":[]}"),
        ("11-list-is-object", b"{\"scheduleList\":{}}"),
        ("12-no-name", b"{\"scheduleList\":[{\"startTime\":\"06:00\"}]}"),
        ("13-name-is-number", b"{\"scheduleList\":[{\"name\":7}]}"),
        ("14-twice", b"{\"scheduleList\":[{\"name\":\"A\"},{\"name\":\"A\"}]}"),
        ("15-surrogate", b"{\"scheduleList\":[{\"name\":\"\\ud800\"}]}"),
        ("16-utf16-bom", &[&[0xFF, 0xFE], utf16.as_slice()].concat()),
        ("17-utf16", &utf16),
        ("18-latin1", b"{\"scheduleList\":[{\"name\":\"caf\xE9\"}]}"),
        ("19-long-name", long.as_bytes()),
        ("20-deep", deep.as_bytes()),
        ("21-escape-in-key", b"{\"\\u001b[31m\":1,\"\\u001b[31m\":2}"),
        ("99-good", payroll.as_bytes()),
    ];
    for (name, bytes) in files {
        world.write(&format!("in/{name}.json"), bytes);
    }
    assert_data_eq!(world.central(&["import", "--file", "../in"]).exits(1).to_string(), str![[r#"
../in/01-empty.json                       not imported: the file is empty
../in/02-blank.json                       not imported: the file is empty
../in/03-text.json                        not imported: line 1, column 2: this is not JSON
../in/04-cut.json                         not imported: line 1, column 60: the text ends within a string
../in/05-two.json                         not imported: line 1, column 4: trailing characters
../in/06-duplicate-key.json               not imported: line 3, column 16: the key `scheduleList` stands twice in one object
../in/07-array.json                       not imported: a definition is a JSON object with a `scheduleList`; this is an array
../in/08-number.json                      not imported: a definition is a JSON object with a `scheduleList`; this is a number
../in/09-no-list.json                     not imported: no schedule in it: `scheduleList` is missing
../in/10-empty-list.json                  not imported: no schedule in it: `scheduleList` is empty
../in/11-list-is-object.json              not imported: no schedule in it: `scheduleList` is an object
../in/12-no-name.json                     not imported: schedule 1 in `scheduleList` has no `name`
../in/13-name-is-number.json              not imported: schedule 1 in `scheduleList` has no `name`
../in/14-twice.json                       not imported: schedule `A` stands twice in `scheduleList`
../in/15-surrogate.json                   not imported: line 1, column 33: a \u escape that is half of a surrogate pair
../in/16-utf16-bom.json                   not imported: the text is UTF-16; save it as UTF-8
../in/17-utf16.json                       not imported: the text is UTF-16; save it as UTF-8
../in/18-latin1.json                      not imported: not UTF-8 text (first wrong byte at offset 29)
xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  not imported: the name `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` is too long to be a file name (241 bytes encoded, 240 at most) (`../in/19-long-name.json`)
../in/20-deep.json                        not imported: line 1, column 128: recursion limit exceeded
../in/21-escape-in-key.json               not imported: line 1, column 28: the key `\u{1b}[31m` stands twice in one object
Payroll                                   version 1  new: 2 jobs
--- stderr
22 schedules: 1 imported, 21 failed; commit [commit] on `main`
--- exit 1

"#]].raw());
    assert_eq!(
        world.git("central", &["ls-files", "schedules"]),
        "schedules/.gitkeep\nschedules/Payroll.json"
    );
    world.assert_sound("central");
}

#[test]
fn byte_order_mark_and_crlf_make_no_difference() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    let stored = world.read("central/schedules/Payroll.json");
    let windows = format!("\u{FEFF}{}", stored.replace('\n', "\r\n"));
    let again = world.import("central", &windows, &[]).ok();
    assert!(again.stdout().contains("equals version 1"), "{again}");
    assert!(!stored.contains('\r'));
}

#[test]
fn numbers_keep_their_digits_and_unknown_keys_stay() {
    let world = World::with_central();
    let payroll = r#"{"vendorNovelty":{"list":[3,1,2],"huge":12345678901234567890123},"scheduleList":[
        {"name":"Payroll","novelId":9007199254740993,"rate":1.50,"small":1e-400,"documentation":"a\u0007\u2028\ud83d\ude00",
         "jobList":[{"name":"A","quantumData":{"spin":"1/2"}}]}]}"#;
    world.import("central", payroll, &[]).ok();
    let stored = world.read("central/schedules/Payroll.json");
    for kept in ["12345678901234567890123", "9007199254740993", "1.50", "1e-400", "\"spin\": \"1/2\"", "😀"]
    {
        assert!(stored.contains(kept), "{kept} in\n{stored}");
    }
    let shown = world.central(&["show", "Payroll", "--json"]).ok();
    assert_eq!(shown.stdout(), stored);
    let given: serde_json::Value = serde_json::from_str(payroll).unwrap();
    assert_eq!(shown.json(), given);
}

const NAMES: &[&str] = &[
    "a/b",
    "a\\b",
    "a:b",
    "a*b?",
    "..",
    "../../../etc/passwd",
    "/etc/passwd",
    "CON",
    "con.txt",
    "LPT1",
    "end.",
    "end..",
    "blank ",
    " blank",
    ".git",
    "100%",
    "%2e%2e",
    "Nightly 🚀 Übertrag",
    "forty characters are the limit of OpCon, more than that here",
    "mail@3",
    "mail@main",
    "@",
    "5@",
    "#1",
    "-q",
    "--json",
    "line\nbreak",
    "tab\there",
    "\u{1b}[31mred",
    "[glob]",
    "schedule:x",
];

#[test]
fn any_name_makes_one_file_and_is_found_again() {
    let world = World::with_central();
    for (at, name) in NAMES.iter().enumerate() {
        world.write(&format!("in/{at:02}.json"), starting(name, "06:00"));
    }
    assert_data_eq!(
        world.central(&["import", "--file", "../in"]).ok().to_string(),
        str![[r#"
a/b                                       version 1  new: 2 jobs
a\b                                       version 1  new: 2 jobs
a:b                                       version 1  new: 2 jobs
a*b?                                      version 1  new: 2 jobs
..                                        version 1  new: 2 jobs
../../../etc/passwd                       version 1  new: 2 jobs
/etc/passwd                               version 1  new: 2 jobs
CON                                       version 1  new: 2 jobs
con.txt                                   version 1  new: 2 jobs
LPT1                                      version 1  new: 2 jobs
end.                                      version 1  new: 2 jobs
end..                                     version 1  new: 2 jobs
blank                                     version 1  new: 2 jobs
 blank                                    version 1  new: 2 jobs
.git                                      version 1  new: 2 jobs
100%                                      version 1  new: 2 jobs
%2e%2e                                    version 1  new: 2 jobs
Nightly 🚀 Übertrag                        version 1  new: 2 jobs
forty characters are the limit of OpCon, more than that here  version 1  new: 2 jobs
mail@3                                    version 1  new: 2 jobs
mail@main                                 version 1  new: 2 jobs
@                                         version 1  new: 2 jobs
5@                                        version 1  new: 2 jobs
#1                                        version 1  new: 2 jobs
-q                                        version 1  new: 2 jobs
--json                                    version 1  new: 2 jobs
line\nbreak                               version 1  new: 2 jobs
tab\there                                 version 1  new: 2 jobs
\u{1b}[31mred                             version 1  new: 2 jobs
[glob]                                    version 1  new: 2 jobs
schedule:x                                version 1  new: 2 jobs
--- stderr
31 schedules: 31 imported; commit [commit] on `main`
--- exit 0

"#]]
        .raw()
    );
    world.assert_sound("central");
    assert_data_eq!(
        world.git("central", &["-c", "core.quotePath=false", "ls-files", "schedules"]),
        str![[r#"
schedules/#1.json
schedules/%1B[31mred.json
schedules/%20blank.json
schedules/%252e%252e.json
schedules/%2E%2E.json
schedules/%2E.%2F..%2F..%2Fetc%2Fpasswd.json
schedules/%2Egit.json
schedules/%2Fetc%2Fpasswd.json
schedules/%43ON.json
schedules/%4CPT1.json
schedules/%63on.txt.json
schedules/--json.json
schedules/-q.json
schedules/.gitkeep
schedules/100%25.json
schedules/5@.json
schedules/@.json
schedules/Nightly 🚀 Übertrag.json
schedules/[glob].json
schedules/a%2Ab%3F.json
schedules/a%2Fb.json
schedules/a%3Ab.json
schedules/a%5Cb.json
schedules/blank%20.json
schedules/end%2E.json
schedules/end.%2E.json
schedules/forty characters are the limit of OpCon, more than that here.json
schedules/line%0Abreak.json
schedules/mail@3.json
schedules/mail@main.json
schedules/schedule%3Ax.json
schedules/tab%09here.json
"#]]
        .raw()
    );
    for name in NAMES {
        let shown = world.run("central", &["show", "--json", "--", name]).ok().json();
        assert_eq!(shown["scheduleList"][0]["name"], **name);
    }
    let listed = world.central(&["list", "--json"]).ok().json();
    let mut names: Vec<&str> =
        listed["schedules"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let mut expected = NAMES.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(!world.central(&["list"]).ok().stdout().contains('\u{1b}'));
}

#[test]
fn an_existing_whole_name_wins_over_the_at_sign() {
    let world = World::with_central();
    world.import("central", &starting("mail", "01:00"), &[]).ok();
    world.import("central", &starting("mail", "02:00"), &[]).ok();
    let start = |name: &str| {
        let shown = world.central(&["show", "--json", name]).ok().json();
        shown["scheduleList"][0]["startTime"].as_str().unwrap().to_owned()
    };
    assert_eq!(start("mail@1"), "01:00");
    assert_eq!(start("mail@main"), "02:00");
    world.import("central", &starting("mail@1", "03:00"), &[]).ok();
    assert_eq!(start("mail@1"), "03:00");
    assert_eq!(start("mail@1@1"), "03:00");
    assert_eq!(start("mail@2"), "02:00");
}

#[test]
fn names_that_differ_in_case_are_refused() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.write("in/1.json", starting("PAYROLL", "06:00"));
    world.write("in/2.json", starting("billing", "06:00"));
    world.write("in/3.json", starting("Billing", "06:00"));
    world.write("in/4.json", starting("ÜBERTRAG", "06:00"));
    world.write("in/5.json", starting("Übertrag", "06:00"));
    assert_data_eq!(world.central(&["import", "--file", "../in"]).exits(1).to_string(), str![[r#"
PAYROLL   not imported: its name differs only in case from `Payroll`; one of them would be lost on Windows and macOS (`../in/1.json`)
billing   not imported: its name differs only in case from `Billing`; one of them would be lost on Windows and macOS (`../in/2.json`)
Billing   not imported: its name differs only in case from `billing`; one of them would be lost on Windows and macOS (`../in/3.json`)
ÜBERTRAG  not imported: its name differs only in case from `Übertrag`; one of them would be lost on Windows and macOS (`../in/4.json`)
Übertrag  not imported: its name differs only in case from `ÜBERTRAG`; one of them would be lost on Windows and macOS (`../in/5.json`)
--- stderr
5 schedules: 0 imported, 5 failed; nothing to commit
--- exit 1

"#]].raw());
    world.assert_sound("central");
}

#[test]
fn a_request_that_contradicts_itself_is_refused() {
    let world = World::with_central();
    world.write("in/1.json", starting("Payroll", "06:00"));
    world.write("in/2.json", starting("Payroll", "07:00"));
    world.write("in/3.json", starting("Billing", "06:00"));
    world.write("in/4.json", starting("Billing", "06:00"));
    assert_data_eq!(
        world.central(&["import", "--file", "../in"]).exits(1).to_string(),
        str![[r#"
Payroll  not imported: `../in/2.json` holds the same schedule with other content (`../in/1.json`)
Payroll  not imported: `../in/1.json` holds the same schedule with other content (`../in/2.json`)
Billing  version 1  new: 2 jobs
--- stderr
3 schedules: 1 imported, 2 failed; commit [commit] on `main`
--- exit 1

"#]]
        .raw()
    );
}

#[test]
fn a_name_cannot_write_trailers() {
    let world = World::with_central();
    let forged = "X\n\nSchedule: Payroll | forged";
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.import("central", &definition(forged, &["A\nSchedule: Payroll | forged"]), &[]).ok();
    let message = world.git("central", &["log", "-1", "--format=%B"]);
    assert!(!message.lines().any(|line| line.starts_with("Schedule: Payroll")), "{message}");
}

#[test]
fn two_thousand_jobs_are_an_ordinary_definition() {
    let world = World::with_central();
    let jobs: Vec<String> = (0..2000).map(|number| format!("JOB{number:04}")).collect();
    let mut jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
    world.import("central", &definition("Big", &jobs), &[]).ok();
    jobs.remove(1000);
    jobs.reverse();
    let second = world.import("central", &definition("Big", &jobs), &[]).ok();
    assert_data_eq!(
        second.to_string(),
        str![[r#"
Big  version 2  jobs: 1 removed
--- stderr
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
        .raw()
    );
    let patch = world.central(&["diff", "Big", "--json"]).ok().json();
    assert_eq!(patch.as_array().unwrap().len(), 1, "{patch}");
    world.assert_sound("central");
}

/// 24 MB instead of 100: in a debug build on a small machine that is a few seconds.
#[test]
fn a_huge_definition_goes_in_whole() {
    let world = World::with_central();
    let text = "x".repeat(1 << 20);
    let jobs: Vec<String> = (0..24).map(|number| format!("JOB{number}")).collect();
    let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let huge = definition("Huge", &jobs)
        .replace("\"type\":", &format!("\"windowsData\":{{\"commandLine\":\"{text}\"}},\"type\":"));
    assert!(huge.len() > 24 << 20);
    world.write("huge.json", &huge);
    assert_data_eq!(
        world.central(&["import", "--file", "../huge.json"]).ok().to_string(),
        str![[r#"
Huge  version 1  new: 24 jobs
--- stderr
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
        .raw()
    );
    assert!(world.central(&["import", "--file", "../huge.json"]).ok().stdout().contains("equals version 1"));
    assert!(world.read("central/schedules/Huge.json").len() > 24 << 20);
    world.assert_sound("central");
}
