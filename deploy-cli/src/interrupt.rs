//! Signals: Ctrl-C asks the work to stop, a file-size limit becomes an error.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deploy_core::repository::import::Progress;

/// Lets Ctrl-C end the work at its next step instead of the process at once;
/// while it waits for another command there is no next step.
pub(crate) fn stop_on_ctrl_c(progress: &Arc<Progress>) {
    let progress = Arc::clone(progress);
    // Without a handler Ctrl-C ends the process, which is safe too.
    let _ = ctrlc::set_handler(move || {
        if progress.cancelled.swap(true, Ordering::Relaxed) || progress.waiting.load(Ordering::Relaxed) {
            // The second Ctrl-C does not wait.
            std::process::exit(130);
        }
    });
}

/// How Ctrl-C ends work that changes a target: at once where that is harmless, else where it can.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    /// Set by Ctrl-C.
    pub(crate) asked: AtomicBool,
    /// Whether there is something to end first.
    careful: AtomicBool,
}

impl Stop {
    /// Listens for Ctrl-C.
    pub(crate) fn listen() -> Arc<Self> {
        let stop = Arc::new(Self::default());
        let told = Arc::clone(&stop);
        // Without a handler Ctrl-C ends the process; `doctor` finishes what it leaves.
        let _ = ctrlc::set_handler(move || {
            if told.asked.swap(true, Ordering::Relaxed) || !told.careful.load(Ordering::Relaxed) {
                std::process::exit(130);
            }
        });
        stop
    }

    /// From now on, or no longer, there is something to end first.
    pub(crate) fn be_careful(&self, careful: bool) {
        self.careful.store(careful, Ordering::Relaxed);
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
