//! Going through the branch commit by commit: what changed is what the blocks say,
//! each record goes its way once, and content has the hashes that are told of it.

use std::collections::HashMap;

use git2::Commit;

use super::changes::{ActiveFiles, Changed, Changes, Named, OpenFiles};
use super::finding::{FindingKind as Kind, Findings};
use super::step::{Act, Step, word};
use super::way::{Standing, may_be_replaced, may_begin, may_follow};
use crate::repository::Repository;
use crate::repository::records::{Block, Digest, Kind as RecordKind, Phase, Place, Record, RecordId, Status};

/// What is known of the records so far.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// Every record there was, and where it stands.
    standing: HashMap<RecordId, Standing>,
    /// Those under way, as they were told of last.
    open: HashMap<RecordId, Record>,
    /// The record at each place where one stands.
    at: HashMap<String, RecordId>,
}

impl Replay {
    /// How many records there are.
    pub(super) fn records(&self) -> usize {
        self.standing.len()
    }

    /// How many are under way.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// Goes one commit further; what it did.
    pub(super) fn commit<'r>(
        &mut self,
        repository: &'r Repository,
        commit: &Commit<'r>,
        blocks: &[Block],
        findings: &mut Findings,
    ) -> Result<Vec<Act>, git2::Error> {
        let changes = Changes::of(repository, commit)?;
        let mut step = Step::new(repository, commit, blocks, findings);
        if blocks.is_empty() && changes.is_empty() {
            step.add(Kind::Untold, None, "it does nothing, which no command ever commits");
        }
        for path in &changes.strange {
            step.add(
                Kind::Untold,
                None,
                format!("it changes `{}`, which no record has", path.escape_debug()),
            );
        }
        for (id, files) in &changes.open {
            self.opened(&mut step, *id, files)?;
        }
        for (named, files) in &changes.active {
            self.active(&mut step, named, files)?;
        }
        for (named, file) in &changes.packages {
            let place = Place::Package(&named.0, &named.1).path();
            self.single(&mut step, named, &place, RecordKind::Package, *file)?;
        }
        for (named, file) in &changes.scripts {
            let place = Place::Script(&named.0, &named.1).path();
            self.single(&mut step, named, &place, RecordKind::Script, *file)?;
        }
        for (named, file) in &changes.pins {
            step.pinned(named, *file)?;
        }
        if changes.archived > 0 {
            step.archived(&self.standing);
            step.acts.push(Act::Archived);
        }
        self.closed(&mut step, &changes);
        self.replaced(&mut step);
        step.members(&self.standing);
        step.untold();
        Ok(step.acts)
    }

    /// An operation begins or comes further. Its end is looked at when it is known what else
    /// the commit did.
    fn opened(
        &mut self,
        step: &mut Step<'_, '_>,
        id: RecordId,
        files: &OpenFiles,
    ) -> Result<(), git2::Error> {
        if files.record.new.is_none() {
            if files.record.old.is_none() {
                step.add(Kind::Untold, id, "what it keeps of an operation changed, and its record did not");
            }
            return Ok(());
        }
        let record = match step.record(files.record.new, id)? {
            Some(record) => record,
            None => return Ok(()),
        };
        step.told(&record);
        let begins = files.record.old.is_none();
        match self.open.get(&id) {
            _ if begins => {
                if self.standing.contains_key(&id) || !may_begin(&record) || record.phase == Phase::Done {
                    let (status, phase) = (record.status, record.phase);
                    step.add(Kind::Step, id, format!("it cannot begin as {status:?}, {phase:?}"));
                }
                step.hash(id, "planned.json", files.planned.new, record.planned.as_ref())?;
                step.hash(id, "rollback.json", files.rollback.new, record.found.as_ref())?;
                step.acts.push(Act::Begun(Box::new(record.clone())));
            }
            Some(before) => {
                step.went(before, &record);
                let scheduled = matches!(before.phase, Phase::Scheduling | Phase::Scheduled);
                if (files.planned.is_any() || files.rollback.is_any()) && !scheduled {
                    step.add(Kind::Untold, id, "what it keeps of an operation changed after its beginning");
                }
                // What waited begins by what is allowed then.
                step.acts.push(match scheduled && record.phase > Phase::Scheduled {
                    true => Act::Begun(Box::new(record.clone())),
                    false => Act::Went(Box::new(record.clone())),
                });
            }
            None => {}
        }
        self.standing.insert(id, (record.status, record.phase));
        self.open.insert(id, record);
        Ok(())
    }

    /// Something stands on a target, or does no more.
    fn active(
        &mut self,
        step: &mut Step<'_, '_>,
        named: &Named,
        files: &ActiveFiles,
    ) -> Result<(), git2::Error> {
        let place = Place::Active(&named.0, &named.1);
        let before = self.at.get(&place.path()).copied();
        if !files.record.is_any() {
            let message =
                format!("what stands as `{}` on `{}` changed, and its record did not", named.1, named.0);
            step.add(Kind::Untold, before, message);
            return Ok(());
        }
        let Some(new) = files.record.new else {
            step.left.extend(before);
            self.at.remove(&place.path());
            if files.deployed.new.is_some() || step.is_there(&place.file("deployed.json"))? {
                step.add(Kind::Untold, before, "its record is gone, and what was deployed is left");
            }
            return Ok(());
        };
        let Some(record) = step.record_at(new, named, RecordKind::Schedule)? else { return Ok(()) };
        if Some(record.id) == before {
            step.add(Kind::Untold, record.id, "the record of what stands was rewritten in its place");
            return Ok(());
        }
        step.left.extend(before);
        let deployed = match files.deployed.is_any() {
            true => files.deployed.new,
            false => step.blob(&place.file("deployed.json"))?,
        };
        step.hash(record.id, "deployed.json", deployed, record.deployed.as_ref())?;
        self.at.insert(place.path(), record.id);
        self.stands(step, record, Status::Active);
        Ok(())
    }

    /// A package or a script stands on a target, or does no more.
    fn single(
        &mut self,
        step: &mut Step<'_, '_>,
        named: &Named,
        place: &str,
        kind: RecordKind,
        file: Changed,
    ) -> Result<(), git2::Error> {
        let before = self.at.get(place).copied();
        let Some(new) = file.new else {
            step.left.extend(before);
            self.at.remove(place);
            if kind == RecordKind::Script {
                step.add(Kind::Untold, before, "its record is gone: scripts are never taken away");
            }
            return Ok(());
        };
        let Some(record) = step.record_at(new, named, kind)? else { return Ok(()) };
        if Some(record.id) == before {
            step.add(Kind::Untold, record.id, "the record was rewritten in its place");
            return Ok(());
        }
        step.left.extend(before);
        self.at.insert(place.to_owned(), record.id);
        let status = if kind == RecordKind::Script { Status::Deployed } else { Status::Active };
        self.stands(step, record, status);
        Ok(())
    }

    /// A record ends by standing somewhere.
    fn stands(&mut self, step: &mut Step<'_, '_>, record: Record, status: Status) {
        step.told(&record);
        if (record.status, record.phase) != (status, Phase::Done) {
            let (status, phase) = (record.status, record.phase);
            step.add(Kind::Step, record.id, format!("it stands there as {status:?}, {phase:?}"));
        }
        match self.open.remove(&record.id) {
            Some(begun) => {
                step.went(&begun, &record);
                self.standing.insert(record.id, (record.status, record.phase));
                step.acts.push(Act::Went(Box::new(record)));
            }
            None => {
                if self.standing.contains_key(&record.id) || !may_begin(&record) {
                    step.add(Kind::Step, record.id, "it stands there without having begun");
                }
                self.standing.insert(record.id, (record.status, record.phase));
                step.acts.push(Act::Begun(Box::new(record)));
            }
        }
    }

    /// Operations whose folder went: a block says how they ended.
    fn closed(&mut self, step: &mut Step<'_, '_>, changes: &Changes) {
        for (id, files) in &changes.open {
            if files.record.old.is_none() || files.record.new.is_some() {
                continue;
            }
            if step.is_there(&Place::Open(*id).path()).unwrap_or(true) {
                step.add(Kind::Untold, *id, "its record is gone, and what it kept is left");
            }
            // Those that stand somewhere are done with.
            let Some(begun) = self.open.remove(id) else { continue };
            let Some(block) = step.full_block(*id) else {
                step.add(Kind::Untold, *id, "it is no longer under way, and no block says how it ended");
                self.standing.insert(*id, (begun.status, Phase::Done));
                continue;
            };
            let ended = ended_by(&begun, block);
            if Block::of(&ended) != *block {
                step.add(Kind::Untold, *id, "it ended as another operation than it began");
            }
            if !may_follow((begun.status, begun.phase), (ended.status, ended.phase)) {
                let (status, phase) = (ended.status, ended.phase);
                step.add(Kind::Step, *id, format!("it cannot end as {status:?}, {phase:?}"));
            }
            let is_gone = || !self.at.contains_key(&place_of(&ended));
            let has_effect = matches!(ended.status, Status::Active | Status::Deployed);
            if has_effect || (ended.status == Status::Deleted && !is_gone()) {
                let status = ended.status;
                step.add(Kind::NotDone, *id, format!("it ended as {status:?}, and nothing of that is there"));
            }
            self.standing.insert(*id, (ended.status, ended.phase));
            step.acts.push(Act::Went(Box::new(ended)));
        }
    }

    /// Records that another one took the place of, and blocks that say so.
    fn replaced(&mut self, step: &mut Step<'_, '_>) {
        for (place, block) in step.blocks.iter().enumerate() {
            let Some(status) = block.get("Status").filter(|_| block.get("Action").is_none()) else {
                continue;
            };
            step.used.insert(place);
            let after = word(status);
            match (self.standing.get(&block.id), after) {
                (Some((before, _)), Some(after)) if may_be_replaced(*before, after) => {
                    if !step.left.contains(&block.id) {
                        let message = format!("it is said to be {after:?}, and stands where it stood");
                        step.add(Kind::NotDone, block.id, message);
                    }
                    if block.get("By").is_some() {
                        step.acts.push(Act::Forgotten);
                    }
                    self.standing.insert(block.id, (after, Phase::Done));
                }
                (Some((before, _)), _) => {
                    let message = format!("it cannot become `{}`, being {before:?}", status.escape_debug());
                    step.add(Kind::Step, block.id, message);
                }
                (None, _) => step.add(Kind::NotDone, block.id, "it is said to have ended, and never began"),
            }
        }
        for id in std::mem::take(&mut step.left) {
            // A script only gives way to the next one.
            if matches!(self.standing.get(&id), Some((Status::Active, _))) {
                step.add(Kind::Untold, id, "it stands there no more, and no block says so");
                self.standing.insert(id, (Status::Inactive, Phase::Done));
            }
        }
    }
}

/// The record as a block says that it ended.
fn ended_by(begun: &Record, block: &Block) -> Record {
    let text = |key: &str| block.get(key).map(str::to_owned);
    Record {
        status: text("Status").and_then(|status| word(&status)).unwrap_or(begun.status),
        phase: text("Phase").and_then(|phase| word(&phase)).unwrap_or(begun.phase),
        reason: text("Reason"),
        deployed: text("Deployed").map(Digest),
        settings: text("Settings").or_else(|| begun.settings.clone()),
        ..begun.clone()
    }
}

/// Where a record stands when it is active.
fn place_of(record: &Record) -> String {
    let (server, name) = (&record.server, &record.name);
    match record.kind {
        RecordKind::Schedule => Place::Active(server, name).path(),
        RecordKind::Package => Place::Package(server, name).path(),
        RecordKind::Script => Place::Script(server, name).path(),
    }
}
