//! Several at once, killed, interrupted, out of room: nothing is lost, nothing
//! is half done, and the next command knows what to do.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use snapbox::{assert_data_eq, str};

use crate::harness::{World, definition, starting};

/// Longer than anything here takes.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often a running command is looked at.
pub const POLL: Duration = Duration::from_micros(200);

/// Enough definitions for a pack, and for work that can be interrupted.
const MANY: usize = 120;

/// So many definitions in `in/`, each with a job of this name.
pub fn write_definitions(world: &World, many: usize, job: &str) {
    for number in 0..many {
        let name = format!("S{number:03}");
        world.write(&format!("in/{name}.json"), definition(&name, &[job, "REPORT"]));
    }
}

pub fn start_import(world: &World) -> Child {
    let mut command = world.program("central");
    command.args(["import", "--file", "../in"]).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Kills it as soon as the condition holds, if it has not ended by then.
fn kill_when(mut child: Child, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < DEADLINE);
        if condition() {
            child.kill().unwrap();
        }
        std::thread::sleep(POLL);
    }
    child.wait().unwrap();
}

#[test]
fn six_imports_at_once_all_succeed() {
    let world = World::with_central();
    let children: Vec<Child> = (0..6)
        .map(|number| {
            world.write(&format!("in{number}/all.json"), definition("Payroll", &[&format!("JOB{number}")]));
            world.write(&format!("in{number}/own.json"), starting(&format!("Own{number}"), "06:00"));
            let mut command = world.program("central");
            command.args(["import", "--file", &format!("../in{number}")]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut numbers = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let number = text.lines().find_map(|line| line.strip_prefix("Payroll  version ")).unwrap();
        numbers.push(number.split(' ').next().unwrap().to_owned());
    }
    numbers.sort();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6"]);
    world.assert_sound("central");
    assert_eq!(world.versions("central", "Payroll"), world.versions_by_git("central", "main", "Payroll"));
    for number in 0..6 {
        assert_eq!(world.versions("central", &format!("Own{number}")).len(), 1);
    }
}

/// What holds after a kill, whenever it came: git finds nothing wrong, reading
/// works, the next import finishes, and everything is there.
#[track_caller]
pub fn assert_recovers(world: &World, when: &str) {
    world.git("central", &["fsck", "--full", "--strict", "--no-dangling"]);
    world.central(&["list"]).ok();
    let again = world.central(&["import", "--file", "../in"]);
    assert_eq!(again.output.status.code(), Some(0), "killed {when}\n{again}");
    let status = world.git("central", &["status", "--porcelain"]);
    assert_eq!(status, "", "killed {when}\n{again}");
    for file in fs::read_dir(world.path("in")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let wanted: serde_json::Value = serde_json::from_str(&world.read(&format!("in/{name}"))).unwrap();
        let stored = world.read(&format!("central/schedules/{name}"));
        let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
        assert_eq!(
            stored["scheduleList"][0]["jobList"], wanted["scheduleList"][0]["jobList"],
            "killed {when}"
        );
    }
    let by_git = world.versions_by_git("central", "main", "S000");
    assert_eq!(world.versions("central", "S000"), by_git, "killed {when}");
    for left in ["opcon-deploy.journal", "opcon-deploy.staging"] {
        assert!(!world.path(format!("central/.git/{left}")).exists(), "{left} after killed {when}");
    }
}

#[test]
fn killed_at_any_moment_an_import_loses_nothing() {
    let world = World::with_central();
    write_definitions(&world, MANY, "A0");
    let started = Instant::now();
    start_import(&world).wait().unwrap();
    let duration = started.elapsed();
    const MOMENTS: u32 = 8;
    for moment in 0..MOMENTS {
        write_definitions(&world, MANY, &format!("A{}", moment + 1));
        let (started, delay) = (Instant::now(), duration * moment / MOMENTS);
        kill_when(start_import(&world), || started.elapsed() >= delay);
        assert_recovers(&world, &format!("after {delay:?} of {duration:?}"));
    }
}

#[test]
fn killed_between_commit_and_work_tree_an_import_is_finished_by_the_next() {
    let world = World::with_central();
    write_definitions(&world, MANY, "A0");
    start_import(&world).wait().unwrap();
    let tip = || fs::read(world.path("central/.git/refs/heads/main")).unwrap_or_default();
    for moment in 0..5 {
        write_definitions(&world, MANY, &format!("B{moment}"));
        let before = tip();
        let mut moved: Option<Instant> = None;
        kill_when(start_import(&world), || {
            if moved.is_none() && tip() != before {
                moved = Some(Instant::now());
            }
            moved.is_some_and(|moved| moved.elapsed() >= Duration::from_millis(2 * moment))
        });
        assert_recovers(&world, &format!("{} ms after the ref moved", 2 * moment));
    }
}

/// The journal as a command leaves it that was killed between the ref and the work tree.
fn leave_unfinished(world: &World) {
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.import("central", &starting("Billing", "06:00"), &[]).ok();
    let old = world.git("central", &["rev-parse", "HEAD"]);
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    let new = world.git("central", &["rev-parse", "HEAD"]);
    world.git("central", &["reset", "--quiet", "--hard", &old]);
    world.git("central", &["update-ref", "refs/heads/main", &new]);
    world.write("central/.git/opcon-deploy.journal", format!("refs/heads/main\n{old}\n{new}\n"));
}

#[test]
fn the_next_command_explains_and_the_next_commit_finishes() {
    let world = World::with_central();
    leave_unfinished(&world);
    world.write("central/README.md", "mine");
    assert_data_eq!(
        world.central(&["list"]).ok().to_string(),
        str![[r#"
NAME     APP  SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Billing                    2        1  2026-05-28 20:29  Ann Ops
Payroll                    2        2  2026-05-28 20:31  Ann Ops
--- stderr
Warning: a command ended after its commit [commit] on `main` and before the work tree had followed; the next command that commits finishes it
--- exit 0

"#]]
    );
    let run = world.import("central", &starting("Billing", "08:00"), &[]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Billing  version 2  startTime
--- stderr
Warning: a command ended after its commit [commit] on `main` and before the work tree had followed; the next command that commits finishes it
Brought the work tree to the commit [commit] on `main`, which an earlier command had left to do
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
    assert!(world.read("central/schedules/Payroll.json").contains("07:00"));
    assert_eq!(world.git("central", &["status", "--porcelain"]), " M README.md");
}

#[test]
fn files_that_were_in_place_before_the_kill_are_finished_in_the_index() {
    let world = World::with_central();
    leave_unfinished(&world);
    world.write(
        "central/schedules/Payroll.json",
        world.git("central", &["show", "main:schedules/Payroll.json"]) + "\n",
    );
    world.import("central", &starting("Billing", "08:00"), &[]).ok();
    world.assert_sound("central");
}

#[test]
fn killed_while_it_finishes_what_a_kill_had_left_the_next_one_finishes() {
    let world = World::with_central();
    write_definitions(&world, MANY, "A0");
    start_import(&world).wait().unwrap();
    for moment in 0..4 {
        let old = world.git("central", &["rev-parse", "HEAD"]);
        write_definitions(&world, MANY, &format!("C{moment}"));
        start_import(&world).wait().unwrap();
        let new = world.git("central", &["rev-parse", "HEAD"]);
        world.git("central", &["reset", "--quiet", "--hard", &old]);
        world.git("central", &["update-ref", "refs/heads/main", &new]);
        world.write("central/.git/opcon-deploy.journal", format!("refs/heads/main\n{old}\n{new}\n"));
        // It is at work as soon as the first file lies ready.
        let ready = world.path("central/.git/opcon-deploy.staging/checkout/schedules");
        let mut begun: Option<Instant> = None;
        kill_when(start_import(&world), || {
            if begun.is_none() && ready.exists() {
                begun = Some(Instant::now());
            }
            begun.is_some_and(|begun| begun.elapsed() >= Duration::from_millis(4 * moment))
        });
        assert_recovers(&world, &format!("{} ms after it began to finish", 4 * moment));
    }
}

#[test]
fn killed_while_it_pushes_on_a_tip_that_moved_an_import_loses_nothing() {
    let world = World::with_central();
    world.add_remote();
    world.add_clone("colleague", "Carl Dev");
    write_definitions(&world, 20, "A0");
    start_import(&world).wait().unwrap();
    world.git("central", &["push", "--quiet"]);
    let tip = || fs::read(world.path("central/.git/refs/heads/main")).unwrap_or_default();
    for moment in 0..4 {
        world.git("colleague", &["pull", "--quiet"]);
        for file in 0..40 {
            world.write(&format!("colleague/notes/{file}.txt"), format!("{moment}\n"));
        }
        world.commit("colleague", "Notes");
        world.git("colleague", &["push", "--quiet"]);
        write_definitions(&world, 20, &format!("D{moment}"));
        let mut command = world.program("central");
        command.args(["import", "--file", "../in", "--push"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The branch moves to the commit, then to the one made again.
        let (mut last, mut moves, mut second) = (tip(), 0, None);
        kill_when(child, || {
            let now = tip();
            if now != last {
                (last, moves) = (now, moves + 1);
            }
            if moves == 2 && second.is_none() {
                second = Some(Instant::now());
            }
            second.is_some_and(|second: Instant| second.elapsed() >= Duration::from_millis(moment))
        });
        assert_recovers(&world, &format!("{moment} ms after the commit was made again"));
        assert_eq!(world.read("central/notes/39.txt"), format!("{moment}\n"));
        world.git("central", &["push", "--quiet"]);
    }
}

#[test]
fn finishing_overwrites_no_edit() {
    let world = World::with_central();
    leave_unfinished(&world);
    world.write("central/schedules/Payroll.json", "edited after the kill");
    world.import("central", &starting("Billing", "08:00"), &[]).ok();
    assert_eq!(world.read("central/schedules/Payroll.json"), "edited after the kill");
}

#[test]
fn a_journal_that_cannot_be_read_is_no_obstacle() {
    let world = World::with_central();
    for journal in ["", "garbage", "refs/heads/main\n0\n0\n", "refs/heads/gone\n"] {
        world.write("central/.git/opcon-deploy.journal", journal);
        world.central(&["list"]).ok();
        world.import("central", &starting("Payroll", "06:00"), &[]).ok();
        world.assert_sound("central");
    }
}

#[test]
fn a_command_at_work_is_waited_for_and_not_taken_for_dead() {
    let world = World::with_central();
    leave_unfinished(&world);
    let lock = fs::File::options().write(true).open(world.path("central/.git/opcon-deploy/lock")).unwrap();
    lock.lock().unwrap();
    assert_data_eq!(
        world.central(&["list"]).ok().to_string(),
        str![[r#"
NAME     APP  SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Billing                    2        1  2026-05-28 20:29  Ann Ops
Payroll                    2        2  2026-05-28 20:31  Ann Ops
--- exit 0

"#]]
    );
    world.write("in/Billing.json", starting("Billing", "09:00"));
    let mut child = start_import(&world);
    let mut said = [0; 7];
    std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(&said, b"Waiting");
    assert!(child.try_wait().unwrap().is_none());
    lock.unlock().unwrap();
    assert!(child.wait().unwrap().success());
    world.assert_sound("central");
}

#[test]
fn an_index_that_another_git_has_locked_stops_the_import_before_its_commit() {
    let world = World::with_central();
    world.write("central/.git/index.lock", "");
    let run = world.import("central", &starting("Payroll", "06:00"), &[]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: another git command is at work in this clone: `[world]/central/.git/index.lock` exists
Hint: wait for it; if there is none, one was killed: remove `[world]/central/.git/index.lock`
--- exit 1

"#]]
    );
    assert_eq!(world.git("central", &["rev-list", "--count", "HEAD"]), "1");
    fs::remove_file(world.path("central/.git/index.lock")).unwrap();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.assert_sound("central");
}

#[test]
fn a_branch_that_another_git_has_locked_is_an_error() {
    let world = World::with_central();
    world.write("central/.git/refs/heads/main.lock", "");
    let run = world.import("central", &starting("Payroll", "06:00"), &[]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: another git command is at work in this clone: `[world]/central/.git/refs/heads/main.lock` exists
Hint: wait for it; if there is none, one was killed: remove `[world]/central/.git/refs/heads/main.lock`
--- exit 1

"#]]
    );
    fs::remove_file(world.path("central/.git/refs/heads/main.lock")).unwrap();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.assert_sound("central");
}
