//! Packages that stand on servers, and what deleting them means there.

use deploy_sandbox::SystemType;
use snapbox::{assert_data_eq, str};

use crate::harness::{Systems, World, starting};

#[test]
fn a_package_that_stands_somewhere_is_not_deleted_without_a_word() {
    let systems = Systems::empty(&[("QA", SystemType::QualityAssurance), ("PROD", SystemType::Production)]);
    let world = World::with_systems(&systems);
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.central(&["package", "create", "FINANCE", "Payroll"]).ok();
    let refused = world.central(&["package", "delete", "FINANCE"]).exits(4).to_string();
    assert!(refused.contains("is not deleted without being asked\n"), "{refused}");
    world.central(&["deploy", "package:FINANCE", "--to", "QA"]).ok();
    world.central(&["package", "rename", "FINANCE", "MONEY"]).ok();
    world.central(&["deploy", "package:MONEY", "--to", "PROD"]).ok();
    assert_data_eq!(
        world.central(&["package", "delete", "MONEY"]).exits(4).to_string(),
        str![[r#"
--- stderr
  PROD  version 2 stands there, by Ann Ops on [day]
  QA  version 1 stands there, by Ann Ops on [day]
Error: package `MONEY` stands on a server and is not deleted without being asked
Hint: `--yes` answers where nobody can be asked
--- exit 4

"#]]
    );
    assert_data_eq!(
        world.central(&["package", "delete", "MONEY", "--yes"]).ok().to_string(),
        str![[r#"
MONEY  version 3  deleted
  - Payroll@1
--- stderr
  PROD  version 2 stands there, by Ann Ops on [day]
  QA  version 1 stands there, by Ann Ops on [day]
Commit [commit] on `main`
--- exit 0

"#]]
    );
    // What stands there is not touched, and is not lost.
    assert_eq!(systems.starts("PROD", "Payroll"), "06:00");
    world.central(&["deploy", "package:MONEY", "--to", "PROD", "--accept-existing"]).exits(1);
    world.central(&["rollback", "package:MONEY", "--on", "PROD", "--yes"]).ok();
    world.central(&["delete", "package:FINANCE", "--from", "QA", "--yes"]).ok();
    assert!(systems.stands("PROD", "Payroll").is_null() && systems.stands("QA", "Payroll").is_null());
}
