//! What a new user meets: the demo, and the first commands.

use snapbox::str;

use crate::harness::World;

#[test]
fn outside_a_repository() {
    let world = World::new();
    snapbox::assert_data_eq!(
        world.run("", &["list"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `.` is not in a git repository
Hint: `opcon-deploy init DIR` makes a central repository; `-C DIR` names one
--- exit 1

"#]]
    );
}

#[test]
fn init_lays_out_a_repository() {
    let world = World::new();
    snapbox::assert_data_eq!(
        world.run("", &["init", "central"]).ok().to_string(),
        str![[r#"
Laid out the central repository `[world]/central`: 9 files on `main`
Wired git's diff and merge of definitions into this clone
--- stderr
Hint: `opcon-deploy import --file EXPORT.json` makes a first version
--- exit 0

"#]]
    );
    world.assert_sound("central");
    assert_eq!(world.git("central", &["symbolic-ref", "HEAD"]), "refs/heads/main");
    snapbox::assert_data_eq!(
        world.central(&["list"]).ok().to_string(),
        str![[r#"
--- stderr
no schedules
Hint: `opcon-deploy import --file EXPORT.json` makes a first version
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["init"]).ok().to_string(),
        str![[r#"
`[world]/central` is a central repository already
Wired git's diff and merge of definitions into this clone
--- exit 0

"#]]
    );
}

/// Days and the times of day behind them, ports, beginnings of record names, and how long the network took.
fn redact_moments(text: &str) -> String {
    let fits = |text: &str, shape: &str| {
        let same =
            |(byte, wanted): (u8, u8)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
        text.len() >= shape.len() && text.bytes().zip(shape.bytes()).all(same)
    };
    let shapes = [
        ("2000-00-00 00:00", "[time]"),
        ("2000-00-00", "[day]"),
        (" 00000 ", " [port] "),
        (" 00000,", " [port],"),
    ];
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((shape, word)) = shapes.iter().find(|(shape, _)| fits(rest, shape)) {
            out.push_str(word);
            rest = &rest[shape.len()..];
        } else if let Some(after) = rest.strip_prefix("[commit]-") {
            out.push_str("[record]");
            rest = after.trim_start_matches(|byte: char| byte.is_ascii_hexdigit());
        } else if let (Some(after), true) = (rest.strip_prefix("ID "), out.ends_with('\n')) {
            // As wide as what it takes to tell the records apart.
            out.push_str("ID  ");
            rest = after.trim_start_matches(' ');
        } else if let Some(after) = rest.strip_prefix("round trip") {
            out.push_str("round trip [time]");
            rest = after.split_once('\n').map_or("", |(line, _)| &after[line.len()..]);
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

#[test]
fn the_whole_story_on_a_machine_that_git_knows_nothing_of() {
    let world = World::new();
    world.write("home/.gitconfig", "");
    let run = world.run("", &["demo", "demo"]).ok();
    snapbox::assert_data_eq!(
        redact_moments(&run.to_string()),
        str![[r#"

A new central repository: an ordinary git repository with a few files.
$ opcon-deploy init
Laid out the central repository `[world]/demo/central`: 9 files on `main`
Wired git's diff and merge of definitions into this clone

Two OpCon systems of a retailer, as `opcon-deploy sandbox` runs them.
$ opcon-deploy server list
NAME  TYPE         ADDRESS    REST   IMPEX  TLS  CREDENTIAL    RULES  GROUPS
DEV   Development  127.0.0.1  [port]  [port]  no   sandbox-dev
PROD  Production   127.0.0.1  [port]  [port]  no   sandbox-prod
$ opcon-deploy server check DEV
DEV  Development at 127.0.0.1
  ok      REST API TLS plain HTTP on port [port], as the server file says
  ok      REST API     OpCon 21.2.0.0
  ok      sign-on      as user `ocadm`
  ok      ImpEx2 TLS   plain HTTP on port [port], as the server file says
  ok      ImpEx2       ImpEx2 23.0.1
  ok      licence      licensed for Deploy
  ok      holds        9 machines, 2 machine groups, 5 users, 15 schedules
  ok      round trip [time]

Its schedules become versions, in one commit.
$ opcon-deploy import DEV "*" --app Retail
Assortment Sync      version 1  new: 3 jobs
Card Settlement      version 1  new: 3 jobs
Customer Loyalty     version 1  new: 3 jobs
Data Warehouse Load  version 1  new: 6 jobs
Dimension Refresh    version 1  new: 3 jobs
Housekeeping         version 1  new: 3 jobs
Inventory Count      version 1  new: 3 jobs
Invoice Run          version 1  new: 3 jobs
Month End Close      version 1  new: 4 jobs
Online Orders        version 1  new: 4 jobs
Price Update         version 1  new: 3 jobs
Sales Upload         version 1  new: 2 jobs
Store Closing        version 1  new: 3 jobs
Store Price Push     version 1  new: 2 jobs
Supplier Orders      version 1  new: 3 jobs
$ opcon-deploy list
NAME                 APP     SUB  EXT  JOBS  VERSION  DATE              AUTHOR  DESCRIPTION
Assortment Sync      Retail               3        1  [time]  Demo
Card Settlement      Retail       ext     3        1  [time]  Demo
Customer Loyalty     Retail       ext     3        1  [time]  Demo
Data Warehouse Load  Retail  sub  ext     6        1  [time]  Demo
Dimension Refresh    Retail               3        1  [time]  Demo
Housekeeping         Retail               3        1  [time]  Demo
Inventory Count      Retail               3        1  [time]  Demo
Invoice Run          Retail               3        1  [time]  Demo
Month End Close      Retail       ext     4        1  [time]  Demo
Online Orders        Retail               4        1  [time]  Demo
Price Update         Retail  sub          3        1  [time]  Demo
Sales Upload         Retail               2        1  [time]  Demo
Store Closing        Retail  sub          3        1  [time]  Demo
Store Price Push     Retail               2        1  [time]  Demo
Supplier Orders      Retail               3        1  [time]  Demo

Somebody changes a schedule in OpCon; imported again it is a second version.
$ opcon-deploy import DEV "Store*" -m "Store Closing: half an hour later"
Store Closing     version 2  jobs: 1 changed; startTime
Store Price Push  equals version 1
$ opcon-deploy versions "Store Closing"
VERSION  COMMIT    DATE              AUTHOR  WHAT CHANGED                MESSAGE
      2  [commit]  [time]  Demo    jobs: 1 changed; startTime  Store Closing: half an hour later
      1  [commit]  [time]  Demo    new: 3 jobs                 Import 15 schedules

What changed, in OpCon's words; the order of jobs and numeric ids never do.
$ opcon-deploy diff "Store Closing@1" "Store Closing@2"
Store Closing@1 → Store Closing@2
Store Closing
  ~ startTime 21:30 → 22:00
  job Collect tills
    ~ frequency Daily maximumAttempts 0 → 3
    ~ windowsData.jobPriority Normal → High
$ opcon-deploy show "Store Closing"
Store Closing@2  schedules/Retail/Store Closing.json
  OpCon        23.0.1
  exported     [day]
  schedule     starts 22:00, Mon Tue Wed Thu Fri Sat Sun
  documented   When the last store has closed: tills, sales, the books of the day.

Container: 1 job
  JOB           MACHINE            FREQUENCIES
  Upload sales  runs Sales Upload  Daily

UNIX: 1 job
  JOB            MACHINE   FREQUENCIES
  Close the day  APPDEV01  Daily

Windows: 1 job
  JOB            MACHINE   FREQUENCIES
  Collect tills  WINDEV01  Daily

Dependencies
  Close the day after Upload sales
  Upload sales after Collect tills

Other schedules depend on it
  Card Settlement / Match settlements after Store Closing / Close the day
  Customer Loyalty / Award points after Store Closing / Close the day
  Data Warehouse Load / Load sales after Store Closing / Close the day

Properties
  BUSINESS_DATE = [[$SCHEDULE DATE-YYYYMMDD]]
  CURRENCY = EUR
  FILE_SHARE = //devfiles/retail
  MAIL_OPERATIONS = operations.dev@harbourpine.example
  STORE_COUNT = 214

Thresholds
  SALES RECEIVED = 0

Calendars
  Master Holiday

Schedules that belong together, each pinned to a version.
$ opcon-deploy package create STORES "Sales Upload" "Store Price Push"
STORES  version 1  new: 2 schedules
  + Sales Upload@1
  + Store Price Push@1
$ opcon-deploy package show STORES
STORES  version 1

SCHEDULE          VERSION  LATEST  BLOB
Sales Upload            1       1  [commit]
Store Price Push        1       1  [commit]

One definition, many systems: a rule adapts it on its way to a server.
$ opcon-deploy rules import ../to-production.rhai
to-production  version 1
$ opcon-deploy rules show to-production
to-production@1  rules/to-production.rhai (rhai)

//! The machines, users and folders of production.

replace("Job_Machine_Name", "WINDEV", "WINPRD", #{ partial: true, optional: true });
replace("Job_Machine_Name", "APPDEV", "APPPRD", #{ partial: true, optional: true });
replace("Windows_User", "DEV//svc_retail", "CORP//svc_retail", #{ optional: true });
replace("Windows_Command_Line", "//Dev//", "//Prod//", #{ partial: true, optional: true });
replace("Windows_Working_Directory", "//Dev//", "//Prod//", #{ partial: true, optional: true });
replace("Unix_Start_Image", "/dev/", "/prod/", #{ partial: true, optional: true });
replace("Property_Name", "FILE_SHARE", "FILE_SHARE",
    #{ partial: true, current_contents: "devfiles", new_contents: "files", optional: true });
replace("Property_Name", "MAIL_OPERATIONS", "MAIL_OPERATIONS",
    #{ partial: true, current_contents: ".dev@", new_contents: "@", optional: true });
for s in schedules() {
    if target.class == "production" { s.start_time = "23:00"; }
}

What would happen on PROD? Every check, the difference from what stands there, what the rule does.
$ opcon-deploy simulate "Store Closing" --to PROD --rule to-production
Store Closing@2 → PROD (Production, OpCon 23.0.1)
Schedule comparison
  warning  Store Closing: stands on `PROD` without deployment information and without a record
Sub-schedules         ok
Machines              ok
Machine groups        ok
Batch users           ok
Roles                 ok
Scripts               ok
Machine features      ok
Encrypted tokens      ok
Dependent jobs        ok
Compatibility         ok
Shared objects        ok
Definition            ok
Rules                 ok
Daily                 ok
Difference
  Store Closing
    ~ startTime 22:00 → 23:00
    job Collect tills
      ~ frequency Daily maximumAttempts 0 → 3
      ~ windowsData.jobPriority Normal → High
Rules applied
  deployment
    to-production (version 1)
      line 3: Job_Machine_Name `WINDEV` → `WINPRD`, parts of values
        Store Closing / Collect tills /primaryMachine: "WINDEV01" → "WINPRD01"
        Store Closing / Collect tills /alternateMachine1: "WINDEV02" → "WINPRD02"
      line 4: Job_Machine_Name `APPDEV` → `APPPRD`, parts of values
        Store Closing / Close the day /primaryMachine: "APPDEV01" → "APPPRD01"
      line 5: Windows_User `DEV/svc_retail` → `CORP/svc_retail`
        Store Closing / Collect tills /windowsData/userId: "DEV//svc_retail" → "CORP//svc_retail"
      line 6: Windows_Command_Line `/Dev/` → `/Prod/`, parts of values
        Store Closing / Collect tills /windowsData/commandLine: "/"D://Retail//Dev//bin//collect.exe/" /stores:[[STORE_COUNT]] /out:/"[[FILE_SHARE]]//sales/"" → "/"D://Retail//Prod//bin//collect.exe/" /stores:[[STORE_COUNT]] /out:/"[[FILE_SHARE]]//sales/""
      line 7: Windows_Working_Directory `/Dev/` → `/Prod/`, parts of values
        Store Closing / Collect tills /windowsData/workingDirectory: "D://Retail//Dev//work" → "D://Retail//Prod//work"
      line 8: Unix_Start_Image `/dev/` → `/prod/`, parts of values
        Store Closing / Close the day /unixData/startImage: "/opt/retail/dev/bin/close_day" → "/opt/retail/prod/bin/close_day"
      line 9: Property_Name `FILE_SHARE` → `FILE_SHARE`, parts of values
        /propertyList/2/value: "////devfiles//retail" → "////files//retail"
      line 11: Property_Name `MAIL_OPERATIONS` → `MAIL_OPERATIONS`, parts of values
        /propertyList/3/value: "operations.dev@harbourpine.example" → "operations@harbourpine.example"
      line 14: script
        Store Closing /startTime: "22:00" → "23:00"
(exit code 3)

PROD has that schedule already, and nobody knows where it came from: refused.
$ opcon-deploy deploy "Store Closing" --to PROD --rule to-production -m "Half an hour later"
(exit code 4)

Accepted in so many words, it goes; what stood there is kept for a rollback.
$ opcon-deploy deploy "Store Closing" --to PROD --rule to-production -m "Half an hour later" --accept-unknown
Store Closing  version 2 on PROD
$ opcon-deploy status
SCHEDULE       MAIN  PROD
Store Closing     2  2

Somebody changes it on PROD by hand. Who looks sees it,
$ opcon-deploy drift PROD
PROD  Production, 1 schedule compared: 1 drifted
  Store Closing  drifted since it was deployed by Demo (version 2) on [day]
    replace /scheduleList/0/jobList/1/windowsData/jobPriority  job Collect tills: windowsData.jobPriority: High → Low
    replace /scheduleList/0/startTime  startTime: 23:00 → 20:15
(exit code 3)

and the next deployment does not overwrite it unasked.
$ opcon-deploy deploy "Store Closing" --to PROD --rule to-production -m "Half an hour later"
(exit code 4)

Back to what stood there before any of this; the change by hand goes with it, knowingly.
$ opcon-deploy rollback "Store Closing" --on PROD -m "Not this year" --accept-drift --yes
Store Closing  no version on PROD
$ opcon-deploy drift PROD
PROD  Production, 1 schedule compared: no drift

At night, with nobody there: OpCon's own clock starts it. PROD becomes the batch server,
$ opcon-deploy rules import ../batch-site.rhai
batch-site  version 1

and a job in its daily waits with the record.
$ opcon-deploy deploy "Store Closing" --to PROD --rule to-production -m "At night" --accept-pinned --at "[time]"
Store Closing  version 2 on PROD at [time] (UTC)
$ opcon-deploy deployments upcoming
ID  AT                      ACTION  NAME           VERSION  TYPE      SERVER  USER  STARTED BY
[record]  [time] (UTC)  deploy  Store Closing        2  Schedule  PROD    Demo  PROD

The sandbox's clock goes to that time; what starts there is this program.
$ opcon-deploy status
SCHEDULE       MAIN  PROD
BATCH_DEPLOY      1  1
Store Closing     2  2

Who did what, when: commits of two branches, nothing else.
$ opcon-deploy deployments
ID  DATE              SERVER  NAME           VERSION  TYPE      ACTION    STATUS      USER  RULES                          DESCRIPTION
[record]  [time]  PROD    BATCH_DEPLOY         1  Schedule            Active      Demo  batch-site@1
[record]  [time]  PROD    Store Closing        2  Schedule            Active      Demo  batch-site@1, to-production@1  At night
[record]  [time]  PROD    Store Closing           Schedule  rollback  Inactive    Demo                                 Not this year
[record]  [time]  PROD    Store Closing        2  Schedule            Rolledback  Demo  to-production@1                Half an hour later
$ opcon-deploy audit --category Deployment
DATE              CATEGORY    USER  MESSAGE                                                                                    COMMIT    SIGNED
[time]  Deployment  Demo  lifted the pin of `Store Closing` on PROD                                                  [commit]  unsigned
[time]  Deployment  Demo  deployed `Store Closing` version 2 to PROD: At night                                       [commit]  unsigned
[time]  Deployment  Demo  scheduled to deploy `Store Closing` version 2 to PROD at [time]+00:00: At night  [commit]  unsigned
[time]  Deployment  Demo  deployed `BATCH_DEPLOY` version 1 to PROD                                                  [commit]  unsigned
[time]  Deployment  Demo  pinned `Store Closing` on PROD: its content was rolled away from                           [commit]  unsigned
[time]  Deployment  Demo  rolled back `Store Closing` on PROD: Not this year                                         [commit]  unsigned
[time]  Deployment  Demo  deployed `Store Closing` version 2 to PROD: Half an hour later                             [commit]  unsigned

Is everything sound? A continuous integration job asks the same.
$ opcon-deploy check

The repository is in demo/central
Try next, in that folder:
  git log --stat --all                        # the history is git's own
  opcon-deploy show "Store Closing@1" --json  # any version, as it was
  opcon-deploy export "Store Closing" -o -    # back to OpCon
  opcon-deploy sandbox                        # the two systems again, until Ctrl-C
  opcon-deploy import DEV '*'                 # in another terminal
Remove `demo` when you have seen enough.
--- stderr
Hint: `opcon-deploy import --file EXPORT.json` makes a first version
15 schedules: 15 imported; commit [commit] on `main`
2 schedules: 1 imported, 1 unchanged; commit [commit] on `main`
Commit [commit] on `main`
Commit [commit] on `main`
Simulated, nothing was changed on PROD: 0 errors, 1 warning
`Store Closing` stands on `PROD` without deployment information and without a record
Error: nothing was deployed to `PROD`
Hint: `--accept-unknown` goes on nevertheless
Record [record]
1 schedule drifted
Hint: `opcon-deploy deploy "Store Closing@2" --to PROD --accept-drift` puts back what was deployed, `opcon-deploy drift accept PROD "Store Closing"` answers for the difference
`Store Closing` was changed on `PROD` since it was deployed by Demo (version 2) on [day]
  replace /scheduleList/0/jobList/1/windowsData/jobPriority  job Collect tills: windowsData.jobPriority: High → Low
  replace /scheduleList/0/startTime  startTime: 23:00 → 20:15
Error: nothing was deployed to `PROD`
Hint: `--accept-drift` goes on nevertheless
Store Closing: what stood there before comes back; it is no version
  Store Closing
    ~ startTime 20:15 → 22:00
    job Collect tills
      ~ frequency Daily maximumAttempts 3 → 0
      ~ windowsData.jobPriority Low → Normal
  changed there since, and lost by this:
    Store Closing
      ~ startTime 23:00 → 20:15
      job Collect tills
        ~ windowsData.jobPriority High → Low
Record [record]
no drift
Commit [commit] on `main`
`BATCH_DEPLOY` is not on `PROD`: it is deployed first, by the rules of that server
BATCH_DEPLOY  version 1  new: 5 jobs
Deployed `BATCH_DEPLOY` to `PROD`: record [record]
Record [record]
Hint: `opcon-deploy deployments cancel [record]` calls it off
1 record waiting
Checked 16 schedules, 1 package: nothing found
--- exit 0

"#]]
    );
    world.git("demo/central", &["fsck", "--full", "--strict", "--no-dangling"]);
    for branch in ["main", "deployments"] {
        assert!(!world.git("demo/central", &["rev-parse", branch]).is_empty());
    }
    let again = world.run("", &["demo", "demo"]).exits(4).to_string();
    assert!(again.contains("`demo` is not an empty folder"), "{again}");
}
