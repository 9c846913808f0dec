//! The till behind the window: opened beside it, so that a slow disk does not hold back the first picture.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::{io, thread};

use pos_app::Till;
use pos_app::commands::CommandError;
use pos_app::outside::{SystemClock, SystemEntropy};
use tauri::{AppHandle, Emitter};

/// A till that is open, could not be opened, or is on its way.
#[derive(Clone, Default)]
pub(crate) struct Opening(Arc<OnceLock<Result<Arc<Till>, CommandError>>>);

impl Opening {
    /// Opens the till of `data` on its own thread, then passes on what it has to say, until it closes.
    pub(crate) fn begin(&self, data: PathBuf, app: AppHandle) -> io::Result<()> {
        let slot = Arc::clone(&self.0);
        thread::Builder::new().name("till".to_owned()).spawn(move || {
            let opened = Till::open(&data, Arc::new(SystemClock::default()), Arc::new(SystemEntropy));
            if let Err(error) = &opened {
                tracing::error!(code = ?error.code, %error, data = %data.display(), "the till did not open");
            }
            let notices = opened.as_ref().ok().map(|till| till.subscribe());
            // Only this thread fills the slot.
            let _ = slot.set(opened);
            for notice in notices.into_iter().flatten() {
                if let Err(error) = app.emit("notice", &notice) {
                    tracing::warn!(%error, "a notice did not reach the screens");
                }
            }
        })?;
        Ok(())
    }

    /// The till, as soon as it is open. Blocks; never call it on the window's thread.
    pub(crate) fn till(&self) -> Result<Arc<Till>, CommandError> {
        self.0.wait().clone()
    }

    /// Ends the till's workers. Nothing is lost without it: what was answered is on disk.
    pub(crate) fn close(&self) {
        if let Some(Ok(till)) = self.0.get() {
            till.close();
        }
    }
}
