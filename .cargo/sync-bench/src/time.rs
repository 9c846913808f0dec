//! The machine's clock, and waiting by it: a bench is about time.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

#[expect(clippy::disallowed_methods, reason = "a bench reads the machine's clock, and nothing else does it for it")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How long something takes.
pub(crate) fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let started = now();
    let done = work()?;
    Ok((started.elapsed(), done))
}

/// A wait that nothing ends early.
pub(crate) fn wait(time: Duration) {
    let (_keep, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(time);
}

/// Looks every so often until it is so, and says how long that took.
pub(crate) fn until(every: Duration, most: Duration, mut is_so: impl FnMut() -> Result<bool>) -> Result<Duration> {
    let started = now();
    while !is_so()? {
        ensure!(started.elapsed() < most, "after {most:?} it is still not so");
        wait(every);
    }
    Ok(started.elapsed())
}
