//! Bars and stamps, read off the printed picture by somebody else's decoder.

use pos_app::printer::barcode::Barcode;
use pos_app::printer::escpos::encode;
use pos_app::printer::layout::Line;
use pos_app::printer::simulated::Picture;
use pos_app::printer::{Columns, Document};
use proptest::prelude::*;
use rxing::BarcodeFormat as Format;
use shared::catalog::barcode::{Gtin, check_digit};

use super::super::{WIDTHS, bytes_of, printed, profile};
use super::samples;

/// What a scanner reads of a kind, with the paper's white edges around it.
fn read(picture: &Picture, format: Format) -> Option<String> {
    const EDGE: usize = 32;
    let (width, height) = (picture.width() + 2 * EDGE, picture.height() + 2 * EDGE);
    let is_dark = |x: usize, y: usize| x >= EDGE && y >= EDGE && picture.is_dark(x - EDGE, y - EDGE);
    let light = (0..width * height).map(|at| if is_dark(at % width, at / width) { 0 } else { 255 }).collect();
    read_light(light, (width, height), format)
}

/// The same of a picture of so many dots, each from dark to light.
pub(crate) fn read_light(light: Vec<u8>, (width, height): (usize, usize), format: Format) -> Option<String> {
    let size = |n: usize| u32::try_from(n).expect("a paper is small");
    let read = rxing::helpers::detect_in_luma(light, size(width), size(height), Some(format)).ok()?;
    assert_eq!(read.getBarcodeFormat(), &format);
    Some(read.getText().to_owned())
}

fn alone(code: &Barcode, columns: Columns) -> Option<Picture> {
    let raster = code.raster(columns.dots())?;
    assert!(raster.width() <= columns.dots());
    let bytes = encode(&[Line::Feed(1), Line::Raster(raster), Line::Feed(1)], &profile(columns), false);
    printed(&bytes, columns).picture
}

#[test]
fn a_receipts_bars_say_its_number_and_its_stamp_what_was_stamped() {
    for columns in WIDTHS {
        let paper = printed(&bytes_of(&samples::stamped_receipt(), profile(columns), 0, false), columns);
        let picture = paper.picture.expect("a paper");
        assert_eq!(read(&picture, Format::CODE_128).as_deref(), Some("RBMB088214"), "{columns:?}");
        assert_eq!(read(&picture, Format::PDF_417), Some(samples::stamp()), "{columns:?}");
        assert!(paper.text.contains("RBMB088214"), "for whom the scanner fails");
    }
}

/// Chile's tax office asks for two centimetres by four and a half: 160 and 360 dots at 203 dots an inch.
#[test]
fn a_stamp_is_as_large_as_stamps_must_be() {
    for columns in [Columns::C32, Columns::C48] {
        let raster = Barcode::Pdf417(samples::stamp()).raster(columns.dots()).expect("a stamp");
        assert!(raster.width() >= 360 && raster.height() >= 160, "{}×{}", raster.width(), raster.height());
    }
}

#[test]
fn a_test_page_has_bars_that_no_shop_sells() {
    for columns in WIDTHS {
        let picture = printed(&bytes_of(&samples::test_page(), profile(columns), 0, false), columns).picture;
        assert_eq!(picture.and_then(|picture| read(&picture, Format::EAN_13)).as_deref(), Some("9521234567899"));
    }
}

/// What was queued by a till of before is printed, without what it did not know.
#[test]
fn a_receipt_of_before_has_no_bars() {
    let Document::Receipt(mut receipt) = samples::cash_receipt() else { unreachable!("a receipt") };
    receipt.code = None;
    receipt.heading.template = shared::venue::PaperTemplate::default();
    let row = serde_json::to_string(&Document::Receipt(receipt)).expect("JSON");
    assert!(!row.contains("template") && !row.contains("\"code\""), "{row}");
    let old: Document = serde_json::from_str(&row).expect("an old row");
    let picture = printed(&bytes_of(&old, profile(Columns::C48), 0, false), Columns::C48).picture.expect("a paper");
    assert_eq!(read(&picture, Format::CODE_128), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_number_is_read_off_its_bars(number in 0_u64..1_000_000_000_000) {
        let text = format!("{number:012}");
        let digits: Vec<u8> = text.bytes().map(|byte| byte - b'0').collect();
        let text = format!("{text}{}", check_digit(&digits));
        let gtin: Gtin = text.parse().expect("a GTIN");
        let picture = alone(&Barcode::Ean13(gtin), Columns::C32).expect("it fits");
        prop_assert_eq!(read(&picture, Format::EAN_13), Some(text));
    }

    #[test]
    fn any_short_text_is_read_off_its_bars(text in "[ -~]{1,8}|[0-9]{1,24}|[A-Z]{2}[0-9]{5,9}[a-z]{0,3}") {
        let picture = alone(&Barcode::Code128(text.clone()), Columns::C48).expect("it fits");
        prop_assert_eq!(read(&picture, Format::CODE_128), Some(text));
    }

    #[test]
    fn any_text_is_read_off_its_stamp(text in "[ -~]{1,200}|[A-Za-z0-9ñÑáéíóú ]{1,120}|[0-9]{1,200}") {
        let picture = alone(&Barcode::Pdf417(text.clone()), Columns::C48).expect("it fits");
        prop_assert_eq!(read(&picture, Format::PDF_417), Some(text));
    }
}
