//! Documents to lines of a width. Pure: nothing here knows bytes or printers.
//!
//! Invariant: every text is clean for the page's letters, and no line is wider than the page.

use shared::money::Currency;
use shared::register::{CashCount, CashMovementKind, SessionTotals};
use shared::staff::Role;
use shared::tender::{CardApproval, Payment};
use shared::ticket::TicketKind;

use super::barcode::Barcode;
use super::codepage::CodePage;
use super::document::{
    BadgeSlip, CashSlip, Document, Heading, OpeningSlip, Receipt, TerminalSlip, TestPage, TicketSlip, XSlip, ZSlip,
    paper_date,
};
use super::profile::{Columns, Profile};
use super::qr::fitting_module;
use super::raster::Raster;
use super::words::{Language, Words, fill};
use super::{PaperLine, money};

/// Lines a text may take; what is longer ends in `...`, so no name empties a roll.
const MAX_LINES: usize = 4;
/// Air between the last line and the cutter.
const FOOT_LINES: u8 = 3;
/// On the test page: of the numbers that GS1 keeps for showing, so that no shop sells it.
const TEST_GTIN: &str = "9521234567899";
/// Between two facts on one line.
const GAP: &str = "   ";

/// How letters look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Emphasised.
    pub is_bold: bool,
    /// White on black.
    pub is_reverse: bool,
    /// 1 or 2 columns a letter.
    pub width: u8,
    /// 1 or 2 lines high.
    pub height: u8,
}

impl Style {
    /// As it comes.
    pub const PLAIN: Self = Self { is_bold: false, is_reverse: false, width: 1, height: 1 };
    /// Emphasised.
    pub const BOLD: Self = Self { is_bold: true, ..Self::PLAIN };
    /// Emphasised, twice as high and wide.
    pub const LARGE: Self = Self { width: 2, height: 2, ..Self::BOLD };
    /// Emphasised, twice as high.
    pub const TALL: Self = Self { height: 2, ..Self::BOLD };
    /// White on black.
    pub const BAND: Self = Self { is_reverse: true, ..Self::BOLD };
    /// White on black, twice as high and wide.
    pub const LARGE_BAND: Self = Self { is_reverse: true, ..Self::LARGE };
}

/// Letters of one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Clean for the page.
    pub text: String,
    /// Their look.
    pub style: Style,
}

impl Span {
    /// Columns it takes.
    pub fn columns(&self) -> usize {
        self.text.chars().count() * usize::from(self.style.width)
    }
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// From the left edge.
    Left,
    /// In the middle.
    Center,
}

/// One line of paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Letters.
    Text {
        /// Where.
        align: Align,
        /// What, left to right.
        spans: Vec<Span>,
    },
    /// So many empty lines.
    Feed(u8),
    /// A QR code in the middle.
    Qr {
        /// What it says.
        text: String,
        /// Dots per module.
        module: u8,
    },
    /// Dots as they are, in the middle.
    Raster(Raster),
}

/// What lines are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// The paper's width.
    pub columns: Columns,
    /// The printer's letters.
    pub code_page: CodePage,
    /// 0 is the original; from 1 on the paper says COPIA n.
    pub copy_no: u32,
    /// At the head of receipts.
    pub logo: Option<&'a Raster>,
}

impl<'a> Page<'a> {
    /// The page a printer prints.
    pub const fn of(profile: &Profile, copy_no: u32) -> Self {
        Self { columns: profile.columns, code_page: profile.code_page, copy_no, logo: None }
    }

    /// With a picture at its head.
    #[must_use]
    pub const fn with_logo(self, logo: Option<&'a Raster>) -> Self {
        Self { logo, ..self }
    }
}

/// The lines of a document. [`Document::Drawer`] has none.
pub fn layout(document: &Document, page: Page<'_>) -> Vec<Line> {
    match document {
        Document::Receipt(receipt) => Sheet::new(page, receipt.heading.language).receipt(receipt),
        Document::Ticket(ticket) => Sheet::new(page, ticket.heading.language).ticket(ticket),
        Document::OpeningSlip(slip) => Sheet::new(page, slip.heading.language).opening_slip(slip),
        Document::CashSlip(slip) => Sheet::new(page, slip.heading.language).cash_slip(slip),
        Document::XReport(slip) => Sheet::new(page, slip.heading.language).x_report(slip),
        Document::ZReport(slip) => Sheet::new(page, slip.heading.language).z_report(slip),
        Document::Badge(badge) => Sheet::new(page, badge.heading.language).badge(badge),
        Document::TerminalSlip(slip) => Sheet::new(page, slip.language).terminal_slip(slip),
        Document::TestPage(test) => Sheet::new(page, test.language).test_page(test),
        Document::Drawer => Vec::new(),
    }
}

