//! What went wrong with tickets, told in full: which ticket, what was given that should not have been, by whom, and what
//! that cost.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use shared::event::SaleRecorded;
use shared::ids::{DeviceId, RedemptionId, SaleId, StaffId};
use shared::staff::StaffMember;
use shared::sync::redeem::TicketUse;
use shared::ticket::{DisplayCode, Incident, IncidentKind, RedeemedLine, TicketId, incidents};
use shared::time::Timestamp;

use crate::store::{IncidentRow, NumberedProduct, ShownRow, StandRow, StoreError, TenantTx, TicketPast, VoidRow};

/// Something that went wrong with a ticket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct IncidentOut {
    /// Names it in a path.
    pub incident_id: String,
    /// `double`: more was handed over than was sold. `redeemed_void`: handed over after it was withdrawn.
    /// `void_after_delivery`: withdrawn after all of it was handed over. `shown_again`: a used ticket was shown again and
    /// again, a note of fraud.
    #[schema(value_type = String)]
    pub kind: IncidentKind,
    /// By the till's clock: the last hand-over it is about, the withdrawal, or the last showing.
    #[schema(value_type = i64)]
    pub at: Timestamp,
    /// Fourteen hexadecimal digits.
    #[schema(value_type = String)]
    pub ticket_id: TicketId,
    /// As people read it out; null when its till is not known here.
    pub display_code: Option<String>,
    /// The sale that gave it out; null while that is not known here.
    #[schema(value_type = Option<String>)]
    pub sale_id: Option<SaleId>,
    /// What was given that should not have been, product by product; nothing of a ticket that was only shown.
    pub given: Vec<GivenOut>,
    /// What that comes to, minor units: pieces times `unit_price_minor`, where that is known.
    pub cost_minor: i64,
    /// Every hand-over nobody took back, oldest first, also those that were right.
    pub hand_overs: Vec<HandOverOut>,
    /// Its withdrawal, if it was withdrawn.
    pub voided: Option<VoidOut>,
    /// Where it was shown again and again, oldest first.
    pub shown: Vec<ShownOut>,
}

/// So many of a product.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GivenOut {
    /// Null of a line the ticket does not have.
    pub product_number: Option<u16>,
    /// As sold; as in the catalogue while the sale is not known here; null when neither tells.
    pub name: Option<String>,
    /// Pieces.
    pub quantity: u32,
    /// What one is worth: the price it was sold at, tax included, minor units. What it cost the house is not kept anywhere.
    /// While the sale is not known here, the price in the catalogue; null when there is none.
    pub unit_price_minor: Option<i64>,
}

/// Who did something, where and when.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeedOut {
    /// By the till's clock.
    #[schema(value_type = i64)]
    pub at: Timestamp,
    /// Null when head office does not know them.
    pub staff: Option<String>,
    /// The till.
    #[schema(value_type = String)]
    pub device_id: DeviceId,
    /// As people call it.
    pub device_name: String,
    /// The bar: the register it stands at.
    pub register_name: Option<String>,
}

/// A hand-over.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HandOverOut {
    /// Its id.
    #[schema(value_type = String)]
    pub redemption_id: RedemptionId,
    /// By whom.
    pub by: DeedOut,
    /// The server had said yes; otherwise the till was alone.
    pub is_promised: bool,
    /// What was handed over.
    pub lines: Vec<HandOverLineOut>,
}

/// So much of a ticket's line.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HandOverLineOut {
    /// Place on the ticket, from 1.
    pub line_no: u8,
    /// The product; null when not known.
    pub name: Option<String>,
    /// Pieces.
    pub quantity: u32,
    /// How many of them should not have been given.
    pub wrong: u32,
}

/// A withdrawal.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct VoidOut {
    /// By whom.
    pub by: DeedOut,
    /// Why.
    pub reason: String,
}

/// A used ticket shown again and again at one till.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ShownOut {
    /// To whom, the last time.
    pub by: DeedOut,
    /// How often, since it was used up.
    pub times: u32,
}

/// What is known of everything some incidents name.
struct Known {
    past: HashMap<TicketId, TicketPast>,
    voids: HashMap<TicketId, VoidRow>,
    shown: HashMap<TicketId, Vec<ShownRow>>,
    sales: HashMap<TicketId, SaleRecorded>,
    stands: HashMap<DeviceId, StandRow>,
    staff: HashMap<StaffId, StaffMember>,
    products: HashMap<u16, NumberedProduct>,
}

/// Tells incidents in full.
pub async fn tell(tx: &mut TenantTx, rows: &[IncidentRow]) -> Result<Vec<IncidentOut>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let tickets: HashSet<_> = rows.iter().map(|row| row.id.ticket_id).collect();
    let past = tx.past_of(tickets.clone()).await?;
    let (voids, shown) = (tx.list_voids(&tickets).await?, tx.list_shown(&tickets).await?);
    let mut sales = HashMap::new();
    for ticket_id in tickets {
        sales.extend(tx.find_ticket_sale(ticket_id).await?.map(|sale| (ticket_id, sale)));
    }
    let people = past.values().flat_map(TicketPast::counted).map(|one| one.staff_id);
    let people = people.chain(voids.values().map(|void| void.staff_id));
    let people = people.chain(shown.values().flatten().map(|shown| shown.staff_id)).flatten().collect();
    let numbers = rows.iter().flat_map(|row| &row.sold).map(|line| line.product_number).collect();
    let (staff, products) = (tx.known_staff(people).await?, tx.list_numbered_products(&numbers).await?);
    let known = Known { past, voids, shown, sales, stands: tx.list_stands().await?, staff, products };
    Ok(rows.iter().map(|row| known.incident(row)).collect())
}

