//! Versions: whatever happened to the history, git's own log says the same.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::harness::{World, definition, starting};

/// A schedule with three versions.
fn three_versions() -> World {
    let world = World::with_central();
    for time in ["01:00", "02:00", "03:00"] {
        world.import("central", &starting("Payroll", time), &[]).ok();
    }
    world
}

#[test]
fn names_and_versions_that_do_not_exist() {
    let world = three_versions();
    let tried = [
        &["versions", "Payrol"][..],
        &["versions", "Zebra"],
        &["versions", "package:Payroll"],
        &["show", "payroll"],
        &["show", "Payroll@4"],
        &["show", "Payroll@0"],
        &["show", "Payroll@99999999999999999999999"],
        &["show", "Payroll@nobranch"],
        &["show", "Payroll@HEAD~3"],
        &["show", "Payroll@"],
        &["show", ""],
        &["diff", "Payroll@1", "Payroll@9"],
        &["diff", "Payroll@1"],
        &["diff", "--range", "main"],
        &["diff", "--range", "main..nobranch"],
        &["export", "Payrol", "-o", "x.json"],
        &["export", "Payroll", "Payroll@1", "-o", "x.json"],
    ];
    let told = tried.map(|args| {
        let run = world.central(args);
        assert_ne!(run.output.status.code(), Some(0), "{args:?}");
        format!("$ {}\n{run}\n", args.join(" "))
    });
    assert_data_eq!(
        told.concat(),
        str![[r#"
$ versions Payrol
--- stderr
Error: no schedule `Payrol`; did you mean `Payroll`?
--- exit 1

$ versions Zebra
--- stderr
Error: no schedule `Zebra`
Hint: `opcon-deploy list schedules` shows what there is
--- exit 1

$ versions package:Payroll
--- stderr
Error: no package `Payroll`
Hint: `opcon-deploy list packages` shows what there is
--- exit 1

$ show payroll
--- stderr
Error: no schedule `payroll`; did you mean `Payroll`?
--- exit 1

$ show Payroll@4
--- stderr
Error: schedule `Payroll` has no version 4; its latest is 3
Hint: `opcon-deploy versions "Payroll"` shows its versions
--- exit 1

$ show Payroll@0
--- stderr
Error: schedule `Payroll` has no version 0; its latest is 3
Hint: `opcon-deploy versions "Payroll"` shows its versions
--- exit 1

$ show Payroll@99999999999999999999999
--- stderr
Error: schedule `Payroll` has no version 99999999999999999999999; its latest is 3
Hint: `opcon-deploy versions "Payroll"` shows its versions
--- exit 1

$ show Payroll@nobranch
--- stderr
Error: `nobranch` is not a branch, a tag or a commit
--- exit 1

$ show Payroll@HEAD~3
--- stderr
Error: schedule `Payroll` does not exist at `HEAD~3`
--- exit 1

$ show Payroll@
--- stderr
Error: no schedule `Payroll@`; did you mean `Payroll`?
--- exit 1

$ show 
--- stderr
Error: no schedule ``
Hint: `opcon-deploy list schedules` shows what there is
--- exit 1

$ diff Payroll@1 Payroll@9
--- stderr
Error: schedule `Payroll` has no version 9; its latest is 3
Hint: `opcon-deploy versions "Payroll"` shows its versions
--- exit 1

$ diff Payroll@1
--- stderr
Error: `Payroll@1` is the first version: there is nothing before it
--- exit 1

$ diff --range main
--- stderr
Error: `main` is no range: write `main..HEAD`, or `A..B`
--- exit 2

$ diff --range main..nobranch
--- stderr
Error: `nobranch` is not a branch, a tag or a commit
--- exit 1

$ export Payrol -o x.json
--- stderr
Error: no schedule `Payrol`; did you mean `Payroll`?
--- exit 1

$ export Payroll Payroll@1 -o x.json
--- stderr
Error: schedule `Payroll` is named twice
--- exit 2


"#]]
    );
    assert!(!world.path("central/x.json").exists());
}

#[test]
fn versions_are_shown_newest_first() {
    let world = three_versions();
    assert_data_eq!(
        world.central(&["versions", "Payroll"]).ok().to_string(),
        str![[r#"
VERSION  COMMIT    DATE              AUTHOR   WHAT CHANGED  MESSAGE
      3  [commit]  2026-05-28 20:30  Ann Ops  startTime     Import Payroll: startTime
      2  [commit]  2026-05-28 20:29  Ann Ops  startTime     Import Payroll: startTime
      1  [commit]  2026-05-28 20:28  Ann Ops  new: 2 jobs   Import Payroll: new: 2 jobs
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["versions", "Payroll", "--limit", "1"]).ok().to_string(),
        str![[r#"
VERSION  COMMIT    DATE              AUTHOR   WHAT CHANGED  MESSAGE
      3  [commit]  2026-05-28 20:30  Ann Ops  startTime     Import Payroll: startTime
--- stderr
1 of 3 versions; `--all` shows all
--- exit 0

"#]]
    );
}

#[test]
fn a_deletion_takes_a_number_and_has_no_content() {
    let world = three_versions();
    world.git("central", &["rm", "--quiet", "schedules/Payroll.json"]);
    world.commit("central", "Retire payroll");
    assert_data_eq!(
        world.central(&["versions", "Payroll"]).ok().to_string(),
        str![[r#"
VERSION  COMMIT    DATE              AUTHOR   WHAT CHANGED  MESSAGE
      4  [commit]  2026-05-28 20:33  Ann Ops  deleted       Retire payroll
      3  [commit]  2026-05-28 20:30  Ann Ops  startTime     Import Payroll: startTime
      2  [commit]  2026-05-28 20:29  Ann Ops  startTime     Import Payroll: startTime
      1  [commit]  2026-05-28 20:28  Ann Ops  new: 2 jobs   Import Payroll: new: 2 jobs
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["show", "Payroll"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: version 4 of schedule `Payroll` is its deletion: there is no content
Hint: `opcon-deploy versions "Payroll"` shows its versions
--- exit 1

"#]]
    );
    assert_data_eq!(
        world.central(&["export", "Payroll@4", "-o", "-"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: version 4 of schedule `Payroll` is its deletion: there is no content
Hint: `opcon-deploy versions "Payroll"` shows its versions
--- exit 1

"#]]
    );
    assert!(world.central(&["show", "Payroll@3"]).ok().stdout().contains("03:00"));
    assert!(!world.central(&["list"]).ok().stdout().contains("Payroll"));
    let back = world.import("central", &starting("Payroll", "04:00"), &[]).ok();
    assert_data_eq!(
        back.to_string(),
        str![[r#"
Payroll  version 5  new: 2 jobs
--- stderr
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
}

#[test]
fn a_hint_names_a_package_as_versions_takes_it() {
    let world = three_versions();
    world.central(&["package", "create", "FINANCE", "Payroll"]).ok();
    let missing = world.central(&["package", "show", "FINANCE@9"]).exits(1).to_string();
    assert!(missing.contains("Hint: `opcon-deploy versions \"package:FINANCE\"`"), "{missing}");
    world.central(&["versions", "package:FINANCE"]).ok();
}

#[test]
fn a_move_keeps_counting() {
    let world = three_versions();
    fs::create_dir_all(world.path("central/schedules/Finance/EU")).unwrap();
    world.git("central", &["mv", "schedules/Payroll.json", "schedules/Finance/EU/Payroll.json"]);
    world.commit("central", "Move payroll");
    let moved = world.import("central", &starting("Payroll", "05:00"), &["--app", "HR"]).ok();
    assert_data_eq!(
        moved.to_string(),
        str![[r#"
Payroll  version 5  startTime; stays in `Finance/EU`
--- stderr
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["versions", "Payroll"]).ok().to_string(),
        str![[r#"
VERSION  COMMIT    DATE              AUTHOR   WHAT CHANGED                       MESSAGE
      5  [commit]  2026-05-28 20:34  Ann Ops  startTime                          Import Payroll: startTime
      4  [commit]  2026-05-28 20:33  Ann Ops  moved from schedules/Payroll.json  Move payroll
      3  [commit]  2026-05-28 20:30  Ann Ops  startTime                          Import Payroll: startTime
      2  [commit]  2026-05-28 20:29  Ann Ops  startTime                          Import Payroll: startTime
      1  [commit]  2026-05-28 20:28  Ann Ops  new: 2 jobs                        Import Payroll: new: 2 jobs
--- exit 0

"#]]
    );
    assert_eq!(world.versions("central", "Payroll"), world.versions_by_git("central", "main", "Payroll"));
    assert!(world.central(&["show", "Payroll@1"]).ok().stdout().contains("01:00"));
}

#[test]
fn a_rewritten_history_is_noticed_and_counted_anew() {
    let world = three_versions();
    world.central(&["list"]).ok();
    world.git("central", &["commit", "--quiet", "--amend", "-m", "Another message"]);
    assert_data_eq!(
        world.central(&["versions", "Payroll"]).ok().to_string(),
        str![[r#"
VERSION  COMMIT    DATE              AUTHOR   WHAT CHANGED  MESSAGE
      3  [commit]  2026-05-28 20:30  Ann Ops  startTime     Another message
      2  [commit]  2026-05-28 20:29  Ann Ops  startTime     Import Payroll: startTime
      1  [commit]  2026-05-28 20:28  Ann Ops  new: 2 jobs   Import Payroll: new: 2 jobs
--- stderr
Warning: the history of `main` was rewritten: its former tip [commit] is gone, versions are counted anew
--- exit 0

"#]]
    );
    assert_eq!(world.versions("central", "Payroll"), world.versions_by_git("central", "main", "Payroll"));
    world.git("central", &["reset", "--quiet", "--hard", "HEAD~2"]);
    let run = world.import("central", &starting("Payroll", "09:00"), &[]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  version 2  startTime
--- stderr
Warning: the history of main was rewritten since this clone last looked: versions are counted anew
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
    assert_eq!(world.versions("central", "Payroll"), world.versions_by_git("central", "main", "Payroll"));
    // Nothing in common with what was known.
    world.git("central", &["switch", "--quiet", "--orphan", "other"]);
    world.write("central/deploy.toml", "");
    world.write("central/schedules/Payroll.json", starting("Payroll", "10:00"));
    world.commit("central", "Another beginning");
    world.git("central", &["branch", "--quiet", "-M", "other", "main"]);
    assert_eq!(world.versions("central", "Payroll"), world.versions_by_git("central", "main", "Payroll"));
    assert_eq!(world.versions("central", "Payroll").len(), 1);
}

#[test]
fn a_merge_whose_first_parent_is_not_the_tip_renumbers_with_a_warning() {
    let world = three_versions();
    world.git("central", &["switch", "--quiet", "-c", "side", "HEAD~2"]);
    world.write("central/schedules/Billing.json", starting("Billing", "01:00"));
    world.commit("central", "Billing");
    assert_eq!(world.versions("central", "Payroll").len(), 3);
    world.git("central", &["merge", "--quiet", "--no-edit", "main"]);
    world.git("central", &["branch", "--quiet", "-f", "main", "side"]);
    world.git("central", &["switch", "--quiet", "main"]);
    assert_data_eq!(
        world.central(&["versions", "Payroll"]).ok().to_string(),
        str![[r#"
VERSION  COMMIT    DATE              AUTHOR   WHAT CHANGED  MESSAGE
      2  [commit]  2026-05-28 20:35  Ann Ops  startTime     Merge branch 'main' into side
      1  [commit]  2026-05-28 20:28  Ann Ops  new: 2 jobs   Import Payroll: new: 2 jobs
--- stderr
Warning: the history of `main` was rewritten: its former tip [commit] is gone, versions are counted anew
--- exit 0

"#]]
    );
    for name in ["Payroll", "Billing"] {
        assert_eq!(world.versions("central", name), world.versions_by_git("central", "main", name));
    }
}

#[test]
fn damaged_caches_change_no_answer() {
    let world = three_versions();
    world.git("central", &["commit", "--quiet", "--amend", "-m", "By hand"]);
    world.write(
        "central/schedules/Billing.json",
        starting("Billing", "01:00").replacen('{', "{\"userDescription\":\"All of the bills\",", 1),
    );
    world.commit("central", "Billing");
    let ask = || {
        let all = [&["list"][..], &["versions", "Payroll"], &["versions", "Billing"], &["show", "Payroll@2"]];
        all.map(|args| world.central(args).ok().to_string()).concat()
    };
    ask();
    let right = ask();
    let folder = world.path("central/.git/opcon-deploy");
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Damage); 5] = [
        ("cut to half", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("cut by little", |bytes| bytes[..bytes.len().saturating_sub(3)].to_vec()),
        ("emptied", |_| Vec::new()),
        ("garbage", |bytes| bytes.iter().map(|byte| byte ^ 0x55).collect()),
        ("one bit", |mut bytes| {
            let middle = bytes.len() * 2 / 3;
            bytes[middle] ^= 1;
            bytes
        }),
    ];
    let caches = cache_files(&folder);
    assert!(caches.len() >= 3, "{caches:?}");
    for cache in caches {
        for (damage, apply) in damages {
            fs::write(&cache, apply(fs::read(&cache).unwrap())).unwrap();
            assert_eq!(ask(), right, "{} {damage}", cache.display());
            assert_eq!(ask(), right, "{} after {damage}", cache.display());
        }
        fs::remove_file(&cache).unwrap();
        fs::create_dir(&cache).unwrap();
        assert_eq!(ask(), right, "{} a folder", cache.display());
        fs::remove_dir(&cache).unwrap();
    }
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(ask(), right);
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "a file where the folder was").unwrap();
    assert_eq!(ask(), right);
}

fn cache_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(cache_files(&path)),
            false if path.ends_with("lock") => {}
            false => files.push(path),
        }
    }
    files.retain(|file| fs::metadata(file).unwrap().len() > 0);
    files
}

/// Whatever is done to schedules, the numbers are those of `git log`.
#[test]
fn after_any_sequence_of_changes_git_says_the_same() {
    const NAMES: [&str; 3] = ["Payroll", "Store Polling", "50% [x] é"];
    const STEMS: [&str; 3] = ["Payroll", "Store Polling", "50%25 \\[x\\] é"];
    let world = World::with_central();
    let mut seed = 20_261_120_u32;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    };
    let mut done = Vec::new();
    for step in 0..40 {
        let name = NAMES[random(NAMES.len())];
        let stem = name.replace('%', "%25");
        let lies = ["", "Finance/", "Finance/EU/"]
            .map(|app| format!("schedules/{app}{stem}.json"))
            .into_iter()
            .find(|path| world.path(format!("central/{path}")).exists());
        let new = definition(name, &[&format!("JOB{step}")]);
        let what = random(8);
        done.push((what, name));
        match (what, &lies) {
            (0, Some(lies)) => {
                world.git("central", &["rm", "--quiet", lies]);
                world.commit("central", "Delete");
            }
            (1, Some(lies)) => {
                let app = ["", "Finance/", "Finance/EU/"][random(3)];
                let to = format!("schedules/{app}{stem}.json");
                if *lies != to {
                    world.write(
                        &format!("central/{to}"),
                        fs::read(world.path(format!("central/{lies}"))).unwrap(),
                    );
                    fs::remove_file(world.path(format!("central/{lies}"))).unwrap();
                    world.commit("central", "Move");
                }
            }
            (2, Some(lies)) => {
                world.write(&format!("central/{lies}"), &new);
                world.commit("central", "Edit by hand");
            }
            (3, _) => {
                world.git("central", &["switch", "--quiet", "-c", &format!("side{step}")]);
                world.import("central", &new, &[]).ok();
                world.git("central", &["switch", "--quiet", "main"]);
                world.write("central/README.md", format!("{step}"));
                world.commit("central", "Meanwhile");
                world.git("central", &["merge", "--quiet", "--no-ff", "--no-edit", &format!("side{step}")]);
            }
            (4, Some(_)) => {
                world.git(
                    "central",
                    &["commit", "--quiet", "--allow-empty", "--amend", "-m", &format!("Amend {step}")],
                );
            }
            (5, _) => world.commit("central", "Nothing"),
            _ => {
                world.import("central", &new, &["--app", "Finance"]).ok();
            }
        }
        for (name, stem) in NAMES.iter().zip(STEMS) {
            let by_git = world.versions_by_git("central", "main", stem);
            if by_git.is_empty() {
                world.central(&["versions", name]).exits(1);
            } else {
                assert_eq!(world.versions("central", name), by_git, "{name} after {done:?}");
            }
        }
    }
    world.assert_sound("central");
}
