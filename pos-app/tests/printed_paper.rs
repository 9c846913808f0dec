//! What comes out of the printer: from documents to the picture of the paper, and from the queue to the printer.

mod printed_paper {
    mod camera;
    mod codes;
    mod emulator;
    mod faults;
    mod hostile;
    mod line;
    mod pictures;
    pub(crate) mod queue;
    pub(crate) mod samples;
    mod spooling;
}

use std::fmt::Write as _;

use pos_app::config::PrinterConfig;
use pos_app::printer::codepage::CodePage;
use pos_app::printer::document::TicketSlip;
use pos_app::printer::escpos::{CUT, DRAWER_PULSE, encode};
use pos_app::printer::layout::{Align, Line, Page, Span, layout};
use pos_app::printer::profile::QrBy;
use pos_app::printer::qr::QrModules;
use pos_app::printer::simulated::{Interpreter, Paper, Pulse};
use pos_app::printer::{Columns, Document, Profile};

use printed_paper::samples;

const WIDTHS: [Columns; 3] = [Columns::C32, Columns::C42, Columns::C48];

fn profile(columns: Columns) -> Profile {
    Profile { columns, code_page: CodePage::Pc858, qr: QrBy::Printer }
}

fn bytes_of(document: &Document, profile: Profile, copy_no: u32, opens_drawer: bool) -> Vec<u8> {
    encode(&layout(document, Page::of(&profile, copy_no)), &profile, opens_drawer)
}

/// What a printer makes of bytes: one paper, and nothing it does not understand.
fn printed(bytes: &[u8], columns: Columns) -> Paper {
    let mut printer = Interpreter::new(columns);
    printer.feed(bytes);
    let mut papers = printer.take_papers();
    assert_eq!(papers.len(), 1, "one document is one paper");
    let paper = papers.remove(0);
    assert_eq!(paper.unknown, Vec::<String>::new());
    paper
}

/// The text of the paper that the simulated printer makes.
fn printed_by_us(document: &Document, config: &PrinterConfig) -> String {
    let profile = Profile::new(config.columns, &config.code_page, QrBy::Printer).expect("a printer");
    printed(&bytes_of(document, profile, 0, false), profile.columns).text
}

/// Lines as text, marked where they are not plain: `[2×2 bold]`.
fn shown(lines: &[Line], columns: Columns) -> String {
    let mut text = String::new();
    for line in lines {
        match line {
            Line::Feed(count) => text.push_str(&"\n".repeat(usize::from(*count))),
            Line::Raster(raster) => writeln!(text, "<{}×{} dots>", raster.width(), raster.height()).expect("text"),
            Line::Qr { text: code, module } => {
                let size = QrModules::of(code.as_bytes()).expect("a code").size();
                writeln!(text, "<QR {size}×{size} modules of {module} dots>").expect("text");
            }
            Line::Text { align, spans } => {
                let width: usize = spans.iter().map(Span::columns).sum();
                assert!(width <= columns.count(), "too wide: {spans:?}");
                let indent = if *align == Align::Center { (columns.count() - width) / 2 } else { 0 };
                let mut shown = " ".repeat(indent);
                for span in spans {
                    let style = span.style;
                    shown.push_str(&span.text);
                    let mut marks = Vec::new();
                    if (style.width, style.height) != (1, 1) {
                        marks.push(format!("{}×{}", style.width, style.height));
                    }
                    marks.extend(style.is_bold.then(|| "bold".to_owned()));
                    marks.extend(style.is_reverse.then(|| "reverse".to_owned()));
                    if !marks.is_empty() {
                        write!(shown, " [{}]", marks.join(" ")).expect("text");
                    }
                }
                writeln!(text, "{}", shown.trim_end()).expect("text");
            }
        }
    }
    text
}

#[test]
fn every_document_at_every_width() {
    for columns in WIDTHS {
        for (name, document) in samples::all() {
            let page = Page { columns, code_page: CodePage::Pc858, copy_no: 0, logo: None };
            insta::assert_snapshot!(format!("{name}_{}", columns.count()), shown(&layout(&document, page), columns));
        }
    }
}

#[test]
fn a_copy_says_so_and_does_not_repeat_the_code() {
    let ticket = Document::Ticket(samples::ticket());
    let paper = printed(&bytes_of(&ticket, profile(Columns::C48), 2, false), Columns::C48);
    insta::assert_snapshot!("ticket_copy_48", paper.text);
    assert_eq!(paper.qr(), Vec::<String>::new());
    assert!(paper.text.contains("BMB 11725-K"), "the bar can still type it");
}

/// The paper says the same in English where the money is not Spanish America's.
#[test]
fn other_countries_read_english() {
    let Document::Receipt(mut receipt) = samples::cash_receipt() else { unreachable!("a receipt") };
    receipt.heading.language = pos_app::printer::Language::En;
    receipt.currency = shared::money::Currency::Eur;
    let page = Page { columns: Columns::C48, code_page: CodePage::Pc858, copy_no: 0, logo: None };
    insta::assert_snapshot!("cash_receipt_english_48", shown(&layout(&Document::Receipt(receipt), page), Columns::C48));
}

