//! Questions that move no money: are you there, what was the last transaction, and whatever it can print of its own.

use super::frame::{Flaw, Heard, encode, receipt};
use super::message::{Reply, Request, command};
use crate::terminal::dialog::{Dialog, Effect, Input};
use crate::terminal::{Ending, Timing};

/// How often a broken answer is asked for again.
const REASKS: u8 = 2;
/// What an error says that it answers, whatever was asked.
const FAULT: i64 = 0;

/// One question.
pub struct AskDialog {
    request: Vec<u8>,
    /// Command numbers that answer it.
    answers: Vec<i64>,
    within_ms: u64,
    reasked: u8,
    /// It said that the question itself came broken.
    pub is_refused: bool,
    /// What the terminal said.
    pub answer: Option<Reply>,
}

impl AskDialog {
    /// Is it there? `date_time` is now.
    pub fn poll(date_time: &str, timing: &Timing) -> Self {
        Self::new(&Request::Poll, &[command::POLL], date_time, timing.ack_ms)
    }

    /// What was the last transaction? Some terminals answer with the number of what that was.
    pub fn last(date_time: &str, timing: &Timing) -> Self {
        let answers = &[command::LAST_VOUCHER, command::SALE, command::REFUND, command::RETURN];
        Self::new(&Request::LastVoucher { prints: false }, answers, date_time, timing.enquiry_ms)
    }

    /// Settle with the acquirer. Never asked twice.
    pub fn close(date_time: &str, timing: &Timing) -> Self {
        Self::new(&Request::Close, &[command::CLOSE], date_time, timing.reply_ms)
    }

    /// Something it does besides payments. An error that answers no command in particular answers this one.
    pub fn service(request: &Request, date_time: &str, timing: &Timing) -> Self {
        let mut answers = vec![request.command(), FAULT];
        if *request == (Request::LastVoucher { prints: true }) {
            answers.extend([command::SALE, command::REFUND, command::RETURN]);
        }
        Self::new(request, &answers, date_time, timing.service_ms)
    }

    fn new(request: &Request, answers: &[i64], date_time: &str, within_ms: u64) -> Self {
        let (request, answers) = (encode(&request.serialize(date_time)), answers.to_vec());
        Self { request, answers, within_ms, reasked: 0, is_refused: false, answer: None }
    }
}

impl Dialog<Heard> for AskDialog {
    fn step(&mut self, input: Input<Heard>) -> Vec<Effect> {
        match input {
            Input::Start => vec![Effect::Send(self.request.clone()), Effect::Within(self.within_ms)],
            Input::Heard(Heard::Message(message)) => {
                let reply = Reply::read(&message);
                let heard = Effect::Send(receipt(true));
                if !reply.function.is_some_and(|function| self.answers.contains(&function)) {
                    return vec![heard, Effect::Note("a message nobody asked for")];
                }
                self.answer = Some(reply);
                vec![heard, Effect::End(Ending::Answered)]
            }
            Input::Heard(Heard::Broken(_, Flaw::Sign | Flaw::NoMessage | Flaw::Gap)) if self.reasked < REASKS => {
                self.reasked += 1;
                vec![Effect::Send(receipt(false)), Effect::Within(self.within_ms)]
            }
            Input::Heard(Heard::Received(true) | Heard::Noise(_)) | Input::NotKept | Input::CancelWanted => Vec::new(),
            Input::Heard(Heard::Received(false)) => {
                self.is_refused = true;
                vec![Effect::End(Ending::NoAnswer)]
            }
            Input::Heard(Heard::Broken(..)) | Input::Deadline | Input::LineLost | Input::NothingSent => {
                vec![Effect::End(Ending::NoAnswer)]
            }
        }
    }
}

/// Hears out what comes unasked and acknowledges it.
pub struct ListenDialog {
    within_ms: u64,
}

impl ListenDialog {
    /// Listens for so long.
    pub fn new(within_ms: u64) -> Self {
        Self { within_ms }
    }
}

impl Dialog<Heard> for ListenDialog {
    fn step(&mut self, input: Input<Heard>) -> Vec<Effect> {
        match input {
            Input::Start => vec![Effect::Within(self.within_ms)],
            Input::Heard(Heard::Message(_)) => {
                vec![Effect::Send(receipt(true)), Effect::Note("a message nobody asked for")]
            }
            Input::Heard(_) | Input::NotKept | Input::CancelWanted => Vec::new(),
            Input::NothingSent | Input::LineLost | Input::Deadline => vec![Effect::End(Ending::NoAnswer)],
        }
    }
}
