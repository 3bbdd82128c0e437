//! `import --file`: definitions become versions, and nothing is lost on the way.

use snapbox::str;

use crate::harness::{World, definition};

#[test]
fn a_definition_becomes_a_version_once() {
    let world = World::with_central();
    world.write("payroll.json", definition("Payroll", &["B", "A"]));
    snapbox::assert_data_eq!(
        world.central(&["import", "--file", "../payroll.json"]).ok().to_string(),
        str![[r#"
Payroll  version 1  new: 2 jobs
--- stderr
1 schedule: 1 imported; commit [commit] on `main`
--- exit 0

"#]]
    );
    // The same jobs in another order and an export of another day are the same definition.
    let again = definition("Payroll", &["A", "B"]).replace("2026-11-18", "2026-11-19");
    world.write("payroll.json", again);
    snapbox::assert_data_eq!(
        world.central(&["import", "--file", "../payroll.json"]).ok().to_string(),
        str![[r#"
Payroll  equals version 1
--- stderr
1 schedule: 0 imported, 1 unchanged; nothing to commit
--- exit 0

"#]]
    );
    world.assert_sound("central");
}
