//! One record as the log tells of it.

use chrono::{DateTime, FixedOffset};
use serde::de::value::{Error, StrDeserializer};
use serde::de::{Deserialize, IntoDeserializer};

use super::super::{Action, Kind, Phase, RecordId, Status};
use super::block_row::{BlockRow, Key};
use super::{Change, RecordLog, Told, build};

/// One record: what the last block in full says of it, its status, and when that was.
#[derive(Debug, Clone, Copy)]
pub struct Row<'l> {
    log: &'l RecordLog,
    number: u32,
    told: Told,
    full: BlockRow<'l>,
}

impl<'l> Row<'l> {
    pub(super) fn of(log: &'l RecordLog, number: u32) -> Option<Self> {
        let told = *log.told.get(number as usize)?;
        Some(Self { log, number, told, full: log.block(told.full)? })
    }

    /// As it was told of by one block.
    pub(super) fn in_block(log: &'l RecordLog, block: u32) -> Option<Self> {
        let full = log.block(block)?;
        let number = full.record();
        let told = *log.told.get(number as usize)?;
        Some(Self { log, number, told: Told { full: block, last: block, ..told }, full })
    }

    fn text(&self, key: Key) -> &'l str {
        self.log.text(self.full.text(key))
    }

    fn some(&self, key: Key) -> Option<&'l str> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Its name.
    pub fn id(&self) -> RecordId {
        let ids = self.log.table(build::IDS);
        let id = ids.get(self.number as usize * build::ID..).and_then(|rest| rest.first_chunk());
        RecordId::from_bytes(id.copied().unwrap_or_default())
    }

    /// What it is about.
    pub fn kind(&self) -> Option<Kind> {
        word(self.text(Key::Kind))
    }

    /// What was done.
    pub fn action(&self) -> Option<Action> {
        word(self.text(Key::Action))
    }

    /// The target.
    pub fn server(&self) -> &'l str {
        self.text(Key::Server)
    }

    /// The name on the target.
    pub fn name(&self) -> &'l str {
        self.text(Key::Name)
    }

    /// The name in the repository, where rules gave it another on the target.
    pub fn original_name(&self) -> Option<&'l str> {
        self.some(Key::OriginalName)
    }

    /// The version on main.
    pub fn version(&self) -> Option<usize> {
        self.text(Key::Version).parse().ok()
    }

    /// The blob of the file in the repository.
    pub fn blob(&self) -> Option<&'l str> {
        self.some(Key::Blob)
    }

    /// The vendor's word for where it stands, as the branch has it.
    pub fn status_word(&self) -> &'l str {
        self.log.block(self.told.last).map_or("", |last| self.log.text(last.text(Key::Status)))
    }

    /// The vendor's word for where it stands.
    pub fn status(&self) -> Option<Status> {
        word(self.status_word())
    }

    /// Whether it has begun, or is scheduled, and has not ended.
    pub fn is_open(&self) -> bool {
        self.status_word() == "Deploying"
    }

    /// How far it has come.
    pub fn phase(&self) -> Option<Phase> {
        word(self.text(Key::Phase))
    }

    /// Who asked for it: `Name <email>`.
    pub fn user(&self) -> &'l str {
        self.text(Key::User)
    }

    /// Who ran it, where that was somebody else.
    pub fn runner(&self) -> Option<&'l str> {
        self.some(Key::Runner)
    }

    /// The role of who asked for it.
    pub fn role(&self) -> Option<&'l str> {
        self.some(Key::Role)
    }

    /// The package it went with: `NAME@V`.
    pub fn package(&self) -> Option<&'l str> {
        self.some(Key::Package)
    }

    /// The rules that were used: `RULE@V, RULE@V`.
    pub fn rules(&self) -> Option<&'l str> {
        self.some(Key::Rules)
    }

    /// The release it belongs to.
    pub fn tag(&self) -> Option<&'l str> {
        self.some(Key::Tag)
    }

    /// What the user said of it.
    pub fn description(&self) -> Option<&'l str> {
        self.some(Key::Description)
    }

    /// What is common to all that went in one transaction.
    pub fn transaction(&self) -> Option<&'l str> {
        self.some(Key::TransactionId)
    }

    /// The record that it undid.
    pub fn undoes(&self) -> Option<&'l str> {
        self.some(Key::Undoes)
    }

    /// Whether the remote was left out of it.
    pub fn is_offline(&self) -> bool {
        self.some(Key::Offline).is_some()
    }

    /// When it begins, where it waits for its time.
    pub fn at(&self) -> Option<DateTime<FixedOffset>> {
        self.text(Key::At).parse().ok()
    }

    /// Why it ended as it did.
    pub fn reason(&self) -> Option<&'l str> {
        self.some(Key::Reason)
    }

    /// Whether it has left the lists with the version it is about.
    pub fn is_archived(&self) -> bool {
        self.told.archived
    }

    /// The commit in which it began.
    pub fn begun(&self) -> Option<Change<'l>> {
        self.change(self.told.first)
    }

    /// The last commit that says all of it: for one that has ended, that of its end.
    pub fn told(&self) -> Option<Change<'l>> {
        self.change(self.told.full)
    }

    /// The commit in which it came to its status.
    pub fn changed(&self) -> Option<Change<'l>> {
        self.change(self.told.last)
    }

    fn change(&self, block: u32) -> Option<Change<'l>> {
        self.log.change(self.log.block(block)?.commit())
    }
}

/// The value of an enum that is one word in files.
pub(super) fn word<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let text: StrDeserializer<'de, Error> = text.into_deserializer();
    T::deserialize(text).ok()
}
