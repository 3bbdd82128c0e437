//! The part of the demo about transformation rules.

use super::{Demo, write};
use crate::error::CommandError;

const RULE: &str = "//! Payroll runs on the machines of the test system.\n\nreplace(\"Job_Machine_Name\", \"WIN-BATCH\", target.vars.machines, #{ partial: true, optional: true });\nfor s in schedules() { s.start_time = \"04:00\"; }\n";
const SERVER: &str = "type = \"Test\"\naddress = \"127.0.0.1\"\ncredential = \"try-out\"\nrules = [\"to-test\"]\n\n[vars]\nmachines = \"WIN-TEST\"\n";

/// Writes a rule, and shows what it does to a schedule on its way to a server.
pub(super) fn tell(demo: &Demo<'_>) -> Result<(), CommandError> {
    demo.say("One definition, many systems: a rule adapts it on its way to a server.");
    write(&demo.central.join("rules/to-test.rhai"), RULE)?;
    write(&demo.central.join("servers/TRY-OUT.toml"), SERVER)?;
    demo.run(&["rules", "show", "to-test"])?;
    demo.run(&["rules", "explain", "Payroll", "--to", "TRY-OUT"])?;
    demo.run(&["rules", "apply", "Payroll", "--to", "TRY-OUT", "--diff"])
}
