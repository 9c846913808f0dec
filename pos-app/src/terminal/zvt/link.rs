//! Carries a dialog over a serial line: frames what it says, waits until that is acknowledged, says it again where that
//! cannot cost money twice, and acknowledges what it hears. Over TCP none of this is needed.
//!
//! A message of the terminal that comes instead of an ACK counts as one: it has gone on.

use std::collections::VecDeque;

use super::apdu::command;
use super::serial::{self, Flaw, Heard};
use crate::terminal::dialog::{Dialog, Effect, Input};

/// How often a message is sent in all.
const SENDS: u8 = 3;
/// How often a broken message is asked for again.
const NAKS: u8 = 2;

struct Unacknowledged {
    frame: Vec<u8>,
    sent: u8,
    /// Sent again on silence, it might be carried out twice.
    is_money: bool,
    is_noisy: bool,
}

/// A dialog on a serial line.
pub struct Link<'a> {
    dialog: &'a mut dyn Dialog<Heard>,
    /// For ACK or NAK.
    ack_ms: u64,
    /// What the dialog wants next, held back until its last message is acknowledged.
    queue: VecDeque<Effect>,
    unacknowledged: Option<Unacknowledged>,
    /// The dialog's own deadline.
    within_ms: u64,
    naks: u8,
}

fn moves_money(message: &[u8]) -> bool {
    let [class, instruction, ..] = *message else { return false };
    matches!(
        u16::from_be_bytes([class, instruction]),
        command::AUTHORISATION | command::REVERSAL | command::REFUND | command::END_OF_DAY
    )
}

impl<'a> Link<'a> {
    /// A dialog not begun.
    pub fn new(dialog: &'a mut dyn Dialog<Heard>, ack_ms: u64) -> Self {
        Self { dialog, ack_ms, queue: VecDeque::new(), unacknowledged: None, within_ms: ack_ms, naks: 0 }
    }

    fn tell(&mut self, input: Input<Heard>) {
        self.queue.extend(self.dialog.step(input));
    }

    /// Everything that may be done now: up to and with the next message.
    fn go_on(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.unacknowledged.is_some() {
            return effects;
        }
        effects.push(Effect::Within(self.within_ms));
        while let Some(effect) = self.queue.pop_front() {
            match effect {
                Effect::Send(message) => {
                    let (frame, is_money) = (serial::wrap(&message), moves_money(&message));
                    effects.extend([Effect::Send(frame.clone()), Effect::Within(self.ack_ms)]);
                    self.unacknowledged = Some(Unacknowledged { frame, sent: 1, is_money, is_noisy: false });
                    break;
                }
                Effect::Within(ms) => {
                    self.within_ms = ms;
                    effects.push(Effect::Within(ms));
                }
                other => effects.push(other),
            }
        }
        effects
    }

    fn again(&mut self) -> Option<Vec<Effect>> {
        let waiting = self.unacknowledged.as_mut().filter(|waiting| waiting.sent < SENDS)?;
        waiting.sent += 1;
        Some(vec![Effect::Send(waiting.frame.clone()), Effect::Within(self.ack_ms)])
    }

    /// The last message did not get through, so nothing that was to be said after it is. What was heard meanwhile stays
    /// true, and is written down; so does an end that was reached.
    fn fail(&mut self, how: Input<Heard>) -> Vec<Effect> {
        self.unacknowledged = None;
        let left = std::mem::take(&mut self.queue).into_iter();
        let mut effects: Vec<_> =
            left.filter(|effect| !matches!(effect, Effect::Send(_) | Effect::Within(_))).collect();
        if !effects.iter().any(|effect| matches!(effect, Effect::End(_))) {
            self.tell(how);
            effects.extend(self.go_on());
        }
        effects
    }
}

impl Dialog<Heard> for Link<'_> {
    fn step(&mut self, input: Input<Heard>) -> Vec<Effect> {
        match input {
            Input::Start => {
                self.tell(Input::Start);
                self.go_on()
            }
            Input::NothingSent | Input::LineLost => self.fail(input),
            Input::NotKept => {
                let said = self.dialog.step(Input::NotKept).into_iter();
                said.filter_map(|effect| match effect {
                    Effect::Send(message) => Some(Effect::Send(serial::wrap(&message))),
                    _ => None,
                })
                .collect()
            }
            Input::CancelWanted => {
                self.tell(Input::CancelWanted);
                self.go_on()
            }
            Input::Heard(Heard::Ack) => {
                if self.unacknowledged.take().is_none() {
                    return Vec::new();
                }
                self.go_on()
            }
            Input::Heard(Heard::Nak) => match &self.unacknowledged {
                None => Vec::new(),
                // On a line that crackles, this byte may be no NAK at all.
                Some(Unacknowledged { is_money: true, is_noisy: true, .. }) => self.fail(Input::Deadline),
                Some(_) => self.again().unwrap_or_else(|| self.fail(Input::Heard(Heard::Nak))),
            },
            Input::Deadline => match &self.unacknowledged {
                None => {
                    self.tell(Input::Deadline);
                    self.go_on()
                }
                Some(Unacknowledged { is_money: true, .. }) => self.fail(Input::Deadline),
                Some(_) => self.again().unwrap_or_else(|| self.fail(Input::Deadline)),
            },
            Input::Heard(Heard::Apdu(apdu)) => {
                (self.unacknowledged, self.naks) = (None, 0);
                let mut effects = vec![Effect::Send(vec![serial::ACK])];
                self.tell(Input::Heard(Heard::Apdu(apdu)));
                effects.extend(self.go_on());
                effects
            }
            Input::Heard(Heard::Broken(_, Flaw::Restarted)) => Vec::new(),
            Input::Heard(broken @ Heard::Broken(..)) => {
                self.naks += 1;
                if self.naks > NAKS {
                    self.naks = 0;
                    return self.fail(Input::Heard(broken));
                }
                vec![Effect::Send(vec![serial::NAK])]
            }
            Input::Heard(Heard::Noise(_)) => {
                if let Some(waiting) = &mut self.unacknowledged {
                    waiting.is_noisy = true;
                }
                Vec::new()
            }
        }
    }
}
