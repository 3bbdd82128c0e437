//! The line of commits: one after the other, and nothing that was seen is gone.

use git2::{Oid, Sort};

use super::finding::{FindingKind, Findings, short};
use crate::repository::Repository;
use crate::repository::records::branch::{Branch, contains};

/// The tip to look at: the remote's, unless what is here holds all of that; what was
/// seen before must be part of it.
pub(super) fn tip(
    repository: &Repository,
    branch: &Branch,
    findings: &mut Findings,
) -> Result<Option<Oid>, git2::Error> {
    let git = repository.git2();
    let read = |name: Option<String>| match name {
        Some(name) => repository.ref_commit(&name),
        None => Ok(None),
    };
    let (local, remote) = (read(Some(branch.head()))?, read(branch.tracking())?);
    let tip = match (local, remote) {
        (Some(local), Some(remote)) if contains(git, local, remote)? => Some(local),
        (Some(local), Some(remote)) => {
            let (ahead, _) = git.graph_ahead_behind(local, remote)?;
            findings.unproven.not_pushed = ahead;
            Some(remote)
        }
        (local, remote) => remote.or(local),
    };
    let there =
        branch.remote.as_ref().map_or(branch.name.clone(), |remote| format!("{remote}/{}", branch.name));
    let seen = [(branch.seen_there(), remote, there), (Some(branch.seen_here()), local, branch.name.clone())];
    for (kept, stands, name) in seen {
        let Some(seen) = read(kept)? else { continue };
        let is_there = match stands {
            Some(stands) => contains(git, stands, seen)?,
            // A local branch that is gone was pushed, and lives on there.
            None => tip.map_or(Ok(false), |tip| contains(git, tip, seen))?,
        };
        if !is_there {
            let what = match stands {
                Some(stands) => format!("it stands at {}, which does not descend from that", short(stands)),
                None => "the branch was deleted".to_owned(),
            };
            let message = format!("`{name}` was rewritten: {} was seen on it; {what}", short(seen));
            findings.add(FindingKind::Rewritten, seen, None, message);
        }
    }
    Ok(tip)
}

/// Its commits, oldest first.
pub(super) fn commits(
    repository: &Repository,
    tip: Option<Oid>,
    findings: &mut Findings,
) -> Result<Vec<Oid>, git2::Error> {
    let Some(tip) = tip else { return Ok(Vec::new()) };
    let git = repository.git2();
    let mut walk = git.revwalk()?;
    walk.simplify_first_parent()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
    walk.push(tip)?;
    let commits: Vec<Oid> = walk.collect::<Result<_, _>>()?;
    for id in &commits {
        if git.find_commit(*id)?.parent_count() > 1 {
            let message = "it merges another line of commits: records are one line, and what the other held is not looked at";
            findings.add(FindingKind::Merge, *id, None, message);
        }
    }
    Ok(commits)
}
