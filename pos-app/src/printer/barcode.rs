//! Codes other than QR, as dots: printers differ in which they draw and how, and all of them print a picture.
//!
//! EAN-13 and Code 128 are written out here. PDF417 comes from the crate `rxing`, without its readers: its table of 2 787
//! patterns follows from no rule.

use rxing::pdf417::encoder::PDF417;
use shared::catalog::barcode::Gtin;

use super::raster::Raster;

/// How high bars stand, dots: ten millimetres at 203 dots an inch.
const BAR_HEIGHT: usize = 80;
/// The widest module of a code of bars, dots. Three are 0.375 mm, what hand scanners like best.
const MAX_MODULE: usize = 3;
/// White that bars need on either side, modules: EAN-13 asks for eleven, Code 128 for ten.
const QUIET: usize = 11;
/// White that PDF417 needs, modules.
const PDF417_QUIET: usize = 2;
/// Rows of a PDF417 stand three modules high, as its standard asks at least.
const PDF417_ROW: usize = 3;
/// Its error correction: 64 of its words, as tax offices ask for stamps on thermal paper.
const PDF417_LEVEL: u32 = 5;
/// More text than any stamp has; a code of it would be no larger than the paper.
const PDF417_MOST: usize = 900;

/// What a code says, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Barcode {
    /// A trade item number of thirteen digits.
    Ean13(Gtin),
    /// Printable ASCII, such as a receipt's number.
    Code128(String),
    /// Any Latin text of some hundred signs, such as a tax office's stamp.
    Pdf417(String),
}

impl Barcode {
    /// The code as dots, with modules as large as the paper allows. `None` when it cannot say that, or not on this paper.
    pub fn raster(&self, paper_dots: usize) -> Option<Raster> {
        match self {
            Self::Ean13(gtin) => bars(&ean13(*gtin)?, paper_dots),
            Self::Code128(text) => bars(&code128(text)?, paper_dots),
            Self::Pdf417(text) => stamp(text, paper_dots),
        }
    }
}

fn bars(modules: &[bool], paper_dots: usize) -> Option<Raster> {
    let module = (paper_dots / (modules.len() + 2 * QUIET)).min(MAX_MODULE);
    (module > 0).then(|| Raster::draw(modules.len() * module, BAR_HEIGHT, |x, _| modules[x / module]))
}

/// Widths of a digit's four elements in set A, which begins white; B is the same backwards, C the same with black first.
/// Source: GS1 General Specifications, section 5.2.
const EAN: [[u8; 4]; 10] = [
    [3, 2, 1, 1],
    [2, 2, 2, 1],
    [2, 1, 2, 2],
    [1, 4, 1, 1],
    [1, 1, 3, 2],
    [1, 2, 3, 1],
    [1, 1, 1, 4],
    [1, 3, 1, 2],
    [1, 2, 1, 3],
    [3, 1, 1, 2],
];
/// Which of the left six digits are of set B, by the first digit, which has no bars of its own.
const EAN_FIRST: [[bool; 6]; 10] = {
    const A: bool = false;
    const B: bool = true;
    [
        [A, A, A, A, A, A],
        [A, A, B, A, B, B],
        [A, A, B, B, A, B],
        [A, A, B, B, B, A],
        [A, B, A, A, B, B],
        [A, B, B, A, A, B],
        [A, B, B, B, A, A],
        [A, B, A, B, A, B],
        [A, B, A, B, B, A],
        [A, B, B, A, B, A],
    ]
};

fn ean13(gtin: Gtin) -> Option<Vec<bool>> {
    let text = gtin.to_string();
    // A fourteenth digit is an indicator, and no EAN-13 has room for it.
    let digits: Vec<usize> = text.strip_prefix('0')?.bytes().map(|byte| usize::from(byte - b'0')).collect();
    let mut pen = Pen::default();
    pen.put(&[1, 1, 1], true);
    for (digit, is_b) in digits[1..7].iter().zip(EAN_FIRST[digits[0]]) {
        let mut widths = EAN[*digit];
        if is_b {
            widths.reverse();
        }
        pen.put(&widths, false);
    }
    pen.put(&[1, 1, 1, 1, 1], false);
    digits[7..].iter().for_each(|digit| pen.put(&EAN[*digit], true));
    pen.put(&[1, 1, 1], true);
    Some(pen.0)
}

/// Widths of each symbol's six elements, black first, by value; 103 to 105 begin, and the stop has a seventh.
/// Source: ISO/IEC 15417, table 1.
const CODE128: [&[u8]; 106] = [
    b"212222", b"222122", b"222221", b"121223", b"121322", b"131222", b"122213", b"122312", b"132212", b"221213",
    b"221312", b"231212", b"112232", b"122132", b"122231", b"113222", b"123122", b"123221", b"223211", b"221132",
    b"221231", b"213212", b"223112", b"312131", b"311222", b"321122", b"321221", b"312212", b"322112", b"322211",
    b"212123", b"212321", b"232121", b"111323", b"131123", b"131321", b"112313", b"132113", b"132311", b"211313",
    b"231113", b"231311", b"112133", b"112331", b"132131", b"113123", b"113321", b"133121", b"313121", b"211331",
    b"231131", b"213113", b"213311", b"213131", b"311123", b"311321", b"331121", b"312113", b"312311", b"332111",
    b"314111", b"221411", b"431111", b"111224", b"111422", b"121124", b"121421", b"141122", b"141221", b"112214",
    b"112412", b"122114", b"122411", b"142112", b"142211", b"241211", b"221114", b"413111", b"241112", b"134111",
    b"111242", b"121142", b"121241", b"114212", b"124112", b"124211", b"411212", b"421112", b"421211", b"212141",
    b"214121", b"412121", b"111143", b"111341", b"131141", b"114113", b"114311", b"411113", b"411311", b"113141",
    b"114131", b"311141", b"411131", b"211412", b"211214", b"211232",
];
const CODE128_STOP: &[u8] = b"2331112";
const START_B: usize = 104;
const START_C: usize = 105;
const TO_B: usize = 100;
const TO_C: usize = 99;
/// Digits in a row from which on pairs of them are shorter.
const PAIRS_FROM: usize = 4;

