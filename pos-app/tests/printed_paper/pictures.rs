//! Every document as a picture, beside the ones kept: what a customer holds changes only when somebody meant it to.
//! `BLESS=1` keeps the new ones.

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use pos_app::printer::codepage::CodePage;
use pos_app::printer::layout::Page;
use pos_app::printer::logo;
use pos_app::printer::picture::{pdf, picture, png};
use pos_app::printer::profile::QrBy;
use pos_app::printer::{Columns, Document, Profile};

use super::samples;

fn kept(name: &str, columns: Columns) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/printed_paper/golden/{name}_{}.png", columns.count()))
}

/// Pixels, so that another way to pack them is no difference.
fn pixels(file: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(BufReader::new(std::io::Cursor::new(file))).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small picture")];
    let frame = reader.next_frame(&mut pixels).expect("its pixels");
    (frame.width, frame.height, pixels)
}

#[test]
fn every_paper_looks_as_it_did() {
    let is_blessing = std::env::var_os("BLESS").is_some();
    for columns in [Columns::C32, Columns::C48] {
        for (name, document) in samples::all() {
            let profile = Profile { columns, code_page: CodePage::Pc858, qr: QrBy::Printer };
            let Some(drawn) = png(&document, &profile, Page::of(&profile, 0)).expect("a picture") else {
                assert_eq!(document, Document::Drawer, "{name}");
                continue;
            };
            let path = kept(name, columns);
            if is_blessing {
                fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                fs::write(&path, &drawn).expect("kept");
            }
            let golden = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(pixels(&drawn) == pixels(&golden), "{} is another paper; BLESS=1 keeps it", path.display());
        }
    }
}

/// A glass on grey ground, as a designer's file is: wider than the paper, with half of it clear.
fn logo_file() -> Vec<u8> {
    let (width, height) = (700_usize, 200_usize);
    let pixels: Vec<u8> = (0..width * height)
        .flat_map(|at| {
            let (x, y) = (at % width, at / width);
            let is_glass = x.abs_diff(350) < 120 - y / 2 && y > 10;
            let shade = u8::try_from(x * 255 / width).unwrap_or(255);
            if is_glass { [shade, shade / 2, 40, 255] } else { [0, 0, 0, 0] }
        })
        .collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 700, 200);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("an end");
    file
}

#[test]
fn a_logo_stands_at_the_head_of_a_receipt_and_nowhere_else() {
    for columns in [Columns::C32, Columns::C48] {
        let profile = Profile { columns, code_page: CodePage::Pc858, qr: QrBy::Printer };
        let logo = logo::read(&logo_file(), columns.dots()).expect("a logo");
        let page = Page::of(&profile, 0).with_logo(Some(&logo));
        let drawn = png(&samples::cash_receipt(), &profile, page).expect("a picture").expect("a paper");
        let path = kept("cash_receipt_with_logo", columns);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &drawn).expect("kept");
        }
        assert!(pixels(&drawn) == pixels(&fs::read(&path).expect("kept")), "{} is another paper", path.display());
        let ticket = Document::Ticket(samples::ticket());
        assert_eq!(picture(&ticket, &profile, page), picture(&ticket, &profile, Page::of(&profile, 0)));
        // Of a wider paper it would be cut off, so it is left out.
        let too_wide = logo::read(&logo_file(), columns.dots() * 2).expect("a logo");
        let without = Page::of(&profile, 0).with_logo(Some(&too_wide));
        let receipt = samples::cash_receipt();
        assert_eq!(picture(&receipt, &profile, without), picture(&receipt, &profile, Page::of(&profile, 0)));
    }
}

