//! Work at a set time: OpCon's own clock starts it.
//!
//! The batch server (`[batch] server` in deploy.toml) runs the schedule
//! BATCH_DEPLOY. A job of it is added to the daily of the day, with the id of a
//! record as its instance property, and at its time OpCon starts this program,
//! which does what the record says. Nothing here waits for a time.
//!
//! * [`Slot`] (pure): which day, which frequency, how many minutes behind it.
//! * [`place`]: the job into the daily; whatever goes wrong, it is out again or the error says so.
//! * [`take_out`]: the job out of the daily, unless it has begun.
//! * [`fate`]: what became of the job of work that never began.
//!
//! See `docs/batch.md`.

mod overdue;
mod place;
mod slot;
mod take_out;
mod template;

pub use overdue::{Fate, fate, is_overdue};
pub use place::{Appointment, BatchJob, PlaceError, Placed, RECORD_PROPERTY, find, place};
pub use slot::Slot;
pub use take_out::{TakeOutError, TakenOut, take_out, take_out_all};
pub use template::{TEMPLATE, UTILITIES, has_frequency, with_frequency};

/// The schedule on the batch server.
pub const SCHEDULE: &str = "BATCH_DEPLOY";
