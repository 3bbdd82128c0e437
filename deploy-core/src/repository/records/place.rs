//! Where things lie on the records branch.

use sha2::{Digest as _, Sha256};

use super::{RecordId, plain};
use crate::definition::{decode, encode};
use crate::repository::layout;

/// A thing on the records branch; its path is made of encoded names only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The folder of the schedule that stands on a server.
    Active(&'a str, &'a str),
    /// The folder of an operation that has begun.
    Open(RecordId),
    /// The record of a package on a server.
    Package(&'a str, &'a str),
    /// The record of a script on a server.
    Script(&'a str, &'a str),
    /// The pin of a schedule on a server.
    Pin(&'a str, &'a str),
    /// The archived versions of a schedule, package or rule.
    Archived(layout::Kind, &'a str),
    /// The folder of a rollout.
    Rollout(&'a str),
    /// The state of a job of a rollout, on a server.
    Job(&'a str, &'a str, &'a str),
}

impl Place<'_> {
    /// The path from the root of the branch: of a folder, or of a file.
    pub fn path(&self) -> String {
        match *self {
            Place::Active(server, schedule) => {
                let schedule = encode(schedule);
                format!("active/{}/{}/{schedule}", encode(server), fan_out(&schedule))
            }
            Place::Open(id) => format!("open/{id}"),
            Place::Package(server, package) => {
                format!("packages/{}/{}.toml", encode(server), encode(package))
            }
            Place::Script(server, script) => format!("scripts/{}/{}.toml", encode(server), encode(script)),
            Place::Pin(server, schedule) => {
                let schedule = encode(schedule);
                format!("pins/{}/{}/{schedule}.toml", encode(server), fan_out(&schedule))
            }
            Place::Archived(kind, name) => {
                let name = encode(name);
                format!("archived/{}s/{}/{name}.toml", kind.word(), fan_out(&name))
            }
            Place::Rollout(id) => format!("rollouts/{}", encode(id)),
            Place::Job(id, server, job) => {
                format!("rollouts/{}/{}/{}.toml", encode(id), encode(server), encode(job))
            }
        }
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.path())
    }
}

/// What lies at a path of the branch, in words.
pub(super) fn described(path: &str) -> String {
    let stem = |file: &str| file.strip_suffix(".toml").unwrap_or(file).to_owned();
    let name = |file: &str| plain(&decode(&stem(file)).unwrap_or(stem(file)));
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["active", server, _, schedule, ..] => format!("`{}` on `{}`", name(schedule), name(server)),
        ["open", id, ..] => format!("the operation `{id}`"),
        ["packages", server, package] => format!("package `{}` on `{}`", name(package), name(server)),
        ["scripts", server, script] => format!("script `{}` on `{}`", name(script), name(server)),
        ["pins", server, _, schedule] => format!("the pin of `{}` on `{}`", name(schedule), name(server)),
        ["archived", kind, _, stem] => {
            format!("the archived versions of {} `{}`", kind.trim_end_matches('s'), name(stem))
        }
        ["rollouts", id, server, _] => format!("a job of rollout `{}` on `{}`", name(id), name(server)),
        ["rollouts", id, ..] => format!("rollout `{}`", name(id)),
        _ => format!("`{}`", plain(path)),
    }
}

/// The folder between server and schedule, so that a commit never rewrites a tree of thousands.
fn fan_out(encoded: &str) -> String {
    format!("{:02x}", Sha256::digest(encoded.as_bytes())[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_words() {
        let id = RecordId::new();
        for (place, words) in [
            (Place::Active("PROD", "A/B"), "`A/B` on `PROD`".to_owned()),
            (Place::Open(id), format!("the operation `{id}`")),
            (Place::Package("PROD", "FINANCE"), "package `FINANCE` on `PROD`".to_owned()),
            (Place::Script("PROD", "end."), "script `end.` on `PROD`".to_owned()),
            (Place::Pin("PROD", "Payroll"), "the pin of `Payroll` on `PROD`".to_owned()),
            (
                Place::Archived(layout::Kind::Package, "FIN"),
                "the archived versions of package `FIN`".to_owned(),
            ),
            (Place::Rollout("q4"), "rollout `q4`".to_owned()),
            (Place::Job("q4", "PROD", "0123"), "a job of rollout `q4` on `PROD`".to_owned()),
        ] {
            assert_eq!(described(&place.path()), words);
        }
        assert_eq!(described(&Place::Active("PROD", "A/B").file("record.toml")), "`A/B` on `PROD`");
    }

    #[test]
    fn names_from_outside_never_leave_their_folder() {
        assert_eq!(
            Place::Active("PROD", "Payroll").file("record.toml"),
            "active/PROD/53/Payroll/record.toml"
        );
        let hostile = Place::Pin("../..", "/etc/passwd").path();
        assert!(hostile.starts_with("pins/%2E.%2F.%2E/"), "{hostile}");
        assert_eq!(hostile.matches('/').count(), 3, "{hostile}");
    }
}
