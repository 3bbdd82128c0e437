//! One schedule: what stands there, whether it is what was deployed, and what
//! differs from what will.

use super::compare::{Estate, compare};
use super::transform::keep_instance_properties;
use super::{PlanError, Shared};
use crate::definition::diff::Difference;
use crate::definition::{Definition, essence, information};
use crate::deploy::deviating::nothing_to_compare;
use crate::deploy::{FoundBy, Stands};
use crate::repository::Repository;
use crate::repository::records::log::{RecordLog, Which};
use crate::repository::records::{Kind, Pin, Record, Records, Standing};

/// A schedule as it is to be sent.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) planned: Vec<u8>,
}

/// What was seen of it.
pub(super) struct Looked {
    pub(super) name: String,
    /// As it will be sent; only what stands there may have changed it.
    pub(super) planned: Vec<u8>,
    pub(super) found: Option<Vec<u8>>,
    pub(super) stands: Stands,
    /// What the deployment information that stands there says, where it names another record.
    pub(super) names_other: Option<String>,
    pub(super) difference: Difference,
    pub(super) unchanged: bool,
    /// What of the found state decides, as bytes.
    pub(super) state: Option<Vec<u8>>,
    pub(super) pin: Option<Pin>,
}

/// Looks at one schedule.
pub(super) fn look(
    shared: &Shared,
    estate: &Estate<'_>,
    part: Part,
    found: Option<Definition>,
    blob: Option<&str>,
) -> Result<Looked, PlanError> {
    let Part { name, planned } = part;
    let Some(found) = found else {
        return Ok(Looked {
            name,
            planned,
            found: None,
            stands: Stands::Nothing,
            names_other: None,
            difference: Difference::default(),
            unchanged: false,
            state: None,
            pin: None,
        });
    };
    let unreadable = |source| PlanError::Unreadable { schedule: name.clone(), path: name.clone(), source };
    let before = Definition::read(&planned).map_err(unreadable)?;
    let after = keep_instance_properties(shared, before, &found);
    let (unchanged, difference) = compare(estate, &shared.settings.deploy, &found, &after);
    let (stands, names_other, pin) = shared.handles.with(|repository| {
        let records = Records::at(repository, shared.records);
        let (stands, names_other) = stands(shared, &records, &name, &found)?;
        let pin = records.pin(&shared.server.name, &name)?.filter(|pin| Some(pin.blob.as_str()) == blob);
        Ok::<_, PlanError>((stands, names_other, pin))
    })?;
    Ok(Looked {
        planned: after.to_bytes(),
        state: Some(essence(found.value())),
        found: Some(found.to_bytes()),
        name,
        stands,
        names_other,
        difference,
        unchanged,
        pin,
    })
}

/// What the records know of what stands there; with it the record that stands in its
/// deployment information, where that is not the one.
fn stands(
    shared: &Shared,
    records: &Records<'_>,
    name: &str,
    found: &Definition,
) -> Result<(Stands, Option<String>), PlanError> {
    let server = &shared.server.name;
    let said = found.schedules().first().and_then(information::of_schedule).map(|said| said.record);
    let standing = match records.active_of(server, name)? {
        Some(Standing { record, deployed, .. }) => {
            let deployed = deployed.map(|blob| records.content(blob)).transpose()?;
            Some((record, deployed))
        }
        None => match &said {
            Some(id) => earlier(shared, records.repository(), id)?,
            None => None,
        },
    };
    let Some((record, deployed)) = standing else { return Ok((Stands::Unknown, said)) };
    let by = match said.as_deref() == Some(record.id.to_string().as_str()) {
        true => FoundBy::Information,
        false => FoundBy::ServerAndName,
    };
    let other = said.filter(|_| by == FoundBy::ServerAndName);
    let local_changes = match deployed {
        Some(bytes) => {
            let deployed = Definition::read(&bytes).map_err(|source| PlanError::Deployed {
                schedule: name.to_owned(),
                server: server.clone(),
                source,
            })?;
            shared.measure.local_changes(name, &deployed, found)
        }
        None => vec![nothing_to_compare(&record)],
    };
    let drift = local_changes.iter().any(|change| !change.accepted);
    Ok((Stands::Known { record: Box::new(record), by, drift, local_changes }, other))
}

/// The record that deployment information names, whatever became of it, and what was deployed.
fn earlier(
    shared: &Shared,
    repository: &Repository,
    id: &str,
) -> Result<Option<(Record, Option<Vec<u8>>)>, PlanError> {
    let log = match shared.log.get() {
        Some(log) => log,
        None => {
            let log = RecordLog::load(repository, shared.records)?;
            shared.log.get_or_init(|| log)
        }
    };
    // An id of another repository's records, or of another server's, says nothing here.
    let Some(row) = log.find(id).ok().filter(|row| row.server() == shared.server.name) else {
        return Ok(None);
    };
    let record = log.full(repository, &row)?;
    let deployed = log.definition(repository, &row, Which::Deployed)?;
    Ok((record.kind == Kind::Schedule).then_some((record, deployed)))
}
