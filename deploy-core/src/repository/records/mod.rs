//! Records: what was done to which target, by whom, and what stood there before.
//!
//! They live on a branch of their own (`[git] records`), an orphan that only
//! this program writes. Its tip says what stands where now and what is under
//! way; its history is all records there ever were. See `docs/records.md`.
//!
//! ```text
//! active/<server>/<hh>/<schedule>/{record.toml,deployed.json}   what stands where
//! open/<record-id>/{record.toml,planned.json,rollback.json}     begun or scheduled
//! packages/<server>/<package>.toml                              the record of a package that stands there
//! scripts/<server>/<script>.toml                                the script version last sent there
//! pins/<server>/<hh>/<schedule>.toml                            content that was rolled away from
//! archived/<kind>s/<hh>/<name>.toml                             versions that have left the lists
//! rollouts/<id>/{begun.toml,over.toml,<server>/<job>.toml}      how far the jobs of a rollout are
//! ```
//!
//! Every change of a record is told by a block of trailers in the commit that
//! makes it ([`Block`]): a pass over the messages is enough to list them all.
//!
//! Reading is [`Records`], writing is a [`Ledger`] of [`Entry`]s, and who may
//! touch a target at all holds its [`Lease`].

mod archived;
mod block;
mod branch;
mod entry;
mod id;
mod installed;
mod lease;
mod ledger;
pub mod log;
mod place;
mod read;
mod record;
mod scheduled;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod testing;
pub mod verify;

/// Text from elsewhere, on one line and without what a terminal would obey.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

pub use archived::{Archived, ArchivedVersion};
pub use block::{Block, parse_blocks};
pub use branch::Reach;
pub use entry::{Entry, Expected};
pub use id::RecordId;
pub use installed::{InstalledError, installed};
pub use lease::{Claim, Got, Holder, Lease, LeaseError};
pub use ledger::{Ledger, LedgerError, LedgerStats, Participant, Written};
pub use place::Place;
pub(crate) use read::FileBelow;
pub use read::{OpenOperation, Records, RecordsError, Standing};
pub use record::{
    Action, Digest, Kind, PackageRef, Person, Phase, Pin, Record, RuleRef, STANDS_OTHERWISE, Source, Status,
    Told,
};
pub use scheduled::{ImportWords, PlanDigests, Scheduled};
