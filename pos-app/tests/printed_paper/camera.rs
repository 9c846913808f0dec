//! Printed papers in front of a camera: turned, far away, in the dark, through a grainy lens.

use pos_app::printer::codepage::CodePage;
use pos_app::printer::layout::Page;
use pos_app::printer::picture::picture;
use pos_app::printer::profile::QrBy;
use pos_app::printer::simulated::Picture;
use pos_app::printer::{Columns, Document, Profile};
use pos_app::scanner::camera::read_frame;

use super::samples;

const WIDTH: i64 = 640;
const HEIGHT: i64 = 480;
/// Sides of right triangles, so that turning needs whole numbers alone: straight, a third, a half and more of a turn.
const TURNS: [(i64, i64, i64); 7] =
    [(1, 0, 1), (15, 8, 17), (4, 3, 5), (0, 1, 1), (-12, 5, 13), (-1, 0, 1), (5, -12, 13)];

/// A camera over a paper.
#[derive(Clone, Copy, Debug)]
struct Look {
    /// Cosine and sine of how far the paper is turned, and what they are parts of.
    turn: (i64, i64, i64),
    /// So many eighths of a dot of the paper are one of the picture: 8 is as printed, 12 is from farther away.
    eighths: i64,
    /// How light paper and ink are.
    paper: i64,
    ink: i64,
    /// How much darker it is at the right edge, in hundredths.
    shade: i64,
    /// How far a dot is off, either way.
    grain: i64,
}

const GOOD: Look = Look { turn: TURNS[0], eighths: 8, paper: 235, ink: 25, shade: 0, grain: 0 };

fn print(document: &Document, columns: Columns) -> Picture {
    let profile = Profile { columns, code_page: CodePage::Pc858, qr: QrBy::Printer };
    picture(document, &profile, Page::of(&profile, 0)).expect("a paper")
}

fn size(picture: &Picture) -> (i64, i64) {
    let side = |n: usize| i64::try_from(n).expect("a paper is small");
    (side(picture.width()), side(picture.height()))
}

fn is_dark(paper: &Picture, x: i64, y: i64) -> bool {
    usize::try_from(x).is_ok_and(|x| usize::try_from(y).is_ok_and(|y| paper.is_dark(x, y)))
}

/// Where the code is on a paper: the middle of the most rows in a row that are dark in many places and light in many.
fn code_middle(paper: &Picture) -> (i64, i64) {
    let (width, height) = size(paper);
    let changes = |y: i64| (1..width).filter(|x| is_dark(paper, *x, y) != is_dark(paper, x - 1, y)).count();
    let mut best = (0, 0);
    let mut from = 0;
    for y in 0..=height {
        if y < height && changes(y) >= 14 {
            continue;
        }
        if y - from > best.1 - best.0 {
            best = (from, y);
        }
        from = y + 1;
    }
    (width / 2, i64::midpoint(best.0, best.1))
}

/// What the camera sees: the paper on a dark bar, with its code in the middle of the picture.
fn seen(paper: &Picture, look: Look) -> Vec<u8> {
    let (width, height) = size(paper);
    let (middle_x, middle_y) = code_middle(paper);
    let (cos, sin, whole) = look.turn;
    let light = |quarter_x: i64, quarter_y: i64| {
        let (x, y) = (quarter_x - 2 * WIDTH, quarter_y - 2 * HEIGHT);
        let scale = |turned: i64| (turned * look.eighths).div_euclid(4 * 8 * whole);
        let (x, y) = (middle_x + scale(x * cos + y * sin), middle_y + scale(y * cos - x * sin));
        let is_paper = (-30..width + 30).contains(&x) && (-10..height + 10).contains(&y);
        match (is_paper, is_dark(paper, x, y)) {
            (false, _) => look.ink + 20,
            (true, true) => look.ink,
            (true, false) => look.paper,
        }
    };
    let mut grain = vec![0; usize::try_from(WIDTH * HEIGHT).expect("small")];
    blake3::Hasher::new().finalize_xof().fill(&mut grain);
    (0..WIDTH * HEIGHT)
        .zip(grain)
        .map(|(at, grain)| {
            let (x, y) = (at % WIDTH, at / WIDTH);
            // Four looks a dot, as a lens blurs.
            let blurred: i64 =
                [(1, 1), (3, 1), (1, 3), (3, 3)].iter().map(|(right, down)| light(4 * x + right, 4 * y + down)).sum();
            let shaded = blurred * (100 * WIDTH - look.shade * x) / (4 * 100 * WIDTH);
            let grainy = shaded + (i64::from(grain) - 128) * look.grain / 128;
            u8::try_from(grainy.clamp(0, 255)).expect("a byte")
        })
        .collect()
}

fn read(paper: &Picture, look: Look) -> Vec<String> {
    let side = |n: i64| usize::try_from(n).expect("small");
    read_frame(side(WIDTH), side(HEIGHT), &seen(paper, look)).expect("a picture of its size")
}

#[test]
fn a_camera_reads_tickets_and_badges_however_they_are_held() {
    let badge = samples::badge();
    for (document, code) in
        [(Document::Ticket(samples::ticket()), samples::ticket_code()), (Document::Badge(badge.clone()), badge.code)]
    {
        for columns in [Columns::C32, Columns::C48] {
            let paper = print(&document, columns);
            for turn in TURNS {
                let look = Look { turn, ..GOOD };
                assert_eq!(read(&paper, look), [code.as_str()], "{columns:?} {look:?}");
            }
            for look in [
                Look { eighths: 5, ..GOOD },
                Look { eighths: 14, ..GOOD },
                Look { paper: 90, ink: 30, ..GOOD },
                Look { shade: 70, ..GOOD },
                Look { grain: 60, ..GOOD },
                Look { turn: TURNS[2], eighths: 8, paper: 150, ink: 40, shade: 30, grain: 20 },
            ] {
                assert_eq!(read(&paper, look), [code.as_str()], "{columns:?} {look:?}");
            }
        }
    }
}

#[test]
fn a_paper_too_dark_or_too_far_is_not_misread() {
    let paper = print(&Document::Ticket(samples::ticket()), Columns::C48);
    for look in
        [Look { eighths: 60, ..GOOD }, Look { paper: 31, ink: 30, grain: 40, ..GOOD }, Look { grain: 900, ..GOOD }]
    {
        let codes = read(&paper, look);
        assert!(codes.is_empty() || codes == [samples::ticket_code()], "{look:?}: {codes:?}");
    }
    let receipt = print(&samples::opening_slip(), Columns::C48);
    assert_eq!(read(&receipt, GOOD), Vec::<String>::new(), "a paper without a code");
}
