//! End-to-end tests: the real program on real repositories.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod adopting;
mod archiving;
mod audit;
mod audit_verify;
mod bad_definitions;
mod bad_repositories;
#[cfg(unix)]
mod batch;
mod batch_daily;
#[cfg(unix)]
mod batch_faults;
mod batch_templates;
#[cfg(unix)]
mod batch_then;
mod branches_and_push;
mod changed;
#[cfg(unix)]
mod counterparts;
mod deploy_refused;
mod deploying;
mod diff_show_export;
mod drift;
mod drivers;
mod faults;
mod harness;
mod histories;
mod import;
mod import_server;
mod init;
#[cfg(unix)]
mod killed;
#[cfg(unix)]
mod limits;
mod lists;
mod locks;
mod output;
mod packages;
mod pins;
#[cfg(unix)]
mod pipelines;
mod plans;
mod records;
mod recovery;
#[cfg(unix)]
mod remotes;
mod replayed;
mod rolling_back;
mod rollout_daily;
mod rollout_faults;
mod rollout_housekeeping;
#[cfg(unix)]
mod rollout_killed;
mod rollout_overlaps;
mod rollout_remote;
mod rollout_rules;
mod rollout_runs;
mod rollout_updates;
mod rollout_waking;
mod rollouts;
mod rules;
mod rules_bad_input;
mod rules_golden;
mod rules_import;
mod sandbox;
mod scripts;
mod servers;
mod simulate;
mod simulate_words;
mod status;
mod story;
#[cfg(unix)]
mod together;
mod users;
mod versions;

/// A test file that nobody named here would never run.
#[test]
fn every_file_is_a_module() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    let main = std::fs::read_to_string(here.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") {
            assert!(main.contains(&format!("mod {module};")), "tests/{name} is not named in tests/main.rs");
        }
    }
}
