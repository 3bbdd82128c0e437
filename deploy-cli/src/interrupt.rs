//! Signals: Ctrl-C asks the work to stop, a file-size limit becomes an error.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

use deploy_core::repository::import::Progress;

/// Lets Ctrl-C end the work at its next step instead of the process at once;
/// while it waits for another command there is no next step.
pub(crate) fn stop_on_ctrl_c(progress: &Arc<Progress>) {
    let progress = Arc::clone(progress);
    on_ctrl_c(move || {
        if progress.cancelled.swap(true, Ordering::Relaxed) || progress.waiting.load(Ordering::Relaxed) {
            // The second Ctrl-C does not wait.
            std::process::exit(130);
        }
    });
}

type Handler = Box<dyn Fn() + Send>;

/// What Ctrl-C does now: the last who asked for it.
static HANDLER: Mutex<Option<Handler>> = Mutex::new(None);
static LISTENING: Once = Once::new();

fn on_ctrl_c(handler: impl Fn() + Send + 'static) {
    *HANDLER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(handler));
    // Without a handler Ctrl-C ends the process, which is safe too: `doctor` ends what it leaves.
    LISTENING.call_once(|| {
        let _ = ctrlc::set_handler(|| {
            if let Some(handler) = &*HANDLER.lock().unwrap_or_else(PoisonError::into_inner) {
                handler();
            }
        });
    });
}

/// How Ctrl-C ends work that changes a target: at once where that is harmless, else where it can.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    /// Set by Ctrl-C.
    pub(crate) asked: AtomicBool,
    /// How much there is to end first: work may be part of other work.
    careful: AtomicUsize,
}

impl Stop {
    /// Listens for Ctrl-C from now on.
    pub(crate) fn listen(self: &Arc<Self>) {
        let told = Arc::clone(self);
        on_ctrl_c(move || {
            if told.asked.swap(true, Ordering::Relaxed) || told.careful.load(Ordering::Relaxed) == 0 {
                std::process::exit(130);
            }
        });
    }

    /// Whether Ctrl-C was pressed.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// From now on, or no longer, there is something more to end first.
    pub(crate) fn be_careful(&self, careful: bool) {
        let count = |before: usize| Some(if careful { before + 1 } else { before.saturating_sub(1) });
        let _ = self.careful.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count);
    }
}

/// A write beyond `ulimit -f` fails with an error instead of ending the process.
#[cfg(unix)]
pub(crate) fn survive_file_size_limit() {
    let never_read = Arc::new(AtomicBool::new(false));
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, never_read);
}

#[cfg(not(unix))]
pub(crate) fn survive_file_size_limit() {}
