//! The steps that operations take: from their beginning to one end, and no others.

use crate::repository::records::{Action, Kind, Phase, Record, Status};

/// Where a record stands.
pub(super) type Standing = (Status, Phase);

/// Whether a record may appear like this.
pub(super) fn may_begin(record: &Record) -> bool {
    match (record.action, record.kind) {
        (Action::Adopt, _) => (record.status, record.phase) == (Status::Active, Phase::Done),
        // A script is sent in one step: there is nothing to keep of what stood there.
        (_, Kind::Script) if record.phase == Phase::Done => record.status == Status::Deployed,
        _ => record.status == Status::Deploying && record.phase <= Phase::Begun,
    }
}

/// Whether a record that is told of in full may go from here to there.
pub(super) fn may_follow(before: Standing, after: Standing) -> bool {
    let waits = |phase| matches!(phase, Phase::Scheduling | Phase::Scheduled);
    match (before, after) {
        ((Status::Deploying, from), (Status::Deploying, to)) => {
            to != Phase::Done && (to >= from || (waits(from) && waits(to)))
        }
        ((Status::Deploying, _), (_, phase)) => phase == Phase::Done,
        _ => false,
    }
}

/// Whether a record that another one takes the place of may go from here to there.
pub(super) fn may_be_replaced(before: Status, after: Status) -> bool {
    before == Status::Active && matches!(after, Status::Inactive | Status::Rolledback | Status::Deleted)
}

/// What of a record must not change from one telling to the next.
pub(super) fn is_same_operation(before: &Record, after: &Record) -> bool {
    if matches!(before.phase, Phase::Scheduling | Phase::Scheduled) {
        // What it will be is decided when its time has come.
        let who = |record: &Record| {
            (
                record.kind,
                record.action,
                record.name.clone(),
                record.server.clone(),
                record.user.email.clone(),
            )
        };
        return before.id == after.id && who(before) == who(after);
    }
    let still = |record: &Record| Record {
        status: Status::Deploying,
        phase: Phase::Begun,
        ended: None,
        reason: None,
        deployed: None,
        ..record.clone()
    };
    still(before) == still(after)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::repository::records::testing::{deployment, ended};

    #[test]
    fn an_operation_ends_once() {
        use Phase::{Begun, Done, Inserted, Scheduled, Scheduling};
        use Status::{Active, Deploying, Failed, Inactive};
        for (before, after, may) in [
            ((Deploying, Begun), (Deploying, Inserted), true),
            ((Deploying, Begun), (Deploying, Scheduled), false),
            ((Deploying, Scheduled), (Deploying, Scheduling), true),
            ((Deploying, Scheduled), (Deploying, Begun), true),
            ((Deploying, Begun), (Active, Done), true),
            ((Deploying, Begun), (Active, Begun), false),
            ((Deploying, Begun), (Deploying, Done), false),
            ((Deploying, Scheduled), (Failed, Done), true),
            ((Active, Done), (Inactive, Done), false),
            ((Failed, Done), (Deploying, Begun), false),
        ] {
            assert_eq!(may_follow(before, after), may, "{before:?} {after:?}");
        }
        assert!(may_be_replaced(Active, Status::Rolledback) && !may_be_replaced(Failed, Inactive));
    }

    #[test]
    fn who_and_what_stay_the_same() {
        let begun = deployment("PROD", "Payroll");
        assert!(may_begin(&begun) && !may_begin(&ended(&begun, Status::Active)));
        assert!(is_same_operation(&begun, &ended(&begun, Status::Active)));
        let other = Record { server: "QA".to_owned(), ..begun.clone() };
        assert!(!is_same_operation(&begun, &other));
        let mut later = begun.clone();
        later.told.accepted.push("drift".to_owned());
        assert!(!is_same_operation(&begun, &later));
        let scheduled = Record { phase: Phase::Scheduled, ..begun.clone() };
        assert!(is_same_operation(&scheduled, &later));
    }
}