impl Known {
    fn incident(&self, row: &IncidentRow) -> IncidentOut {
        let ticket_id = row.id.ticket_id;
        let nothing = TicketPast::default();
        let past = self.past.get(&ticket_id).unwrap_or(&nothing);
        let found = incidents(&row.sold, &past.hand_overs(), past.voided_at);
        let wrong: HashMap<_, _> =
            found.into_iter().filter(|it| it.kind == row.id.kind).flat_map(|Incident { given, .. }| given).collect();
        let given = self.given(row, &wrong);
        let worth = |it: &GivenOut| it.unit_price_minor.unwrap_or_default().saturating_mul(i64::from(it.quantity));
        let cost_minor = given.iter().map(worth).fold(0, i64::saturating_add);
        let sale = self.sales.get(&ticket_id);
        let void = self.voids.get(&ticket_id);
        let mut uses: Vec<_> = past.counted().collect();
        uses.sort_by_key(|one| (one.at, one.redemption_id));
        let shown = self.shown.get(&ticket_id).into_iter().flatten();
        IncidentOut {
            incident_id: row.id.to_string(),
            kind: row.id.kind,
            at: row.at,
            ticket_id,
            display_code: self.display_code(ticket_id),
            sale_id: sale.map(|sale| sale.sale_id),
            given,
            cost_minor,
            hand_overs: uses.iter().map(|one| self.hand_over(row, past, one, wrong.get(&one.redemption_id))).collect(),
            voided: void.map(|void| VoidOut {
                by: self.deed(void.at, void.staff_id, void.device_id),
                reason: void.reason.clone(),
            }),
            shown: shown
                .map(|one| ShownOut { by: self.deed(one.at, one.staff_id, one.device_id), times: one.times })
                .collect(),
        }
    }

    /// What was given wrongly, each product once, in the order of the ticket.
    fn given(&self, row: &IncidentRow, wrong: &HashMap<RedemptionId, Vec<RedeemedLine>>) -> Vec<GivenOut> {
        let mut given: Vec<GivenOut> = Vec::new();
        let mut lines: Vec<_> = wrong.values().flatten().collect();
        lines.sort_by_key(|line| line.line_no);
        for line in lines {
            let product_number = number_of(row, line.line_no);
            let quantity = u32::from(line.quantity);
            if let Some(known) = given.iter_mut().find(|it| it.product_number == product_number) {
                known.quantity += quantity;
            } else {
                let (name, unit_price_minor) = self.product(row, product_number);
                given.push(GivenOut { product_number, name, quantity, unit_price_minor });
            }
        }
        given
    }

    /// What a product was called and sold at.
    fn product(&self, row: &IncidentRow, number: Option<u16>) -> (Option<String>, Option<i64>) {
        let Some(number) = number else { return (None, None) };
        let sale = self.sales.get(&row.id.ticket_id);
        let mut lines = sale.into_iter().flat_map(|sale| &sale.lines);
        if let Some(line) = lines.find(|line| line.is_ticketed && line.product_number == number) {
            return (Some(line.name.clone()), Some(line.unit_price_minor));
        }
        self.products.get(&number).map(|product| (product.name.clone(), product.price_minor)).unzip()
    }

    fn hand_over(
        &self,
        row: &IncidentRow,
        past: &TicketPast,
        one: &TicketUse,
        wrong: Option<&Vec<RedeemedLine>>,
    ) -> HandOverOut {
        let pieces = |lines: &[RedeemedLine], line_no: u8| {
            lines.iter().filter(|line| line.line_no == line_no).map(|line| u32::from(line.quantity)).sum()
        };
        let mut numbers: Vec<_> = one.lines.iter().map(|line| line.line_no).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let line = |line_no| HandOverLineOut {
            line_no,
            name: self.product(row, number_of(row, line_no)).0,
            quantity: pieces(&one.lines, line_no),
            wrong: wrong.map_or(0, |wrong| pieces(wrong, line_no)),
        };
        HandOverOut {
            redemption_id: one.redemption_id,
            by: self.deed(one.at, one.staff_id, one.device_id),
            is_promised: past.agreed.contains(&one.redemption_id),
            lines: numbers.into_iter().map(line).collect(),
        }
    }

    fn deed(&self, at: Timestamp, staff_id: Option<StaffId>, device_id: DeviceId) -> DeedOut {
        let stand = self.stands.get(&device_id);
        DeedOut {
            at,
            staff: staff_id.and_then(|id| self.staff.get(&id)).map(|member| member.name.clone()),
            device_id,
            device_name: stand.map(|stand| stand.device_name.clone()).unwrap_or_default(),
            register_name: stand.and_then(|stand| stand.register_name.clone()),
        }
    }

    /// As printed; while the sale is not known here, by the letters of the register its till stands at.
    fn display_code(&self, ticket_id: TicketId) -> Option<String> {
        let printed = self.sales.get(&ticket_id).into_iter().flat_map(|sale| &sale.tickets);
        let mut printed = printed.filter(|ticket| ticket.ticket_id == ticket_id);
        printed.next().map(|ticket| ticket.display_code.clone()).or_else(|| {
            let stand = self.stands.values().find(|stand| stand.device_no == ticket_id.device_no)?;
            Some(DisplayCode::new(stand.register_code.as_ref()?, ticket_id).to_string())
        })
    }
}

/// Which product a line of the ticket is.
fn number_of(row: &IncidentRow, line_no: u8) -> Option<u16> {
    row.sold.get(usize::from(line_no).wrapping_sub(1)).map(|line| line.product_number)
}
