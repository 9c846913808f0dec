//! The world: the real clock and the system's randomness. Everything else takes them as arguments.

use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use shared::ids::Entropy;
use shared::time::{Clock, Timestamp};

/// This machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Counts `up_ms` from now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn up_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Where this platform keeps what a program remembers about itself, apart from people's data: the ledger's witness lies
/// there, so that whoever puts the data back from a copy does not put the witness back with it.
pub fn state_dir() -> Option<PathBuf> {
    const NAME: &str = "cl.barra.till";
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        from("LOCALAPPDATA").map(|dir| dir.join(NAME).join("state"))
    } else if cfg!(target_os = "macos") {
        from("HOME").map(|home| home.join("Library/Preferences").join(NAME))
    } else {
        let dir = from("XDG_STATE_HOME").or_else(|| from("HOME").map(|home| home.join(".local/state")));
        dir.map(|dir| dir.join(NAME))
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws random bytes")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