struct Sheet<'a> {
    page: Page<'a>,
    language: Language,
    words: &'static Words,
    lines: Vec<Line>,
}

impl<'a> Sheet<'a> {
    /// An empty sheet; a copy says so at the top.
    fn new(page: Page<'a>, language: Language) -> Self {
        let mut sheet = Self { page, language, words: language.words(), lines: Vec::new() };
        if page.copy_no > 0 {
            sheet.band(&fill(sheet.words.copy, page.copy_no), Style::LARGE_BAND);
            sheet.feed(1);
        }
        sheet
    }

    fn receipt(mut self, receipt: &Receipt) -> Vec<Line> {
        let (words, language) = (self.words, self.language);
        let number = fill(words.sale, money::count(receipt.receipt_no, language));
        self.logo();
        self.letterhead(&receipt.heading);
        self.feed(1);
        self.center(&number, Style::LARGE);
        self.when_where_who(&receipt.heading);
        self.feed(1);
        self.rule();
        for line in &receipt.lines {
            self.row(&self.named(line), &money::amount(line.total_minor, receipt.currency, language));
        }
        self.rule();
        self.large_row(words.total, &money::amount_with_sign(receipt.totals.total_minor, receipt.currency, language));
        self.amount(words.net, receipt.totals.net_minor, receipt.currency);
        for tax in &receipt.totals.taxes {
            let rate = money::percent(tax.rate_bp, language);
            self.amount(&fill(words.tax, rate), tax.tax_minor, receipt.currency);
        }
        if receipt.settlement.rounding_minor != 0 {
            self.amount(words.rounding, receipt.settlement.rounding_minor, receipt.currency);
        }
        for payment in &receipt.settlement.payments {
            self.payment(payment, receipt.currency);
        }
        self.rule();
        if let Some(stamp) = &receipt.stamp {
            self.barcode(&Barcode::Pdf417(stamp.clone()));
        }
        self.center(words.not_fiscal, Style::PLAIN);
        self.center(&fill(words.business_day, paper_date(receipt.heading.business_date)), Style::PLAIN);
        for line in &receipt.heading.template.footer {
            self.center(line, Style::PLAIN);
        }
        if let Some(code) = &receipt.code {
            self.barcode(&Barcode::Code128(code.clone()));
            self.center(code, Style::PLAIN);
        }
        self.finish()
    }

    fn payment(&mut self, payment: &Payment, currency: Currency) {
        match payment {
            Payment::Cash { tendered_minor, change_minor, .. } => {
                self.amount(self.words.cash, *tendered_minor, currency);
                if *change_minor != 0 {
                    self.amount(self.words.change, *change_minor, currency);
                }
            }
            Payment::Card { amount_minor, approval, .. } => {
                let CardApproval { authorisation_code, operation_no, last4, card_type, .. } = approval;
                let name = match card_type.as_str() {
                    "DB" => self.words.debit_card,
                    "CR" => self.words.credit_card,
                    _ => self.words.card,
                };
                self.amount(&format!("{name} .... {last4}"), *amount_minor, currency);
                let authorisation = fill(self.words.authorisation, authorisation_code);
                // What a person typed off a voucher has no number of the terminal's.
                let is_numbered = !operation_no.is_empty();
                let operation = if is_numbered { fill(self.words.operation, operation_no) } else { String::new() };
                for line in self.packed(&[&authorisation, &operation]) {
                    self.left(line, Style::PLAIN);
                }
            }
        }
    }

