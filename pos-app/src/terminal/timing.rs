//! How long to wait for what. Data, so that tests wait less.

/// Milliseconds, all of them.
#[derive(Clone, Debug)]
pub struct Timing {
    /// For ACK or NAK.
    pub ack_ms: u64,
    /// For ACK or NAK where each message is acknowledged by itself.
    pub link_ack_ms: u64,
    /// Until a request is accepted or refused.
    pub accept_ms: u64,
    /// For a sale's end; every progress frame starts it anew.
    pub reply_ms: u64,
    /// For the end of what a terminal has promised to do; every word of it starts it anew.
    pub completion_ms: u64,
    /// For each frame of an enquiry's answer.
    pub enquiry_ms: u64,
    /// For the end of what was asked for besides payments: printing takes its time.
    pub service_ms: u64,
    /// Between two bytes of a frame. USB adapters stall for longer than the wire would.
    pub gap_ms: u64,
    /// After the row that closes a list, in case a second one follows.
    pub linger_ms: u64,
    /// After a poll had to be repeated, so that its late answer is not taken for the sale's.
    pub settle_ms: u64,
    /// After the request left, until the customer cannot still be typing a PIN.
    pub over_ms: u64,
    /// Between two tries to settle a doubt: from here …
    pub recover_min_ms: u64,
    /// … doubling up to here.
    pub recover_max_ms: u64,
    /// Between two tries to reach a terminal that is gone: from here …
    pub reconnect_min_ms: u64,
    /// … doubling up to here.
    pub reconnect_max_ms: u64,
    /// Between two polls of an idle terminal.
    pub idle_poll_ms: u64,
    /// Between two looks at an idle line.
    pub attend_ms: u64,
    /// The longest blocking read, which is how soon a stop is noticed.
    pub slice_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ack_ms: 2_000,
            link_ack_ms: 5_000,
            accept_ms: 5_000,
            reply_ms: 150_000,
            completion_ms: 180_000,
            enquiry_ms: 30_000,
            service_ms: 60_000,
            gap_ms: 500,
            linger_ms: 1_000,
            settle_ms: 250,
            over_ms: 180_000,
            recover_min_ms: 2_000,
            recover_max_ms: 10_000,
            reconnect_min_ms: 500,
            reconnect_max_ms: 10_000,
            idle_poll_ms: 30_000,
            attend_ms: 1_000,
            slice_ms: 200,
        }
    }
}