/// Read as its standard says, not as we wrote it: from the end, by the table, down to the dots.
#[test]
fn a_pdf_holds_the_very_dots_of_the_paper() {
    for (name, document) in samples::all() {
        let profile = Profile { columns: Columns::C48, code_page: CodePage::Pc858, qr: QrBy::Printer };
        let page = Page::of(&profile, 0);
        let file = pdf(&document, &profile, page).expect("a PDF").expect("a paper");
        let paper = picture(&document, &profile, page).expect("a picture");
        let text = String::from_utf8_lossy(&file);
        assert!(file.starts_with(b"%PDF-1.4\n") && file.ends_with(b"%%EOF\n"), "{name}");
        let after = |text: &str, word: &str| -> usize {
            let from = text.find(word).unwrap_or_else(|| panic!("{name}: {word} is missing")) + word.len();
            let digits: String = text[from..].trim_start().chars().take_while(char::is_ascii_digit).collect();
            digits.parse().expect("a number")
        };
        let table = std::str::from_utf8(&file[after(&text, "startxref")..]).expect("a table is text");
        let places: Vec<usize> = table
            .lines()
            .filter_map(|line| line.strip_suffix(" 00000 n "))
            .map(|place| place.parse().expect("a place"))
            .collect();
        assert_eq!((places.len(), after(table, "/Size")), (5, 6));
        for (number, place) in (1..).zip(&places) {
            assert!(file[*place..].starts_with(format!("{number} 0 obj\n").as_bytes()), "{name}: object {number}");
        }
        let image = &file[places[4]..];
        let begin = b"stream\n";
        let head_len = image.windows(begin.len()).position(|window| window == begin).expect("a stream") + begin.len();
        let head = std::str::from_utf8(&image[..head_len]).expect("a dictionary is text");
        let (width, height, length) = (after(head, "/Width"), after(head, "/Height"), after(head, "/Length"));
        assert_eq!((width, height), (paper.width(), paper.height()));
        assert!(image[head_len + length..].starts_with(b"\nendstream\nendobj\n"), "{name}: its length");
        let dots = unpacked(&image[head_len..head_len + length], (width, height));
        let is_dark = |x: usize, y: usize| dots[y * width.div_ceil(8) + x / 8] & (0x80 >> (x % 8)) == 0;
        assert!((0..height).all(|y| (0..width).all(|x| is_dark(x, y) == paper.is_dark(x, y))), "{name}");
    }
}

/// Flate with PNG's predictors, unpacked by a PNG reader: the same stream, in its own wrapping.
fn unpacked(stream: &[u8], (width, height): (usize, usize)) -> Vec<u8> {
    let mut head = Vec::new();
    for side in [width, height] {
        head.extend(u32::try_from(side).expect("small").to_be_bytes());
    }
    head.extend([1, 0, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    for (name, data) in [(b"IHDR", &head[..]), (b"IDAT", stream), (b"IEND", &[])] {
        file.extend(u32::try_from(data.len()).expect("small").to_be_bytes());
        file.extend(name);
        file.extend(data);
        file.extend([0; 4]);
    }
    let mut options = png::DecodeOptions::default();
    options.set_ignore_crc(true);
    let decoder = png::Decoder::new_with_options(std::io::Cursor::new(file), options);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut dots = vec![0; reader.output_buffer_size().expect("a small picture")];
    reader.next_frame(&mut dots).expect("its dots");
    dots
}

#[test]
fn both_code_pages_and_both_ways_to_draw_a_code_make_one_picture() {
    for columns in [Columns::C32, Columns::C48] {
        for (name, document) in samples::all() {
            let of = |code_page, qr| {
                let profile = Profile { columns, code_page, qr };
                picture(&document, &profile, Page::of(&profile, 0))
            };
            let first = of(CodePage::Pc858, QrBy::Printer);
            for (code_page, qr) in [(CodePage::Wpc1252, QrBy::Printer), (CodePage::Pc858, QrBy::Raster)] {
                assert!(of(code_page, qr) == first, "{name}, {columns:?}, {code_page:?}, {qr:?}");
            }
        }
    }
}

#[test]
fn a_camera_reads_the_ticket_from_the_picture_that_is_kept() {
    for columns in [Columns::C32, Columns::C48] {
        let (width, height, pixels) = pixels(&fs::read(kept("ticket", columns)).expect("kept"));
        let (width, height) = (width as usize, height as usize);
        let mut image = rqrr::PreparedImage::prepare_from_bitmap(width, height, |x, y| pixels[y * width + x] < 128);
        let read: Vec<String> =
            image.detect_grids().iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect();
        assert_eq!(read, [samples::ticket_code()]);
    }
}