fn code128(text: &str) -> Option<Vec<bool>> {
    let values = code128_values(text)?;
    let check =
        values.iter().zip([1].into_iter().chain(1..)).map(|(value, weight)| value * weight).sum::<usize>() % 103;
    let mut pen = Pen::default();
    for symbol in values.iter().chain([&check]).map(|value| CODE128[*value]).chain([CODE128_STOP]) {
        let widths: Vec<u8> = symbol.iter().map(|digit| digit - b'0').collect();
        pen.put(&widths, true);
    }
    Some(pen.0)
}

/// Set B for letters, set C for runs of digits.
fn code128_values(text: &str) -> Option<Vec<usize>> {
    if text.is_empty() || !text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
        return None;
    }
    let mut values = Vec::new();
    let mut is_c = None;
    let mut rest = text.as_bytes();
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let takes_pair = run >= if is_c == Some(true) { 2 } else { PAIRS_FROM };
        match (is_c, takes_pair) {
            (None, true) => values.push(START_C),
            (None, false) => values.push(START_B),
            (Some(false), true) => values.push(TO_C),
            (Some(true), false) => values.push(TO_B),
            (Some(true), true) | (Some(false), false) => {}
        }
        is_c = Some(takes_pair);
        if takes_pair {
            values.push(usize::from(rest[0] - b'0') * 10 + usize::from(rest[1] - b'0'));
            rest = &rest[2..];
        } else {
            values.push(usize::from(first - b' '));
            rest = &rest[1..];
        }
    }
    Some(values)
}

/// Puts down elements of widths, black and white in turn.
#[derive(Default)]
struct Pen(Vec<bool>);

impl Pen {
    fn put(&mut self, widths: &[u8], is_black_first: bool) {
        for (place, width) in widths.iter().enumerate() {
            let is_black = place.is_multiple_of(2) == is_black_first;
            self.0.extend(std::iter::repeat_n(is_black, usize::from(*width)));
        }
    }
}

fn stamp(text: &str, paper_dots: usize) -> Option<Raster> {
    // What is not in ISO 8859-1 has no word in the code, and a control is never meant.
    let is_sayable = |sign: char| u32::from(sign) < 0x100 && !sign.is_control();
    if text.is_empty() || text.len() > PDF417_MOST || !text.chars().all(is_sayable) {
        return None;
    }
    // As wide as the paper: a wide code is a low one. A row is 17 modules a column, and 69 around them.
    let columns =
        |module: usize| (paper_dots / module).checked_sub(69 + 2 * PDF417_QUIET).map(|room| (room / 17).min(30));
    let of = |module: usize| {
        let columns = u32::try_from(columns(module)?).ok().filter(|columns| *columns > 0)?;
        let mut code = PDF417::new();
        code.setDimensions(columns, 1, 90, 3);
        code.generateBarcodeLogic(text, PDF417_LEVEL).ok()?;
        // Its rows come last first.
        let mut rows = code.getBarcodeMatrix().as_ref()?.getScaledMatrix(1, 1);
        rows.reverse();
        let width = rows.first()?.len();
        Some(Raster::draw(width * module, rows.len() * PDF417_ROW * module, |x, y| {
            rows[y / (PDF417_ROW * module)][x / module] == 1
        }))
    };
    // Two dots are 0.25 mm: readable, and the most that leaves room for a stamp on narrow paper.
    of(2).or_else(|| of(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_takes_the_room_its_standard_says() {
        let gtin = "4006381333931".parse().expect("a GTIN");
        assert_eq!(ean13(gtin).map(|modules| modules.len()), Some(95));
        let widths = |paper| Barcode::Ean13(gtin).raster(paper).map(|raster| raster.width());
        assert_eq!((widths(384), widths(300), widths(100)), (Some(285), Some(190), None));
        // Start, four letters, the way to pairs, three pairs, check: eleven each, and the stop's thirteen.
        assert_eq!(code128("RBMB088214").map(|modules| modules.len()), Some(10 * 11 + 13));
    }

    #[test]
    fn what_a_code_cannot_say_is_not_drawn() {
        let case = "14006381333938".parse().expect("a GTIN of a case");
        assert_eq!(Barcode::Ean13(case).raster(576), None);
        for text in ["", "ñandú", "\u{10}\u{14}\u{1}"] {
            assert_eq!(Barcode::Code128(text.into()).raster(576), None, "{text:?}");
        }
        assert_eq!(Barcode::Code128("A".repeat(60)).raster(384), None, "too wide for the paper");
        for text in ["", "₪", "\u{1B}@"] {
            assert_eq!(Barcode::Pdf417(text.into()).raster(576), None, "{text:?}");
        }
        assert_eq!(Barcode::Pdf417("A".repeat(901)).raster(576), None);
    }

    #[test]
    fn digits_go_in_pairs_only_where_that_is_shorter() {
        let b = |sign: u8| usize::from(sign - b' ');
        assert_eq!(code128_values("A12"), Some(vec![START_B, b(b'A'), b(b'1'), b(b'2')]));
        assert_eq!(code128_values("1234"), Some(vec![START_C, 12, 34]));
        assert_eq!(code128_values("12345"), Some(vec![START_C, 12, 34, TO_B, b(b'5')]));
        assert_eq!(code128_values("A1234"), Some(vec![START_B, b(b'A'), TO_C, 12, 34]));
    }
}
