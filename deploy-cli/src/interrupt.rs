//! Signals: Ctrl-C asks the work to stop, a file-size limit becomes an error.

use std::sync::Arc;
use std::sync::atomic::Ordering;

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

/// A write beyond `ulimit -f` fails with an error instead of ending the process.
#[cfg(unix)]
pub(crate) fn survive_file_size_limit() {
    let never_read = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, never_read);
}

#[cfg(not(unix))]
pub(crate) fn survive_file_size_limit() {}
