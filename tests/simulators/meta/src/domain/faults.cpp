#include "domain/faults.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tecnochat::meta_simulator {
namespace {

constexpr std::array<std::pair<FaultKind, std::string_view>, 15> kNames = {{
    {FaultKind::kRefuse, "refuse"},
    {FaultKind::kStall, "stall"},
    {FaultKind::kAcceptThenCut, "accept_then_cut"},
    {FaultKind::kRateLimited, "rate_limited"},
    {FaultKind::kPairLimited, "pair_limited"},
    {FaultKind::kServerErrorAfterAccept, "5xx_after_accept"},
    {FaultKind::kServerErrorBeforeAccept, "5xx_before_accept"},
    {FaultKind::kError, "error"},
    {FaultKind::kWithholdEcho, "withhold_echo"},
    {FaultKind::kWithholdOpaque, "withhold_opaque"},
    {FaultKind::kFailLater, "fail_later"},
    {FaultKind::kDuplicate, "duplicate"},
    {FaultKind::kReorder, "reorder"},
    {FaultKind::kDelay, "delay"},
    {FaultKind::kDrop, "drop"},
}};

bool is_webhook_fault(FaultKind kind) {
    return kind == FaultKind::kDuplicate || kind == FaultKind::kReorder ||
           kind == FaultKind::kDelay || kind == FaultKind::kDrop;
}

bool concerns(const Fault& fault, std::string_view phone_number_id) {
    return fault.phone_number_id.empty() || fault.phone_number_id == phone_number_id;
}

}  // namespace

std::string_view to_string(FaultKind kind) {
    const auto* row =
        std::find_if(kNames.begin(), kNames.end(), [&](const auto& r) { return r.first == kind; });
    TECNOCHAT_ASSERT(row != kNames.end(), "every fault kind has a name");
    return row->second;
}

Result<FaultKind> parse_fault_kind(std::string_view name) {
    for (const auto& [kind, text] : kNames) {
        if (text == name) return kind;
    }
    return make_error(ErrorCode::kInvalidArgument, "unknown fault kind " + std::string(name));
}

Result<std::uint64_t> FaultPlan::add(Fault fault) {
    if (faults_.size() >= kFaultsMax) {
        return make_error(ErrorCode::kResourceExhausted, "too many faults; clear some");
    }
    fault.id = ++last_id_;
    fault.hits = 0;
    faults_.push_back(std::move(fault));
    return last_id_;
}

bool FaultPlan::remove(std::uint64_t id) {
    return std::erase_if(faults_, [&](const Fault& fault) { return fault.id == id; }) > 0;
}

template <class Match>
std::optional<Fault> FaultPlan::strike_if(Match match) {
    for (auto& fault : faults_) {
        if (fault.remaining == 0 || !match(fault)) continue;
        if (fault.remaining) --*fault.remaining;
        ++fault.hits;
        return fault;
    }
    return std::nullopt;
}

std::optional<Fault> FaultPlan::strike(
    std::initializer_list<FaultKind> kinds, std::string_view phone_number_id
) {
    return strike_if([&](const Fault& fault) {
        return concerns(fault, phone_number_id) &&
               std::find(kinds.begin(), kinds.end(), fault.kind) != kinds.end();
    });
}

std::optional<Fault> FaultPlan::strike_webhook(
    WebhookField field, std::string_view phone_number_id
) {
    return strike_if([&](const Fault& fault) {
        return is_webhook_fault(fault.kind) && concerns(fault, phone_number_id) &&
               (!fault.field || *fault.field == field);
    });
}

}  // namespace tecnochat::meta_simulator
