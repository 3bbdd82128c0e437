//! What the system refuses or interrupts: no room, signals, permissions.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::Instant;

use snapbox::{assert_data_eq, str};

use crate::faults::{DEADLINE, POLL, assert_recovers, start_import, write_definitions};
use crate::harness::{World, definition, starting};

/// An import that may write no file beyond so many blocks of 512 bytes.
fn import_with_room(world: &World, blocks: usize) -> crate::harness::Run {
    let mut command = world.command("sh", "central");
    let program = env!("CARGO_BIN_EXE_opcon-deploy");
    let script = format!("ulimit -f {blocks}; exec '{program}' import --file ../in");
    world.finish(command.args(["-c", &script]))
}

/// Text that does not compress.
pub fn noise(bytes: usize) -> String {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(33 + (state % 90) as u8)
    };
    (0..bytes).map(|_| next()).collect::<String>().replace(['"', '\\'], "_")
}

#[test]
fn without_room_nothing_is_committed() {
    // One definition goes to a loose object, many to a pack.
    for many in [1, 120] {
        let world = World::with_central();
        for number in 0..many {
            let name = format!("S{number:03}");
            let text = definition(&name, &["A"]).replace("23.0.1", &noise(400_000 / many));
            world.write(&format!("in/{name}.json"), text);
        }
        let run = import_with_room(&world, 200).exits(1).to_string();
        assert!(run.contains("File too large"), "{run}");
        assert!(run.ends_with("; nothing was committed\n--- exit 1\n"), "{run}");
        assert_eq!(world.git("central", &["rev-list", "--count", "HEAD"]), "1");
        world.assert_sound("central");
        let left: Vec<_> = fs::read_dir(world.path("central/.git/objects/pack")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        world.central(&["import", "--file", "../in"]).ok();
        world.assert_sound("central");
    }
}

#[test]
fn without_room_for_the_index_the_commit_stands_and_is_finished_later() {
    let world = World::with_central();
    write_definitions(&world, 90, "A");
    let run = import_with_room(&world, 8).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: the commit [commit] stands on `main`, but the work tree could not follow: cannot write `[world]/central/.git/index`: is the disk full?
Hint: the next command that commits finishes it
--- exit 1

"#]]
    );
    assert_recovers(&world, "without room");
    assert_eq!(world.git("central", &["rev-list", "--count", "HEAD"]), "2");
}

#[test]
fn a_commit_that_somebody_makes_meanwhile_is_not_lost() {
    let world = World::with_central();
    let slow = world.path("slow.json");
    world.finish(world.command("mkfifo", "").arg(&slow)).ok();
    let mut command = world.program("central");
    command.args(["import", "--file", "../slow.json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Opening waits until the import reads, and it has looked at the branch by then.
    let mut pipe = fs::File::options().write(true).open(&slow).unwrap();
    world.git("central", &["commit", "--quiet", "--allow-empty", "-m", "Meanwhile"]);
    std::io::Write::write_all(&mut pipe, starting("Payroll", "06:00").as_bytes()).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_data_eq!(
        String::from_utf8_lossy(&output.stderr).into_owned(),
        str![[r#"
Error: `refs/heads/main` was moved by another program meanwhile; nothing was committed
Hint: run the command again

"#]]
    );
    assert_eq!(world.git("central", &["log", "-1", "--format=%s"]), "Meanwhile");
    world.assert_sound("central");
}

fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

#[test]
fn ctrl_c_commits_nothing() {
    let world = World::with_central();
    write_definitions(&world, 600, "A");
    let child = start_import(&world);
    let staging = world.path("central/.git/opcon-deploy.staging");
    let started = Instant::now();
    while fs::read_dir(&staging).map_or(0, Iterator::count) < 2 {
        assert!(started.elapsed() < DEADLINE);
        std::thread::sleep(POLL);
    }
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "Error: stopped; nothing was committed\n");
    assert_eq!(world.git("central", &["rev-list", "--count", "HEAD"]), "1");
    world.assert_sound("central");
    assert_recovers(&world, "by Ctrl-C");
}

#[test]
fn ctrl_c_ends_the_wait_for_another_command() {
    let world = World::with_central();
    write_definitions(&world, 1, "A");
    start_import(&world).wait().unwrap();
    let lock = fs::File::options().write(true).open(world.path("central/.git/opcon-deploy/lock")).unwrap();
    lock.lock().unwrap();
    let mut child = start_import(&world);
    let mut said = [0; 7];
    std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut said).unwrap();
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

fn set_mode_below(path: &std::path::Path, change: &dyn Fn(u32) -> u32) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            set_mode_below(&path, change);
        }
        let mode = fs::metadata(&path).unwrap().mode();
        fs::set_permissions(&path, fs::Permissions::from_mode(change(mode))).unwrap();
    }
    let mode = fs::metadata(path).unwrap().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(change(mode))).unwrap();
}

