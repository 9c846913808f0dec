//! Whether whoever did something at a till was allowed to. The till asked when it happened, by what it knew; it is asked
//! again here, by what head office knows. It happened, so it counts, and one who was not allowed is told to a person.

use shared::event::{Event, Fact};
use shared::ids::StaffId;
use shared::staff::{Decision, Permission, StaffMember, decide};
use shared::tender::TerminalReport;

use super::world::World;
use crate::store::{StoreError, TenantTx};

/// Nobody of head office's: never hired, or forgotten by a backup that was restored.
const UNKNOWN: &str = "staff_unknown";
/// Was never allowed, or the till had heard that they no longer are.
const NOT_PERMITTED: &str = "not_permitted";
/// Was no longer allowed, and the till had not heard.
const WITHDRAWN: &str = "permission_withdrawn";

/// What somebody must be allowed, to do this.
pub(super) const fn needs(fact: &Fact) -> Option<Permission> {
    match fact {
        Fact::RegisterOpened(_) | Fact::RegisterClosed(_) => Some(Permission::OpenRegister),
        Fact::SaleCompleted(_) => Some(Permission::Sell),
        Fact::SaleAbandoned(_) => Some(Permission::RemoveLine),
        Fact::TicketRedeemed(_) => Some(Permission::RedeemTicket),
        Fact::RedemptionUndone(undone) if undone.is_own => Some(Permission::RedeemTicket),
        Fact::RedemptionUndone(_) => Some(Permission::UndoRedemption),
        Fact::TicketVoided(_) => Some(Permission::VoidTicket),
        Fact::BadgePrinted(_) => Some(Permission::PrintBadge),
        Fact::ReceiptReprinted(_) => Some(Permission::Reprint),
        Fact::DrawerOpened(_) => Some(Permission::OpenDrawer),
        Fact::CashMoved(_) => Some(Permission::MoveCash),
        Fact::ProductEdited(_) => Some(Permission::EditProduct),
        Fact::StockCounted(_) | Fact::StockMoved(_) => Some(Permission::KeepStock),
        // Without a reason it was typed off a terminal without a cable, which belongs to selling.
        Fact::CardReported(reported) if reported.is_manual && reported.note.is_some() => Some(Permission::SettleCard),
        Fact::CardReturned(_) => Some(Permission::SettleCard),
        // With the terminal's number the till says it again by itself, when the request leaves.
        Fact::CardReported(reported) if matches!(reported.report, TerminalReport::VoidAsked { baseline: None }) => {
            Some(Permission::VoidCard)
        }
        Fact::CardBatchClosed(_) => Some(Permission::CloseBatch),
        // What a terminal is asked and says belongs to the sale; the rest nobody has to be allowed.
        Fact::ChainStarted(_)
        | Fact::OperatorLoggedIn(_)
        | Fact::OperatorLoggedOut(_)
        | Fact::OperatorRefused(_)
        | Fact::CardRequested(_)
        | Fact::TicketShownAgain(_)
        | Fact::CardReported(_) => None,
    }
}

/// Whether it is odd when nobody known did it. Selling is not: a head office put back from a backup may not know its
/// newest people, and a night of flags would hide the one that matters.
const fn asks_for_somebody_known(permission: Permission) -> bool {
    matches!(
        permission,
        Permission::EditProduct
            | Permission::KeepStock
            | Permission::OpenDrawer
            | Permission::MoveCash
            | Permission::Reprint
            | Permission::SettleCard
            | Permission::VoidCard
            | Permission::CloseBatch
            | Permission::UndoRedemption
            | Permission::VoidTicket
            | Permission::PrintBadge
    )
}

fn may(member: &StaffMember, permission: Permission) -> bool {
    member.is_active && decide(&member.roles, permission) == Decision::Allowed
}

/// Whether they may with the approval of somebody who may.
fn may_ask(member: &StaffMember, permission: Permission) -> bool {
    member.is_active && decide(&member.roles, permission) == Decision::NeedsApproval
}

/// What is odd about who did it, if anything is.
pub(super) async fn check(
    tx: &mut TenantTx,
    world: &World<'_>,
    event: &Event,
    fact: &Fact,
) -> Result<Option<&'static str>, StoreError> {
    let Some(permission) = needs(fact) else { return Ok(None) };
    let known = |staff: Option<StaffId>| staff.and_then(|staff| world.staff.get(&staff));
    match (known(event.stamp.actor), known(event.stamp.approver)) {
        (None, _) => Ok(asks_for_somebody_known(permission).then_some(UNKNOWN)),
        (Some(member), _) if may(member, permission) => Ok(None),
        // Two people: one asked, another allowed it.
        (Some(member), Some(approver)) if may_ask(member, permission) && approver.staff_id != member.staff_id => {
            if may(approver, permission) {
                return Ok(None);
            }
            refused(tx, event, approver.staff_id, permission).await
        }
        (Some(member), _) => refused(tx, event, member.staff_id, permission).await,
    }
}

/// They may not now. What did the till know, and was it before they were told?
async fn refused(
    tx: &mut TenantTx,
    event: &Event,
    staff: StaffId,
    permission: Permission,
) -> Result<Option<&'static str>, StoreError> {
    let known = tx.find_published_staff(staff, event.stamp.seen.0).await?.map(|member| may(&member, permission));
    let Some(changed_at) = tx.find_staff_change(staff).await? else { return Ok(Some(NOT_PERMITTED)) };
    Ok(match known {
        // What the till knew may have been cut off the stream since.
        Some(true) | None if event.stamp.hlc.at() < changed_at => None,
        Some(true) => Some(WITHDRAWN),
        Some(false) | None => Some(NOT_PERMITTED),
    })
}
