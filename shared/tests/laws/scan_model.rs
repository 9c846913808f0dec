//! Ten thousand random scans against a model too plain to be wrong: the verdict is the same each time.

use data_encoding::BASE32_NOPAD;
use shared::ids::TenantId;
use shared::keys::{PublicKey, SigningKey};
use shared::ticket::{
    RedeemedLine, TICKET_PREFIX, Ticket, TicketError, TicketId, TicketKind, TicketLine, UnverifiedTicket, Uses,
    Verdict, judge, redeem,
};
use shared::time::BusinessDate;

use crate::support::{chain_id, night, tenant};

const SCANS: usize = 10_000;
const TICKETS: usize = 400;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).expect("64 bits") % limit
    }
}

/// What a bar with a pencil would know of a paper.
struct Paper {
    code: String,
    day: i32,
    left: Vec<u8>,
    sold: Vec<u8>,
    is_void: bool,
    redeemed: Vec<RedeemedLine>,
}

impl Paper {
    fn verdict(&self, today: i32) -> Verdict {
        if self.left.iter().all(|left| *left == 0) {
            Verdict::Delivered
        } else if self.is_void {
            Verdict::Void
        } else if today > self.day {
            Verdict::Expired
        } else if today < self.day {
            Verdict::OtherNight
        } else if self.left == self.sold {
            Verdict::Valid
        } else {
            Verdict::Partial
        }
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn read(code: &str) -> Result<Ticket, TicketError> {
    UnverifiedTicket::parse(code)?.verify(tenant(), |number| (number == 1).then(|| PublicKey::of(&key())))
}

fn paper(dice: &mut Dice, serial: usize, of: TenantId) -> Paper {
    let sold: Vec<u8> = (0..=dice.below(3)).map(|_| [1, 2, 3][dice.below(3)]).collect();
    let day = night().days() + [0, 0, 0, -1, 1][dice.below(5)];
    let ticket = Ticket {
        kind: TicketKind::Delivery,
        ticket_id: TicketId::new(1, chain_id(), u32::try_from(serial).expect("few")),
        business_date: BusinessDate::from_days(day),
        valid_days: 1,
        lines: (1..)
            .zip(&sold)
            .map(|(product_number, quantity)| TicketLine { product_number, quantity: *quantity })
            .collect(),
    };
    let code = ticket.sign(of, &key()).expect("small");
    Paper { code, day, left: sold.clone(), sold, is_void: false, redeemed: Vec::new() }
}

#[test]
fn ten_thousand_scans_get_the_verdicts_of_a_plain_model() {
    let mut dice = Dice(0x5EED_BA88_A000_0001);
    let mut papers: Vec<_> = (0..TICKETS).map(|serial| paper(&mut dice, serial, tenant())).collect();
    let strangers: Vec<_> =
        (0..20).map(|serial| paper(&mut dice, serial, TenantId::from_uuid(uuid::Uuid::from_u128(99)))).collect();
    let today = night().days();
    let mut seen = std::collections::HashMap::<String, usize>::new();
    for scan in 0..SCANS {
        let place = dice.below(TICKETS);
        let paper = &mut papers[place];
        let said = match dice.below(10) {
            0 => {
                let mut bytes = BASE32_NOPAD.decode(&paper.code.as_bytes()[2..]).expect("our own code");
                let bit = dice.below(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
                let forged = format!("{TICKET_PREFIX}{}", BASE32_NOPAD.encode(&bytes));
                assert!(read(&forged).is_err(), "scan {scan}: bit {bit}");
                "forged".to_owned()
            }
            1 => {
                let stranger = &strangers[dice.below(strangers.len())];
                assert_eq!(read(&stranger.code), Err(TicketError::OtherTenant), "scan {scan}");
                "stranger".to_owned()
            }
            what => {
                // A paper withdrawn now and then; what was poured cannot be.
                paper.is_void |= what == 2 && dice.below(8) == 0 && paper.left.iter().any(|left| *left > 0);
                let ticket = read(&paper.code).expect("our own ticket");
                let uses = Uses { redeemed: &paper.redeemed, is_void: paper.is_void };
                let expected = paper.verdict(today);
                assert_eq!(judge(&ticket, uses, night()).verdict, expected, "scan {scan}");
                let line = dice.below(paper.sold.len());
                let asked = RedeemedLine { line_no: u8::try_from(line + 1).expect("few"), quantity: 1 };
                let handed = redeem(&ticket, uses, night(), Some(&[asked]));
                let may = matches!(expected, Verdict::Valid | Verdict::Partial) && paper.left[line] > 0;
                assert_eq!(handed.is_ok(), may, "scan {scan}: {handed:?}");
                if let Ok(lines) = handed {
                    paper.left[line] -= 1;
                    paper.redeemed.extend(lines);
                }
                format!("{expected:?}")
            }
        };
        *seen.entry(said).or_default() += 1;
    }
    for kind in ["forged", "stranger", "Valid", "Partial", "Delivered", "Void", "Expired", "OtherNight"] {
        assert!(seen.get(kind).is_some_and(|count| *count > 50), "{kind}: {seen:?}");
    }
}
