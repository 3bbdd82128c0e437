//! Pushing one ref, and reading what the remote made of it.
//!
//! A rejected push is an answer, not an error: it says that somebody else was
//! faster, or why the remote will not have it.

use git2::Oid;

use super::git::{Git, GitError};

/// One line of `git push --porcelain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// ` ` fast-forward, `*` new, `+` forced, `=` as it was, `-` deleted, `!` refused.
    pub flag: char,
    /// The remote's ref.
    pub to: String,
    /// What git says of it.
    pub summary: String,
}

/// Reads what `git push --porcelain` printed.
pub fn parse_push(output: &str) -> Vec<RefUpdate> {
    let lines = output.lines().filter_map(|line| {
        let mut fields = line.splitn(3, '\t');
        let flag = fields.next()?;
        let (_, to) = fields.next()?.split_once(':')?;
        let mut flag = flag.chars();
        let (Some(flag), None) = (flag.next(), flag.next()) else { return None };
        Some(RefUpdate { flag, to: to.to_owned(), summary: fields.next().unwrap_or_default().to_owned() })
    });
    lines.collect()
}

/// What the remote made of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pushed {
    /// The ref is where it was asked to be, and was not before.
    Done,
    /// It was there already: whoever brought it there, it was not this push.
    Same,
    /// It is not where this clone thought; the reason in git's words.
    Elsewhere(String),
    /// The remote would not take it; its reason, verbatim.
    Refused(String),
    /// There was no answer for the ref: what git said, verbatim.
    NoAnswer(String),
}

/// Pushes a commit to a ref of the remote, or removes the ref.
///
/// With `expected` the ref moves only from there, whatever it holds; `Some(None)`:
/// only if there is none. Otherwise it moves only forwards.
pub(super) fn push(
    git: &Git,
    remote: &str,
    commit: Option<Oid>,
    reference: &str,
    expected: Option<Option<Oid>>,
    options: &[&str],
) -> Result<Pushed, GitError> {
    let one = Move { reference, commit, expected };
    let answer = push_all(git, remote, std::slice::from_ref(&one), options)?.pop();
    Ok(answer.unwrap_or_else(|| Pushed::NoAnswer(String::new())))
}

/// What is to become of one ref of the remote.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move<'a> {
    /// The ref.
    pub(super) reference: &'a str,
    /// Where it is to be; `None` is nowhere.
    pub(super) commit: Option<Oid>,
    /// Where it must be before, if that matters.
    pub(super) expected: Option<Option<Oid>>,
}

/// Pushes to several refs at once, each by itself: some may be taken and others not.
pub(super) fn push_all(
    git: &Git,
    remote: &str,
    moves: &[Move<'_>],
    options: &[&str],
) -> Result<Vec<Pushed>, GitError> {
    let name = |commit: Option<Oid>| commit.map(|commit| commit.to_string()).unwrap_or_default();
    let mut args = vec!["push".to_owned(), "--porcelain".to_owned()];
    args.extend(options.iter().map(|&option| option.to_owned()));
    for one in moves {
        if let Some(expected) = one.expected {
            args.push(format!("--force-with-lease={}:{}", one.reference, name(expected)));
        }
    }
    args.extend(["--".to_owned(), remote.to_owned()]);
    args.extend(moves.iter().map(|one| format!("{}:{}", name(one.commit), one.reference)));
    let output = git.output(&args)?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let updates = parse_push(&String::from_utf8_lossy(&output.stdout));
    // That a ref was not taken is no reason to doubt what is said of the others.
    let answered = output.status.success() || moves.len() > 1 && updates.iter().any(|one| one.flag == '!');
    let answer = |one: &Move<'_>| match updates.iter().find(|update| update.to == one.reference) {
        Some(update) if update.flag == '!' && is_behind(&update.summary) => {
            Pushed::Elsewhere(refusal(&update.summary, &stderr))
        }
        Some(update) if update.flag == '!' => Pushed::Refused(refusal(&update.summary, &stderr)),
        Some(update) if update.flag == '=' && answered => Pushed::Same,
        Some(_) if answered => Pushed::Done,
        _ => Pushed::NoAnswer(stderr.trim().to_owned()),
    };
    Ok(moves.iter().map(answer).collect())
}

/// The reason git gives in brackets, and what the remote's hook or host said.
fn refusal(summary: &str, stderr: &str) -> String {
    let brief = summary.split_once('(').and_then(|(_, reason)| reason.strip_suffix(')'));
    let said = stderr.lines().filter_map(|line| line.strip_prefix("remote:").map(str::trim));
    let said = said.filter(|line| !line.is_empty());
    match said.collect::<Vec<_>>().join("; ") {
        said if said.is_empty() => brief.unwrap_or(summary).to_owned(),
        said => format!("{} ({said})", brief.unwrap_or(summary)),
    }
}

/// Whether the remote's branch is elsewhere, in the words of the gits of the years.
fn is_behind(summary: &str) -> bool {
    const REASONS: [&str; 7] = [
        "fetch first",
        "non-fast-forward",
        "stale info",
        "failed to update ref",
        "cannot lock ref",
        "incorrect old value provided",
        "reference already exists",
    ];
    REASONS.iter().any(|reason| summary.contains(reason))
}

/// The author of the last commit of a range that touched a path, and its time as
/// `time` formats it (`%as` a date, `%at` seconds).
pub(super) fn last_author(
    git: &Git,
    range: &str,
    path: &str,
    time: &str,
) -> Result<Option<(String, String)>, GitError> {
    let format = format!("--format=%an%x00{time}");
    let path = format!(":(literal){path}");
    let line = git.run(&["log", "-1", &format, "--no-show-signature", range, "--", &path])?;
    Ok(line.split_once('\0').map(|(who, when)| (who.to_owned(), when.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn porcelain_lines_are_read() {
        let output = "To /srv/central.git\n \tabc:refs/heads/main\t1111111..2222222\n\
                      !\tabc:refs/heads/x\t[rejected] (fetch first)\n-\t:refs/heads/gone\t[deleted]\nDone\n";
        let updates = parse_push(output);
        assert_eq!(updates.len(), 3);
        assert_eq!((updates[0].flag, updates[0].to.as_str()), (' ', "refs/heads/main"));
        assert!(is_behind(&updates[1].summary));
        assert_eq!((updates[2].flag, updates[2].to.as_str()), ('-', "refs/heads/gone"));
    }

    #[test]
    fn a_refusal_holds_what_the_remote_said() {
        let summary = "[remote rejected] (pre-receive hook declined)";
        let stderr = "remote: No pushes on Fridays        \nremote: \nerror: failed to push some refs\n";
        assert_eq!(refusal(summary, stderr), "pre-receive hook declined (No pushes on Fridays)");
        assert_eq!(refusal("[remote rejected]", ""), "[remote rejected]");
    }
}