    fn ticket(mut self, ticket: &TicketSlip) -> Vec<Line> {
        let (words, heading) = (self.words, &ticket.heading);
        self.venue_and_night(heading);
        let band = match ticket.kind {
            TicketKind::Entry => words.entry,
            TicketKind::Wardrobe => words.wardrobe,
            TicketKind::Voucher | TicketKind::Wallet => words.voucher,
            TicketKind::Delivery | TicketKind::Order | TicketKind::Receipt | TicketKind::Staff => words.deliver,
        };
        self.band(band, Style::BAND);
        self.feed(1);
        self.center(&ticket.display_code, Style::LARGE);
        self.feed(1);
        for line in &ticket.lines {
            self.large_item(&self.named(line));
        }
        self.rule();
        if self.page.copy_no == 0 {
            self.qr(&ticket.code);
        } else {
            // Two papers with one code would serve twice at bars that cannot hear each other.
            self.center(words.no_qr_on_copy, Style::BOLD);
            self.feed(1);
        }
        self.facts(&[&heading.register, &heading.operator, &heading.at.to_string()]);
        self.center(&fill(words.valid_until, ticket.valid_until), Style::PLAIN);
        let pieces: i64 = ticket.lines.iter().map(|line| line.quantity_milli.whole().unwrap_or(1)).sum();
        let pieces = if pieces == 1 { words.one_product.to_owned() } else { fill(words.products, pieces) };
        self.center(&pieces, Style::PLAIN);
        self.finish()
    }

    fn opening_slip(mut self, slip: &OpeningSlip) -> Vec<Line> {
        let words = self.words;
        self.title(&slip.heading, words.opening);
        self.rule();
        self.count(&slip.float, slip.currency);
        let total = money::amount_with_sign(slip.float.total_minor(), slip.currency, self.language);
        self.large_row(words.float, &total);
        self.rule();
        self.signature(words.signature, "");
        self.finish()
    }

    fn cash_slip(mut self, slip: &CashSlip) -> Vec<Line> {
        let words = self.words;
        let title = match slip.movement {
            CashMovementKind::In => words.cash_in,
            CashMovementKind::Out => words.cash_out,
            CashMovementKind::Drop => words.cash_drop,
        };
        self.title(&slip.heading, title);
        self.rule();
        self.large_row(words.amount, &money::amount_with_sign(slip.amount_minor, slip.currency, self.language));
        self.center(&slip.reason, Style::PLAIN);
        if let Some(allowed_by) = &slip.allowed_by {
            self.center(&fill(words.allowed_by, allowed_by), Style::PLAIN);
        }
        self.rule();
        // Whoever is signed in is on one side of it; the other is known to them alone.
        let operator = slip.heading.operator.as_str();
        let (gives, takes) = match slip.movement {
            CashMovementKind::In => ("", operator),
            CashMovementKind::Out | CashMovementKind::Drop => (operator, ""),
        };
        self.signature(words.gives, gives);
        self.signature(words.takes, takes);
        self.finish()
    }

    /// Cash that moved beside the sales; what did not move is not said.
    fn movements(&mut self, totals: &SessionTotals, currency: Currency) {
        let words = self.words;
        for (word, amount_minor) in [
            (words.returned, -totals.returned_minor),
            (words.paid_in, totals.paid_in_minor),
            (words.paid_out, -totals.paid_out_minor),
            (words.dropped, -totals.dropped_minor),
        ] {
            if amount_minor != 0 {
                self.amount(word, amount_minor, currency);
            }
        }
    }

    /// A reading says what it may: who counts blind sees no cash, and no sum that would tell it.
    fn x_report(mut self, slip: &XSlip) -> Vec<Line> {
        let (words, language, currency, x) = (self.words, self.language, slip.currency, &slip.x);
        self.title(&slip.heading, words.reading);
        self.rule();
        self.row(words.opened_at, &slip.opened_at.to_string());
        self.row(words.sales, &money::count(u64::from(x.sales), language));
        self.rule();
        if let Some(totals) = &x.totals {
            self.large_row(words.sold, &money::amount_with_sign(totals.total_minor, currency, language));
            self.amount(words.tax_inside, totals.tax_minor, currency);
            self.amount(words.rounding, totals.rounding_minor, currency);
            self.amount(words.cash_kept, totals.cash_minor, currency);
            self.movements(totals, currency);
        }
        self.amount(words.by_card, x.card_minor, currency);
        if x.manual_card_minor != 0 {
            self.amount(words.manual_cards, x.manual_card_minor, currency);
        }
        if let Some(expected) = x.expected_cash_minor {
            self.amount(words.expected, expected, currency);
        }
        self.rule();
        self.center(words.reading_only, Style::PLAIN);
        self.finish()
    }