/// Every byte of one job, as it has been since the first: a change here is a change on every printer.
#[test]
fn a_ticket_is_these_bytes() {
    let bytes = bytes_of(&Document::Ticket(samples::ticket()), profile(Columns::C48), 0, true);
    let rows: Vec<String> = bytes
        .chunks(24)
        .map(|row| {
            let hex = row.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
            let shown: String =
                row.iter().map(|byte| if (0x20..0x7F).contains(byte) { char::from(*byte) } else { '.' }).collect();
            format!("{hex:72} {shown}")
        })
        .collect();
    insta::assert_snapshot!("ticket_bytes_48", rows.join("\n"));
}

#[test]
fn what_is_printed_is_what_was_laid_out() {
    for columns in WIDTHS {
        for (name, document) in samples::all() {
            let lines = layout(&document, Page::of(&profile(columns), 0));
            let paper = printed(&encode(&lines, &profile(columns), false), columns);
            for line in &lines {
                if let Line::Text { spans, .. } = line {
                    let text: String = spans.iter().map(|span| span.text.as_str()).collect();
                    assert!(paper.text.lines().any(|printed| printed.trim() == text.trim()), "{name}: {text}");
                }
            }
        }
    }
}

#[test]
fn a_camera_reads_the_ticket_from_the_paper() {
    let code = samples::ticket_code();
    assert_eq!(QrModules::of(code.as_bytes()).map(|qr| qr.size()), Some(41), "six lines fit version 6");
    for columns in [Columns::C32, Columns::C48] {
        for qr in [QrBy::Printer, QrBy::Raster] {
            let profile = Profile { qr, ..profile(columns) };
            let bytes = bytes_of(&Document::Ticket(samples::ticket()), profile, 0, false);
            assert_eq!(printed(&bytes, columns).qr(), [code.as_str()], "{columns:?} {qr:?}");
        }
    }
    // 203 dots an inch: 41 modules of 6 dots are 30.8 mm.
    assert!(41 * usize::from(Columns::C48.qr_module()) * 254 / 2_030 >= 30);
}

#[test]
fn both_code_pages_print_the_same_letters() {
    let print = |code_page| {
        let profile = Profile { code_page, ..profile(Columns::C48) };
        printed(&bytes_of(&samples::test_page(), profile, 0, false), Columns::C48)
    };
    let paper = print(CodePage::Wpc1252);
    assert!(paper.text.contains("áéíóúüñ ÁÉÍÓÚÜÑ ¿¡ ªº €$"), "{}", paper.text);
    assert_eq!(paper.picture, print(CodePage::Pc858).picture);
}

/// Names that would cut, open the drawer, ask for status, turn the text round or empty the roll.
#[test]
fn no_name_is_a_command() {
    let hostile = [
        "\u{1B}p\u{0}\u{19}\u{FA}\u{1D}VB\u{0}".to_owned(),
        "\u{10}\u{4}\u{1}\u{10}\u{14}\u{1}\u{0}\u{1}".to_owned(),
        "\u{1D}(k\u{3}\u{0}1Q0\n\n\u{1B}@\u{1B}d\u{FF}".to_owned(),
        "\u{202E}asiP\u{2066}cola\u{200B}\u{FEFF}".to_owned(),
        "\u{9B}\u{84}\u{85}\u{7F}".to_owned(),
        "M".repeat(500),
        "de muchas palabras ".repeat(30),
        "🍹🍸 𝕮𝖑𝖚𝖇 — “Ñandú” 100 ₪".to_owned(),
    ];
    for name in hostile {
        for columns in WIDTHS {
            let TicketSlip { heading, .. } = samples::ticket();
            let heading = pos_app::printer::Heading {
                venue: name.clone(),
                operator: name.clone(),
                register: name.clone(),
                ..heading
            };
            let lines = vec![samples::line(1, &name, 1_000)];
            let ticket = TicketSlip { heading, lines, display_code: name.clone(), ..samples::ticket() };
            let bytes = bytes_of(&Document::Ticket(ticket), profile(columns), 0, true);
            let paper = printed(&bytes, columns);
            assert_eq!(paper.drawer_pulses, [Pulse { pin: 2, on_ms: 50, off_ms: 500 }], "{name:?}");
            assert_eq!(bytes[2..7], DRAWER_PULSE, "before the slow print");
            assert!(bytes.ends_with(&CUT));
            assert_eq!(paper.qr(), [samples::ticket_code()], "{name:?}");
            assert!(paper.picture.is_some_and(|picture| picture.height() < 4_000), "half a metre at most");
        }
    }
}

#[test]
fn the_drawer_alone_needs_no_paper() {
    let mut printer = Interpreter::new(Columns::C48);
    printer.feed(&bytes_of(&Document::Drawer, profile(Columns::C48), 0, true));
    assert_eq!(printer.take_papers(), []);
    assert_eq!(printer.take_drawer().map(|opened| opened.drawer_pulses.len()), Some(1));
}

#[test]
fn a_document_survives_its_row_in_the_ledger() {
    for (name, document) in samples::all() {
        let row = serde_json::to_string(&document).expect("JSON");
        assert_eq!(serde_json::from_str::<Document>(&row).expect("the same"), document, "{name}");
    }
}
