//! Lines to the bytes an ESC/POS printer understands. Its own encoder, because the bytes are few and must be right:
//! text is never a command, the drawer's pulse has all its five bytes and goes first, and the cut comes last.
//!
//! Source: Epson, ESC/POS Command Reference for TM printers; the comments name the commands as it does.

use super::layout::{Align, Line, Span, Style};
use super::profile::{Profile, QrBy};
use super::qr::QrModules;
use super::raster::Raster;

/// `ESC @`
pub const INITIALISE: [u8; 2] = [0x1B, 0x40];
/// `ESC p 0 25 250`: pin 2, 50 ms on, 500 ms off.
pub const DRAWER_PULSE: [u8; 5] = [0x1B, 0x70, 0x00, 0x19, 0xFA];
/// `GS V B 0`: feed to the cutter, cut all but the middle.
pub const CUT: [u8; 4] = [0x1D, 0x56, 0x42, 0x00];
/// `GS ( D`: ignore real-time pulses, whose bytes may stand in a picture.
const REAL_TIME_OFF: [u8; 8] = [0x1D, 0x28, 0x44, 0x03, 0x00, 0x14, 0x01, 0x00];
const REAL_TIME_ON: [u8; 8] = [0x1D, 0x28, 0x44, 0x03, 0x00, 0x14, 0x01, 0x01];
/// The most rows one raster command carries: cheap printers have no room for more.
const BAND_ROWS: usize = 256;

/// One job. Nothing but the pulse when there are no lines.
pub fn encode(lines: &[Line], profile: &Profile, opens_drawer: bool) -> Vec<u8> {
    let mut job = Encoder { bytes: INITIALISE.to_vec(), profile, style: Style::PLAIN, align: Align::Left };
    if opens_drawer {
        // Before the slow print: the hand is already waiting.
        job.put(&DRAWER_PULSE);
    }
    if !lines.is_empty() {
        job.put(&[0x1B, 0x74, profile.code_page.number()]); // ESC t
        job.put(&[0x1D, 0x62, 0x01]); // GS b: large letters without steps
        for line in lines {
            job.line(line);
        }
        job.restyle(Style::PLAIN);
        job.put(&CUT);
    }
    job.bytes
}

struct Encoder<'a> {
    bytes: Vec<u8>,
    profile: &'a Profile,
    style: Style,
    align: Align,
}

impl Encoder<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn line(&mut self, line: &Line) {
        match line {
            Line::Text { align, spans } => self.text(*align, spans),
            Line::Feed(lines) => self.put(&[0x1B, 0x64, *lines]), // ESC d
            Line::Qr { text, module } => self.qr(text, *module),
            Line::Raster(raster) => {
                self.restyle(Style::PLAIN);
                self.realign(Align::Center);
                self.raster(raster);
                self.put(b"\n");
            }
        }
    }

    fn text(&mut self, align: Align, spans: &[Span]) {
        self.realign(align);
        for span in spans {
            self.restyle(span.style);
            let text = self.profile.code_page.bytes(&span.text);
            self.put(&text);
        }
        self.put(b"\n");
    }

    /// Only at the beginning of a line.
    fn realign(&mut self, align: Align) {
        if align != self.align {
            self.align = align;
            self.put(&[0x1B, 0x61, u8::from(align == Align::Center)]); // ESC a
        }
    }

    fn restyle(&mut self, style: Style) {
        if style.is_bold != self.style.is_bold {
            self.put(&[0x1B, 0x45, u8::from(style.is_bold)]); // ESC E
        }
        if (style.width, style.height) != (self.style.width, self.style.height) {
            self.put(&[0x1D, 0x21, (style.width - 1) << 4 | (style.height - 1)]); // GS !
        }
        if style.is_reverse != self.style.is_reverse {
            self.put(&[0x1D, 0x42, u8::from(style.is_reverse)]); // GS B
        }
        self.style = style;
    }

    fn qr(&mut self, text: &str, module: u8) {
        self.restyle(Style::PLAIN);
        self.realign(Align::Center);
        // A printer obeys its real-time commands wherever they stand, also inside a code's text: such a text is drawn.
        let is_plain = !text.bytes().any(|byte| byte.is_ascii_control());
        match self.profile.qr {
            QrBy::Printer if is_plain => self.printers_qr(text, module),
            QrBy::Printer | QrBy::Raster => self.raster_qr(text, module),
        }
        // White below the code; without it the next line's black touches it.
        self.put(b"\n");
    }

    /// `GS ( k`, cn 49: model, module size, level, data, print.
    fn printers_qr(&mut self, text: &str, module: u8) {
        // The layout asked for a code that exists, so the length fits two bytes.
        let [low, high] = u16::try_from(text.len() + 3).unwrap_or(u16::MAX).to_le_bytes();
        self.put(&[0x1D, 0x28, 0x6B, 0x04, 0x00, 0x31, 0x41, 0x32, 0x00]); // model 2
        self.put(&[0x1D, 0x28, 0x6B, 0x03, 0x00, 0x31, 0x43, module]);
        self.put(&[0x1D, 0x28, 0x6B, 0x03, 0x00, 0x31, 0x45, 0x31]); // level M
        self.put(&[0x1D, 0x28, 0x6B, low, high, 0x31, 0x50, 0x30]);
        self.put(text.as_bytes());
        self.put(&[0x1D, 0x28, 0x6B, 0x03, 0x00, 0x31, 0x51, 0x30]);
    }

    fn raster_qr(&mut self, text: &str, module: u8) {
        if let Some(code) = QrModules::of(text.as_bytes()) {
            self.raster(&code.raster(usize::from(module)));
        }
    }

    /// `GS v 0`, in bands.
    fn raster(&mut self, raster: &Raster) {
        self.put(&REAL_TIME_OFF);
        for band in raster.rows().chunks(BAND_ROWS) {
            let [xl, xh] = small(band[0].len());
            let [yl, yh] = small(band.len());
            self.put(&[0x1D, 0x76, 0x30, 0x00, xl, xh, yl, yh]);
            for row in band {
                self.put(row);
            }
        }
        self.put(&REAL_TIME_ON);
    }
}