    fn z_report(mut self, slip: &ZSlip) -> Vec<Line> {
        let (words, language, currency) = (self.words, self.language, slip.currency);
        let (z, totals) = (&slip.z, &slip.z.totals);
        self.title(&slip.heading, &fill(words.closing, z.z_number));
        self.rule();
        self.row(words.opened_at, &slip.opened_at.to_string());
        self.row(words.closed_at, &slip.heading.at.to_string());
        self.row(words.sales, &money::count(u64::from(totals.sales), language));
        self.rule();
        self.large_row(words.sold, &money::amount_with_sign(totals.total_minor, currency, language));
        self.amount(words.tax_inside, totals.tax_minor, currency);
        self.amount(words.rounding, totals.rounding_minor, currency);
        self.amount(words.cash_kept, totals.cash_minor, currency);
        self.amount(words.by_card, totals.card_minor, currency);
        if totals.manual_cards > 0 {
            self.amount(&fill(words.by_hand, totals.manual_cards), totals.manual_card_minor, currency);
        }
        self.movements(totals, currency);
        self.rule();
        self.center(words.cash_in_drawer, Style::BOLD);
        self.count(&slip.counted, currency);
        self.amount(words.counted, z.counted_cash_minor, currency);
        self.feed(1);
        self.amount(words.float, z.float_minor, currency);
        self.amount(words.expected, z.expected_cash_minor, currency);
        let verdict = match z.variance_minor {
            0 => words.exact,
            1.. => words.over,
            _ => words.short,
        };
        self.large_row(verdict, &money::amount_with_sign(z.variance_minor.saturating_abs(), currency, language));
        self.rule();
        self.signature(words.signature, "");
        self.finish()
    }

    /// A copy has its code as well: it says who somebody is, and only their PIN lets them in.
    fn badge(mut self, badge: &BadgeSlip) -> Vec<Line> {
        let (words, heading) = (self.words, &badge.heading);
        self.center(&heading.venue, Style::BOLD);
        self.band(words.badge, Style::BAND);
        self.feed(1);
        self.center(&badge.name, Style::LARGE);
        let roles: Vec<_> = badge.roles.iter().map(|role| role_word(*role, words)).collect();
        self.facts(&roles);
        self.feed(1);
        self.qr(&badge.code);
        self.center(words.badge_with_pin, Style::BOLD);
        self.center(&fill(words.badge_until, paper_date(badge.last_valid)), Style::PLAIN);
        self.facts(&[&heading.at.to_string(), &heading.register, &fill(words.badge_printed, &heading.operator)]);
        self.finish()
    }

    /// As the terminal laid it out, where its lines fit.
    fn terminal_slip(mut self, slip: &TerminalSlip) -> Vec<Line> {
        for line in &slip.lines {
            let line = self.clean(line);
            if columns(&line) <= self.width() {
                self.left(line, Style::PLAIN);
            } else {
                for part in wrap(&line, self.width(), self.width()) {
                    self.left(part, Style::PLAIN);
                }
            }
        }
        self.finish()
    }

    fn test_page(mut self, test: &TestPage) -> Vec<Line> {
        let words = self.words;
        self.logo();
        self.center(&test.venue, Style::BOLD);
        self.center(words.test_page, Style::LARGE);
        self.facts(&[&test.register, &test.at.to_string()]);
        self.center(&test.printer, Style::PLAIN);
        self.rule();
        let ruler: String = "1234567890".chars().cycle().take(self.page.columns.count()).collect();
        self.left(ruler, Style::PLAIN);
        self.center("áéíóúüñ ÁÉÍÓÚÜÑ ¿¡ ªº €$", Style::PLAIN);
        self.center("ABCabc 0123456789", Style::BOLD);
        self.center("ABCabc 012345", Style::LARGE);
        self.band(words.copy.trim_end_matches(" {}"), Style::BAND);
        self.row("Piscola", &money::amount(12_990, Currency::Clp, self.language));
        self.rule();
        self.qr(&format!("BARRA {}", test.at));
        if let Ok(gtin) = TEST_GTIN.parse() {
            self.barcode(&Barcode::Ean13(gtin));
            self.center(TEST_GTIN, Style::PLAIN);
        }
        if let Some(trouble) = &test.logo_trouble {
            self.center(&fill(words.no_logo, trouble), Style::PLAIN);
        }
        self.center(words.test_done, Style::PLAIN);
        self.finish()
    }

    /// Who stands behind the paper.
    fn letterhead(&mut self, heading: &Heading) {
        self.center(&heading.venue, Style::BOLD);
        if !heading.tax_id.is_empty() {
            self.center(&fill(self.words.tax_id, &heading.tax_id), Style::PLAIN);
        }
        self.center(&heading.address, Style::PLAIN);
        for line in &heading.template.header {
            self.center(line, Style::PLAIN);
        }
    }

