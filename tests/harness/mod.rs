//! What the end-to-end tests stand on: the real program, the real git, and
//! nothing of the machine they run on.
//!
//! A [`World`] is a folder of its own with a home, a clock and an identity. A
//! run gives one text with standard output, standard error and the exit code,
//! in which commit names and the folder are replaced, so that a snapshot holds
//! all of what a user would see.

#[cfg(unix)]
pub mod batch;
mod records;
pub mod rollouts;
mod systems;
#[cfg(unix)]
pub mod vendor_table;

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub use records::{record, record_id};
pub use systems::Systems;
use tempfile::TempDir;

/// The beginning of time for commits; each run is a minute later.
const START: u64 = 1_780_000_000;

/// A folder with a home, a clock and an identity of its own.
pub struct World {
    dir: TempDir,
    minutes: Cell<u64>,
}

/// What a run of a program gave.
pub struct Run {
    pub output: Output,
    root: PathBuf,
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        let config =
            "[user]\n\tname = Ann Ops\n\temail = ann@corp.example\n[init]\n\tdefaultBranch = trunk\n";
        fs::write(dir.path().join("home/.gitconfig"), config).unwrap();
        Self { dir, minutes: Cell::new(0) }
    }

    /// A world with a central repository in `central`.
    pub fn with_central() -> Self {
        let world = Self::new();
        world.run("", &["init", "central"]).ok();
        world
    }

    /// A world like this one; what its clones and its home refer to by whole paths stays here.
    #[cfg(unix)]
    pub fn copy(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let copied = Command::new("cp").arg("-a").arg(self.path(".")).arg(dir.path()).status().unwrap();
        assert!(copied.success());
        Self { dir, minutes: self.minutes.clone() }
    }

    /// A path in the world.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// A program with the world's environment and none of the machine's.
    pub fn command(&self, program: impl AsRef<OsStr>, folder: &str) -> Command {
        let mut command = Command::new(program);
        self.minutes.set(self.minutes.get() + 1);
        let now = format!("{} +0000", START + 60 * self.minutes.get());
        command.current_dir(self.path(folder)).env_clear().stdin(Stdio::null());
        for name in ["PATH", "SystemRoot", "TMPDIR", "TEMP", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.path("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", &now)
            .env("GIT_COMMITTER_DATE", &now)
            .env("TZ", "UTC")
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1");
        command
    }

    /// The program under test.
    pub fn program(&self, folder: &str) -> Command {
        self.command(env!("CARGO_BIN_EXE_opcon-deploy"), folder)
    }

    /// Runs the program in a folder.
    pub fn run(&self, folder: &str, args: &[&str]) -> Run {
        self.finish(self.program(folder).args(args))
    }

    /// Runs the program in `central`.
    pub fn central(&self, args: &[&str]) -> Run {
        self.run("central", args)
    }

    /// Runs the program in a folder with standard input.
    pub fn run_with_input(&self, folder: &str, args: &[&str], input: &[u8]) -> Run {
        let mut command = self.program(folder);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Run { output: child.wait_with_output().unwrap(), root: self.dir.path().to_path_buf() }
    }

    pub fn finish(&self, command: &mut Command) -> Run {
        Run { output: command.output().unwrap(), root: self.dir.path().to_path_buf() }
    }

    /// What a program that was started gave.
    pub fn shown(&self, output: Output) -> Run {
        Run { output, root: self.dir.path().to_path_buf() }
    }

    /// Runs git in a folder; it must succeed. Its standard output.
    pub fn git(&self, folder: &str, args: &[&str]) -> String {
        let run = self.finish(self.command("git", folder).args(args));
        assert!(run.output.status.success(), "git {args:?}\n{run}");
        String::from_utf8_lossy(&run.output.stdout).trim_end().to_owned()
    }

    /// A pair of SSH keys without a passphrase: `home/<name>` and `home/<name>.pub`.
    pub fn keygen(&self, name: &str, kind: &str) {
        let mut command = self.command("ssh-keygen", "home");
        let run = self.finish(command.args(["-q", "-t", kind, "-N", "", "-C", name, "-f", name]));
        assert!(run.output.status.success(), "{run}");
    }

    /// A bare repository `remote.git` that `central` pushes to, with `main` pushed.
    pub fn add_remote(&self) {
        self.git("", &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"]);
        self.git("central", &["remote", "add", "origin", "../remote.git"]);
        self.git("central", &["push", "--quiet", "--set-upstream", "origin", "main"]);
    }

    /// Another clone of the remote, its drivers wired; whoever commits there is `who`.
    pub fn add_clone(&self, folder: &str, who: &str) {
        self.git("", &["clone", "--quiet", "remote.git", folder]);
        self.git(folder, &["config", "user.name", who]);
        self.run(folder, &["init"]).ok();
    }

    /// Imports a definition of one schedule into a clone; the options follow `import`.
    pub fn import(&self, folder: &str, definition: &str, options: &[&str]) -> Run {
        let args = [&["import", "--file", "-"], options].concat();
        self.run_with_input(folder, &args, definition.as_bytes())
    }

    /// Commits everything in the work tree, as a user would.
    pub fn commit(&self, folder: &str, message: &str) {
        self.git(folder, &["add", "--all"]);
        self.git(folder, &["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    /// What the program says are the commits of a schedule's versions, oldest first.
    #[track_caller]
    pub fn versions(&self, folder: &str, name: &str) -> Vec<String> {
        let all = self.run(folder, &["versions", name, "--all", "--json"]).ok().json();
        let mut commits: Vec<String> = all["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| version["commit"].as_str().unwrap().to_owned())
            .collect();
        commits.reverse();
        commits
    }

    /// What git says they are.
    pub fn versions_by_git(&self, folder: &str, tip: &str, stem: &str) -> Vec<String> {
        let path = format!(":(glob)schedules/**/{stem}.json");
        let log = self.git(folder, &["log", "--reverse", "--first-parent", "--format=%H", tip, "--", &path]);
        log.lines().map(str::to_owned).collect()
    }

    /// Text with the names of commits and records, and the world's folder, replaced.
    pub fn redact(&self, text: &str) -> String {
        redact(text, self.dir.path())
    }

    /// Git finds nothing wrong with the repository, and the work tree is as HEAD has it.
    pub fn assert_sound(&self, folder: &str) {
        self.git(folder, &["fsck", "--full", "--strict", "--no-dangling"]);
        assert_eq!(self.git(folder, &["status", "--porcelain"]), "");
    }
}

impl Run {
    /// The run must have exited with 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// The run must have exited with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.output.status.code(), Some(code), "\n{self}");
        self
    }

    /// Standard output as it is.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.output.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}

/// Standard output, standard error and exit code, as a user sees them.
impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        for (name, bytes) in [("", &self.output.stdout), ("--- stderr\n", &self.output.stderr)] {
            if !bytes.is_empty() {
                text.push_str(name);
                text.push_str(&String::from_utf8_lossy(bytes));
            }
        }
        let code = self.output.status.code().map_or("killed".to_owned(), |code| code.to_string());
        text.push_str(&format!("--- exit {code}\n"));
        f.write_str(&redact(&redact_fetch(&text), &self.root))
    }
}

/// The time of a fetch is the machine's, whatever the world's clock says.
fn redact_fetch(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| match line.split_once(" as of 20") {
        Some((before, after)) if line.contains("`--fetch`") => {
            format!("{before} as of [time];{}", after.split_once(';').map_or("", |(_, rest)| rest))
        }
        _ => line.to_owned(),
    });
    lines.collect()
}

/// The day on which a record was made is the machine's: ` on 2026-11-20` becomes ` on [day]`.
fn redact_days(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(" on 20") {
        let (before, after) = rest.split_at(at + " on ".len());
        out.push_str(before);
        let shape = |day: &str| {
            day.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
        };
        rest = match after.get(..10).filter(|day| shape(day)) {
            Some(_) => {
                out.push_str("[day]");
                &after[10..]
            }
            None => after,
        };
    }
    out + rest
}

/// Names of records become `[record]`, whole ones.
fn redact_records(text: &str) -> String {
    let is_name = |word: &str| {
        let parts: Vec<&str> = word.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        lengths == [8, 4, 4, 4, 12] && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    };
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| c != '-' && !c.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| c != '-' && !c.is_ascii_alphanumeric());
        match is_name(word) {
            true => out.push_str(&format!("[record]{}", &piece[word.len()..])),
            false => out.push_str(piece),
        }
    }
    out
}

