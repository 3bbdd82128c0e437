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
        git.run(&["init", "--quiet", "--initial-branch=main"]).unwrap();
        let sandbox = Self { dir, git };
        sandbox.configure("Ann");
        init(sandbox.dir.path(), "opcon-deploy").unwrap();
        sandbox
    }

    fn configure(&self, who: &str) {
        let email = format!("{}@example.org", who.to_lowercase());
        for (key, value) in [
            ("user.name", who),
            ("user.email", &email),
            ("commit.gpgSign", "false"),
            ("core.autocrlf", "false"),
        ] {
            self.git(&["config", key, value]);
        }
    }

    /// A bare repository that it pushes main to, as `origin`.
    pub(crate) fn add_remote(&self) -> Remote {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path());
        git.run(&["init", "--quiet", "--bare", "--initial-branch=main"]).unwrap();
        self.git(&["remote", "add", "origin", &dir.path().display().to_string()]);
        self.git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
        Remote { dir, git }
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

/// A bare repository that clones share.
pub(crate) struct Remote {
    pub(crate) dir: TempDir,
    git: Git,
}

impl Remote {
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.git.run(args).unwrap()
    }

    /// A clone in which somebody else works.
    pub(crate) fn clone_of(&self, who: &str) -> Sandbox {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path());
        git.run(&["clone", "--quiet", &self.dir.path().display().to_string(), "."]).unwrap();
        let sandbox = Sandbox { dir, git };
        sandbox.configure(who);
        sandbox
    }

    /// A hook of the remote, a shell script.
    #[cfg(unix)]
    pub(crate) fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.dir.path().join("hooks").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}
