//! The part of the demo about deploying: what is checked, what is refused, and
//! how it is taken back.

use serde_json::Value;

use super::{CHANGED, Demo, RULE};
use crate::Exit;
use crate::error::CommandError;
use crate::system::block_on;

pub(super) fn tell(demo: &Demo<'_>) -> Result<(), CommandError> {
    let to_prod = [CHANGED, "--to", "PROD", "--rule", RULE];
    demo.say(
        "What would happen on PROD? Every check, the difference from what stands there, what the rule does.",
    );
    demo.run_to(&[&["simulate"], &to_prod[..]].concat(), Exit::Findings)?;
    demo.say("PROD has that schedule already, and nobody knows where it came from: refused.");
    let deploy = [&["deploy"], &to_prod[..], &["-m", "Half an hour later"]].concat();
    demo.run_to(&deploy, Exit::Refused)?;
    demo.say("Accepted in so many words, it goes; what stood there is kept for a rollback.");
    demo.run(&[&deploy[..], &["--accept-unknown"]].concat())?;
    demo.run(&["status"])?;
    demo.say("Somebody changes it on PROD by hand. Who looks sees it,");
    block_on(demo.edit_in_opcon("PROD", |schedule| {
        schedule["startTime"] = Value::from("20:15");
        for job in schedule["jobList"].as_array_mut().into_iter().flatten() {
            if job["name"] == "Collect tills" {
                job["windowsData"]["jobPriority"] = Value::from("Low");
            }
        }
    }))??;
    demo.run_to(&["drift", "PROD"], Exit::Findings)?;
    demo.say("and the next deployment does not overwrite it unasked.");
    demo.run_to(&deploy, Exit::Refused)?;
    demo.say("Back to what stood there before any of this; the change by hand goes with it, knowingly.");
    demo.run(&["rollback", CHANGED, "--on", "PROD", "-m", "Not this year", "--accept-drift", "--yes"])?;
    demo.run(&["drift", "PROD"])
}

/// Who did all that.
pub(super) fn audit(demo: &Demo<'_>) -> Result<(), CommandError> {
    demo.say("Who did what, when: commits of two branches, nothing else.");
    demo.run(&["deployments"])?;
    demo.run(&["audit", "--category", "Deployment"])
}
