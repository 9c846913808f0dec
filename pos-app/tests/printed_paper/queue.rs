//! A queue in memory that keeps the ledger's rules, and tells every step.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pos_app::commands::types::PaperDoubt;
use pos_app::printer::{PrintJob, PrintQueue};

/// Longer than any test should take; only a broken one waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What a queue was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Taken(i64),
    Done { job_id: i64, is_confirmed: bool },
    NotSent { job_id: i64, why: String },
    InDoubt { job_id: i64, doubt: PaperDoubt },
    HealthChanged,
}

#[derive(Default)]
struct Jobs {
    queued: VecDeque<PrintJob>,
    sending: Option<PrintJob>,
}

pub(crate) struct Queue {
    jobs: Mutex<Jobs>,
    told: Sender<Told>,
}

impl Queue {
    pub(crate) fn new(jobs: impl IntoIterator<Item = PrintJob>) -> (Self, Receiver<Told>) {
        let (told, heard) = mpsc::channel();
        let jobs = Jobs { queued: jobs.into_iter().collect(), sending: None };
        (Self { jobs: Mutex::new(jobs), told }, heard)
    }

    pub(crate) fn add(&self, job: PrintJob) {
        self.lock().queued.push_back(job);
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, told: Told) {
        // A test that saw enough stops listening.
        let _ = self.told.send(told);
    }
}

impl PrintQueue for Queue {
    fn pending(&self) -> u32 {
        u32::try_from(self.lock().queued.len()).expect("a few jobs")
    }

    fn next(&self) -> Option<PrintJob> {
        let mut jobs = self.lock();
        let job = jobs.queued.pop_front()?;
        jobs.sending = Some(job.clone());
        self.tell(Told::Taken(job.job_id));
        Some(job)
    }

    fn done(&self, job_id: i64, is_confirmed: bool) {
        self.lock().sending = None;
        self.tell(Told::Done { job_id, is_confirmed });
    }

    fn not_sent(&self, job_id: i64, why: &str) {
        let mut jobs = self.lock();
        if let Some(job) = jobs.sending.take() {
            jobs.queued.push_front(job);
        }
        self.tell(Told::NotSent { job_id, why: why.to_owned() });
    }

    fn in_doubt(&self, job_id: i64, doubt: PaperDoubt) {
        self.lock().sending = None;
        self.tell(Told::InDoubt { job_id, doubt });
    }

    fn health_changed(&self) {
        self.tell(Told::HealthChanged);
    }
}

/// Waits for a thing to be told, past others.
pub(crate) fn wait_for(heard: &Receiver<Told>, is_it: impl Fn(&Told) -> bool) -> Told {
    loop {
        let told = heard.recv_timeout(PATIENCE).expect("the spooler goes on");
        if is_it(&told) {
            return told;
        }
    }
}
