//! Reads a printer's bytes as a printer does: text is set into lines, commands change how, and what is no command is
//! kept as an error, because on a real printer it would come out as garbage or eat what follows.

use super::font::{Font, Glyph, HEIGHT, WIDTH};
use super::paper::{Paper, Picture};
use crate::printer::codepage::CodePage;
use crate::printer::profile::Columns;
use crate::printer::qr::QrModules;

/// Dots from line to line, `ESC 2`.
const LINE_SPACING: usize = 30;

/// One opening of the drawer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// Connector pin, 2 or 5.
    pub pin: u8,
    /// Current on.
    pub on_ms: u16,
    /// Pause after.
    pub off_ms: u16,
}

/// How the printer is, as its four status bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(pub(super) [u8; 4]);

impl Status {
    pub(super) const OK: Self = Self([0x12, 0x12, 0x12, 0x12]);
    pub(super) const DRAWER_OPEN: Self = Self([0x16, 0x12, 0x12, 0x12]);
    pub(super) const PAPER_LOW: Self = Self([0x12, 0x12, 0x12, 0x1E]);
    pub(super) const PAPER_OUT: Self = Self([0x1E, 0x32, 0x12, 0x7E]);
    pub(super) const COVER_OPEN: Self = Self([0x1E, 0x16, 0x12, 0x12]);
    pub(super) const OFFLINE: Self = Self([0x1E, 0x12, 0x12, 0x12]);

    /// Whether it prints.
    pub(super) fn is_online(self) -> bool {
        self.0[0] & 0x08 == 0
    }
}

#[derive(Clone)]
struct Letter {
    sign: char,
    glyph: Glyph,
    is_reverse: bool,
    columns: usize,
}

/// What one command did.
enum Step {
    /// So many bytes were it.
    Took(usize),
    /// More bytes must come first.
    Wait,
    /// So many bytes are nothing.
    Unknown(usize),
}

/// A printer's head, paper and memory.
pub struct Interpreter {
    columns: Columns,
    status: Status,
    font: Font,
    bytes: Vec<u8>,
    answers: Vec<u8>,
    papers: Vec<Paper>,
    // the line being set
    line: Vec<Letter>,
    mode: Mode,
    // the paper being printed
    picture: Picture,
    text: String,
    pulses: Vec<Pulse>,
    unknown: Vec<String>,
    // the code being made
    qr_text: Vec<u8>,
    qr_module: u8,
}

#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "a printer's switches are switches")]
struct Mode {
    page: Option<CodePage>,
    is_bold: bool,
    is_reverse: bool,
    is_smooth: bool,
    obeys_real_time_pulse: bool,
    width: usize,
    height: usize,
    align: u8,
    spacing: usize,
}

impl Mode {
    const INITIAL: Self = Self {
        page: None,
        is_bold: false,
        is_reverse: false,
        is_smooth: false,
        obeys_real_time_pulse: true,
        width: 1,
        height: 1,
        align: 0,
        spacing: LINE_SPACING,
    };
}

impl Interpreter {
    /// A printer with an empty paper.
    pub fn new(columns: Columns) -> Self {
        Self {
            columns,
            status: Status::OK,
            font: Font::new(),
            bytes: Vec::new(),
            answers: Vec::new(),
            papers: Vec::new(),
            line: Vec::new(),
            mode: Mode::INITIAL,
            picture: Picture::new(columns.dots()),
            text: String::new(),
            pulses: Vec::new(),
            unknown: Vec::new(),
            qr_text: Vec::new(),
            qr_module: 3,
        }
    }