/// A count as two bytes, low first.
fn small(count: usize) -> [u8; 2] {
    u16::try_from(count).expect("a picture is no wider than paper").to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::codepage::CodePage;
    use crate::printer::profile::Columns;

    const PROFILE: Profile = Profile { columns: Columns::C48, code_page: CodePage::Pc858, qr: QrBy::Printer };

    fn text(text: &str, style: Style) -> Line {
        Line::Text { align: Align::Left, spans: vec![Span { text: text.into(), style }] }
    }

    #[test]
    fn the_drawer_opens_before_anything_is_printed() {
        let job = encode(&[text("Hola", Style::PLAIN)], &PROFILE, true);
        assert_eq!(job, [&INITIALISE[..], &DRAWER_PULSE, &[0x1B, 0x74, 19, 0x1D, 0x62, 1], b"Hola\n", &CUT].concat());
        assert_eq!(encode(&[], &PROFILE, true), [&INITIALISE[..], &DRAWER_PULSE].concat(), "the drawer alone");
    }

    #[test]
    fn a_code_is_five_commands_and_a_line_feed() {
        let job = encode(&[Line::Qr { text: "T1AB".into(), module: 6 }], &PROFILE, false);
        let code = [
            0x1B, 0x61, 1, // in the middle
            0x1D, 0x28, 0x6B, 4, 0, 0x31, 0x41, 0x32, 0, //
            0x1D, 0x28, 0x6B, 3, 0, 0x31, 0x43, 6, //
            0x1D, 0x28, 0x6B, 3, 0, 0x31, 0x45, 0x31, //
            0x1D, 0x28, 0x6B, 7, 0, 0x31, 0x50, 0x30, b'T', b'1', b'A', b'B', //
            0x1D, 0x28, 0x6B, 3, 0, 0x31, 0x51, 0x30, b'\n',
        ];
        assert!(job.windows(code.len()).any(|window| window == code));
    }

    #[test]
    fn looks_are_put_on_and_taken_off() {
        let job = encode(&[text("A", Style::LARGE), text("B", Style::BAND), text("C", Style::PLAIN)], &PROFILE, false);
        let expected = [
            &[0x1B, 0x45, 1, 0x1D, 0x21, 0x11][..],
            b"A\n",
            &[0x1D, 0x21, 0, 0x1D, 0x42, 1],
            b"B\n",
            &[0x1B, 0x45, 0, 0x1D, 0x42, 0],
            b"C\n",
        ]
        .concat();
        assert!(job.windows(expected.len()).any(|window| window == expected));
    }

    #[test]
    fn a_code_that_would_open_the_drawer_is_drawn_and_not_sent() {
        let pulse = "T1\u{10}\u{14}\u{1}\u{0}\u{1}";
        let job = encode(&[Line::Qr { text: pulse.into(), module: 6 }], &PROFILE, false);
        assert!(!job.windows(3).any(|window| window == [0x10, 0x14, 0x01]), "{job:02x?}");
        assert!(job.windows(4).any(|window| window == [0x1D, 0x76, 0x30, 0x00]));
    }

    #[test]
    fn a_raster_code_is_guarded_and_comes_in_bands() {
        let profile = Profile { qr: QrBy::Raster, ..PROFILE };
        let job = encode(&[Line::Qr { text: "A7".repeat(350), module: 6 }], &profile, false);
        let at = |needle: &[u8]| job.windows(needle.len()).positions(needle);
        let bands = at(&[0x1D, 0x76, 0x30, 0x00]);
        assert_eq!(bands.len(), 2, "510 rows");
        assert!(at(&REAL_TIME_OFF)[0] < bands[0] && bands[1] < at(&REAL_TIME_ON)[0]);
    }

    trait Positions {
        fn positions(self, needle: &[u8]) -> Vec<usize>;
    }

    impl Positions for std::slice::Windows<'_, u8> {
        fn positions(self, needle: &[u8]) -> Vec<usize> {
            self.enumerate().filter(|(_, window)| *window == needle).map(|(at, _)| at).collect()
        }
    }
}