/// Runs the program as somebody for whom permissions count.
fn run_unprivileged(world: &World, args: &[&str]) -> crate::harness::Run {
    // A copy, because the program's own folder may be closed to that user.
    let program = world.path("opcon-deploy");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_opcon-deploy"), &program).unwrap();
    }
    let mut command = world.command(program, "central");
    if fs::metadata(world.path("")).unwrap().uid() == 0 {
        const NOBODY: u32 = 65_534;
        command.uid(NOBODY).gid(NOBODY);
    }
    world.finish(command.args(args))
}

#[test]
fn a_repository_that_cannot_be_written_can_be_read() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.write("payroll.json", starting("Payroll", "07:00"));
    world.git("", &["config", "--global", "safe.directory", "*"]);
    fs::set_permissions(world.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    set_mode_below(&world.path("central"), &|mode| mode & !0o222);
    let listed = run_unprivileged(&world, &["list"]);
    let versions = run_unprivileged(&world, &["versions", "Payroll"]);
    let imported = run_unprivileged(&world, &["import", "--file", "../payroll.json"]);
    set_mode_below(&world.path("central"), &|mode| mode | 0o200);
    assert_data_eq!(
        listed.ok().to_string(),
        str![[r#"
NAME     APP  SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Payroll                    2        1  2026-05-28 20:28  Ann Ops
--- exit 0

"#]]
    );
    versions.ok();
    assert_data_eq!(
        imported.exits(1).to_string(),
        str![[r#"
--- stderr
Error: cannot write `[world]/central/.git/opcon-deploy/lock`: Permission denied (os error 13)
--- exit 1

"#]]
    );
    world.assert_sound("central");
}

#[test]
fn a_folder_that_cannot_be_written_leaves_a_commit_to_finish() {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.write("payroll.json", starting("Payroll", "07:00"));
    world.git("", &["config", "--global", "safe.directory", "*"]);
    fs::set_permissions(world.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    set_mode_below(&world.path("central"), &|mode| mode | 0o222);
    set_mode_below(&world.path("central/schedules"), &|mode| mode & !0o222);
    let imported = run_unprivileged(&world, &["import", "--file", "../payroll.json"]);
    set_mode_below(&world.path("central/schedules"), &|mode| mode | 0o200);
    assert_data_eq!(
        imported.exits(1).to_string(),
        str![[r#"
--- stderr
Error: the commit [commit] stands on `main`, but the work tree could not follow: cannot write `[world]/central/schedules/Payroll.json`: Permission denied (os error 13)
Hint: the next command that commits finishes it
--- exit 1

"#]]
    );
    let mut command = world.command("git", "central");
    world.finish(command.args(["config", "core.fileMode", "false"])).ok();
    let run = world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  equals version 2
--- stderr
Warning: a command ended after its commit [commit] on `main` and before the work tree had followed; the next command that commits finishes it
Brought the work tree to the commit [commit] on `main`, which an earlier command had left to do
1 schedule: 0 imported, 1 unchanged; nothing to commit
--- exit 0

"#]]
    );
    world.assert_sound("central");
}
