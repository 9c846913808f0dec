//! The server's bell: it rings when a stream has something new. A ring that is lost is harmless, so a line that lets no
//! stream through costs nothing but time: after three quick closes one question waits for an answer instead, and when
//! that does not work either, the worker's own interval is left.

use std::time::Duration;

use shared::sync::protocol::{BellReply, MAX_BELL_WAIT_S, Ring, StreamCursor};
use shared::time::Clock;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::time::timeout;

use super::client::{HttpPeer, PeerError};

/// The server says every 20 seconds that it is there; after twice that and a little it is not.
const SILENCE: Duration = Duration::from_secs(45);
/// A line closed sooner than this was closed by somebody in between, milliseconds.
const QUICK_MS: u64 = 10 * 1000;
/// So many of them in a row, and another way is tried.
const QUICK_CLOSES: u32 = 3;
/// Before a line is opened again.
const BREATH: Duration = Duration::from_secs(2);
/// The other ways are given up for this long before the first is tried again.
const LATER: Duration = Duration::from_mins(10);

/// How a ring reaches this till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A line that stays open.
    Stream,
    /// A question that waits for its answer.
    LongPoll,
}

/// What is left of the ways after each line that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ways {
    way: Option<Way>,
    closes: u32,
}

impl Ways {
    const ALL: Self = Self { way: Some(Way::Stream), closes: 0 };

    /// A line ended after so long.
    fn ended(self, after_ms: u64) -> Self {
        if after_ms >= QUICK_MS {
            return Self { closes: 0, ..self };
        }
        match (self.way, self.closes + 1) {
            (_, closes) if closes < QUICK_CLOSES => Self { closes, ..self },
            (Some(Way::Stream), _) => Self { way: Some(Way::LongPoll), closes: 0 },
            _ => Self { way: None, closes: 0 },
        }
    }
}

/// Listens for as long as it is polled and the server is there otherwise, and passes rings on. `known` tells how far the
/// streams are applied.
pub(super) async fn listen(
    peer: &HttpPeer,
    clock: &dyn Clock,
    mut line: watch::Receiver<bool>,
    rings: &UnboundedSender<Ring>,
    known: impl Fn() -> Vec<StreamCursor>,
) {
    let mut ways = Ways::ALL;
    loop {
        if line.wait_for(|is_good| *is_good).await.is_err() {
            return;
        }
        let began = clock.up_ms();
        let ended = match ways.way {
            Some(Way::Stream) => follow(peer, rings).await,
            Some(Way::LongPoll) => ask(peer, rings, &known()).await,
            None => {
                tokio::time::sleep(LATER).await;
                ways = Ways::ALL;
                continue;
            }
        };
        // An answer that came in time is no closed line, however soon it came.
        let lasted = if ended.is_ok() { QUICK_MS } else { clock.up_ms().saturating_sub(began) };
        ways = ways.ended(lasted);
        if let Err(error) = ended {
            tracing::debug!(%error, ?ways, "the server's bell fell silent");
            tokio::time::sleep(BREATH).await;
        }
    }
}

/// Follows a line until it ends, which it always does with an error.
async fn follow(peer: &HttpPeer, rings: &UnboundedSender<Ring>) -> Result<(), PeerError> {
    let mut response = peer.open("/v1/bell").await?;
    let mut lines = Lines::default();
    loop {
        let lost = |why: &str| PeerError::Unreachable(why.to_owned());
        let chunk = timeout(SILENCE, response.chunk()).await.map_err(|_| lost("silent for too long"))?;
        let chunk = chunk.map_err(|error| lost(&error.to_string()))?.ok_or_else(|| lost("closed"))?;
        for ring in lines.take(&chunk).ok_or_else(|| lost("a line without end"))? {
            // Nobody hears it any more when the worker is ending.
            let _ = rings.send(ring);
        }
    }
}

/// Asks once and waits.
async fn ask(peer: &HttpPeer, rings: &UnboundedSender<Ring>, known: &[StreamCursor]) -> Result<(), PeerError> {
    let known = known.iter().map(|at| format!("{}={}", at.stream, at.cursor.seq));
    let asked: Vec<_> = std::iter::once(format!("wait={MAX_BELL_WAIT_S}")).chain(known).collect();
    let reply: BellReply = peer.get(&format!("/v1/bell?{}", asked.join("&"))).await?;
    for ring in reply.rings {
        let _ = rings.send(ring);
    }
    Ok(())
}

/// Server-sent events, as far as a bell needs them: `data:` lines that are rings; everything else is a keep-alive.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    /// The longest line; a ring is far shorter.
    const MOST: usize = 4 * 1024;

    /// The rings that are whole now; `None` for what is no bell.
    fn take(&mut self, chunk: &[u8]) -> Option<Vec<Ring>> {
        self.0.extend_from_slice(chunk);
        let mut rings = Vec::new();
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            let data = line.trim_ascii().strip_prefix(b"data:");
            rings.extend(data.and_then(|data| serde_json::from_slice::<Ring>(data).ok()));
        }
        (self.0.len() <= Self::MOST).then_some(rings)
    }
}

#[cfg(test)]
mod tests {
    use shared::sync::stream::StreamName;

    use super::*;

    #[test]
    fn rings_are_read_however_the_line_cuts_them() {
        let text = b": keep-alive\n\nevent: bell\ndata: {\"stream\":\"T:cat\",\"head\":17}\n\ndata: nonsense\n\n\
                     event: bell\r\ndata: {\"stream\":\"T:cat\",\"head\":18}\r\n\r\n";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let heads: Vec<_> = text
                .chunks(size)
                .flat_map(|chunk| lines.take(chunk).expect("a bell"))
                .map(|ring| (ring.stream, ring.head))
                .collect();
            assert_eq!(heads, [(StreamName::Catalog, 17), (StreamName::Catalog, 18)], "in pieces of {size}");
        }
        assert!(Lines::default().take(&[b'x'; Lines::MOST + 1]).is_none(), "memory is not the server's to fill");
    }

    #[test]
    fn three_quick_closes_end_each_way_and_a_long_line_forgives_them() {
        let mut ways = Ways::ALL;
        for _ in 0..2 {
            ways = ways.ended(5);
        }
        assert_eq!(ways.way, Some(Way::Stream));
        ways = ways.ended(QUICK_MS).ended(5).ended(5);
        assert_eq!(ways.way, Some(Way::Stream), "a line that held forgives those before it");
        ways = ways.ended(5);
        assert_eq!(ways, Ways { way: Some(Way::LongPoll), closes: 0 });
        for _ in 0..3 {
            ways = ways.ended(5);
        }
        assert_eq!(ways.way, None, "then there is the interval");
    }
}