    /// Takes bytes in and gives back what the printer answers. While it cannot print it keeps them, and answers only
    /// how it is.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.bytes.extend_from_slice(bytes);
        if !self.status.is_online() {
            self.answer_real_time();
            return std::mem::take(&mut self.answers);
        }
        let bytes = std::mem::take(&mut self.bytes);
        let mut at = 0;
        while at < bytes.len() {
            match self.step(&bytes[at..]) {
                Step::Took(count) => at += count,
                Step::Wait => break,
                Step::Unknown(count) => {
                    self.note_unknown(&bytes[at..at + count]);
                    at += count;
                }
            }
        }
        self.bytes = bytes[at..].to_vec();
        std::mem::take(&mut self.answers)
    }

    /// The papers that were cut since last asked.
    pub fn take_papers(&mut self) -> Vec<Paper> {
        std::mem::take(&mut self.papers)
    }

    /// Pulses that came with no paper.
    pub fn take_drawer(&mut self) -> Option<Paper> {
        if self.pulses.is_empty() || self.picture.height() > 0 || !self.line.is_empty() {
            return None;
        }
        Some(Paper {
            picture: None,
            text: String::new(),
            drawer_pulses: std::mem::take(&mut self.pulses),
            unknown: std::mem::take(&mut self.unknown),
        })
    }

    /// The line broke: half a command will never be whole.
    pub(super) fn disconnected(&mut self) {
        let rest = std::mem::take(&mut self.bytes);
        if self.status.is_online() && !rest.is_empty() {
            self.note_unknown(&rest);
        }
    }

    pub(super) fn set_status(&mut self, status: Status) {
        self.status = status;
    }

    fn note_unknown(&mut self, bytes: &[u8]) {
        self.unknown.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "));
    }

    /// `DLE EOT n` among bytes that wait.
    fn answer_real_time(&mut self) {
        while let Some(at) = self.bytes.windows(3).position(|w| w[0] == 0x10 && w[1] == 0x04 && (1..=4).contains(&w[2]))
        {
            self.answers.push(self.status.0[usize::from(self.bytes[at + 2]) - 1]);
            self.bytes.drain(at..at + 3);
        }
    }

    fn step(&mut self, bytes: &[u8]) -> Step {
        match bytes[0] {
            0x0A => {
                self.end_line();
                Step::Took(1)
            }
            0x10 => self.real_time(bytes),
            0x1B => self.esc(bytes),
            0x1D => self.gs(bytes),
            0x20..=0x7E | 0x80.. => {
                self.letter(bytes[0]);
                Step::Took(1)
            }
            _ => Step::Unknown(1),
        }
    }

    fn real_time(&mut self, bytes: &[u8]) -> Step {
        match bytes {
            [_, 0x04, n @ 1..=4, ..] => {
                self.answers.push(self.status.0[usize::from(*n) - 1]);
                Step::Took(3)
            }
            [_, 0x14, 0x01, pin @ 0..=1, t @ 1..=8, ..] => {
                if self.mode.obeys_real_time_pulse {
                    let on_ms = u16::from(*t) * 100;
                    self.pulses.push(Pulse { pin: if *pin == 0 { 2 } else { 5 }, on_ms, off_ms: on_ms });
                }
                Step::Took(5)
            }
            [_] | [_, 0x04] => Step::Wait,
            [_, 0x14, ..] if bytes.len() < 5 => Step::Wait,
            _ => Step::Unknown(2),
        }
    }

    fn esc(&mut self, bytes: &[u8]) -> Step {
        let is_on = |n: u8| n & 1 == 1;
        match bytes {
            [_, 0x40, ..] => {
                self.mode = Mode::INITIAL;
                self.line.clear();
                return Step::Took(2);
            }
            [_, 0x32, ..] => {
                self.mode.spacing = LINE_SPACING;
                return Step::Took(2);
            }
            [_, 0x70, m @ (0 | 1 | 48 | 49), t1, t2, ..] => {
                let pin = if is_on(*m) { 5 } else { 2 };
                self.pulses.push(Pulse { pin, on_ms: u16::from(*t1) * 2, off_ms: u16::from(*t2) * 2 });
                return Step::Took(5);
            }
            [_] | [_, 0x74 | 0x52 | 0x45 | 0x47 | 0x4D | 0x61 | 0x64 | 0x4A | 0x33] => return Step::Wait,
            [_, 0x70, ..] if bytes.len() < 5 => return Step::Wait,
            _ => {}
        }
        match (bytes[1], bytes.get(2).copied().unwrap_or_default()) {
            (0x74, n) if CodePage::from_number(n).is_some() => self.mode.page = CodePage::from_number(n),
            // Only the sets that leave ASCII alone, and font A, the only one here.
            (0x52 | 0x4D, 0) => {}
            (0x45 | 0x47, n) => self.mode.is_bold = is_on(n),
            (0x61, n @ (0..=2 | 48..=50)) => self.mode.align = n % 48,
            (0x33, n) => self.mode.spacing = usize::from(n),
            (0x4A, n) => {
                self.print_line();
                self.picture.feed(usize::from(n));
            }
            (0x64, n) => {
                if !self.line.is_empty() {
                    self.end_line();
                }
                for _ in 0..n {
                    self.end_line();
                }
            }
            _ => return Step::Unknown(2),
        }
        Step::Took(3)
    }

    fn gs(&mut self, bytes: &[u8]) -> Step {
        match bytes {
            [_] | [_, 0x21 | 0x42 | 0x62 | 0x56 | 0x72 | 0x49] | [_, 0x56, 65 | 66] => return Step::Wait,
            [_, 0x28 | 0x76, ..] => return self.long(bytes),
            [_, 0x56, 65 | 66, feed, ..] => {
                self.print_line();
                // From the head to the cutter is some fifteen millimetres; a picture needs less.
                self.picture.feed(usize::from(*feed) + LINE_SPACING);
                self.cut();
                return Step::Took(4);
            }
            _ => {}
        }
        match (bytes[1], bytes.get(2).copied().unwrap_or_default()) {
            (0x21, n) if n & 0x88 == 0 => {
                (self.mode.width, self.mode.height) = (usize::from(n >> 4) + 1, usize::from(n & 7) + 1);
            }
            (0x42, n) => self.mode.is_reverse = n & 1 == 1,
            (0x62, n) => self.mode.is_smooth = n & 1 == 1,
            (0x56, 0 | 1 | 48 | 49) => self.cut(),
            // The answer comes when all before it is printed, and here it is.
            (0x72, 1 | 49) => self.answers.push(if self.status == Status::PAPER_LOW { 0x03 } else { 0x00 }),
            (0x72, 2 | 50) => self.answers.push(0x00),
            (0x49, n @ (66 | 67)) => {
                let name: &[u8] = if n == 66 { b"_Barra\0" } else { b"_simulated\0" };
                self.answers.extend_from_slice(name);
            }
            _ => return Step::Unknown(2),
        }
        Step::Took(3)
    }

    /// Commands that carry their length.
    fn long(&mut self, bytes: &[u8]) -> Step {
        let count = |low: u8, high: u8| usize::from(low) + 256 * usize::from(high);
        match bytes {
            [_, 0x28, function, low, high, data @ ..] => {
                let Some(data) = data.get(..count(*low, *high)) else { return Step::Wait };
                let is_known = match (function, data) {
                    (0x44, [0x14, rest @ ..]) => {
                        for pair in rest.chunks_exact(2).filter(|pair| pair[0] == 1) {
                            self.mode.obeys_real_time_pulse = pair[1] & 1 == 1;
                        }
                        true
                    }
                    (0x6B, [0x31, rest @ ..]) => self.qr(rest),
                    _ => false,
                };
                let length = 5 + data.len();
                if is_known { Step::Took(length) } else { Step::Unknown(length) }
            }
            [_, 0x76, 0x30, 0 | 48, xl, xh, yl, yh, data @ ..] => {
                let (across, rows) = (count(*xl, *xh), count(*yl, *yh));
                let Some(data) = data.get(..across * rows) else { return Step::Wait };
                self.raster(data, across);
                Step::Took(8 + data.len())
            }
            [_, 0x76, ..] if bytes.len() >= 4 && bytes[2..4] != [0x30, 0] => Step::Unknown(2),
            _ => Step::Wait,
        }
    }

    /// `GS ( k`, cn 49, after the cn.
    fn qr(&mut self, command: &[u8]) -> bool {
        match command {
            [0x41, 0x32, 0] | [0x45, 0x30..=0x33] => true,
            [0x43, module @ 1..=16] => {
                self.qr_module = *module;
                true
            }
            [0x50, 0x30, text @ ..] => {
                self.qr_text = text.to_vec();
                true
            }
            [0x51, 0x30] => {
                self.print_qr();
                true
            }
            _ => false,
        }
    }

    fn print_qr(&mut self) {
        self.print_line();
        let Some(code) = QrModules::of(&self.qr_text) else { return };
        let module = usize::from(self.qr_module);
        let code = code.raster(module);
        self.raster(&code.rows().concat(), code.width().div_ceil(8));
        self.text.push_str("[QR]\n");
    }

    fn raster(&mut self, data: &[u8], across: usize) {
        let left = self.left_of(across * 8);
        let top = self.picture.height();
        self.picture.feed(data.len().checked_div(across).unwrap_or(0));
        for (at, byte) in data.iter().enumerate() {
            for bit in (0..8).filter(|bit| byte & (0x80 >> bit) != 0) {
                self.picture.burn(left + at % across * 8 + bit, top + at / across);
            }
        }
    }

    /// Where something so wide begins.
    fn left_of(&self, dots: usize) -> usize {
        let room = self.columns.dots().saturating_sub(dots);
        match self.mode.align {
            1 => room / 2,
            2 => room,
            _ => 0,
        }
    }

    fn letter(&mut self, byte: u8) {
        let Some(page) = self.mode.page.or((byte < 0x80).then_some(CodePage::Pc858)) else {
            return self.note_unknown(&[byte]);
        };
        let Some(sign) = page.sign(byte) else { return self.note_unknown(&[byte]) };
        let mut glyph = self.font.glyph(sign);
        if self.mode.is_bold {
            glyph = glyph.emphasised();
        }
        glyph = match (self.mode.width, self.mode.height) {
            (2, 2) if self.mode.is_smooth => glyph.doubled_smoothly(),
            (width, height) => glyph.scaled(width, height),
        };
        let set: usize = self.line.iter().map(|letter| letter.columns).sum();
        if set + self.mode.width > self.columns.count() {
            self.end_line();
        }
        self.line.push(Letter { sign, glyph, is_reverse: self.mode.is_reverse, columns: self.mode.width });
    }

    /// Prints what is set and goes to the next line.
    fn end_line(&mut self) {
        let top = self.picture.height();
        self.print_line();
        let printed = self.picture.height() - top;
        self.picture.feed(self.mode.spacing.saturating_sub(printed));
        if printed == 0 {
            self.text.push('\n');
        }
    }

    fn print_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let Some(height) = line.iter().map(|letter| letter.glyph.height()).max() else { return };
        let columns: usize = line.iter().map(|letter| letter.columns).sum();
        let mut left = self.left_of(columns * WIDTH);
        let indent = left / WIDTH;
        let top = self.picture.height();
        // Some air above large letters, as between plain ones.
        self.picture.feed(height + if height > HEIGHT { LINE_SPACING - HEIGHT } else { 0 });
        for letter in &line {
            // Letters of a line stand on one foot.
            self.picture.stamp(&letter.glyph, left, top + height - letter.glyph.height(), letter.is_reverse);
            left += letter.glyph.width();
        }
        let text: String = line.iter().map(|letter| letter.sign).collect();
        self.text.push_str(format!("{:indent$}{text}", "").trim_end());
        self.text.push('\n');
    }

    fn cut(&mut self) {
        self.print_line();
        let picture = std::mem::replace(&mut self.picture, Picture::new(self.columns.dots()));
        self.papers.push(Paper {
            picture: Some(picture),
            text: std::mem::take(&mut self.text),
            drawer_pulses: std::mem::take(&mut self.pulses),
            unknown: std::mem::take(&mut self.unknown),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(bytes: &[u8]) -> Vec<Paper> {
        let mut printer = Interpreter::new(Columns::C48);
        printer.feed(bytes);
        printer.take_papers()
    }

    #[test]
    fn a_pulse_without_its_times_eats_what_follows() {
        let papers = printed(b"\x1B@\x1Bp\x00AFTER\x1DVB\x00");
        assert_eq!(papers[0].text, "TER\n", "as a real printer does");
        assert_eq!(papers[0].drawer_pulses.len(), 1);
    }

    #[test]
    fn bytes_that_are_no_command_are_told() {
        let papers = printed(b"\x1B@\x1BZHi\x03\xC3\n\x1DVB\x00");
        assert_eq!(papers[0].unknown, ["1b 5a", "03", "c3"], "the last has no code page yet");
        assert_eq!(papers[0].text, "Hi\n");
    }

    #[test]
    fn it_answers_how_it_is_even_when_it_cannot_print() {
        let mut printer = Interpreter::new(Columns::C48);
        assert_eq!(printer.feed(b"\x10\x04\x01\x1Dr\x01"), [0x12, 0x00]);
        printer.set_status(Status::PAPER_OUT);
        assert_eq!(printer.feed(b"Hi\n\x10\x04\x04\x1Dr\x01"), [0x7E], "and nothing else");
        printer.set_status(Status::OK);
        assert_eq!(printer.feed(b""), [0x00], "once the roll is in, all that waited is printed");
    }

    proptest! {
        /// Whatever comes, it stands; and however it is split, it prints the same.
        #[test]
        fn any_bytes_in_any_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..400), split in 0..400_usize) {
            let whole = printed(&[&bytes[..], b"\n\n"].concat());
            let mut printer = Interpreter::new(Columns::C48);
            let split = split.min(bytes.len());
            printer.feed(&bytes[..split]);
            printer.feed(&[&bytes[split..], b"\n\n"].concat());
            prop_assert_eq!(whole, printer.take_papers());
        }
    }
}
