//! `--list FILE`: names from a file, in every command that takes several.

use crate::harness::{Systems, World, definition};

fn world() -> World {
    let world = World::with_central();
    for name in ["Payroll", "Billing", "Stock"] {
        world.import("central", &definition(name, &["LOAD"]), &[]).ok();
    }
    world.write("names.txt", "\u{feff}# what closes the month\nPayroll\r\n\n  Billing  \n");
    world
}

#[test]
fn names_come_from_arguments_and_from_the_file() {
    let world = world();
    let run = world.central(&["export", "Stock", "--list", "../names.txt", "-o", "../out/"]).ok();
    assert!(run.stdout().contains("Wrote 3 schedules"), "{run}");
    world.central(&["package", "create", "MONTH", "--list", "../names.txt"]).ok();
    let package = world.read("central/packages/MONTH.toml");
    assert!(package.contains("Payroll") && package.contains("Billing") && !package.contains("Stock"));
    world.import("central", &definition("Billing", &["LOAD", "SEND"]), &[]).ok();
    let run = world.central(&["package", "update", "MONTH", "--list", "../names.txt"]).ok();
    assert!(run.stdout().contains("~ Billing 1 → 2"), "{run}");
    world.central(&["package", "remove", "MONTH", "--list", "../names.txt"]).ok();
    assert!(!world.read("central/packages/MONTH.toml").contains("Payroll"));
    world.central(&["package", "add", "MONTH", "--list", "../names.txt"]).ok();
    assert!(world.read("central/packages/MONTH.toml").contains("Payroll"));
}

#[test]
fn a_list_can_be_piped() {
    let world = world();
    let run = world.run_with_input("central", &["export", "--list", "-", "-o", "-"], b"Stock\n").ok();
    assert!(run.stdout().contains("\"Stock\""), "{run}");
}

#[test]
fn rules_and_tests_of_rules_are_listed_too() {
    let world = world();
    for name in ["first", "second", "third"] {
        world.central(&["rules", "new", name]).ok();
    }
    world.write("rules.txt", "first\nthird\n");
    let run = world.central(&["rules", "test", "--list", "../rules.txt"]).ok().to_string();
    assert!(run.contains("first") && run.contains("third") && !run.contains("second"), "{run}");
    world.write("central/rules/second.rhai", "let = nothing;");
    world.central(&["rules", "check"]).exits(3);
    world.central(&["rules", "check", "--list", "../rules.txt"]).ok();
    let run = world
        .central(&["rules", "apply", "--list", "../names.txt", "--rule", "first", "-o", "../out.json"])
        .ok();
    assert!(world.read("out.json").contains("\"Billing\""), "{run}");
    world.central(&["rules", "explain", "--list", "../names.txt", "--rule", "first"]).ok();
}

#[test]
fn scripts_of_a_system_are_listed_too() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    world.write("scripts.txt", "Check-*\n");
    world.central(&["script", "import", "DEV", "--list", "../scripts.txt"]).ok();
    assert!(world.path("central/scripts/Check-StoreFiles/script.toml").exists());
}

#[test]
fn a_list_that_names_nothing_never_means_all() {
    let world = world();
    world.write("empty.txt", "# nothing\n\n");
    for command in [
        &["export", "-o", "-"][..],
        &["package", "create", "MONTH"],
        &["rules", "test"],
        &["rules", "check"],
        &["rules", "apply", "--rule", "first"],
    ] {
        let run = world.central(&[command, &["--list", "../empty.txt"]].concat()).exits(2).to_string();
        assert!(run.contains("Error: `../empty.txt` names nothing"), "{run}");
    }
    let run = world.central(&["export", "--list", "../none.txt", "-o", "-"]).exits(1).to_string();
    assert!(run.contains("cannot read `../none.txt`"), "{run}");
    world.central(&["import", "--file", "x.json", "--list", "../names.txt"]).exits(2);
}
