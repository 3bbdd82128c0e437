//! A real repository in a temporary folder.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Repository;
use super::git::Git;
use super::init::init;
use crate::definition::Definition;

pub(crate) struct Sandbox {
    dir: TempDir,
    git: Git,
}

impl Sandbox {
    /// A central repository with its first commit on main.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path());
        for args in [
            &["init", "--quiet", "--initial-branch=main"][..],
            &["config", "user.name", "Ann"],
            &["config", "user.email", "ann@example.org"],
            &["config", "commit.gpgSign", "false"],
            &["config", "core.autocrlf", "false"],
        ] {
            git.run(args).unwrap();
        }
        init(dir.path(), "opcon-deploy").unwrap();
        Self { dir, git }
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::open(self.dir.path()).unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.git.run(args).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Writes a definition in canonical form.
    pub(crate) fn define(&self, path: &str, definition: Value) {
        self.write(path, Definition::from_value(definition).unwrap().to_bytes());
    }

    /// Writes a plain schedule and commits it; a commit more for every call.
    pub(crate) fn commit_schedule(&self, name: &str, start: &str) -> String {
        let definition = json!({"scheduleList": [{"name": name, "startTime": start, "jobList": []}]});
        self.define(&format!("schedules/{name}.json"), definition);
        self.commit(&format!("{name} {start}"))
    }

    /// Commits everything; the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }
}
