//! Progress on stderr, after a quarter of a second and at most 30 times a second.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressDrawTarget, ProgressStyle};

/// Work of less than this is over before anyone asks how far it is.
const SILENT: Duration = Duration::from_millis(250);

/// A bar that shows itself only when the work takes a while.
#[derive(Debug)]
pub struct ProgressBar {
    bar: indicatif::ProgressBar,
    started: Instant,
    shown: bool,
}

impl ProgressBar {
    pub(super) fn start(shown: bool, total: usize, doing: &str) -> Self {
        let bar = indicatif::ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(doing.to_owned());
        Self { bar, started: Instant::now(), shown }
    }

    /// There is so much to do.
    pub fn set_total(&self, total: usize) {
        self.bar.set_length(total as u64);
    }

    /// So much is done.
    pub fn set(&self, done: usize) {
        self.bar.set_position(done as u64);
        if self.shown && self.bar.is_hidden() && self.started.elapsed() >= SILENT {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(30));
        }
    }
}

impl ProgressBar {
    /// Does some work and shows meanwhile how much of it is done.
    pub fn follow<T>(&self, done: &AtomicUsize, work: impl FnOnce() -> T) -> T {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    self.set(done.load(Ordering::Relaxed));
                    std::thread::park_timeout(Duration::from_millis(30));
                }
            });
            // Ends the watcher even where the work panics.
            let _end = OnDrop(|| {
                over.store(true, Ordering::Relaxed);
                watcher.thread().unpark();
            });
            work()
        })
    }
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
