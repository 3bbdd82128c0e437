//! The part of the demo about a transformation rule.

use super::{Demo, RULE};
use crate::error::CommandError;

const TEXT: &str = r#"//! The machines, users and folders of production.

replace("Job_Machine_Name", "WINDEV", "WINPRD", #{ partial: true, optional: true });
replace("Job_Machine_Name", "APPDEV", "APPPRD", #{ partial: true, optional: true });
replace("Windows_User", "DEV\\svc_retail", "CORP\\svc_retail", #{ optional: true });
replace("Windows_Command_Line", "\\Dev\\", "\\Prod\\", #{ partial: true, optional: true });
replace("Windows_Working_Directory", "\\Dev\\", "\\Prod\\", #{ partial: true, optional: true });
replace("Unix_Start_Image", "/dev/", "/prod/", #{ partial: true, optional: true });
replace("Property_Name", "FILE_SHARE", "FILE_SHARE",
    #{ partial: true, current_contents: "devfiles", new_contents: "files", optional: true });
replace("Property_Name", "MAIL_OPERATIONS", "MAIL_OPERATIONS",
    #{ partial: true, current_contents: ".dev@", new_contents: "@", optional: true });
for s in schedules() {
    if target.class == "production" { s.start_time = "23:00"; }
}
"#;

/// Imports a rule; what it does is shown by the simulation that follows.
pub(super) fn tell(demo: &Demo<'_>) -> Result<(), CommandError> {
    demo.say("One definition, many systems: a rule adapts it on its way to a server.");
    let file = demo.central.with_file_name(format!("{RULE}.rhai"));
    std::fs::write(&file, TEXT).map_err(|error| CommandError::io("write", &file, &error))?;
    demo.run(&["rules", "import", &format!("../{RULE}.rhai")])?;
    demo.run(&["rules", "show", RULE])
}
