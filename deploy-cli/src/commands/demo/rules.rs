//! The part of the demo about transformation rules.

use super::{CHANGED, Demo};
use crate::error::CommandError;

const RULE: &str = r#"//! The machines and folders of production.

replace("Job_Machine_Name", "WINDEV", "WINPRD", #{ partial: true, optional: true });
replace("Job_Machine_Name", "APPDEV", "APPPRD", #{ partial: true, optional: true });
for s in schedules() {
    if target.class == "production" { s.start_time = "23:00"; }
}
"#;

/// Imports a rule, and shows what it does to a schedule on its way to production.
pub(super) fn tell(demo: &Demo<'_>) -> Result<(), CommandError> {
    demo.say("One definition, many systems: a rule adapts it on its way to a server.");
    let file = demo.central.with_file_name("to-production.rhai");
    std::fs::write(&file, RULE).map_err(|error| CommandError::io("write", &file, &error))?;
    demo.run(&["rules", "import", "../to-production.rhai"])?;
    demo.run(&["rules", "show", "to-production"])?;
    demo.run(&["rules", "explain", CHANGED, "--to", "PROD", "--rule", "to-production"])?;
    demo.run(&["rules", "apply", CHANGED, "--to", "PROD", "--rule", "to-production", "--diff"])
}
