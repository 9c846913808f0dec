//! What the server has done, as Prometheus reads it: base units in the names, no tenant, device or product in labels.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::app::push::Pushed;

/// Upper bounds of the push histogram, milliseconds.
const BOUNDS_MS: [u64; 8] = [5, 10, 25, 50, 100, 250, 1_000, 5_000];

/// Counters, all from zero at start.
#[derive(Default)]
pub struct Metrics {
    applied: AtomicU64,
    flagged: AtomicU64,
    quarantined: AtomicU64,
    repeated: AtomicU64,
    push_bytes: AtomicU64,
    push_buckets: [AtomicU64; BOUNDS_MS.len()],
    push_count: AtomicU64,
    push_ms: AtomicU64,
    pull_items: AtomicU64,
    enrolled: AtomicU64,
    enrol_refused: AtomicU64,
    sign_ins: AtomicU64,
    sign_ins_refused: AtomicU64,
    answers: [AtomicU64; 6],
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

impl Metrics {
    /// A push was answered.
    pub fn pushed(&self, pushed: &Pushed, bytes: usize, took_ms: u64) {
        add(&self.flagged, pushed.flagged);
        add(&self.quarantined, pushed.quarantined);
        add(&self.applied, pushed.new_events.saturating_sub(pushed.flagged + pushed.quarantined));
        add(&self.repeated, pushed.repeated_events);
        add(&self.push_bytes, bytes as u64);
        for (bucket, bound) in self.push_buckets.iter().zip(BOUNDS_MS) {
            add(bucket, u64::from(took_ms <= bound));
        }
        add(&self.push_count, 1);
        add(&self.push_ms, took_ms);
    }

    /// Items went out.
    pub fn pulled(&self, items: usize) {
        add(&self.pull_items, items as u64);
    }

    /// Somebody tried to enrol.
    pub fn enrolments(&self, is_ok: bool) {
        add(if is_ok { &self.enrolled } else { &self.enrol_refused }, 1);
    }

    /// Somebody tried to sign in.
    pub fn signed_in(&self, is_ok: bool) {
        add(if is_ok { &self.sign_ins } else { &self.sign_ins_refused }, 1);
    }

    /// An answer left.
    pub fn answered(&self, status: u16) {
        if let Some(class) = self.answers.get(usize::from(status / 100)) {
            add(class, 1);
        }
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

impl std::fmt::Display for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        writeln!(f, "# HELP barra_push_events_total Events received, by what became of them.")?;
        writeln!(f, "# TYPE barra_push_events_total counter")?;
        for (result, counter) in [
            ("applied", &self.applied),
            ("flagged", &self.flagged),
            ("quarantined", &self.quarantined),
            ("repeated", &self.repeated),
        ] {
            writeln!(f, "barra_push_events_total{{result=\"{result}\"}} {}", get(counter))?;
        }
        writeln!(f, "# HELP barra_push_bytes_total Bytes of pushes as sent, compressed.")?;
        writeln!(f, "# TYPE barra_push_bytes_total counter\nbarra_push_bytes_total {}", get(&self.push_bytes))?;
        writeln!(f, "# HELP barra_push_seconds Time from a push read to its answer, everything durable.")?;
        writeln!(f, "# TYPE barra_push_seconds histogram")?;
        for (bucket, bound) in self.push_buckets.iter().zip(BOUNDS_MS) {
            writeln!(f, "barra_push_seconds_bucket{{le=\"{}\"}} {}", seconds(bound), get(bucket))?;
        }
        let count = get(&self.push_count);
        writeln!(f, "barra_push_seconds_bucket{{le=\"+Inf\"}} {count}\nbarra_push_seconds_count {count}")?;
        writeln!(f, "barra_push_seconds_sum {}", seconds(get(&self.push_ms)))?;
        writeln!(f, "# HELP barra_pull_items_total Stream items sent to tills.")?;
        writeln!(f, "# TYPE barra_pull_items_total counter\nbarra_pull_items_total {}", get(&self.pull_items))?;
        for (name, help, ok, refused) in [
            ("barra_enrolments_total", "Tries to enrol a till.", &self.enrolled, &self.enrol_refused),
            ("barra_sign_ins_total", "Tries to sign in at head office.", &self.sign_ins, &self.sign_ins_refused),
        ] {
            writeln!(f, "# HELP {name} {help}\n# TYPE {name} counter")?;
            writeln!(f, "{name}{{result=\"ok\"}} {}\n{name}{{result=\"refused\"}} {}", get(ok), get(refused))?;
        }
        writeln!(f, "# HELP barra_http_answers_total Answers, by class of status.")?;
        writeln!(f, "# TYPE barra_http_answers_total counter")?;
        for (class, counter) in self.answers.iter().enumerate().skip(1) {
            writeln!(f, "barra_http_answers_total{{class=\"{class}xx\"}} {}", get(counter))?;
        }
        let version = env!("CARGO_PKG_VERSION");
        writeln!(f, "# HELP barra_build_info This program.\n# TYPE barra_build_info gauge")?;
        writeln!(f, "barra_build_info{{version=\"{version}\"}} 1")
    }
}
