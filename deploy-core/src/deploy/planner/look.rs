//! One schedule: what stands there, whether it is what was deployed, and what
//! differs from what will.

use super::compare::{self, compare};
use super::transform::keep_instance_properties;
use super::unchanged::{self, AsItStands};
use super::{PlanError, Shared};
use crate::definition::diff::Difference;
use crate::definition::{Definition, essence, information, is_same_but_header};
use crate::deploy::deviating::nothing_to_compare;
use crate::deploy::{FoundBy, Stands};
use crate::repository::Repository;
use crate::repository::records::log::{RecordLog, Which};
use crate::repository::records::{Digest, Kind, Pin, Record, Records, Standing};

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
    /// Where only the deployment information is to be written: what stands there, without it.
    pub(super) as_it_stands: Option<AsItStands>,
    /// What decides of what stands there.
    pub(super) state: Option<Digest>,
    pub(super) pin: Option<Pin>,
}

/// Looks at one schedule.
pub(super) fn look(
    shared: &Shared,
    standing: &compare::Standing<'_>,
    planned: Definition,
    found: Option<Definition>,
    blob: Option<&str>,
) -> Result<Looked, PlanError> {
    let name = planned.names().first().copied().unwrap_or_default().to_owned();
    let bytes = found.as_ref().map(Definition::to_bytes);
    let (stands, names_other, pin) = shared.handles.with(|repository| {
        let records = Records::at(repository, shared.records);
        let (stands, names_other) = match found.as_ref().zip(bytes.as_deref()) {
            Some(found) => stands(shared, &records, &name, found)?,
            None => (Stands::Nothing, None),
        };
        let pin = records.pin(&shared.server.name, &name)?.filter(|pin| Some(pin.blob.as_str()) == blob);
        Ok::<_, PlanError>((stands, names_other, pin))
    })?;
    let nothing = Looked {
        name,
        planned: Vec::new(),
        found: None,
        stands,
        names_other,
        difference: Difference::default(),
        unchanged: false,
        as_it_stands: None,
        state: None,
        pin,
    };
    let Some(found) = found else { return Ok(Looked { planned: planned.to_bytes(), ..nothing }) };
    let planned = keep_instance_properties(shared, planned, &found);
    let looked = Looked {
        planned: planned.to_bytes(),
        found: bytes,
        state: Some(Digest::of(&essence(found.value()))),
        ..nothing
    };
    let leaves = unchanged::is_left(shared).then(|| AsItStands::of(&found, &planned));
    let (unchanged, difference) = compare(standing, &shared.settings.deploy, found, planned);
    let as_it_stands = leaves.filter(|_| unchanged);
    // What is sent as it stands is not kept a second time.
    let planned = if as_it_stands.is_some() { Vec::new() } else { looked.planned };
    Ok(Looked { planned, unchanged, difference, as_it_stands, ..looked })
}

/// What the records know of what stands there; with it the record that stands in its
/// deployment information, where that is not the one.
fn stands(
    shared: &Shared,
    records: &Records<'_>,
    name: &str,
    (found, bytes): (&Definition, &[u8]),
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
        Some(deployed) if is_same_but_header(&deployed, bytes) => Vec::new(),
        Some(deployed) => {
            let deployed = Definition::read(&deployed).map_err(|source| PlanError::Deployed {
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

/// A record, with what was deployed as far as it is known.
type Recorded = (Record, Option<Vec<u8>>);

/// The record that deployment information names, whatever became of it, and what was deployed.
fn earlier(shared: &Shared, repository: &Repository, id: &str) -> Result<Option<Recorded>, PlanError> {
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
