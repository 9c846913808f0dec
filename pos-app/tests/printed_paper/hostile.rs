//! Whatever a name, a note or a code is made of, it is printed or left out, and never obeyed.

use pos_app::printer::codepage::CodePage;
use pos_app::printer::escpos::{CUT, DRAWER_PULSE, encode};
use pos_app::printer::layout::{Line, Page, Span, layout};
use pos_app::printer::profile::QrBy;
use pos_app::printer::simulated::Pulse;
use pos_app::printer::{
    BadgeSlip, CashSlip, Columns, Document, Heading, OpeningSlip, Profile, Receipt, TerminalSlip, TestPage, TicketSlip,
    XSlip, ZSlip,
};
use proptest::prelude::*;
use shared::venue::PaperTemplate;

use super::super::printed;
use super::samples;

/// Commands, text that runs backwards, marks without letters, pictures, and a roll's worth of one letter.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\\x7f-\\u{9f}]{1,12}",
        "[\\u{0300}-\\u{036f}\\u{202a}-\\u{202e}\\u{2066}-\\u{2069}\\u{200b}-\\u{200f}]{1,40}",
        "[a-zA-ZñÑáéíóú€ ]{0,60}",
        "[אבגدهو🍹🍸𝕮]{1,20}",
        prop_oneof![
            Just("\u{1B}p\u{0}\u{19}\u{FA}"),
            Just("\u{1D}VB\u{0}"),
            Just("\u{10}\u{14}\u{1}\u{0}\u{1}"),
            Just("\u{10}\u{4}\u{1}"),
            Just("\u{1B}@\u{1B}d\u{FF}"),
            Just("\u{1D}(k\u{3}\u{0}1Q0"),
            Just("\n\n\n"),
        ]
        .prop_map(str::to_owned),
        Just("M".repeat(500)),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn documents(name: &str, note: &str, code: &str) -> Vec<Document> {
    let heading = Heading {
        venue: name.to_owned(),
        tax_id: note.to_owned(),
        address: code.to_owned(),
        register: name.to_owned(),
        operator: note.to_owned(),
        template: PaperTemplate { header: vec![note.to_owned(); 6], footer: vec![name.to_owned(), code.to_owned()] },
        ..samples::heading()
    };
    let lines = vec![samples::line(1, name, 1_000), samples::line(2, note, 2_000)];
    let mut all: Vec<Document> = samples::all().into_iter().map(|(_, document)| document).collect();
    for document in &mut all {
        match document {
            Document::Receipt(Receipt { heading: of, lines: sold, code: bars, stamp, .. }) => {
                (*of, *sold) = (heading.clone(), lines.clone());
                (*bars, *stamp) = (Some(code.to_owned()), Some(note.to_owned()));
            }
            Document::Ticket(TicketSlip { heading: of, lines: owed, display_code, code: signed, .. }) => {
                (*of, *owed, *display_code, *signed) =
                    (heading.clone(), lines.clone(), note.to_owned(), code.to_owned());
            }
            Document::CashSlip(CashSlip { heading: of, reason, allowed_by, .. }) => {
                (*of, *reason, *allowed_by) = (heading.clone(), note.to_owned(), Some(name.to_owned()));
            }
            Document::OpeningSlip(OpeningSlip { heading: of, .. })
            | Document::XReport(XSlip { heading: of, .. })
            | Document::ZReport(ZSlip { heading: of, .. }) => {
                *of = heading.clone();
            }
            Document::Badge(BadgeSlip { heading: of, name: whose, code: signed, .. }) => {
                (*of, *whose, *signed) = (heading.clone(), name.to_owned(), code.to_owned());
            }
            Document::TestPage(TestPage { venue, register, printer, .. }) => {
                (*venue, *register, *printer) = (name.to_owned(), note.to_owned(), code.to_owned());
            }
            Document::TerminalSlip(TerminalSlip { lines, .. }) => {
                *lines = vec![name.to_owned(), note.to_owned(), code.to_owned()];
            }
            Document::Drawer => {}
        }
    }
    all.retain(|document| *document != Document::Drawer);
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// No control byte in any text; one cut, at the end; one pulse, at the beginning; no line wider than the paper. A
    /// paper is laid out for every printer, and printed on one.
    #[test]
    fn nothing_written_is_a_command(
        (name, note, code) in (hostile(), hostile(), hostile()),
        copy_no in 0..3_u32,
        (which, on) in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let documents = documents(&name, &note, &code);
        let document = &documents[which.index(documents.len())];
        let mut printers = Vec::new();
        for columns in [Columns::C32, Columns::C42, Columns::C48] {
            for (code_page, qr) in [(CodePage::Pc858, QrBy::Printer), (CodePage::Wpc1252, QrBy::Raster)] {
                let profile = Profile { columns, code_page, qr };
                let lines = layout(document, Page::of(&profile, copy_no));
                for line in &lines {
                    let Line::Text { spans, .. } = line else { continue };
                    let bytes: Vec<u8> = spans.iter().flat_map(|span| code_page.bytes(&span.text)).collect();
                    prop_assert!(bytes.iter().all(|byte| matches!(byte, 0x20..=0x7E | 0x80..)), "{:02x?}", bytes);
                    let width: usize = spans.iter().map(Span::columns).sum();
                    prop_assert!(width <= columns.count());
                }
                printers.push((profile, lines));
            }
        }
        let (profile, lines) = &printers[on.index(printers.len())];
        let bytes = encode(lines, profile, true);
        let paper = printed(&bytes, profile.columns);
        prop_assert_eq!(paper.drawer_pulses, [Pulse { pin: 2, on_ms: 50, off_ms: 500 }]);
        prop_assert_eq!(&bytes[2..7], &DRAWER_PULSE[..]);
        prop_assert!(bytes.ends_with(&CUT));
    }
}