    fn logo(&mut self) {
        if let Some(logo) = self.page.logo.filter(|logo| logo.width() <= self.page.columns.dots()) {
            self.lines.push(Line::Raster(logo.clone()));
        }
    }

    /// A code in the middle, with an empty line before. One that cannot be drawn is left out: what it says stands beside it
    /// or in the books.
    fn barcode(&mut self, code: &Barcode) {
        if let Some(raster) = code.raster(self.page.columns.dots()) {
            self.lines.extend([Line::Feed(1), Line::Raster(raster)]);
        }
    }

    fn when_where_who(&mut self, heading: &Heading) {
        self.facts(&[&heading.at.to_string(), &heading.register, &heading.operator]);
    }

    /// The head of the drawer's slips.
    fn title(&mut self, heading: &Heading, title: &str) {
        self.venue_and_night(heading);
        self.feed(1);
        self.center(title, Style::LARGE);
        self.when_where_who(heading);
        self.feed(1);
    }

    /// `CLUB VALDIVIA   Jornada 21-11-2026`, on two lines where one is too short.
    fn venue_and_night(&mut self, heading: &Heading) {
        let night = fill(self.words.business_day, paper_date(heading.business_date));
        let venue = self.clean(&heading.venue);
        if venue.chars().count() + GAP.len() + night.len() <= self.width() {
            let night = Span { text: format!("{GAP}{night}"), style: Style::PLAIN };
            let spans = vec![Span { text: venue, style: Style::BOLD }, night];
            self.lines.push(Line::Text { align: Align::Center, spans });
        } else {
            self.center(&venue, Style::BOLD);
            self.center(&night, Style::PLAIN);
        }
    }

    fn count(&mut self, count: &CashCount, currency: Currency) {
        for counted in &count.0 {
            let piece = money::amount(counted.denomination_minor, currency, self.language);
            let sum = counted.denomination_minor.saturating_mul(i64::from(counted.count));
            self.amount(&format!("{} × {piece}", counted.count), sum, currency);
        }
    }

    /// A line to sign on: as what, and whose name belongs there, where it is known.
    fn signature(&mut self, label: &str, name: &str) {
        self.feed(2);
        let line = "_".repeat(self.width().saturating_sub(columns(label) + 1));
        self.left(format!("{label} {line}"), Style::PLAIN);
        self.center(name, Style::PLAIN);
    }

    /// `2 Piscola Alto 35`.
    fn named(&self, line: &PaperLine) -> String {
        format!("{} {}", money::quantity(line.quantity_milli, self.language), line.name)
    }

    fn amount(&mut self, label: &str, minor: i64, currency: Currency) {
        self.row(label, &money::amount(minor, currency, self.language));
    }

    fn clean(&self, text: &str) -> String {
        self.page.code_page.clean(text)
    }

    fn width(&self) -> usize {
        self.page.columns.count()
    }

    fn feed(&mut self, lines: u8) {
        self.lines.push(Line::Feed(lines));
    }

    fn rule(&mut self) {
        self.left("-".repeat(self.width()), Style::PLAIN);
    }

    /// One line from the left edge, as it is.
    fn left(&mut self, text: String, style: Style) {
        self.lines.push(Line::Text { align: Align::Left, spans: vec![Span { text, style }] });
    }

    /// In the middle, on as many lines as it needs; nothing when there is nothing to say.
    fn center(&mut self, text: &str, style: Style) {
        let width = self.width() / usize::from(style.width);
        for text in wrap(&self.clean(text), width, width) {
            self.lines.push(Line::Text { align: Align::Center, spans: vec![Span { text, style }] });
        }
    }

    /// White on black from edge to edge.
    fn band(&mut self, text: &str, style: Style) {
        let width = self.width() / usize::from(style.width);
        self.left(format!("{:^width$}", self.clean(text)), style);
    }

    /// Facts side by side, in the middle.
    fn facts(&mut self, facts: &[&str]) {
        for text in self.packed(facts) {
            let spans = vec![Span { text, style: Style::PLAIN }];
            self.lines.push(Line::Text { align: Align::Center, spans });
        }
    }