/// Commit names become `[commit]`, the world's folder `[world]`, the temporary ones of git `[tmp]`.
fn redact(text: &str, root: &Path) -> String {
    let text = &redact_days(&redact_records(text));
    let canonical = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let text =
        text.replace(&*canonical.to_string_lossy(), "[world]").replace(&*root.to_string_lossy(), "[world]");
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        let hex = word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        // Seven digits are more likely a number, eight the rare commit without a letter.
        if hex && (matches!(word.len(), 8 | 40) || word.len() == 7 && word.bytes().any(|b| b > b'9')) {
            out.push_str("[commit]");
        } else {
            out.push_str(word);
        }
        word.clear();
    };
    for character in text.chars() {
        if character.is_alphanumeric() {
            word.push(character);
        } else {
            flush(&mut word, &mut out);
            out.push(character);
        }
    }
    flush(&mut word, &mut out);
    out
}

/// A definition of one schedule that starts at a time, with two jobs.
pub fn starting(name: &str, time: &str) -> String {
    definition(name, &["LOAD", "REPORT"]).replace("06:00", time)
}

/// A definition of one schedule with jobs that have only a name, in the export form.
pub fn definition(name: &str, jobs: &[&str]) -> String {
    let jobs: Vec<_> =
        jobs.iter().map(|job| serde_json::json!({ "name": job, "type": "Null Job" })).collect();
    let value = serde_json::json!({
        "opConVersion": "23.0.1",
        "descriptionList": ["Export Date : 2026-11-18 09:12:44"],
        "scheduleList": [{ "name": name, "startTime": "06:00", "jobList": jobs }],
    });
    serde_json::to_string(&value).unwrap()
}
