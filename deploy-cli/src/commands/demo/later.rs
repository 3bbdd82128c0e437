//! The part of the demo about a set time: OpCon's own clock starts a deployment.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{Days, Utc};
use deploy_core::repository::Repository;
use deploy_core::repository::git::Git;
use deploy_core::repository::records::Records;
use deploy_sandbox::{Running, WINDOWS_AGENT};

use super::{CHANGED, Demo, RULE};
use crate::error::CommandError;

/// Fits BATCH_DEPLOY to the site.
const SITE: &str = include_str!("../../../../rules/batch-site.rhai");
/// No deployment of this demo takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Schedules a deployment for tomorrow evening, and lets that come.
pub(super) fn tell(demo: &Demo<'_>, running: &Running) -> Result<(), CommandError> {
    demo.say("At night, with nobody there: OpCon's own clock starts it. PROD becomes the batch server,");
    let rule = demo.central.with_file_name("batch-site.rhai");
    std::fs::write(&rule, SITE).map_err(|error| CommandError::io("write", &rule, &error))?;
    demo.run(&["rules", "import", "../batch-site.rhai"])?;
    appoint_prod(demo)?;
    demo.say("and a job in its daily waits with the record.");
    let night = (Utc::now().date_naive() + Days::new(1)).and_hms_opt(18, 30, 0).unwrap_or_default();
    let at = night.format("%Y-%m-%d %H:%M").to_string();
    let words = ["-m", "At night", "--accept-pinned", "--at", &at];
    demo.run(&[&["deploy", CHANGED, "--to", "PROD", "--rule", RULE][..], &words].concat())?;
    demo.run(&["deployments", "upcoming"])?;
    demo.say("The sandbox's clock goes to that time; what starts there is this program.");
    running.clock().set(night.and_utc());
    let started = Instant::now();
    while is_waiting(&demo.central)? && started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
    demo.run(&["status"])
}

/// What its server file and deploy.toml say, committed as anybody would.
fn appoint_prod(demo: &Demo<'_>) -> Result<(), CommandError> {
    let program = std::env::current_exe().map_err(|error| CommandError::failed(error.to_string()))?;
    let site = format!(
        "rules = [\"batch-site\"]\n\n[vars]\nbatch_machine = \"{WINDOWS_AGENT}\"\nbatch_user = 'CORP\\svc_retail'\nbatch_program = '{}'\nbatch_clone = '{}'\n",
        program.display(),
        std::path::absolute(&demo.central).unwrap_or_else(|_| demo.central.clone()).display()
    );
    append(&demo.central.join("servers/PROD.toml"), &site)?;
    append(&demo.central.join("deploy.toml"), "\n[batch]\nserver = \"PROD\"\n")?;
    Git::new(&demo.central).run(&["commit", "--quiet", "--all", "-m", "PROD starts what waits"])?;
    Ok(())
}

fn append(path: &Path, more: &str) -> Result<(), CommandError> {
    let text = std::fs::read_to_string(path).map_err(|error| CommandError::io("read", path, &error))? + more;
    std::fs::write(path, text).map_err(|error| CommandError::io("write", path, &error))
}

fn is_waiting(central: &Path) -> Result<bool, CommandError> {
    Ok(!Records::open(&Repository::open(central)?)?.open_operations()?.is_empty())
}