    /// Facts side by side, on a new line where they do not fit. Empty ones are left out.
    fn packed(&self, facts: &[&str]) -> Vec<String> {
        let mut lines = Vec::<String>::new();
        for fact in facts.iter().map(|fact| self.clean(fact)).filter(|fact| !fact.trim().is_empty()) {
            match lines.last_mut() {
                Some(line) if columns(line) + GAP.len() + columns(&fact) <= self.width() => {
                    line.push_str(GAP);
                    line.push_str(&fact);
                }
                _ => lines.extend(wrap(&fact, self.width(), self.width())),
            }
        }
        lines
    }

    /// A name from the left, an amount at the right edge. The name wraps two columns in.
    fn row(&mut self, name: &str, amount: &str) {
        for text in self.row_lines(name, amount, self.width()) {
            self.left(text, Style::PLAIN);
        }
    }

    /// A row that stands out, as large as the paper allows without wrapping.
    fn large_row(&mut self, name: &str, amount: &str) {
        let half = self.width() / 2;
        let is_wide = self.page.columns != Columns::C32;
        let fits = columns(&self.clean(name)) + 1 + columns(&self.clean(amount)) <= half;
        let (width, style) = if is_wide && fits { (half, Style::LARGE) } else { (self.width(), Style::TALL) };
        for text in self.row_lines(name, amount, width) {
            self.left(text, style);
        }
    }

    fn row_lines(&self, name: &str, amount: &str, width: usize) -> Vec<String> {
        let amount = self.clean(amount);
        let name = self.clean(name);
        // What does not fit beside the amount still has half a line; an amount that leaves less stands alone.
        let room = width.checked_sub(columns(&amount) + 1);
        let beside = room.filter(|room| *room >= (width / 2).min(columns(&name)));
        let first = beside.unwrap_or(width);
        let mut lines = wrap_name(&name, first, width);
        let fill = |line: &str| width.saturating_sub(columns(line)).max(columns(&amount));
        match (lines.first_mut(), beside) {
            (Some(line), Some(_)) => {
                let fill = fill(line);
                *line = format!("{line}{amount:>fill$}");
            }
            _ => lines.push(format!("{amount:>width$}")),
        }
        lines
    }

    /// A product to hand over: readable across the bar.
    fn large_item(&mut self, name: &str) {
        let width = self.width() / usize::from(Style::LARGE.width);
        for text in wrap_name(&self.clean(name), width, width) {
            self.left(text, Style::LARGE);
        }
    }

    /// A code in the middle with its white around it: an empty line before, and the one that ends it.
    /// One no printer can draw is left out: the code to read out stands above.
    fn qr(&mut self, text: &str) {
        if let Some(module) = fitting_module(text, self.page.columns.qr_module(), self.page.columns.dots()) {
            self.lines.extend([Line::Feed(1), Line::Qr { text: text.to_owned(), module }]);
        }
    }

    fn finish(mut self) -> Vec<Line> {
        self.feed(FOOT_LINES);
        self.lines
    }
}

fn role_word(role: Role, words: &'static Words) -> &'static str {
    match role {
        Role::Cashier => words.role_cashier,
        Role::Bartender => words.role_bartender,
        Role::Supervisor => words.role_supervisor,
        Role::Manager => words.role_manager,
        Role::Admin => words.role_admin,
        Role::Auditor => words.role_auditor,
    }
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Breaks a text between words, and words longer than a line anywhere; ends one that is too long. `first` columns for
/// the first line, `rest` for the others.
fn wrap(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut lines = Vec::<String>::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut word = word;
        loop {
            let width = if lines.is_empty() { first } else { rest };
            let gap = usize::from(!line.is_empty());
            let room = width.saturating_sub(columns(&line) + gap);
            if columns(word) <= room {
                if gap > 0 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if line.is_empty() {
                let cut = word.char_indices().nth(width.max(1)).map_or(word.len(), |(at, _)| at);
                line.push_str(&word[..cut]);
                word = &word[cut..];
            }
            lines.push(std::mem::take(&mut line));
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES);
        if let Some(last) = lines.last_mut() {
            let kept = columns(last).min(rest - 3);
            *last = last.chars().take(kept).chain("...".chars()).collect();
        }
    }
    lines
}

/// Wraps a name two columns in from its second line on.
fn wrap_name(name: &str, first: usize, width: usize) -> Vec<String> {
    let mut lines = wrap(name, first, width - 2);
    for line in lines.iter_mut().skip(1) {
        line.insert_str(0, "  ");
    }
    lines
}
