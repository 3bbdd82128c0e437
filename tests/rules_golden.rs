//! Golden folders: `tests/golden/rules/<case>/` holds `definition.json`, `target.toml` and
//! `rule.rhai` or `rule.json`, and what must come out: `expected.json`, or the error in
//! `expected.txt`. A new folder is a new test; `SNAPSHOTS=overwrite` writes what is expected.

use std::path::{Path, PathBuf};

use snapbox::{Data, assert_data_eq};

use crate::harness::World;

#[test]
fn every_folder_gives_what_it_expects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/rules");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() >= 5);
    let world = World::with_central();
    cases.iter().for_each(|case| run(&world, case));
}

fn run(world: &World, case: &Path) {
    let name = case.file_name().unwrap().to_str().unwrap();
    let read = |file: &str| std::fs::read(case.join(file)).ok();
    world.write("definition.json", read("definition.json").unwrap());
    world.write("central/servers/TARGET.toml", read("target.toml").unwrap());
    let rule = match (read("rule.rhai"), read("rule.json")) {
        (Some(text), None) => (format!("{name}.rhai"), text),
        (None, Some(text)) => (format!("{name}.json"), text),
        _ => panic!("{name}: one of rule.rhai, rule.json"),
    };
    let path = format!("rules/{}", rule.0);
    world.write(&path, rule.1);
    let path = format!("../{path}");
    let run = world.central(&["rules", "apply", "../definition.json", "--to", "TARGET", "--rule", &path]);
    let fails = case.join("expected.txt").exists();
    assert_eq!(run.output.status.success(), !fails, "{name}\n{run}");
    let (found, expected) = match fails {
        true => (run.to_string(), case.join("expected.txt")),
        false => (run.stdout(), case.join("expected.json")),
    };
    assert_data_eq!(
        Data::text(found),
        Data::read_from(&expected, Some(snapbox::data::DataFormat::Text)).raw()
    );
}
